"""The gradient of a convolution's weight where there are few pixels and many weights: one plain product.

What the taps see of the image is written out, a row a pixel, in the order of the weights; the product with the
result's gradient then makes the weights' gradient row by row, and an optimizer's arithmetic goes with it.
"""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import block, loop, text
from graphnn.backends.native.kernels.conv_layout import image_phase
from graphnn.backends.native.kernels.matmul import product_phases, worker_memory
from graphnn.backends.native.kernels.product import Product
from graphnn.backends.native.kernels.weight_grad_shape import WeightGrad
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType

AN_ELEMENT = 0.6  # nanoseconds, to write out


def has_few_pixels(made: WeightGrad) -> bool:
    """Whether writing out what the taps see costs less than turning the finished sums round."""
    return made.groups == 1 and made.pixels <= made.o and made.image.c >= made.lanes and len(made.taps) > 1


def few_scratch(made: WeightGrad, machine: Machine) -> tuple[TensorType, ...]:
    seen = TensorType(dtypes.float32, (made.pixels, made.image.c * len(made.taps)))
    memory = worker_memory(machine, dtypes.float32, made.o, seen.shape[1], made.pixels)
    return seen, made.gradient.type, memory


def few_phases(step: Step, made: WeightGrad, x: Operand, g: Operand) -> list[Phase]:
    seen, gradient, memory = step.scratch
    phases = [_written_out(made, x, seen)]
    if g.is_channels_last:
        gradient = g
    else:
        phases.append(image_phase(made.gradient, g, gradient))
    pixels, columns = seen.shape
    product = Product(gradient, seen, (), made.o, columns, pixels, 1, made.o, columns, 1)

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        return step.store(value, offset, "0", "v", lanes)

    return [*phases, *product_phases(step, product, finish, memory)]


def _written_out(made: WeightGrad, x: Operand, seen: Operand) -> Phase:
    """Row p: for each channel what all taps of pixel p see of it, zeros outside the image."""
    image, count = made.image, len(made.taps)
    sn, sc, sh, sw = x.strides
    parts = max(1, min(8, made.pixels))
    reads = []
    for t, (dh, dw) in enumerate(made.taps):
        inside = f"h + {dh} >= 0 && h + {dh} < {image.h} && w + {dw} >= 0 && w + {dw} < {image.w}"
        move = loop("c", 0, image.c, f"to[c * {count} + {t}] = from[c * {sc}L];")
        zero = loop("c", 0, image.c, f"to[c * {count} + {t}] = 0;")
        lines = [f"const float *from = {x.pointer} + n * {sn}L + (h + {dh}) * {sh}L + (w + {dw}) * {sw}L;", *move]
        reads += [*block(f"if ({inside})", lines), *block("else", zero)]
    head = [
        f"const long n = p_ / {made.oh * made.ow}, h = p_ / {made.ow} % {made.oh} * {made.stride[0]} - {image.top};",
        f"const long w = p_ % {made.ow} * {made.stride[1]} - {image.left};",
        f"float *to = {seen.pointer} + p_ * {image.c * count}L;",
    ]
    low, high = f"part * {made.pixels} / {parts}", f"(part + 1) * {made.pixels} / {parts}"
    return Phase(text(loop("p_", low, high, [*head, *reads])), parts, seen.type.size * AN_ELEMENT)
