"""The loop over time of recurrent layers as C: a step's product with the packed weights, then the gates, tile by tile.

Sequences do not depend on each other: where there are many, parts split the batch, and each part walks through all steps
on its own. Where there are few, parts split the hidden units, and meet after every step: a phase that is run again and
again.
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
from graphnn.ir.value import Node
from graphnn.ops.recurrence import Span, spans_of

PART_ROWS = 4  # sequences that are worth a part of their own
MANY = 24  # sequences with which products run at full speed where threads share them out
MEETING = 1400.0  # nanoseconds of work for which it is not worth meeting other threads
INCLUDES = ('#include "vmath.h"', '#include "squares.h"')
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


class Product(NamedTuple):
    """Rows times weights. `left` is the C expression of a tile's first row, the rows lie `left_step` apart; `finish` gets
    offsets from the row that `first` counts to, `columns` apart. `fetch`: where the result lies that it is added to."""

    weights: Weights
    left: str
    left_step: int
    columns: int
    finish: Finish
    first: str
    fetch: str = ""


class Cut(NamedTuple):
    """Parts, and the `rows` and `vectors` of a step's tile. With `units` the parts split the hidden units, in blocks as
    wide as a tile, otherwise the sequences. How many parts there are changes no bit of the results."""

    parts: int
    rows: int
    vectors: int
    units: bool = False


def spans(node: Node) -> list[Span]:
    """The rows of each step of a layer, or of what goes through its steps: the first operand has them."""
    x = node.inputs[0]
    assert x is not None
    return spans_of(x.type, node.attrs["batch_sizes"], node.attrs["reverse"])


def are_even(spans: list[Span]) -> bool:
    """Whether every step has the same number of sequences."""
    return len({stop - start for start, stop in spans}) <= 1


def cut_sequences(machine: Machine, batch: int, n: int) -> Cut:
    parts = max(1, min(machine.threads, batch // PART_ROWS))
    return Cut(parts, *_tile(machine, -(-batch // parts), n))


def cut_steps(machine: Machine, spans: list[Span], hidden: int, n: int) -> Cut:
    """How a layer of `n` gates in all is cut: by units where every step has the same few sequences, and is worth the
    meeting of the threads. Which way does not depend on how many there are, since inputs are summed up in another order."""
    batch, lanes = max(stop - start for start, stop in spans), machine.lanes
    rows, vectors = _tile(machine, batch, n)
    while vectors > 1 and (hidden % (vectors * lanes) or hidden < 2 * vectors * lanes):
        vectors //= 2
    blocks, rest = divmod(hidden, vectors * lanes)
    worth = _step_nanoseconds(machine, batch, hidden, n) > MEETING
    if (
        are_even(spans)
        and len(spans) > 1
        and batch < MANY
        and blocks > 1
        and not rest
        and rows * vectors >= 4
        and worth
    ):
        return Cut(max(1, min(machine.threads, blocks)), rows, vectors, True)
    return cut_sequences(machine, batch, n)


def _step_nanoseconds(machine: Machine, batch: int, k: int, n: int) -> float:
    return nanoseconds(machine, max(batch, 2) * n * (k + 40))  # one row waits for the weights


def _tile(machine: Machine, share: int, n: int) -> tuple[int, int]:
    """Rows and vectors of a step's tile: a part's sequences are cut into nearly equal ones."""
    most, vectors = main_tile(machine, n)
    rows = -(-share // -(-share // most))
    if rows < most:
        room = max(1, min(8, (machine.registers - 4) // rows))
        vectors = min(-(-n // machine.lanes), room if room == 3 else 1 << room.bit_length() - 1)
    return rows, vectors


def panels_size(machine: Machine, cut: Cut, k: int, n: int) -> int:
    width = cut.vectors * machine.lanes
    return -(-n // width) * width * k


class Walk(NamedTuple):
    """Steps over the rows of all sequences. In the texts `start + row0` counts the rows of all steps, `row0` those of a
    step. `inputs` is the product of all rows at once, where the parts of a cut by units make it for themselves."""

    machine: Machine
    cut: Cut
    spans: list[Span]
    backward: bool
    product: Product
    begin: Lines  # for each sequence `b`
    before: Lines  # for each row, ahead of the product: `b`, `row` are its sequence and its row among all
    after: Lines
    end: Lines
    clock: int = -1  # of cuts by units: where the number of the step stands
    inputs: Product | None = None

    @property
    def batch(self) -> int:
        return max(stop - start for start, stop in self.spans)

    def phases(self, names: Lines) -> list[Phase]:
        """Packing, and the walk; `names` declares what the texts read."""
        return self._by_units(names) if self.cut.units else self._by_sequences(names)

    def _by_sequences(self, names: Lines) -> list[Phase]:
        w, parts = self.product.weights, self.cut.parts
        work = sum(stop - start for start, stop in self.spans) * w.n * (w.k + 40)
        helpers: dict[str, None] = {}
        body = flat(
            names,
            cut(self.batch, parts),
            loop("b", "from", "to", self.begin),
            loop("s", 0, len(self.spans), self._step("from", "to < size ? to : size", helpers)),
            loop("b", "from", "to", self.end) if self.end else [],
        )
        walk = Phase(text(body), parts, nanoseconds(self.machine, work), (*INCLUDES, *helpers))
        return [self._packing(), walk]

    def _by_units(self, names: Lines) -> list[Phase]:
        """`from` and `to` count blocks of units, `first` and `last` units; `s` is the step."""
        w, (parts, _, vectors, _) = self.product.weights, self.cut
        width, helpers = vectors * self.machine.lanes, dict[str, None]()
        cost = _step_nanoseconds(self.machine, self.batch, w.k, w.n)
        share = cut(w.k // width, parts)
        body = flat(
            f"const long s = *(int64_t *)p[{self.clock}];",
            names,
            share,
            f"const long first = from * {width}, last = to * {width};",
            self._step("0", str(self.batch), helpers),
        )
        walk = Phase(text(body), parts, cost, (*INCLUDES, *helpers), len(self.spans), self.clock)
        end = Phase(text(flat(f"const long s = {len(self.spans)};", names, loop("b", 0, self.batch, self.end))))
        return [self._ready(flat("const long s = 0;", names, share)), walk, *([end] if self.end else [])]

    def _ready(self, head: Lines) -> Phase:
        """Ahead of a walk by units: what each part needs in its own cache."""
        w, helpers = self.product.weights, dict[str, None]()
        lines, work = self._packed(w, helpers), w.k * w.n * 0.2
        if self.inputs is not None:
            first, total = self.inputs.weights, len(self.spans) * self.batch
            rows = main_tile(self.machine, w.n)[0]
            rows = min(rows, self.cut.rows) if self.cut.vectors > 2 else rows
            heights = {min(rows, total - row) for row in range(0, total, rows)}
            lines += self._packed(first, helpers)
            lines += self._products(self.inputs, _tiles("0", str(total), rows), heights, helpers)
            work += nanoseconds(self.machine, total * first.n * first.k)
        begin = block("if (!part)", loop("b", 0, self.batch, self.begin))
        return Phase(text(flat(head, lines, begin)), self.cut.parts, work, (*INCLUDES, *helpers))

    def _packing(self) -> Phase:
        w, helpers = self.product.weights, dict[str, None]()
        return Phase(text(self._packed(w, helpers)), 1, w.k * w.n * 0.2, (*INCLUDES, *helpers))

    def _packed(self, w: Weights, helpers: dict[str, None]) -> Lines:
        """The part's panels, or all of them."""
        lanes = self.machine.lanes
        width = self.cut.vectors * lanes
        lines: Lines = []
        for low, high in self._panels(w.n, width):
            name, made = pack_panel("f32", w.k_stride, w.n_stride, width, min(width, w.n - low * width), lanes)
            helpers[made] = None
            call = f"{name}({w.panels.pointer} + i * {width * w.k}L, {w.matrix.pointer} + i * {width * w.n_stride}L, {w.k});"
            lines += self._over_panels(w.n, low, high, [call])
        return lines

    def _panels(self, n: int, width: int) -> list[tuple[int, int]]:
        """Ranges of panels: the whole ones, and the ragged one."""
        return [(a, b) for a, b in ((0, n // width), (n // width, -(-n // width))) if a < b]

    def _over_panels(self, n: int, low: int, high: int, lines: Lines) -> Lines:
        """Lines for each panel `i`; of a cut by units for those of the part's units, of all gates."""
        if not self.cut.units:
            return loop("i", low, high, lines)
        units = self.product.weights.k
        each = f"gate * {units // (self.cut.vectors * self.machine.lanes)}"
        return loop("gate", 0, n // units, loop("i", f"{each} + from", f"{each} + to", lines))

    def _step(self, low: str, end: str, helpers: dict[str, None]) -> Lines:
        """Step `s` of the sequences from `low` to `end`."""
        order = f"{len(self.spans) - 1} - s" if self.backward else "s"
        over_tiles = _tiles(low, "end", self.cut.rows)
        return flat(
            f"const long k = {order};",
            self._span(),
            f"const long end = {end};",
            over_tiles(self._rows(self.before)) if self.before else [],
            self._products(self.product, over_tiles, self._heights(self.cut.rows), helpers),
            over_tiles(self._rows(self.after)),
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

    def _rows(self, body: Lines) -> Lines:
        return loop("b", "row0", "row0 + m", "const long row = start + b;", body) if body else []

    def _products(
        self, product: Product, over_tiles: Callable[[Lines], Lines], heights: set[int], helpers: dict[str, None]
    ) -> Lines:
        """A panel stays in the cache while all the part's tiles use it."""
        w, lanes = product.weights, self.machine.lanes
        width = self.cut.vectors * lanes
        lines: Lines = []
        for low, high in self._panels(w.n, width):
            columns = min(width, w.n - low * width)
            calls = _fetch(product, columns, width)
            for height in sorted(heights):
                left = (product.left_step, 1)
                tail = columns % lanes
                tile = Tile("f32", height, -(-columns // lanes), lanes, tail, left, width, True, product.columns)
                name, made = tile_function(tile, product.finish, False)
                helpers[made] = None
                calls.append(f"if (m == {height}) {name}({_arguments(product, width)});")
            lines += self._over_panels(w.n, low, high, over_tiles(calls))
        return lines

    def _heights(self, rows: int) -> set[int]:
        """All that tiles can have: those of each part's sequences at each step."""
        parts = 1 if self.cut.units else self.cut.parts
        bounds = [(part * self.batch // parts, (part + 1) * self.batch // parts) for part in range(parts)]
        ends = [(low, min(high, size)) for size in {b - a for a, b in self.spans} for low, high in bounds]
        return {min(rows, end - row) for low, end in ends for row in range(low, end, rows)}


def _tiles(low: str, end: str, rows: int) -> Callable[[Lines], Lines]:
    """Lines for each tile of the rows from `low` to `end`: `m` rows from `row0` on."""
    head = f"for (long row0 = {low}; row0 < {end}; row0 += {rows})"
    size = f"const long m = {end} - row0 < {rows} ? {end} - row0 : {rows};"
    return lambda lines: block(head, size, lines)


def _fetch(product: Product, columns: int, width: int) -> Lines:
    """Asks for what a tile will be added to, early enough to be there when its sums are done."""
    if not product.fetch:
        return []
    at = f"{product.fetch} + ({product.first} + r) * {product.columns}L + i * {width}"
    return loop("r", 0, "m", *(f"__builtin_prefetch({at} + {line}, 1);" for line in range(0, columns, 16)))


def _arguments(product: Product, width: int) -> str:
    w = product.weights
    panel = f"{w.panels.pointer} + i * {width * w.k}L"
    at = f"{product.first} * {product.columns}L + i * {width}"
    return f"p, {product.left}, {panel}, {w.k}, 0, 1, 1, {at}, i * {width}"


def over_units(hidden: int, lanes: int, gates: Gates, cut: Cut) -> Lines:
    """The gates' lines for the part's hidden units `j`, a vector at a time, and a ragged rest."""
    whole, tail = hidden // lanes * lanes, hidden % lanes
    first, last = ("first", "last") if cut.units else (0, whole)
    lines: Lines = []
    if whole:
        body = gates(lambda x: f"gn_load_f32v({x} + j)", lambda x, v: f"gn_store_f32v({x} + j, {v});")
        lines += block(f"for (long j = {first}; j < {last}; j += {lanes})", body)
    if tail:
        body = gates(
            lambda x: f"gn_load_part_f32v({x} + j, {tail})", lambda x, v: f"gn_store_part_f32v({x} + j, {v}, {tail});"
        )
        lines += block("", f"const long j = {whole};", body)
    return lines
