"""Products of matrices that a worker holds in its own memory: the right one packed, the left one read by its strides."""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop
from graphnn.backends.native.kernels.matrix_blocking import main_tile
from graphnn.backends.native.kernels.matrix_tile import Finish, Tile, tile_function
from graphnn.backends.native.kernels.packing import pack_panel
from graphnn.backends.native.toolchain.machine import Machine


class Panels(NamedTuple):
    """A right matrix of `n` columns at the C pointer `place`, with room for `k` rows."""

    machine: Machine
    place: str
    k: int
    n: int

    @property
    def vectors(self) -> int:
        return main_tile(self.machine, self.n)[1]

    @property
    def width(self) -> int:
        return self.vectors * self.machine.lanes

    @property
    def number(self) -> int:
        return -(-self.n // self.width)

    @property
    def size(self) -> int:
        return self.number * self.width * self.k

    def rows(self, most: int) -> int:
        """Of a register tile, for a left matrix of at most so many."""
        return min(main_tile(self.machine, self.n)[0], most)

    def pieces(self) -> list[tuple[int, int, int]]:
        """First panel, the one after the last, and their columns: whole ones, and a narrower one."""
        whole, rest = divmod(self.n, self.width)
        found = [(0, whole, self.width), (whole, whole + 1, rest)]
        return [(low, high, columns) for low, high, columns in found if low < high and columns]

    def packed(self, source: str, k_stride: int, n_stride: int, k: str, helpers: dict[str, None]) -> Lines:
        """Fills the panels with `k` rows of the matrix at `source`."""
        lines: Lines = []
        for low, high, columns in self.pieces():
            name, made = pack_panel("f32", k_stride, n_stride, self.width, columns, self.machine.lanes)
            helpers[made] = None
            to, from_ = f"{self.place} + i * {self.k * self.width}L", f"{source} + i * {self.width * n_stride}L"
            lines += loop("i", low, high, f"{name}({to}, {from_}, {k});")
        return lines


class Times(NamedTuple):
    """left x panels, for left matrices of any of the `heights` (the C expression `m` of them is one).

    The result goes through `finish`, at offsets from the C expression `at` on, rows `columns` apart; `whole`: there is
    room for whole vectors at the end of its rows. `acc` is a C pointer that finish may name; or sums over several ranges
    of k rest there, `sums` floats for each of the tiles.
    """

    left: str
    left_strides: tuple[int, int]
    panels: Panels
    heights: tuple[int, ...]
    finish: Finish
    columns: int
    at: str
    whole: bool
    acc: str

    @property
    def rows(self) -> int:
        return self.panels.rows(max(self.heights))

    @property
    def sums(self) -> int:
        """Floats for the sums of all tiles of the highest left matrix."""
        return self.panels.number * -(-max(self.heights) // self.rows) * self.rows * self.panels.width

    def lines(
        self, helpers: dict[str, None], m: str, k: str, *, limit: str = "", first: str = "1", last: str = "1"
    ) -> Lines:
        """`limit`: how many columns are wanted. `first` and `last` say whether the range of k begins or ends the sum."""
        lines: Lines = []
        resting = (first, last) != ("1", "1")
        for low, high, columns in self.panels.pieces():
            bound = f"{high} && i * {self.panels.width} < {limit}" if limit else str(high)
            calls = self._calls(helpers, columns, m, k, resting, first, last)
            lines += loop("i", low, bound, block(f"for (long r = 0; r < {m}; r += {self.rows})", calls))
        return lines

    def _calls(
        self, helpers: dict[str, None], columns: int, m: str, k: str, resting: bool, first: str, last: str
    ) -> Lines:
        p, rows = self.panels, self.rows
        acc = self.acc
        if resting:
            acc += f" + (i * {-(-max(self.heights) // rows)} + r / {rows}) * {rows * p.width}"
        given = f"p, {self.left} + r * {self.left_strides[0]}L, {p.place} + i * {p.k * p.width}L, {k}, {acc}"
        given += f", {first}, {last}, {self.at} + r * {self.columns}L + i * {p.width}, i * {p.width}"
        lines: Lines = []
        found = {min(rows, h) for h in self.heights} | {h % rows for h in self.heights} - {0}
        for height in sorted(found, reverse=True):
            tail = 0 if self.whole else columns % p.machine.lanes
            shape = (height, -(-columns // p.machine.lanes), p.machine.lanes, tail)
            tile = Tile("f32", *shape, self.left_strides, p.width, True, self.columns)
            name, made = tile_function(tile, self.finish, False)
            helpers[made] = None
            condition = f"if ({m} - r >= {height}) " if len(found) > 1 else ""
            lines.append(f"{'else ' if lines else ''}{condition}{name}({given});")
        return flat(lines)
