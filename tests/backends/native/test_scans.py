"""Scans and triangles in C, along every dimension, through transposed operands, with what is special about each."""

import numpy as np
import pytest

from graphnn import ops
from tests.backends.native.native_runs import assert_native, natively

SHAPES = [((7,), 0), ((3, 5, 4), 0), ((3, 5, 4), 1), ((3, 5, 4), 2), ((1, 40), 1), ((40, 1), 1), ((900, 130), 1)]


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


@pytest.mark.parametrize(("shape", "dim"), SHAPES, ids=str)
@pytest.mark.parametrize(
    "scan", [ops.cumsum, ops.cumprod, ops.cummax, ops.cummin, ops.logcumsumexp], ids=lambda s: s.name
)
def test_scans_are_those_of_numpy(scan, shape, dim):
    assert_native(lambda x: scan(x, dim=dim), numbers(shape), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scan", [ops.cumsum, ops.cumprod, ops.cummax], ids=lambda s: s.name)
def test_lines_may_lie_across_memory(scan):
    def turned(x):
        return scan(ops.transpose(x, dim0=0, dim1=2), dim=1)

    assert_native(turned, numbers((3, 5, 4)))


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "?"])
def test_integers_are_summed_and_multiplied_as_int64(dtype):
    x = np.array([[1, 2, 0], [100, 100, 100]]).astype(dtype)
    assert_native(lambda x: (ops.cumsum(x, dim=1), ops.cumprod(x, dim=1)), x)


def test_the_last_of_equals_and_the_last_nan_are_named():
    x = np.array([[1, 1, 0, np.nan, 5, np.nan, 9], [3, 3, 2, 2, 3, 1, 1]], "f4")
    (_, largest) = natively(lambda x: ops.cummax(x, dim=1), x)
    (_, least) = natively(lambda x: ops.cummin(x, dim=1), x)
    assert largest.tolist() == [[0, 1, 1, 3, 3, 5, 5], [0, 1, 1, 1, 4, 4, 4]]
    assert least.tolist() == [[0, 1, 2, 3, 3, 5, 5], [0, 1, 2, 3, 3, 5, 6]]
    for scan in (ops.cummax, ops.cummin):
        assert_native(lambda x, scan=scan: scan(x, dim=1), x)
        assert_native(lambda x, scan=scan: scan(x, dim=1)[0], x)
        assert_native(lambda x, scan=scan: scan(x, dim=1)[1], x)


def test_logarithms_of_sums_keep_infinities_and_nan():
    inf = np.inf
    x = np.array([[-inf, -inf, 1, 2], [0, inf, 1, inf], [1, np.nan, 0, 1], [1000, 1000, -1000, 999]], "f4")
    assert_native(lambda x: ops.logcumsumexp(x, dim=1), x)
    assert_native(lambda x: ops.logcumsumexp(x, dim=1), x.astype("f8"), rtol=1e-12)


@pytest.mark.parametrize("zeros", [[], [0], [3], [2, 5], [6], [1, 2, 3]], ids=str)
def test_gradients_of_products_go_around_zeros(zeros):
    x, g = numbers((4, 7), 1), numbers((4, 7), 2)
    x[1:3, zeros] = 0
    assert_native(lambda g, x: ops.cumprod_grad(g, x, dim=1), g, x, rtol=1e-3)
    assert_native(lambda g, x: ops.cumprod_grad(g, x, dim=0), g, x, rtol=1e-3)


@pytest.mark.parametrize("diagonal", [-9, -2, 0, 1, 9])
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 6, 4), (1, 5), (3, 1)], ids=str)
def test_triangles(shape, diagonal):
    last = len(shape) - 1

    def both(x):
        turned = ops.transpose(x, dim0=last, dim1=last - 1)
        return ops.tril(x, diagonal=diagonal), ops.triu(turned, diagonal=diagonal)

    assert_native(both, numbers(shape))
