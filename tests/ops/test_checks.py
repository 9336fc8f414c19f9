"""Ops whose kernels refuse values say so by a trait: the plan writes no state before they have run."""

import numpy as np
import pytest

from graphnn.ir.registry import OPS, Trait
from graphnn.ops.op import array_type
from tests.ops.samples import TABLE


def refuses(row):
    """Whether the first call of a forward kernel is a check of values (gradients come after the forward's own)."""
    op = OPS[row.op]
    for sample in row.samples:
        arrays = [np.asarray(a) if isinstance(a, np.ndarray | np.generic) else a for a in sample.args]
        attrs = op.attrs(dict(sample.attrs))
        types = op.infer_types(list(map(array_type, arrays)), attrs)
        outs = [np.empty(t.shape, t.dtype.numpy) for t in types]
        if any("check" in getattr(call[0], "__name__", "") for call in op.bind(outs, arrays, attrs)):
            return True
    return False


@pytest.mark.parametrize(
    "row", [r for r in TABLE if not r.op.endswith("_grad") and OPS[r.op].numpy], ids=lambda r: r.op
)
def test_an_op_that_refuses_values_has_the_trait(row):
    if refuses(row):
        assert Trait.CHECKS in OPS[row.op].traits


def test_some_do():
    assert {row.op for row in TABLE if refuses(row)} >= {"cross_entropy", "embedding", "gather", "index"}
