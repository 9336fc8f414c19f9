"""Convolution of images and lines, forward: image block, panels, product; bias and relu on the accumulators."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import there
from graphnn.backends.native.kernels.conv_depthwise import depthwise_phases, depthwise_scratch, is_depthwise
from graphnn.backends.native.kernels.conv_few import few_phase, suits_few
from graphnn.backends.native.kernels.conv_finish import Finisher
from graphnn.backends.native.kernels.conv_grids import Grid, Grids, Tap, lay_out
from graphnn.backends.native.kernels.conv_layout import Image, Panels, as_image, image_phase, panels_phase
from graphnn.backends.native.kernels.conv_products import Job, Result, product_phase
from graphnn.backends.native.kernels.conv_slim import slim_case, slim_shape
from graphnn.backends.native.kernels.conv_tile import shape_of, tile_shape
from graphnn.backends.native.kernels.matmul import finish_sums, has_whole_vectors, product_phases, worker_memory
from graphnn.backends.native.kernels.product import Product
from graphnn.backends.native.kernels.winograd import (
    WeightSizes,
    Winograd,
    suits_winograd,
    transform_weights,
    winograd_phases,
    winograd_scratch,
    winograd_with_weights,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import Node
from graphnn.ops.winograd import out_of


def accepts(node: Node) -> bool:
    """Float32, and something to do."""
    return only_float32(node) and min(v.type.size for v in (*node.operands, *node.outputs)) > 0


class Forward:
    """The geometry of one convolution over images; lines are images of height 1."""

    def __init__(self, node: Node, machine: Machine) -> None:
        x, weight, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert x is not None
        assert weight is not None
        lines = x.type.ndim == 3
        axes = 1 if lines else 0  # an axis of height 1 that lines lack
        one, zero = (1,) * axes, (0,) * axes
        n, c, *spatial = x.type.shape
        h, w = (*one, *spatial)
        shape: Shape = node.attrs.get("shape", weight.type.shape)
        self.o, _, *kernel = shape
        kh, kw = (*one, *kernel)
        self.lines = lines
        self.oh, self.ow = (*one, *out.type.shape[2:])
        attrs = node.attrs
        self.stride = (*one, *attrs["stride"])
        dilation, padding = (*one, *attrs["dilation"]), (*zero, *attrs["padding"])
        image = Image(n, c, h, w, padding[0], padding[1], h + 2 * padding[0], w + 2 * padding[1])
        packed, groups = "shape" in node.attrs, attrs["groups"]
        self.shape = (
            shape_of(machine, weight.type.shape[-1] // machine.lanes)
            if packed
            else tile_shape(machine, self.o // groups)
        )
        taps = tuple((i, j) for i in range(kh) for j in range(kw))
        slim = None if packed else slim_shape(machine, c // groups, self.o, len(taps), groups)
        self.shape = slim or self.shape
        self.slim = slim is not None
        strides = (kw, 1, kh * kw, c // groups * kh * kw)
        self.panels = Panels(taps, c // groups, self.o, self.shape.vectors * machine.lanes or 1, strides, groups)
        offsets = tuple(Tap(i * dilation[0], j * dilation[1], t) for t, (i, j) in enumerate(taps))
        grid = Grid(self.oh, self.ow, (0, 0), (1, 1), (0, 0), self.stride, offsets)
        self.few = not self.slim and suits_few(c // groups, kw, self.ow, self.shape)
        self.grids = Grids(image, (grid,)) if self.few else lay_out(image, [grid], self.shape.pixels)
        self.image = self.grids.image


def winograd_of(node: Node, machine: Machine, constant: bool) -> Winograd | None:
    """The convolution by Winograd's algorithm, where it can be done so and pays, or its weight comes so."""
    x, weight, out = node.inputs[0], node.inputs[1], node.output
    assert x is not None
    assert weight is not None
    attrs = node.attrs
    shape: Shape = attrs.get("shape", weight.type.shape)
    plain = (attrs["stride"], attrs["dilation"], attrs["groups"]) == ((1, 1), (1, 1), 1)
    if not plain or shape[2:] != (3, 3) or max(attrs["padding"]) > 2:
        return None
    (n, c, h, w), (top, left) = x.type.shape, attrs["padding"]
    image = Image(n, c, h, w, top, left, h + 2 * top, w + 2 * left)
    _, _, oh, ow = out.type.shape
    if "shape" not in attrs:
        return suits_winograd(machine, image, shape[0], (oh, ow), constant)
    vectors = weight.type.shape[-1] // machine.lanes
    if weight.type.ndim != 4:
        return None
    return Winograd(image, shape[0], oh, ow, vectors, machine.lanes, out_of(weight.type.shape[0]))


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    if is_depthwise(node):
        return depthwise_scratch(node)
    forward = Forward(node, machine)
    winograd = winograd_of(node, machine, False)
    if winograd is not None:
        return winograd_scratch(winograd, machine, forward.panels)
    return TensorType(dtypes.float32, (forward.panels.size,)), forward.image.type


