"""Recurrent layers and cells."""

from typing import Any

from tests.nn.parity.row import Row, normal

# (keyword arguments, batch_first or not): every option alone, and together
STACKS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"batch_first": True},
    {"bidirectional": True},
    {"num_layers": 3},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
]
PROJECTED: list[dict[str, Any]] = [
    {"proj_size": 2},
    {"proj_size": 3, "bias": False},
    {"proj_size": 2, "num_layers": 2, "bidirectional": True, "batch_first": True},
]
RELU: list[dict[str, Any]] = [
    {"nonlinearity": "relu"},
    {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True, "bias": False},
]


def states(name: str, options: dict[str, Any], *batch: int) -> Any:
    """Initial states; two for an LSTM."""
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    sizes = (options.get("proj_size") or 4, 4)[: 2 if name == "LSTM" else 1]
    return [normal(count, *batch, size) for size in sizes]


def rows(name: str, options: dict[str, Any]) -> list[Row]:
    """A batch and a single sequence, without and with initial states."""
    shape = (2, 5, 3) if options.get("batch_first") else (5, 2, 3)
    found = [Row(name, (3, 4), options, inputs=[normal(*given)]) for given in (shape, (5, 3))]
    if name == "LSTM":  # a pair of states: tests/nn/test_recurrent.py
        return found
    given = [(shape, (2,)), ((5, 3), ())]
    return found + [
        Row(name, (3, 4), options, inputs=[normal(*x), *states(name, options, *batch)]) for x, batch in given
    ]


LAYERS = [
    row
    for name, kinds in (("RNN", STACKS + RELU), ("LSTM", STACKS + PROJECTED), ("GRU", STACKS))
    for options in kinds
    for row in rows(name, options)
]
DROPPED = [
    Row(name, (3, 4), {"num_layers": 2, "dropout": p}, inputs=[normal(5, 2, 3)], random=True)
    for name in ("RNN", "LSTM", "GRU")
    for p in (0.5, 1.0)
]
ONE_STEP = [Row(name, (3, 4), inputs=[normal(1, 2, 3)]) for name in ("RNN", "LSTM", "GRU")]
POSITIONAL = [
    Row("RNN", (3, 4, 2, "relu", False, True), inputs=[normal(2, 5, 3)]),
    Row("LSTM", (3, 4, 2, False, True, 0.0, True, 2), inputs=[normal(2, 5, 3)]),
    Row("GRU", (3, 4, 2, False, True, 0.0, True), inputs=[normal(2, 5, 3)]),
]
CELLS = [
    Row(name, (3, 4), options, inputs=[normal(*shape), *([normal(*state)] if state else [])])
    for name in ("RNNCell", "GRUCell", "LSTMCell")
    for options in ({}, {"bias": False}, *([{"nonlinearity": "relu"}] if name == "RNNCell" else []))
    for shape, state in (((2, 3), ()), ((3,), ()), ((2, 3), (2, 4)), ((3,), (4,)))
    if name != "LSTMCell" or not state
]

ROWS = [*LAYERS, *DROPPED, *ONE_STEP, *POSITIONAL, *CELLS]
