"""What a backend must know to make a whole call of a compiled function by itself, from its arguments to its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Argument(NamedTuple):
    """A tensor of type `known`, with memory of its own and without gradient; or the very object `known`."""

    known: Any
    is_tensor: bool


class Direct(NamedTuple):
    """A call that does nothing but fill one fresh array. It is taken if all of this holds, else handed on to `otherwise`:

    - named arguments there are none, and the others fit `arguments`; no two tensors have the same storage;
    - nothing is being traced (`builders.stack` is empty), and `modes.enabled` is `enabled`;
    - `epochs.value` is `entry.epoch`, and each of `guards`, a function, gives the object beside it;
    - the last of `program.bound` (results, state, count) is `changes.count`, and the `state` of the workspace got from
      `take()` is that state.

    Then `fill` of the workspace is called with the tensors' arrays and a new array of `shape` and `dtype`; it returns 0, or
    `otherwise` runs again. `give_back(workspace)` comes in any case. The result is a new `tensor`, of type `kind`, over
    a new `storage`.
    """

    otherwise: Callable[..., Any]
    arguments: tuple[Argument, ...]
    guards: tuple[tuple[Callable[[], Any], Any], ...]
    builders: Any
    modes: Any
    enabled: bool
    epochs: Any
    entry: Any
    program: Any
    changes: Any
    take: Callable[[], Any]
    give_back: Callable[[Any], None]
    tensor: type
    storage: type
    kind: Any
    shape: tuple[int, ...]
    dtype: np.dtype
