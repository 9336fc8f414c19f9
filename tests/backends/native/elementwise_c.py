"""Elementwise ops as C, compiled all together: what the tests of expressions run."""

import ctypes
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from graphnn.backends.native import expressions as ex
from graphnn.backends.native.step import C_TYPES
from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.library import Library
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.ir.dtypes import of_numpy
from graphnn.ir.graph import Graph
from graphnn.ir.value import Node
from graphnn.ops.op import array_type
from tests.ops.rows import Row, Sample

HEADERS = '#include "vec.h"\n#include "vmath.h"\n#include "philox.h"\n#pragma GCC visibility push(default)\n'
ROOM = 16  # arrays are filled up to a multiple of this, the widest vector


class Case(NamedTuple):
    """One sample: the node that stands for it, and its operands that are arrays, all in the result's shape."""

    row: Row
    sample: Sample
    node: Node
    out: np.ndarray
    arrays: tuple[np.ndarray, ...]


def compile_c(texts: Sequence[str], lanes: int | None = None, units: int = 1) -> Library:
    """The library of these functions, for vectors of so many floats, in units compiled side by side."""
    machine = this_machine() if lanes is None else replace(this_machine(), lanes=lanes)
    return build({f"unit{k}": HEADERS + "\n".join(texts[k::units]) for k in range(units)}, machine)


def case_of(row: Row, sample: Sample, wanted: np.ndarray) -> Case:
    graph = Graph("sample")
    values = [graph.add_input(array_type(a)) if isinstance(a, np.ndarray) else graph.as_value(a) for a in sample.args]
    result: Any = graph.apply(row.rule, values, dict(sample.attrs))
    arrays = (np.broadcast_to(a, wanted.shape) for a in sample.args if isinstance(a, np.ndarray))
    return Case(row, sample, result.producer, wanted, tuple(map(np.ascontiguousarray, arrays)))


def function_text(case: Case, name: str, form: str, lanes: str) -> str | None:
    """void NAME(char **p, long n): one loop over n elements, p being the operands and then the result."""
    given = iter(range(len(case.arrays)))
    args = [f"x{next(given)}" if isinstance(a, np.ndarray) else None for a in case.sample.args]
    text = ex.expression(case.node, args, form)
    if text is None:
        return None
    lines = [f"void {name}(char **p, long n)", "{", f"    for (long i = 0; i < n; i += {lanes}) {{"]
    for k, array in enumerate(case.arrays):
        dtype = of_numpy(array.dtype)
        at = f"({C_TYPES[dtype.short]} *)p[{k}] + i"
        lines.append(f"        const {ex.register_type(dtype, form)} x{k} = {ex.load(dtype, at, form)};")
    dtype = case.node.output.type.dtype
    at = f"({C_TYPES[dtype.short]} *)p[{len(case.arrays)}] + i"
    lines.append(f"        const {ex.register_type(dtype, form)} y = {text};")
    return "\n".join([*lines, f"        {ex.store(dtype, at, 'y', form)};", "    }", "}", ""])


def function_name(case: Case, form: str) -> str:
    """The same for cases of the same text."""
    text = function_text(case, "f", form, "1")
    assert text is not None
    return f"f_{hashlib.sha256(text.encode()).hexdigest()[:12]}_{form}"


def compile_cases(cases: Sequence[Case]) -> Library:
    """The functions of all cases in both forms."""
    functions: dict[str, None] = {}
    for case in cases:
        for form, lanes in (("v", "GN_LANES"), ("s", "1")):
            text = function_text(case, function_name(case, form), form, lanes)
            assert text is not None
            functions[text] = None
    return compile_c(list(functions), units=2)


def run_case(library: Library, case: Case, form: str) -> np.ndarray:
    size = -(-case.out.size // ROOM) * ROOM
    operands = [_padded(a, size) for a in case.arrays]
    out = np.zeros(size, case.out.dtype)
    addresses = (ctypes.c_void_p * (len(operands) + 1))(*(a.ctypes.data for a in (*operands, out)))
    library.function(function_name(case, form))(addresses, ctypes.c_long(size))
    return out[: case.out.size].reshape(case.out.shape)


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    flat = array.reshape(-1)
    padding = np.full(size - flat.size, flat[-1] if flat.size else 1, array.dtype)
    return np.concatenate([flat, padding]).astype(array.dtype)
