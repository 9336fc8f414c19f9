"""The gradient of a convolution's input: for each phase of the stride a convolution of the result's gradient with the taps
that reach that phase, their order turned round."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from graphnn.backends.native.kernels.axes import there
from graphnn.backends.native.kernels.conv_depthwise import depthwise_phases, depthwise_scratch, is_depthwise
from graphnn.backends.native.kernels.conv_few import few_phase, suits_few
from graphnn.backends.native.kernels.conv_finish import Finisher
from graphnn.backends.native.kernels.conv_forward import accepts
from graphnn.backends.native.kernels.conv_grids import Grid, Tap, lay_out, reach
from graphnn.backends.native.kernels.conv_layout import Image, Panels, as_image, image_phase, panels_phase
from graphnn.backends.native.kernels.conv_products import Job, Result, product_phase
from graphnn.backends.native.kernels.conv_slim import slim_case, slim_shape
from graphnn.backends.native.kernels.conv_tile import shape_of, tile_shape
from graphnn.backends.native.kernels.matmul import has_whole_vectors
from graphnn.backends.native.kernels.winograd import (
    Winograd,
    suits_winograd,
    winograd_scratch,
    winograd_with_weights,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node


class InputGrad:
    """The geometry. `reaches[axis][phase]`: which taps reach the positions of that phase, and from where."""

    def __init__(self, node: Node, machine: Machine) -> None:
        g, weight, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert g is not None
        assert weight is not None
        axes = 1 if g.type.ndim == 3 else 0  # an axis of height 1 that lines lack
        one, zero = (1,) * axes, (0,) * axes
        n, o, *spatial = g.type.shape
        self.c, groups = out.type.shape[1], node.attrs["groups"]
        oh, ow = (*one, *spatial)
        self.h, self.w = (*one, *out.type.shape[2:])
        packed = "shape" in node.attrs
        kernel = (*one, *node.attrs.get("shape", weight.type.shape)[2:])
        attrs = node.attrs
        stride, dilation = (*one, *attrs["stride"]), (*one, *attrs["dilation"])
        padding = (*zero, *attrs["padding"])
        self.stride = stride
        self.reaches = [
            [reach(kernel[a], stride[a], dilation[a], padding[a], phase) for phase in range(stride[a])] for a in (0, 1)
        ]
        (top, bottom), (left, right) = (self._borders(a, (oh, ow)[a], (self.h, self.w)[a]) for a in (0, 1))
        image = Image(n, o, oh, ow, top, left, oh + top + bottom, ow + left + right)
        taps = kernel[0] * kernel[1] // (stride[0] * stride[1])
        slim = None if packed else slim_shape(machine, o // groups, self.c, taps, groups)
        whole = tile_shape(machine, self.c // groups)
        self.shape = slim or (shape_of(machine, weight.type.shape[-1] // machine.lanes) if packed else whole)
        self.slim = slim is not None
        turned = tuple((i, j) for i in reversed(range(kernel[0])) for j in reversed(range(kernel[1])))
        width = self.shape.vectors * machine.lanes or 1
        self.panels = Panels(turned, o // groups, self.c, width, (0, 0, 0, 0), groups)
        self.grids = lay_out(image, list(self._grids(top, left)), self.shape.pixels)
        self.few = (
            not self.slim and len(self.grids.grids) == 1 and suits_few(o // groups, kernel[1], self.w, self.shape)
        )
        self.image = self.grids.image

    def _borders(self, axis: int, size: int, wanted: int) -> tuple[int, int]:
        """How far the taps reach out before and after the gradient along an axis."""
        offsets = [o for reach in self.reaches[axis] for o, _ in reach] or [0]
        counts = [-(-(wanted - p) // self.stride[axis]) for p in range(self.stride[axis])]
        return max(0, -min(offsets)), max(0, max(counts) + max(offsets) - size)

    def _grids(self, top: int, left: int) -> Iterator[Grid]:
        sh, sw = self.stride
        number = {tap: t for t, tap in enumerate(self.panels.taps)}
        for ph, pw in itertools.product(range(sh), range(sw)):
            rows, columns = max(0, -(-(self.h - ph) // sh)), max(0, -(-(self.w - pw) // sw))
            if rows and columns:
                pairs = sorted(itertools.product(self.reaches[0][ph], self.reaches[1][pw]))
                taps = tuple(Tap(a[0], b[0], number[a[1], b[1]]) for a, b in pairs)
                yield Grid(rows, columns, (ph, pw), self.stride, (top, left), (1, 1), taps)


def winograd_of_grad(node: Node, machine: Machine) -> Winograd | None:
    """The gradient as a convolution by Winograd's algorithm, where it can be done so and pays."""
    g, weight, out = node.inputs[0], node.inputs[1], node.output
    assert g is not None
    assert weight is not None
    attrs = node.attrs
    plain = (attrs["stride"], attrs["dilation"], attrs["groups"]) == ((1, 1), (1, 1), 1)
    if not plain or weight.type.shape[2:] != (3, 3) or max(attrs["padding"]) > 2:
        return None
    (n, o, h, w), (top, left) = g.type.shape, (2 - p for p in attrs["padding"])
    image = Image(n, o, h, w, top, left, h + 2 * top, w + 2 * left)
    return suits_winograd(machine, image, weight.type.shape[1], (out.shape[2], out.shape[3]), constant=False)


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    if is_depthwise(node):
        return depthwise_scratch(node)
    grad = InputGrad(node, machine)
    winograd = winograd_of_grad(node, machine)
    if winograd is not None:
        return winograd_scratch(winograd, machine, grad.panels)
    return TensorType(dtypes.float32, (grad.panels.size,)), grad.image.type


