"""The loops around the register tile: batches, blocks of k, panels, tiles.

Measured on one core with 256-bit vectors, at a peak of 98 GFLOP/s: 85 to 94 for 196x256x2304, 84 for 64x512x784, 86 to 89
for 1024 cubed (35 to 60 before rows 4 kB apart were copied side by side: they fell on the same lines of the caches).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text, unravel
from graphnn.backends.native.kernels.matrix_blocking import Blocking
from graphnn.backends.native.kernels.matrix_tile import Finish, Tile, tile_function
from graphnn.backends.native.kernels.packing import copy_strip, pack_panel, pack_strip
from graphnn.backends.native.kernels.product import Product

TOGETHER = 4  # values of k
LARGE = 1 << 20  # floats of packed weights that no cache of a core holds: the next panel is asked for early
Text = tuple[str, tuple[str, ...]]  # body and helpers


class Loops(NamedTuple):
    """What the text is made of. `memory` is the C expression of this worker's memory."""

    product: Product
    cut: Blocking
    lanes: int
    memory: str
    finish: Finish
    once: bool

    @property
    def width(self) -> int:
        return self.cut.vectors * self.lanes

    @property
    def c(self) -> str:
        return self.product.left.ctype

    @property
    def tail(self) -> int:
        """Columns of the last panel, 0 if it is as wide as the others."""
        return self.product.n % self.width

    @property
    def highest(self) -> int:
        return self.cut.rows + bool(self.cut.larger)


def matrix_text(it: Loops) -> Text:
    """The body of a part, and its helpers."""
    made = _Functions(it)
    p, cut = it.product, it.cut
    inside = _blocks(it, made) if cut.depth < p.k or cut.splits > 1 else _one_block(it, made)
    each = flat(unravel(p.batch, ("a_at", "b_at"), "batch"), _pointers(it), inside)
    body = flat(_ranges(it), loop("batch", "batch0", "batch1", each))
    return text(body), ('#include "squares.h"', *made.texts)


def _ranges(it: Loops) -> Lines:
    cut = it.cut
    rows, columns, batches = cut.row_parts, cut.column_parts, cut.batch_parts
    at = "0" if cut.splits > 1 else "part"
    lines = [
        f"const long across = {at} % {columns}, down = {at} / {columns} % {rows}, group = {at} / {rows * columns};"
    ]
    lines.append(_range("batch", "group", it.product.batches, batches))
    lines.append(
        f"const long tile0 = 0, tile1 = {cut.tiles};" if cut.shares else _range("tile", "down", cut.tiles, rows)
    )
    lines.append(_range("panel", "across", cut.panels, columns))
    if cut.packed:
        lines.append(f"{it.c} *const memory = {it.memory};")
    return lines


def _range(name: str, part: str, size: int, parts: int) -> str:
    return f"const long {name}0 = {part} * {size} / {parts}, {name}1 = ({part} + 1) * {size} / {parts};"


def _pointers(it: Loops) -> Lines:
    p = it.product
    return [
        f"const {it.c} *const a = {p.left.pointer} + a_at, *const b = {p.right.pointer} + b_at;",
        f"const long out = {'part' if it.cut.splits > 1 else 'batch'} * {p.m * p.n}L;",
    ]


def _one_block(it: Loops, made: _Functions) -> Lines:
    return flat(f"const long k = 0, n = {it.product.k};", "const int first = 1, last = 1;", _block(it, made))


def _blocks(it: Loops, made: _Functions) -> Lines:
    depth, k = it.cut.depth, it.product.k
    low, high = "0", str(k)
    if it.cut.splits > 1:
        low, high = f"part * {k}L / {it.cut.splits}", f"(part + 1) * {k}L / {it.cut.splits}"
    sizes = [
        f"const long n = high - k < {depth} ? high - k : {depth};",
        "const int first = k == low, last = k + n == high;",
    ]
    return flat(
        f"const long low = {low}, high = {high};",
        block(f"for (long k = low; k < high; k += {depth})", sizes, _block(it, made)),
    )


def _block(it: Loops, made: _Functions) -> Lines:
    strips = _strips(it, made) if it.cut.strips else []
    return flat(strips, loop("panel", "panel0", "panel1", _panel(it, made)))


def _strips(it: Loops, made: _Functions) -> Lines:
    """Packs the part's strips. Of rows that lie across memory, a few values of k of all tiles come first: neighbouring
    tiles share cache lines, and lines far apart push each other out."""
    if it.product.left_m != 1 or it.product.left_k == 1:
        return _tiles(it, lambda rows: [_pack_strip(it, made, rows, "0", "n")])
    few = f"n - some < {TOGETHER} ? n - some : {TOGETHER}"
    tiles = _tiles(it, lambda rows: [_pack_strip(it, made, rows, "some", few)])
    return block(f"for (long some = 0; some < n; some += {TOGETHER})", tiles)


