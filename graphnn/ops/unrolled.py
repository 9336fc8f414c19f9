"""Recurrent layers step by step in ordinary ops: what their decompositions are, used for derivatives of gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphnn.ops.elementwise import add
from graphnn.ops.joining import cat
from graphnn.ops.matrix import linear, matmul
from graphnn.ops.movement import transpose
from graphnn.ops.recurrence import Span, part, rows_of
from graphnn.ops.slicing import slice as slice_

Step = Callable[..., tuple[tuple[Any, ...], Any]]


def run_steps(spans: list[Span], inputs: Any, states: Sequence[Any], step: Step) -> tuple[list[Any], Any, list[Any]]:
    """`step(rows of inputs, states) -> (new states, record)` for each span: the records, the first state of all rows,
    and the last states. A sequence that is over, or has not begun, keeps its states."""
    records, outs = [], []
    for start, stop in spans:
        held = [part(s, 0, stop - start) for s in states]
        new, record = step(part(inputs, start, stop), *held)
        records.append(record)
        outs.append(new[0])
        states = [_merged(n, s) for n, s in zip(new, states, strict=True)]
    return records, joined(spans, outs), list(states)


def run_back(
    spans: list[Span], records: list[Any], g: Any, grads: Sequence[Any], step: Step
) -> tuple[list[Any], list[Any]]:
    """`step(record, gradients of states) -> (gradients of the states before, what it found)` for each span, the last
    first: what was found, in the order of the spans, and the gradients of the first states."""
    found = []
    for (start, stop), record in reversed(list(zip(spans, records, strict=True))):
        held = [part(s, 0, stop - start) for s in grads]
        if g is not None:
            held[0] = add(held[0], part(g, start, stop))
        new, item = step(record, *held)
        found.append(item)
        grads = [_merged(n, s) for n, s in zip(new, grads, strict=True)]
    return found[::-1], list(grads)


def _merged(new: Any, old: Any) -> Any:
    """The new rows, then those of the old that lie behind them."""
    n, size = new.shape[0], old.shape[0]
    return new if n == size else cat(new, part(old, n, size), dim=0)


def joined(spans: list[Span], parts: list[Any]) -> Any:
    """The steps' rows in one matrix."""
    ordered = [p for _, p in sorted(zip(spans, parts, strict=True), key=lambda item: item[0])]
    return ordered[0] if len(ordered) == 1 else cat(*ordered, dim=0)


def columns(x: Any, count: int) -> list[Any]:
    """x (n, count * H) in `count` parts (n, H)."""
    width = x.shape[1] // count
    return [slice_(x, dim=1, start=k * width, stop=(k + 1) * width) for k in range(count)]


def projected(x: Any, weight: Any, *biases: Any) -> Any:
    """All rows times the transposed weight, where there is one, and the biases that are there."""
    found = rows_of(x) if weight is None else linear(rows_of(x), weight)
    for bias in biases:
        found = found if bias is None else add(found, bias)
    return found


def times_transposed(x: Any, weight: Any) -> Any:
    return matmul(x, transpose(weight, dim0=0, dim1=1))
