"""Convolution to one or a few channels, channels-last: the vectors run along the channels that are read, and each result is
a sum over its lanes; along the results they would be nearly empty."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines
from graphnn.backends.native.kernels.conv_grids import Grid
from graphnn.backends.native.kernels.conv_products import Job, pixel_pointers, pixel_results, runs_of
from graphnn.backends.native.kernels.conv_tile import Run, Shape
from graphnn.backends.native.step import Step
from graphnn.backends.native.toolchain.machine import Machine

PIXELS = 8
A_SUM = 4  # vectors that adding up the lanes of one takes as long as


def slim_shape(machine: Machine, rows: int, columns: int, taps: int, groups: int) -> Shape | None:
    """The tile of such a convolution: each channel is a panel of its own. None: other ways are better."""
    lanes, length = machine.lanes, rows * taps
    if groups != 1 or rows % lanes or columns * (length / lanes + A_SUM) > 0.6 * length:
        return None
    return Shape(0, PIXELS)


def slim_case(step: Step, job: Job, grid: Grid, count: int) -> str:
    """The sums of `count` pixels, for `product_phase`."""
    lanes = step.machine.lanes
    lines = [f"        case {count}: {{", *pixel_pointers(job, grid, count)]
    lines += [f"f32v c{i} = {{0}};" for i in range(count)]
    for run in runs_of(grid, job.grids.image, job.panels.rows):
        lines += _run(run, count, lanes)
    for i in range(count):
        (h, w), result = pixel_results(grid, i), job.result
        plane = f"((n{i} * {result.o} + channel) * {result.h} + {h}) * {result.w} + {w}"
        pixel = f"((n{i} * {result.h} + {h}) * {result.w} + {w}) * {result.o} + channel"
        value = job.finish.element(f"gn_sum_f32v(c{i})", "channel")
        lines.append("{ " + step.store(value, pixel if result.channels_last else plane, "channel", "s") + " }")
    return "\n".join([*lines, "        break; }"])


def _run(run: Run, count: int, lanes: int) -> Lines:
    lines = [f"for (long k = 0; k < {run.length}; k += {lanes}) {{"]
    lines.append(f"const f32v b0 = gn_load_f32v(b + {run.row} + k);")
    lines += [f"c{i} += gn_load_f32v(a{i} + {run.offset} + k) * b0;" for i in range(count)]
    return [*lines, "}"]
