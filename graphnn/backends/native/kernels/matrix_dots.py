"""Products of few rows with a matrix whose columns lie along k: dot products, the matrix read once, in place.

This is a linear layer at batch 1, bound by the reading of its weights: the vectors go along k, some rows of weights at
a time, and the sums of a vector of columns are finished together.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import Lines, flat, loop, text, unravel
from graphnn.backends.native.kernels.matrix_blocking import PARTS, SPLIT_ABOVE, nanoseconds
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.product import Product
from graphnn.backends.native.toolchain.machine import Machine

FEW = 12  # rows
LINE = 16  # floats of a cache line


def suits_dots(p: Product, machine: Machine) -> bool:
    """Whether both factors lie along k, and one of them has few rows or columns."""
    along = p.left_k == 1 and p.right_k == 1 and p.right_n != 1 and p.k >= machine.lanes
    return along and p.kind == "f32" and (p.m <= FEW or p.n <= machine.lanes // 2)


class _Dots(NamedTuple):
    product: Product
    lanes: int
    rows: int
    columns: int  # of sums in registers at once
    together: int  # vectors along k: one row reads its matrix by whole cache lines


def dots_text(p: Product, machine: Machine, finish: Finish) -> tuple[str, tuple[str, ...], int]:
    """The body of a part, its helpers, and the number of parts."""
    rows = min(p.m, 4)
    together = max(1, LINE // machine.lanes) if rows == 1 else 1
    columns = min(8, (machine.registers - 4) // (rows * together), machine.lanes)
    if rows == 1:
        columns = 1 << columns.bit_length() - 1
    d = _Dots(p, machine.lanes, rows, columns, together)
    helpers: dict[str, None] = {}
    groups, blocks = -(-p.m // rows), -(-p.n // d.lanes)
    wanted = PARTS if nanoseconds(machine, p.size * p.k) * 2 > SPLIT_ABOVE else 1
    units = p.batches * (blocks if p.m <= FEW else groups)
    parts = max(1, min(wanted, units))
    inner = _row_groups(d, finish, helpers)
    over = "column" if p.m <= FEW else "group"
    count, other = (blocks, groups) if over == "column" else (groups, blocks)
    rest = "group" if over == "column" else "block"
    body = flat(
        f"const long from = part * {units} / {parts}, to = (part + 1) * {units} / {parts};",
        loop("unit", "from", "to",
             f"const long batch = unit / {count};",
             f"const long {'block' if over == 'column' else 'group'} = unit % {count};",
             unravel(p.batch, ("a_at", "b_at"), "batch"),
             loop(rest, 0, other, inner)),
    )  # fmt: skip
    return text(body), tuple(helpers), parts


def _row_groups(d: _Dots, finish: Finish, helpers: dict[str, None]) -> Lines:
    """One vector of columns of one group of rows; whole groups and vectors apart from ragged ones."""
    p = d.product
    lines = [
        f"const long row = group * {d.rows}, column = block * {d.lanes};",
        f"const float *const a = {p.left.pointer} + a_at + row * {p.left_m}L;",
        f"const float *const b = {p.right.pointer} + b_at + column * {p.right_n}L;",
        f"const long at = batch * {p.m * p.n}L + row * {p.n}L + column;",
    ]
    cases = []
    for rows, when_row in _cases(p.m, d.rows, "group"):
        for columns, when_column in _cases(p.n, d.lanes, "block"):
            cases.append((f"{when_row} && {when_column}", _one(d, rows, columns, finish, helpers)))
    for condition, body in cases:
        lines += [f"if ({condition}) {{", *("    " + line for line in body), "}"]
    return lines


def _cases(size: int, step: int, name: str) -> list[tuple[int, str]]:
    whole, tail = divmod(size, step)
    found = [(step, f"{name} < {whole}")] if whole else []
    return [*found, (tail, f"{name} == {whole}")] if tail else found


def _one(d: _Dots, rows: int, columns: int, finish: Finish, helpers: dict[str, None]) -> Lines:
    p = d.product
    lines = [f"float sums[{rows * d.lanes}];"]
    whole, tail = divmod(columns, d.columns)
    if whole:
        call = f"{_function(d, rows, d.columns, helpers)}(a, b + c * {p.right_n}L, sums + c);"
        lines.append(f"for (long c = 0; c < {whole * d.columns}; c += {d.columns}) {call}")
    if tail:
        at = whole * d.columns
        lines.append(f"{_function(d, rows, tail, helpers)}(a, b + {at * p.right_n}L, sums + {at});")
    n = None if columns == d.lanes else str(columns)
    return [*lines, *loop("i", 0, rows, finish(f"gn_load_f32v(sums + i * {d.lanes})", f"at + i * {p.n}L", "column", n))]


def _function(d: _Dots, rows: int, columns: int, helpers: dict[str, None]) -> str:
    p, lanes = d.product, d.lanes
    step = lanes * d.together
    whole, rest, tail = p.k // step * step, p.k // lanes * lanes, p.k % lanes
    names = [(i, j, t) for i in range(rows) for j in range(columns) for t in range(d.together)]
    body = ["f32v " + ", ".join(f"c{i}_{j}_{t} = {{0}}" for i, j, t in names) + ";"]
    if whole:
        steps = (line for t in range(d.together) for line in _step(d, rows, columns, f"k + {t * lanes}", "", t))
        body += [f"for (long k = 0; k < {whole}; k += {step}) {{", *steps, "}"]
    for k in range(whole, rest, lanes):
        body += ["{", *_step(d, rows, columns, str(k), "", 0), "}"]
    if tail:
        body += ["{", *_step(d, rows, columns, str(rest), str(tail), d.together - 1), "}"]
    whole_sums = {(i, j): " + ".join(f"c{i}_{j}_{t}" for t in range(d.together)) for i, j, _ in names}
    body += [f"to[{i * lanes + j}] = gn_sum_f32v({total});" for (i, j), total in whole_sums.items()]
    inside = text(body)
    name = f"gn_dots_{rows}x{columns}_{hashlib.sha256(inside.encode()).hexdigest()[:10]}"
    head = f"static __attribute__((noinline, unused)) void {name}(const float *a, const float *b, float *to)"
    helpers[f"{head}\n{{\n{inside}\n}}"] = None
    return name


def _step(d: _Dots, rows: int, columns: int, k: str, tail: str, t: int) -> Lines:
    """A vector of k, added to the sums of number `t`."""
    p = d.product

    def load(at: str) -> str:
        return f"gn_load_part_f32v({at}, {tail})" if tail else f"gn_load_f32v({at})"

    lines = [f"    const f32v a{i}_{t} = {load(f'a + {i * p.left_m} + {k}')};" for i in range(rows)]
    for j in range(columns):
        lines.append(f"    const f32v b{j}_{t} = {load(f'b + {j * p.right_n} + {k}')};")
        lines += [f"    c{i}_{j}_{t} += a{i}_{t} * b{j}_{t};" for i in range(rows)]
    return lines
