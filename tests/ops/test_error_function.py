"""erf against the C library's, in units of the last place."""

import math

import numpy as np
import pytest

from graphnn import ops

POINTS = np.concatenate([np.linspace(-7, 7, 20_001), np.geomspace(1e-300, 1, 500), [0.46875, -0.46875, 6.0, 27.0]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_erf_is_right_to_a_few_units_of_the_last_place(dtype):
    x = POINTS.astype(dtype)
    exact = np.array([math.erf(float(v)) for v in x])
    error = np.abs(ops.erf(x).astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() <= 5


def test_erf_is_odd_and_keeps_the_sign_of_zero():
    x = np.linspace(0, 7, 1001)
    np.testing.assert_array_equal(ops.erf(-x), -ops.erf(x))
    assert np.signbit(ops.erf(np.array([-0.0])))[0]


def test_erf_lets_nan_through_and_ends_at_one():
    np.testing.assert_array_equal(ops.erf(np.array([np.nan, np.inf, -np.inf])), [np.nan, 1, -1])
