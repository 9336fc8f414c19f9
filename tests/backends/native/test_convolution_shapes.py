"""Convolutions in groups, from one or to one or a few channels: forward and both gradients, against float64."""

import numpy as np
import pytest

from graphnn import ops
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.lowering import lowering_of
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.plan import make_plan
from tests.backends.native.test_convolution import last

CASES = [
    # batch, channels, results, groups, image, kernel, geometry
    (2, 16, 16, 4, (9, 11), (3, 3), {"padding": (1, 1)}),
    (1, 8, 40, 2, (8, 7), (3, 3), {"padding": (1, 0), "stride": (2, 1)}),
    (3, 12, 6, 3, (6, 6), (1, 1), {}),
    (1, 36, 54, 3, (10, 13), (3, 2), {"dilation": (2, 1), "padding": (1, 1)}),
    (2, 64, 64, 8, (5, 5), (3, 3), {"padding": (1, 1)}),
    (1, 5, 10, 5, (7, 9), (3, 3), {"padding": (1, 1)}),  # several results a channel
    (1, 64, 128, 4, (12, 12), (3, 3), {"padding": (1, 1), "stride": (2, 2)}),
    (2, 4, 6, 2, (30, 31), (5, 5), {"padding": (2, 2)}),
    (2, 32, 1, 1, (9, 11), (3, 3), {"padding": (1, 1)}),
    (1, 64, 3, 1, (8, 8), (1, 1), {}),
    (2, 1, 32, 1, (10, 9), (4, 4), {"padding": (1, 1), "stride": (2, 2)}),
    (1, 2, 48, 1, (7, 7), (3, 3), {}),
]


def run(function, *given):
    graph = Graph("grouped")
    graph.outputs = function(*(graph.add_input(numpy_type(a)) for a in given))
    assert all(lowering_of(n) is not None for n in graph.nodes)
    backend = NativeBackend()
    return backend.bind(make_plan(graph, backend.target), ()).forward(list(given))


@pytest.fixture
def arrays(case):
    n, c, o, groups, size, kernel, geometry = case
    rng = np.random.default_rng(3)
    x = rng.standard_normal((n, c, *size)).astype("f4")
    weight = rng.standard_normal((o, c // groups, *kernel)).astype("f4")
    attrs = {"groups": groups, **geometry}
    bias = rng.standard_normal(o).astype("f4")
    g = rng.standard_normal(ops.conv2d(x, weight, **attrs).shape).astype("f4")
    return x, weight, bias, g, attrs


def close(found, wanted):
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, rtol=1e-4, atol=1e-5 * max(1, np.abs(w).max()))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_in_both_formats(arrays):
    x, weight, bias, _, attrs = arrays
    plain = ops.conv2d(*(a.astype("f8") for a in (x, weight, bias)), **attrs)

    def every(x, weight, bias):
        made = [ops.conv2d(last(x, yes), weight, bias, **attrs) for yes in (False, True)]
        return *made, ops.conv2d_relu(last(x, True), weight, bias, **attrs)

    close(run(every, x, weight, bias), (plain, plain, np.maximum(plain, 0)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_in_both_formats(arrays):
    x, weight, _, g, attrs = arrays
    wide = [a.astype("f8") for a in (g, x, weight)]
    to_input = ops.conv2d_input_grad(wide[0], wide[2], size=x.shape[2:], **attrs)
    to_weight = ops.conv2d_weight_grad(wide[0], wide[1], kernel_size=weight.shape[2:], **attrs)

    def every(g, x, weight):
        found = []
        for yes in (False, True):
            found.append(ops.conv2d_input_grad(last(g, yes), weight, size=x.type.shape[2:], **attrs))
            found.append(ops.conv2d_weight_grad(last(g, yes), last(x, yes), kernel_size=weight.type.shape[2:], **attrs))
        return tuple(found)

    close(run(every, g, x, weight), (to_input, to_weight) * 2)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_transposed(arrays):
    _, weight, _, g, attrs = arrays
    bias = np.random.default_rng(4).standard_normal(weight.shape[1] * attrs["groups"]).astype("f4")
    wanted = ops.conv_transpose2d(*(a.astype("f8") for a in (g, weight, bias)), **attrs)
    close(run(lambda g, w, b: (ops.conv_transpose2d(g, w, b, **attrs),), g, weight, bias), (wanted,))
