"""What convolutions read: images with channels innermost and their borders around them, weights in panels.

An image block is [N][Hp][Wp][C]; a weight block is [panel][tap][C][NR], where NR output channels make a panel.
"""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, block, dealt, loop, shares_of, text
from graphnn.backends.native.kernels.conv_panels import Source, by_element, panel_text
from graphnn.backends.native.step import Operand, Phase
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType

COPY, TURNED, TRANSPOSED = 0.15, 0.25, 0.6  # nanoseconds an element, about


class Image(NamedTuple):
    """An image block: where the source's (0, 0) comes to lie, and the size with all borders. Borders may be negative."""

    n: int
    c: int
    h: int
    w: int
    top: int
    left: int
    hp: int
    wp: int

    @property
    def type(self) -> TensorType:
        return TensorType(dtypes.float32, (self.n, self.hp, self.wp, self.c))

    @property
    def is_plain(self) -> bool:
        """Whether it is the source itself, channels-last."""
        return (self.top, self.left, self.hp, self.wp) == (0, 0, self.h, self.w)


def image_phase(image: Image, source: Operand, target: Operand) -> Phase:
    """Copies an image of any strides into its block, borders zero; rows are shared out in parts."""
    sn, sc, sh, sw = source.strides
    rows = image.n * image.hp
    first, last = max(0, image.left), min(image.wp, image.w + image.left)
    size = image.type.size
    shares = shares_of(image.n)
    parts = shares or max(1, min(16, rows, size // 4096))
    c = image.c
    if (sc == 1 or c == 1) and sw == c:
        move = f"memcpy(to + {first * c}, from + {(first - image.left) * sw}, {max(0, last - first) * c * 4});"
    else:
        move = (
            f"for (long w = {first}; w < {last}; w++) for (long c = 0; c < {c}; c++) "
            f"to[w * {c} + c] = from[(w - {image.left}) * {sw} + c * {sc}];"
        )
    body = f"""
    for (long r = part * {rows} / {parts}; r < (part + 1) * {rows} / {parts}; r++) {{
        const long n = r / {image.hp}, h = r % {image.hp} - ({image.top});
        float *to = {target.pointer} + r * {image.wp * c};
        if (h < 0 || h >= {image.h}) {{ memset(to, 0, {image.wp * c * 4}); continue; }}
        const float *from = {source.pointer} + n * {sn} + h * {sh};
        memset(to, 0, {first * c * 4});
        {move}
        memset(to + {max(first, last) * c}, 0, {(image.wp - max(first, last)) * c * 4});
    }}"""
    cost = size * (COPY if sc == 1 else TRANSPOSED)
    return Phase(body, parts, cost, shares=shares, dealt=dealt(source, target))


def as_image(operand: Operand) -> Operand:
    """A line (N, C, W) as an image of height 1."""
    if operand.type.ndim == 4:
        return operand
    (n, c, w), (sn, sc, sw) = operand.shape, operand.strides
    return operand._replace(type=TensorType(operand.type.dtype, (n, c, 1, w)), strides=(sn, sc, 0, sw))


class Panels(NamedTuple):
    """Weights in panels: `taps` are (kh, kw) in the order in which they are read; `rows` input channels, `columns` output
    channels, `nr` of them a panel; the strides of the source along kh, kw, row and column. Of `groups` each has so many
    rows, its share of the columns, panels of its own, and begins `apart` in the source."""

    taps: tuple[tuple[int, int], ...]
    rows: int
    columns: int
    nr: int
    strides: tuple[int, int, int, int]
    groups: int = 1
    apart: int = 0

    @property
    def share(self) -> int:
        """Columns of a group."""
        return self.columns // self.groups

    @property
    def each(self) -> int:
        """Panels of a group."""
        return -(-self.share // self.nr)

    @property
    def number(self) -> int:
        return self.groups * self.each

    @property
    def channel(self) -> str:
        """The first column of `panel`, in C."""
        if self.groups == 1:
            return f"panel * {self.nr}"
        return f"panel / {self.each} * {self.share} + panel % {self.each} * {self.nr}"

    @property
    def end(self) -> str:
        """What follows the last column of the group of `panel`."""
        return str(self.columns) if self.groups == 1 else f"((panel / {self.each} + 1) * {self.share})"

    @property
    def first_row(self) -> str:
        """Where the rows of `panel` begin among all channels that are read."""
        return "0" if self.groups == 1 else f"panel / {self.each} * {self.rows}"

    @property
    def panel(self) -> int:
        """Floats a panel."""
        return len(self.taps) * self.rows * self.nr

    @property
    def size(self) -> int:
        return self.number * self.panel


def panels_phase(panels: Panels, source: Operand, target: Operand, lanes: int) -> Phase:
    """Packs the weights, missing columns zero."""
    skh, skw, row, column = panels.strides
    origin = Source([kh * skh + kw * skw for kh, kw in panels.taps], panels.rows, row, column)
    nr, parts = panels.nr, max(1, min(16, panels.number, panels.size // 4096))
    helpers: dict[str, None] = {}
    fast = True

    def packed(valid: int) -> Lines:
        nonlocal fast
        found = panel_text(origin, nr, valid, lanes)
        fast = found is not None
        helpers.update(dict.fromkeys(found[1] if found else ()))
        return found[0] if found else by_element(origin, nr, valid)

    tail, each = panels.share % nr, panels.each
    whole = packed(nr) if panels.share >= nr else []
    lines = [
        f"float *const to = {target.pointer} + q * {panels.panel}L;",
        f"const float *const from = {source.pointer} + q / {each} * {panels.apart}L + q % {each} * {nr * column}L;",
    ]
    if tail and whole:
        lines += [*block(f"if (q % {each} < {each - 1})", whole), *block("else", packed(tail))]
    else:
        lines += whole or packed(tail)
    low, high = f"part * {panels.number} / {parts}", f"(part + 1) * {panels.number} / {parts}"
    cost = panels.size * (TURNED if fast else TRANSPOSED)
    return Phase(text(loop("q", low, high, lines)), parts, cost, tuple(helpers))
