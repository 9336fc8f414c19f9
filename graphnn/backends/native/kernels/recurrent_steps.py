"""The loop over time of recurrent layers as C: packed weights, and a step's work for the rows that a part has.

Sequences do not depend on each other: where there are many, parts split the batch, and each part walks through all steps
on its own. Where there are few, parts split the hidden units, and meet after every step: a phase that is run again and
again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, cut, flat, loop, text
from graphnn.backends.native.kernels.matrix_blocking import main_tile, nanoseconds, tiles_of
from graphnn.backends.native.kernels.matrix_tile import Finish, Tile, tile_function
from graphnn.backends.native.kernels.packing import pack_panel
from graphnn.backends.native.step import Operand, Phase
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.value import Node
from graphnn.ops.recurrence import Span, spans_of

PART_ROWS = 4  # sequences that are worth a part of their own
MANY = 24  # sequences with which products run at full speed where threads share them out
MEETING = 1400.0  # nanoseconds of work for which it is not worth meeting other threads
WAIT = 4  # cycles until a sum can be added to again; two vectors are multiplied or loaded in each
INCLUDES = ('#include "vmath.h"', '#include "squares.h"')
Load = Callable[[str], str]
Save = Callable[[str, str], str]
Gates = Callable[[Load, Save], Lines]
Helpers = dict[str, None]


class Weights(NamedTuple):
    """A product's right matrix, (k, gates * n), and where its panels are packed: `width` columns of each gate side by side.
    None for a matrix that comes packed."""

    matrix: Operand | None
    panels: Operand
    k: int
    n: int
    gates: int
    k_stride: int
    n_stride: int
    width: int

    @property
    def row(self) -> int:
        """Floats of a panel's row."""
        return self.gates * self.width

    @property
    def panel(self) -> str:
        """Where panel `i` begins, in C."""
        return f"{self.panels.pointer} + i * {self.row * self.k}L"


class Product(NamedTuple):
    """Rows times weights. `left` is the C expression of a tile's first row, the rows lie `left_step` apart; `finish` gets
    offsets from the row `row0`."""

    weights: Weights
    left: str
    left_step: int
    finish: Finish


class Cut(NamedTuple):
    """Parts; `rows` of a step's tile and its `vectors` of units of each gate; `wide`: vectors of the inputs' panels. With
    `units` the parts split the hidden units, otherwise the sequences. How many parts there are changes no bit of the
    results."""

    parts: int
    rows: int
    vectors: int
    units: bool = False
    wide: int = 1

    @property
    def grain(self) -> int:
        """Vectors of hidden units that a part has at least."""
        return max(self.vectors, self.wide)


def spans(node: Node) -> list[Span]:
    """The rows of each step of a layer, or of what goes through its steps: the first operand has them."""
    x = node.inputs[0]
    assert x is not None
    return spans_of(x.type, node.attrs["batch_sizes"], node.attrs["reverse"])


def are_even(spans: list[Span]) -> bool:
    """Whether every step has the same number of sequences."""
    return len({stop - start for start, stop in spans}) <= 1


