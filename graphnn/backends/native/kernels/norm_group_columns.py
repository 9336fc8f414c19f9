"""Group normalisation of images stored channels-last, and its gradient.

A sample's pixels are rows of all channels: statistics of each channel over the rows, joined to those of the groups, and the
results. Where there are samples enough, a part does all this for its samples while they are in cache; otherwise the rows of
each sample are cut into chunks, and the statistics of all chunks are joined in between.
"""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Lines,
    axes,
    cut,
    dealt,
    flat,
    loop,
    merged,
    parts_for,
    pointers,
    shares_of,
    text,
    there,
)
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.types import Shape

HELPERS = ('#include "norm.h"',)
HELD = 4  # numbers a channel that each chunk keeps
SHARED = 4  # and that a sample's chunks share: `means`, `scales`, `shifts`, `slopes`
BLOCK = 8192  # elements of rows whose statistics are taken at once


def columns_scratch(shape: Shape) -> Shape:
    """For each sample: what its chunks keep and what they share, by channel."""
    return shape[0], _chunks(shape) * HELD + SHARED, shape[1]


def _chunks(shape: Shape) -> int:
    """Into how many chunks the rows of a sample are cut."""
    samples, work = shape[0], math.prod(shape[1:])
    return 1 if shares_of(samples) else parts_for(4 * work, max(1, min(BRANCH // samples, math.prod(shape[2:]))))


def are_columns(*operands: Operand | None) -> bool:
    """Whether channels lie side by side in all of them, in rows that are evenly apart."""
    there = [o for o in operands if o is not None]
    first = there[0]
    inner = merged(axes(first.shape[2:], *(o.strides[2:] for o in there)))
    return first.type.ndim == 4 and first.shape[1] > 1 and len(inner) <= 1 and all(o.strides[1] == 1 for o in there)


class _Samples:
    """The phases of a walk over `samples`; `whole` are the images. Lines are about the rows from `low` to `high` of sample
    `n`, and about `mine`, what the chunk keeps."""

    def __init__(self, step: Step, groups: int, scratch: Operand, **whole: Operand) -> None:
        first = next(iter(whole.values()))
        self.samples, self.channels = first.shape[:2]
        self.space = math.prod(first.shape[2:])
        self.groups, self.each = groups, self.channels // groups
        self.rows = {name: _row_stride(o) for name, o in whole.items()}
        self.moves = {name: o.strides[0] for name, o in whole.items()}
        self.chunks = _chunks(first.shape)
        self.shares = shares_of(self.samples)
        self.parts = self.shares or parts_for(4 * first.type.size, min(BRANCH, self.samples))
        self.scratch = scratch
        self.dealt = dealt(*(o for o in (*step.inputs, *step.outputs, *step.scratch) if self._is_dealt(o)))
        self.work = first.type.size
        self.block = max(8, BLOCK // self.channels)

    def _is_dealt(self, operand: Operand | None) -> bool:
        """Not the vectors, which all samples share."""
        return operand is not None and operand.type.ndim > 1 and operand.shape[0] == self.samples

    def at(self, name: str, row: str = "low") -> str:
        return f"{name} + n * {self.moves[name]}L + ({row}) * {self.rows[name]}L"

    def held(self, chunk: str) -> str:
        return f"held + (n * {self.chunks * HELD + SHARED}L + {chunk} * {HELD}) * {self.channels}"

    def _shared(self) -> Lines:
        names = ("means", "scales", "shifts", "slopes")
        start = self.held(str(self.chunks))
        lines = [f"float *const {name} = {start} + {i * self.channels};" for i, name in enumerate(names)]
        return [*lines, f"(void){'; (void)'.join(names)};"]

    def phases(self, head: Lines, first: Lines, joined: Lines, last: Lines) -> list[Phase]:
        """`first` for each chunk, `joined` for each sample, and `last` for each chunk again."""
        head = [*head, f"float *const held = {self.scratch.pointer};"]
        if self.chunks == 1:
            rows = f"const long low = 0, high = {self.space};"
            each = [rows, *self._shared(), f"float *const mine = {self.held('0')};", *first, *joined, *last]
            body = text(head, cut(self.samples, self.parts), loop("n", "from", "to", each))
            return [Phase(body, self.parts, 0.8 * self.work, HELPERS, shares=self.shares, dealt=self.dealt)]
        chunk = [f"const long n = part / {self.chunks}, chunk = part % {self.chunks};"]
        chunk += [f"const long low = chunk * {self.space} / {self.chunks};"]
        chunk += [f"const long high = (chunk + 1) * {self.space} / {self.chunks};"]
        chunk += [*self._shared(), f"float *const mine = {self.held('chunk')};", "(void)mine;"]
        parts = self.samples * self.chunks
        phases = [
            Phase(text(head, chunk, first), parts, 0.4 * self.work, HELPERS),
            Phase(text(head, loop("n", 0, self.samples, self._shared(), joined)), 1, 0.0, HELPERS),
        ]
        return [*phases, Phase(text(head, chunk, last), parts, 0.4 * self.work, HELPERS)] if last else phases

    def over_groups(self, before: Lines, each: Lines, after: Lines) -> Lines:
        """For each group `g_` of a sample, `each` over its channels in all chunks."""
        channels = (f"g_ * {self.each}", f"(g_ + 1) * {self.each}")
        return loop("g_", 0, self.groups, before, loop("c", *channels, each), after)


def _row_stride(operand: Operand) -> int:
    """From a pixel to the next."""
    inner = merged(axes(operand.shape[2:], operand.strides[2:]))
    return inner[0].strides[0] if inner else 0


def of_channel(name: str, vector: Operand | None, otherwise: str) -> str:
    return otherwise if vector is None else f"{name}[c * {vector.strides[0]}]"


def forward_columns(step: Step, x: Operand, weight: Operand | None, bias: Operand | None, groups: int) -> list[Phase]:
    """(x - mean) * rstd * weight + bias."""
    out, mean, rstd = step.outputs
    how = _Samples(step, groups, step.scratch[0], x=x, out=x if out is None else out)
    head = pointers(x=x, weight=weight, bias=bias, out=out, mean_out=mean, rstd_out=rstd)
    place = f"mine, mine + {how.channels}, mine + {2 * how.channels}"
    first = [
        f"gn_columns_statistics({place}, {how.at('x')}, high - low, {how.rows['x']}, {how.channels}, {how.block});"
    ]
    last = []
    if out is not None:
        strides = f"{how.rows['out']}, {how.rows['x']}, {how.channels}"
        last = [f"gn_normal_columns({how.at('out')}, {how.at('x')}, high - low, {strides}, means, scales, shifts);"]
    return how.phases(head, first, _statistics(step, how, weight, bias), last)


def _statistics(step: Step, how: _Samples, weight: Operand | None, bias: Operand | None) -> Lines:
    """Of a group, from those of its channels in all chunks (Chan, Golub and LeVeque, 1979)."""
    _, mean, rstd = step.outputs
    one = [
        f"const float *const found = {how.held('i')};",
        f"const double n_ = (double)((i + 1) * {how.space} / {how.chunks} - i * {how.space} / {how.chunks});",
        "const double delta = found[c] - middle;",
        "seen += n_;",
        "middle += delta * (n_ / seen);",
        f"squares += found[{how.channels} + c] + delta * delta * (n_ * (seen - n_) / seen);",
    ]
    scale = f"scales[c] = factor * {of_channel('weight', weight, '1')};"
    kept = ["means[c] = (float)middle;", scale, f"shifts[c] = {of_channel('bias', bias, '0')};"]
    size, eps = how.each * how.space, float(step.attrs["eps"])
    after = [f"const float factor = 1.0f / sqrtf((float)(squares / {size}.0) + {eps!r}f);"]
    after += loop("c", f"g_ * {how.each}", f"(g_ + 1) * {how.each}", kept)
    after += [f"mean_out[n * {how.groups} + g_] = (float)middle;"] if mean is not None else []
    after += [f"rstd_out[n * {how.groups} + g_] = factor;"] if rstd is not None else []
    return how.over_groups(["double seen = 0, middle = 0, squares = 0;"], loop("i", 0, how.chunks, one), after)


def grad_columns(step: Step, groups: int) -> list[Phase]:
    """The input's gradient, and into the first scratch the sums for the weight and the bias, of each sample."""
    g, x, weight, mean, rstd = step.inputs
    out = step.outputs[0]
    sums, scratch = step.scratch
    how = _Samples(step, groups, scratch, x=there(x), g=there(g), out=there(x) if out is None else out)
    head = pointers(x=x, g=g, weight=weight, mean_in=mean, rstd_in=rstd, out=out, sums=sums)
    last = []
    if out is not None:
        strides = ", ".join(str(how.rows[name]) for name in ("out", "x", "g"))
        operands = ", ".join(how.at(name) for name in ("out", "x", "g"))
        numbers = "means, slopes, scales, shifts"
        last = [f"gn_blend_columns({operands}, high - low, {strides}, {how.channels}, {numbers});"]
    return how.phases(head, _products(how, there(mean)), _gradients(how, weight, there(rstd), out), last)


def _products(how: _Samples, mean: Operand) -> Lines:
    """One chunk's sums of g and of g * (x - mean) by channel, block of rows by block while they are in cache."""
    middle = f"mean_in[n * {mean.strides[0]} + c / {how.each} * {mean.strides[1]}]"
    mine = f"mine + {2 * how.channels}"
    strides = f"{how.rows['x']}, {how.rows['g']}, {how.channels}"
    each = [
        f"const long count = high - r < {how.block} ? high - r : {how.block};",
        f"gn_columns_sum(mine, {how.at('g', 'r')}, count, {how.rows['g']}, {how.channels});",
        f"gn_columns_moments(mine + {how.channels}, {how.at('x', 'r')}, {how.at('g', 'r')}, count, {strides}, {mine});",
    ]
    return flat(
        f"gn_fill(mine, {2 * how.channels}, 0);",
        loop("c", 0, how.channels, f"mine[{2 * how.channels} + c] = {middle};"),
        f"for (long r = low; r < high; r += {how.block}) {{",
        ["    " + line for line in each],
        "}",
    )


def _gradients(how: _Samples, weight: Operand | None, rstd: Operand, out: Operand | None) -> Lines:
    """From the sums of all chunks: the vectors' of this sample, and the numbers that the input's gradient is made with."""
    channels, w = how.channels, of_channel("weight", weight, "1")
    one = [
        f"const float *const found = {how.held('i')};",
        f"sum += found[c], product += found[{channels} + c];",
    ]
    each = flat(
        "double sum = 0, product = 0;",
        loop("i", 0, how.chunks, one),
        f"sums[n * {2 * channels} + c] = (float)(product * factor);",
        f"sums[n * {2 * channels} + {channels} + c] = (float)sum;",
        f"total += sum * {w}, products += product * {w};",
    )
    size = how.each * how.space
    kept = [
        f"means[c] = ({how.held('0')})[{2 * channels} + c];",
        f"slopes[c] = (float)(products * factor * factor * factor / {-size}.0);",
        f"shifts[c] = (float)(total * factor / {-size}.0);",
        f"scales[c] = factor * {w};",
    ]
    before = [f"const float factor = rstd_in[n * {rstd.strides[0]} + g_ * {rstd.strides[1]}];"]
    after = loop("c", f"g_ * {how.each}", f"(g_ + 1) * {how.each}", kept) if out is not None else []
    return how.over_groups([*before, "double total = 0, products = 0;"], each, after)
