"""3x3 convolution at stride 1 by Winograd's algorithms, channels-last: F(4x4, 3x3) takes 36 products for 4x4 results, in place
of 144; F(2x2, 3x3) takes 16 for 2x2, in place of 36, and suits small images, whose weights would take longer to read.

The tiles are cut into blocks. Of a block the image is transformed, [36][tiles][C], then for each panel of output channels
come 36 matrix products (or 16) and the transform back, whose results go through the step's epilogue: what lies between stays
in the worker's cache. Transformed weights are [36][panel][C][NR].

Each block reads all weights. Where these are large and the tiles few, parts share the panels out instead: the whole image
is transformed first, and every part takes the products with its panels, so that weights are read once.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, dealt, flat, loop, shares_of, text
from graphnn.backends.native.kernels.conv_finish import Finisher
from graphnn.backends.native.kernels.conv_layout import Image, Panels, image_phase, panels_phase
from graphnn.backends.native.kernels.conv_products import ASKED
from graphnn.backends.native.kernels.conv_tile import Run, tile, tile_shape
from graphnn.backends.native.kernels.winograd_transforms import transformed
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops import winograd as maths

CACHED = 448 * 1024  # bytes of the transformed image that a block may have
MOST_PRODUCTS = 24 * 36  # of a block's tiles with one channel
PAD = 16
RESULTS = 256 * 1024  # bytes of the products of a group of panels
LARGE = 1 << 20  # bytes of weights
MULTIPLIED = 100.0  # products a nanosecond on two cores, about
READ = 30.0  # bytes a nanosecond from memory
SHARED_CACHE = 8 << 20  # bytes of weights that stay near from run to run,
READ_NEAR = 40.0  # and bytes a nanosecond that come from there
OWN_CACHES = 1 << 20
A_NUMBER = 16.5  # products that the transforms of each of a tile's numbers cost for each channel
GAIN = 1.15


class Winograd(NamedTuple):
    """The convolution: `image` tells where the borders are (its own size is that of what is read)."""

    image: Image
    columns: int
    oh: int
    ow: int
    vectors: int
    lanes: int
    out: int  # results of a tile along an axis

    @property
    def size(self) -> int:
        """Of a tile along an axis."""
        return maths.size_of(self.out)

    @property
    def products(self) -> int:
        return self.size**2

    @property
    def nr(self) -> int:
        return self.vectors * self.lanes

    @property
    def panels(self) -> int:
        return self.columns // self.nr

    @property
    def down(self) -> int:
        return -(-self.oh // self.out)

    @property
    def across(self) -> int:
        return -(-self.ow // self.out)

    @property
    def tiles(self) -> int:
        return self.image.n * self.down * self.across

    @property
    def blocks(self) -> int:
        """An even number, so that two threads have equal shares, or so many for each share of the samples."""
        most = max(6, min(MOST_PRODUCTS // self.products, CACHED // (4 * self.products * self.image.c)) // 6 * 6)
        blocks, shares = -(-self.tiles // most), shares_of(self.image.n)
        if shares and blocks >= shares:
            return -(-blocks // shares) * shares
        return min(self.tiles, blocks + blocks % 2)

    @property
    def shares(self) -> int:
        """Of the samples, into which the blocks deal them; 0: they do not."""
        shares = shares_of(self.image.n)
        return shares if shares and not self.groups and self.blocks % shares == 0 else 0

    @property
    def groups(self) -> int:
        """How many parts share the panels out, an even number if it can be; 0: blocks of tiles are better."""
        room = max(1, RESULTS // (4 * self.products * self.tiles * self.nr))
        groups = -(-self.panels // room)
        groups = min(self.panels, max(2, groups + groups % 2))
        c, tiles = self.image.c, self.tiles
        weights, image = self.columns * c, tiles * c
        whole = weights + groups * image < self.blocks * weights
        return groups if whole and self.panels > 1 and 4 * self.products * weights > LARGE else 0

    @property
    def block(self) -> int:
        """Tiles that are transformed before the products."""
        return self.tiles if self.groups else -(-self.tiles // self.blocks)

    @property
    def together(self) -> int:
        """Panels of whose products a worker has at once."""
        return -(-self.panels // self.groups) if self.groups else 1

    @property
    def asks(self) -> bool:
        """Whether weights are so many that the next panel is asked for ahead, while tiles go by with this one."""
        return 4 * self.products * self.columns * self.image.c > ASKED

    @property
    def plane(self) -> int:
        """From one of the 36 numbers of a block's transformed image to the next: not a multiple of what lies on the same
        lines of the cache."""
        return self.block * self.image.c + PAD

    def scratch(self, machine: Machine) -> TensorType:
        """Of each worker: the transformed image of a block, and the products of its panels. The image that all share is
        the first row."""
        image, products = self.products * self.plane, self.products * self.block * self.nr * self.together
        shape = (1, image + machine.threads * products) if self.groups else (machine.threads, image + products)
        return TensorType(dtypes.float32, shape)

    @property
    def source(self) -> TensorType:
        """What is read, channels-last."""
        return TensorType(dtypes.float32, (self.image.n, self.image.h, self.image.w, self.image.c))

    @property
    def weights(self) -> TensorType:
        return TensorType(dtypes.float32, (self.products, self.panels, self.image.c, self.nr))


def suits_winograd(
    machine: Machine, image: Image, columns: int, out: tuple[int, int], constant: bool
) -> Winograd | None:
    """The convolution, where it is likely to be faster so; of `constant` weights the transform costs nothing."""
    vectors, lanes = tile_shape(machine, columns).vectors, machine.lanes
    c, o = image.c, columns
    if machine.exact or c < 16 or c % lanes or o % (vectors * lanes):
        return None
    every = (Winograd(image, columns, *out, vectors, lanes, m) for m in maths.OUTS)
    times = [(_time(it, constant), it) for it in every if it.tiles >= 4]
    if not times:
        return None
    time, found = min(times, key=lambda pair: pair[0])
    # the taps of small images that lie inside, see conv_grids
    inside = (1 - 2 * image.top / 3 / out[0]) * (1 - 2 * image.left / 3 / out[1])
    direct = max(9.0 * inside * image.n * out[0] * out[1] * c * o / MULTIPLIED, 36.0 * c * o / READ)
    return found if time * GAIN < direct else None


def _time(it: Winograd, constant: bool) -> float:
    """Nanoseconds on two cores, about."""
    c, o = it.image.c, it.columns
    size = 4.0 * it.products * c * o
    products = it.products * it.tiles * c * o / MULTIPLIED
    if size > SHARED_CACHE or not constant:
        products = max(products, size / READ)
    elif size > OWN_CACHES:
        products = max(products, size / READ_NEAR)
    return products + _transforms(it, c + o) + (0.0 if constant else size / 8)


def _transforms(it: Winograd, channels: int) -> float:
    """Nanoseconds for the tiles of so many channels, before or after the products."""
    return A_NUMBER * it.products * it.tiles * channels / MULTIPLIED


# ---- weights


class WeightSizes(NamedTuple):
    """Of weights in panels."""

    panels: int
    rows: int
    nr: int
    lanes: int
    out: int


def transform_weights(it: WeightSizes, packed: Operand, target: Operand) -> Phase:
    """Panels [panel][tap][row][NR] as [36][panel][row][NR]."""
    size, side = it.rows * it.nr, maths.size_of(it.out)
    matrix = maths.weight_matrix(it.out)

    def load(i: int, j: int) -> str:
        return f"gn_load_f32v(from + {(i * 3 + j) * size} + at)"

    def store(i: int, j: int, value: str) -> str:
        return f"gn_store_f32v(to + {(i * side + j) * it.panels * size}L + at, {value});"

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
    return Phase(text(body), parts, side**2 * it.panels * size * 0.4)


def winograd_scratch(it: Winograd, machine: Machine, panels: Panels) -> tuple[TensorType, ...]:
    """What `winograd_with_weights` needs."""
    return TensorType(dtypes.float32, (panels.size,)), it.weights, it.scratch(machine), it.source


def winograd_with_weights(step: Step, it: Winograd, panels: Panels, weight: Operand, finish: Finisher) -> list[Phase]:
    """Weights that change from run to run are transformed first."""
    packed, transformed_, memory, image = step.scratch
    source = step.inputs[0]
    assert source is not None
    return [
        panels_phase(panels, weight, packed, it.lanes),
        transform_weights(WeightSizes(it.panels, it.image.c, it.nr, it.lanes, it.out), packed, transformed_),
        *winograd_phases(step, it, source, image, transformed_, memory, finish),
    ]


# ---- image, products, results


def winograd_phases(
    step: Step, it: Winograd, source: Operand, image: Operand, weights: Operand, memory: Operand, finish: Finisher
) -> list[Phase]:
    """`image` is where the source is laid channels-last, if it is not so yet."""
    before = []
    if not source.is_channels_last:
        plain = Image(it.image.n, it.image.c, it.image.h, it.image.w, 0, 0, it.image.h, it.image.w)
        before.append(image_phase(plain, source, image))
        source = image
    make = _groups_phases if it.groups else _blocks_phases
    return [*before, *make(_Functions(step, it, finish), source, weights, memory)]


def _blocks_phases(functions: _Functions, image: Operand, weights: Operand, scratch: Operand) -> list[Phase]:
    """All blocks, one a part."""
    it = functions.it
    sizes = sorted({(i + 1) * it.tiles // it.blocks - i * it.tiles // it.blocks for i in range(it.blocks)})
    again = _panel(it, weights, "0", f"(panel + 1) % {it.panels}")
    after = f"e + 1 < {it.products} ? b + {it.panels * it.image.c * it.nr}L : {again}"
    products = [
        block(
            f"if (count == {size})", loop("e", 0, it.products, _weights(it, weights, after), functions.products(size))
        )
        for size in sizes
    ]
    body = flat(
        f"float *const v = {scratch.pointer} + worker * {scratch.shape[1]}L, *const m = v + {it.products * it.plane}L;",
        f"const long low = part * {it.tiles}L / {it.blocks}, high = (part + 1) * {it.tiles}L / {it.blocks};",
        "const long count = high - low;",
        _image_tiles(functions, image, "low"),
        loop("panel", 0, it.panels, *products, _results(functions, "low", "high")),
    )
    touched, texts = dealt(image, functions.step.outputs[0]), tuple(functions.texts)
    return [Phase(text(body), it.blocks, _cost(it), texts, shares=it.shares, dealt=touched, private=dealt(scratch))]


def _groups_phases(functions: _Functions, image: Operand, weights: Operand, scratch: Operand) -> list[Phase]:
    """The transform of the whole image, then the groups of panels, one a part."""
    it = functions.it
    parts, panel = min(it.tiles, 16), it.products * it.tiles * it.nr
    first = flat(
        f"float *const v = {scratch.pointer};",
        f"const long low = part * {it.tiles}L / {parts}, high = (part + 1) * {it.tiles}L / {parts};",
        _image_tiles(functions, image, "0"),
    )
    transform = Phase(text(first), parts, _transforms(it, it.image.c), tuple(functions.texts))
    functions.texts.clear()
    groups = it.groups
    own = f"const long from = part * {it.panels} / {groups}, to = (part + 1) * {it.panels} / {groups};"
    at = f"float *const m = all + (panel - from) * {panel}L;"
    again = _panel(it, weights, f"(e + 1) % {it.products}", "from")
    after = f"panel + 1 < to ? b + {it.image.c * it.nr} : {again}"
    body = flat(
        f"const float *const v = {scratch.pointer};",
        f"float *const all = {scratch.pointer} + {it.products * it.plane}L + worker * {it.together * panel}L;",
        own,
        loop(
            "e",
            0,
            it.products,
            loop("panel", "from", "to", at, _weights(it, weights, after), functions.products(it.tiles)),
        ),
        loop("panel", "from", "to", at, "const long low = 0;", _results(functions, "0", str(it.tiles))),
    )
    return [transform, Phase(text(body), groups, _cost(it), tuple(functions.texts))]


def _cost(it: Winograd) -> float:
    return 2.0 * it.products * it.tiles * it.image.c * it.columns / MULTIPLIED


def _weights(it: Winograd, weights: Operand, after: str) -> Lines:
    """The panel `b`, and the one that comes `after` it."""
    here = f"const float *const b = {_panel(it, weights, 'e', 'panel')};"
    return [here, f"const float *const after = {after};"] if it.asks else [here]


def _panel(it: Winograd, weights: Operand, product: str, panel: str) -> str:
    return f"{weights.pointer} + ({product} * {it.panels} + {panel}) * {it.image.c * it.nr}L"


def _image_tiles(functions: _Functions, image: Operand, first: str) -> Lines:
    """Transforms the tiles from `low` to `high`; `first` is the one that `v` begins with."""
    it = functions.it
    c = it.image.c
    return loop(
        "t",
        "low",
        "high",
        *_place(it, "t"),
        f"const long y = ty * {it.out} - ({it.image.top}), x = tx * {it.out} - ({it.image.left});",
        f"const float *const from = {image.pointer} + n * {it.image.h * it.image.w * c}L;",
        f"if (y >= 0 && x >= 0 && y + {it.size} <= {it.image.h} && x + {it.size} <= {it.image.w})",
        f"    {functions.image(False)}(from, y, x, v + (t - {first}) * {c});",
        f"else {functions.image(True)}(from, y, x, v + (t - {first}) * {c});",
    )


def _results(functions: _Functions, low: str, high: str) -> Lines:
    nr = functions.it.nr
    return loop("t", low, high, f"{functions.result()}(p, m + (t - low) * {nr}, t, panel * {nr});")


def _place(it: Winograd, tile: str) -> Lines:
    return [
        f"const long n = {tile} / {it.down * it.across}, ty = {tile} / {it.across} % {it.down}, tx = {tile} % {it.across};"
    ]


class _Functions:
    """The helpers, each made when it is first named."""

    def __init__(self, step: Step, it: Winograd, finish: Finisher) -> None:
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
        """Transforms one tile of the image, all channels; [36] `plane` apart."""
        it = self.it
        c, width = it.image.c, it.image.w

        def load(i: int, j: int) -> str:
            at = f"gn_load_f32v(from + ((y + {i}) * {width} + x + {j}) * {c}L + c)"
            inside = f"(unsigned long)(y + {i}) < {it.image.h} && (unsigned long)(x + {j}) < {width}"
            return f"{inside} ? {at} : (f32v){{0}}" if checked else at

        def store(i: int, j: int, value: str) -> str:
            return f"gn_store_f32v(v + {(i * it.size + j) * it.plane}L + c, {value});"

        body = transformed(maths.input_matrix(it.out), load, store)
        lines = [f"for (long c = 0; c < {c}; c += {it.lanes}) {{", *body, "}"]
        return self._made("image", "const float *from, long y, long x, float *v", lines)

    def products(self, count: int) -> Lines:
        """One of the 36 products, of `count` tiles with a panel."""
        it = self.it
        c, nr, most = it.image.c, it.nr, it.block
        pieces = -(-count // tile_shape(self.step.machine, it.columns).pixels)
        asked = -(-4 * nr // pieces) if it.asks else 0
        calls, at = [], 0
        for i in range(pieces):
            size = (i + 1) * count // pieces - i * count // pieces
            ask = f", (const char *)after + {i * c * asked}L" if asked else ""
            calls.append(
                f"{self._rows(size, asked)}(v + e * {it.plane}L + {at * c}, b, m + (e * {most} + {at}) * {nr}L{ask});"
            )
            at += size
        return calls

    def _rows(self, size: int, asked: int) -> str:
        it = self.it
        lines = [f"const float *const a{i} = a + {i * it.image.c};" for i in range(size)]
        lines.append(tile(size, it.vectors, [Run(0, it.image.c, 0)], it.lanes, asked))
        stores = [
            f"gn_store_f32v(m + {i * it.nr + j * it.lanes}, c{i}_{j});" for i in range(size) for j in range(it.vectors)
        ]
        ask = ", const char *ask" if asked else ""
        return self._made(f"rows{size}", f"const float *a, const float *b, float *m{ask}", [*lines, *stores])

    def result(self) -> str:
        """Transforms the products of one tile and a panel back, and hands the results on."""
        it = self.it

        def load(i: int, j: int) -> str:
            return f"gn_load_f32v(m + {(i * it.size + j) * it.block * it.nr}L + j)"

        def store(i: int, j: int, value: str) -> str:
            return f"gn_store_f32v(done + {(i * it.out + j) * it.lanes}, {value});"

        value = self.finish(f"gn_load_f32v(done + (i * {it.out} + k) * {it.lanes})", "channel")
        down, across = f"({it.oh} - ty * {it.out})", f"({it.ow} - tx * {it.out})"
        each = self._stored(value)
        inside = flat(
            f"float done[{it.out**2 * it.lanes}];",
            transformed(maths.output_matrix(it.out), load, store),
            "const long channel = first + j;",
            loop(
                "i",
                0,
                f"({down} < {it.out} ? {down} : {it.out})",
                loop("k", 0, f"({across} < {it.out} ? {across} : {it.out})", each),
            ),
        )
        lines = [*_place(it, "t"), f"for (long j = 0; j < {it.nr}; j += {it.lanes}) {{", *inside, "}"]
        return self._made("result", "char **p, const float *m, long t, long first", lines)

    def _stored(self, value: str) -> str:
        it, out = self.it, self.step.outputs[0]
        assert out is not None
        y, x = f"(ty * {it.out} + i)", f"(tx * {it.out} + k)"
        if out.is_channels_last:
            place = f"((n * {it.oh} + {y}) * {it.ow} + {x}) * {it.columns}L + channel"
            return "{ " + self.step.store(value, place, "channel", "v") + " }"
        place = f"((n * {it.columns} + channel + l) * {it.oh} + {y}) * {it.ow}L + {x}"
        inside = self.step.store("held[l]", place, "(channel + l)", "s")
        return (
            f"{{ float held[{it.lanes}]; gn_store_f32v(held, {value}); "
            f"for (long l = 0; l < {it.lanes}; l++) {{ {inside} }} }}"
        )
