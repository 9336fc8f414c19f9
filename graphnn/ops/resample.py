"""Images, signals and volumes in another size: nearest neighbours, linear, cubic."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.axis_tables import Tables, table_calls, table_scratch
from graphnn.ops.op import Op, Types, register
from graphnn.ops.resample_tables import FILTERS, gradient_table, heeds, resample_table

Scales = tuple[float | None, ...]
NAMES = {
    "nearest": "Nearest",
    "nearest-exact": "NearestExact",
    "linear": "Linear",
    "bilinear": "Bilinear",
    "trilinear": "Trilinear",
    "bicubic": "Bicubic",
    "lanczos": "Lanczos",
}


def _options(
    gradient: bool,
    sizes: Shape,
    dtype: DType,
    size: Shape,
    scales: Scales | None,
    mode: str,
    align_corners: bool,
    antialias: bool,
) -> list[tuple[Any, ...]]:
    """What tells the tables from `sizes` to `size`, or those of the gradient."""
    double, found = dtype is dtypes.float64, []
    for a, b, factor in zip(sizes, size, scales or (None,) * len(size), strict=True):
        heeded = factor if heeds(a, b, mode, len(size), gradient) else None
        found.append((a, b, mode, align_corners, antialias, heeded, double))
    return found


def _check(x: TensorType, size: Shape, mode: str, antialias: bool) -> None:
    if mode not in NAMES or (antialias and mode not in FILTERS) or (mode == "lanczos" and not antialias):
        raise ArgumentError(f"resample: there is no mode {mode!r} with antialias={antialias}")
    if x.ndim < len(size):
        raise ShapeError(f"resample: {len(size)} sizes are too many for {x}")
    sizes = x.shape[x.ndim - len(size) :]
    if min((*sizes, *size), default=1) < 1:
        raise ShapeError(
            f"Input and output sizes should be greater than 0, but got input {list(sizes)} and output {list(size)}: {x}"
        )
    if not mode.startswith("nearest") and not x.dtype.is_floating_point:
        raise DTypeError(f"resample: mode {mode!r} wants a floating-point tensor, got {x}; convert with .to(dtype)")


def _infer(
    x: TensorType,
    *,
    size: Shape,
    mode: str,
    scales: Scales | None = None,
    align_corners: bool = False,
    antialias: bool = False,
) -> TensorType:
    """The last dimensions in another `size`; `scales` are the user's factors, by which outputs are placed."""
    _check(x, size, mode, antialias)
    return TensorType(x.dtype, (*x.shape[: x.ndim - len(size)], *size))


def _of(x: Any, dtype: DType, size: Shape, **attrs: Any) -> Tables:
    return tuple(
        resample_table(*given) for given in _options(False, x.shape[x.ndim - len(size) :], dtype, size, **attrs)
    )


def _kernel(out: Any, x: Any, *, scratch: Any, **attrs: Any) -> Any:
    return table_calls(out, x, _of(x, dtypes.of_numpy(x.dtype), **attrs), scratch)


def _name(types: Types, attrs: Attrs) -> str:
    return f"Upsample{NAMES[attrs['mode']]}{len(attrs['size'])}D{'Aa' if attrs['antialias'] else ''}Backward0"


def _vjp(c: Any, g: Any) -> Any:
    return resample_grad(g, input_size=c.types[0].shape[-len(c.attrs["size"]) :], **c.attrs)


resample: Op = register(
    Op(
        "resample",
        infer=_infer,
        numpy=_kernel,
        scratch=lambda x, **attrs: table_scratch(x, _of(x, x.dtype, **attrs)),
        vjp=_vjp,
        grad_name=_name,
        traits=(Trait.CHANNELS_LAST,),
    )
)


def _infer_grad(
    g: TensorType,
    *,
    input_size: Shape,
    size: Shape,
    mode: str,
    scales: Scales | None = None,
    align_corners: bool = False,
    antialias: bool = False,
) -> TensorType:
    """The gradient of resample's input, whose last dimensions had `input_size`."""
    x = TensorType(g.dtype, (*g.shape[: g.ndim - len(size)], *input_size))
    _check(x, size, mode, antialias)
    if g.shape[g.ndim - len(size) :] != size:
        raise ShapeError(f"resample_grad: the output's gradient must end in {list(size)}, got {g}")
    return x


def _grad_tables(dtype: DType, input_size: Shape, **attrs: Any) -> Tables:
    return tuple(gradient_table(*given) for given in _options(True, input_size, dtype, **attrs))


def _grad_kernel(out: Any, g: Any, *, scratch: Any, **attrs: Any) -> Any:
    return table_calls(out, g, _grad_tables(dtypes.of_numpy(g.dtype), **attrs), scratch)


def tables_of(op: str, x: TensorType, attrs: Attrs) -> Tables:
    """The tables of resample, or of resample_grad, for what it reads."""
    return _grad_tables(x.dtype, **attrs) if op == "resample_grad" else _of(x, x.dtype, **attrs)


def _grad_vjp(c: Any, gg: Any) -> Any:
    return resample(gg, **{name: value for name, value in c.attrs.items() if name != "input_size"})


def _grad_name(types: Types, attrs: Attrs) -> str:
    return _name(types, attrs).replace("Backward0", "BackwardBackward0")


resample_grad: Op = register(
    Op(
        "resample_grad",
        infer=_infer_grad,
        numpy=_grad_kernel,
        scratch=lambda g, **attrs: table_scratch(g, _grad_tables(g.dtype, **attrs)),
        vjp=_grad_vjp,
        grad_name=_grad_name,
        traits=(Trait.CHANNELS_LAST,),
    )
)
