"""The rows of the recurrent layers' ops and of packing."""

import functools
import importlib
from typing import Any

import numpy as np

from graphnn import ops
from tests.ops import recurrent_oracle as oracle
from tests.ops.rows import Row, Sample, floats, ints, sample

PACKED = (3, 2, 2, 1)
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
ORACLES: dict[str, Any] = {
    "lstm": oracle.lstm,
    "gru": oracle.gru,
    "rnn_tanh": functools.partial(oracle.rnn, "tanh"),
    "rnn_relu": functools.partial(oracle.rnn, "relu"),
}


def layer(
    name: str, *batch: int, bias: bool = True, projected: int = 0, hidden: int = 4, dtype: str = "f4", **attrs: Any
) -> Sample:
    """A layer of 4 units over inputs of 3 numbers."""
    count, state = (attrs["batch_sizes"][0] if len(batch) == 1 else batch[1]), projected or hidden
    rows = GATES[name] * hidden
    x = floats(*batch, 3, dtype=dtype)
    states = [floats(count, size, dtype=dtype, seed=1) for size in (state, hidden)[: 2 if name == "lstm" else 1]]
    weights = [floats(rows, 3, dtype=dtype, low=-1, high=1), floats(rows, state, dtype=dtype, low=-1, high=1, seed=2)]
    biases: list[Any] = [floats(rows, dtype=dtype, seed=s) for s in (3, 4)] if bias else []
    if projected:
        biases = [*(biases or [None, None]), floats(projected, hidden, dtype=dtype, seed=5)]
    return sample(x, *states, *weights, *biases, **attrs)


def without_inputs(name: str, s: Sample, bias: bool = True) -> Sample:
    """The same with what the inputs give to the gates in place of the inputs and their weights."""
    at, args = (3 if name == "lstm" else 2), [*s.args]
    args[0] = floats(*args[0].shape[:-1], args[at].shape[0], dtype=args[0].dtype.str, seed=6)
    args[at] = None
    if len(args) > at + 2:
        args[at + 2] = None
        args[at + 3] = args[at + 3] if bias else None
    return sample(*args, **s.attrs)


def samples_of(name: str) -> tuple[Sample, ...]:
    common = (
        layer(name, 4, 2),
        layer(name, 4, 2, reverse=True),
        layer(name, 4, 2, bias=False),
        layer(name, 1, 1),
        layer(name, 3, 0),
        layer(name, 8, batch_sizes=PACKED),
        layer(name, 8, batch_sizes=PACKED, reverse=True, bias=False),
        layer(name, 3, 2, dtype="f8"),
        without_inputs(name, layer(name, 4, 2)),
        without_inputs(name, layer(name, 8, batch_sizes=PACKED, reverse=True), bias=False),
        without_inputs(name, layer(name, 3, 2, bias=False, dtype="f8")),
    )
    projected = (
        layer(name, 4, 2, projected=2),
        layer(name, 4, 2, projected=3, bias=False, reverse=True),
        layer(name, 8, projected=2, batch_sizes=PACKED, reverse=True),
        without_inputs(name, layer(name, 4, 2, projected=2)),
    )
    return common + (projected if name == "lstm" else ())


# ---- gradients: by the oracle's, of numbers added to the sums


def gradient_sample(name: str, s: Sample) -> Sample:
    """What the layer saved, and seeds for its outputs."""
    found = ops.__dict__[name](*s.args, **s.attrs)
    count = 8 if name == "lstm" else 6
    args = [*s.args, *[None] * (count - len(s.args))]
    saved = {"lstm": found[3:], "gru": (found[0], *found[2:])}.get(name, found[:1])
    seeds = [floats(*o.shape, dtype=o.dtype.str, seed=9) for o in found[: 3 if name == "lstm" else 2]]
    return sample(*args, *saved, *seeds, grad=False, torch_grad=False, **s.attrs)


def without_seed(name: str, left_out: int) -> Sample:
    """No gradient flows from one of the outputs."""
    s = gradient_sample(name, layer(name, 4, 2))
    at = len(s.args) - (3 if name == "lstm" else 2) + left_out
    return sample(*s.args[:at], None, *s.args[at + 1 :], grad=False, torch_grad=False, **s.attrs)


def gradient_oracle(name: str) -> Any:
    count, seeds = (8, 3) if name == "lstm" else (6, 2)
    by = (1, 2, 7) if name == "lstm" else (1,)

    def gradients(*args: Any, **attrs: Any) -> Any:
        torch = importlib.import_module("torch")
        rows = args[count - 4 if name == "lstm" else 3].shape[0]
        weights = (*args[:count], rows)
        found = oracle.by_autograd(ORACLES[name], weights, args[-seeds:], 2 if name == "gru" else 1, by, attrs)
        return found if name != "lstm" or args[7] is not None else (*found, torch.zeros(0, 0, dtype=args[0].dtype))

    return gradients


