"""Convolutions as C, in every combination of formats, against float64 NumPy."""

import itertools

import numpy as np
import pytest

from graphnn import ops
from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.plan import make_plan

CASES = [
    # n, c, h, w, o, kh, kw, stride, padding, dilation
    (2, 3, 9, 11, 5, 3, 3, (1, 1), (1, 1), (1, 1)),
    (1, 1, 12, 12, 6, 5, 5, (1, 1), (0, 0), (1, 1)),
    (2, 17, 8, 7, 19, 3, 3, (2, 2), (1, 1), (1, 1)),
    (1, 16, 7, 7, 64, 1, 1, (1, 1), (0, 0), (1, 1)),
    (3, 8, 9, 9, 16, 1, 1, (2, 2), (0, 0), (1, 1)),
    (1, 4, 15, 14, 24, 7, 7, (2, 2), (3, 3), (1, 1)),
    (2, 6, 13, 10, 9, 3, 2, (1, 2), (2, 0), (2, 3)),
    (1, 2, 6, 6, 8, 2, 2, (3, 3), (0, 0), (1, 1)),
    (4, 20, 2, 2, 40, 3, 3, (1, 1), (1, 1), (1, 1)),  # few pixels, most taps outside
    (2, 18, 4, 5, 33, 3, 2, (2, 1), (1, 1), (1, 2)),
    (3, 24, 6, 7, 21, 3, 3, (1, 1), (1, 1), (1, 1)),  # more pixels than weights want: taps are cut at the borders
    (2, 25, 10, 9, 18, 5, 3, (2, 3), (4, 1), (1, 2)),
    (3, 26, 5, 5, 35, 1, 1, (1, 1), (0, 0), (1, 1)),
    (2, 3, 18, 17, 21, 7, 5, (2, 2), (3, 1), (1, 1)),  # few channels, ragged panels
    (1, 2, 9, 23, 6, 3, 3, (1, 2), (2, 1), (2, 3)),
    (2, 1, 8, 8, 3, 1, 1, (1, 1), (0, 0), (1, 1)),
    (2, 40, 7, 8, 7, 3, 3, (1, 1), (1, 1), (1, 1)),  # to few channels
    (1, 12, 6, 7, 3, 3, 3, (1, 1), (7, 7), (7, 7)),
]


def arrays(case):
    n, c, h, w, o, kh, kw, stride, padding, dilation = case
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c, h, w)).astype("f4")
    weight = rng.standard_normal((o, c, kh, kw)).astype("f4")
    attrs = {"stride": stride, "padding": padding, "dilation": dilation}
    out = ops.conv2d(x.astype("f8"), weight.astype("f8"), **attrs)
    g = rng.standard_normal(out.shape).astype("f4")
    return x, weight, rng.standard_normal(o).astype("f4"), g, attrs


def run(function, *given):
    """The function's graph, run as C."""
    graph = Graph("convolution")
    results = function(*(graph.add_input(numpy_type(a)) for a in given))
    graph.outputs = results if isinstance(results, tuple) else (results,)
    backend = NativeBackend()
    return backend.bind(make_plan(graph, backend.target), ()).forward(list(given))


def last(x, yes):
    return ops.contiguous(x, memory_format="channels_last") if yes else x


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=2e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_in_both_formats(case):
    x, weight, bias, _, attrs = arrays(case)
    wanted = ops.conv2d(x.astype("f8"), weight.astype("f8"), bias.astype("f8"), **attrs)

    def both(x, weight, bias):
        plain, images = (ops.conv2d(last(x, yes), weight, bias, **attrs) for yes in (False, True))
        return plain, images, ops.conv2d_relu(last(x, True), weight, bias, **attrs), ops.conv2d(x, weight, **attrs)

    plain, images, relu, unbiased = run(both, x, weight, bias)
    close(plain, wanted)
    close(images, wanted)
    close(relu, np.maximum(wanted, 0))
    close(unbiased, wanted - bias.astype("f8")[:, None, None])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_in_every_combination_of_formats(case):
    x, weight, _, g, attrs = arrays(case)
    wide = [a.astype("f8") for a in (g, x, weight)]
    wanted_x = ops.conv2d_input_grad(wide[0], wide[2], size=x.shape[2:], **attrs)
    wanted_weight = ops.conv2d_weight_grad(wide[0], wide[1], kernel_size=weight.shape[2:], **attrs)

    def every(x, weight, g):
        made = [ops.conv2d_input_grad(last(g, yes), weight, size=x.type.shape[2:], **attrs) for yes in (False, True)]
        for a, b in itertools.product((False, True), repeat=2):
            made.append(ops.conv2d_weight_grad(last(g, a), last(x, b), kernel_size=weight.type.shape[2:], **attrs))
        return tuple(made)

    inputs_plain, inputs_last, *weights = run(every, x, weight, g)
    close(inputs_plain, wanted_x)
    close(inputs_last, wanted_x)
    for got in weights:
        close(got, wanted_weight)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_transposed_in_both_formats(case):
    _, weight, _, g, attrs = arrays(case)
    bias = np.random.default_rng(1).standard_normal(weight.shape[1]).astype("f4")
    wanted = ops.conv_transpose2d(*(a.astype("f8") for a in (g, weight, bias)), **attrs)

    def both(g, weight, bias):
        made = [ops.conv_transpose2d(last(g, yes), weight, bias, **attrs) for yes in (False, True)]
        return *made, ops.tanh(made[1])

    plain, images, after = run(both, g, weight, bias)
    close(plain, wanted)
    close(images, wanted)
    close(after, np.tanh(wanted))
