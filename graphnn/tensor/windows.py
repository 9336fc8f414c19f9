"""Window functions of signal processing, by the names of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir.dtypes import DType
from graphnn.tensor.creation import check_device, defaults, finish, of_numpy
from graphnn.tensor.tensor import Tensor


def _made(
    values: Callable[[np.ndarray], np.ndarray],
    length: int,
    periodic: bool,
    dtype: DType | None,
    options: dict[str, Any],
) -> Tensor:
    """The window at 0, 1/n, 2/n, ...; n is one less than the length, or the length where it is periodic."""
    if length < 0:
        raise ArgumentError(f"window functions: requires non-negative window_length, got window_length={length}")
    check_device(options.get("device"))
    span = length if periodic else length - 1
    found = np.ones(length) if length == 1 else values(np.arange(length) / max(span, 1))
    return finish(of_numpy(found.astype((dtype or defaults.dtype).numpy)), bool(options.get("requires_grad")))


def _cosines(*factors: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda at: np.asarray(sum(f * np.cos(2 * np.pi * k * at) for k, f in enumerate(factors)))


def hann_window(window_length: int, periodic: bool = True, *, dtype: DType | None = None, **options: Any) -> Tensor:
    """1/2 - 1/2 cos(2 pi n / N)."""
    return _made(_cosines(0.5, -0.5), window_length, periodic, dtype, options)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: DType | None = None,
    **options: Any,
) -> Tensor:
    """alpha - beta cos(2 pi n / N)."""
    return _made(_cosines(alpha, -beta), window_length, periodic, dtype, options)


def blackman_window(window_length: int, periodic: bool = True, *, dtype: DType | None = None, **options: Any) -> Tensor:
    """0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""
    return _made(_cosines(0.42, -0.5, 0.08), window_length, periodic, dtype, options)


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: DType | None = None, **options: Any) -> Tensor:
    """A triangle."""
    return _made(lambda at: 1 - np.abs(2 * at - 1), window_length, periodic, dtype, options)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: DType | None = None, **options: Any
) -> Tensor:
    """I0(beta sqrt(1 - (2n / N - 1)²)) / I0(beta), with the Bessel function I0."""
    return _made(
        lambda at: np.i0(beta * np.sqrt(np.maximum(1 - (2 * at - 1) ** 2, 0))) / np.i0(beta),
        window_length,
        periodic,
        dtype,
        options,
    )


def logspace(
    start: float, end: float, steps: int, base: float = 10.0, *, dtype: DType | None = None, **options: Any
) -> Tensor:
    """`steps` powers of the base, their exponents evenly from start to end, both included."""
    check_device(options.get("device"))
    exponents: Sequence[Any] | np.ndarray = np.linspace(start, end, steps)
    found = np.power(float(base), exponents).astype((dtype or defaults.dtype).numpy)
    return finish(of_numpy(found), bool(options.get("requires_grad")))
