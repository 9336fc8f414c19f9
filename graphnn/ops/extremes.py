"""Where the largest and smallest elements lie, alone (argmax, argmin) or with their values (max_dim, min_dim).

The first of equals is meant, and a NaN before anything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import IndexOutOfRange
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import refuse_bool
from graphnn.ops.gathering import gather_grad
from graphnn.ops.movement import check_dim, unsqueeze
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import reduced_shape


def _require_elements(op: str, x: TensorType, dim: int | None) -> None:
    refuse_bool(op, x)
    if dim is not None:
        check_dim(op, dim, x.ndim)
    if x.size == 0 and (dim is None or x.shape[dim] == 0):
        raise IndexOutOfRange(
            f"{op}(): Expected reduction dim to be specified for input.numel() == 0, and not empty: {x}"
        )


def _arg_calls(arg: Any, out: np.ndarray, x: np.ndarray, work: np.ndarray, dim: int | None) -> list[Call]:
    """`work` is C-contiguous memory of x's size, in which the dimension comes last."""
    if dim is None or x.ndim == 0:
        return [(np.copyto, work.reshape(x.shape), x), (arg, work.reshape(work.size), 0, out.reshape(()))]
    moved = np.moveaxis(x, dim, -1)
    flat = work.reshape(moved.shape)
    return [(np.copyto, flat, moved), (arg, flat, moved.ndim - 1, out.reshape(moved.shape[:-1]))]


def _work(x: TensorType, **_: Any) -> Types:
    return (TensorType(x.dtype, (x.size,)),)


def _arg_op(name: str, arg: Any) -> Op:
    def infer(x: TensorType, *, dim: int | None = None, keepdim: bool = False) -> TensorType:
        _require_elements(name, x, dim)
        dims = range(x.ndim) if dim is None else (dim,)
        return TensorType(dtypes.int64, reduced_shape(x.shape, tuple(dims), keepdim))

    def kernel(out: np.ndarray, x: np.ndarray, scratch: Any, *, dim: int | None, keepdim: bool) -> list[Call]:
        return _arg_calls(arg, out, x, scratch[0], dim)

    return register(Op(name, infer=infer, numpy=kernel, scratch=_work))


argmax = _arg_op("argmax", np.argmax)
argmin = _arg_op("argmin", np.argmin)


def _pair_op(name: str, ufunc: np.ufunc, arg: Any, grad_name: str) -> Op:
    def infer(x: TensorType, *, dim: int, keepdim: bool = False) -> Types:
        _require_elements(name, x, dim)
        shape = reduced_shape(x.shape, (dim,), keepdim)
        return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)

    def kernel(outs: Any, x: np.ndarray, scratch: Any, *, dim: int, keepdim: bool) -> list[Call]:
        values, indices = outs
        axis = (dim,) if x.ndim else ()
        calls: list[Call] = [] if indices is None else _arg_calls(arg, indices, x, scratch[0], dim)
        return calls if values is None else [*calls, (ufunc.reduce, x, axis, x.dtype, values, keepdim)]

    outputs = ("values", "indices")
    return register(
        Op(name, infer=infer, numpy=kernel, scratch=_work, vjp=_pair_vjp, outputs=outputs, grad_name=grad_name)
    )


def _pair_vjp(c: Any, g: Any, indices: Any) -> Any:
    """The whole gradient goes to the element that was found."""
    dim, shape = c.attrs["dim"], c.types[0].shape
    if shape and not c.attrs["keepdim"]:
        g, indices = unsqueeze(g, dim=dim), unsqueeze(indices, dim=dim)
    return gather_grad(g, indices, dim=dim, shape=shape)


max_dim = _pair_op("max_dim", np.maximum, np.argmax, "MaxBackward0")
min_dim = _pair_op("min_dim", np.minimum, np.argmin, "MinBackward0")
