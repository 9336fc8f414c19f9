"""Matrix products: matmul of any two shapes, and the linear layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.blas import matmul as blas_matmul
from graphnn.ops.elementwise import mul, ufunc_call
from graphnn.ops.movement import reshape, transpose, unsqueeze, view_as
from graphnn.ops.op import Call, Op, register
from graphnn.ops.reduce import sum
from graphnn.ops.typing import broadcast_shapes
from graphnn.ops.unary import relu_grad

# ---- matmul


def _matmul(a: TensorType, b: TensorType) -> TensorType:
    """Of the last two dimensions, broadcasting the others; a vector is a row on the left, a column on the right."""
    _require_same("matmul", a, b)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(
            f"matmul: both arguments need at least one dimension, got {a} and {b}; multiply with * instead"
        )
    rows, columns = a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ShapeError(
            f"matmul: mat1 and mat2 shapes cannot be multiplied ({_cross(a.shape[-2:])} and {_cross(b.shape[-2:])}): "
            f"{a} @ {b}; the last dimension of the first must be the one before the last of the second"
        )
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if batch is None:
        raise ShapeError(f"matmul: the leading dimensions of {a} and {b} must match or be 1")
    return TensorType(a.dtype, (*batch, *rows, *columns))


def _cross(shape: Shape) -> str:
    return "x".join(map(str, shape))


def _require_same(op: str, *types: TensorType) -> None:
    if len({t.dtype for t in types}) != 1 or types[0].dtype is dtypes.bool:
        names = " and ".join(str(t) for t in types)
        raise DTypeError(f"{op}: expected numbers of the same dtype, got {names}; convert one with .to(dtype)")


def _matmul_vjp(c: Any, g: Any, a: Any, b: Any) -> Any:
    """The gradients of matrices, vectors being given their missing dimension first; a factor that no wanted gradient
    needs is None."""
    rows, columns = c.types[0].ndim > 1, c.types[1].ndim > 1
    if not rows and not columns:
        return mul(g, b) if c.want[0] else None, mul(g, a) if c.want[1] else None
    a = a if rows or a is None else unsqueeze(a, dim=0)
    b = b if columns or b is None else unsqueeze(b, dim=1)
    g = g if columns else unsqueeze(g, dim=len(g.shape))
    g = g if rows else unsqueeze(g, dim=len(g.shape) - 1)
    left = _drop(matmul(g, _swapped(b)), -2, rows) if c.want[0] else None
    right = _drop(_left_product(a, g, max(c.types[1].ndim, 2)), -1, columns) if c.want[1] else None
    return left, right


def _swapped(x: Any) -> Any:
    """x with its last two dimensions swapped."""
    return transpose(x, dim0=len(x.shape) - 2, dim1=len(x.shape) - 1)


def _left_product(a: Any, g: Any, ndim: int) -> Any:
    """aᵀ g, summed over the batch at once where the other factor has no batch dimensions."""
    if ndim == 2 and len(a.shape) > 2 and a.shape[:-1] == g.shape[:-1]:
        return matmul(_swapped(_rows(a)), _rows(g))
    return matmul(_swapped(a), g)


def _rows(x: Any) -> Any:
    """x as a matrix: all dimensions but the last become one."""
    if len(x.shape) == 2:
        return x
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _drop(x: Any, dim: int, keep: bool) -> Any:
    """x without its dimension -2 or -1, which has size 1, unless `keep`."""
    if keep:
        return x
    at = len(x.shape) + dim
    return reshape(x, shape=(*x.shape[:at], *x.shape[at + 1 :]))


def _matmul_name(types: tuple[TensorType, ...], attrs: Attrs) -> str:
    names = {(1, 1): "Dot", (2, 1): "Mv", (1, 2): "Squeeze", (2, 2): "Mm", (2, 3): "Clone"}
    found = names.get((types[0].ndim, min(types[1].ndim, 3)), "UnsafeView")
    return f"{found}Backward{4 if found == 'Squeeze' else 0}"


def _matmul_flops(a: TensorType, b: TensorType) -> int:
    return 2 * _matmul(a, b).size * a.shape[-1]


matmul = register(
    Op(
        "matmul",
        infer=_matmul,
        numpy=lambda out, a, b: [(blas_matmul, a, b, out)],
        vjp=_matmul_vjp,
        grad_name=_matmul_name,
        flops=_matmul_flops,
        traits=(Trait.EPILOGUE,),
    )
)


# ---- linear: x @ weightᵀ + bias


def _linear(x: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    """`x[..., n], weight[m, n], bias[m] -> [..., m]`."""
    given = [t for t in (x, weight, bias) if t is not None]
    _require_same("linear", *given)
    spelled = " x ".join(map(str, given))
    if weight.ndim != 2 or x.ndim == 0:
        raise ShapeError(f"linear: wants an input with features last and a weight [out, in], got {spelled}")
    if x.shape[-1] != weight.shape[1]:
        raise ShapeError(f"linear: input has {x.shape[-1]} features, weight wants {weight.shape[1]}: {spelled}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"linear: bias must have shape [{weight.shape[0]}], one number an output feature: {spelled}")
    return TensorType(x.dtype, (*x.shape[:-1], weight.shape[0]))


def _linear_kernel(out: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> list[Call]:
    flat = view_as(x, (-1, x.shape[-1])) if x.ndim > 2 and x.size else None
    product = (x, out) if flat is None else (flat, out.reshape(-1, out.shape[-1]))
    calls: list[Call] = [(blas_matmul, product[0], weight.T, product[1])]
    return calls if bias is None else [*calls, (np.add, out, bias, out)]


def _linear_vjp(c: Any, g: Any, x: Any, weight: Any) -> Any:
    wants_bias = len(c.want) > 2 and c.want[2]
    return (
        matmul(g, weight) if c.want[0] else None,
        _weight_gradient(g, x) if c.want[1] else None,
        sum(g, dim=tuple(range(len(g.shape) - 1))) if wants_bias else None,
    )[: len(c.want)]


def _weight_gradient(g: Any, x: Any) -> Any:
    g, x = (unsqueeze(v, dim=0) if len(v.shape) == 1 else _rows(v) for v in (g, x))
    return matmul(transpose(g, dim0=0, dim1=1), x)


def _linear_name(types: tuple[TensorType | None, ...], attrs: Attrs) -> str:
    assert types[0] is not None
    has_bias = len(types) > 2 and types[2] is not None
    if types[0].ndim == 2:
        return "AddmmBackward0" if has_bias else "MmBackward0"
    return "ViewBackward0" if has_bias else "SqueezeBackward4" if types[0].ndim == 1 else "UnsafeViewBackward0"


def _linear_flops(x: TensorType, weight: TensorType, bias: TensorType | None = None) -> int:
    return 2 * x.size * weight.shape[0]


EDGES = (2, 0, ("TBackward0", 1))  # as PyTorch's addmm(bias, x, weight.t())

linear = register(
    Op(
        "linear",
        infer=_linear,
        numpy=_linear_kernel,
        vjp=_linear_vjp,
        grad_name=_linear_name,
        grad_edges=EDGES,
        flops=_linear_flops,
        traits=(Trait.EPILOGUE,),
    )
)


def _linear_relu_kernel(out: np.ndarray, *args: np.ndarray) -> list[Call]:
    return [*_linear_kernel(out, *args), ufunc_call(np.maximum, out, out, 0)]


linear_relu = register(
    Op(
        "linear_relu",
        infer=_linear,
        numpy=_linear_relu_kernel,
        vjp=lambda c, g, x, weight, out: _linear_vjp(c, relu_grad(g, out), x, weight),
        grad_name="ReluBackward0",
        flops=_linear_flops,
        traits=(Trait.FUSED, Trait.EPILOGUE),
    )
)
