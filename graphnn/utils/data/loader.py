"""The loader: batches of a dataset, in a sampler's order, read on this thread or ahead by others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import repeat
from typing import Any, Generic, TypeVar, cast

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.tensor.random import Generator
from graphnn.utils.data.collate import default_collate, default_convert
from graphnn.utils.data.dataset import IterableDataset
from graphnn.utils.data.fetch import Reading
from graphnn.utils.data.iterator import SerialIterator, ThreadedIterator
from graphnn.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from graphnn.utils.data.workers import Pool

T_co = TypeVar("T_co", covariant=True)
_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class _Endless(Sampler[None]):
    """The sampler of a stream, which says itself when it ends."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


class DataLoader(Generic[T_co]):
    """Iterates over a dataset in batches, as PyTorch's; every `iter()` is an epoch.

    `num_workers` are threads: the dataset is not copied to them, and what it does outside of Python's own bytecode
    (files, NumPy, decompression) goes on side by side. Batches come in the sampler's order, errors with the traceback
    of the worker. Everything drawn at random from graphnn's generators while a batch is read (transforms included)
    comes from the batch's own stream, seeded once an epoch from `generator`, or the default one: the same seed gives
    the same batches with any number of workers.

    `multiprocessing_context`, `pin_memory` and `in_order` are taken for PyTorch's sake and change nothing.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.drop_last = drop_last
        self.sampler = _sampler_for(dataset, shuffle, generator) if sampler is None else sampler
        self.batch_size = None if batch_sampler is not None else batch_size
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._pool: Pool | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_ready"):
            raise ArgumentError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def index_sampler(self) -> Iterable[Any]:
        """What is iterated over: lists of indices, or indices where there are no batches."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def reading(self) -> Reading:
        """How batches are read, as the attributes say now."""
        return Reading(self.dataset, self.batch_sampler is not None, self.collate_fn, self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return SerialIterator(self)
        if not self.persistent_workers:
            return ThreadedIterator(self, Pool(self.num_workers, self.worker_init_fn), close_pool=True)
        if self._pool is None:
            self._pool = Pool(self.num_workers, self.worker_init_fn)
        return ThreadedIterator(self, self._pool, close_pool=False)

    def __len__(self) -> int:
        """Batches an epoch; for a stream, by the length that it claims."""
        if not isinstance(self.dataset, IterableDataset):
            return len(cast(Sized, self.index_sampler))
        count = len(cast(Sized, self.dataset))
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __del__(self) -> None:
        pool = self.__dict__.get("_pool")
        if pool is not None:
            pool.close()


def _sampler_for(dataset: Any, shuffle: bool | None, generator: Generator | None) -> Sampler[Any]:
    if isinstance(dataset, IterableDataset):
        return _Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    if not isinstance(num_workers, int) or isinstance(num_workers, bool):
        raise ArgumentTypeError(f"num_workers should be a whole number, not {num_workers!r}")
    if num_workers < 0:
        raise ArgumentError(
            f"num_workers option should be non-negative, not {num_workers}; use num_workers=0 to read without workers"
        )
    if timeout < 0:
        raise ArgumentError(f"timeout option should be non-negative, not {timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ArgumentError(
            "prefetch_factor says how far workers read ahead: let num_workers > 0, or leave prefetch_factor out"
        )
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ArgumentError(f"prefetch_factor option should be at least 1, not {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ArgumentError("persistent_workers option needs num_workers > 0")


def _check_sampling(
    dataset: Any, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if isinstance(dataset, IterableDataset):
        given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in given.items():
            if value is not None:
                raise ArgumentError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                )
    if sampler is not None and shuffle:
        raise ArgumentError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ArgumentError(
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
        )
    if batch_size is None and batch_sampler is None and drop_last:
        raise ArgumentError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
