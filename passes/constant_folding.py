"""Computing ahead what depends on nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnn.ir.graph import Graph
from graphnn.ir.origin import Origins, merge
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.creation import constant
from graphnn.rewrite.edit import erase_unused
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class ConstantFolding(Pass):
    """%1 = add(constant, 2.0) -> %1 = constant, computed by the op's own NumPy kernel. Bit-exact.

    Folded are nodes all of whose inputs are literals, constants or made by creation ops, when no array on the way is
    larger than `max_bytes`. A weak scalar becomes a literal, and so stays weak; one number that is created becomes a
    constant, more of them stay as they are. A node whose kernel refuses its inputs is left to raise when it runs.
    """

    max_bytes: int = 65536

    name = "constant-folding"

    def apply(self, graph: Graph) -> bool:
        folder = _Folder(graph, self.max_bytes)
        folded = [node for node in graph.nodes if folder.fold(node)]
        for node in folded:
            folder.materialise(node)
        erase_unused(graph, reversed(folded))
        return bool(folded)


@dataclass
class _Folder:
    """`known` holds the arrays of values that depend on nothing."""

    graph: Graph
    max_bytes: int
    known: dict[Value | None, np.ndarray] = field(default_factory=dict)

    def fold(self, node: Node) -> bool:
        """Computes the node, if that can be done; False for creation ops that stay as they are."""
        if Trait.EFFECT in node.op.traits or any(v.type.nbytes > self.max_bytes for v in node.outputs):
            return False
        if not all(v.kind == LITERAL or v in self.known for v in node.operands):
            return False
        arrays = self._computed(node)
        if arrays is None:
            return False
        self.known.update(zip(node.outputs, arrays, strict=True))
        if Trait.CREATION not in node.op.traits:
            return True
        return node.op is not constant and all(v.type.shape == () for v in node.outputs)

    def _computed(self, node: Node) -> tuple[np.ndarray, ...] | None:
        arrays = [None if v is None else v.literal if v.kind == LITERAL else self.known[v] for v in node.inputs]
        try:
            return _run(node, arrays)
        except Exception:
            return None

    def materialise(self, node: Node) -> None:
        """Puts literals and constants where nodes that stay use the node's results."""
        for value in node.outputs:
            if any(out not in self.known for user in value.uses for out in user.outputs or (None,)):
                self.graph.replace_all_uses(value, self._constant(node, value))

    def _constant(self, node: Node, value: Value) -> Value:
        array = self.known[value]
        if value.type.weak:
            return self.graph.literal(array.item())
        with self.graph.before(node), self.graph.originating(_origins(node)):
            return self.graph.constant(array)


def _origins(node: Node) -> Origins:
    """Those of the node and of all that it was computed from."""
    made_by = {node: None}
    waiting = [node]
    while waiting:
        found = [v.producer for v in waiting.pop().operands if v.producer is not None and v.producer not in made_by]
        made_by.update(dict.fromkeys(found))
        waiting += found
    return merge(*(n.origins for n in made_by))


def _run(node: Node, arrays: list[Any]) -> tuple[np.ndarray, ...]:
    types = tuple(v.type for v in node.outputs)
    found: tuple[np.ndarray, ...] = node.op.allocate_and_run(arrays, node.attrs, types)  # type: ignore[attr-defined]
    return found
