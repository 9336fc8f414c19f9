"""A trace under way: the graph being built, and what every block of memory holds at this point of it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from graphnn.autodiff.modes import state as grad_mode
from graphnn.autodiff.tape import Carrier, GradNode, next_sequence
from graphnn.errors import TraceError
from graphnn.ir.attrs import Attrs
from graphnn.ir.graph import Graph, numpy_type
from graphnn.ir.origin import Origins, describe
from graphnn.ir.registry import lookup
from graphnn.ir.types import scalar_type
from graphnn.ir.value import Node, Value
from graphnn.ops.op import Op
from graphnn.tensor.history import HistoryPlan, Path, gradient_edge, needs_grad, record, scatter_path
from graphnn.tensor.storage import Storage
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.where import current_origins

_HISTORY = ("_node", "_output_nr", "_requires", "_seen")


class ArgumentHistory(GradNode):
    """Stands for the history of an argument that is no leaf."""

    __slots__ = ()

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        return grads


class Cell:
    """What a block of memory holds now, as a value of the graph; `views` are the values seen through its views. `root` is
    the tensor of the whole block, where the trace has made it."""

    __slots__ = ("initial", "root", "value", "views")

    def __init__(self, value: Value, root: Tensor | None = None) -> None:
        self.root = root
        self.initial = value
        self.value = value
        self.views: dict[Path, Value] = {}


class Trace:
    """Receives every op that is applied while it is current (top of `graphnn.ops.op.builders.stack`).

    State is lifted by identity: the first time an eager tensor's storage is met it becomes a param of the graph, and
    `storages` remembers which. `names` (storage -> (name, role)) says how users call it.
    """

    def __init__(self, name: str, names: Mapping[Storage, tuple[str, str]] | None = None) -> None:
        self.graph = Graph(name)
        self.graph.locate = self.origins
        self.names = names or {}
        self.cells: dict[Storage, Cell] = {}
        self.storages: list[Storage] = []
        self.scalars: dict[tuple[int, Any], tuple[Tensor, Any]] = {}
        self.grads: dict[int, tuple[Tensor, Any]] = {}
        self.drawn: dict[Storage, int] = {}
        self.leaves: dict[int, Tensor] = {}  # id of an argument -> the leaf at which its gradient arrives
        self.grads_seen: dict[int, tuple[Tensor, Any]] = {}
        self.lifted: list[tuple[Tensor, Storage]] = []
        self.first_seq = next_sequence()
        self.histories: dict[int, tuple[Tensor, dict[str, Any]]] = {}

    # ---- what ops ask of the current builder

    def apply(self, op: Op, args: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        return self.graph.apply(op, args, attrs)

    def apply_tensors(self, op: Op, args: Sequence[Any], attrs: Attrs) -> Any:
        """Appends a node for `op` on tensors, values, numbers and arrays; Tensors for its outputs, history recorded."""
        values = [self.read(a) if isinstance(a, Tensor) else self.graph.as_value(a) for a in args]
        node = self.graph.append(op, values, attrs)
        outs = self._view(op, args, attrs, node.output) or tuple(self.tensor_of(v) for v in node.outputs)
        if grad_mode.enabled and any(isinstance(a, Tensor) and needs_grad(a) for a in args):
            types = [None if v is None else v.type for v in values]
            record(HistoryPlan(op, attrs, types, tuple(v.type for v in node.outputs)), args, outs)
        return outs[0] if len(outs) == 1 else outs

    def _view(self, op: Op, args: Sequence[Any], attrs: Attrs, value: Value) -> tuple[Tensor, ...]:
        if op.view is None or not isinstance(args[0], Tensor):
            return ()
        seen = op.view(args[0]._array, **attrs)
        if seen is None:
            return ()
        tensor = args[0].view_of(op, attrs, seen)
        self.cells[tensor._storage].views[tensor._path] = value
        return (tensor,)

    def tensor_of(self, value: Value) -> Tensor:
        """A traced tensor in a block of its own; its array is a placeholder with the right shape and strides."""
        tensor = Tensor.of_array(np.empty(value.type.shape, value.type.dtype.numpy))
        tensor._storage.trace = self
        tensor._type = value.type
        self.cells[tensor._storage] = Cell(value, tensor)
        return tensor

    def input(self, like: Tensor, name: str) -> Tensor:
        """A traced tensor for an argument."""
        tensor = self.tensor_of(self.graph.add_input(like.tensor_type, name))
        tensor._requires = like.requires_grad
        self.leaves[id(tensor)] = tensor
        if like.grad_fn is not None:  # what has a history may be changed in place; a leaf may not
            leaf = self.leaves[id(tensor)] = tensor.alias()
            leaf._requires = True
            tensor._node = ArgumentHistory((gradient_edge(leaf),))
        return tensor

    def constant(self, array: np.ndarray) -> Tensor:
        return self.tensor_of(self.graph.constant(array))

    def scalar(self, group: MutableMapping[str, Any], key: str) -> Tensor:
        """The weak scalar input that each run reads from `group[key]`."""
        found = self.scalars.get((id(group), key))
        if found is None:
            value = self.graph.add_input(scalar_type(group[key]), key)
            found = self.scalars[(id(group), key)] = self.tensor_of(value), group
        return found[0]

    def number(self, name: str, like: float, leaf: int) -> Tensor:
        """The weak scalar input that each run reads from a leaf of its arguments."""
        tensor = self.tensor_of(self.graph.add_input(scalar_type(like), name))
        self.scalars[(-1, leaf)] = tensor, None
        return tensor

    def reserve(self, generator: Any, blocks: int) -> tuple[Value, int]:
        """The value of the stream's state at the start of the run, and the offset of these blocks in it."""
        storage = generator.state._storage
        self.names = {**self.names, storage: self.names.get(storage, ("rng", "rng"))}
        rng = self.read(generator.state)
        offset = self.drawn.get(storage, 0)
        self.drawn[storage] = offset + blocks
        return rng, offset

    def origins(self) -> Origins:
        return current_origins()

    # ---- memory

    def read(self, tensor: Tensor) -> Value:
        """What the tensor holds at this point: its block's value, seen through its view steps."""
        cell = self.cells.get(tensor._storage)
        if cell is None:
            cell = self._lift(tensor._storage)
            self.lifted.append((tensor, tensor._storage))
        value = cell.value
        for i, (op, attrs) in enumerate(tensor._path, start=1):
            step = tensor._path[:i]
            seen = cell.views.get(step)
            if seen is None:
                seen = cell.views[step] = self.graph.apply(op, (value,), attrs)
            value = seen
        return value

    def write(self, target: Tensor, source: Tensor) -> None:
        """Makes the target's part of its block hold what `source` holds; other views are read again from then on."""
        value = self.read(source)
        cell = self.cell(target._storage)
        if not target._path:
            cell.value, cell.views = value, {}
            return
        cell.value = scatter_path(cell.value, value, target._path)
        cell.views = {target._path: value}

    def whole(self, storage: Storage) -> Tensor:
        """The tensor of the whole block, for a block made in this trace: the one that its history belongs to."""
        root = self.cells[storage].root
        assert root is not None
        return root

    def is_written(self, storage: Storage) -> bool:
        """Whether the trace has changed the block."""
        cell = self.cells[storage]
        return cell.value is not cell.initial

    def cell(self, storage: Storage) -> Cell:
        found = self.cells.get(storage)
        return self._lift(storage) if found is None else found

    def _lift(self, storage: Storage) -> Cell:
        if storage.trace is not None:
            raise TraceError(
                f"a tensor of another trace is used here{self.place()}: traced tensors end with their trace"
            )
        name, role = self.names.get(storage, (f"state{len(self.storages)}", "state"))
        value = self.graph.add_param(numpy_type(storage.array), name, role)
        self.storages.append(storage)
        found = self.cells[storage] = Cell(value)
        return found

    def feeding_updates(self) -> set[Node]:
        """The nodes that some update of state depends on."""
        feeding: set[Node] = set()
        stack = list(self.graph.updates.values())
        while stack:
            node = stack.pop().producer
            if node is not None and node not in feeding:
                feeding.add(node)
                stack.extend(node.operands)
        return feeding

    def grad_written(self, tensor: Tensor) -> None:
        """Remembers what `.grad` was before the trace changed it."""
        self.grads.setdefault(id(tensor), (tensor, tensor._grad))

    def grad_read(self, tensor: Tensor) -> None:
        """Remembers that the trace depends on what `.grad` is at its start."""
        if tensor._storage.trace is None and id(tensor) not in self.grads:
            self.grads_seen.setdefault(id(tensor), (tensor, tensor._grad))

    def changed_grads(self) -> list[Tensor]:
        """The eager tensors whose `.grad` is another one now."""
        return [t for t, before in self.grads.values() if t._grad is not before and t._storage.trace is None]

    def history_written(self, tensor: Tensor) -> None:
        """Remembers the autograd history of an eager tensor that an in-place change inside the trace replaces."""
        if tensor._storage.trace is None:
            self.histories.setdefault(id(tensor), (tensor, {k: getattr(tensor, k) for k in _HISTORY}))

    def restore(self) -> None:
        """Puts back what the trace changed on eager tensors."""
        for tensor, before in self.grads.values():
            tensor._grad = before
        for tensor, history in self.histories.values():
            tensor.__dict__.update(history)

    # ---- refusing

    def refuse_read(self, tensor: Tensor, why: str) -> TraceError:
        """The error for reading a value that a trace would bake in."""
        what = f"the value of a {tensor.tensor_type} tensor is {why or 'read'} while tracing{self.place()}"
        return TraceError(
            f"{what}: a trace has no values, and baking this one in would go stale. "
            "Compute with tensors instead (graphnn.where for a choice), return the tensor and read it outside, "
            "or keep this part out of the traced function"
        )

    def place(self) -> str:
        """` (fc1, model.py:31)`, or nothing."""
        text = describe(self.origins())
        return f" ({text})" if text else ""

    # ---- the end

    def close(self) -> None:
        """Sets the graph's state updates and its bindings; nothing may be written from now on."""
        for storage, blocks in self.drawn.items():
            cell = self.cells[storage]
            cell.value = self.graph.apply(lookup("rng_advance"), (cell.value,), {"blocks": blocks})
        self.graph.updates = {
            cell.initial: cell.value
            for storage, cell in self.cells.items()
            if storage.trace is None and cell.value is not cell.initial
        }
        self.graph.bindings = tuple(self.storages)
        self.graph.locate = None