LAYERS = tuple(Row(name, samples_of(name), torch=ORACLES[name], rtol=1e-5, atol=1e-6, named=False) for name in GATES)
GRADIENTS = tuple(
    Row(
        f"{name}_grad",
        (*(gradient_sample(name, s) for s in samples_of(name)), without_seed(name, 0), without_seed(name, 1)),
        torch=gradient_oracle(name),
        rtol=2e-5,
        atol=2e-6,
        named=False,
    )
    for name in GATES
)


# ---- weights in panels


def gates_packed(weight: np.ndarray, gates: int, width: int) -> np.ndarray:
    """(⌈units / width⌉, K, gates, width)."""
    units = weight.reshape(gates, -1, weight.shape[1])
    whole = np.pad(units, ((0, 0), (0, -units.shape[1] % width), (0, 0)))
    return np.ascontiguousarray(whole.reshape(gates, -1, width, weight.shape[1]).transpose(1, 3, 0, 2))


def packed_layer(name: str, s: Sample, width: int, inputs: int = 0) -> Sample:
    at, args = (3 if name == "lstm" else 2), list(s.args)
    for place, wide in ((at, inputs), (at + 1, width)):
        if wide and args[place] is not None:
            args[place] = gates_packed(args[place], GATES[name], wide)
    return sample(*args, **s.attrs)


def packed_oracle(name: str) -> Any:
    def layer(*args: Any, **attrs: Any) -> Any:
        at, plain = (3 if name == "lstm" else 2), list(args)
        for i in (at, at + 1):
            if plain[i] is not None and plain[i].ndim == 4:
                units = plain[i].permute(2, 0, 3, 1).reshape(GATES[name], -1, plain[i].shape[1])
                plain[i] = units[:, : args[1].shape[1]].reshape(-1, plain[i].shape[1])
        return ORACLES[name](*plain, **attrs)

    return layer


PANELS = (
    Row(
        "pack_gates",
        (
            sample(floats(12, 5), gates=4, width=4),
            sample(floats(20, 3), gates=4, width=4),
            sample(floats(7, 2, dtype="f8"), gates=1, width=8),
        ),
        numpy=gates_packed,
        named=False,
    ),
    *(
        Row(
            f"packed_{name}",
            (
                *(packed_layer(name, layer(name, 4, 2), width) for width in (4, 8, 16)),
                packed_layer(name, layer(name, 4, 2, reverse=True, bias=False), 3, 2),
                packed_layer(name, layer(name, 8, batch_sizes=PACKED), 8),
                packed_layer(name, without_inputs(name, layer(name, 4, 2)), 8),
            ),
            torch=packed_oracle(name),
            rtol=1e-5,
            atol=1e-6,
            named=False,
        )
        for name in GATES
    ),
)

# ---- states_before, packing


def states_before(out: np.ndarray, h0: np.ndarray, reverse: bool = False, batch_sizes: Any = None) -> np.ndarray:
    """Row by row."""
    sizes = oracle.sizes_of(out, batch_sizes)
    rows, steps = oracle.flat(out), range(len(sizes))
    place = {(t, b): sum(sizes[:t]) + b for t in steps for b in range(sizes[t])}
    found = [rows[place[k]] if (k := (t + (1 if reverse else -1), b)) in place else h0[b] for t, b in place]
    return np.array(found, out.dtype).reshape(rows.shape)


def pack(x: np.ndarray, batch_sizes: Any) -> np.ndarray:
    return np.concatenate([x[t, :n] for t, n in enumerate(batch_sizes)])


def pad(x: np.ndarray, batch_sizes: Any, length: int, batch: int, padding_value: float = 0.0) -> np.ndarray:
    found = np.full((length, batch, *x.shape[1:]), padding_value, x.dtype)
    for t, n in enumerate(batch_sizes):
        found[t, :n] = x[sum(batch_sizes[:t]) : sum(batch_sizes[: t + 1])]
    return found


ARRANGED = (
    Row(
        "states_before",
        (
            sample(floats(4, 2, 3), floats(2, 3, seed=1)),
            sample(floats(4, 2, 3), floats(2, 3, seed=1), reverse=True),
            sample(floats(8, 3), floats(3, 3, seed=1), batch_sizes=PACKED),
            sample(floats(8, 3), floats(3, 3, seed=1), batch_sizes=PACKED, reverse=True),
            sample(floats(1, 2, 3), floats(2, 3, seed=1)),
        ),
        numpy=states_before,
    ),
    Row(
        "pack_padded_sequence",
        (
            sample(floats(4, 3, 2), batch_sizes=PACKED),
            sample(floats(5, 4), batch_sizes=(3, 1)),
            sample(ints(4, 3), batch_sizes=PACKED),
        ),
        numpy=pack,
    ),
    Row(
        "pad_packed_sequence",
        (
            sample(floats(8, 2), batch_sizes=PACKED, length=4, batch=3),
            sample(floats(8), batch_sizes=PACKED, length=6, batch=4, padding_value=-1.0),
            sample(ints(8), batch_sizes=PACKED, length=4, batch=3, padding_value=7),
        ),
        numpy=pad,
    ),
)

ROWS: tuple[Row, ...] = (*LAYERS, *GRADIENTS, *PANELS, *ARRANGED)
