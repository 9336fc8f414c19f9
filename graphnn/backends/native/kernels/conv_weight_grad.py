"""The gradient of a convolution's weight: outer products of what the taps see with the result's gradient, summed over pixels.

Rows are what lies side by side in the image block (the taps of a kernel row, all channels), columns the output channels.
Pixels go by in blocks that stay in cache; between blocks the sums wait in scratch, [rows][columns]. No sum is split
over parts, so its order is the same for any number of them.
"""

from __future__ import annotations

from graphnn.backends.native.kernels.conv_forward import accepts, as_image
from graphnn.backends.native.kernels.conv_layout import image_phase
from graphnn.backends.native.kernels.conv_products import FLOPS_PER_NS
from graphnn.backends.native.kernels.conv_weight_grad_few import few_phases, few_scratch, has_few_pixels
from graphnn.backends.native.kernels.weight_grad_shape import WeightGrad
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    made = WeightGrad(node, machine)
    if has_few_pixels(made):
        return few_scratch(made, machine)
    slack = TensorType(dtypes.float32, (made.gradient.type.size + made.nr,))
    return TensorType(dtypes.float32, (made.rows * made.columns,)), made.image.type, slack


@lowers("conv1d_weight_grad", "conv2d_weight_grad", accepts=accepts, scratch=_scratch, channels_last=True)
def _weight_grad(step: Step) -> list[Phase]:
    made = WeightGrad(step.node, step.machine)
    g, x = step.inputs[0], step.inputs[1]
    assert g is not None
    assert x is not None
    if has_few_pixels(made):
        return few_phases(step, made, as_image(x), as_image(g))
    sums, block, gradient = step.scratch
    phases = []
    if made.image.is_plain and x.is_channels_last:
        block = x
    else:
        phases.append(image_phase(made.image, as_image(x), block))
    if g.is_channels_last and made.o % made.nr == 0:
        gradient = g
    else:
        phases.append(image_phase(made.gradient, as_image(g), gradient))
    return [*phases, _sums_phase(made, block, gradient, sums), _write_phase(step, made, sums)]


def _sums_phase(made: WeightGrad, block: Operand, gradient: Operand, sums: Operand) -> Phase:
    image, size = made.image, made.block
    items = made.tiles * made.panels
    parts = max(1, min(16, items))
    bands = ", ".join(map(str, made.bands))
    per_band = made.tiles // len(made.bands)
    cases = "\n".join(_case(made, h) for h in sorted(_heights(made.height, per_band)))
    body = f"""
    static const long bands[] = {{{bands}}};
    long at[{size}];
    for (long p0 = 0; p0 < {made.pixels}; p0 += {size}) {{
        const long count = p0 + {size} < {made.pixels} ? {size} : {made.pixels} - p0;
        for (long i = 0; i < count; i++) {{
            const long p = p0 + i, n = p / {made.oh * made.ow}, h = p / {made.ow} % {made.oh}, w = p % {made.ow};
            at[i] = ((n * {image.hp} + h * {made.stride[0]}) * {image.wp} + w * {made.stride[1]}) * {image.c};
        }}
        for (long item = part * {items} / {parts}; item < (part + 1) * {items} / {parts}; item++) {{
            const long tile = item / {made.panels}, panel = item % {made.panels};
            const long band = tile / {per_band}, number = tile % {per_band};
            const long low = number * {made.height} / {per_band}, next = (number + 1) * {made.height} / {per_band};
            const float *image = {block.pointer} + bands[band] + low;
            const float *g = {gradient.pointer} + p0 * {made.o} + panel * {made.nr};
            float *sum = {sums.pointer} + (band * {made.height} + low) * {made.columns} + panel * {made.nr};
            switch (next - low) {{
{cases}
            }}
        }}
    }}"""
    flops = 2.0 * made.pixels * made.rows * made.o
    return Phase(body, parts, flops / FLOPS_PER_NS)


def _heights(height: int, pieces: int) -> set[int]:
    return {(i + 1) * height // pieces - i * height // pieces for i in range(pieces)}


def _case(made: WeightGrad, rows: int) -> str:
    lanes, vectors = made.lanes, made.shape.vectors
    every = [(i, j) for i in range(rows) for j in range(vectors)]
    lines = [f"            case {rows}: {{"]
    lines += [f"f32v c{i}_{j} = {{0}};" for i, j in every]
    loads = " ".join(f"c{i}_{j} = gn_load_f32v(sum + {i * made.columns + j * lanes});" for i, j in every)
    lines.append(f"if (p0) {{ {loads} }}")
    lines.append("for (long i = 0; i < count; i++) {")
    lines.append("    const float *a = image + at[i];")
    lines += [f"    const f32v b{j} = gn_load_f32v(g + i * {made.o} + {j * lanes});" for j in range(vectors)]
    for i in range(rows):
        lines.append(f"    const f32v x{i} = gn_splat_f32v(a[{i}]);")
        lines += [f"    c{i}_{j} += x{i} * b{j};" for j in range(vectors)]
    lines.append("}")
    lines += [f"gn_store_f32v(sum + {i * made.columns + j * lanes}, c{i}_{j});" for i, j in every]
    return "\n                ".join([*lines, "break; }"])


def _write_phase(step: Step, made: WeightGrad, sums: Operand) -> Phase:
    """The sums as (O, C, KH, KW)."""
    c, taps, lanes = made.image.c, made.kh * made.kw, made.lanes
    size = c * taps
    parts = max(1, min(16, made.o, made.o * size // 4096))
    whole, rest = size // lanes * lanes, size % lanes
    offset = f"o * {size} + k"
    gather = "for (long l = 0; l < {n}; l++) held[l] = from[at[k + l]];"
    vector = step.store("gn_load_f32v(held)", offset, "0", "v")
    ragged = step.store("gn_load_f32v(held)", offset, "0", "v", n=str(rest))
    body = f"""
    int at[{size}];
    float held[{lanes}] = {{0}};
    for (long c = 0; c < {c}; c++) for (long t = 0; t < {taps}; t++) at[c * {taps} + t] = (t * {c} + c) * {made.columns};
    for (long o = part * {made.o} / {parts}; o < (part + 1) * {made.o} / {parts}; o++) {{
        const float *from = {sums.pointer} + o;
        for (long k = 0; k < {whole}; k += {lanes}) {{ {gather.format(n=lanes)} {vector} }}
        {f"{{ const long k = {whole}; {gather.format(n=rest)} {ragged} }}" if rest else ""}
    }}"""
    return Phase(body, parts, made.o * size * 0.8)
