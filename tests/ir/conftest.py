"""Ops that only these tests know, for what the real ones don't show all at once; off the table again afterwards."""

import pytest

from graphnn.ir.dtypes import float32, int64, of_numpy
from graphnn.ir.registry import OPS, Trait
from graphnn.ir.types import TensorType
from graphnn.ops import elementwise
from graphnn.ops.op import Op


def infer_split(x, *, at, mode="even"):
    return TensorType(x.dtype, (at,)), TensorType(int64, (at,))


def infer_held(*, value):
    return TensorType(of_numpy(value.array.dtype), value.array.shape)


def infer_group(*xs, body, passes=1):
    return tuple(v.type for v in body.outputs)


def infer_tagged(x, bias=None, *, text="", number=0.5, flag=False, sizes=(), kind=float32, limit=None, extra=None):
    return x


TOYS = (
    Op("toy_split", infer=infer_split, outputs=("values", "indices")),
    Op("toy_held", infer=infer_held),
    Op("toy_group", infer=infer_group),
    Op("toy_tagged", infer=infer_tagged),
    Op("toy_check", infer=lambda x: (), outputs=(), traits=(Trait.EFFECT,)),
)


@pytest.fixture(autouse=True, scope="module")
def toy_ops():
    assert elementwise.add.name in OPS
    OPS.update({op.name: op for op in TOYS})
    yield
    for op in TOYS:
        del OPS[op.name]
