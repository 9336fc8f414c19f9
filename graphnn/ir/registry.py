"""The table of ops by name, and what the IR itself must know of one."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from graphnn.errors import GraphnnError
from graphnn.ir.types import TensorType


class Trait(enum.Enum):
    """Facts about an op that passes and planner go by; every op is pure unless it is an EFFECT."""

    ELEMENTWISE = "elementwise"  # out[i] depends on the inputs' element at i (broadcast) alone
    COMMUTATIVE = "commutative"  # the first two inputs may be swapped
    INPLACE = "inplace"  # the first output may be written over an input of the same type
    VIEW = "view"  # the output is input 0's memory seen another way, where strides allow
    RANDOM = "random"  # draws from the counter-based stream (still a function of its inputs)
    CREATION = "creation"  # needs no tensor to be applied
    CHECKS = "checks"  # refuses some values when it runs (an index out of range): no state may be written before that
    EFFECT = "effect"  # kept, in order, never merged
    CHANNELS_LAST = "channels_last"  # makes images in the format it gets them in, wherever their channels lie in memory
    BEGINS_CHANNELS_LAST = "begins_channels_last"  # gains from images stored channels-last
    EPILOGUE = "epilogue"  # its result can go through elementwise code before it is stored
    FUSED = "fused"  # several ops as one, made by a pass: drawings and reports tell it apart


class OpLike(Protocol):
    """What a graph needs of an op; graphnn.ops.op.Op is the real one."""

    name: str
    traits: frozenset[Trait]
    outputs: tuple[str, ...]

    def attrs(self, given: Mapping[str, Any]) -> Mapping[str, Any]: ...

    def infer_types(self, inputs: Sequence[TensorType | None], attrs: Mapping[str, Any]) -> tuple[TensorType, ...]: ...

    def __call__(self, *args: Any, **attrs: Any) -> Any: ...


OPS: dict[str, OpLike] = {}


def lookup(name: str) -> OpLike:
    """The op of that name; an unknown one raises with the nearest name."""
    found = OPS.get(name) or _all_ops().get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, OPS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise GraphnnError(f"no op is called {name!r}{hint}")


def _all_ops() -> dict[str, OpLike]:
    """The table once graphnn's own ops are in it: text may be parsed before anyone has imported them."""
    import graphnn.ops  # noqa: F401

    return OPS
