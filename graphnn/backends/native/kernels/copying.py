"""Copies between tensors of any strides, as C: by `memcpy` where elements lie side by side in both, in tiles where the
source is transposed, else element by element. What movement, joining and indexing ops share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import (
    Axis,
    Lines,
    axes,
    block,
    count,
    cut,
    dealt,
    flat,
    loop,
    nest,
    offset,
    ordered,
    pointers,
    shares_of,
    text,
)
from graphnn.backends.native.step import Operand, Phase
from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape
from graphnn.ir.value import Node

TILE = 16
NANOSECONDS = 0.25  # an element
PART = 16384  # elements
SHARED = 4096  # of what is dealt out in shares


class Place(NamedTuple):
    """A part of an operand's memory: where it starts (in elements), and its strides."""

    operand: Operand
    start: int
    strides: Shape


def whole(operand: Operand) -> Place:
    return Place(operand, 0, operand.strides)


def same_dtype(node: Node) -> bool:
    """Whether elements can be moved as they are, and there are some."""
    values = [v.type for v in (*node.operands, node.outputs[0]) if not v.type.weak]
    return all(t.dtype is values[-1].dtype for t in values) and bool(values[-1].size)


def copy(shape: Shape, to: Place, source: Place) -> Phase:
    """One copy of that shape."""
    if math.prod(shape) == 0:
        return Phase("    (void)p;")
    found = ordered(axes(shape, to.strides, source.strides))
    shares = shares_of(shape[0]) if _are_images(shape, to, source) else 0
    body, parts = _body(found, to.operand.ctype, shares)
    starts, touched = _starts(to, source), dealt(to.operand, source.operand)
    return Phase(text(starts, body), parts, _cost(shape, found), shares=shares, dealt=touched)


class Piece(NamedTuple):
    """What is copied from one place to another."""

    shape: Shape
    to: Place
    source: Place


def copy_all(pieces: Sequence[Piece]) -> list[Phase]:
    """Copies into one operand: as one phase, if the same outer axis of all can be dealt out, such as that of samples."""
    walks = [ordered(axes(p.shape, p.to.strides, p.source.strides)) for p in pieces]
    if any(len(walk) < 2 for walk in walks) or len({walk[0].size for walk in walks}) > 1:
        return [copy(*piece) for piece in pieces]
    to, size = pieces[0].to, pieces[0].to.operand.type.size
    shares = shares_of(to.operand.shape[0]) if size >= SHARED and all(map(_goes_by_samples, pieces)) else 0
    parts = shares or _parts(size, walks[0][0].size)
    lines: Lines = []
    for piece, walk in zip(pieces, walks, strict=True):
        head = _starts(piece.to, piece.source)
        lines += block("", [*head, *_walk(walk, piece.to.operand.ctype, parts)])
    cost = sum(_cost(piece.shape, walk) for piece, walk in zip(pieces, walks, strict=True))
    touched = dealt(to.operand, *(p.source.operand for p in pieces))
    return [Phase(text(lines), parts, cost, shares=shares, dealt=touched)]


def _goes_by_samples(piece: Piece) -> bool:
    """Whether the first axis of all is the outermost one, and is copied whole."""
    to, source = piece.to, piece.source
    outermost = all(p.strides[0] == max(p.strides) == p.operand.strides[0] for p in (to, source))
    return outermost and piece.shape[0] == to.operand.shape[0] == source.operand.shape[0]


def _cost(shape: Shape, found: Sequence[Axis]) -> float:
    return NANOSECONDS * math.prod(shape) * (1 if _is_flat(found) else 4)


def _starts(to: Place, source: Place) -> Lines:
    """Declares `out` and `x`."""
    head = pointers(out=to.operand, x=source.operand)
    return [f"{line.rstrip(';')} + {start};" for line, start in zip(head, (to.start, source.start), strict=True)]


