"""Kernels of recurrent layers where they go block by block, and the errors of the layers' type rules."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ops import recurrence
from graphnn.ops.op import array_type
from tests.ops.rows import Sample, floats
from tests.ops.samples_recurrent import GATES, layer, samples_of
from tests.ops.table import run

SAMPLES = [(name, sample) for name in GATES for sample in samples_of(name) if sample.args[0].size]


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_sums_that_nobody_wants_pass_through_small_memory(name: str, sample: Sample, monkeypatch: pytest.MonkeyPatch):
    """Blocks of one step each: the wanted outputs are the same."""
    op = ops.__dict__[name]
    wanted = op(*sample.args, **sample.attrs)
    monkeypatch.setattr(recurrence, "BLOCK", 1)
    skipped = {"lstm": (3,), "gru": (2,)}.get(name, (0,))
    outs = [None if i in skipped else np.empty_like(w) for i, w in enumerate(wanted)]
    run(op.bind(outs, sample.args, op.attrs(sample.attrs)))
    for found, expected in zip(outs, wanted, strict=True):
        if found is not None:
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", GATES)
def test_small_memory_holds_a_step_and_large_memory_no_more_than_all(name: str, monkeypatch: pytest.MonkeyPatch):
    sample, width = layer(name, 5, 2), GATES[name] * 4
    types = [array_type(a) for a in sample.args]
    assert ops.__dict__[name].scratch(*types, **sample.attrs)[-1].shape == (10, width)
    monkeypatch.setattr(recurrence, "BLOCK", 1)
    assert ops.__dict__[name].scratch(*types, **sample.attrs)[-1].shape == (2, width)


def test_steps_are_grouped_by_the_rows_that_memory_has_room_for():
    spans = [(0, 3), (3, 5), (5, 7), (7, 8)]
    assert recurrence.in_blocks(spans, 5) == [((0, 5), [(0, 3), (3, 5)]), ((5, 8), [(0, 2), (2, 3)])]
    assert recurrence.in_blocks(spans[::-1], 3) == [
        ((5, 8), [(2, 3), (0, 2)]),
        ((3, 5), [(0, 2)]),
        ((0, 3), [(0, 3)]),
    ]


# ---- errors

X, H, W_IH, W_HH = floats(4, 2, 3), floats(2, 5), floats(5, 3), floats(5, 5)
WRONG: list[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ((X[0], H, W_IH, W_HH), {}, ShapeError, "rnn_tanh: input must have 3 dimensions, got f32[2, 3]"),
    ((X, H, W_IH, W_HH), {"batch_sizes": (2,)}, ShapeError, "rnn_tanh: input must have 2 dimensions"),
    ((X[:0], H, W_IH, W_HH), {}, ArgumentError, "Expected sequence length to be larger than 0 in RNN"),
    ((X[0], H, W_IH, W_HH), {"batch_sizes": (1, 2)}, ArgumentError, "batch_sizes must not grow"),
    ((X[0], H, W_IH, W_HH), {"batch_sizes": (2, 1)}, ArgumentError, "must add up to 2 rows"),
    ((X, floats(3, 5), W_IH, W_HH), {}, ShapeError, r"Expected h0 of size \[2, 5\], got f32\[3, 5\]"),
    ((X, H, floats(5, 4), W_HH), {}, ShapeError, r"Expected w_ih of size \[5, 3\]"),
    ((X, H, W_IH, floats(5, 4)), {}, ShapeError, "Expected"),
    ((X, H, W_IH, W_HH, floats(4)), {}, ShapeError, r"Expected b_ih of size \[5\], got f32\[4\]"),
    ((X, H, None, W_HH), {}, ShapeError, r"Expected input of size \[4, 2, 5\], got f32\[4, 2, 3\]"),
    ((floats(4, 2, 5), H, None, W_HH, floats(5)), {}, ArgumentError, "b_ih is given without w_ih; add it to the input"),
    ((X, H.astype("f8"), W_IH, W_HH), {}, DTypeError, "floating-point tensors of one dtype"),
]


@pytest.mark.parametrize(("args", "attrs", "kind", "gist"), WRONG)
def test_what_does_not_fit_is_refused(args: Any, attrs: Any, kind: type[Exception], gist: str):
    with pytest.raises(kind, match=gist.replace("f32[2, 3]", r"f32\[2, 3\]")):
        ops.rnn_tanh(*args, **attrs)


def test_a_cell_of_another_size_is_refused():
    sample = layer("lstm", 4, 2)
    x, h, _, *weights = sample.args
    with pytest.raises(ShapeError, match=r"lstm: Expected c0 of size \[2, 4\], got f32\[2, 5\]"):
        ops.lstm(x, h, floats(2, 5), *weights)


@pytest.mark.parametrize(
    ("attrs", "gist"),
    [
        ({"batch_sizes": (3, 0)}, "must be positive and must not grow"),
        ({"batch_sizes": (1, 2)}, "must be positive and must not grow"),
        ({"batch_sizes": (3, 3, 3, 3, 3)}, "5 steps of up to 3 sequences asked for"),
    ],
)
def test_packing_refuses_batch_sizes_that_do_not_fit(attrs: Any, gist: str):
    with pytest.raises(ArgumentError, match=gist):
        ops.pack_padded_sequence(floats(4, 3, 2), **attrs)


def test_padding_refuses_rows_that_do_not_fit():
    with pytest.raises(ShapeError, match="the batch sizes add up to 3 rows"):
        ops.pad_packed_sequence(floats(4, 2), batch_sizes=(2, 1), length=2, batch=2)
    with pytest.raises(ArgumentError, match=r"do not fit into \(1, 2\)"):
        ops.pad_packed_sequence(floats(3, 2), batch_sizes=(2, 1), length=1, batch=2)
