"""Convolution as an implicit product: forward, and the gradient of the input, phase by phase of its stride.

A `Part` is a grid of results, each the sum over the taps of an image block; forward it is the whole result, in the
input's gradient the results whose positions agree modulo the stride.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from graphnn.backends.native.kernels.conv_layout import Image, Panels
from graphnn.backends.native.kernels.conv_tile import Run, Shape, tile
from graphnn.backends.native.step import Operand, Phase, Step

FLOPS_PER_NS = 60.0


class Grid(NamedTuple):
    """Results at (oh, ow) = (h0 + h * step, w0 + w * step) for h < rows, w < columns; each reads the image from
    (h * stride, w * stride) on."""

    rows: int
    columns: int
    h0: tuple[int, int]
    step: tuple[int, int]
    stride: tuple[int, int]
    taps: tuple[tuple[int, int], ...]  # offsets in the image block, along height and width


class Result(NamedTuple):
    """Where results lie: (N, O, H, W), dense in one of the two orders."""

    n: int
    o: int
    h: int
    w: int
    channels_last: bool


def runs_of(grid: Grid, image: Image) -> list[Run]:
    """The taps, in order, neighbours along the width as one."""
    runs: list[Run] = []
    for dh, dw in grid.taps:
        start = (dh * image.wp + dw) * image.c
        if runs and runs[-1].offset + runs[-1].length == start:
            runs[-1] = Run(runs[-1].offset, runs[-1].length + image.c)
        else:
            runs.append(Run(start, image.c))
    return runs


def product_phase(
    step: Step,
    grid: Grid,
    image: Image,
    block: Operand,
    panels: Panels,
    weights: Operand,
    at: int,
    shape: Shape,
    result: Result,
    finish: Callable[[str, str], str],
) -> Phase:
    """One grid of results. `finish(accumulator, channel)` gives the expression that is stored, bias and all."""
    pixels = result.n * grid.rows * grid.columns
    blocks = _blocks(pixels, shape.pixels)
    flops = 2.0 * pixels * panels.columns * len(grid.taps) * image.c
    groups = 1 if blocks >= 8 else max(1, min(panels.number, 8 // blocks))
    parts = blocks * groups
    counts = _counts(pixels, blocks, shape.pixels)
    kernels = "\n".join(_tile_case(step, n, grid, image, shape, result, panels, finish) for n in counts)
    body = f"""
    const float *image = {block.pointer};
    const long block = part % {blocks}, group = part / {blocks};
    const long first = block * {pixels} / {blocks}, last = (block + 1) * {pixels} / {blocks};
    const long pieces = (last - first + {shape.pixels - 1}) / {shape.pixels};
    for (long panel = group * {panels.number} / {groups}; panel < (group + 1) * {panels.number} / {groups}; panel++) {{
        const float *b = {weights.pointer} + {at} + panel * {panels.panel};
        const long channel = panel * {panels.nr};
        for (long piece = 0; piece < pieces; piece++) {{
            const long low = first + piece * (last - first) / pieces, next = first + (piece + 1) * (last - first) / pieces;
            switch (next - low) {{
{kernels}
            }}
        }}
    }}"""
    return Phase(body, parts, flops / FLOPS_PER_NS)


def _blocks(pixels: int, most: int) -> int:
    """Into how many blocks the pixels go: each should keep its part of the image in cache."""
    return max(1, min(pixels // (4 * most), max(8, pixels // 512)))


def _counts(pixels: int, blocks: int, most: int) -> list[int]:
    """The sizes of tiles that occur."""
    found: set[int] = set()
    for block in {pixels // blocks, -(-pixels // blocks)}:
        pieces = -(-block // most)
        found |= {block // pieces, -(-block // pieces)} if pieces else set()
    return sorted(found - {0})


def _tile_case(
    step: Step,
    count: int,
    grid: Grid,
    image: Image,
    shape: Shape,
    result: Result,
    panels: Panels,
    finish: Callable[[str, str], str],
) -> str:
    lanes = step.machine.lanes
    lines = [f"        case {count}: {{"]
    for i in range(count):
        lines.append(
            f"        const long g{i} = low + {i}, n{i} = g{i} / {grid.rows * grid.columns}, "
            f"h{i} = g{i} / {grid.columns} % {grid.rows}, w{i} = g{i} % {grid.columns};"
        )
        lines.append(
            f"        const float *a{i} = image + ((n{i} * {image.hp} + h{i} * {grid.stride[0]}) * {image.wp} "
            f"+ w{i} * {grid.stride[1]}) * {image.c};"
        )
    lines.append("        " + tile(count, shape.vectors, runs_of(grid, image), lanes))
    for i in range(count):
        place = f"(h{i} * {grid.step[0]} + {grid.h0[0]}), (w{i} * {grid.step[1]} + {grid.h0[1]})"
        lines += [_stored(step, i, j, place, result, panels, finish) for j in range(shape.vectors)]
    return "\n".join([*lines, "        break; }"])


def _stored(
    step: Step, i: int, j: int, place: str, result: Result, panels: Panels, finish: Callable[[str, str], str]
) -> str:
    lanes = step.machine.lanes
    h, w = place.split(", ")
    channel = f"(channel + {j * lanes})"
    left = f"({panels.columns} - {channel})"
    value = finish(f"c{i}_{j}", channel)
    if result.channels_last:
        offset = f"((n{i} * {result.h} + {h}) * {result.w} + {w}) * {result.o} + {channel}"
        whole = "{ " + step.store(value, offset, channel, "v") + " }"
        if panels.columns % lanes == 0:
            body = whole if panels.columns % panels.nr == 0 else f"if ({left} > 0) {whole}"
            return f"        {body}"
        ragged = "{ " + step.store(value, offset, channel, "v", n=left) + " }"
        return f"        if ({left} >= {lanes}) {whole} else if ({left} > 0) {ragged}"
    offset = f"((n{i} * {result.o} + {channel} + l) * {result.h} + {h}) * {result.w} + {w}"
    inside = step.store("held[l]", offset, f"({channel} + l)", "s")
    return (
        f"        {{ float held[{lanes}]; gn_store_f32v(held, {value}); "
        f"for (long l = 0; l < {lanes} && l < {left}; l++) {{ {inside} }} }}"
    )
