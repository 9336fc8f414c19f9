"""The backward of a traced call: gradient nodes for its differentiable outputs, after the forward, in the same graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from graphnn.autodiff.engine import run_backward
from graphnn.autodiff.modes import recording
from graphnn.autodiff.tape import AccumulateGrad, Edge, OpNode
from graphnn.errors import TraceError
from graphnn.tensor.backward import ValueCarrier
from graphnn.tensor.history import needs_grad
from graphnn.tensor.tensor import Tensor


@dataclasses.dataclass
class Joint:
    """`outputs`: positions of the outputs that can be differentiated, in the order of the seed inputs; `variables`: the
    leaves (eager tensors, or the trace's own inputs) and `gradients`, in the same order, what flows to them."""

    outputs: list[int]
    variables: list[Tensor]
    gradients: list[Tensor]


def add_backward(trace: Any, outputs: Sequence[Tensor]) -> Joint | None:
    """Appends the vector-Jacobian product of the outputs that need gradients; None where none does."""
    positions = []
    edges: dict[Edge, None] = {}
    for i, output in enumerate(outputs):
        found = _leaves(output._edge, trace) if needs_grad(output) else None
        if found:
            positions.append(i)
            edges |= found
    if not edges:
        return None
    roots = [(outputs[i]._edge, trace.graph.add_input(outputs[i].tensor_type, f"grad_{i}")) for i in positions]
    with recording(False):
        grads = run_backward(roots, ValueCarrier(trace), retain=True, capture={e: k for k, e in enumerate(edges)})
    reached = [(e[0], grads[k]) for k, e in enumerate(edges) if k in grads]
    return Joint(positions, [n.variable for n, _ in reached], [trace.tensor_of(g) for _, g in reached])  # type: ignore[union-attr]


def _leaves(start: Edge, trace: Any) -> dict[Edge, None] | None:
    """The edges of the leaves behind `start`; None when a backward in the trace has consumed what lies between."""
    found: dict[Edge, None] = {}
    stack, seen = [start], set()
    while stack:
        edge = stack.pop()
        node = edge[0]
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, AccumulateGrad):
            found[edge] = None
        elif isinstance(node, OpNode) and node.freed:
            return None
        elif node.seq < trace.first_seq:
            raise TraceError(
                f"a tensor with an autograd history from outside ({node.name()}) is used in a compiled function: gradients "
                "would stop there. Pass it as an argument, or detach() it"
            )
        else:
            stack.extend(reversed(node.edges))
    return found
