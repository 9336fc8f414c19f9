"""Convolution of each channel by itself, channels-last: a vector is some channels of a pixel, a tile some pixels of a line.

Forward, the gradient of the input, and transposed: grids of results whose taps lie at fixed offsets. Pixels near the borders
ask of each tap whether it is inside; all others don't.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from graphnn.backends.native.kernels.axes import Lines, block, dealt, flat, loop, shares_of, text
from graphnn.backends.native.kernels.conv_finish import Finisher
from graphnn.backends.native.kernels.conv_grids import Grid, Tap, reach
from graphnn.backends.native.kernels.conv_layout import Image, Panels, as_image, image_phase, panels_phase
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

PARTS = 16
A_TAP = 0.02  # nanoseconds for an element of the result, about


def is_depthwise(node: Node) -> bool:
    """Whether every channel is convolved by itself, one result each."""
    weight = node.inputs[1]
    groups = node.attrs["groups"]
    if node.op.name.endswith("weight_grad"):
        return bool(groups > 1 and groups == node.output.type.shape[0] and node.output.type.shape[1] == 1)
    assert weight is not None
    return bool(groups > 1 and groups == weight.type.shape[0] and weight.type.shape[1] == 1)


class Depthwise:
    """The geometry: `grids` of results over the image that is read, which has no borders of its own."""

    def __init__(self, node: Node) -> None:
        x, weight, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert x is not None
        assert weight is not None
        axes = 1 if x.type.ndim == 3 else 0  # an axis of height 1 that lines lack
        one, zero = (1,) * axes, (0,) * axes
        n, self.c, *spatial = x.type.shape
        h, w = (*one, *spatial)
        self.oh, self.ow = (*one, *out.type.shape[2:])
        self.kernel = (*one, *weight.type.shape[2:])
        attrs = node.attrs
        self.stride, self.dilation = (*one, *attrs["stride"]), (*one, *attrs["dilation"])
        self.padding = (*zero, *attrs["padding"])
        self.image = Image(n, self.c, h, w, 0, 0, h, w)
        forward = node.op.name in ("conv1d", "conv2d", "conv2d_relu")
        self.grids = [self._forward()] if forward else list(self._backward())

    @property
    def weights(self) -> TensorType:
        """[tap][channel]."""
        return TensorType(dtypes.float32, (self.kernel[0] * self.kernel[1], self.c))

    def _forward(self) -> Grid:
        taps = enumerate(itertools.product(range(self.kernel[0]), range(self.kernel[1])))
        offsets = tuple(Tap(i * self.dilation[0], j * self.dilation[1], t) for t, (i, j) in taps)
        start = -self.padding[0], -self.padding[1]
        return Grid(self.oh, self.ow, (0, 0), (1, 1), start, self.stride, offsets)

    def _backward(self) -> Iterator[Grid]:
        """One grid for each phase of the stride: the taps that reach its positions."""
        for phases in itertools.product(range(self.stride[0]), range(self.stride[1])):
            sizes = [max(0, -(-(n - p) // s)) for n, p, s in zip((self.oh, self.ow), phases, self.stride, strict=True)]
            down, across = (
                reach(self.kernel[a], self.stride[a], self.dilation[a], self.padding[a], phases[a]) for a in (0, 1)
            )
            taps = tuple(Tap(h, w, i * self.kernel[1] + j) for (h, i), (w, j) in itertools.product(down, across))
            if min(sizes):
                yield Grid(sizes[0], sizes[1], phases, self.stride, (0, 0), (1, 1), taps)


def depthwise_scratch(node: Node) -> tuple[TensorType, ...]:
    made = Depthwise(node)
    return made.weights, made.image.type


def depthwise_phases(step: Step, finish: Finisher) -> list[Phase]:
    made = Depthwise(step.node)
    x, weight, out = step.inputs[0], step.inputs[1], step.outputs[0]
    assert x is not None
    assert weight is not None
    assert out is not None
    weights, image = step.scratch
    phases = [weights_phase(made.weights, weight, weights, step.machine.lanes)]
    source = as_image(x)
    if source.is_channels_last:
        image = source
    else:
        phases.append(image_phase(made.image, source, image))
    return [*phases, *(_grid_phase(step, made, grid, image, weights, finish) for grid in made.grids)]


def weights_phase(type: TensorType, weight: Operand, target: Operand, lanes: int) -> Phase:
    """(C, 1, *kernel) as [tap][channel]."""
    taps, channels = type.shape
    sc, _, *rest = weight.strides
    skh, skw = (*(0,) * (2 - len(rest)), *rest)
    kw = weight.shape[-1]
    places = tuple((t // kw, t % kw) for t in range(taps))
    return panels_phase(Panels(places, 1, channels, channels, (skh, skw, 0, sc)), weight, target, lanes)


def _grid_phase(step: Step, made: Depthwise, grid: Grid, image: Operand, weights: Operand, finish: Finisher) -> Phase:
    out = step.outputs[0]
    assert out is not None
    it = _Lines(step, made, grid, finish, as_image(out).is_channels_last)
    rows = made.image.n * grid.rows
    shares = shares_of(made.image.n)
    parts = shares or max(1, min(PARTS, rows))
    body = flat(
        f"const float *const image = {image.pointer}, *const weights = {weights.pointer};",
        loop("r", f"part * {rows}L / {parts}", f"(part + 1) * {rows}L / {parts}", it.line()),
    )
    cost = rows * grid.columns * made.c * max(1, len(grid.taps)) * A_TAP
    return Phase(text(body), parts, cost, shares=shares, dealt=dealt(image, out))


class _Lines:
    """The text for a line of results."""

    def __init__(self, step: Step, made: Depthwise, grid: Grid, finish: Finisher, channels_last: bool) -> None:
        self.step = step
        self.made = made
        self.grid = grid
        self.finish = finish
        self.channels_last = channels_last
        self.lanes = step.machine.lanes
        self.rows = [[t for t in grid.taps if t.h == h] for h in dict.fromkeys(t.h for t in grid.taps)]

    def line(self) -> Lines:
        grid, image = self.grid, self.made.image
        low, high = self._inside()
        tile = self._tile()
        whole = (high - low) // tile * tile
        head = [
            f"const long n = r / {grid.rows}, y = r % {grid.rows} * {grid.stride[0]} + ({grid.start[0]});",
            f"const long at = r % {grid.rows} * {grid.step[0]} + {grid.place[0]};",
            f"const float *const from = image + n * {image.h * image.w * image.c}L;",
        ]
        lines = flat(head, self._single(0, low))
        if whole:
            lines += [f"for (long w = {low}; w < {low + whole}; w += {tile}) {{", *self._channels(tile, False), "}"]
        return flat(lines, self._single(low + whole, high, checked=False), self._single(high, grid.columns))

    def _single(self, low: int, high: int, checked: bool = True) -> Lines:
        return loop("w", low, high, self._channels(1, checked)) if low < high else []

    def _inside(self) -> tuple[int, int]:
        """The columns whose taps are all inside."""
        grid, width = self.grid, self.made.image.w
        offsets = [t.w for t in grid.taps] or [0]
        good = [
            w
            for w in range(grid.columns)
            if grid.start[1] + w * grid.stride[1] + min(offsets) >= 0
            and grid.start[1] + w * grid.stride[1] + max(offsets) < width
        ]
        return (good[0], good[-1] + 1) if good else (grid.columns, grid.columns)

    def _tile(self) -> int:
        """Pixels at once: the numbers that they read of a line stay in registers beside their sums."""
        span = max((max(t.w for t in row) - min(t.w for t in row) for row in self.rows if row), default=0)
        registers = self.step.machine.registers
        return max(1, min(8, (registers - 2 - span) // (1 + self.grid.stride[1])))

    def _channels(self, pixels: int, checked: bool) -> Lines:
        c, lanes = self.made.c, self.lanes
        whole, tail = c // lanes * lanes, c % lanes
        lines: Lines = []
        if whole:
            lines += [f"for (long c = 0; c < {whole}; c += {lanes}) {{", *self._sums(pixels, checked, None), "}"]
        if tail:
            lines += block("", f"const long c = {whole};", *self._sums(pixels, checked, str(tail)))
        return lines

    def _load(self, at: str, n: str | None) -> str:
        return f"gn_load_f32v({at})" if n is None else f"gn_load_part_f32v({at}, {n})"

    def _sums(self, pixels: int, checked: bool, n: str | None) -> Lines:
        lines = ["f32v " + ", ".join(f"s{i} = {{0}}" for i in range(pixels)) + ";"]
        for row in self.rows:
            inside = f"if ((unsigned long)(y + ({row[0].h})) < {self.made.image.h})"
            lines += block(inside, self._checked(row, n) if checked else self._row(row, pixels, n))
        return flat(lines, *(self._stored(i, n) for i in range(pixels)))

    def _row(self, row: list[Tap], pixels: int, n: str | None) -> Lines:
        """A line of taps: every number of the image line is loaded once."""
        image, stride = self.made.image, self.grid.stride[1]
        first = min(t.w for t in row)
        base = (
            f"from + ((y + ({row[0].h})) * {image.w} + w * {stride} + ({self.grid.start[1] + first})) * {image.c}L + c"
        )
        lines = [f"const float *const line = {base};"]
        needed = sorted({i * stride + t.w - first for i in range(pixels) for t in row})
        lines += [f"const f32v x{k} = {self._load(f'line + {k * image.c}L', n)};" for k in needed]
        for tap in row:
            uses = " ".join(f"s{i} += x{i * stride + tap.w - first} * k;" for i in range(pixels))
            lines += block("", f"const f32v k = {self._load(f'weights + {tap.number * image.c}L + c', n)};", uses)
        return lines

    def _checked(self, row: list[Tap], n: str | None) -> Lines:
        image = self.made.image
        lines = []
        for tap in row:
            x = f"w * {self.grid.stride[1]} + ({self.grid.start[1] + tap.w})"
            value = self._load(f"from + ((y + ({tap.h})) * {image.w} + {x}) * {image.c}L + c", n)
            weight = self._load(f"weights + {tap.number * image.c}L + c", n)
            lines.append(f"if ((unsigned long)({x}) < {image.w}) s0 += {value} * {weight};")
        return lines

    def _stored(self, i: int, n: str | None) -> Lines:
        made, grid = self.made, self.grid
        w = f"((w + {i}) * {grid.step[1]} + {grid.place[1]})"
        value = self.finish(f"s{i}", "c")
        if self.channels_last:
            place = f"((n * {made.oh} + at) * {made.ow} + {w}) * {made.c}L + c"
            return ["{ " + self.step.store(value, place, "c", "v", n) + " }"]
        place = f"((n * {made.c} + c + l) * {made.oh} + at) * {made.ow}L + {w}"
        inside = self.step.store("held[l]", place, "(c + l)", "s")
        return [
            f"{{ float held[{self.lanes}]; gn_store_f32v(held, {value}); "
            f"for (long l = 0; l < {n or self.lanes}; l++) {{ {inside} }} }}"
        ]
