"""The register tile of matrix products: `rows` x `vectors` accumulators, spelled out.

One function multiplies `rows` rows of the left matrix, read by broadcasts at any compile-time strides, with a panel of
the right one, whose vectors lie `panel_step` elements apart from one k to the next: packed side by side, or rows of
the matrix itself. A sum over k that is cut into blocks rests in `acc` in between; the last block ends in the store.
On 16 registers 6 x 2 vectors reach the peak of the multipliers: 12 sums, 2 vectors of the panel, 1 broadcast.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text

AHEAD = 8  # rows
Finish = Callable[[str, str, str, "str | None"], str]  # (value, offset, channel, lanes) -> statements


class Tile(NamedTuple):
    """`tail` lanes of the last vector are columns of the result (0: all); `left` strides are of (row, k)."""

    kind: str  # "f32" or "f64"
    rows: int
    vectors: int
    lanes: int
    tail: int
    left: tuple[int, int]
    panel_step: int
    padded: bool  # the panel can be read beyond its last column
    columns: int  # of the whole result: what lies between two of its rows
    offsets: tuple[int, ...] = ()  # of the panel's vectors, where they do not lie side by side
    next: int = 0  # how far away lies what is read after the panel and shall be asked for now (0: nothing is)

    @property
    def c(self) -> str:
        return "float" if self.kind == "f32" else "double"


def tile_function(tile: Tile, finish: Finish, once: bool) -> tuple[str, str]:
    """Name and text of `void f(char **p, const T *a, const T *b, long n, T *acc, int first, int last, long at, long
    column)`: `at` is the offset of the tile's first element in the result. `once`: the finish is long, write it once."""
    body = [f"{tile.kind}v {sum_names(tile)};", *_start(tile), *product_loop(tile), *_end(tile, finish, once)]
    inside = text(body)
    name = f"gn_tile_{tile.rows}x{tile.vectors}_{hashlib.sha256(inside.encode()).hexdigest()[:10]}"
    head = (
        f"static __attribute__((noinline, unused)) void {name}(char **p, const {tile.c} *a, const {tile.c} *b, long n,"
        f" {tile.c} *acc, int first, int last, long at, long column)"
    )
    return name, f"{head}\n{{\n{inside}\n}}"


def _each(tile: Tile) -> list[tuple[int, int]]:
    return [(i, j) for i in range(tile.rows) for j in range(tile.vectors)]


def sum_names(tile: Tile) -> str:
    return ", ".join(f"c{i}_{j}" for i, j in _each(tile))


def _start(tile: Tile) -> Lines:
    zero = " = ".join(f"c{i}_{j}" for i, j in _each(tile)) + f" = ({tile.kind}v){{0}};"
    return ["if (first) {", f"    {zero}", "} else {", *_places(tile, "c{i}_{j} = gn_load_{T}v(acc + {at});"), "}"]


def _places(tile: Tile, form: str) -> Lines:
    lanes, vectors = tile.lanes, tile.vectors
    return ["    " + form.format(i=i, j=j, T=tile.kind, at=(i * vectors + j) * lanes) for i, j in _each(tile)]


def product_loop(tile: Tile) -> Lines:
    """Adds up `n` values of k, from `a` and `b` on."""
    row, k = tile.left
    rows = [[f"const {tile.kind}v a{i} = gn_splat_{tile.kind}v(a[{i * row}]);"] for i in range(tile.rows)]
    keep = "gn_in_register(b{0});" if tile.kind == "f32" else ""
    panel = [[f"{tile.kind}v b{j} = {_panel(tile, j)};", keep.format(j)] for j in range(tile.vectors)]
    fewer, more = (rows, panel) if tile.rows < tile.vectors else (panel, rows)  # fewer stay in registers
    lines = _ahead(tile, tile.next) if tile.next else [] if tile.padded else _ahead(tile, AHEAD * tile.panel_step)
    lines += flat(*fewer)
    for at, load in enumerate(more):
        pairs = [(i, at) for i in range(tile.rows)] if more is panel else [(at, j) for j in range(tile.vectors)]
        lines += [*load, *(f"c{i}_{j} += a{i} * b{j};" for i, j in pairs)]
    return block(f"for (; n > 0; n--, a += {k}, b += {tile.panel_step})", lines)


def _ahead(tile: Tile, far: int) -> Lines:
    """Asks for what is so far away before it is needed: it lies too far apart for the processor to guess."""
    line = 16 if tile.kind == "f32" else 8
    places = range(0, tile.vectors * tile.lanes, line)
    return [f"__builtin_prefetch(b + {far + at});" for at in places]


def _panel(tile: Tile, j: int) -> str:
    at = f"b + {tile.offsets[j] if tile.offsets else j * tile.lanes}"
    if tile.tail and not tile.padded and j == tile.vectors - 1:
        return f"gn_load_part_{tile.kind}v({at}, {tile.tail})"
    return f"gn_load_{tile.kind}v({at})"


def _end(tile: Tile, finish: Finish, once: bool) -> Lines:
    keep = _places(tile, "gn_store_{T}v(acc + {at}, c{i}_{j});")
    if once:
        room = f"{tile.c} done[{tile.rows * tile.vectors * tile.lanes}];"
        return flat(room, "if (last) acc = done;", keep, "if (!last) return;", _rolled(tile, finish))
    stores = [
        finish(f"c{i}_{j}", f"at + {i * tile.columns + j * tile.lanes}", f"column + {j * tile.lanes}", _lanes(tile, j))
        for i, j in _each(tile)
    ]
    return flat(block("if (!last)", keep, "return;"), stores)


def _lanes(tile: Tile, j: int) -> str | None:
    return str(tile.tail) if tile.tail and j == tile.vectors - 1 else None


def _rolled(tile: Tile, finish: Finish) -> Lines:
    """The finish in a loop over rows and whole vectors, and in one over rows for the last, ragged vector."""
    lines, lanes = [], tile.lanes
    whole = tile.vectors - bool(tile.tail)
    value = f"gn_load_{tile.kind}v(done + (i * {tile.vectors} + j) * {lanes})"
    at, column = f"at + i * {tile.columns} + j * {lanes}", f"column + j * {lanes}"
    if whole:
        lines += loop("i", 0, tile.rows, loop("j", 0, whole, finish(value, at, column, None)))
    if tile.tail:
        lines += loop("i", 0, tile.rows, f"const long j = {whole};", finish(value, at, column, str(tile.tail)))
    return lines
