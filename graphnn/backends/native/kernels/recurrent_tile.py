"""The tile of a recurrent step: the products of some rows with the weights of the same units in all gates. They never
leave the registers: the tile ends in the gates' arithmetic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, loop, text
from graphnn.backends.native.kernels.matrix_tile import Tile, product_loop, sum_names
from graphnn.backends.native.kernels.recurrent_steps import (
    Cut,
    Helpers,
    Load,
    Rows,
    Save,
    Weights,
    access,
    over_blocks,
)
from graphnn.backends.native.step import Operand
from graphnn.backends.native.toolchain.machine import Machine


class Vector(NamedTuple):
    """How a vector of hidden units is reached: what loads and saves at their places in a row, the C expression of their sums
    of a gate, and what keeps another value in the place of these sums."""

    load: Load
    save: Save
    sums: Callable[[int], str]
    keep: Callable[[int, str], str]


Units = Callable[[Vector], list[Lines]]


class Gates(NamedTuple):
    """`inputs` is what the inputs give to the gates, row by row. `places` declares, for `row` among all rows and its
    `sequence`, what `units` reads and writes: the lines for a vector of hidden units `j`, in stages. Each stage goes through
    all rows and vectors: functions that wait for each other stand in different ones, so that many are under way at once.
    States lie `before` and go to `next`."""

    weights: Weights
    inputs: Operand
    places: Lines
    units: Units


def gate_tiles(gates: Gates, cut: Cut, machine: Machine, rows: Rows, helpers: Helpers) -> Lines:
    """A step of all gates: `h` are the states before, `next` those after it, and they lie apart."""
    w = gates.weights

    def each(columns: int) -> Lines:
        calls = []
        for height in rows.heights:
            name, made = _function(gates, height, columns, machine.lanes)
            helpers[made] = None
            call = f"{name}(p, h + row0 * {w.k}L, {w.panel}, {w.k}, next, start + row0, row0, i * {w.width});"
            calls.append(f"if (m == {height}) {call}")
        return rows.over(calls)

    return over_blocks(w, cut, machine.lanes, each)


def _function(gates: Gates, height: int, columns: int, lanes: int) -> tuple[str, str]:
    """Name and text of the C function of a tile, which begins at row `row0`, sequence `first` and unit `unit`."""
    w = gates.weights
    each, tail = -(-columns // lanes), columns % lanes
    offsets = tuple(gate * w.width + v * lanes for gate in range(w.gates) for v in range(each))
    tile = Tile("f32", height, len(offsets), lanes, 0, (w.k, 1), w.row, True, w.n, offsets)
    kept = [
        f"gn_store_f32v(sums + {(i * tile.vectors + j) * lanes}, c{i}_{j});"
        for i in range(height)
        for j in range(tile.vectors)
    ]
    inside = text(
        "const float *const before = a;",
        _fetched(gates, height, each, lanes),
        f"f32v {sum_names(tile)};",
        " = ".join(sum_names(tile).split(", ")) + " = (f32v){0};",
        product_loop(tile),
        f"float sums[{height * tile.vectors * lanes}];",
        kept,
        _stages(gates, height, each, tail, lanes),
    )
    name = f"gn_gates_{height}x{tile.vectors}_{hashlib.sha256(inside.encode()).hexdigest()[:10]}"
    head = (
        f"static __attribute__((noinline)) void {name}(char **p, const float *a, const float *b, long n, float *next,"
    )
    return name, f"{head} long row0, long first, long unit)\n{{\n{inside}\n}}"


def _fetched(gates: Gates, height: int, each: int, lanes: int) -> Lines:
    """Asks for what the inputs give, to be there when the sums are done: it lies too far apart to be guessed."""
    w = gates.weights
    at = f"{gates.inputs.pointer} + (row0 + down) * {w.gates * w.n}L + unit"
    places = range(0, each * lanes, 16)
    lines = [f"__builtin_prefetch({at} + {gate * w.n + place});" for gate in range(w.gates) for place in places]
    return loop("down", 0, height, lines)


def _stages(gates: Gates, height: int, each: int, tail: int, lanes: int) -> Lines:
    """The gates' arithmetic, stage by stage."""
    head = ["const long row = row0 + down, sequence = first + down;", *gates.places]
    whole = each - bool(tail)
    found = [gates.units(_vector(gates, each, lanes, None)), gates.units(_vector(gates, each, lanes, tail))]
    lines: Lines = []
    for full, part in zip(*found, strict=True):
        at = f"const long j = unit + v * {lanes};"
        inside = loop("v", 0, whole, at, full) if whole else []
        inside += block("", f"const long v = {whole};", at, part) if tail else []
        lines += loop("down", 0, height, head, inside)
    return lines


def _vector(gates: Gates, each: int, lanes: int, tail: int | None) -> Vector:
    vectors = gates.weights.gates * each

    def place(gate: int) -> str:
        return f"sums + (down * {vectors} + {gate * each} + v) * {lanes}"

    return Vector(
        *access(tail),
        lambda gate: f"gn_load_f32v({place(gate)})",
        lambda gate, value: f"gn_store_f32v({place(gate)}, {value});",
    )