TRANSPOSED = ("conv_transpose1d", "conv_transpose2d")  # the same, and a bias


@lowers("conv1d_input_grad", "conv2d_input_grad", *TRANSPOSED, accepts=accepts, scratch=_scratch)
def _input_grad(step: Step) -> list[Phase]:
    if is_depthwise(step.node):
        return depthwise_phases(step, Finisher(step, step.node.output.type.shape[1]))
    made = InputGrad(step.node, step.machine)
    weight = there(step.inputs[1])
    so, sc, *rest = weight.strides
    skh, skw = (*(0,) * (2 - len(rest)), *rest)
    panels = made.panels._replace(strides=(skh, skw, so, sc), apart=made.panels.rows * so)
    winograd = winograd_of_grad(step.node, step.machine)
    if winograd is not None:
        return winograd_with_weights(step, winograd, panels, weight, Finisher(step, made.c))
    packed, block = step.scratch
    packing = panels_phase(panels, weight, packed, step.machine.lanes)
    return [packing, *_product(step, made, packed, block)]


def _image_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    return (InputGrad(node, machine).image.type,)


@lowers("packed_conv_transpose2d", accepts=lambda n: accepts(n) and has_whole_vectors(n), scratch=_image_scratch)
def _packed(step: Step) -> list[Phase]:
    return _product(step, InputGrad(step.node, step.machine), there(step.inputs[1]), step.scratch[0])


def _product(step: Step, made: InputGrad, packed: Operand, block: Operand) -> list[Phase]:
    """The image block where the gradient cannot be read in place, and the product."""
    g, out, phases = there(step.inputs[0]), there(step.outputs[0]), list[Phase]()
    if made.image.is_plain and g.is_channels_last:
        block = g
    else:
        phases.append(image_phase(made.image, as_image(g), block))
    result = Result(made.image.n, made.c, made.h, made.w, out.is_channels_last)
    job = Job(made.grids, made.panels, made.shape, result, Finisher(step, made.c))
    if made.few and out.is_channels_last:
        return [*phases, few_phase(step, job, block, packed)]
    return [*phases, product_phase(step, job, block, packed, slim_case if made.slim else None)]
