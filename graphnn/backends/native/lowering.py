"""The table of lowerings: for each op, how a step of it becomes phases of C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from graphnn.backends.native.step import Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

Lower = Callable[[Step], Sequence[Phase]]
Accepts = Callable[[Node], bool]
Scratch = Callable[[Node, Machine], tuple[TensorType, ...]]


class Lowering(NamedTuple):
    """`accepts` says whether it takes a node (what it refuses runs on NumPy); `scratch` is working memory in the arena."""

    lower: Lower
    accepts: Accepts
    scratch: Scratch


LOWERINGS: dict[str, Lowering] = {}
ELEMENTWISE = "elementwise"  # stands for every op that has the trait and no lowering of its own


def only_float32(node: Node) -> bool:
    """Whether all tensor operands and results are float32."""
    values = [v for v in (*node.inputs, *node.outputs) if v is not None]
    return all(v.type.weak or v.type.dtype.short == "f32" for v in values)


def no_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    return ()


def lowers(*names: str, accepts: Accepts = only_float32, scratch: Scratch = no_scratch) -> Callable[[Lower], Lower]:
    """Registers a function as the lowering of these ops."""

    def decorate(lower: Lower) -> Lower:
        for name in names:
            assert name not in LOWERINGS, name
            LOWERINGS[name] = Lowering(lower, accepts, scratch)
        return lower

    return decorate


def lowering_of(node: Node) -> Lowering | None:
    """The lowering that takes this node; None: it runs on NumPy."""
    from graphnn.backends.native import kernels  # noqa: F401  the families register themselves

    if node.op.name == "fused_epilogue":
        head, *rest = node.attrs["body"].nodes
        return lowering_of(head) if all(lowering_of(n) is not None for n in rest) else None
    found = LOWERINGS.get(node.op.name)
    if found is None and Trait.ELEMENTWISE in node.op.traits:
        found = LOWERINGS[ELEMENTWISE]
    return found if found is not None and found.accepts(node) else None