def _are_images(shape: Shape, to: Place, source: Place) -> bool:
    """Whether whole images, sample after sample, are copied."""
    whole = to.operand.shape == shape == source.operand.shape
    return len(shape) == 4 and whole and math.prod(shape) >= SHARED and _goes_by_samples(Piece(shape, to, source))


def _is_flat(found: Sequence[Axis]) -> bool:
    return not found or found[-1].strides == (1, 1)


def _parts(work: int, most: int) -> int:
    return max(1, min(8, most, work // PART))


def _body(found: list[Axis], ctype: str, shares: int) -> tuple[Lines, int]:
    """What copies a part, and the number of parts: as many as `shares`, if that is not 0."""
    work = count(found)
    if not found:
        return ["*out = *x;"], 1
    if _is_flat(found) and len(found) == 1:
        n = found[0].size
        parts = shares or _parts(work, n)
        return [*cut(n, parts), f"memcpy(out + from, x + from, (to - from) * sizeof({ctype}));"], parts
    parts = shares or _parts(work, found[0].size)
    return _walk(found, ctype, parts), parts


def _walk(found: list[Axis], ctype: str, parts: int) -> Lines:
    """A part's copies, of parts of the first of several axes."""
    if _is_flat(found):
        outer, n = found[:-1], found[-1].size
        line = f"memcpy(out + {offset(outer, 0)}, x + {offset(outer, 1)}, {n} * sizeof({ctype}));"
        return flat(cut(outer[0].size, parts), nest(outer, [line], cut=("from", "to")))
    return flat(cut(found[0].size, parts), _tiled(found) if _is_transposed(found) else _plain(found))


def _plain(found: Sequence[Axis]) -> Lines:
    return nest(found, [f"out[{offset(found, 0)}] = x[{offset(found, 1)}];"], cut=("from", "to"))


def _is_transposed(found: Sequence[Axis]) -> bool:
    """Whether what lies side by side in the source does not in the result, and both are long."""
    near = [a for a in found[:-1] if a.strides[1] == 1]
    return bool(near) and near[0].size >= 4 and found[-1].strides[0] == 1 and found[-1].size >= 4


def _tiled(found: list[Axis]) -> Lines:
    """The axes along which either lies side by side go by tiles, inside of all others."""
    at = next(k for k, a in enumerate(found) if a.strides[1] == 1)
    last = len(found) - 1
    lines = [f"out[{offset(found, 0)}] = x[{offset(found, 1)}];"]
    for k in (last, at):
        lines = loop(f"i{k}", f"t{k}", f"(t{k} + {TILE} < {_end(found, k)} ? t{k} + {TILE} : {_end(found, k)})", lines)
    for k in (last, at):
        head = f"for (long t{k} = {'from' if k == 0 else 0}; t{k} < {_end(found, k)}; t{k} += {TILE}) {{"
        lines = [head, *("    " + line for line in lines), "}"]
    for k in reversed(range(last)):
        if k != at:
            lines = loop(f"i{k}", "from" if k == 0 else 0, _end(found, k), lines)
    return lines


def _end(found: Sequence[Axis], k: int) -> str:
    return "to" if k == 0 else str(found[k].size)


def fill(to: Operand, value: str, only: str = "") -> Phase:
    """All elements of a dense operand set to one value (a C expression); `only`: a condition for doing it."""
    size = to.type.size
    parts = _parts(size, size)
    line = loop("i", "from", "to", f"out[i] = {value};")
    return Phase(text(pointers(out=to), cut(size, parts), line), parts, NANOSECONDS * size)


def base(to: Operand, source: Operand) -> Phase:
    """A copy of all, left out where the plan put the result over its source."""
    phase = copy(to.shape, whole(to), whole(source))
    return phase._replace(body=f"    if ({to.pointer} == {source.pointer}) return;\n{phase.body}")


def literal(value: float, dtype: DType) -> str:
    """A Python number as C of that dtype."""
    if dtype.short == "bool":
        return str(int(bool(value)))
    if not dtype.is_floating_point:
        return f"({int(value)}LL)"
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    return f"{float(value)!r}{'f' if dtype.short == 'f32' else ''}"
