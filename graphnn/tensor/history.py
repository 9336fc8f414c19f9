"""A tensor's autograd history: recording operations, edges, in-place changes of views and their bases."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphnn.autodiff.rules import carried_type, is_differentiable, needed_names, used_names
from graphnn.autodiff.tape import Carrier, Edge, GradNode, OpNode, Saved, accumulator_of, node_class
from graphnn.errors import AutogradError
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import lookup
from graphnn.ir.types import TensorType
from graphnn.ops.op import Op, builders
from graphnn.tensor.methods import TensorMethods

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Path = tuple[tuple[Op, Attrs], ...]
NO_EDGE: Edge = (None, 0)
_handles = itertools.count()


def needs_grad(tensor: Tensor) -> bool:
    """Whether gradients flow to the tensor; a view first catches up with in-place changes of its base."""
    if tensor._base is not None and tensor._seen != tensor._storage.history:
        _catch_up(tensor, tensor._base)
    return tensor._requires


def gradient_edge(tensor: Tensor) -> Edge:
    """Where the tensor's gradient goes: its grad_fn, or for a leaf its AccumulateGrad."""
    if not needs_grad(tensor):
        return NO_EDGE
    node = tensor._node
    return (accumulator_of(tensor), 0) if node is None else (node, tensor._output_nr)


