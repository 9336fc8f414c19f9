"""One epoch of a loader: on the caller's thread, or read ahead by workers; the batches are the same."""

from __future__ import annotations

import queue
import weakref
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphnn.autodiff.modes import is_grad_enabled
from graphnn.errors import DataLoaderError
from graphnn.tensor.random import Generator, drawing_from
from graphnn.utils.data.fetch import END
from graphnn.utils.data.sampler import draw_seed
from graphnn.utils.data.workers import Epoch, Outcome, Pool, Task, reseed

if TYPE_CHECKING:
    from graphnn.utils.data.loader import DataLoader


class _EpochIterator(Iterator[Any]):
    """What the sampler says, in order. Its random numbers come from a stream of the epoch, whenever it is asked."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.seed = draw_seed(loader.generator)
        self.stream = Generator().manual_seed(self.seed)
        self.indices: Iterator[Any] | None = None
        self.sampler = loader.index_sampler
        self.position = 0

    def next_index(self) -> tuple[int, Any]:
        """The number of the next batch and what the sampler gives for it; raises StopIteration at the end."""
        with drawing_from(self.stream):
            if self.indices is None:
                self.indices = iter(self.sampler)
            index = next(self.indices)
        self.position += 1
        return self.position - 1, index


class SerialIterator(_EpochIterator):
    """Reads each batch when it is asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.batch_stream = Generator().manual_seed(self.seed)
        with drawing_from(self.batch_stream):
            self.fetch = loader.reading().fetcher()

    def __next__(self) -> Any:
        position, index = self.next_index()
        reseed(self.batch_stream, self.seed, position)
        with drawing_from(self.batch_stream):
            found = self.fetch(index)
        if found is END:
            raise StopIteration
        return found


class ThreadedIterator(_EpochIterator):
    """Keeps `prefetch_factor` batches a worker under way, and gives them in the sampler's order.

    `turns` are the workers that still have something, the next one first; `waiting` what is under way in order: the
    worker that has it, or the error that the sampler raised there.
    """

    def __init__(self, loader: DataLoader[Any], pool: Pool, close_pool: bool) -> None:
        super().__init__(loader)
        self.pool = pool
        self.timeout = loader.timeout or None
        self.epoch = Epoch(loader.reading(), self.seed, len(pool.tasks), is_grad_enabled())
        self.turns = deque(range(len(pool.tasks)))
        self.waiting: deque[int | BaseException] = deque()
        self.stop = weakref.finalize(self, _stop, self.epoch, pool if close_pool else None)
        for _ in range((loader.prefetch_factor or 0) * len(pool.tasks)):
            self._send()

    def __next__(self) -> Any:
        while self.waiting:
            place = self.waiting[0]
            if isinstance(place, BaseException):
                self.waiting.popleft()
                raise place
            outcome = self._take(place)
            self.waiting.popleft()
            if outcome.value is END:
                self._retire(place)
            self._send()
            if outcome.error is not None:
                raise outcome.error
            if outcome.value is not END:
                return outcome.value
        self.stop()
        raise StopIteration

    def _take(self, worker: int) -> Outcome:
        try:
            return self.epoch.results[worker].get(timeout=self.timeout)
        except queue.Empty:
            raise DataLoaderError(
                f"DataLoader timed out after {self.timeout} seconds: worker {worker} has not read its batch; raise "
                "timeout, or 0 to wait for ever"
            ) from None

    def _send(self) -> None:
        """Gives the next batch to the worker whose turn it is."""
        if not self.turns:
            return
        try:
            position, index = self.next_index()
        except StopIteration:
            self.turns.clear()
        except Exception as error:
            self.turns.clear()
            self.waiting.append(error)
        else:
            self.waiting.append(self.turns[0])
            self.pool.tasks[self.turns[0]].put(Task(self.epoch, position, index))
            self.turns.rotate(-1)

    def _retire(self, worker: int) -> None:
        if worker in self.turns:
            self.turns.remove(worker)


def _stop(epoch: Epoch, pool: Pool | None) -> None:
    epoch.cancel()
    if pool is not None:
        pool.close()
