"""Convolution as an implicit product: each result is the sum over the taps of an image block, for forward and for the
gradient of the input."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import LEAST_SHARES, dealt, shares_of
from graphnn.backends.native.kernels.conv_finish import Finisher
from graphnn.backends.native.kernels.conv_grids import Grid, Grids
from graphnn.backends.native.kernels.conv_layout import Image, Panels
from graphnn.backends.native.kernels.conv_tile import Run, Shape, tile
from graphnn.backends.native.step import Operand, Phase, Step

FLOPS_PER_NS = 60.0
CACHED = 1 << 18  # bytes of an image that a part may have: they stay in L2 from panel to panel
PARTS = 8
ASKED = 1 << 18  # bytes of weights from which a panel is asked for ahead,
LEAST_ASKED = 4  # at least so many bytes at a time
Case = Callable[[Step, "Job", Grid, int], str]


class Result(NamedTuple):
    """Where results lie: (N, O, H, W), dense in one of the two orders."""

    n: int
    o: int
    h: int
    w: int
    channels_last: bool


class Job(NamedTuple):
    """What is computed. `finish(accumulator, channel)` gives the expression that is stored, bias and all."""

    grids: Grids
    panels: Panels
    shape: Shape
    result: Result
    finish: Finisher


def runs_of(grid: Grid, image: Image, channels: int) -> list[Run]:
    """The taps, in order, those that are neighbours in the image and in the panel as one; a sum has so many channels."""
    runs: list[Run] = []
    for h, w, number in grid.taps:
        offset, row = (h * image.wp + w) * image.c, number * channels
        last = runs[-1] if runs else None
        if last and last.offset + last.length == offset and last.row + last.length == row:
            runs[-1] = last._replace(length=last.length + channels)
        else:
            runs.append(Run(offset, channels, row))
    return runs


def product_phase(step: Step, job: Job, image: Operand, weights: Operand, case: Case | None = None) -> Phase:
    """All grids: for each panel the pixels of a block, tile by tile; `case` writes a tile of so many pixels."""
    grids, panels = job.grids, job.panels
    pixels = [grids.pixels(g) for g in grids.grids]
    flops = 2.0 * panels.columns * panels.rows * sum(p * len(g.taps) for p, g in zip(pixels, grids.grids, strict=True))
    blocks = _blocks(job, pixels)
    shares = shares_of(grids.image.n) if blocks >= LEAST_SHARES else 0
    blocks = shares or blocks
    groups = 1 if shares or blocks >= PARTS else max(1, min(panels.number, PARTS // blocks))
    turns = [_turns(job, grid, count, blocks) for grid, count in zip(grids.grids, pixels, strict=True)]
    asked = 0 if case else _asked(panels, sum(turns))
    helpers: dict[str, str] = {}
    calls = ""
    for number, (grid, count) in enumerate(zip(grids.grids, pixels, strict=True)):
        name, made = _grid(step, job, grid, count, blocks, case or partial(_tile_case, asked=asked))
        helpers[name] = made
        calls += f"        {name}(p, image, b, block, panel, channel, after + {sum(turns[:number]) * asked});\n"
    body = f"""
    const long block = part % {blocks}, group = part / {blocks};
    for (long panel = group * {panels.number} / {groups}; panel < (group + 1) * {panels.number} / {groups}; panel++) {{
        const float *b = {weights.pointer} + panel * {panels.panel};
        const long channel = {panels.channel};
        const float *const image = {image.pointer} + {panels.first_row};
        const char *const after = (const char *)(b + {panels.panel});
{calls}    }}"""
    touched = dealt(image, step.outputs[0])
    return Phase(body, blocks * groups, flops / FLOPS_PER_NS, tuple(helpers.values()), shares=shares, dealt=touched)


def _turns(job: Job, grid: Grid, pixels: int, blocks: int) -> int:
    """Of a tile's loop, for a panel with the pixels of a block."""
    return -(-pixels // blocks // job.shape.pixels) * len(grid.taps) * job.panels.rows


def _asked(panels: Panels, turns: int) -> int:
    """How many bytes of the next panel are asked for in each turn, so that weights are on their way while pixels go by; 0
    where weights are few or pixels so many that it does not matter."""
    bytes_ = -(-4 * panels.panel // max(1, turns))
    return bytes_ if 4 * panels.size > ASKED and bytes_ >= LEAST_ASKED else 0


def _blocks(job: Job, pixels: list[int]) -> int:
    """Into how many blocks the pixels go. Where there are few of each grid, threads rather share out the panels, if these
    are enough."""
    total, most = sum(pixels), job.shape.pixels
    if len(pixels) > 1:
        size = job.grids.image.type.nbytes
        missing = PARTS if job.panels.number == 1 else 1
        return max(1, min(total // (4 * most), max(missing, -(-size // CACHED))))
    return max(1, min(total // (4 * most), max(PARTS, total // 512)))


def _grid(step: Step, job: Job, grid: Grid, pixels: int, blocks: int, case: Case) -> tuple[str, str]:
    """Name and text of a grid's function; one for all would be so large that the C compiler's time gets out of hand."""
    most = job.shape.pixels
    kernels = "\n".join(case(step, job, grid, n) for n in _counts(pixels, blocks, most))
    inside = f"""
    const long first = block * {pixels} / {blocks}, last = (block + 1) * {pixels} / {blocks};
    const long pieces = (last - first + {most - 1}) / {most};
    for (long piece = 0; piece < pieces; piece++) {{
        const long low = first + piece * (last - first) / pieces, next = first + (piece + 1) * (last - first) / pieces;
        switch (next - low) {{
{kernels}
        }}
    }}"""
    name = f"gn_grid_{hashlib.sha256(inside.encode()).hexdigest()[:10]}"
    parameters = "char **p, const float *image, const float *b, long block, long panel, long channel, const char *ask"
    return name, f"static __attribute__((noinline)) void {name}({parameters})\n{{{inside}\n}}"


def _counts(pixels: int, blocks: int, most: int) -> list[int]:
    """The sizes of tiles that occur."""
    found: set[int] = set()
    for block in {pixels // blocks, -(-pixels // blocks)}:
        pieces = -(-block // most)
        found |= {block // pieces, -(-block // pieces)} if pieces else set()
    return sorted(found - {0})


def _tile_case(step: Step, job: Job, grid: Grid, count: int, asked: int) -> str:
    image = job.grids.image
    lines = [f"        case {count}: {{", *pixel_pointers(job, grid, count)]
    runs = runs_of(grid, image, job.panels.rows)
    lines.append("        " + tile(count, job.shape.vectors, runs, step.machine.lanes, asked))
    for i in range(count):
        h, w = pixel_results(grid, i)
        lines += [_stored(step, job, (i, j), h, w) for j in range(job.shape.vectors)]
    return "\n".join([*lines, "        break; }"])


def pixel_pointers(job: Job, grid: Grid, count: int) -> list[str]:
    """Declares where a tile's pixels are (n, h, w), and their pointers into the image."""
    image, (h0, w0), (sh, sw) = job.grids.image, grid.start, grid.stride
    lines: list[str] = []
    for i in range(count):
        lines.append(
            f"        const long g{i} = low + {i}, n{i} = g{i} / {grid.rows * grid.columns}, "
            f"h{i} = g{i} / {grid.columns} % {grid.rows}, w{i} = g{i} % {grid.columns};"
        )
        lines.append(
            f"        const float *a{i} = image + ((n{i} * {image.hp} + h{i} * {sh} + {h0}) * {image.wp} "
            f"+ w{i} * {sw} + {w0}) * {image.c};"
        )
    return lines


def pixel_results(grid: Grid, i: int) -> tuple[str, str]:
    """Row and column of a pixel's result."""
    return f"(h{i} * {grid.step[0]} + {grid.place[0]})", f"(w{i} * {grid.step[1]} + {grid.place[1]})"


def _stored(step: Step, job: Job, which: tuple[int, int], h: str, w: str) -> str:
    lanes, panels, result = step.machine.lanes, job.panels, job.result
    i, j = which
    channel = f"(channel + {j * lanes})"
    left = f"({panels.end} - {channel})"
    value = job.finish(f"c{i}_{j}", channel)
    if result.channels_last:
        offset = f"((n{i} * {result.h} + {h}) * {result.w} + {w}) * {result.o} + {channel}"
        whole = "{ " + step.store(value, offset, channel, "v") + " }"
        if panels.share % lanes == 0:
            body = whole if panels.share % panels.nr == 0 else f"if ({left} > 0) {whole}"
            return f"        {body}"
        ragged = "{ " + step.store(value, offset, channel, "v", n=left) + " }"
        return f"        if ({left} >= {lanes}) {whole} else if ({left} > 0) {ragged}"
    offset = f"((n{i} * {result.o} + {channel} + l) * {result.h} + {h}) * {result.w} + {w}"
    inside = step.store("held[l]", offset, f"({channel} + l)", "s")
    return (
        f"        {{ float held[{lanes}]; gn_store_f32v(held, {value}); "
        f"for (long l = 0; l < {lanes} && l < {left}; l++) {{ {inside} }} }}"
    )
