"""Convolutions with few channels, line by line: rows of the kernel that slide over the registers, and results that have fewer
channels than a vector has lanes, whose spare lanes fall on the next pixel."""

import numpy as np
import pytest

import graphnn
from graphnn import ops
from tests.backends.native.native_runs import natively
from tests.backends.native.test_convolution import last

CASES = [
    # batch, channels, results, image, kernel, geometry
    *((2, 1, o, (9, 13), (3, 3), {}) for o in (1, 3, 5, 6, 7, 8, 9, 12, 15)),
    (1, 1, 6, (32, 32), (5, 5), {}),
    (3, 3, 6, (10, 20), (5, 5), {"padding": (2, 2)}),
    (1, 2, 7, (8, 30), (2, 9), {}),
    (2, 1, 6, (12, 17), (3, 3), {"stride": (1, 2)}),
    (2, 1, 6, (12, 17), (3, 3), {"stride": (2, 1)}),
    (2, 3, 5, (12, 17), (3, 3), {"dilation": (1, 2)}),
    (1, 1, 6, (9, 16), (1, 1), {}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("has_bias", [False, True], ids=["", "bias"])
def test_results_are_those_of_numpy_with_any_number_of_threads(case, has_bias):
    n, c, o, size, kernel, geometry = case
    rng = np.random.default_rng(5)
    x = rng.standard_normal((n, c, *size)).astype("f4")
    weight = rng.standard_normal((o, c, *kernel)).astype("f4")
    bias = rng.standard_normal(o).astype("f4") if has_bias else None

    def convolution(image, *others):
        made = ops.conv2d_relu(last(image, True), *others, **geometry)
        return ops.contiguous(made)

    given = (x, weight) if bias is None else (x, weight, bias)
    wanted = np.maximum(ops.conv2d(*(a.astype("f8") for a in given), **geometry), 0)
    found = [natively(convolution, *given, threads=threads)[0] for threads in (1, 2, 3)]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-4)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_a_sum_that_takes_its_place_is_not_written_over_before_it_is_read():
    """The group's result may lie where the other operand does."""
    layer = graphnn.nn.Conv2d(1, 6, 3)
    x, other = graphnn.randn(2, 1, 9, 13), graphnn.randn(2, 6, 7, 11)

    def added(x, other):
        return layer(x) + graphnn.exp(other)

    fast = graphnn.compile(added, backend="native")
    with graphnn.no_grad():
        np.testing.assert_allclose(fast(x, other).numpy(), added(x, other).numpy(), rtol=1e-4, atol=1e-4)
    assert "fused_epilogue" in str(fast.plans[0].graph)


def test_nan_goes_through_relu():
    x = np.full((1, 1, 8, 8), np.nan, "f4")
    (found,) = natively(lambda x, w: ops.conv2d_relu(x, w), x, np.ones((2, 1, 3, 3), "f4"))
    assert np.isnan(found).all()
