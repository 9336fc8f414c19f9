"""C functions that lay pieces of matrices out as the register tile reads them.

A panel of the right matrix has `width` columns side by side for each k, zeros beyond the last column; a strip of the
left one has `rows` numbers side by side for each k.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from graphnn.backends.native.kernels.axes import Lines, block, flat, loop, text


def pack_panel(
    kind: str, k_stride: int, n_stride: int, width: int, columns: int, lanes: int, apart: int = 0
) -> tuple[str, str]:
    """Name and text of `void f(T *to, const T *b, long n)`: `columns` of `width` at strides of b, for `n` values of k, which
    come to lie `apart` (0: side by side)."""
    apart = apart or width
    if n_stride == 1:
        body = _copied(kind, k_stride, width, columns, lanes, apart)
    elif k_stride == 1 and lanes in (4, 8, 16) and kind == "f32":
        body = _transposed(n_stride, width, columns, apart)
    else:
        body = _by_element(k_stride, n_stride, width, columns, apart)
    return _function("pack_panel", kind, body)


def pack_strip(kind: str, m_stride: int, k_stride: int, rows: int) -> tuple[str, str]:
    """Name and text of `void f(T *to, const T *a, long n)`: `rows` rows at strides of a, for `n` values of k."""
    copies = [f"to[k * {rows} + {i}] = b[k * {k_stride}L + {i * m_stride}L];" for i in range(rows)]
    if m_stride == 1:
        copies = [f"__builtin_memcpy(to + k * {rows}, b + k * {k_stride}L, {rows} * sizeof(*to));"]
    return _function("pack_strip", kind, loop("k", 0, "n", copies))


def copy_strip(kind: str, m_stride: int, rows: int, depth: int) -> tuple[str, str]:
    """As `pack_strip`, for rows that lie along k: they stay so, `depth` apart."""
    copies = [f"__builtin_memcpy(to + {i * depth}, b + {i * m_stride}L, n * sizeof(*to));" for i in range(rows)]
    return _function("copy_strip", kind, copies)


def _function(what: str, kind: str, body: Lines) -> tuple[str, str]:
    c = "float" if kind == "f32" else "double"
    inside = text(body)
    name = f"gn_{what}_{hashlib.sha256((kind + inside).encode()).hexdigest()[:10]}"
    head = f"static __attribute__((noinline, unused)) void {name}({c} *to, const {c} *b, long n)"
    return name, f"{head}\n{{\n{inside}\n}}"


def _copied(kind: str, k_stride: int, width: int, columns: int, lanes: int, apart: int) -> Lines:
    lines = []
    for j in range(0, width, lanes):
        left = columns - j
        at = f"b + k * {k_stride}L + {j}"
        whole = f"gn_load_{kind}v({at})"
        value = whole if left >= lanes else f"gn_load_part_{kind}v({at}, {left})" if left > 0 else f"({kind}v){{0}}"
        lines.append(f"gn_store_{kind}v(to + k * {apart} + {j}, {value});")
    return loop("k", 0, "n", lines)


def _by_element(k_stride: int, n_stride: int, width: int, columns: int, apart: int) -> Lines:
    each = [loop("j", 0, columns, f"to[k * {apart} + j] = b[k * {k_stride}L + j * {n_stride}L];")]
    rest = loop("j", columns, width, f"to[k * {apart} + j] = 0;") if columns < width else []
    return loop("k", 0, "n", flat(*each, rest))


def _transposed(n_stride: int, width: int, columns: int, apart: int) -> Lines:
    """Four columns by four values of k at once, turned round in registers."""
    lines: Lines = ["long k = 0;"]
    square: Lines = []
    for j in range(0, width, 4):
        square += block("", _square(n_stride, apart, columns, j))
    lines += block("for (; k + 4 <= n; k += 4)", square)
    each = [f"to[k * {apart} + {j}] = {f'b[k + {j * n_stride}L]' if j < columns else '0'};" for j in range(width)]
    return [*lines, *block("for (; k < n; k++)", each)]


def _square(n_stride: int, apart: int, columns: int, j: int) -> Lines:
    loads = [f"b + k + {(j + i) * n_stride}L" if j + i < columns else None for i in range(4)]
    return turned_square(loads, [f"to + (k + {i}) * {apart} + {j}" for i in range(4)])


def turned_square(loads: Sequence[str | None], stores: Sequence[str]) -> Lines:
    """Four numbers each from four places (None: zeros); the first ones go to the first store, and so on."""
    values = [f"*(const gn_four *)({load})" if load is not None else "(gn_four){0}" for load in loads]
    lines = [f"const gn_four r{i} = {value};" for i, value in enumerate(values)]
    for i, (a, b) in enumerate((("r0", "r1"), ("r2", "r3"))):
        lines.append(f"const gn_four s{2 * i} = gn_low_pairs({a}, {b}), s{2 * i + 1} = gn_high_pairs({a}, {b});")
    for i, (half, s) in enumerate(
        (("gn_low_halves", 0), ("gn_high_halves", 0), ("gn_low_halves", 1), ("gn_high_halves", 1))
    ):
        lines.append(f"*(gn_four *)({stores[i]}) = {half}(s{s}, s{s + 2});")
    return lines
