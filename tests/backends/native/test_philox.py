"""Random numbers as C: the stream of the NumPy kernels, bit for bit, wherever a draw begins and however long it is."""

import numpy as np
import pytest

from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.lowering import lowering_of
from graphnn.ir import Graph, dtypes
from graphnn.ir.graph import numpy_type
from graphnn.ir.registry import OPS
from graphnn.plan.plan import make_plan

STATES = [np.array(s, np.uint64) for s in ([42, 0], [2**64 - 1, 7], [3, 2**64 - 2])]
SHAPES = [(1,), (5,), (3, 7), (1000,), (5001,)]
FLOATS = [d for d in dtypes.ALL if d.is_floating_point]


def run_native(draws, *arrays):
    """Each (op, attrs) of all arrays, in one compiled plan: their outputs, one after the other."""
    graph = Graph("draws")
    inputs = [graph.add_input(numpy_type(a)) for a in arrays]
    nodes = [graph.append(OPS[op], inputs, attrs) for op, attrs in draws]
    assert all(lowering_of(node) is not None for node in nodes)
    graph.outputs = [v for node in nodes for v in node.outputs]
    backend = NativeBackend()
    return backend.bind(make_plan(graph, backend.target), ()).forward(list(arrays))


def run_numpy(draws, *arrays):
    found = [OPS[op](*arrays, **attrs) for op, attrs in draws]
    return [a for item in found for a in (item if isinstance(item, tuple) else (item,))]


UNIFORM = [
    ("rand", {"shape": s, "dtype": d, "offset": o})
    for s, o in zip(SHAPES, (0, 3, 0, 1, 2), strict=True)
    for d in FLOATS
]
INTEGERS = [
    ("randint", {"low": -5, "high": h, "shape": s, "offset": 1})
    for s, h in zip(SHAPES, (-4, 100, 2**52, 9, 2), strict=True)
]
ADVANCES = [("rng_advance", {"blocks": n}) for n in (0, 1, 2**40)]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_draws_have_the_bits_of_the_numpy_kernels(state):
    draws = [*UNIFORM, *INTEGERS, *ADVANCES]
    for found, wanted in zip(run_native(draws, state), run_numpy(draws, state), strict=True):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        assert found.tobytes() == wanted.tobytes()


NORMAL = [("randn", {"shape": s, "dtype": d, "offset": 2}) for s in SHAPES[::2] for d in FLOATS]
DIGITS = {"f32": 2e-6, "f64": 1e-14, "f16": 2e-3, "bf16": 1.6e-2}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_normal_numbers_are_those_of_the_numpy_kernel_but_for_the_last_digits(state):
    for found, wanted, (_, attrs) in zip(run_native(NORMAL, state), run_numpy(NORMAL, state), NORMAL, strict=True):
        digits = DIGITS[attrs["dtype"].short]
        np.testing.assert_allclose(found.astype("f8"), wanted.astype("f8"), rtol=digits, atol=digits)


DROPOUTS = [("dropout", {"p": p, "offset": o}) for p, o in ((0.0, 0), (0.1, 9), (1.0, 2))]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_dropout_keeps_what_the_numpy_kernel_keeps(dtype):
    x = np.random.default_rng(0).standard_normal((37, 60)).astype(dtype.numpy)
    for found, wanted in zip(run_native(DROPOUTS, x, STATES[0]), run_numpy(DROPOUTS, x, STATES[0]), strict=True):
        assert found.tobytes() == wanted.tobytes()


def test_dropout_of_a_transposed_tensor():
    x = np.random.default_rng(0).standard_normal((7, 5, 6)).astype(np.float32)
    graph = Graph("transposed")
    given = [graph.add_input(numpy_type(a)) for a in (x, STATES[0])]
    turned = graph.append(OPS["permute"], [given[0]], {"dims": (2, 0, 1)}).output
    graph.outputs = graph.append(OPS["dropout"], [turned, given[1]], {"p": 0.3}).outputs
    backend = NativeBackend()
    found = backend.bind(make_plan(graph, backend.target), ()).forward([x, STATES[0]])
    wanted = OPS["dropout"](np.ascontiguousarray(x.transpose(2, 0, 1)), STATES[0], p=0.3)
    for a, b in zip(found, wanted, strict=True):
        assert a.tobytes() == b.tobytes()
