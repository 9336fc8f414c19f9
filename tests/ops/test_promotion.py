"""Type promotion against PyTorch, for every pair of dtypes and ranks (dimensions, 0-d, Python number)."""

import itertools
from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.op import array_type
from graphnn.ops.typing import promote_dtypes, result_dtype

torch = pytest.importorskip("torch")

COMMON = tuple(d for d in dtypes.ALL if d.name not in ("uint16", "uint32", "uint64"))
OPERANDS = [np.ones(shape, d.numpy) for d in COMMON for shape in ((2,), ())] + [True, 2, 2.5]
PAIRS = [pair for pair in itertools.product(OPERANDS, OPERANDS) if any(isinstance(x, np.ndarray) for x in pair)]


def in_torch(item: Any) -> Any:
    if not isinstance(item, np.ndarray):
        return item
    dtype = getattr(torch, item.dtype.name)
    return torch.tensor(item.astype(np.float32) if dtype is torch.bfloat16 else item, dtype=dtype)


def named(dtype: Any) -> dtypes.DType:
    return dtypes.by_name(str(dtype).removeprefix("torch."))


def test_two_dtypes_promote_as_in_pytorch():
    for a, b in itertools.product(COMMON, COMMON):
        wanted = torch.promote_types(getattr(torch, a.name), getattr(torch, b.name))
        assert promote_dtypes(a, b) is named(wanted), (a, b)


def test_operands_of_all_dtypes_and_ranks_promote_as_in_pytorch():
    for a, b in PAIRS:
        wanted = named(torch.result_type(in_torch(a), in_torch(b)))
        assert result_dtype((array_type(a), array_type(b))) is wanted, (a, b)


@pytest.mark.parametrize("name", ["add", "mul", "div", "eq", "lt"])
def test_kernels_compute_in_the_promoted_dtype(name: str):
    for a, b in PAIRS:
        wanted = getattr(torch, name)(first_in_torch(a, b), in_torch(b))
        found = getattr(ops, name)(a, b)
        assert (array_type(found).dtype, found.shape) == (named(wanted.dtype), tuple(wanted.shape)), (a, b)
        np.testing.assert_allclose(np.asarray(found, np.float64), wanted.double().numpy(), rtol=1e-3)


def first_in_torch(a: Any, b: Any) -> Any:
    """Some of PyTorch's functions want a tensor first: a number becomes one that promotes as it does."""
    return in_torch(a) if isinstance(a, np.ndarray) else torch.tensor(a, dtype=torch.result_type(a, in_torch(b)))


def test_integers_that_do_not_fit_wrap_around():
    array = np.array([100, -1], np.int8)
    np.testing.assert_array_equal(ops.add(array, 200), (torch.tensor(array) + 200).numpy())
    np.testing.assert_array_equal(ops.mul(np.array([3], np.uint8), -1), np.array([253], np.uint8))


def test_a_weak_scalar_type_promotes_as_a_number():
    rate, vector = TensorType(dtypes.float64, (), weak=True), TensorType(dtypes.float32, (3,))
    assert ops.mul.infer_types((vector, rate), ops.mul.attrs({})) == (vector,)
