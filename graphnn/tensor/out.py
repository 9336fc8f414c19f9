"""`out=`: a result delivered into a tensor that the caller brings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentTypeError, AutogradError, DTypeError, ShapeError
from graphnn.tensor.inplace import assign
from graphnn.tensor.tensor import Tensor


def with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with an argument `out`: a tensor (or several, where it has several results) that takes the result."""

    @functools.wraps(function)
    def wrapped(*args: Any, out: Any = None, **options: Any) -> Any:
        if out is None:
            return function(*args, **options)
        _refuse_history(function.__name__, (*args, *options.values(), out))
        return _deliver(function.__name__, function(*args, **options), out)

    return wrapped


def _refuse_history(name: str, given: tuple[Any, ...]) -> None:
    from graphnn.autodiff.modes import state

    for item in given:
        listed = item if isinstance(item, tuple | list) else (item,)
        if state.enabled and any(isinstance(t, Tensor) and t.requires_grad for t in listed):
            raise AutogradError(
                f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
                "arguments requires grad. Leave out= away, or call it under graphnn.no_grad()"
            )


def _deliver(name: str, found: Any, out: Any) -> Any:
    if isinstance(found, tuple):
        if not isinstance(out, tuple | list) or len(out) != len(found):
            raise ArgumentTypeError(f"{name}(): out must be a tuple of {len(found)} tensors")
        for part, place in zip(found, out, strict=True):
            _deliver(name, part, place)
        return type(found)(*out) if hasattr(found, "_fields") and not hasattr(found, "kind") else tuple(out)
    if not isinstance(out, Tensor):
        raise ArgumentTypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    _check(name, found, out)
    if out.shape == found.shape:
        assign(out, found)
        return out
    out.data = found.to(out.dtype)
    return out


def _check(name: str, found: Tensor, out: Tensor) -> None:
    if found.dtype.category > out.dtype.category:
        raise DTypeError(
            f"{name}(): result type {found.dtype!r} can't be cast to the desired output type {out.dtype!r}"
        )
    if out.shape != found.shape and out.numel() and out._base is not None:
        raise ShapeError(
            f"{name}(): out has shape {list(out.shape)}, the result {list(found.shape)}; a view cannot be resized"
        )
