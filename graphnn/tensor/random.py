"""Random state: one counter-based stream (Philox), the same numbers eager and compiled from the same seed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.ops.op import builders
from graphnn.tensor.device import Device
from graphnn.tensor.tensor import Tensor

_WORDS_A_BLOCK = 8  # a Philox4x64 block is 8 words of 32 bits


class Generator:
    """A random stream: `state` is u64[2], the key (seed) and the counter (blocks drawn so far)."""

    def __init__(self, device: Any = "cpu") -> None:
        self.state = Tensor.of_array(np.array([secrets.randbits(63), 0], np.uint64))

    def manual_seed(self, seed: int) -> Generator:
        """Starts the stream of that seed from its beginning."""
        self.state._array[:] = (int(seed) & 0xFFFFFFFFFFFFFFFF, 0)
        self.state._storage.wrote()
        return self

    def seed(self) -> int:
        """Starts the stream of a seed that nobody knows, and tells it."""
        self.manual_seed(secrets.randbits(63))
        return self.initial_seed()

    def initial_seed(self) -> int:
        return int(self.state.values("read as a seed")[0])

    def get_state(self) -> Tensor:
        """Where the stream is, as 16 bytes."""
        return Tensor.of_array(self.state.values("read as random state").copy().view(np.uint8))

    def set_state(self, new_state: Tensor) -> None:
        if not isinstance(new_state, Tensor) or new_state.dtype is not dtypes.uint8:
            raise ArgumentTypeError(f"RNG state must be a torch.ByteTensor, as get_state() gives it, got {new_state!r}")
        found = new_state.values("read as random state")
        if found.shape != (16,):
            raise ArgumentError(f"RNG state has {found.size} bytes, wanted are the 16 that get_state() gives")
        self.state._array[:] = np.ascontiguousarray(found).view(np.uint64)
        self.state._storage.wrote()

    def clone_state(self) -> Generator:
        """Another generator at the same place of the same stream."""
        other = Generator()
        other.set_state(self.get_state())
        return other

    @property
    def device(self) -> Device:
        return Device("cpu")


default_generator = Generator()


class _Scope(threading.local):
    generator: Generator | None = None


_scope = _Scope()


@contextmanager
def drawing_from(generator: Generator) -> Iterator[None]:
    """Inside, this thread's draws that name no generator come from this one, and seeding is of this one."""
    before, _scope.generator = _scope.generator, generator
    try:
        yield
    finally:
        _scope.generator = before


def current_generator() -> Generator:
    """Where draws that name no generator come from."""
    return _scope.generator or default_generator


def reserve(words: int, generator: Generator | None = None) -> tuple[Any, int]:
    """What a random op needs to draw `words` 32-bit words: its `rng` input and `offset` attr; the stream moves on.

    Eagerly `rng` is a copy of the state and the offset 0; in a trace `rng` is the state's value at the start of the run
    and the offset counts blocks from there, whatever passes do to other nodes.
    """
    blocks = -(-words // _WORDS_A_BLOCK)
    found = generator or _scope.generator or default_generator
    if builders.stack:
        return builders.stack[-1].reserve(found, blocks)  # type: ignore[no-any-return]
    state = found.state._array
    rng = state.copy()
    state[1] += np.uint64(blocks)
    found.state._storage.wrote()
    return rng, 0


def manual_seed(seed: int) -> Generator:
    """Seeds the default stream."""
    return current_generator().manual_seed(seed)


def initial_seed() -> int:
    return current_generator().initial_seed()


def seed() -> int:
    return current_generator().seed()


def get_rng_state() -> Tensor:
    """Where the default stream is."""
    return current_generator().get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Brings the default stream to where it was."""
    current_generator().set_state(new_state)
