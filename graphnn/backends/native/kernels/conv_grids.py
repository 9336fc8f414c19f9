"""The results of a convolution in grids: of each grid all results read the same taps, at the same offsets.

Forward there is one grid; the input's gradient has one for each phase of its stride. Near the borders taps fall outside
the image: either the image block has zeros there, or the grid is taken apart into those whose taps are all inside.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from graphnn.backends.native.kernels.conv_layout import Image

GAIN = 1.1  # by how much taking apart must win: it makes more code
MOST = 16  # grids, and taps of all grids: each has code of its own, and the C compiler takes its time
MOST_TAPS = 100
AROUND_TILE = 1.5  # pixels whose sums would take as long as what is done around a tile's


Reach = list[tuple[int, int]]  # (offset in what is read, number of the tap), along one axis


class Tap(NamedTuple):
    """Offsets in the image, and which tap of a panel it is."""

    h: int
    w: int
    number: int


class Grid(NamedTuple):
    """Results at `place` + (h, w) * `step`, for h < rows, w < columns; they read the image from `start` + (h, w) *
    `stride` on."""

    rows: int
    columns: int
    place: tuple[int, int]
    step: tuple[int, int]
    start: tuple[int, int]
    stride: tuple[int, int]
    taps: tuple[Tap, ...]


class Grids(NamedTuple):
    """The image block, and what reads it."""

    image: Image
    grids: tuple[Grid, ...]

    def pixels(self, grid: Grid) -> int:
        return self.image.n * grid.rows * grid.columns


def lay_out(image: Image, grids: Sequence[Grid], tile_pixels: int) -> Grids:
    """`image` with its borders, or without those of one axis or both, where taking the grids apart costs less."""
    whole = Grids(image, tuple(grids))
    if image.is_plain:
        return whole
    apart = [_apart(image, grids, rows, columns) for rows, columns in ((True, True), (True, False), (False, True))]
    best = min((g for g in apart if _is_short(g)), key=lambda g: _cost(g, tile_pixels), default=whole)
    return best if _cost(best, tile_pixels) * GAIN < _cost(whole, tile_pixels) else whole


def _is_short(given: Grids) -> bool:
    return len(given.grids) <= MOST and sum(len(g.taps) for g in given.grids) <= MOST_TAPS


def _apart(image: Image, grids: Sequence[Grid], rows: bool, columns: bool) -> Grids:
    """The grids taken apart along `rows` and `columns`, in an image that has the borders of the other axis."""
    top, height = (0, image.h) if rows else (image.top, image.hp)
    left, width = (0, image.w) if columns else (image.left, image.wp)
    block = Image(image.n, image.c, image.h, image.w, top, left, height, width)
    moved = [g._replace(start=(g.start[0] - image.top + top, g.start[1] - image.left + left)) for g in grids]
    return Grids(block, tuple(part for g in moved for part in _taken_apart(g, height, width)))


def _cost(given: Grids, tile_pixels: int) -> float:
    total = 0.0
    for grid in given.grids:
        pixels = given.pixels(grid)
        total += (pixels + AROUND_TILE * -(-pixels // tile_pixels)) * len(grid.taps)
    return total


def _taken_apart(grid: Grid, height: int, width: int) -> Iterator[Grid]:
    rows = _ranges(grid.rows, lambda q: _inside(grid, 0, q, height))
    columns = _ranges(grid.columns, lambda q: _inside(grid, 1, q, width))
    for (r0, r1, hs), (c0, c1, ws) in itertools.product(rows, columns):
        yield Grid(
            r1 - r0,
            c1 - c0,
            (grid.place[0] + r0 * grid.step[0], grid.place[1] + c0 * grid.step[1]),
            grid.step,
            (grid.start[0] + r0 * grid.stride[0], grid.start[1] + c0 * grid.stride[1]),
            grid.stride,
            tuple(t for t in grid.taps if t.h in hs and t.w in ws),
        )


def _inside(grid: Grid, axis: int, at: int, size: int) -> frozenset[int]:
    """The offsets along an axis that lie in the image for the results at `at`."""
    first = grid.start[axis] + at * grid.stride[axis]
    return frozenset(t[axis] for t in grid.taps if 0 <= first + t[axis] < size)


def _ranges(count: int, kind: Callable[[int], frozenset[int]]) -> list[tuple[int, int, frozenset[int]]]:
    """Neighbours of one kind together: (first, after the last, kind)."""
    found: list[tuple[int, int, frozenset[int]]] = []
    for at in range(count):
        here = kind(at)
        if found and found[-1][2] == here:
            found[-1] = (found[-1][0], at + 1, here)
        else:
            found.append((at, at + 1, here))
    return found


def reach(kernel: int, stride: int, dilation: int, padding: int, phase: int) -> Reach:
    """Position phase + stride * q got tap k times what stands at q + offset, where stride divides."""
    found = [((phase + padding - k * dilation) // stride, k) for k in range(kernel)]
    return sorted((o, k) for o, k in found if (phase + padding - k * dilation) % stride == 0)
