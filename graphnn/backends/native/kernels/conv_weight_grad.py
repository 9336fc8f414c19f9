"""The gradient of a convolution's weight: outer products of what the taps see with the result's gradient, summed over pixels.

Rows are taps and channels of the image, columns the output channels. Pixels go by in blocks: those of a panel of columns
(side by side, for that) stay in L1, those of the image in L2, from tile to tile; between blocks the sums wait in scratch.
Into how many slices a sum is cut depends on shapes alone, so its order is the same for any number of threads.
"""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text
from graphnn.backends.native.kernels.conv_depthwise import is_depthwise
from graphnn.backends.native.kernels.conv_depthwise_weight import depthwise_weight_phases, depthwise_weight_scratch
from graphnn.backends.native.kernels.conv_forward import accepts
from graphnn.backends.native.kernels.conv_layout import as_image, image_phase
from graphnn.backends.native.kernels.conv_products import FLOPS_PER_NS
from graphnn.backends.native.kernels.conv_weight_grad_few import few_phases, few_scratch, has_few_pixels
from graphnn.backends.native.kernels.weight_grad_shape import Kind, Tile, WeightGrad, gradient_phase
from graphnn.backends.native.kernels.weight_grad_write import SLACK, Columns, add_slices, turn_sums
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

PARTS = 16


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    if is_depthwise(node):
        return depthwise_weight_scratch(node)
    made = WeightGrad(node, machine)
    if has_few_pixels(made):
        return few_scratch(made, machine)
    sums = TensorType(dtypes.float32, ((made.slices * made.size + SLACK) * made.columns,))
    return sums, made.block.type, TensorType(dtypes.float32, (made.pixels * made.columns,))


@lowers("conv1d_weight_grad", "conv2d_weight_grad", accepts=accepts, scratch=_scratch)
def _weight_grad(step: Step) -> list[Phase]:
    if is_depthwise(step.node):
        return depthwise_weight_phases(step)
    made = WeightGrad(step.node, step.machine)
    g, x = step.inputs[0], step.inputs[1]
    assert g is not None
    assert x is not None
    if has_few_pixels(made):
        return few_phases(step, made, as_image(x), as_image(g))
    sums, image, gradient = step.scratch
    phases = []
    if made.block.is_plain and as_image(x).is_channels_last:
        image = x
    else:
        phases.append(image_phase(made.block, as_image(x), image))
    if made.panels == 1 and as_image(g).is_channels_last:
        gradient = g
    else:
        phases.append(gradient_phase(made, as_image(g), gradient))
    phases.append(_sums_phase(made, image, gradient, sums))
    if made.slices > 1:
        phases.append(add_slices(sums, made.size * made.columns, made.slices, made.lanes))
    return [*phases, turn_sums(step, sums, made.size, Columns(made.groups, made.share, made.each * made.nr))]


def _sums_phase(made: WeightGrad, image: Operand, gradient: Operand, sums: Operand) -> Phase:
    tiles = made.tiles()
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(t.kind for t in tiles))}
    items, lines, slices = len(tiles) * made.panels, made.lines[0], made.slices
    groups = 1 if slices > 1 else min(PARTS, items)
    slice_, group = ("part", "0") if groups == 1 else ("0", "part")
    each = [
        f"const long panel = item / {len(tiles)}, tile = item % {len(tiles)};",
        f"float *const sum = sums + rows[tile] * {made.columns}L + panel * {made.nr};",
        "const long offset = offsets[tile], tap = taps[tile];",
        f"const float *const from = gradient + panel * {made.pixels * made.nr}L;",
        f"const float *const image = all + panel / {made.each} * {made.c};",
        *_by_panel(made, kinds),
    ]
    body: Lines = [
        *_tables(made, tiles, kinds),
        f"const float *const all = {image.pointer}, *const gradient = {gradient.pointer};",
        f"float *const sums = {sums.pointer} + {slice_} * {made.size * made.columns}L;",
        f"const long first = {slice_} * {lines}L / {slices}, last = ({slice_} + 1) * {lines}L / {slices};",
        *block(
            f"for (long r0 = first; r0 < last; r0 += {made.lines_a_block})",
            f"const long r1 = r0 + {made.lines_a_block} < last ? r0 + {made.lines_a_block} : last;",
            loop("item", f"{group} * {items}L / {groups}", f"({group} + 1) * {items}L / {groups}", each),
        ),
    ]
    return Phase(text(body), slices * groups, 2.0 * made.pixels * made.size * made.o / FLOPS_PER_NS)


