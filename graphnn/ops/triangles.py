"""Matrices with the elements on one side of a diagonal cleared."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ShapeError
from graphnn.ir.types import TensorType
from graphnn.ops.op import Call, Op, register


def _triangle(name: str, cleared: Any) -> Op:
    def infer(x: TensorType, *, diagonal: int = 0) -> TensorType:
        """Zeros on one side of a diagonal of the last two dimensions."""
        if x.ndim < 2:
            raise ShapeError(f"{name}: input tensor must have at least 2 dimensions, got {x}")
        return TensorType(x.dtype, x.shape)

    def kernel(out: np.ndarray, x: np.ndarray, *, diagonal: int) -> list[Call]:
        return [(np.copyto, out, x), (_clear, out, cleared(np.ones(x.shape[-2:], bool), diagonal))]

    def vjp(c: Any, g: Any) -> Any:
        return op(g, diagonal=c.attrs["diagonal"])

    op = register(Op(name, infer=infer, numpy=kernel, vjp=vjp))
    return op


def _clear(out: np.ndarray, where: np.ndarray) -> None:
    np.copyto(out, False, where=where)


tril = _triangle("tril", lambda full, diagonal: np.triu(full, diagonal + 1))
triu = _triangle("triu", lambda full, diagonal: np.tril(full, diagonal - 1))