def cut_sequences(machine: Machine, batch: int, hidden: int, gates: int) -> Cut:
    parts = max(1, min(machine.threads, batch // PART_ROWS))
    most = max(1, -(-hidden // machine.lanes))
    return Cut(parts, *_tile(machine, -(-batch // parts), gates, [v for v in (1, 2, 4, 8) if v <= most]))


def cut_steps(machine: Machine, spans: list[Span], hidden: int, gates: int) -> Cut:
    """How a layer is cut: by units where every step has the same few sequences, and is worth the meeting of the threads.
    Which way does not depend on how many there are, since inputs are summed up in another order."""
    batch, lanes = max(stop - start for start, stop in spans), machine.lanes
    even = [v for v in (1, 2, 4, 8) if hidden % (v * lanes) == 0 and hidden >= 2 * v * lanes]
    worth = _step_nanoseconds(machine, batch, hidden, gates * hidden) > MEETING
    if not (even and worth and batch < MANY and len(spans) > 1 and are_even(spans)):
        return cut_sequences(machine, batch, hidden, gates)
    rows, vectors = _tile(machine, batch, gates, even)
    wide = min(even[-1], 2)
    blocks = hidden // (max(vectors, wide) * lanes)
    return Cut(max(1, min(machine.threads, blocks)), rows, vectors, True, wide)


def _step_nanoseconds(machine: Machine, batch: int, k: int, n: int) -> float:
    return nanoseconds(machine, max(batch, 2) * n * (k + 40))  # one row waits for the weights


def _tile(machine: Machine, share: int, gates: int, vectors: list[int]) -> tuple[int, int]:
    """Rows and vectors of each gate of the tile that goes through a part's sequences quickest; the higher one of two."""
    found = []
    for each in vectors:
        sums = each * gates
        for most in range(1, 15):
            if most * sums + min(most, sums) + 1 <= machine.registers or (most, each) == (1, 1):
                tiles, rows, larger = tiles_of(share, most)
                time = larger * _cycles(rows + 1, sums) + (tiles - larger) * _cycles(rows, sums)
                found.append((time / each, -most, each))
    _, most, each = min(found)
    return -most, each


def _cycles(rows: int, sums: int) -> float:
    """What a tile takes for each value that it adds up."""
    return max(rows * sums / 2, (rows + sums) / 2, WAIT)


def panels_size(width: int, k: int, n: int, gates: int) -> int:
    """Floats of packed weights: `gates` times n columns, each gate in panels of `width` columns."""
    return gates * -(-n // width) * width * k


class Walk(NamedTuple):
    """Steps over the rows of all sequences: `work(low, end, helpers)` gives the lines of a step for the sequences from `low`
    to `end`, of which `start` (and so on) are declared. `inputs` is the product of all rows at once, where the parts of
    a cut by units make it for themselves."""

    machine: Machine
    cut: Cut
    spans: list[Span]
    backward: bool
    weights: Weights
    work: Callable[[str, str, Helpers], Lines]
    begin: Lines  # for each sequence `b`
    end: Lines
    inputs: Product | None = None

    @property
    def batch(self) -> int:
        return max(stop - start for start, stop in self.spans)

    def phases(self, names: Lines) -> list[Phase]:
        """Packing, and the walk; `names` declares what the texts read."""
        return self._by_units(names) if self.cut.units else self._by_sequences(names)

    def _by_sequences(self, names: Lines) -> list[Phase]:
        w, parts = self.weights, self.cut.parts
        multiplications = sum(stop - start for start, stop in self.spans) * w.gates * w.n * (w.k + 40)
        helpers: Helpers = {}
        body = flat(
            names,
            cut(self.batch, parts),
            loop("b", "from", "to", self.begin),
            loop("s", 0, len(self.spans), self._step("from", "to < size ? to : size", helpers)),
            loop("b", "from", "to", self.end) if self.end else [],
        )
        walk = Phase(text(body), parts, nanoseconds(self.machine, multiplications), (*INCLUDES, *helpers))
        return [*self._packing(), walk]

    def _by_units(self, names: Lines) -> list[Phase]:
        """`from` and `to` count pieces of units; `s` is the step."""
        w, parts, helpers = self.weights, self.cut.parts, Helpers()
        cost = _step_nanoseconds(self.machine, self.batch, w.k, w.gates * w.n)
        share = cut(w.k // (self.cut.grain * self.machine.lanes), parts, "share")
        step = self._step("0", str(self.batch), helpers)
        body = flat(f"const long s = part / {parts}, share = part % {parts};", names, share, step)
        walk = Phase(text(body), parts, cost * len(self.spans), (*INCLUDES, *helpers), len(self.spans))
        end = Phase(text(flat(f"const long s = {len(self.spans)};", names, loop("b", 0, self.batch, self.end))))
        return [self._ready(flat("const long s = 0, share = part;", names, share)), walk, *([end] if self.end else [])]

    def _ready(self, head: Lines) -> Phase:
        """Ahead of a walk by units: what each part needs in its own cache."""
        w, helpers = self.weights, Helpers()
        lines = packed(w, self.cut, self.machine, helpers)
        cost = w.k * w.gates * w.n * 0.2 if lines else 0.0
        if self.inputs is not None:
            first, total = self.inputs.weights, len(self.spans) * self.batch
            rows = main_tile(self.machine, 2 * self.machine.lanes)[0]
            lines += packed(first, self.cut, self.machine, helpers)
            lines += products(self.inputs, self.cut, self.machine, Rows("0", str(total), rows, {total}), helpers)
            cost += nanoseconds(self.machine, total * first.gates * first.n * first.k)
        begin = block("if (!part)", loop("b", 0, self.batch, self.begin))
        return Phase(text(flat(head, lines, begin)), self.cut.parts, cost, (*INCLUDES, *helpers))

    def _packing(self) -> list[Phase]:
        w, helpers = self.weights, Helpers()
        lines = packed(w, self.cut, self.machine, helpers)
        return [Phase(text(lines), 1, w.k * w.gates * w.n * 0.2, (*INCLUDES, *helpers))] if lines else []

    def _step(self, low: str, end: str, helpers: Helpers) -> Lines:
        order = f"{len(self.spans) - 1} - s" if self.backward else "s"
        return flat(
            f"const long k = {order};", self._span(), f"const long end = {end};", self.work(low, "end", helpers)
        )

    def _span(self) -> Lines:
        """Declares `start` and `size`, the step's rows, and those of the step before: `earlier` and `known`."""
        starts = [start for start, _ in self.spans]
        sizes = [stop - start for start, stop in self.spans]
        if not are_even(self.spans):
            lines = [f"static const long starts[] = {{{', '.join(map(str, starts))}}};"]
            lines.append(f"static const long sizes[] = {{{', '.join(map(str, sizes))}}};")
            lines.append("const long start = starts[k], size = sizes[k];")
            return [*lines, "const long earlier = k ? starts[k - 1] : 0, known = k ? sizes[k - 1] : 0;"]
        step = starts[1] - starts[0] if len(starts) > 1 else 0
        lines = [f"const long start = {starts[0]} + k * {step}L, size = {sizes[0]};"]
        return [*lines, f"const long earlier = start - {step}, known = k ? {sizes[0]} : 0;"]


class Rows(NamedTuple):
    """The rows from `low` to `end`, in tiles of nearly equal height, at most `most`; `counts` are all numbers of rows that
    there can be."""

    low: str
    end: str
    most: int
    counts: set[int]

    @property
    def heights(self) -> list[int]:
        """All that tiles can have."""
        tiles = {count: -(-count // self.most) for count in self.counts if count > 0}
        return sorted({h for count, n in tiles.items() for h in (count // n, -(-count // n))})

    def over(self, lines: Lines) -> Lines:
        """Lines for each tile: `m` rows from `row0` on."""
        low, many = self.low, f"({self.end} - {self.low})"
        return block(
            f"for (long tile = 0, tiles = ({many} + {self.most - 1}) / {self.most}; tile < tiles; tile++)",
            f"const long row0 = {low} + tile * {many} / tiles, m = {low} + (tile + 1) * {many} / tiles - row0;",
            lines,
        )


def rows_of(cut: Cut, spans: list[Span], low: str, end: str) -> Rows:
    """The rows that a part has at a step."""
    parts = 1 if cut.units else cut.parts
    batch, sizes = max(b - a for a, b in spans), {b - a for a, b in spans}
    bounds = [(part * batch // parts, (part + 1) * batch // parts) for part in range(parts)]
    return Rows(low, end, cut.rows, {min(high, size) - first for size in sizes for first, high in bounds})


def over_blocks(w: Weights, cut: Cut, lanes: int, each: Callable[[int], Lines]) -> Lines:
    """Lines for each block `i` of a gate's columns, given how many columns it has; of a cut by units for the part's."""
    if cut.units:
        pieces = cut.grain * lanes // w.width
        return loop("i", f"from * {pieces}", f"to * {pieces}", each(w.width))
    whole, tail = divmod(w.n, w.width)
    lines = loop("i", 0, whole, each(w.width)) if whole else []
    return lines + (block("", f"const long i = {whole};", each(tail)) if tail else [])


def packed(w: Weights, cut: Cut, machine: Machine, helpers: Helpers) -> Lines:
    """Packs the part's panels, or all of them."""
    matrix = w.matrix
    if matrix is None:
        return []

    def each(columns: int) -> Lines:
        name, made = pack_panel("f32", w.k_stride, w.n_stride, w.width, columns, machine.lanes, w.row)
        helpers[made] = None
        source = f"{matrix.pointer} + (gate * {w.n} + i * {w.width}) * {w.n_stride}L"
        return loop("gate", 0, w.gates, f"{name}({w.panel} + gate * {w.width}, {source}, {w.k});")

    return over_blocks(w, cut, machine.lanes, each)


def products(product: Product, cut: Cut, machine: Machine, rows: Rows, helpers: Helpers) -> Lines:
    """A panel stays in the cache while all the part's tiles use it."""
    w, lanes = product.weights, machine.lanes
    total = w.gates * w.n

    def each(columns: int) -> Lines:
        calls = [f"const long column = gate * {w.n} + i * {w.width};"]
        panel = f"{w.panel} + gate * {w.width}"
        for height in rows.heights:
            shape = (height, -(-columns // lanes), lanes, columns % lanes)
            tile = Tile("f32", *shape, (product.left_step, 1), w.row, True, total)
            name, made = tile_function(tile, product.finish, False)
            helpers[made] = None
            call = f"{name}(p, {product.left}, {panel}, {w.k}, 0, 1, 1, row0 * {total}L + column, column);"
            calls.append(f"if (m == {height}) {call}")
        return loop("gate", 0, w.gates, rows.over(calls))

    return over_blocks(w, cut, lanes, each)


def over_units(hidden: int, lanes: int, gates: Gates) -> Lines:
    """The gates' lines for the hidden units `j`, a vector at a time, and a ragged rest."""
    whole, tail = hidden // lanes * lanes, hidden % lanes
    lines: Lines = []
    if whole:
        lines += block(f"for (long j = 0; j < {whole}; j += {lanes})", gates(*access(None)))
    if tail:
        lines += block("", f"const long j = {whole};", gates(*access(tail)))
    return lines


def access(lanes: int | None) -> tuple[Load, Save]:
    """How vectors at `j` are loaded and stored, or so many lanes of them."""
    if lanes is None:
        return lambda x: f"gn_load_f32v({x} + j)", lambda x, v: f"gn_store_f32v({x} + j, {v});"
    return (
        lambda x: f"gn_load_part_f32v({x} + j, {lanes})",
        lambda x, v: f"gn_store_part_f32v({x} + j, {v}, {lanes});",
    )