def _tables(made: WeightGrad, tiles: list[Tile], kinds: dict[Kind, int]) -> Lines:
    spans = [[made.inside(axis, t) for t in range(len(made.taps))] for axis in (0, 1)]
    tables = {
        "offsets": [t.offset for t in tiles],
        "rows": [t.row for t in tiles],
        "taps": [t.tap for t in tiles],
        "kinds": [kinds[t.kind] for t in tiles],
        "top": [low for low, _ in spans[0]],
        "bottom": [high for _, high in spans[0]],
        "left": [low for low, _ in spans[1]],
        "right": [high for _, high in spans[1]],
    }
    return [f"static const int {name}[] = {{{', '.join(map(str, values))}}};" for name, values in tables.items()]


def _by_panel(made: WeightGrad, kinds: dict[Kind, int]) -> Lines:
    """The tiles of whole panels, and of a last one with fewer columns."""
    left = made.share % made.nr
    whole, rest = (_switch(made, kinds, n) if n else [] for n in (made.nr if made.share >= made.nr else 0, left))
    if whole and rest:
        return [*block(f"if (panel % {made.each} < {made.each - 1})", whole), *block("else", rest)]
    return whole or rest


def _switch(made: WeightGrad, kinds: dict[Kind, int], columns: int) -> Lines:
    cases = [block(f"case {number}:", _tile(made, kind, columns), "break;") for kind, number in kinds.items()]
    return block("switch (kinds[tile])", flat(*cases))


def _tile(made: WeightGrad, kind: Kind, columns: int) -> Lines:
    lanes = made.lanes
    vectors = -(-columns // lanes)
    every = [
        (i, j, f"sum + {row * made.columns + j * lanes}") for i, row in enumerate(kind.rows) for j in range(vectors)
    ]
    inner = []
    for j in range(vectors):
        left = columns - j * lanes
        load = f"gn_load_f32v(g + {j * lanes})" if left >= lanes else f"gn_load_part_f32v(g + {j * lanes}, {left})"
        inner.append(f"const f32v b{j} = {load};")
    for i, offset in enumerate(kind.offsets):
        inner.append(f"const f32v x{i} = gn_splat_f32v(a[{offset}]);")
        inner += [f"c{i}_{j} += x{i} * b{j};" for j in range(vectors)]
    return [
        *(f"f32v c{i}_{j} = {{0}};" for i, j, _ in every),
        *block("if (r0 > first)", [f"c{i}_{j} = gn_load_f32v({at});" for i, j, at in every]),
        *_pixels(made, inner),
        *(f"gn_store_f32v({at}, c{i}_{j});" for i, j, at in every),
    ]


def _pixels(made: WeightGrad, inner: Lines) -> Lines:
    """`inner` for all pixels of the block, with `a` in the image and `g` in the gradient."""
    image, (sh, sw), o = made.block, made.stride, made.gradient_step
    step = f"a += {sw * image.c}, g += {o}"
    if made.is_flat:
        start = [f"const float *a = image + r0 * {image.c} + offset, *g = from + r0 * {o};"]
        return block("", start, block(f"for (long r = r0; r < r1; r++, {step})", inner))
    low, high = ("left[tap]", "right[tap]") if made.cuts else ("0", str(made.ow))
    line = [
        f"const long n = r / {made.oh}, h = r % {made.oh};",
        *(["if (h < top[tap] || h >= bottom[tap]) continue;"] if made.cuts else []),
        f"const float *a = image + ((n * {image.hp} + h * {sh}) * {image.wp} + {low} * {sw}) * {image.c} + offset;",
        f"const float *g = from + (r * {made.ow} + {low}) * {o};",
        *block(f"for (long w = {low}; w < {high}; w++, {step})", inner),
    ]
    return block("for (long r = r0; r < r1; r++)", line)
