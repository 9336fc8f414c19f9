"""Tensors of random numbers, each drawn from the stream in the order of the calls."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import lookup
from graphnn.ops.op import builders
from graphnn.ops.random import normal_words, uniform_words
from graphnn.tensor.creation import check_device, defaults, finish, sizes_of
from graphnn.tensor.out import with_out
from graphnn.tensor.random import Generator, reserve
from graphnn.tensor.tensor import Tensor


def into_out(create: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function with an argument `out`: a tensor that takes the result, drawn in its dtype unless told otherwise."""
    filled = with_out(create)

    @functools.wraps(create)
    def wrapped(*args: Any, out: Tensor | None = None, **options: Any) -> Tensor:
        if out is None:
            return create(*args, **options)
        options.setdefault("dtype", out.dtype)
        return filled(*args, out=out, **options)  # type: ignore[no-any-return]

    return wrapped


def sample(name: str, shape: tuple[int, ...], dtype: DType, generator: Generator | None = None) -> Tensor:
    """Uniform numbers of [0, 1) ("rand"), or normal ones ("randn")."""
    words = normal_words if name == "randn" else uniform_words
    return draw(name, words(math.prod(shape), dtype), generator, shape=shape, dtype=dtype)


def draw(name: str, words: int, generator: Generator | None, **attrs: Any) -> Tensor:
    """Applies a random op to the part of the stream that it needs."""
    rng, offset = reserve(words, generator)
    drawn = lookup(name)(rng, offset=offset, **attrs)
    return builders.stack[-1].tensor_of(drawn) if builders.stack else Tensor.of_array(drawn)


def _creator(name: str, doc: str) -> Any:
    def create(
        *size: Any,
        generator: Generator | None = None,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        **named: Any,
    ) -> Tensor:
        check_device(device)
        shape = sizes_of(size if size else (named.pop("size"),))
        if named:
            raise ArgumentError(f"{name}() got an unexpected argument {', '.join(named)}")
        return finish(sample(name, shape, dtype or defaults.dtype, generator), requires_grad)

    create.__name__, create.__doc__ = name, doc
    return into_out(create)


rand = _creator("rand", "Uniform numbers of [0, 1).")
randn = _creator("randn", "Numbers from the normal distribution with mean 0 and variance 1.")


def rand_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    check_device(device)
    return finish(sample("rand", tuple(input.shape), dtype or input.dtype), requires_grad)


def randn_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    check_device(device)
    return finish(sample("randn", tuple(input.shape), dtype or input.dtype), requires_grad)


@into_out
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers; `mean` and `std` are numbers (with `size`) or tensors."""
    check_device(device)
    given = [p for p in (mean, std) if isinstance(p, Tensor)]
    if not given and size is None:
        raise ArgumentError("normal: wants a tensor for mean or std, or a size")
    shape = sizes_of((size,)) if size is not None else tuple((mean + std).shape if len(given) > 1 else given[0].shape)
    if not isinstance(std, Tensor) and std < 0:
        raise ArgumentError(f"normal expects std >= 0.0, but found std {std}")
    if isinstance(std, Tensor) and not builders.stack and (std.values("read as deviations") < 0).any():
        raise ArgumentError("normal expects all elements of std >= 0.0")
    kind = dtype or (given[0].dtype if given else defaults.dtype)
    return finish(sample("randn", shape, kind, generator) * std + mean, requires_grad)


@into_out
def randint(
    *bounds: Any, size: Any = None, generator: Generator | None = None, dtype: DType | None = None, **options: Any
) -> Tensor:
    """Integers from low (0) up to high, high excluded: `randint(high, size)` or `randint(low, high, size)`."""
    check_device(options.pop("device", None))
    given = [*bounds] if size is None else [*bounds, size]
    named = {name: options.pop(name) for name in ("low", "high") if name in options}
    if "high" in named:
        given.insert(len(given) - 1, named["high"])
    low, high, shape = (named.get("low", 0), *given) if len(given) == 2 else given
    for name, bound in (("low", low), ("high", high)):
        if isinstance(bound, float):
            raise ArgumentTypeError(f"randint(): argument {name!r} must be int, not float: {bound}")
    drawn = integers(int(low), int(high), sizes_of((shape,)), dtype or dtypes.int64, generator)
    return finish(drawn, options.pop("requires_grad", False))


def integers(low: int, high: int, shape: tuple[int, ...], dtype: DType, generator: Generator | None) -> Tensor:
    """Integers from low up to high, high excluded, that the dtype can hold."""
    if low < high:
        _check_range(low, high, dtype)
    drawn = draw("randint", 2 * math.prod(shape), generator, low=low, high=high, shape=shape)
    return drawn if dtype is dtypes.int64 else drawn.to(dtype)


def _check_range(low: int, high: int, dtype: DType) -> None:
    if dtype.category == 2:
        return
    least = -(1 << (8 * dtype.itemsize - 1)) if dtype.is_signed else 0
    most = 1 if dtype.category == 0 else (1 << (8 * dtype.itemsize - dtype.is_signed)) - 1
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if not least <= bound <= most:
            raise ArgumentError(f"{name} is out of bounds for {dtype.name}: {bound} is not in [{least}, {most}]")


@into_out
def randperm(n: int, *, generator: Generator | None = None, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The numbers below n in random order."""
    check_device(device)
    if n > 0:
        _check_range(0, n, dtype or dtypes.int64)
    drawn = draw("randperm", 2 * max(n, 0), generator, n=int(n))
    return drawn if dtype in (None, dtypes.int64) else drawn.to(dtype)


def randint_like(input: Tensor, *bounds: int, dtype: DType | None = None, **options: Any) -> Tensor:
    """Integers as `randint` draws them, in the shape (and dtype) of `input`."""
    return randint(*bounds, size=tuple(input.shape), dtype=dtype or input.dtype, **options)
