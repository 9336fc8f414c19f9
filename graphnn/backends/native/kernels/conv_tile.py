"""The register tile of convolutions: some pixels times a panel of output channels.

Every pixel has a pointer into the image block; a run is a stretch of the sum whose numbers lie side by side in the
image (taps next to each other along the width, all channels) and in the panel. The accumulators are spelled out, so that
they stay in registers (see matrix_tile.py for how many there are).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphnn.backends.native.toolchain.machine import Machine


class Shape(NamedTuple):
    """Of a panel's tiles: `vectors` of output channels, at most `pixels` at once."""

    vectors: int
    pixels: int


def tile_shape(machine: Machine, columns: int) -> Shape:
    """For so many output channels: two vectors a panel, or three where these leave less of the last panel empty."""
    needed = -(-columns // machine.lanes)
    return shape_of(machine, 1 if needed == 1 else 3 if -(-needed // 3) * 3 < -(-needed // 2) * 2 else 2)


def shape_of(machine: Machine, vectors: int) -> Shape:
    """For panels of so many vectors."""
    pixels = (machine.registers - (1 if vectors == 3 else 2) - vectors) // vectors
    return Shape(vectors, min(pixels, 14 if vectors > 1 else 10))


class Run(NamedTuple):
    """`length` numbers in a row, `offset` floats after the pixel's pointer, and rows of the panel from `row` on."""

    offset: int
    length: int
    row: int


def tile(pixels: int, vectors: int, runs: Sequence[Run], lanes: int, asked: int = 0) -> str:
    """C that leaves the sums in c{pixel}_{vector}; reads pointers a0, a1, … and the panel `b`. In every turn it asks for the
    next `asked` bytes from the pointer `ask` on, which moves."""
    lines = [f"f32v c{i}_{j} = {{0}};" for i in range(pixels) for j in range(vectors)]
    lines.append("const float *q = b;")
    row = 0
    for run in runs:
        if run.row != row:
            lines.append(f"q = b + {run.row * vectors * lanes}L;")
        lines += _run(run, pixels, vectors, lanes, asked)
        row = run.row + run.length
    return "\n        ".join(lines)


def _run(run: Run, pixels: int, vectors: int, lanes: int, asked: int) -> Iterator[str]:
    yield f"for (long k = {run.offset}; k < {run.offset + run.length}; k++, q += {vectors * lanes}) {{"
    if asked:
        yield f"    __builtin_prefetch(ask, 0, 2), ask += {asked};"
    for j in range(vectors):
        yield f"    f32v b{j} = gn_load_f32v(q + {j * lanes});"
        yield f"    gn_in_register(b{j});"
    for i in range(pixels):
        yield f"    const f32v x{i} = gn_splat_f32v(a{i}[k]);"
        for j in range(vectors):
            yield f"    c{i}_{j} += x{i} * b{j};"
    yield "}"
