"""Creating tensors: from data, filled, ranges. While tracing, filled ones are nodes of the graph."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import OPS, lookup
from graphnn.ops.op import Op, builders
from graphnn.ops.typing import defaults as defaults
from graphnn.tensor.out import with_out
from graphnn.tensor.tensor import Tensor

Sizes = int | Sequence[int]


def get_default_dtype() -> DType:
    """The dtype of floating-point tensors made from Python numbers."""
    return defaults.dtype


def set_default_dtype(dtype: DType) -> None:
    """What floating-point tensors made from Python numbers have, and results of integers where only floats will do.
    Set it before anything is traced: graphs keep the dtypes that they were traced with."""
    if not dtype.is_floating_point:
        raise DTypeError(f"only floating-point types are supported as the default type, got {dtype!r}")
    if dtype is not defaults.dtype:
        defaults.dtype = dtype
        for op in OPS.values():
            if isinstance(op, Op):
                op.forget()


def tensor(data: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor holding a copy of the data (numbers, nested sequences, arrays)."""
    check_device(device)
    if isinstance(data, Tensor):
        found = data.detach().clone() if dtype is None else data.detach().to(dtype).clone()
    else:
        found = of_numpy(_to_array(data, dtype))
    return finish(found, requires_grad)


def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The tensor itself, or one sharing an array's memory, or a copy of other data."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.of_numpy(data.dtype) is dtype):
        return from_numpy(data)
    return tensor(data, dtype)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor sharing the array's memory: writes on either side are seen on the other."""
    if not isinstance(array, np.ndarray):
        raise DTypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtypes.of_numpy(array.dtype)
    if not array.dtype.isnative:
        raise DTypeError("given numpy array has byte order different from the native byte order; convert it first")
    if builders.stack:
        return of_numpy(array)
    return Tensor.of_array(array, foreign=True)


def of_numpy(array: np.ndarray) -> Tensor:
    """A tensor owning this array; while tracing, a constant of the graph."""
    if builders.stack:
        return builders.stack[-1].constant(array)  # type: ignore[no-any-return]
    return Tensor.of_array(array)


def make(op: str, **attrs: Any) -> Tensor:
    """Applies a creation op: at once, or into the current trace."""
    if builders.stack:
        trace = builders.stack[-1]
        return trace.tensor_of(trace.apply(lookup(op), (), attrs))  # type: ignore[no-any-return]
    return Tensor.of_array(lookup(op)(**attrs))


def sizes_of(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """`(2, 3)` from either f(2, 3) or f((2, 3))."""
    listed = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    shape = tuple(int(s) for s in listed)
    if any(s < 0 for s in shape):
        raise ArgumentError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return shape


@with_out
def full(
    size: Sizes, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor filled with one number; its dtype follows the number's unless given."""
    check_device(device)
    number = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    shape = sizes_of((size,))
    return finish(make("full", shape=shape, value=number, dtype=dtype or _dtype_of_number(number)), requires_grad)


def _filled(value: float) -> Any:
    def create(
        *size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **extra: Any
    ) -> Tensor:
        check_device(device)
        shape = sizes_of(size or (extra.pop("size"),))
        if extra:
            raise ArgumentError(f"unexpected argument {', '.join(extra)}")
        return finish(make("full", shape=shape, value=value, dtype=dtype or defaults.dtype), requires_grad)

    return with_out(create)


zeros = _filled(0.0)
ones = _filled(1.0)


def empty(*size: Any, **options: Any) -> Tensor:
    """A tensor of unspecified values; here zeros, so that results never depend on old memory."""
    options.pop("memory_format", None)
    found: Tensor = zeros(*size, **options)
    return found


def _like(value: float) -> Any:
    def create(
        input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any
    ) -> Tensor:
        check_device(device)
        return finish(make("full", shape=tuple(input.shape), value=value, dtype=dtype or input.dtype), requires_grad)

    return create


zeros_like = _like(0.0)
ones_like = _like(1.0)
empty_like = _like(0.0)


def full_like(input: Tensor, fill_value: Any, *, dtype: DType | None = None, **options: Any) -> Tensor:
    found: Tensor = full(tuple(input.shape), fill_value, dtype=dtype or input.dtype, **options)
    return found


@with_out
def arange(
    *bounds: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """Numbers from start (0) up to end, end excluded, in steps of step (1)."""
    check_device(device)
    start, end, step = _bounds(bounds, **named)
    kind = dtype or (dtypes.int64 if all(isinstance(b, int) for b in (start, end, step)) else defaults.dtype)
    return finish(make("arange", start=start, stop=end, step=step, dtype=kind), requires_grad)


def _bounds(bounds: tuple[Any, ...], start: Any = 0, end: Any = None, step: Any = 1) -> tuple[Any, Any, Any]:
    if len(bounds) == 1:
        return start, bounds[0], step
    if bounds:
        return bounds[0], bounds[1], bounds[2] if len(bounds) > 2 else step
    return start, end, step


@with_out
def linspace(
    start: float, end: float, steps: int, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers from start to end, both included."""
    check_device(device)
    return finish(of_numpy(np.linspace(start, end, steps, dtype=(dtype or defaults.dtype).numpy)), requires_grad)


@with_out
def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal of an n x m matrix."""
    check_device(device)
    return finish(of_numpy(np.eye(n, m, dtype=(dtype or defaults.dtype).numpy)), requires_grad)


def finish(found: Tensor, requires_grad: bool) -> Tensor:
    """Sets `requires_grad` where asked for."""
    if requires_grad:
        found.requires_grad = True
    return found


def check_device(device: Any) -> None:
    """This build computes on the CPU; any other device is refused in words."""
    name = str(getattr(device, "type", device) or "cpu").split(":")[0]
    if name != "cpu":
        raise UnsupportedError(
            f"device {name!r} is not available: this build of graphnn runs on the CPU; use device='cpu'"
        )


def _dtype_of_number(number: Any) -> DType:
    if isinstance(number, builtins.bool | np.bool_):
        return dtypes.bool
    return dtypes.int64 if isinstance(number, builtins.int | np.integer) else defaults.dtype


def _to_array(data: Any, dtype: DType | None) -> np.ndarray:
    was_array = isinstance(data, np.ndarray | np.generic)
    plain = data if was_array else _plain(data)
    try:
        array = np.array(plain)
    except ValueError as error:
        raise ArgumentError(f"could not make a tensor: the nested sequences differ in length ({error})") from None
    if dtype is None:
        float_default = not was_array and array.dtype.kind == "f"
        dtype = defaults.dtype if float_default or (array.size == 0 and not was_array) else dtypes.of_numpy(array.dtype)
    return np.array(array, dtype=dtype.numpy, order="C")


def _plain(data: Any) -> Any:
    """Nested sequences with the tensors in them read as numbers."""
    if isinstance(data, Tensor):
        return data.tolist()
    return [_plain(d) for d in data] if isinstance(data, list | tuple) else data
