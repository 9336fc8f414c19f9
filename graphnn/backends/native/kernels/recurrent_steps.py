"""The loop over time of recurrent layers as C: a step's product with the packed weights, then the gates, tile by tile.

Sequences do not depend on each other: parts split the batch, and each part walks through all steps on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, cut, flat, loop, text
from graphnn.backends.native.kernels.matrix_blocking import main_tile, nanoseconds
from graphnn.backends.native.kernels.matrix_tile import Finish, Tile, tile_function
from graphnn.backends.native.kernels.packing import pack_panel
from graphnn.backends.native.step import Operand, Phase
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ops.recurrence import Span

PART_ROWS = 4  # sequences that are worth a part of their own
Load = Callable[[str], str]
Save = Callable[[str, str], str]
Gates = Callable[[Load, Save], Lines]


class Weights(NamedTuple):
    """A product's right matrix, (k, n), and where its panels are packed."""

    matrix: Operand
    panels: Operand
    k: int
    n: int
    k_stride: int
    n_stride: int


def part_count(machine: Machine, batch: int) -> int:
    """Sequences are the same to the bit, however they are shared out."""
    return max(1, min(machine.threads, batch // PART_ROWS))


def step_tile(machine: Machine, batch: int, n: int) -> tuple[int, int]:
    """Rows and vectors of a step's tile: a part's sequences are cut into nearly equal ones."""
    most, vectors = main_tile(machine, n)
    share = -(-batch // part_count(machine, batch))
    rows = -(-share // -(-share // most))
    if rows < most:
        room = max(1, min(8, (machine.registers - 4) // rows))
        vectors = min(-(-n // machine.lanes), room if room == 3 else 1 << room.bit_length() - 1)
    return rows, vectors


def panels_size(machine: Machine, batch: int, k: int, n: int) -> int:
    width = step_tile(machine, batch, n)[1] * machine.lanes
    return -(-n // width) * width * k


class Walk(NamedTuple):
    """Steps over the rows of all sequences. `left` is the C expression of the rows (of a step's first sequence) that are
    multiplied, `left_step` apart; `finish` gets offsets from the step's first row, `columns` apart."""

    machine: Machine
    spans: list[Span]
    backward: bool
    weights: Weights
    left: str
    left_step: int
    columns: int
    finish: Finish
    begin: Lines  # for each sequence `b`
    before: Lines  # for each row, ahead of the product: `b`, `row` are its sequence and its row among all
    after: Lines
    end: Lines
    to_state: bool  # whether products go to a row a sequence, and not to the rows of all steps

    @property
    def batch(self) -> int:
        return max(stop - start for start, stop in self.spans)

    def phases(self, names: Lines) -> list[Phase]:
        """Packing, and the walk; `names` declares what the texts read."""
        w, machine = self.weights, self.machine
        rows, vectors = step_tile(machine, self.batch, w.n)
        work = sum(stop - start for start, stop in self.spans) * w.n * (w.k + 40)
        parts = part_count(machine, self.batch)
        helpers: dict[str, None] = {}
        body = flat(
            names,
            cut(self.batch, parts),
            loop("b", "from", "to", self.begin),
            self._steps(rows, vectors, helpers),
            loop("b", "from", "to", self.end) if self.end else [],
        )
        pack = self._packing(vectors)
        return [pack, Phase(text(body), parts, nanoseconds(machine, work), ('#include "vmath.h"', *helpers))]

    def _packing(self, vectors: int) -> Phase:
        w, lanes = self.weights, self.machine.lanes
        width, helpers = vectors * lanes, []
        lines: Lines = []
        for low, high in ((0, w.n // width), (w.n // width, -(-w.n // width))):
            if low == high:
                continue
            name, made = pack_panel("f32", w.k_stride, w.n_stride, width, min(width, w.n - low * width), lanes)
            helpers.append(made)
            call = f"{name}({w.panels.pointer} + i * {width * w.k}L, {w.matrix.pointer} + i * {width * w.n_stride}L, {w.k});"
            lines += loop("i", low, high, call)
        return Phase(text(lines), 1, w.k * w.n * 0.2, ('#include "squares.h"', *helpers))

    def _steps(self, rows: int, vectors: int, helpers: dict[str, None]) -> Lines:
        count = len(self.spans)
        order = f"{count - 1} - s" if self.backward else "s"
        head = [f"const long k = {order};", *self._span(), "const long end = to < size ? to : size;"]
        tiles = f"for (long row0 = from; row0 < end; row0 += {rows})"
        size = f"const long m = end - row0 < {rows} ? end - row0 : {rows};"
        ahead = block(tiles, size, self._rows(self.before)) if self.before else []
        return loop(
            "s", 0, count, head, ahead,
            self._products(rows, vectors, lambda calls: block(tiles, size, calls), helpers),
            block(tiles, size, self._rows(self.after)),
        )  # fmt: skip

    def _span(self) -> Lines:
        """Declares `start` and `size`, the step's rows, and those of the step before: `earlier` and `known`."""
        starts = [start for start, _ in self.spans]
        sizes = [stop - start for start, stop in self.spans]
        if len(set(sizes)) > 1:
            lines = [f"static const long starts[] = {{{', '.join(map(str, starts))}}};"]
            lines.append(f"static const long sizes[] = {{{', '.join(map(str, sizes))}}};")
            lines.append("const long start = starts[k], size = sizes[k];")
            return [*lines, "const long earlier = k ? starts[k - 1] : 0, known = k ? sizes[k - 1] : 0;"]
        step = starts[1] - starts[0] if len(starts) > 1 else 0
        lines = [f"const long start = {starts[0]} + k * {step}L, size = {sizes[0]};"]
        return [*lines, f"const long earlier = start - {step}, known = k ? {sizes[0]} : 0;"]

    def _rows(self, body: Lines) -> Lines:
        return loop("b", "row0", "row0 + m", "const long row = start + b;", body) if body else []

    def _products(
        self, rows: int, vectors: int, over_tiles: Callable[[Lines], Lines], helpers: dict[str, None]
    ) -> Lines:
        """A panel stays in the cache while all the part's tiles use it."""
        w, lanes = self.weights, self.machine.lanes
        width = vectors * lanes
        heights = self._heights(rows)
        lines: Lines = []
        for low, high in ((0, w.n // width), (w.n // width, -(-w.n // width))):
            if low == high:
                continue
            columns, calls = min(width, w.n - low * width), []
            for height in sorted(heights):
                left = (self.left_step, 1)
                tail = columns % lanes
                tile = Tile("f32", height, -(-columns // lanes), lanes, tail, left, width, True, self.columns)
                name, made = tile_function(tile, self.finish, False)
                helpers[made] = None
                calls.append(f"if (m == {height}) {name}({self._arguments(width)});")
            lines += loop("i", low, high, over_tiles(calls))
        return lines

    def _heights(self, rows: int) -> set[int]:
        """All that tiles can have: those of each part's sequences at each step."""
        parts = part_count(self.machine, self.batch)
        bounds = [(part * self.batch // parts, (part + 1) * self.batch // parts) for part in range(parts)]
        ends = [(low, min(high, size)) for size in {b - a for a, b in self.spans} for low, high in bounds]
        return {min(rows, end - row) for low, end in ends for row in range(low, end, rows)}

    def _arguments(self, width: int) -> str:
        w = self.weights
        first = "row0" if self.to_state else "(start + row0)"
        panel = f"{w.panels.pointer} + i * {width * w.k}L"
        return f"p, {self.left}, {panel}, {w.k}, 0, 1, 1, {first} * {self.columns}L + i * {width}, i * {width}"


def over_units(hidden: int, lanes: int, gates: Gates) -> Lines:
    """The gates' lines for all hidden units `j`, a vector at a time, and a ragged rest."""
    whole, tail = hidden // lanes * lanes, hidden % lanes
    lines: Lines = []
    if whole:
        body = gates(lambda x: f"gn_load_f32v({x} + j)", lambda x, v: f"gn_store_f32v({x} + j, {v});")
        lines += block(f"for (long j = 0; j < {whole}; j += {lanes})", body)
    if tail:
        body = gates(
            lambda x: f"gn_load_part_f32v({x} + j, {tail})", lambda x, v: f"gn_store_part_f32v({x} + j, {v}, {tail});"
        )
        lines += block("", f"const long j = {whole};", body)
    return lines
