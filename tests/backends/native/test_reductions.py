"""Reductions and softmax as C: every way the reduced axes can lie, long sums in parts, their accuracy."""

import numpy as np
import pytest

from graphnn import ops
from tests.backends.native.native_runs import assert_native, natively
from tests.ops.rows import floats

DIMS = [(0,), (1,), (2,), (0, 2), (1, 2), None]
ORDERS = [(0, 1, 2), (2, 1, 0), (1, 0, 2)]


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin"])
def test_reductions_over_any_dimensions_of_a_tensor_stored_in_any_order(name):
    reduce = getattr(ops, name)

    def build(x):
        seen = [ops.permute(x, dims=order) for order in ORDERS]
        return tuple(reduce(v, dim=dim, keepdim=False) for v in seen for dim in DIMS)

    assert_native(build, floats(5, 37, 20), atol=1e-4)


def test_reductions_of_integers_and_bools():
    x = np.arange(-30, 30).reshape(5, 12)

    def build(x, mask):
        return (
            ops.sum(x, dim=(0,)),
            ops.prod(x, dim=(1,)),
            ops.amax(x, dim=None),
            ops.sum(mask),
            ops.any(mask, dim=(1,)),
        )

    assert_native(build, x, x % 7 == 0)


def test_a_long_sum_is_as_exact_as_one_in_pairs():
    x = floats(1 << 20, low=0, high=1)
    (found,) = natively(lambda x: ops.sum(x), x)
    np.testing.assert_allclose(found, x.astype("f8").sum(), rtol=2e-7)


def test_long_columns_are_as_exact_as_sums_in_pairs():
    x = floats(1 << 16, 10, low=0, high=1)
    (found,) = natively(lambda x: ops.sum(x, dim=(0,)), x)
    np.testing.assert_allclose(found, x.astype("f8").sum(0), rtol=4e-6)


def test_a_nan_wins_wherever_it_stands():
    x = floats(9, 40)
    x[3, 17] = x[8, 39] = np.nan

    def build(x):
        return ops.amax(x, dim=(1,)), ops.amin(x, dim=(0,)), *ops.max_dim(x, dim=1), ops.argmin(x, dim=0)

    assert_native(build, x)


def test_a_sum_to_a_shape_adds_what_broadcasting_repeated():
    def build(x):
        return tuple(ops.sum_to(x, shape=s) for s in ((20,), (37, 1), (1, 37, 20), (5, 1, 1), ()))

    assert_native(build, floats(5, 37, 20), atol=1e-4)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_softmax_along_any_dimension_in_any_order(dim):
    def build(x, g):
        found = []
        for order in ORDERS:
            seen, gradient = ops.permute(x, dims=order), ops.permute(g, dims=order)
            soft, log = ops.softmax(seen, dim=dim), ops.log_softmax(seen, dim=dim)
            found += [
                soft,
                log,
                ops.softmax_grad(gradient, soft, dim=dim),
                ops.log_softmax_grad(gradient, log, dim=dim),
            ]
        return tuple(found)

    assert_native(build, floats(5, 37, 20), floats(5, 37, 20, seed=1))


def test_softmax_of_minus_infinities_is_what_numpy_says():
    x = floats(3, 21)
    x[0, ::2] = -np.inf
    x[1] = -np.inf
    x[2, 20] = np.nan
    assert_native(lambda x: (ops.softmax(x, dim=1), ops.log_softmax(x, dim=0)), x)
