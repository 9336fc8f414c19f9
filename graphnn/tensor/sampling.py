"""Tensors of random numbers, each drawn from the stream in the order of the calls."""

from __future__ import annotations

import math
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import lookup
from graphnn.ops.op import builders
from graphnn.ops.random import normal_words, uniform_words
from graphnn.tensor.creation import check_device, defaults, finish, sizes_of
from graphnn.tensor.random import Generator, reserve
from graphnn.tensor.tensor import Tensor


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
    return create


rand = _creator("rand", "Uniform numbers of [0, 1).")
randn = _creator("randn", "Numbers from the normal distribution with mean 0 and variance 1.")


def rand_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    check_device(device)
    return finish(sample("rand", tuple(input.shape), dtype or input.dtype), requires_grad)


def randn_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    check_device(device)
    return finish(sample("randn", tuple(input.shape), dtype or input.dtype), requires_grad)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers; `mean` and `std` are numbers (with `size`) or tensors."""
    given = [p for p in (mean, std) if isinstance(p, Tensor)]
    if not given and size is None:
        raise ArgumentError("normal: wants a tensor for mean or std, or a size")
    shape = sizes_of((size,)) if size is not None else tuple((mean + std).shape if len(given) > 1 else given[0].shape)
    dtype = given[0].dtype if given else defaults.dtype
    found: Tensor = sample("randn", shape, dtype, generator) * std + mean
    return found


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that the element is, else 0."""
    found: Tensor = input.bernoulli(generator=generator)
    return found


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
    shape = sizes_of((shape,))
    drawn = draw("randint", 2 * math.prod(shape), generator, low=int(low), high=int(high), shape=shape)
    return finish(drawn if dtype in (None, dtypes.int64) else drawn.to(dtype), options.pop("requires_grad", False))


def randperm(n: int, *, generator: Generator | None = None, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The numbers below n in random order."""
    check_device(device)
    drawn = draw("randperm", 2 * n, generator, n=int(n))
    return drawn if dtype in (None, dtypes.int64) else drawn.to(dtype)


def randint_like(input: Tensor, *bounds: int, dtype: DType | None = None) -> Tensor:
    """Integers as `randint` draws them, in the shape (and dtype) of `input`."""
    return randint(*bounds, tuple(input.shape), dtype=dtype or input.dtype)
