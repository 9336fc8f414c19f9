"""The geometry of the gradient of a convolution's weight."""

from __future__ import annotations

from graphnn.backends.native.kernels.conv_layout import Image
from graphnn.backends.native.kernels.conv_tile import tile_shape
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.value import Node

BLOCK = 12288  # floats of image and gradient that a block of pixels may take


class WeightGrad:
    """`taps` are offsets from a pixel's first one; `bands` are offsets in the image block at which rows begin, `height`
    rows each."""

    def __init__(self, node: Node, machine: Machine) -> None:
        g, x, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert g is not None
        assert x is not None
        axes = 1 if g.type.ndim == 3 else 0  # an axis of height 1 that lines lack
        one, zero = (1,) * axes, (0,) * axes
        n, self.o, *spatial = g.type.shape
        self.oh, self.ow = (*one, *spatial)
        c = x.type.shape[1]
        h, w = (*one, *x.type.shape[2:])
        self.kh, self.kw = (*one, *out.type.shape[2:])
        attrs = node.attrs
        self.stride, dilation = (*one, *attrs["stride"]), (*one, *attrs["dilation"])
        padding = (*zero, *attrs["padding"])
        self.image = Image(n, c, h, w, padding[0], padding[1], h + 2 * padding[0], w + 2 * padding[1])
        self.gradient = Image(n, self.o, self.oh, self.ow, 0, 0, self.oh, self.ow)
        self.shape = tile_shape(machine, self.o)
        self.nr = self.shape.vectors * machine.lanes
        self.lanes = machine.lanes
        self.panels = -(-self.o // self.nr)
        self.columns = self.panels * self.nr
        wp = self.image.wp
        if dilation[1] == 1:
            self.height = self.kw * c
            self.bands = [i * dilation[0] * wp * c for i in range(self.kh)]
        else:
            self.height = c
            self.bands = [(i * dilation[0] * wp + j * dilation[1]) * c for i in range(self.kh) for j in range(self.kw)]
        self.pixels = n * self.oh * self.ow
        self.taps = [(i * dilation[0], j * dilation[1]) for i in range(self.kh) for j in range(self.kw)]

    @property
    def rows(self) -> int:
        return len(self.bands) * self.height

    @property
    def block(self) -> int:
        """Pixels a block."""
        floats: int = self.image.c * self.stride[1] + self.o
        return max(16, min(self.pixels, BLOCK // floats))

    @property
    def tiles(self) -> int:
        return len(self.bands) * -(-self.height // self.shape.pixels)