@lowers("conv1d", "conv2d", "conv2d_relu", accepts=accepts, scratch=_scratch)
def _conv(step: Step) -> list[Phase]:
    """The weights come contiguous, as parameters do; the image in any strides."""
    if is_depthwise(step.node):
        return depthwise_phases(step, Finisher(step, step.node.output.type.shape[1]))
    made = Forward(step.node, step.machine)
    weight = step.inputs[1]
    assert weight is not None
    winograd = winograd_of(step.node, step.machine, False)
    if winograd is not None:
        return winograd_with_weights(step, winograd, _striding(made.panels, weight), weight, Finisher(step, made.o))
    packed, block = step.scratch
    packing = panels_phase(_striding(made.panels, weight), weight, packed, step.machine.lanes)
    return [packing, *_product(step, made, packed, block)]


def is_matrix_product(node: Node) -> bool:
    """Whether a packed convolution reads single pixels, all of them: channels-last that is a matrix product."""
    attrs = node.attrs
    return (attrs["stride"], attrs["padding"], attrs["shape"][2:]) == ((1, 1), (0, 0), (1, 1))


def _matrix_product(step: Step, x: Operand, packed: Operand) -> list[Phase]:
    """Pixels times weights."""
    memory, block = step.scratch
    n, c, h, w = x.shape
    phases = []
    if not x.is_channels_last:
        phases.append(image_phase(Image(n, c, h, w, 0, 0, h, w), x, block))
        x = block
    width, outputs = packed.shape[-1], step.attrs["shape"][0]
    product = Product(x, packed, (), n * h * w, outputs, c, c, 1, width, 1, width)
    bias = step.inputs[2] if len(step.inputs) > 2 else None
    return [*phases, *product_phases(step, product, finish_sums(step, bias, step.attrs["relu"]), memory, samples=n)]


def _image_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    winograd = winograd_of(node, machine, True)
    if winograd is not None:
        return winograd.scratch(machine), winograd.source
    if is_matrix_product(node):
        x, weight = node.inputs[0], node.inputs[1]
        assert x is not None
        assert weight is not None
        pixels, (outputs, c, *_) = x.type.size // x.type.shape[1], node.attrs["shape"]
        memory = worker_memory(machine, dtypes.float32, pixels, outputs, c, weight.type.shape[-1])
        n, _, h, w = x.type.shape
        return memory, TensorType(dtypes.float32, (n, h, w, c))
    return (Forward(node, machine).image.type,)


@lowers("packed_conv2d", accepts=lambda node: accepts(node) and has_whole_vectors(node), scratch=_image_scratch)
def _packed_conv(step: Step) -> list[Phase]:
    x, packed, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    winograd = winograd_of(step.node, step.machine, True)
    if winograd is not None:
        memory, image = step.scratch
        return winograd_phases(step, winograd, x, image, packed, memory, Finisher(step, winograd.columns))
    if is_matrix_product(step.node) and out.is_channels_last:
        return _matrix_product(step, x, packed)
    return _product(step, Forward(step.node, step.machine), packed, step.scratch[-1])


def _product(step: Step, made: Forward, packed: Operand, block: Operand) -> list[Phase]:
    """The image block where the image cannot be read in place, and the product."""
    x, out = step.inputs[0], step.outputs[0]
    assert x is not None
    assert out is not None
    phases = []
    if made.image.is_plain and x.is_channels_last:
        block = x
    else:
        phases.append(image_phase(made.image, as_image(x), block))
    result = Result(made.image.n, made.o, made.oh, made.ow, out.is_channels_last)
    job = Job(made.grids, made.panels, made.shape, result, Finisher(step, made.o))
    if made.few and out.is_channels_last:
        return [*phases, few_phase(step, job, block, packed)]
    return [*phases, product_phase(step, job, block, packed, slim_case if made.slim else None)]


def _pack_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    type = node.output.type
    return (TensorType(dtypes.float32, (9, *type.shape[1:])),) if node.attrs["winograd"] else ()


def _can_pack(node: Node) -> bool:
    whole = not node.attrs["winograd"] or node.attrs["width"] % this_machine().lanes == 0
    return only_float32(node) and node.output.type.ndim < 6 and whole


@lowers("pack_weight", accepts=_can_pack, scratch=_pack_scratch)
def _pack(step: Step) -> list[Phase]:
    weight, out = step.inputs[0], step.outputs[0]
    assert weight is not None
    assert out is not None
    columns, rows, *kernel = weight.shape
    kh, kw = (*(1,) * (2 - len(kernel)), *kernel)
    taps = tuple((i, j) for i in range(kh) for j in range(kw))
    lanes, width = step.machine.lanes, step.attrs["width"]
    panels = _striding(Panels(taps, rows, columns, width, (0, 0, 0, 0)), weight)
    if not step.attrs["winograd"]:
        return [panels_phase(panels, weight, out, lanes)]
    (packed,) = step.scratch
    sizes = WeightSizes(panels.number, rows, width, lanes, step.attrs["winograd"])
    return [panels_phase(panels, weight, packed, lanes), transform_weights(sizes, packed, out)]


def _striding(panels: Panels, weight: Operand) -> Panels:
    """By the strides that the weight has: (O, C, KH, KW), or without KH."""
    so, sc, *rest = weight.strides
    skh, skw = (*(0,) * (2 - len(rest)), *rest)
    return panels._replace(strides=(skh, skw, sc, so), apart=panels.share * so)