def _tiles(it: Loops, each: Callable[[int], Lines]) -> Lines:
    """A loop over the part's tiles, where `each` gives the statements of one of so many rows."""
    cut = it.cut
    first = f"down * {it.product.m // cut.shares} + " if cut.shares else ""
    lines = [f"const long row = {first}tile * {cut.rows} + {_least('tile', cut.larger)};"]
    if cut.larger:
        lines += [*block(f"if (tile < {cut.larger})", each(cut.rows + 1)), *block("else", each(cut.rows))]
    else:
        lines += each(cut.rows)
    return loop("tile", "tile0", "tile1", lines)


def _least(name: str, most: int) -> str:
    return f"({name} < {most} ? {name} : {most})" if most else "0"


def _strip(it: Loops) -> str:
    return f"memory + {it.cut.depth * it.width} + (tile - tile0) * {it.highest * it.cut.depth}"


def _pack_strip(it: Loops, made: _Functions, rows: int, first: str, count: str) -> str:
    p = it.product
    to, start = (_strip(it), "k") if first == "0" else (f"{_strip(it)} + {first} * {rows}", f"(k + {first})")
    return f"{made.strip(rows)}({to}, a + row * {p.left_m}L + {start} * {p.left_k}L, {count});"


def _panel(it: Loops, made: _Functions) -> Lines:
    """Packs the panel if panels are packed, and goes through the tiles."""
    p, cut = it.product, it.cut
    lines = [f"const long column = panel * {it.width};"]
    source = f"b + column * {p.right_n}L + k * {p.right_k}L"
    if p.panels:
        source = f"b + panel * {p.k * it.width}L + k * {it.width}L"
    elif cut.packed:
        lines += _either(it, lambda columns: [f"{made.panel(columns)}(memory, {source}, n);"])
        source = "memory"
    calls = _either(it, lambda columns: _tiles(it, lambda rows: [_call(it, made, rows, columns, source)]))
    return [*lines, *calls]


def _either(it: Loops, each: Callable[[int], Lines]) -> Lines:
    """The statements of a whole panel, or of the last one."""
    if not it.tail:
        return each(it.width)
    if it.cut.panels == 1:
        return each(it.tail)
    return [*block(f"if (panel < {it.cut.panels - 1})", each(it.width)), *block("else", each(it.tail))]


def _call(it: Loops, made: _Functions, rows: int, columns: int, source: str) -> str:
    p, cut = it.product, it.cut
    left = _strip(it) if cut.strips else f"a + row * {p.left_m}L + k * {p.left_k}L"
    acc = f"({it.c} *)0"
    if cut.packed and (cut.depth < p.k or cut.splits > 1):
        strips = f"(tile1 - tile0) * {it.highest * cut.depth}" if cut.strips else "0"
        at = f"((panel - panel0) * (tile1 - tile0) + tile - tile0) * {it.highest * it.width}"
        acc = f"memory + {cut.depth * it.width} + {strips} + {at}"
    function = made.tile(rows, columns)
    return f"{function}(p, {left}, {source}, n, {acc}, first, last, out + row * {p.n}L + column, column);"


class _Functions:
    """The helpers that the loops call, each made when it is first named."""

    def __init__(self, loops: Loops) -> None:
        self.loops = loops
        self.texts: dict[str, None] = {}

    def _keep(self, made: tuple[str, str]) -> str:
        self.texts[made[1]] = None
        return made[0]

    def strip(self, rows: int) -> str:
        p = self.loops.product
        if p.left_k == 1:
            return self._keep(copy_strip(p.kind, p.left_m, rows, self.loops.cut.depth))
        return self._keep(pack_strip(p.kind, p.left_m, p.left_k, rows))

    def panel(self, columns: int) -> str:
        p = self.loops.product
        return self._keep(pack_panel(p.kind, p.right_k, p.right_n, self.loops.width, columns, self.loops.lanes))

    def tile(self, rows: int, columns: int) -> str:
        it, p = self.loops, self.loops.product
        vectors = -(-columns // it.lanes)
        left = (p.left_m, p.left_k)
        if it.cut.strips:
            left = (it.cut.depth, 1) if p.left_k == 1 else (1, rows)
        step = it.width if it.cut.packed else p.right_k
        tile = Tile(p.kind, rows, vectors, it.lanes, columns % it.lanes, left, step, it.cut.packed, p.n)
        if p.panels and it.cut.panels * it.width * p.k > LARGE:
            tile = tile._replace(next=p.k * it.width)
        return self._keep(tile_function(tile, it.finish, it.once))
