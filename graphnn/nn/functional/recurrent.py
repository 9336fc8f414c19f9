"""Recurrent layers and cells as functions of their weights. Inputs are time-major (T, B, I), or packed rows (N, I)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.nn.functional.conv import linear
from graphnn.nn.functional.dropout import dropout
from graphnn.ops.op import Op
from graphnn.tensor.joining import cat, stack
from graphnn.tensor.tensor import Tensor

Weights = Sequence[Sequence[Tensor | None]]


def recurrent_stack(
    op: Op,
    input: Tensor,
    states: Sequence[Sequence[Tensor]],
    weights: Weights,
    *,
    directions: int,
    p: float = 0.0,
    batch_sizes: tuple[int, ...] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Layers of `op` (lstm, gru, rnn_tanh, rnn_relu), each read by the next: the last one's output, and the last states
    of all layers and directions, (layers * directions, B, *) for each kind of state.

    `states` and `weights` have an item for each layer and direction; `p` is the dropout between layers.
    """
    count, finals = len(states[0]), []
    for first in range(0, len(weights), directions):
        if first and p:
            input = dropout(input, p)
        outs = []
        for k in range(first, first + directions):
            out, *found = op(input, *states[k], *weights[k], reverse=k > first, batch_sizes=batch_sizes)
            outs.append(out)
            finals.append(found[:count])
        input = outs[0] if directions == 1 else cat(outs, -1)
    return input, [stack(list(kind)) for kind in zip(*finals, strict=True)]


def rnn_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
    nonlinearity: str = "tanh",
) -> Tensor:
    """One step (B, I), (B, H) -> (B, H)."""
    found = linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh)
    return found.tanh() if nonlinearity == "tanh" else found.relu()  # type: ignore[no-any-return]


def lstm_cell(
    input: Tensor,
    hx: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step (B, I), (B, H), (B, H) -> state and cell (B, H)."""
    gates = linear(input, w_ih, b_ih) + linear(hx[0], w_hh, b_hh)
    i, f, g, o = gates.chunk(4, 1)
    cell = f.sigmoid() * hx[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One step (B, I), (B, H) -> (B, H)."""
    inputs: Any = linear(input, w_ih, b_ih).chunk(3, 1)
    own: Any = linear(hx, w_hh, b_hh).chunk(3, 1)
    r, z = ((i + h).sigmoid() for i, h in zip(inputs[:2], own[:2], strict=True))
    n = (inputs[2] + r * own[2]).tanh()
    return (hx - n) * z + n  # type: ignore[no-any-return]
