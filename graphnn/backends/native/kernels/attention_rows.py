"""Rows of scores in a worker's memory: masked, turned into weights, dropped."""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, axes, block, loop, merged, unravel
from graphnn.backends.native.step import Operand
from graphnn.ops.dropout import scale

HELPERS = ('#include "squares.h"', '#include "reduce.h"', '#include "softmax.h"', '#include "philox.h"')
TOP = "top = top < -3.40282347e38f ? -3.40282347e38f : top;"


class Rows(NamedTuple):
    """Row `i` of a block is `s`, number `row` of its head and `r` among those of all heads; its first `n` scores are
    seen, and `used` are read."""

    lead: tuple[int, ...]
    rows: int
    columns: int
    causal: bool
    mask: Operand | None
    rng: Operand | None
    p: float
    offset: int

    def each(self, scores: str, stride: int, *body: str | Lines) -> Lines:
        """The loop over the block's rows, each masked and then given to the body."""
        seen = f"row + 1 < {self.columns} ? row + 1 : {self.columns}" if self.causal else str(self.columns)
        head = [f"const long row = row0 + i, r = head * {self.rows}L + row, n = {seen};"]
        head.append(f"float *const s = {scores} + i * {stride}L;")
        return loop("i", 0, "m", head, self._masked(), *body)

    def cleared(self, row: str = "s") -> Lines:
        """Zeros for what is read and not seen."""
        return [f"for (long j = n; j < used; j++) {row}[j] = 0;"] if self.causal else []

    def _masked(self) -> Lines:
        mask = self.mask
        if mask is None:
            return []
        shape = (1,) * (len(self.lead) + 2 - len(mask.shape)) + mask.shape
        moves = (0,) * (len(shape) - len(mask.shape)) + mask.strides
        moves = tuple(0 if n == 1 else s for n, s in zip(shape, moves, strict=True))
        places = merged(axes((*self.lead, self.rows), moves[:-1]))
        is_bool = mask.type.dtype.short == "bool"
        step = f"mask[j * {moves[-1]}L]"
        lines = [*unravel(places, ("mask_at",), "r"), f"const {mask.ctype} *const mask = {mask.pointer} + mask_at;"]
        lines.append("long j = 0;")
        if moves[-1] == 1:
            near = "gn_mask_f32v(gn_load_b8v(mask + j)), gn_load_f32v(s + j), gn_splat_f32v(-INFINITY)"
            value = f"gn_select_f32v({near})" if is_bool else "gn_load_f32v(s + j) + gn_load_f32v(mask + j)"
            lines.append(f"for (; n - j >= GN_LANES; j += GN_LANES) gn_store_f32v(s + j, {value});")
        each = f"if (!{step}) s[j] = -INFINITY;" if is_bool else f"s[j] += {step};"
        return [*lines, *block("for (; j < n; j++)", each)]

    def weights(self, sums: str, logs: Operand | None) -> Lines:
        """The row's weights without their sum, which goes to `sums` turned over; rows that see nothing are zeros."""
        kept = f" * {1.0 - self.p!r}f" if 0.0 < self.p < 1.0 else ""
        lines = [
            "float top = gn_row_max(s, n);",
            TOP,
            "const float sum = gn_row_exp(s, s, n, top);",
            f"{sums}[i] = 1 / ((sum <= 1.17549435e-38f ? 1.17549435e-38f : sum){kept});",
        ]
        if logs is not None:
            lines.append(f"{logs.pointer}[r] = gn_log_f32s(sum) + top;")
        return [*lines, *self.dropped("s", "s", 1.0), *self.cleared()]

    def weights_again(self, logs: Operand, g: Operand, out: Operand, deltas: str) -> Lines:
        """The row's weights by the logarithm of their sum; to `deltas` goes the sum of gradient times output."""
        lead = (*self.lead, self.rows)
        lines = []
        for name, strides in (("log", logs.strides), ("g", g.strides[:-1]), ("out", out.strides[:-1])):
            lines += unravel(merged(axes(lead, strides)), (f"{name}_at",), "r")
        lines += [f"float top = {logs.pointer}[log_at];", TOP, "gn_row_exp(s, s, n, top);", *self.cleared()]
        places = [f"{o.pointer} + {name}_at" for name, o in (("g", g), ("out", out))]
        if g.strides[-1] == out.strides[-1] == 1:
            return [*lines, f"{deltas}[i] = (float)gn_row_dot({places[0]}, {places[1]}, {g.shape[-1]});"]
        terms = " * ".join(f"({at})[j * {o.strides[-1]}L]" for at, o in zip(places, (g, out), strict=True))
        each = loop("j", 0, g.shape[-1], f"delta += {terms};")
        return [*lines, "float delta = 0;", *each, f"{deltas}[i] = delta;"]

    def dropped(self, to: str, row: str, factor: float | None = None) -> Lines:
        """What dropout leaves of a row, times the factor (of dropout itself, unless given)."""
        if self.rng is None:
            return []
        stride, size = self.rng.strides[0], self.columns
        factor = scale(self.p) if factor is None else factor
        kept = f"gn_ge_f32v(gn_load_f32v(u + j), gn_splat_f32v({self.p!r}f))"
        value = f"gn_load_f32v({row} + j)" + (f" * {factor!r}f" if factor != 1.0 else "")
        one = f"{row}[j]" + (f" * {factor!r}f" if factor != 1.0 else "")
        return [
            f"const uint64_t rng[2] = {{{self.rng.pointer}[0], {self.rng.pointer}[{stride}]}};",
            f"float drawn[{size + 16}];",
            f"const long first = r * {size}L / 8 * 8;",
            f"const float *const u = drawn + (r * {size}L - first);",
            f"gn_uniforms_f32(rng, {self.offset}u, first, r * {size}L + n, drawn);",
            "long c = 0;",
            "for (long j = 0; n - j >= GN_LANES; j += GN_LANES, c = j)",
            f"    gn_store_f32v({to} + j, gn_select_f32v({kept}, {value}, gn_splat_f32v(0)));",
            f"for (long j = c; j < n; j++) {to}[j] = u[j] >= {self.p!r}f ? {one} : 0;",
        ]
