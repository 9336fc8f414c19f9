"""Convolution from few channels or to few, channels-last: line by line, so that all that a tile reads lies at offsets known
beforehand from one place; the taps of a short kernel row are spelled out."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, block, cut, dealt, flat, loop, shares_of, text
from graphnn.backends.native.kernels.conv_grids import Grid, Tap
from graphnn.backends.native.kernels.conv_products import FLOPS_PER_NS, Job
from graphnn.backends.native.kernels.conv_tile import Shape
from graphnn.backends.native.step import Operand, Phase, Step

MOST = 32  # numbers of a kernel row, and of a kernel, that are spelled out
PARTS = 16
LINE = 6  # pixels that a line should have


def suits_few(channels: int, kernel_width: int, out_width: int, shape: Shape) -> bool:
    """Whether a kernel row is short enough to be spelled out, or panels are so narrow that finding a tile's pixels would
    take long beside its sums; lines of few pixels would leave tiles half empty."""
    return (channels * kernel_width <= MOST or shape.vectors == 1) and out_width >= LINE


def few_phase(step: Step, job: Job, image: Operand, weights: Operand) -> Phase:
    """For results stored channels-last; the job has one grid, whose image has its borders."""
    (grid,), panels, block_ = job.grids.grids, job.panels, job.grids.image
    lines = block_.n * grid.rows
    shares = shares_of(block_.n)
    parts = shares or max(1, min(PARTS, lines // 4))
    (top, left), sh = grid.start, grid.stride[0]
    vectors = [_channel(j * step.machine.lanes) for j in range(job.shape.vectors)]
    biases, finish = job.finish.holding(vectors)
    job = job._replace(finish=finish)
    each: Lines = [
        f"const long n = r / {grid.rows}, h = r % {grid.rows} * {sh} + {top};",
        f"const float *const all = image + ((n * {block_.hp} + h) * {block_.wp} + {left}) * {block_.c}L;",
        *loop(
            "panel",
            0,
            panels.number,
            f"const float *const b = weights + panel * {panels.panel}L;",
            f"const long channel = {panels.channel};" if panels.number > 1 else "const long channel = 0;",
            f"const float *const line = all + {panels.first_row};",
            biases,
            _line(step, job, grid),
        ),
    ]
    head = [f"const float *const image = {image.pointer}, *const weights = {weights.pointer};"]
    body = text(head, cut(lines, parts), loop("r", "from", "to", each))
    flops = 2.0 * lines * grid.columns * panels.columns * panels.rows * len(panels.taps)
    return Phase(body, parts, flops / FLOPS_PER_NS, shares=shares, dealt=dealt(image, step.outputs[0]))


def _line(step: Step, job: Job, grid: Grid) -> Lines:
    """Tiles of two sizes, that differ by one pixel."""
    vectors = job.shape.vectors
    most = max(1, (step.machine.registers - 2 - vectors) // vectors)
    pieces = -(-grid.columns // most)
    size, larger = divmod(grid.columns, pieces)
    edge = size * (pieces - larger)
    lines = _tiles(step, job, grid, size, "0", str(edge))
    return lines + (_tiles(step, job, grid, size + 1, str(edge), str(grid.columns)) if larger else [])


def _tiles(step: Step, job: Job, grid: Grid, size: int, low: str, high: str) -> Lines:
    vectors, c = job.shape.vectors, job.grids.image.c
    every = [(i, j) for i in range(size) for j in range(vectors)]
    body = [
        f"const float *const a = line + w0 * {grid.stride[1] * c};",
        *(f"f32v c{i}_{j} = {{0}};" for i, j in every),
        *_sums(step, job, grid, size),
        *(_stored(step, job, i, j, i == size - 1) for i, j in every),
    ]
    return block(f"for (long w0 = {low}; w0 < {high}; w0 += {size})", body)


def _sums(step: Step, job: Job, grid: Grid, size: int) -> Lines:
    """All taps, or a loop over the rows of the kernel, which are alike."""
    image, nr, c = job.grids.image, job.panels.nr, job.panels.rows
    rows = [[t for t in grid.taps if t.h == h] for h in dict.fromkeys(t.h for t in grid.taps)]
    start = ["const float *a_ = a, *b_ = b;"]
    if len(grid.taps) * c <= MOST or len(rows) == 1:
        return flat(start, *(_row(step, job, grid, row, size) for row in rows))
    down = (rows[1][0].h - rows[0][0].h) * image.wp * image.c
    move = f"a_ += {down}, b_ += {(rows[1][0].number - rows[0][0].number) * c * nr}"
    inner = _row(step, job, grid, rows[0], size)
    return flat(start, block(f"for (long i = 0; i < {len(rows)}; i++, {move})", inner))


def _row(step: Step, job: Job, grid: Grid, taps: list[Tap], size: int) -> Lines:
    """The sums over a row of the kernel, spelled out or, where it is long, as loops over what lies side by side."""
    image, nr, c = job.grids.image, job.panels.nr, job.panels.rows
    places = [((t.h * image.wp + t.w) * image.c, t.number * c * nr) for t in taps]
    if _slides(step, job, grid, taps, size):
        start, rows = places[0][0], [row for _, row in places]
        return flat(*(block("", _sliding(job, start + k, [row + k * nr for row in rows], size)) for k in range(c)))
    if len(taps) * c <= MOST:
        every = [(at + k, row + k * nr) for at, row in places for k in range(c)]
        return flat(*(block("", _products(step, job, grid, str(at), str(row), size)) for at, row in every))
    side_by_side = taps[-1].w - taps[0].w == len(taps) - 1 and c == image.c
    length = c * (len(taps) if side_by_side else 1)
    inner = [_products(step, job, grid, f"k + {at}", f"k * {nr} + {row}", size) for at, row in places]
    return flat(*(loop("k", 0, length, lines) for lines in (inner[:1] if side_by_side else inner)))


def _slides(step: Step, job: Job, grid: Grid, taps: list[Tap], size: int) -> bool:
    """Whether a row of the kernel and the sums fit into the registers, and neighbours are a pixel apart: then a number is
    loaded once for all sums that it is part of."""
    side_by_side = taps[-1].w - taps[0].w == len(taps) - 1 > 0
    narrow = job.shape.vectors == 1 and size + len(taps) < step.machine.registers
    return narrow and side_by_side and grid.stride[1] == 1 and len(taps) * job.panels.rows <= MOST


def _sliding(job: Job, at: int, rows: list[int], size: int) -> Lines:
    """The sums over a row of the kernel of one channel, by the numbers that it lies upon."""
    lines = ['__asm__("" : "+r"(a_));']
    lines += [f"const f32v b{t} = gn_load_f32v(b_ + {row});" for t, row in enumerate(rows)]
    for place in range(size + len(rows) - 1):
        lines.append(f"const f32v x{place} = gn_splat_f32v(a_[{at + place * job.grids.image.c}]);")
        lines += [f"c{place - t}_0 += x{place} * b{t};" for t in range(len(rows)) if 0 <= place - t < size]
    return lines


def _products(step: Step, job: Job, grid: Grid, at: str, row: str, size: int) -> Lines:
    """The compiler shall not see that neighbours read the same numbers: it would keep them, and not the sums, in registers."""
    apart = grid.stride[1] * job.grids.image.c
    vectors = range(job.shape.vectors)
    lines = ['__asm__("" : "+r"(a_));']
    lines += [f"const f32v b{j} = gn_load_f32v(b_ + {row} + {j * step.machine.lanes});" for j in vectors]
    for i in range(size):
        lines.append(f"const f32v x{i} = gn_splat_f32v(a_[{at} + {i * apart}]);")
        lines += [f"c{i}_{j} += x{i} * b{j};" for j in vectors]
    return lines


def _stored(step: Step, job: Job, i: int, j: int, is_last: bool) -> str:
    """Vector `j` of pixel `i`, the tile's last one or not. Lanes past the last channel fall on the pixel after it, which is
    written next."""
    lanes, o, share = step.machine.lanes, job.result.o, job.panels.share
    channel = _channel(j * lanes)
    offset = f"(r * {job.result.w} + w0 + {i}) * {o}L + {channel}"
    value = job.finish(f"c{i}_{j}", channel)
    whole = "{ " + step.store(value, offset, channel, "v") + " }"
    if share % job.panels.nr == 0:
        return whole
    each = job.panels.each
    last = share - (each - 1) * job.panels.nr - j * lanes
    is_covered = job.panels.number == 1 and not is_last and not step.is_group and lanes - last <= o
    part = "{ " + step.store(value, offset, channel, "v", n=str(last)) + " }" if 0 < last < lanes else whole
    if each == 1:
        return "" if last <= 0 else whole if is_covered else part
    return f"if (panel % {each} < {each - 1}) {whole} else {part if last > 0 else ';'}"


def _channel(vector: int) -> str:
    return f"(channel + {vector})"
