"""Samplers: which items come, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar, cast

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.tensor.creation import as_tensor
from graphnn.tensor.random import Generator
from graphnn.tensor.sampling import rand, randint, randperm

T_co = TypeVar("T_co", covariant=True)
_CHUNK = 32  # indices drawn at a time where there is no end to wait for


class Sampler(Generic[T_co]):
    """An iterable of indices, or of lists of indices; subclasses define `__iter__`, and `__len__` where they can."""

    def __init__(self, data_source: Sized | None = None) -> None:
        """`data_source` is not used."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} defines no __iter__")


class SequentialSampler(Sampler[int]):
    """All indices in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order: a permutation an epoch (several, for more samples), or each drawn from all of them."""

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise ArgumentTypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _check_count("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or seeded_generator(None)
        draw = self._draw if self.replacement else self._permute
        left = self.num_samples
        while left > 0:
            indices = draw(generator)[:left]
            yield from indices
            left -= len(indices)

    def _permute(self, generator: Generator) -> list[int]:
        return cast(list[int], randperm(len(self.data_source), generator=generator).tolist())

    def _draw(self, generator: Generator) -> list[int]:
        return cast(list[int], randint(len(self.data_source), (_CHUNK,), generator=generator).tolist())

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return (self.indices[i] for i in randperm(len(self.indices), generator=self.generator).tolist())

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, each drawn with a probability in proportion to its weight."""

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ArgumentError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.ndim != 1:
            raise ArgumentError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        weights = self._checked_weights()
        choose = _choose_with_replacement if self.replacement else _choose
        return iter(choose(weights, self.num_samples, self.generator))

    def _checked_weights(self) -> np.ndarray:
        weights = self.weights.values("read as the weights of a sampler")
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ArgumentError(
                "WeightedRandomSampler: invalid multinomial distribution: weights are finite, none is below zero, and "
                "their sum is not zero"
            )
        if not self.replacement and self.num_samples > len(weights):
            raise ArgumentError(
                f"WeightedRandomSampler: cannot sample {self.num_samples} of {len(weights)} items without replacement"
            )
        return weights

    def __len__(self) -> int:
        return self.num_samples


def _choose_with_replacement(weights: np.ndarray, count: int, generator: Generator | None) -> list[int]:
    """By inverting the distribution function."""
    ends = np.cumsum(weights)
    at = rand(count, generator=generator, dtype=dtypes.float64).numpy() * ends[-1]
    last = np.flatnonzero(weights)[-1]  # rounding may lead past the end, where nothing of weight is
    return cast(list[int], np.minimum(np.searchsorted(ends, at, side="right"), last).tolist())


def _choose(weights: np.ndarray, count: int, generator: Generator | None) -> list[int]:
    """By exponential races (Efraimidis and Spirakis, 2006): the first `count` to arrive, at rates that are weights."""
    uniform = rand(len(weights), generator=generator, dtype=dtypes.float64).numpy()
    with np.errstate(divide="ignore"):
        arrivals = -np.log1p(-uniform) / weights
    arrivals[weights == 0] = np.inf
    return cast(list[int], np.argsort(arrivals, kind="stable")[:count].tolist())


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler; the last one may be shorter, or is dropped."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_count("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ArgumentError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        least = self.batch_size if self.drop_last else 1
        while len(batch := list(islice(indices, self.batch_size))) >= least:
            yield batch

    def __len__(self) -> int:
        count = len(cast(Sized, self.sampler))
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def draw_seed(generator: Generator | None) -> int:
    """A seed drawn from the generator, or from the current one."""
    return int(randint(2**53, (), generator=generator).item())


def seeded_generator(generator: Generator | None) -> Generator:
    """A stream of its own, begun from a draw."""
    return Generator().manual_seed(draw_seed(generator))


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ArgumentError(f"{name} should be a positive integer value, but got {name}={value}")
