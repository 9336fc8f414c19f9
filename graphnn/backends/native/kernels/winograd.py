"""3x3 convolution at stride 1 by Winograd's F(4x4, 3x3), channels-last: 36 products for 4x4 results, in place of 144.

The tiles are cut into blocks. Of a block the image is transformed, [36][tiles][C], then for each panel of output channels
come 36 matrix products and the transform back, whose results go through the step's epilogue: what lies between stays
in the worker's cache. Transformed weights are [36][panel][C][NR].
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text
from graphnn.backends.native.kernels.conv_layout import Image, Panels, image_phase, panels_phase
from graphnn.backends.native.kernels.conv_products import Finish
from graphnn.backends.native.kernels.conv_tile import Run, tile, tile_shape
from graphnn.backends.native.kernels.winograd_transforms import transformed
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops import winograd as maths

OUT, SIZE = maths.OUT, maths.SIZE
PRODUCTS = SIZE * SIZE
CACHED = 448 * 1024  # bytes of the transformed image that a block may have
MOST_TILES = 24
MULTIPLIED = 100.0  # products a nanosecond on two cores, about
READ = 18.0  # bytes a nanosecond from memory
SHARED_CACHE = 8 << 20  # bytes of weights that stay near from run to run
A_TILE = 600  # products that the transforms of a tile cost for each channel
GAIN = 1.15


class Winograd(NamedTuple):
    """The convolution: `image` tells where the borders are (its own size is that of what is read)."""

    image: Image
    columns: int
    oh: int
    ow: int
    vectors: int
    lanes: int

    @property
    def nr(self) -> int:
        return self.vectors * self.lanes

    @property
    def panels(self) -> int:
        return self.columns // self.nr

    @property
    def down(self) -> int:
        return -(-self.oh // OUT)

    @property
    def across(self) -> int:
        return -(-self.ow // OUT)

    @property
    def tiles(self) -> int:
        return self.image.n * self.down * self.across

    @property
    def blocks(self) -> int:
        """An even number, so that two threads have equal shares."""
        most = max(6, min(MOST_TILES, CACHED // (4 * PRODUCTS * self.image.c) // 6 * 6))
        blocks = -(-self.tiles // most)
        return min(self.tiles, blocks + blocks % 2)

    @property
    def block(self) -> int:
        """Tiles of the largest block."""
        return -(-self.tiles // self.blocks)

    def scratch(self, machine: Machine) -> TensorType:
        """Of each worker: the transformed image of a block, and the products of a panel."""
        return TensorType(dtypes.float32, (machine.threads, PRODUCTS * self.block * (self.image.c + self.nr)))

    @property
    def source(self) -> TensorType:
        """What is read, channels-last."""
        return TensorType(dtypes.float32, (self.image.n, self.image.h, self.image.w, self.image.c))

    @property
    def weights(self) -> TensorType:
        return TensorType(dtypes.float32, (PRODUCTS, self.panels, self.image.c, self.nr))


def suits_winograd(
    machine: Machine, image: Image, columns: int, out: tuple[int, int], constant: bool
) -> Winograd | None:
    """The convolution, where it is likely to be faster so; of `constant` weights the transform costs nothing."""
    shape = tile_shape(machine, columns)
    found = Winograd(image, columns, *out, shape.vectors, machine.lanes)
    c, o = image.c, columns
    if machine.exact or c < 16 or c % machine.lanes or o % found.nr or found.tiles < 4:
        return None
    # the taps of small images that lie inside, see conv_grids
    inside = (1 - 2 * image.top / 3 / out[0]) * (1 - 2 * image.left / 3 / out[1])
    direct = max(9.0 * inside * image.n * out[0] * out[1] * c * o / MULTIPLIED, 36.0 * c * o / READ)
    size = 4.0 * PRODUCTS * c * o
    products = PRODUCTS * found.tiles * c * o / MULTIPLIED
    if size > SHARED_CACHE or not constant:
        products = max(products, size / READ)
    time = products + A_TILE * found.tiles * (c + o) / MULTIPLIED + (0.0 if constant else size / 8)
    return found if time * GAIN < direct else None


# ---- weights


class WeightSizes(NamedTuple):
    """Of weights in panels."""

    panels: int
    rows: int
    nr: int
    lanes: int


def transform_weights(it: WeightSizes, packed: Operand, target: Operand) -> Phase:
    """Panels [panel][tap][row][NR] as [36][panel][row][NR]."""
    size = it.rows * it.nr
    matrix = maths.weight_matrix()

    def load(i: int, j: int) -> str:
        return f"gn_load_f32v(from + {(i * 3 + j) * size} + at)"

    def store(i: int, j: int, value: str) -> str:
        return f"gn_store_f32v(to + {(i * SIZE + j) * it.panels * size}L + at, {value});"

    inner = [f"for (long at = 0; at < {size}; at += {it.lanes}) {{", *transformed(matrix, load, store), "}"]
    parts = max(1, min(16, it.panels))
    body = loop(
        "q",
        f"part * {it.panels} / {parts}",
        f"(part + 1) * {it.panels} / {parts}",
        f"const float *const from = {packed.pointer} + q * {9 * size}L;",
        f"float *const to = {target.pointer} + q * {size}L;",
        inner,
    )
    return Phase(text(body), parts, PRODUCTS * it.panels * size * 0.4)


def winograd_scratch(it: Winograd, machine: Machine, panels: Panels) -> tuple[TensorType, ...]:
    """What `winograd_with_weights` needs."""
    return TensorType(dtypes.float32, (panels.size,)), it.weights, it.scratch(machine), it.source


def winograd_with_weights(step: Step, it: Winograd, panels: Panels, weight: Operand, finish: Finish) -> list[Phase]:
    """Weights that change from run to run are transformed first."""
    packed, transformed_, memory, image = step.scratch
    source = step.inputs[0]
    assert source is not None
    return [
        panels_phase(panels, weight, packed, it.lanes),
        transform_weights(WeightSizes(it.panels, it.image.c, it.nr, it.lanes), packed, transformed_),
        *winograd_phases(step, it, source, image, transformed_, memory, finish),
    ]


# ---- image, products, results


def winograd_phases(
    step: Step, it: Winograd, source: Operand, image: Operand, weights: Operand, memory: Operand, finish: Finish
) -> list[Phase]:
    """`image` is where the source is laid channels-last, if it is not so yet."""
    if source.is_channels_last:
        return [_blocks_phase(step, it, source, weights, memory, finish)]
    plain = Image(it.image.n, it.image.c, it.image.h, it.image.w, 0, 0, it.image.h, it.image.w)
    return [image_phase(plain, source, image), _blocks_phase(step, it, image, weights, memory, finish)]


def _blocks_phase(
    step: Step, it: Winograd, image: Operand, weights: Operand, scratch: Operand, finish: Finish
) -> Phase:
    """All blocks, one a part."""
    functions = _Functions(step, it, finish)
    c, nr, most = it.image.c, it.nr, it.block
    sizes = sorted({(i + 1) * it.tiles // it.blocks - i * it.tiles // it.blocks for i in range(it.blocks)})
    products = [block(f"if (count == {size})", functions.products(size)) for size in sizes]
    body = flat(
        f"float *const v = {scratch.pointer} + worker * {scratch.shape[1]}L, *const m = v + {PRODUCTS * most * c}L;",
        f"const long low = part * {it.tiles}L / {it.blocks}, high = (part + 1) * {it.tiles}L / {it.blocks};",
        "const long count = high - low;",
        loop(
            "t",
            "low",
            "high",
            *_place(it, "t"),
            f"const long y = ty * {OUT} - ({it.image.top}), x = tx * {OUT} - ({it.image.left});",
            f"const float *const from = {image.pointer} + n * {it.image.h * it.image.w * c}L;",
            f"if (y >= 0 && x >= 0 && y + {SIZE} <= {it.image.h} && x + {SIZE} <= {it.image.w})",
            f"    {functions.image(False)}(from, y, x, v + (t - low) * {c});",
            f"else {functions.image(True)}(from, y, x, v + (t - low) * {c});",
        ),
        loop(
            "panel",
            0,
            it.panels,
            f"const float *const u = {weights.pointer} + panel * {c * nr}L;",
            *products,
            loop("t", "low", "high", f"{functions.result()}(p, m + (t - low) * {nr}, t, panel * {nr});"),
        ),
    )
    cost = 2.0 * PRODUCTS * it.tiles * c * it.columns / MULTIPLIED
    return Phase(text(body), it.blocks, cost, tuple(functions.texts))


def _place(it: Winograd, tile: str) -> Lines:
    return [
        f"const long n = {tile} / {it.down * it.across}, ty = {tile} / {it.across} % {it.down}, tx = {tile} % {it.across};"
    ]


class _Functions:
    """The helpers, each made when it is first named."""

    def __init__(self, step: Step, it: Winograd, finish: Finish) -> None:
        self.step = step
        self.it = it
        self.finish = finish
        self.texts: dict[str, None] = {}

    def _made(self, what: str, parameters: str, body: Lines) -> str:
        inside = text(body)
        name = f"gn_winograd_{what}_{hashlib.sha256((parameters + inside).encode()).hexdigest()[:10]}"
        self.texts[f"static __attribute__((noinline, unused)) void {name}({parameters})\n{{\n{inside}\n}}"] = None
        return name

    def image(self, checked: bool) -> str:
        """Transforms one tile of the image, all channels; [36] `block * C` apart."""
        it = self.it
        c, width, most = it.image.c, it.image.w, it.block

        def load(i: int, j: int) -> str:
            at = f"gn_load_f32v(from + ((y + {i}) * {width} + x + {j}) * {c}L + c)"
            inside = f"(unsigned long)(y + {i}) < {it.image.h} && (unsigned long)(x + {j}) < {width}"
            return f"{inside} ? {at} : (f32v){{0}}" if checked else at

        def store(i: int, j: int, value: str) -> str:
            return f"gn_store_f32v(v + {(i * SIZE + j) * most * c}L + c, {value});"

        body = transformed(maths.input_matrix(), load, store)
        lines = [f"for (long c = 0; c < {c}; c += {it.lanes}) {{", *body, "}"]
        return self._made("image", "const float *from, long y, long x, float *v", lines)

    def products(self, count: int) -> Lines:
        """The 36 products of `count` tiles with a panel."""
        it = self.it
        c, nr, most = it.image.c, it.nr, it.block
        rows = tile_shape(self.step.machine, it.columns).pixels
        pieces = -(-count // rows)
        calls, at = [], 0
        for i in range(pieces):
            size = (i + 1) * count // pieces - i * count // pieces
            calls.append(f"{self._rows(size)}(v + (e * {most} + {at}) * {c}L, b, m + (e * {most} + {at}) * {nr}L);")
            at += size
        return loop("e", 0, PRODUCTS, f"const float *const b = u + e * {it.panels * c * nr}L;", *calls)

    def _rows(self, size: int) -> str:
        it = self.it
        lines = [f"const float *const a{i} = a + {i * it.image.c};" for i in range(size)]
        lines.append(tile(size, it.vectors, [Run(0, it.image.c, 0)], it.lanes))
        stores = [
            f"gn_store_f32v(m + {i * it.nr + j * it.lanes}, c{i}_{j});" for i in range(size) for j in range(it.vectors)
        ]
        return self._made(f"rows{size}", "const float *a, const float *b, float *m", [*lines, *stores])

    def result(self) -> str:
        """Transforms the products of one tile and a panel back, and hands the results on."""
        it = self.it

        def load(i: int, j: int) -> str:
            return f"gn_load_f32v(m + {(i * SIZE + j) * it.block * it.nr}L + j)"

        def store(i: int, j: int, value: str) -> str:
            return f"gn_store_f32v(done + {(i * OUT + j) * it.lanes}, {value});"

        value = self.finish(f"gn_load_f32v(done + (i * {OUT} + k) * {it.lanes})", "channel")
        down, across = f"({it.oh} - ty * {OUT})", f"({it.ow} - tx * {OUT})"
        each = self._stored(value)
        inside = flat(
            f"float done[{OUT * OUT * it.lanes}];",
            transformed(maths.output_matrix(), load, store),
            "const long channel = first + j;",
            loop(
                "i",
                0,
                f"({down} < {OUT} ? {down} : {OUT})",
                loop("k", 0, f"({across} < {OUT} ? {across} : {OUT})", each),
            ),
        )
        lines = [*_place(it, "t"), f"for (long j = 0; j < {it.nr}; j += {it.lanes}) {{", *inside, "}"]
        return self._made("result", "char **p, const float *m, long t, long first", lines)

    def _stored(self, value: str) -> str:
        it, out = self.it, self.step.outputs[0]
        assert out is not None
        y, x = f"(ty * {OUT} + i)", f"(tx * {OUT} + k)"
        if out.is_channels_last:
            place = f"((n * {it.oh} + {y}) * {it.ow} + {x}) * {it.columns}L + channel"
            return "{ " + self.step.store(value, place, "channel", "v") + " }"
        place = f"((n * {it.columns} + channel + l) * {it.oh} + {y}) * {it.ow}L + {x}"
        inside = self.step.store("held[l]", place, "(channel + l)", "s")
        return (
            f"{{ float held[{it.lanes}]; gn_store_f32v(held, {value}); "
            f"for (long l = 0; l < {it.lanes}; l++) {{ {inside} }} }}"
        )
