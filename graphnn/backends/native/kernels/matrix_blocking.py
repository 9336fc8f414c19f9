"""How a matrix product is cut: into register tiles, panels, blocks of k that caches hold, and parts for threads.

Nothing here depends on the number of threads: parts split rows, columns and batches, and k only where a result is so
small that nothing else is left to split; then the partial sums are added in the order of the parts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import shares_of
from graphnn.backends.native.kernels.product import Product
from graphnn.backends.native.toolchain.machine import Machine

PARTS = 8
SPLIT_ABOVE = 2000.0  # nanoseconds
ROWS = 192  # of the left matrix in a part: its block of k stays in L2
COLUMNS = 256  # of a part whose sums rest in memory between blocks of k
SHARED = 65536  # floats of packed weights that every thread can have in its own cache, with its rows of all layers
WHOLE = 640  # sums over packed panels up to so long are not cut into blocks
SUMS = 8  # vectors of sums that a tile needs: fewer would wait for each other
DEEP = 2048  # from here a sum with a small result is split


class Blocking(NamedTuple):
    """`tiles` register tiles of `rows` rows, the first `larger` ones with one more; `panels` of `vectors` vectors;
    `depth` values of k at a time. A part is some tiles of some panels of some batches, or a range of k."""

    tiles: int
    rows: int
    larger: int
    vectors: int
    panels: int
    depth: int
    packed: bool
    strips: bool  # whether the left matrix is packed, too
    row_parts: int
    column_parts: int
    batch_parts: int
    splits: int  # ranges of k
    shares: int = 0  # into which the rows are dealt: tiles are those of one

    @property
    def parts(self) -> int:
        return self.row_parts * self.column_parts * self.batch_parts * self.splits


def nanoseconds(machine: Machine, multiplications: int, kind: str = "f32") -> float:
    """What that many multiplications and additions take on one thread."""
    return multiplications / (machine.lanes * 5.0) * (1 if kind == "f32" else 2)


def main_tile(machine: Machine, columns: int, kind: str = "f32") -> tuple[int, int]:
    """Rows and vectors of the register tile; vectors of f64 take two registers."""
    wide = 1 if kind == "f32" else 2
    free = machine.registers - 1
    needed = -(-columns // machine.lanes)
    vectors = 1 if wide == 2 or needed == 1 else 3 if needed == 3 or (machine.lanes == 4 and free > 16) else 2
    return tile_rows(machine, vectors, wide), vectors


def tile_rows(machine: Machine, vectors: int, wide: int = 1) -> int:
    """The most rows whose sums, with the vectors of a panel and one broadcast, stay in registers."""
    return max(1, min(14, (machine.registers - 1 - vectors * wide) // (vectors * wide)))


def packed_vectors(machine: Machine, rows: int, columns: int) -> int:
    """Vectors of the panels that a constant matrix is packed in, for so many rows of the left one: where its tiles are so
    low that their sums would wait for each other, the panels are wider."""
    most, vectors = main_tile(machine, columns)
    wider = machine.registers == 16 and vectors == 2 and rows <= 2 * most and -(-rows // -(-rows // most)) <= most - 2
    return 3 if wider and columns > 4 * machine.lanes else vectors


def block_of(k: int, width: int) -> int:
    """How much of k a panel of `width` floats has at once: it stays in L1."""
    most = max(64, min(320, 8192 // width))
    return max(1, -(-k // max(1, -(-k // most))))


def split_ranges(machine: Machine, m: int, n: int, k: int) -> int:
    """How many ranges of k are summed apart."""
    return PARTS if k >= DEEP and m * n <= 4096 and nanoseconds(machine, m * n * k) > 4 * SPLIT_ABOVE else 1


def working_memory(machine: Machine, kind: str, m: int, n: int, k: int, panels: int = 0) -> int:
    """Elements that a worker needs for a panel, strips and resting sums; `m` is the most rows that a batch can have,
    `panels` the width of panels that come packed."""
    rows, vectors = main_tile(machine, n, kind)
    if panels:
        vectors = panels // machine.lanes
        rows = tile_rows(machine, vectors)
    width = vectors * machine.lanes
    depth = block_of(k, width * (1 if kind == "f32" else 2))
    height = min(m, ROWS) + 2 * rows
    columns = min(-(-n // width) * width, COLUMNS + width) if depth < k else 0
    return -(-(depth * (width + height) + height * columns) // 16) * 16


def tiles_of(m: int, rows: int) -> tuple[int, int, int]:
    """Tiles of nearly equal rows, at most `rows`: how many, their rows, how many of them have one more."""
    tiles = -(-m // rows)
    return tiles, m // tiles, m % tiles


def streams(p: Product, machine: Machine) -> bool:
    """Whether the right matrix is read once, in place: there are too few rows to pay for packing it."""
    return not p.panels and p.right_n == 1 and p.m <= 2 * main_tile(machine, p.n, p.kind)[0]


def blocking(p: Product, machine: Machine, splits: int, samples: int = 0) -> Blocking:
    """`samples`, if given, may be dealt out in shares where each thread can have all weights in its own cache."""
    shares = shares_of(samples)
    if shares and p.panels and splits == p.batches == 1 and p.m % samples == 0:
        made = _in_shares(p, machine, shares)
        if made.panels * p.panels * p.k <= SHARED and made.rows * made.vectors >= SUMS:
            return made
    wide = 1 if p.kind == "f32" else 2
    rows, vectors = main_tile(machine, p.n, p.kind)
    if p.panels:
        vectors = p.panels // machine.lanes
        rows = tile_rows(machine, vectors, wide)
    needed = -(-p.n // machine.lanes)
    packed = not streams(p, machine)
    if not packed:
        tiles, height, larger = tiles_of(p.m, min(rows, -(-machine.registers // 2) - 2))
        height += bool(larger)
        room = max(1, min(8, (machine.registers - 4) // height // wide))
        vectors = min(needed, 1 << room.bit_length() - 1)  # whole cache lines
    else:
        tiles, _, _ = tiles_of(p.m, rows)
    rows, larger = p.m // tiles, p.m % tiles
    panels = -(-needed // vectors)
    width = vectors * machine.lanes
    whole = not packed or (p.panels > 0 and (tiles <= 2 or p.k <= WHOLE))  # blocks of k would gain nothing
    depth = p.k if whole else block_of(p.k, width * wide)
    cuts = _cuts(p, machine, tiles, rows, panels, width, depth) if splits == 1 else (1, 1, 1)
    strips = packed and (p.left_k != 1 or depth < p.k) and panels >= 3 * cuts[1]
    return Blocking(tiles, rows, larger, vectors, panels, depth, packed, strips, *cuts, splits)


def _in_shares(p: Product, machine: Machine, shares: int) -> Blocking:
    vectors = p.panels // machine.lanes
    tiles, rows, larger = tiles_of(p.m // shares, tile_rows(machine, vectors))
    panels = -(-p.n // p.panels)
    depth = p.k if tiles <= 2 or p.k <= WHOLE else block_of(p.k, p.panels)
    strips = panels >= 3 and (p.left_k != 1 or depth < p.k)
    return Blocking(tiles, rows, larger, vectors, panels, depth, True, strips, shares, 1, 1, 1, shares)


def _cuts(
    p: Product, machine: Machine, tiles: int, rows: int, panels: int, width: int, depth: int
) -> tuple[int, int, int]:
    """Parts along rows, columns and batches."""
    time = nanoseconds(machine, p.size * p.k, p.kind)
    wanted = 1 if time < SPLIT_ABOVE else PARTS if time < 100 * SPLIT_ABOVE else 2 * PARTS
    down = min(tiles, -(-tiles * (rows + 1) // ROWS))
    across = min(panels, -(-panels * width // COLUMNS)) if depth < p.k else 1
    batches = min(p.batches, max(1, math.ceil(wanted / (down * across))))
    missing = wanted / (down * across * batches)
    if missing > 1 and p.panels and panels * width * p.k <= SHARED and tiles >= wanted:
        return wanted, 1, 1
    if missing > 1:
        across = min(panels, max(across, math.ceil(across * missing)))
        missing = wanted / (down * across * batches)
    if missing >= 2:
        down = min(tiles, math.ceil(down * missing))
    return down, across, batches
