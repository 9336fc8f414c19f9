"""Bound calls make no arrays: on large inputs, replaying them takes less memory than a small part of one input."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.ir import dtypes
from graphnn.ops.op import Op, array_type
from tests.ops.rows import bools, floats, ints, strided
from tests.ops.samples import ROWS
from tests.ops.table import run

X, Y = floats(1000, 500, low=0.1), floats(1000, 500, low=0.1, seed=1)
STATE = np.array([7, 0], np.uint64)
STEPS, LAYER = floats(1000, 20, 30), (floats(20, 20), floats(20, 30), floats(20, 20, seed=1))
LIMIT = 250_000  # bytes: NumPy converts and gathers in buffers of 8192 elements an operand; X has two million bytes

UNARY = [name for name, row in ROWS.items() if row.rule.input_names == ("x",) and not row.rule.attr_defaults]
BINARY = [name for name, row in ROWS.items() if row.rule.input_names == ("a", "b") and name != "matmul"]
GRADS = ["relu_grad", "tanh_grad", "sigmoid_grad"]
OTHERS = ("gcd", "lcm", "solve")
FLOATS = [name for name in UNARY + BINARY + GRADS if not name.startswith("bitwise") and name not in OTHERS]

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, (X, Y)[: len(ROWS[name].rule.input_names)], {}) for name in FLOATS),
    ("add", (X, 2.0), {}),
    ("mul", (X, np.array(0.1)), {}),
    ("mul", (X, ints(500)), {}),
    ("lt", (X, ints(500)), {}),
    ("where", (bools(1000, 500), X, 0.0), {}),
    ("clamp", (X,), {"min": 0.0, "max": 1.0}),
    ("cast", (X,), {"dtype": dtypes.int64}),
    *((name, (X,), {"dim": dim}) for name in ("sum", "mean", "prod", "amax", "var") for dim in (None, (0,), (1,))),
    *((name, (X,), {"dim": dim}) for name in ("argmax", "max_dim", "cumsum") for dim in (0, 1)),
    ("matmul", (X, Y.T), {}),
    ("linear", (X, Y, floats(1000)), {}),
    ("sum_to", (X,), {"shape": (500,)}),
    ("flip", (X,), {"dims": (0,)}),
    ("slice_grad", (X,), {"dim": 1, "size": 600, "start": 0, "stop": 500}),
    ("slice_scatter", (X, Y[:, :200]), {"dim": 1, "stop": 200}),
    ("cat", (X, Y), {"dim": 1}),
    ("stack", (X, Y), {"dim": 1}),
    ("pad", (X,), {"padding": ((1, 1), (1, 1))}),
    ("gather", (X, ints(1000, 200, low=0, high=500)), {"dim": 1}),
    ("gather_grad", (X[:, :200], ints(1000, 200, low=0, high=500)), {"dim": 1, "shape": X.shape}),
    ("scatter", (X, ints(1000, 200, low=0, high=500), Y), {"dim": 1}),
    ("scatter_add", (X, ints(1000, 200, low=0, high=500), Y), {"dim": 1}),
    ("one_hot", (ints(1000, low=0, high=500),), {"num_classes": 500}),
    ("index_select", (X, ints(700, low=0, high=1000)), {"dim": 0}),
    ("index_add", (X, ints(700, low=0, high=1000), Y[:700]), {"dim": 0}),
    ("index", (X, ints(700, low=-1000, high=1000)), {}),
    ("index", (X, None, ints(300, low=0, high=500)), {}),
    ("index_put", (X, Y[:700], ints(700, low=0, high=1000)), {"accumulate": True}),
    ("rand", (STATE,), {"shape": (1000, 500)}),
    ("randn", (STATE,), {"shape": (1000, 500)}),
    ("randint", (STATE,), {"high": 10, "shape": (1000, 500)}),
    ("randperm", (STATE,), {"n": 500_000}),
    ("rnn_tanh", (STEPS, *LAYER), {}),
    ("gru", (STEPS, LAYER[0], *(np.tile(w, (3, 1)) for w in LAYER[1:])), {}),
    ("lstm", (STEPS, LAYER[0], LAYER[0], *(np.tile(w, (4, 1)) for w in LAYER[1:])), {"reverse": True}),
    ("pack_padded_sequence", (STEPS,), {"batch_sizes": (10,) * 500}),
    ("pad_packed_sequence", (X,), {"batch_sizes": (10,) * 100, "length": 200, "batch": 20}),
]


def peak_of(op: Op, args: Any, attrs: Any) -> int:
    """The most bytes that a second replay of the calls holds at once."""
    full = op.attrs(attrs)
    outs = [np.empty(t.shape, t.dtype.numpy) for t in op.infer_types(tuple(map(array_type, args)), full)]
    calls = op.bind(outs, args, full)
    run(calls)
    tracemalloc.start()
    try:
        run(calls)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CALLS)]


@pytest.mark.parametrize(("name", "args", "attrs"), CALLS, ids=IDS)
def test_replaying_a_kernel_makes_no_array(name: str, args: Any, attrs: Any):
    assert peak_of(getattr(ops, name), args, attrs) < LIMIT


@pytest.mark.parametrize(("name", "args", "attrs"), CALLS, ids=IDS)
def test_nor_does_it_on_strided_inputs(name: str, args: Any, attrs: Any):
    given = [strided(a) if isinstance(a, np.ndarray) and a is not STATE else a for a in args]
    assert peak_of(getattr(ops, name), given, attrs) < LIMIT
