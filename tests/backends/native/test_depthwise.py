"""Convolutions of each channel by itself as C, against float64 NumPy."""

import numpy as np
import pytest

from graphnn import ops
from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.plan import make_plan
from tests.backends.native.test_convolution import close, last, run

CASES = [
    # n, c, h, w, kh, kw, stride, padding, dilation
    (2, 16, 9, 11, 3, 3, (1, 1), (1, 1), (1, 1)),
    (1, 20, 12, 13, 3, 3, (2, 2), (1, 1), (1, 1)),
    (2, 5, 8, 7, 5, 3, (1, 2), (2, 0), (1, 1)),
    (1, 24, 14, 14, 7, 7, (1, 1), (3, 3), (1, 1)),
    (2, 8, 10, 9, 3, 2, (2, 1), (0, 1), (2, 3)),
    (1, 9, 3, 2, 3, 3, (1, 1), (1, 1), (1, 1)),  # every pixel near a border
    (3, 8, 6, 6, 2, 2, (3, 3), (0, 0), (1, 1)),
]


def arrays(case):
    n, c, h, w, kh, kw, stride, padding, dilation = case
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(s).astype("f4") for s in ((n, c, h, w), (c, 1, kh, kw)))
    attrs = {"stride": stride, "padding": padding, "dilation": dilation, "groups": c}
    out = ops.conv2d(x.astype("f8"), weight.astype("f8"), **attrs)
    return x, weight, rng.standard_normal(c).astype("f4"), rng.standard_normal(out.shape).astype("f4"), attrs


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_in_both_formats_and_with_what_follows(case):
    x, weight, bias, _, attrs = arrays(case)
    wanted = ops.conv2d(*(a.astype("f8") for a in (x, weight, bias)), **attrs)

    def every(x, weight, bias):
        made = [ops.conv2d(last(x, yes), weight, bias, **attrs) for yes in (False, True)]
        return *made, ops.conv2d_relu(last(x, True), weight, **attrs)

    plain, images, relu = run(every, x, weight, bias)
    close(plain, wanted)
    close(images, wanted)
    close(relu, np.maximum(wanted - bias[:, None, None], 0))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_and_transposed(case):
    x, weight, bias, g, attrs = arrays(case)
    wide = [a.astype("f8") for a in (x, weight, g, bias)]
    of_x = ops.conv2d_input_grad(wide[2], wide[1], size=x.shape[2:], **attrs)
    of_weight = ops.conv2d_weight_grad(wide[2], wide[0], kernel_size=weight.shape[2:], **attrs)
    turned = ops.conv_transpose2d(wide[2], wide[1], wide[3], **attrs)

    def every(x, weight, g, bias):
        made = []
        for yes in (False, True):
            made.append(ops.conv2d_input_grad(last(g, yes), weight, size=x.type.shape[2:], **attrs))
            made.append(ops.conv2d_weight_grad(last(g, yes), last(x, yes), kernel_size=weight.type.shape[2:], **attrs))
            made.append(ops.conv_transpose2d(last(g, yes), weight, bias, **attrs))
        return tuple(made)

    for found, wanted in zip(run(every, x, weight, g, bias), (of_x, of_weight, turned) * 2, strict=True):
        close(found, wanted)


def test_lines():
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((2, 12, 15)).astype("f4"), rng.standard_normal((12, 1, 4)).astype("f4")
    attrs = {"stride": (2,), "padding": (1,), "groups": 12}
    (found,) = run(lambda x, w: ops.conv1d(x, w, **attrs), x, weight)
    close(found, ops.conv1d(x.astype("f8"), weight.astype("f8"), **attrs))


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_bits_do_not_depend_on_threads(case):
    x, weight, bias, g, attrs = arrays(case)
    graph = Graph("depthwise")
    values = [graph.add_input(numpy_type(a)) for a in (x, weight, bias, g)]
    graph.outputs = (
        ops.conv2d(last(values[0], True), values[1], values[2], **attrs),
        ops.conv2d_input_grad(last(values[3], True), values[1], size=x.shape[2:], **attrs),
        ops.conv2d_weight_grad(values[3], values[0], kernel_size=weight.shape[2:], **attrs),
    )
    found = []
    for threads in (1, 2, 5):
        backend = NativeBackend(threads=threads)
        found.append(backend.bind(make_plan(graph, backend.target), ()).forward([x, weight, bias, g]))
    for others in zip(*found, strict=True):
        assert all(np.array_equal(others[0], other) for other in others[1:])
