"""An array's text: leave out what a summary hides (`_corners`), write the numbers (`_write`), set brackets (`_nest`).

The style of floating-point numbers is chosen once for the whole tensor, from the shown values that are finite and not
zero: all integral ones end in a point (`1.`), others have `precision` digits, and a wide range of magnitudes changes
both to exponents (`1.0000e-05`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.printing.options import PrintOptions, get_printoptions

Array = np.ndarray[Any, np.dtype[Any]]


def format_tensor(
    array: Array,
    *,
    dtype_name: str | None = None,
    default_dtype: str = "float32",
    grad_fn_name: str | None = None,
    requires_grad: bool = False,
) -> str:
    """`tensor([1., 2.], requires_grad=True)`.

    `dtype_name` is the dtype's name without "torch.", by default the array's own; `default_dtype` is the floating-point
    dtype that is not mentioned. A `grad_fn_name` ("AddmmBackward0") hides `requires_grad`.
    """
    prefix, options = "tensor(", get_printoptions()
    dtype_name = dtype_name or array.dtype.name
    suffixes = [
        f"size={tuple(array.shape)}" if _names_size(array, options) else "",
        f"dtype=torch.{dtype_name}" if _names_dtype(dtype_name, default_dtype, empty=not array.size) else "",
        f"grad_fn=<{grad_fn_name}>" if grad_fn_name is not None else "requires_grad=True" if requires_grad else "",
    ]
    elements = _format_elements(array, len(prefix), options)
    return _append(prefix + elements, filter(None, suffixes), len(prefix), options.linewidth) + ")"


def format_parameter(
    array: Array, *, dtype_name: str | None = None, default_dtype: str = "float32", requires_grad: bool = True
) -> str:
    """The two or more lines that begin with `Parameter containing:`."""
    text = format_tensor(array, dtype_name=dtype_name, default_dtype=default_dtype, requires_grad=requires_grad)
    return f"Parameter containing:\n{text}"


def _names_size(array: Array, options: PrintOptions) -> bool:
    """Where the elements do not tell the shape: there are none (but `[]` tells one dimension), or none may be shown."""
    return array.ndim != 1 if not array.size else not options.edgeitems


def _names_dtype(dtype_name: str, default_dtype: str, *, empty: bool) -> bool:
    """Elements tell int64 and bool from the default dtype; where there are none, the dtype is named."""
    implied = {default_dtype} if empty else {default_dtype, "int64", "bool"}
    return dtype_name not in implied


def _append(text: str, suffixes: Iterable[str], indent: int, linewidth: int) -> str:
    """`text` with each suffix after a comma, on a new line where it would not fit on the last one."""
    column = len(text) - text.rfind("\n") + 1  # PyTorch counts two characters more than the line has
    for suffix in suffixes:
        if column + len(suffix) + 2 > linewidth:
            text += f",\n{' ' * indent}{suffix}"
            column = indent + len(suffix)
        else:
            text += f", {suffix}"
            column += len(suffix) + 2
    return text


def _format_elements(array: Array, indent: int, options: PrintOptions) -> str:
    if not array.size:
        return "[]"
    if array.size <= options.threshold or not array.ndim:
        return _nest(_write(array, options), array.shape, (False,) * array.ndim, indent, options.linewidth)
    if not options.edgeitems:
        return "[...]"
    elided = tuple(length > 2 * options.edgeitems for length in array.shape)
    corners = _corners(array, options.edgeitems)
    return _nest(_write(corners, options), corners.shape, elided, indent, options.linewidth)


def _corners(array: Array, edgeitems: int) -> Array:
    """The first and last `edgeitems` of each dimension, or all where they are no more than that."""
    shown = [
        np.r_[:edgeitems, length - edgeitems : length] if length > 2 * edgeitems else np.arange(length)
        for length in array.shape
    ]
    corners: Array = array[np.ix_(*shown)]
    return corners


@dataclass(frozen=True)
class _Cells:
    """The elements' texts in row-major order. `width` is what lines are counted in; a text may be longer."""

    texts: list[str]
    width: int


def _write(array: Array, options: PrintOptions) -> _Cells:
    if array.dtype.kind in "biu":
        return _align([str(value) for value in array.reshape(-1).tolist()])
    with np.errstate(invalid="ignore"):  # widening a signalling NaN
        return _write_floats(array.reshape(-1).astype(np.float64), options)


def _align(texts: list[str]) -> _Cells:
    width = max(map(len, texts))
    return _Cells([text.rjust(width) for text in texts], width)


def _write_floats(values: Array, options: PrintOptions) -> _Cells:
    measured = values[np.isfinite(values) & (values != 0)]
    integral = bool((measured == np.ceil(measured)).all())
    scientific = _needs_exponents(measured, integral, options.sci_mode)
    width = max(map(len, _spell(measured, integral, scientific, options.precision)), default=1)
    return _Cells([text.rjust(width) for text in _spell(values, integral, scientific, options.precision)], width)


def _needs_exponents(measured: Array, integral: bool, forced: bool | None) -> bool:
    if not measured.size:
        return False
    if forced is not None:
        return forced
    magnitudes = np.abs(measured)
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    return largest / smallest > 1000.0 or largest > 1e8 or (not integral and smallest < 1e-4)


def _spell(values: Array, integral: bool, scientific: bool, precision: int) -> list[str]:
    if scientific:
        return [f"{value:.{precision}e}" for value in values.tolist()]
    if integral:
        return [f"{value:.0f}." if math.isfinite(value) else str(value) for value in values.tolist()]
    return [f"{value:.{precision}f}" for value in values.tolist()]


def _nest(cells: _Cells, shape: tuple[int, ...], elided: tuple[bool, ...], indent: int, linewidth: int) -> str:
    """The cells in brackets; `shape` is the shown one, `elided` tells in which dimensions `...` marks the middle."""
    if not shape:
        return cells.texts[0]
    if len(shape) == 1:
        return _row(cells, elided[0], indent, linewidth)
    stride = len(cells.texts) // shape[0]
    parts = [
        _nest(_Cells(cells.texts[start : start + stride], cells.width), shape[1:], elided[1:], indent + 1, linewidth)
        for start in range(0, len(cells.texts), stride)
    ]
    if elided[0]:
        parts.insert(len(parts) // 2, "...")
    separator = "," + "\n" * (len(shape) - 1) + " " * (indent + 1)
    return f"[{separator.join(parts)}]"


def _row(cells: _Cells, elided: bool, indent: int, linewidth: int) -> str:
    """One innermost dimension, broken into lines of as many cells as the widest would leave room for."""
    texts, half = cells.texts, len(cells.texts) // 2
    if elided:
        texts = [*texts[:half], " ...", *texts[half:]]
    per_line = max(1, (linewidth - indent) // (cells.width + 2))
    lines = [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]
    return "[" + f",\n{' ' * (indent + 1)}".join(lines) + "]"
