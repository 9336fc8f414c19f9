"""Draws that go by the values of a tensor, so that they are made eagerly only: multinomial, Poisson, binomial."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError
from graphnn.ir import dtypes
from graphnn.tensor.out import with_out
from graphnn.tensor.random import Generator
from graphnn.tensor.sampling import integers, sample
from graphnn.tensor.tensor import Tensor


@with_out
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> Tensor:
    """Indices drawn with the probabilities `input` (they need not sum to 1), for each row of a matrix."""
    weights = _weights(input, num_samples, replacement)
    rows = weights.reshape(-1, weights.shape[-1])
    draw = _with_replacement if replacement else _without_replacement
    found = draw(rows, num_samples, generator)
    return Tensor.of_array(found.reshape(*weights.shape[:-1], num_samples))


def _weights(input: Tensor, count: int, replacement: bool) -> np.ndarray:
    if not input.dtype.is_floating_point:
        raise DTypeError(f"multinomial only supports floating-point dtypes for input, got {input.tensor_type}")
    if input.ndim not in (1, 2):
        raise ArgumentError(f"prob_dist must be 1 or 2 dim, got {input.tensor_type}")
    if count <= 0:
        raise ArgumentError(f"cannot sample n_sample <= 0 samples, got {count}")
    if not replacement and count > input.shape[-1]:
        raise ArgumentError(
            f"cannot sample n_sample > prob_dist.size(-1) samples without replacement: {count} of {input.shape[-1]}"
        )
    weights = input.values("read as probabilities").astype(np.float64)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ArgumentError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.sum(axis=-1) > 0).all():
        raise ArgumentError("invalid multinomial distribution (sum of probabilities <= 0)")
    return weights


def _with_replacement(rows: np.ndarray, count: int, generator: Generator | None) -> np.ndarray:
    """Where uniform numbers fall among the running sums; those end at 1 from the last possible index on."""
    sums = np.cumsum(rows, axis=1)
    sums /= sums[:, -1:]
    drawn = _uniform((len(rows), count), generator)
    found = [np.searchsorted(s, u, side="right") for s, u in zip(sums, drawn, strict=True)]
    return np.array(found, np.int64).reshape(len(rows), count)


def _without_replacement(rows: np.ndarray, count: int, generator: Generator | None) -> np.ndarray:
    """The indices that come first when each waits an exponential time at the rate of its weight (P. S. Efraimidis,
    P. G. Spirakis, Information Processing Letters 97 (2006), 181-185); impossible ones come last."""
    waited = -np.log1p(-_uniform(rows.shape, generator))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(rows > 0, waited / rows, np.inf)
    return np.argsort(times, axis=1, kind="stable")[:, :count].astype(np.int64)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers from the Poisson distributions with these rates."""
    rates = _floats("poisson", input)
    if not (rates >= 0).all():
        raise ArgumentError("invalid Poisson rate, expected rate to be non-negative")
    return Tensor.of_array(_numpys(generator).poisson(rates).astype(input.dtype.numpy))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """The number of successes in `count` trials with probability `prob` each."""
    counts, chances = _floats("binomial", count), _floats("binomial", prob)
    if not (counts >= 0).all() or not ((chances >= 0) & (chances <= 1)).all():
        raise ArgumentError("binomial: expected counts to be non-negative and probabilities to be in [0, 1]")
    found = _numpys(generator).binomial(counts.astype(np.int64), chances)
    return Tensor.of_array(np.asarray(found).astype(count.dtype.numpy))


def _floats(name: str, tensor: Tensor) -> np.ndarray:
    if not tensor.dtype.is_floating_point:
        raise DTypeError(f"{name}: expected floating-point numbers, got {tensor.tensor_type}; convert with .float()")
    return tensor.values(f"read by {name}").astype(np.float64)


def _uniform(shape: tuple[int, ...], generator: Generator | None) -> np.ndarray:
    return sample("rand", shape, dtypes.float64, generator).values("read as random numbers")


def _numpys(generator: Generator | None) -> Any:
    """NumPy's generator, with a seed from the stream."""
    seed = integers(0, 1 << 53, (2,), dtypes.int64, generator).values("read as a seed")
    return np.random.Generator(np.random.Philox(key=int(seed[0]) << 53 | int(seed[1])))
