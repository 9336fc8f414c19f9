"""One plan of a compiled function: how it was made, when it is valid, and how a call goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphnn.autodiff.tape import Edge, GradNode
from graphnn.backends.registry import Backend
from graphnn.compiler.gradient import CompiledFunctionBackward
from graphnn.compiler.guards import Guard
from graphnn.compiler.prepared import Optimize, Wanted
from graphnn.compiler.program import Program
from graphnn.ir import epoch
from graphnn.ir.graph import Graph
from graphnn.ir.types import TensorType
from graphnn.tensor.history import gradient_edge, rebase
from graphnn.tensor.tensor import NOT_KEPT, Tensor, fresh_tensor
from graphnn.tracing.capture import CONSUMED, Argument, Captured, Output
from graphnn.tracing.trees import LEAF, unflatten


class Assumed(NamedTuple):
    """The guards as they stood before the trace, and the epoch then: what the trace itself changed counts as changed."""

    guards: list[Guard]
    epoch: int


class Entry:
    """A captured call, planned. `fresh()` says whether what it baked in still holds; `call(leaves)` runs it."""

    def __init__(
        self,
        captured: Captured,
        assumed: Assumed,
        optimize: Optimize,
        backend: Backend,
        reason: str,
    ) -> None:
        self.reason = reason
        self.guards = assumed.guards
        self.volatile = [(g, g.quick_read, g.seen) for g in assumed.guards if not g.watched]
        self.epoch = assumed.epoch
        self.grads_seen = list(captured.trace.grads_seen.values())
        self.lifted = list(captured.trace.lifted)
        self.tensor_leaves = captured.tensor_leaves
        self.readers = [_reader(key, group) for (_, key), (_, group) in captured.trace.scalars.items()]
        self.structure, self.leaves = captured.structure, captured.leaves
        self.written = captured.written
        self.grads = [(t, NOT_KEPT if p is CONSUMED else p) for t, p in captured.grads]
        self.joint = captured.joint
        self.variables = _variables(captured)
        self.first_gradient = len(captured.outputs)
        early = None if self.joint is None else range(self.first_gradient)
        seeds = 0 if self.joint is None else len(self.joint.outputs)
        wanted = Wanted(captured.graph, backend, early, seeds)
        self.prepared = wanted.prepared(optimize)
        self.program = Program(self.prepared, captured.storages, wanted)
        self.single = self._single_result(self.program.plan.graph)

    def _single_result(self, graph: Graph) -> TensorType | None:
        """The type of the result where that is one new tensor that needs no further thought, as it mostly is."""
        if self.joint is not None or self.structure != LEAF or not isinstance(self.leaves[0], Output):
            return None
        if self.leaves[0] != Output(0):
            return None
        kind = graph.outputs[0].type
        return TensorType(kind.dtype, kind.shape)

    # ---- validity

    def fresh(self) -> bool:
        """Whether everything baked in is as it was; cheap as long as no module or optimizer has been written to."""
        for tensor, before in self.grads_seen:
            if tensor._grad is not before and not (before is not None and tensor._grad is not None):
                return False
        try:
            for guard, read, seen in self.volatile:
                if read() is not seen and not guard.holds():
                    return False
        except ValueError:
            return False
        return self.epoch == epoch.value or self._check_watched()

    def _check_watched(self) -> bool:
        now = epoch.value
        if not all(g.holds() for g in self.guards) or any(t._storage is not s for t, s in self.lifted):
            return False
        self.epoch = now
        return True

    def stale_because(self) -> str:
        """The first thing that no longer holds, in words."""
        failed = next((g.failure() for g in self.guards if not g.holds()), None)
        if failed is not None:
            return failed
        if any(t._storage is not s for t, s in self.lifted):
            return "a parameter's storage was replaced"
        return "a gradient appeared or was cleared"

    # ---- running

    def call(self, leaves: Sequence[Any], inputs: list[Any]) -> Any:
        """Runs the plan on the call's leaves and puts its result together; `inputs` are the `arrays` of the leaves."""
        if self.readers:
            inputs.extend([read(leaves) for read in self.readers])
        if self.joint is None:
            outputs: Sequence[Any] = self.program.run(inputs)
            node = None
        else:
            arrays, workspace = self.program.start(inputs)
            found: list[Any] = [None] * self.first_gradient
            known = dict(zip(self.program.early, arrays, strict=True))
            for position in range(self.first_gradient):
                found[position] = known[position]
            outputs = found
            node = CompiledFunctionBackward(
                self._edges(leaves), self.program, workspace, self.joint, known, self.first_gradient
            )
        if self.written or self.grads:
            self._write_back(leaves, outputs, node)
        if self.single is not None:
            return fresh_tensor(outputs[0], self.single)
        return unflatten(self.structure, self._results(leaves, outputs, node))

    def arrays(self, leaves: Sequence[Any]) -> list[Any]:
        """The arrays of the leaves that are tensors."""
        return [leaves[i]._array for i in self.tensor_leaves]

    def inputs(self, leaves: Sequence[Any]) -> list[Any]:
        """What a run is given: the arrays of the tensors, then the scalars as they are now."""
        return [*self.arrays(leaves), *(read(leaves) for read in self.readers)]

    def _edges(self, leaves: Sequence[Any]) -> list[Edge]:
        return [gradient_edge(leaves[v] if isinstance(v, int) else v) for v in self.variables]

    def _write_back(self, leaves: Sequence[Any], outputs: Sequence[Any], node: GradNode | None) -> None:
        for index, position in self.written:
            target: Tensor = leaves[self.tensor_leaves[index]]
            np.copyto(target._array, outputs[position])
            target._storage.wrote()
            if node is not None:
                rebase(target, self._output(position, outputs, node))
        for owner, new in self.grads:
            owner._grad = Tensor.of_array(outputs[new]) if type(new) is int else new

    def _results(self, leaves: Sequence[Any], outputs: Sequence[Any], node: GradNode | None) -> Iterator[Any]:
        whole: dict[int, Tensor] = {}
        made: dict[int, Tensor] = {}  # a tensor that is returned twice is one leaf, standing twice
        for leaf in self.leaves:
            if isinstance(leaf, Output | Argument):
                if id(leaf) not in made:
                    found = self._made(leaf, leaves, outputs, node, whole)
                    again = not found._requires and any(found is m for m in made.values())
                    made[id(leaf)] = found.detach() if again else found
                yield made[id(leaf)]
            else:
                yield leaf

    def _made(
        self,
        leaf: Output | Argument,
        leaves: Sequence[Any],
        outputs: Sequence[Any],
        node: Any,
        whole: dict[int, Tensor],
    ) -> Any:
        if isinstance(leaf, Argument):
            return _seen(leaves[self.tensor_leaves[leaf.number]], leaf)
        if leaf.position not in whole:
            whole[leaf.position] = self._output(leaf.position, outputs, node)
        return _seen(whole[leaf.position], leaf)

    def _output(self, position: int, outputs: Sequence[Any], node: GradNode | None) -> Tensor:
        tensor = Tensor.of_array(outputs[position])
        if node is not None and self.joint is not None and position in self.joint.outputs:
            tensor._node, tensor._output_nr, tensor._requires = node, self.joint.outputs.index(position), True
        return tensor


def _seen(tensor: Tensor, leaf: Output | Argument) -> Any:
    """The tensor as the leaf sees it: without history, through view steps."""
    if leaf.detached:
        tensor = tensor.detach()
    for op, attrs in leaf.path:
        tensor = op(tensor, **attrs)
    return tensor


def _reader(key: Any, group: Any) -> Callable[[Sequence[Any]], Any]:
    """Reads a scalar input: from a leaf of the arguments, or from an optimizer's group."""
    if group is None:
        return lambda leaves: leaves[key]
    return lambda leaves: group[key]


def _variables(captured: Captured) -> list[Any]:
    """For each gradient of the backward part whose it is: an eager leaf, or the position of an argument's leaf."""
    if captured.joint is None:
        return []
    leaves = captured.trace.leaves
    at = {id(leaves[id(t)]): captured.tensor_leaves[i] for i, t in enumerate(captured.inputs)}
    return [at.get(id(v), v) for v in captured.joint.variables]
