"""Threads that read batches ahead of the loop that wants them.

A pool has a queue of tasks for each worker; batches are dealt to the workers in turn, and each epoch has a queue of
results for each worker, so that taking results in the same turn gives them in order. An epoch that nobody waits for is
cancelled: what is left of it in the queues is passed over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple

from graphnn.autodiff.modes import recording
from graphnn.tensor.random import Generator, drawing_from
from graphnn.utils.data.fetch import Reading


class WorkerInfo(NamedTuple):
    """What a worker is told of itself."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Current(threading.local):
    info: WorkerInfo | None = None


_current = _Current()


def get_worker_info() -> WorkerInfo | None:
    """In a worker: its `id` of `num_workers`, its seed and its dataset; elsewhere None."""
    return _current.info


class Outcome(NamedTuple):
    """What came of a task: a value (`fetch.END` at a stream's end), or an error."""

    value: Any
    error: BaseException | None = None


class Epoch:
    """One pass over a dataset: how it is read, the seed of its random numbers, and the queues of its results."""

    def __init__(self, reading: Reading, seed: int, workers: int, recording: bool) -> None:
        self.reading = reading
        self.seed = seed
        self.recording = recording
        self.results: list[SimpleQueue[Outcome]] = [SimpleQueue() for _ in range(workers)]
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Task(NamedTuple):
    epoch: Epoch
    position: int
    index: Any


class Pool:
    """`count` threads. They hold the pool's queues, not the pool; `close` ends them when their present task is done."""

    def __init__(self, count: int, init_fn: Callable[[int], Any] | None) -> None:
        self.tasks: list[SimpleQueue[Task | None]] = [SimpleQueue() for _ in range(count)]
        for worker_id, tasks in enumerate(self.tasks):
            name = f"graphnn data loader {worker_id}"
            threading.Thread(
                target=_Worker(worker_id, count, init_fn).run, args=(tasks,), name=name, daemon=True
            ).start()

    def close(self) -> None:
        for tasks in self.tasks:
            tasks.put(None)


class _Worker:
    """What one thread does. Each batch draws from a stream of its own, so that no number depends on who reads it."""

    def __init__(self, worker_id: int, count: int, init_fn: Callable[[int], Any] | None) -> None:
        self.id = worker_id
        self.count = count
        self.init_fn = init_fn
        self.stream = Generator()
        self.epoch: Epoch | None = None
        self.fetch: Callable[[Any], Any] | None = None

    def run(self, tasks: SimpleQueue[Task | None]) -> None:
        with drawing_from(self.stream):
            while (task := tasks.get()) is not None:
                if not task.epoch.cancelled:
                    task.epoch.results[self.id].put(self._outcome(task))

    def _outcome(self, task: Task) -> Outcome:
        try:
            with recording(task.epoch.recording):
                self._begin(task.epoch)
                assert self.fetch is not None
                reseed(self.stream, task.epoch.seed, task.position)
                return Outcome(self.fetch(task.index))
        except BaseException as error:
            what = "" if task.index is None else f", whose indices are {task.index}"
            error.add_note(f"raised in data loader worker {self.id} of {self.count}, in batch {task.position}{what}")
            return Outcome(None, error)

    def _begin(self, epoch: Epoch) -> None:
        """Makes the worker ready for an epoch; what fails here is tried again, and fails again, at its next task."""
        if epoch is self.epoch:
            return
        dataset = epoch.reading.dataset
        _current.info = WorkerInfo(self.id, self.count, epoch.seed + self.id, dataset)
        self.stream.manual_seed(epoch.seed + self.id)
        if self.init_fn is not None:
            self.init_fn(self.id)
            self.init_fn = None
        self.fetch = epoch.reading.fetcher()
        self.epoch = epoch


def reseed(stream: Generator, seed: int, position: int) -> None:
    """Sets the stream to the beginning of a batch's own; seed itself is left for the sampler's."""
    stream.manual_seed(seed + 1 + position)
