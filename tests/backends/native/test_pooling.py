"""Pooling as C, by vectors along the width and by vectors of channels."""

import numpy as np
import pytest

from graphnn import ops
from tests.backends.native.native_runs import assert_native
from tests.ops.rows import floats

WINDOWS = [
    {"kernel_size": (2, 2), "stride": (2, 2)},
    {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)},
    {"kernel_size": (3, 2), "stride": (1, 3), "padding": (1, 0), "ceil_mode": True},
]


def stored(x, channels_last):
    return ops.contiguous(x, memory_format="channels_last") if channels_last else x


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("attrs", WINDOWS, ids=lambda a: "x".join(map(str, a["kernel_size"])))
def test_pooling_and_its_gradients(attrs, channels_last):
    def build(x):
        x = stored(x, channels_last)
        out, indices = ops.max_pool2d(x, **attrs)
        mean = ops.avg_pool2d(x, **attrs)
        max_grad = ops.max_pool2d_grad(mean, indices, size=(29, 22))
        return out, indices, mean, max_grad, ops.avg_pool2d_grad(out, size=(29, 22), **attrs)

    assert_native(build, floats(3, 19, 29, 22))


def test_where_all_are_equal_the_first_is_meant_and_a_nan_wins():
    x = np.zeros((1, 2, 20, 20), "f4")
    x[0, 1] = -np.inf
    x[0, 0, 7, 9] = np.nan
    assert_native(lambda x: ops.max_pool2d(x, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)), x)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_pooling_to_a_size_and_its_gradient(size, channels_last):
    def build(x):
        out = ops.adaptive_avg_pool(stored(x, channels_last), size=size)
        return out, ops.adaptive_avg_pool_grad(out, size=(13, 17))

    assert_native(build, floats(3, 19, 13, 17))
