"""The geometry of the gradient of a convolution's weight."""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import block, loop, parts_for, text
from graphnn.backends.native.kernels.conv_layout import Image, image_phase
from graphnn.backends.native.kernels.conv_tile import tile_shape
from graphnn.backends.native.step import Operand, Phase
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.value import Node

NEAR, FAR = 4096, 1 << 16  # floats of the gradient and of the image that a block of pixels may take: of L1, of L2
SLICES = 8
FEW_SUMS = 1 << 14  # so few are made in slices of the pixels


class Kind(NamedTuple):
    """What tiles of one text share: of each row the place in the image, and the row of the sums, from the first one's."""

    offsets: tuple[int, ...]
    rows: tuple[int, ...]


class Tile(NamedTuple):
    """Some rows (taps and channels): where the first one lies in the image and in the sums; the tap of the first."""

    kind: Kind
    offset: int
    row: int
    tap: int


class WeightGrad:
    """`taps` are offsets from a pixel's first one. The sums are [channel][tap] rows of `columns` output channels. Groups
    have `each` panels of their own, which see `c` channels.

    Where a tile is of one tap (`cuts`), pixels whose tap is outside the image are left out, and `block` is the image
    itself; otherwise the image has its borders of zeros.
    """

    def __init__(self, node: Node, machine: Machine) -> None:
        g, x, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert g is not None
        assert x is not None
        axes = 1 if g.type.ndim == 3 else 0  # an axis of height 1 that lines lack
        one, zero = (1,) * axes, (0,) * axes
        n, self.o, *spatial = g.type.shape
        self.oh, self.ow = (*one, *spatial)
        c: int = x.type.shape[1]
        self.groups: int = node.attrs["groups"]
        self.c, self.share = c // self.groups, self.o // self.groups
        h, w = (*one, *x.type.shape[2:])
        kernel = (*one, *out.type.shape[2:])
        attrs = node.attrs
        self.stride, dilation = (*one, *attrs["stride"]), (*one, *attrs["dilation"])
        padding = (*zero, *attrs["padding"])
        self.image = Image(n, c, h, w, padding[0], padding[1], h + 2 * padding[0], w + 2 * padding[1])
        self.gradient = Image(n, self.o, self.oh, self.ow, 0, 0, self.oh, self.ow)
        self.shape = tile_shape(machine, self.share)
        self.nr = self.shape.vectors * machine.lanes
        self.lanes = machine.lanes
        self.each = -(-self.share // self.nr)
        self.panels = self.groups * self.each
        self.columns = self.panels * self.nr
        self.pixels = n * self.oh * self.ow
        self.taps = [(i * dilation[0], j * dilation[1]) for i in range(kernel[0]) for j in range(kernel[1])]
        self.cuts = self.c >= 2 * self.shape.pixels
        self.block = self.image._replace(top=0, left=0, hp=h, wp=w) if self.cuts else self.image

    @property
    def gradient_step(self) -> int:
        """From a pixel's gradient to the next one's: of one panel, the gradient is as it comes."""
        return self.o if self.panels == 1 else self.nr

    @property
    def size(self) -> int:
        """Weights of an output channel."""
        size: int = self.c * len(self.taps)
        return size

    @property
    def is_flat(self) -> bool:
        """Whether all pixels lie in one line, and read what lies in one line."""
        return self.image.is_plain and self.stride == (1, 1) and len(self.taps) == 1

    @property
    def lines(self) -> tuple[int, int]:
        """How many lines of pixels there are, and their length."""
        return (self.pixels, 1) if self.is_flat else (self.pixels // self.ow, self.ow)

    @property
    def lines_a_block(self) -> int:
        pixels: int = max(32, min(NEAR // self.nr, FAR // (self.image.c * self.stride[0] * self.stride[1])))
        return max(1, pixels // self.lines[1])

    @property
    def slices(self) -> int:
        """Into how many slices the pixels are cut, whose sums are added up at the end."""
        return min(SLICES, self.lines[0]) if self.size * self.columns <= FEW_SUMS else 1

    def inside(self, axis: int, tap: int) -> tuple[int, int]:
        """The results (from, to) along an axis whose tap lies in the image."""
        size, results = ((self.image.h, self.oh), (self.image.w, self.ow))[axis]
        first = self.taps[tap][axis] - (self.image.top, self.image.left)[axis]
        stride = self.stride[axis]
        low, high = max(0, -(first // stride)), min(results, -((first - size) // stride))
        return min(low, results), max(low, high) if low < results else results

    def tiles(self) -> list[Tile]:
        """All rows, in tiles."""
        rows = [(t, channel) for t in range(len(self.taps)) for channel in range(self.c)]
        runs = [rows[t * self.c : (t + 1) * self.c] for t in range(len(self.taps))] if self.cuts else [rows]
        return [self._tile(piece) for run in runs for piece in _even(run, self.shape.pixels)]

    def _tile(self, rows: list[tuple[int, int]]) -> Tile:
        offsets = [self._offset(t) + channel for t, channel in rows]
        places = [channel * len(self.taps) + t for t, channel in rows]
        kind = Kind(tuple(o - offsets[0] for o in offsets), tuple(p - places[0] for p in places))
        return Tile(kind, offsets[0], places[0], rows[0][0])

    def _offset(self, tap: int) -> int:
        """Of a tap in the block, from where pixels begin."""
        h, w = self.taps[tap]
        if self.cuts:
            h, w = h - self.image.top, w - self.image.left
        offset: int = (h * self.block.wp + w) * self.image.c
        return offset


def _even(run: list[tuple[int, int]], most: int) -> list[list[tuple[int, int]]]:
    pieces = -(-len(run) // most)
    return [run[i * len(run) // pieces : (i + 1) * len(run) // pieces] for i in range(pieces)]


def gradient_phase(made: WeightGrad, source: Operand, target: Operand) -> Phase:
    """The result's gradient as [panel][pixel][nr]; of a single panel as [pixel][o]."""
    if made.panels == 1:
        return image_phase(made.gradient, source, target)
    sn, sc, sh, sw = source.strides
    each = made.each
    last = made.share - (each - 1) * made.nr
    first = f"(panel / {each} * {made.share} + panel % {each} * {made.nr})"
    move = f"for (long c = 0; c < {{n}}; c++) to[w * {made.nr} + c] = from[w * {sw}L + c * {sc}L];"
    if sc == 1:
        move = f"memcpy(to + w * {made.nr}, from + w * {sw}L, {{n}} * sizeof(float));"
    rows = made.pixels // made.ow
    number = made.panels * rows
    lines = [
        f"const long panel = k / {rows}, r = k % {rows}, n = r / {made.oh}, h = r % {made.oh};",
        f"const float *from = {source.pointer} + n * {sn}L + h * {sh}L + {first} * {sc}L;",
        f"float *to = {target.pointer} + k * {made.ow * made.nr}L;",
        *block(f"if (panel % {each} < {each - 1})", loop("w", 0, made.ow, move.format(n=made.nr))),
        *block("else", loop("w", 0, made.ow, move.format(n=last))),
    ]
    parts = parts_for(made.pixels * made.o)
    low, high = f"part * {number} / {parts}", f"(part + 1) * {number} / {parts}"
    body = text(loop("k", low, high, lines))
    return Phase(body, parts, made.pixels * made.o * (0.15 if sc == 1 else 0.6))
