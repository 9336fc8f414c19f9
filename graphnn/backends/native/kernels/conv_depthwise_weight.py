"""The gradient of the weight of a convolution of each channel by itself: sums over pixels, a vector of channels at a time.

The lines of all images are cut into slices by their number alone; each part sums its slice, and the slices are added in
their order, so that the bits do not depend on the number of threads.
"""

from __future__ import annotations

import itertools

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text
from graphnn.backends.native.kernels.conv_layout import Image, as_image, image_phase
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import Node

SLICES = 8
AT_ONCE = 10  # taps whose sums are in registers
A_TAP = 0.03  # nanoseconds for an element of the result's gradient, about


class _Shape:
    def __init__(self, node: Node) -> None:
        g, x, out = node.inputs[0], node.inputs[1], node.outputs[0]
        assert g is not None
        assert x is not None
        axes = 1 if g.type.ndim == 3 else 0
        one, zero = (1,) * axes, (0,) * axes
        shape: Shape = g.type.shape
        n, self.c, *spatial = shape
        oh, ow = (*one, *spatial)
        h, w = (*one, *x.type.shape[2:])
        kh, kw = (*one, *out.type.shape[2:])
        attrs = node.attrs
        self.stride, dilation = (*one, *attrs["stride"]), (*one, *attrs["dilation"])
        padding: Shape = attrs["padding"]
        top, left = (*zero, *padding)
        self.image, self.gradient = Image(n, self.c, h, w, 0, 0, h, w), Image(n, self.c, oh, ow, 0, 0, oh, ow)
        self.taps = [
            (i * dilation[0] - top, j * dilation[1] - left) for i, j in itertools.product(range(kh), range(kw))
        ]
        self.slices = min(SLICES, n * oh)
        self.by_row = len(self.taps) > AT_ONCE
        self.rows = [self.taps[i * kw : (i + 1) * kw] for i in range(kh)] if self.by_row else [self.taps]

    @property
    def sums(self) -> TensorType:
        """[slice][tap][channel]."""
        return TensorType(dtypes.float32, (self.slices, len(self.taps), self.c))


def depthwise_weight_scratch(node: Node) -> tuple[TensorType, ...]:
    made = _Shape(node)
    return made.sums, made.image.type, made.gradient.type


def depthwise_weight_phases(step: Step) -> list[Phase]:
    made = _Shape(step.node)
    assert step.inputs[0] is not None
    assert step.inputs[1] is not None
    sums, image, gradient = step.scratch
    phases = []
    g, x = as_image(step.inputs[0]), as_image(step.inputs[1])
    if x.is_channels_last:
        image = x
    else:
        phases.append(image_phase(made.image, x, image))
    if g.is_channels_last:
        gradient = g
    else:
        phases.append(image_phase(made.gradient, g, gradient))
    return [*phases, _sums_phase(made, image, gradient, sums, step.machine.lanes), _write_phase(step, made, sums)]


def _sums_phase(made: _Shape, image: Operand, gradient: Operand, sums: Operand, lanes: int) -> Phase:
    c, lines = made.c, made.gradient.n * made.gradient.h
    whole, tail = c // lanes * lanes, c % lanes
    body: Lines = [
        f"const float *const image = {image.pointer}, *const gradient = {gradient.pointer};",
        f"float *const sums = {sums.pointer} + part * {len(made.taps) * c}L;",
        f"const long low = part * {lines}L / {made.slices}, high = (part + 1) * {lines}L / {made.slices};",
    ]
    number = 0
    for row in made.rows:
        if whole:
            body += [f"for (long c = 0; c < {whole}; c += {lanes}) {{", *_taps(made, row, number, None), "}"]
        if tail:
            body += block("", f"const long c = {whole};", *_taps(made, row, number, str(tail)))
        number += len(row)
    cost = lines * made.gradient.w * c * len(made.taps) * A_TAP
    return Phase(text(body), made.slices, cost)


def _taps(made: _Shape, taps: list[tuple[int, int]], number: int, n: str | None) -> Lines:
    image, (sh, sw), width = made.image, made.stride, made.gradient.w

    def load(at: str) -> str:
        return f"gn_load_f32v({at})" if n is None else f"gn_load_part_f32v({at}, {n})"

    def store(at: str, value: str) -> str:
        return f"gn_store_f32v({at}, {value});" if n is None else f"gn_store_part_f32v({at}, {value}, {n});"

    good = [w for w in range(width) if all(0 <= w * sw + t < image.w for _, t in taps)]
    low, high = (good[0], good[-1] + 1) if good else (width, width)
    offsets = dict.fromkeys(dh for dh, _ in taps)

    def pixel(checked: bool) -> Lines:
        lines = [f"const f32v v = {load(f'g + w * {made.c}L')};"]
        for dh in offsets:
            inner = []
            for t, (h, dw) in enumerate(taps):
                if h != dh:
                    continue
                x = f"w * {sw} + ({dw})"
                value = load(f"from + ((y + ({dh})) * {image.w} + {x}) * {image.c}L")
                guard = f"if ((unsigned long)({x}) < {image.w}) " if checked else ""
                inner.append(f"{guard}s{t} += v * {value};")
            lines += block(f"if ((unsigned long)(y + ({dh})) < {image.h})", inner)
        return lines

    def pixels(start: int, stop: int, checked: bool) -> Lines:
        return loop("w", start, stop, pixel(checked)) if start < stop else []

    return flat(
        "f32v " + ", ".join(f"s{t} = {{0}}" for t in range(len(taps))) + ";",
        loop(
            "r",
            "low",
            "high",
            f"const long n = r / {made.gradient.h}, y = r % {made.gradient.h} * {sh};",
            f"const float *const from = image + n * {image.h * image.w * image.c}L + c;",
            f"const float *const g = gradient + r * {width * made.c}L + c;",
            pixels(0, low, True),
            pixels(low, high, False),
            pixels(high, width, True),
        ),
        *(store(f"sums + {(number + t) * made.c}L + c", f"s{t}") for t in range(len(taps))),
    )


def _write_phase(step: Step, made: _Shape, sums: Operand) -> Phase:
    """The slices added, as (C, 1, KH, KW)."""
    taps, c = len(made.taps), made.c
    body = loop(
        "c",
        0,
        c,
        loop(
            "t",
            0,
            taps,
            "float sum = 0;",
            f"for (long s = 0; s < {made.slices}; s++) sum += {sums.pointer}[(s * {taps} + t) * {c}L + c];",
            step.store("sum", f"c * {taps} + t", "0", "s"),
        ),
    )
    return Phase(text(body), 1, made.sums.size * 1.0)
