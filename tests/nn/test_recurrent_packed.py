"""Recurrent layers over packed sequences: eager, inside of compiled functions, and passed in and out of them."""

from typing import Any

import pytest

import graphnn
from graphnn import nn
from tests.nn.recurrent_pairs import assert_close, assert_same_gradients, backward, both, leaves, normal

torch = pytest.importorskip("torch")

LENGTHS = ([5, 3, 3, 1], True), ([3, 5, 1, 3], False)
STACKS: list[tuple[str, dict[str, Any]]] = [
    *((name, options) for name in ("RNN", "LSTM", "GRU") for options in ({}, {"num_layers": 2, "bidirectional": True})),
    ("LSTM", {"proj_size": 2, "bidirectional": True}),
    ("RNN", {"nonlinearity": "relu", "bias": False}),
]


def run_packed(library: Any, module: Any, given: list[Any], lengths: list[int], sorted_: bool) -> list[Any]:
    rnn = library.nn.utils.rnn
    packed = rnn.pack_padded_sequence(given[0], lengths, batch_first=True, enforce_sorted=sorted_)
    states = given[1:] if len(given) < 3 else [tuple(given[1:])]
    out, last = module(packed, *states)
    padded, _ = rnn.pad_packed_sequence(out, batch_first=True, total_length=6)
    return [padded, *(last if isinstance(last, tuple) else [last])]


@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.parametrize(("lengths", "sorted_"), LENGTHS, ids=str)
@pytest.mark.parametrize(("name", "options"), STACKS, ids=str)
def test_packed_sequences_give_what_they_give_in_pytorch(
    name: str, options: dict[str, Any], lengths: list[int], sorted_: bool, with_states: bool
):
    ours, theirs = both(name, 3, 4, **options)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    sizes = (options.get("proj_size") or 4, 4)[: 2 if name == "LSTM" else 1] if with_states else ()
    arrays = [normal(4, 5, 3), *(normal(count, 4, size) for size in sizes)]
    found = []
    for library, module in ((graphnn, ours), (torch, theirs)):
        given = leaves(library, arrays)
        outs = run_packed(library, module, given, lengths, sorted_)
        backward(library, outs)
        found.append((outs, given))
    for a, b in zip(found[0][0], found[1][0], strict=True):
        assert_close(a, b)
    assert_same_gradients(ours, theirs, list(zip(found[0][1], found[1][1], strict=True)))


@pytest.mark.parametrize(("lengths", "sorted_"), LENGTHS, ids=str)
def test_packing_inside_of_a_compiled_function(lengths: list[int], sorted_: bool):
    ours, _ = both("GRU", 3, 4, bidirectional=True)

    def run(x: Any) -> Any:
        return tuple(run_packed(graphnn, ours, [x], lengths, sorted_))

    x = graphnn.tensor(normal(4, 5, 3))
    for a, b in zip(graphnn.compile(run)(x), run(x), strict=True):
        assert_close(a, b)


def test_packed_sequences_pass_in_and_out_of_compiled_functions():
    """Their batch sizes belong to the signature: other ones have another plan."""
    ours, _ = both("LSTM", 3, 4)
    fast = graphnn.compile(ours)
    for lengths in ([5, 3], [4, 4], [3, 5], [5, 3]):
        packed = nn.utils.rnn.pack_padded_sequence(graphnn.tensor(normal(5, 2, 3)), lengths, enforce_sorted=False)
        (out, (h, c)), (wanted, (h_wanted, c_wanted)) = fast(packed), ours(packed)
        assert isinstance(out, nn.utils.rnn.PackedSequence)
        for a, b in zip([*out, h, c], [*wanted, h_wanted, c_wanted], strict=True):
            assert_close(a, b)
    assert len(fast.plans) == 2
