"""Convolutions cut into parts: the same bits for any number of threads."""

import numpy as np
import pytest

from graphnn import ops
from tests.backends.native.native_runs import natively
from tests.ops.rows import floats


@pytest.mark.parametrize("shape", [(8, 3, 20, 20), (4, 40, 18, 17)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape):
    channels, size = shape[1], shape[2:]

    def build(x, g, weight):
        return (
            ops.conv2d(x, weight, padding=(1, 1)),
            ops.conv2d_input_grad(g, weight, size=size, padding=(1, 1)),
            ops.conv2d_weight_grad(g, x, kernel_size=(3, 3), padding=(1, 1)),
        )

    arrays = floats(*shape), floats(shape[0], 24, *size), floats(24, channels, 3, 3)
    one, two, five = (natively(build, *arrays, threads=n) for n in (1, 2, 5))
    for a, b, c in zip(one, two, five, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