class HistoryPlan:
    """What recording an operation takes, worked out once for a signature: the node's class (with PyTorch's name), the
    outputs that carry gradients, and what the gradient rule makes use of, depending on which gradients are wanted."""

    __slots__ = ("attrs", "carrying", "listed", "node_class", "op", "out_types", "types", "used")

    def __init__(self, op: Op, attrs: Attrs, types: Sequence[TensorType | None], out_types: Any) -> None:
        self.op, self.attrs, self.types, self.out_types = op, attrs, tuple(types), out_types
        served = min(op.differentiable, len(out_types)) if is_differentiable(op) else 0
        self.carrying = [i for i in range(served) if out_types[i].dtype.is_floating_point]
        name = op.grad_name if isinstance(op.grad_name, str) else op.grad_name(self.types, attrs)
        self.node_class: type[OpNode] = node_class(name, OpNode)
        self.listed = op.vjp is None and op.variadic
        self.used: dict[tuple[bool, ...], tuple[list[tuple[str, int]], list[tuple[str, int]]]] = {}

    def node(self, edges: Sequence[Edge]) -> OpNode:
        """The OpNode of one application, with nothing saved yet."""
        node = self.node_class(edges)
        node.op, node.attrs, node.types, node.out_types = self.op, self.attrs, self.types, self.out_types
        node.want = tuple([edge[0] is not None for edge in edges])
        node.freed = False
        node.saved = {}
        if builders.stack:
            node.origins = builders.stack[-1].origins()
        return node

    def save(self, node: OpNode, args: Sequence[Any], outs: Sequence[Tensor]) -> dict[str, Any] | list[Any]:
        """The values that the gradient rule needs; None for what it makes no use of this time."""
        if self.listed:
            return [_kept(a) for a in args]
        inputs, outputs = self.used.get(node.want) or self._find_used(node.want)
        saved: dict[str, Any] = {}
        for name, at in inputs:
            saved[name] = _kept(args[at]) if 0 <= at < len(args) else None
        for name, at in outputs:
            saved[name] = Saved(outs[at].alias(), at)
        return saved

    def _find_used(self, want: tuple[bool, ...]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Names of inputs and outputs with their positions; the position is -1 for what is not used."""
        op = self.op
        used = used_names(op, self.types, self.out_types, self.attrs, want)
        inputs = [(n, op.input_names.index(n) if n in used else -1) for n in needed_names(op) if n in op.input_names]
        unused = [(n, -1) for n in needed_names(op) if n not in op.input_names and n not in used]
        outputs = [(n, op.outputs.index(n)) for n in used if n not in op.input_names]
        found = self.used[want] = inputs + unused, outputs
        return found


def record(plan: HistoryPlan, args: Sequence[Any], outs: Sequence[Tensor]) -> None:
    """Makes the grad_fn of the outputs."""
    if not plan.carrying:
        return
    edges = [gradient_edge(a) if isinstance(a, TensorMethods) else NO_EDGE for a in args]  # type: ignore[arg-type]
    node = plan.node(edges)
    node.saved = plan.save(node, args, outs)
    for i in plan.carrying:
        out = outs[i]
        out._node, out._output_nr, out._requires = node, i, True


def record_view(op: Op, attrs: Attrs, whole: Tensor, view: Tensor) -> None:
    """Makes the grad_fn of a view by an op that saves nothing, for which working out a plan would not pay."""
    assert isinstance(op.grad_name, str)
    node = node_class(op.grad_name, OpNode)([gradient_edge(whole)])
    node.op, node.attrs, node.types, node.out_types = op, attrs, (whole.tensor_type,), (view.tensor_type,)
    node.want, node.freed, node.saved = (True,), False, {}
    view._node, view._requires = node, True


def _kept(arg: Any) -> Any:
    return Saved(arg) if isinstance(arg, TensorMethods) else arg


# ---- in-place changes


class CopySlices(GradNode):
    """The history of a base of which a view was changed in place: the rest of the base, and the new part."""

    __slots__ = ("path",)
    path: Path

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        part = walk(grads[0], self.path)[-1]
        if self.edges[0][0] is None:
            return None, part
        kind = carried_type(part)
        zeros = lookup("full")(shape=kind.shape, value=0.0, dtype=kind.dtype)
        return scatter_path(grads[0], zeros, self.path), part


def walk(start: Any, path: Path) -> list[Any]:
    """`start` and what each view step makes of it."""
    seen = [start]
    for op, attrs in path:
        seen.append(op(seen[-1], **attrs))
    return seen


def scatter_path(base: Any, part: Any, path: Path) -> Any:
    """`base` with what `path` sees of it replaced by `part`; on arrays, values and Tensors alike."""
    seen = walk(base, path[:-1])
    for (op, attrs), whole in zip(reversed(path), reversed(seen), strict=True):
        if op.scatter is None:
            raise AutogradError(f"cannot write in place through {op.name}; work on a clone() instead")
        part = op.scatter(whole, part, **attrs)
    return part


def rebase(tensor: Tensor, source: Tensor) -> None:
    """After an in-place change, `tensor` has the history of `source`, and so has the part of its base."""
    storage = tensor._storage
    if not (needs_grad(source) or needs_grad(tensor)):
        return
    edge = gradient_edge(source)
    base = tensor._base
    for changed in (tensor, base):
        if builders.stack and changed is not None:
            builders.stack[-1].history_written(changed)
    if base is not None:
        node = CopySlices((gradient_edge(base), edge))
        node.path = tensor._path[len(base._path) :]
        base._node, base._output_nr, base._requires = node, 0, True
    storage.history += 1
    tensor._node, tensor._output_nr = edge
    tensor._requires = edge[0] is not None
    tensor._seen = storage.history


def _catch_up(tensor: Tensor, base: Tensor) -> None:
    """Gives a view the history of what its base is now: the view steps after the base's own grad_fn."""
    tensor._seen = tensor._storage.history
    tensor._requires = base._requires
    if not base._requires:
        return
    edge, kind = gradient_edge(base), base.tensor_type
    for op, attrs in tensor._path[len(base._path) :]:
        out = op.infer_types((kind,), attrs)
        edge, kind = (HistoryPlan(op, attrs, (kind,), out).node([edge]), 0), out[0]
    tensor._node, tensor._output_nr = edge


# ---- hooks


class HookHandle:
    """Removes a hook: `handle.remove()`, or at the end of a `with`."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.hooks = hooks
        self.id = next(_handles)

    def remove(self) -> None:
        self.hooks.pop(self.id, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *details: object) -> None:
        self.remove()


def add_hook(tensor: Tensor, hook: Callable[[Any], Any]) -> HookHandle:
    """Registers a gradient hook on the tensor's edge."""
    node, output_nr = gradient_edge(tensor)
    if node is None:
        raise AutogradError("cannot register a hook on a tensor that doesn't require gradient")
    if node.hooks is None:
        node.hooks = {}
    hooks = node.hooks.setdefault(output_nr, {})
    if tensor._node is None:
        tensor.__dict__["_hooked"] = node  # a leaf's AccumulateGrad lives as long as its hooks
    handle = HookHandle(hooks)
    hooks[handle.id] = hook
    return handle
