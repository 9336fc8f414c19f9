"""Resampling in C, in either format, and what follows it."""

import numpy as np
import pytest

from graphnn import ops
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.lowering import lowering_of
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.formats import channels_last_values
from graphnn.plan.plan import make_plan
from tests.backends.native.test_convolution import last


def run(function, *given):
    graph = Graph("resample")
    graph.outputs = function(*(graph.add_input(numpy_type(a)) for a in given))
    assert all(lowering_of(n) is not None for n in graph.nodes)
    backend = NativeBackend()
    return graph, backend.bind(make_plan(graph, backend.target), ()).forward(list(given))


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [3, 19])
def test_images_in_both_formats(mode, channels):
    x = np.random.default_rng(1).standard_normal((2, channels, 5, 7)).astype("f4")
    g = np.random.default_rng(2).standard_normal((2, channels, 9, 11)).astype("f4")
    attrs = {"size": (9, 11), "mode": mode}
    back = {"input_size": (5, 7), **attrs}

    def every(x, g):
        pairs = ((ops.resample(last(x, y), **attrs), ops.resample_grad(last(g, y), **back)) for y in (False, True))
        return tuple(value for pair in pairs for value in pair)

    graph, found = run(every, x, g)
    assert set(graph.outputs[2:]) <= channels_last_values(graph.nodes)
    wide = [a.astype("f8") for a in (x, g)]
    wanted = (ops.resample(wide[0], **attrs), ops.resample_grad(wide[1], **back)) * 2
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_lines_and_volumes(mode):
    rng = np.random.default_rng(3)
    line, volume = (rng.standard_normal(shape).astype("f4") for shape in ((2, 3, 6), (1, 2, 3, 4, 5)))
    other = {"linear": "trilinear"}.get(mode, mode)

    def both(line, volume):
        return ops.resample(line, size=(15,), mode=mode), ops.resample(volume, size=(6, 5, 4), mode=other)

    _, found = run(both, line, volume)
    for f, w in zip(found, both(line.astype("f8"), volume.astype("f8")), strict=True):
        np.testing.assert_allclose(f, w, rtol=1e-4, atol=1e-5)
