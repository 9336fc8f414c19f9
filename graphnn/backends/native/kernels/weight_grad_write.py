"""The sums of a weight's gradient, [slice][row][column], added up over the slices and written as [column][row]."""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, cut, loop, text
from graphnn.backends.native.kernels.packing import turned_square
from graphnn.backends.native.step import Operand, Phase, Step

ROWS = 64  # turned round at once
SLACK = 3  # rows that squares read beyond the last one


def add_slices(sums: Operand, size: int, slices: int, lanes: int) -> Phase:
    """All slices into the first, in their order."""
    terms = "".join(f" + gn_load_f32v(at + {s * size}L)" for s in range(1, slices))
    move = [f"float *at = {sums.pointer} + i * {lanes};", f"gn_store_f32v(at, gn_load_f32v(at){terms});"]
    parts = max(1, min(4, size * slices // 16384))
    body = text(cut(size // lanes, parts), loop("i", "from", "to", move))
    return Phase(body, parts, 0.03 * size * slices)


class Columns(NamedTuple):
    """Of each group `wanted` columns are there, of `padded`."""

    groups: int
    wanted: int
    padded: int


def turn_sums(step: Step, sums: Operand, rows: int, columns: Columns) -> Phase:
    """Four columns at a time."""
    lanes = step.machine.lanes
    groups, wanted, padded = columns
    fours = -(-wanted // 4)  # of a group
    parts = max(1, min(16, groups * fours, groups * wanted * rows // 4096))
    loads = [f"from + (k + {i}) * {groups * padded}L" for i in range(4)]
    stores = [f"held + {j * ROWS} + k" for j in range(4)]
    turn = loop("k", 0, "count", turned_square(loads, stores))
    turn[0] = "for (long k = 0; k < count; k += 4) {"
    chunk: Lines = [
        f"const long count = {rows} - k0 < {ROWS} ? {rows} - k0 : {ROWS};",
        f"const float *const from = {sums.pointer} + k0 * {groups * padded}L + group * {padded} + four;",
        *turn,
        *loop("j", 0, f"4 && four + j < {wanted}", _written(step, rows, wanted, lanes)),
    ]
    place = f"const long group = q / {fours}, four = q % {fours} * 4;"
    lines = [place, f"float held[{4 * ROWS}];", *block(f"for (long k0 = 0; k0 < {rows}; k0 += {ROWS})", chunk)]
    body = text(cut(groups * fours, parts), loop("q", "from", "to", lines))
    return Phase(body, parts, 0.6 * groups * wanted * rows, ('#include "squares.h"',))


def _written(step: Step, rows: int, wanted: int, lanes: int) -> Lines:
    offset = f"(group * {wanted} + four + j) * {rows}L + k0 + k"
    value = f"gn_load_f32v(held + j * {ROWS} + k)"
    lines = [
        "long k = 0;",
        f"for (; k + {lanes} <= count; k += {lanes}) {{ {step.store(value, offset, '0', 'v')} }}",
    ]
    if rows % lanes:
        lines.append(f"if (k < count) {{ {step.store(value, offset, '0', 'v', n='(count - k)')} }}")
    return lines
