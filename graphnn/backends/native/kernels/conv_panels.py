"""The texts that lay weights out in panels, [panel][tap][row][NR], a panel at a time.

Weights of parameters lie with all taps of a (column, row) side by side: four taps of four columns are turned round in
registers at once. A row is what is summed over, a column what a vector runs along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, loop
from graphnn.backends.native.kernels.packing import pack_panel, turned_square

ROWS = 16  # at a time: what they make stays in L1 until all columns of it are written
Text = tuple[Lines, tuple[str, ...]]


class Source(NamedTuple):
    """`offsets[t]`: where the tap lies that becomes number t; strides of rows and columns."""

    offsets: Sequence[int]
    rows: int
    row: int
    column: int


def panel_text(source: Source, nr: int, valid: int, lanes: int) -> Text | None:
    """Statements that write a panel of `valid` columns to `to`, reading at `from`, and their helpers; None: by element."""
    taps = len(source.offsets)
    if nr % lanes:
        return None
    if taps == 1:
        if source.column != 1 and source.row != 1:
            return None
        name, text = pack_panel("f32", source.row, source.column, nr, valid, lanes)
        return [f"{name}(to, from + {source.offsets[0]}, {source.rows});"], ('#include "squares.h"', text)
    if taps >= 4 and sorted(source.offsets) == list(range(taps)):
        return _turned(source, nr, valid), ('#include "squares.h"',)
    return None


def _turned(source: Source, nr: int, valid: int) -> Lines:
    taps, rows = len(source.offsets), source.rows
    place = {offset: t for t, offset in enumerate(source.offsets)}
    starts = [*range(0, taps - 3, 4), *([taps - 4] if taps % 4 else [])]
    each: Lines = []
    for j in range(0, nr, 4):
        squares: Lines = []
        for start in starts:
            loads = [
                f"from + r * {source.row}L + {(j + i) * source.column + start}L" if j + i < valid else None
                for i in range(4)
            ]
            stores = [f"to + {place[start + i] * rows * nr + j}L + r * {nr}" for i in range(4)]
            squares += block("", turned_square(loads, stores))
        each += loop("r", "r0", "r1", squares)
    step = [f"const long r1 = r0 + {ROWS} < {rows} ? r0 + {ROWS} : {rows};", *each]
    return block(f"for (long r0 = 0; r0 < {rows}; r0 += {ROWS})", step)


def by_element(source: Source, nr: int, valid: int) -> Lines:
    """As `panel_text`, for any strides."""
    taps, rows = len(source.offsets), source.rows
    places = ", ".join(map(str, source.offsets))
    move = (
        f"to[(t * {rows} + r) * {nr} + j] = j < {valid} ? from[j * {source.column}L + r * {source.row}L + taps[t]] : 0;"
    )
    inner = loop("t", 0, taps, loop("r", 0, rows, loop("j", 0, nr, move)))
    return [f"static const long taps[] = {{{places}}};", *inner]
