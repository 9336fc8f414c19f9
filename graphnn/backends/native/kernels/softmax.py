"""Softmax, its logarithm, and their gradients, along any dimension.

A line that lies side by side is a row; where another axis does, a vector of neighbouring lines goes at once; else lines
are walked element by element (a "vector" of one lane).
"""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.backends.native.kernels.axes import (
    Axis,
    Lines,
    axes,
    count,
    cut,
    dealt,
    flat,
    loop,
    ordered,
    parts_for,
    pointers,
    shares_of,
    text,
    unravel,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step

HELPERS = ('#include "softmax.h"',)


@lowers("softmax", "log_softmax", "softmax_grad", "log_softmax_grad")
def _softmax(step: Step) -> list[Phase]:
    out, given = step.outputs[0], [o for o in step.inputs if o is not None]
    assert out is not None
    return [line_phase(f"gn_{step.name}", out, given, step.attrs["dim"])] if out.type.size else []


def line_phase(function: str, out: Operand, given: Sequence[Operand], dim: int) -> Phase:
    """`function`_row or _lanes over all lines along `dim`."""
    operands = [out, *given]
    shape, strides = out.shape or (1,), [o.strides or (1,) for o in operands]
    n, moves = shape[dim], [s[dim] for s in strides]
    rest = ordered(axes(_without(shape, dim), *(_without(s, dim) for s in strides)))
    names = ["out", *(f"x{k}" for k in range(len(given)))]
    head = pointers(**dict(zip(names, operands, strict=True)))
    along = n == 1 or all(m == 1 for m in moves)
    lead = rest if along or not _side_by_side(rest) else rest[:-1]
    shares = shares_of(out.shape[0]) if _outermost_first(operands, dim) else 0
    parts = shares or parts_for(4 * out.type.size, min(8, count(lead)))
    if along:
        call: Lines = [f"{function}_row({_places(names)}, {n});"]
    else:
        call = _lanes(function, names, n, moves, rest[-1].size if lead is not rest else 1)
    offsets = unravel(lead, [f"{name}_at" for name in names])
    body = flat(head, cut(count(lead), parts), loop("k", "from", "to", offsets, call))
    cost = 0.25 if function == "gn_softmax_grad" else 0.9  # the others take exponentials
    return Phase(text(body), parts, cost * out.type.size, HELPERS, shares=shares, dealt=dealt(*operands))


def _outermost_first(operands: Sequence[Operand], dim: int) -> bool:
    """Whether the first axis is outermost in memory, and no lines run along it."""
    return dim % max(1, operands[0].type.ndim) != 0 and all(o.strides[0] == max(o.strides) for o in operands)


def _without(sizes: Sequence[int], dim: int) -> list[int]:
    return [s for d, s in enumerate(sizes) if d != dim]


def _side_by_side(rest: Sequence[Axis]) -> bool:
    return bool(rest) and all(s == 1 for s in rest[-1].strides)


def _places(names: Sequence[str], more: str = "") -> str:
    return ", ".join(f"{name} + {name}_at{more}" for name in names)


def _lanes(function: str, names: Sequence[str], n: int, moves: Sequence[int], columns: int) -> Lines:
    strides = ", ".join(map(str, moves))
    if columns == 1:
        return [f"{function}_lanes({_places(names)}, {n}, {strides}, 1);"]
    call = f"{function}_lanes({_places(names, ' + c')}, {n}, {strides}"
    return [
        "long c = 0;",
        f"for (; {columns} - c >= GN_LANES; c += GN_LANES) {call}, GN_LANES);",
        f"if (c < {columns}) {call}, {columns} - c);",
    ]
