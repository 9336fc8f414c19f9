"""The transforms of Winograd's minimal filtering as straight-line vector code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphnn.ops.winograd import Matrix


def _sum(row: Sequence[float], names: Sequence[str]) -> str:
    """The linear combination; ones are added as they are."""
    text = ""
    for factor, name in zip(row, names, strict=True):
        if factor:
            size = "" if abs(factor) == 1 else f"{abs(factor)!r}f * "
            text += f"{' - ' if factor < 0 else ' + ' if text else ''}{size}{name}"
    return text.strip() or "(f32v){0}"


def transformed(matrix: Matrix, load: Callable[[int, int], str], store: Callable[[int, int, str], str]) -> list[str]:
    """C for M X Mᵀ: `load(i, j)` gives X[i][j], `store(i, j, value)` a statement for the result. What lies between is in
    the array `half` of vectors."""
    rows, columns = len(matrix), len(matrix[0])
    factors = [[float(f) for f in row] for row in matrix]
    lines = [f"f32v half[{rows * columns}];"]
    names = [f"d{i}" for i in range(columns)]
    for j in range(columns):
        lines.append("{ " + " ".join(f"const f32v {n} = {load(i, j)};" for i, n in enumerate(names)))
        lines += [f"half[{i * columns + j}] = {_sum(row, names)};" for i, row in enumerate(factors)]
        lines.append("}")
    for i in range(rows):
        lines.append("{ " + " ".join(f"const f32v {n} = half[{i * columns + j}];" for j, n in enumerate(names)))
        lines += [store(i, j, _sum(row, names)) for j, row in enumerate(factors)]
        lines.append("}")
    return lines
