"""Running a function under a trace, and what comes out of it."""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from graphnn.errors import TraceError
from graphnn.ir.graph import Graph
from graphnn.ir.value import Node
from graphnn.ops.op import builders
from graphnn.tensor.history import Path, needs_grad
from graphnn.tensor.storage import Storage
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.joint import Joint, add_backward
from graphnn.tracing.names import names_of
from graphnn.tracing.trace import Trace
from graphnn.tracing.trees import flatten, unflatten

_one_at_a_time = threading.RLock()


CONSUMED = object()


class Output(NamedTuple):
    """Stands among the result's leaves for output `position` of the graph, seen through view steps."""

    position: int
    path: Path = ()
    detached: bool = False


class Argument(NamedTuple):
    """Stands among the result's leaves for a tensor argument that is returned, seen through view steps."""

    number: int
    path: Path = ()
    detached: bool = False


@dataclasses.dataclass
class Captured:
    """A traced call. The graph's inputs are, in order, the tensors at `tensor_leaves` of the flattened arguments, then
    `scalars` (each read from its mapping, or at its leaf, at every run), then the seeds of `joint`. Its outputs are those
    named by Output in `leaves`, the new values of arguments written in place, new `.grad`s, and the gradients of `joint`.

    structure, leaves  of the result; a leaf that is neither Output nor Argument is returned as it is
    written            (index among the tensor arguments, position of the new value)
    grads              (eager tensor, position of its new `.grad`; None for a gradient set to None, CONSUMED for one that
                       an update makes use of and that is not kept)
    """

    trace: Trace
    tensor_leaves: list[int]
    inputs: list[Tensor]
    structure: Any
    leaves: list[Any]
    outputs: list[Tensor]
    written: list[tuple[int, int]]
    grads: list[tuple[Tensor, Any]]
    joint: Joint | None

    @property
    def graph(self) -> Graph:
        return self.trace.graph

    @property
    def storages(self) -> list[Storage]:
        return self.trace.storages


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Makes `trace` current on this thread; what it changed on eager tensors is put back at the end."""
    with _one_at_a_time:
        builders.stack.append(trace)
        try:
            yield trace
        finally:
            builders.stack.remove(trace)
            trace.restore()


def capture(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    name: str | None = None,
    dynamic: Collection[int] = (),
    differentiate: bool = False,
    by_value: bool = False,
    keep_grads: bool = False,
) -> Captured:
    """Traces one call. The function's own exceptions pass through unchanged.

    `dynamic` lists leaves of the flattened arguments that are numbers and become weak scalar inputs; with
    `differentiate` the gradients of outputs that need them are traced too. With `by_value` every tensor of the result
    becomes an output, also one that is an argument or a piece of state.
    """
    leaves: list[Any] = []
    structure = flatten((tuple(args), dict(kwargs)), leaves)
    trace = Trace(name or name_of(function), names_of(function))
    labels = leaf_names(function, args, kwargs, len(leaves))
    first = _first_places(leaves)
    at = [i for i, earliest in first.items() if i == earliest]
    with tracing(trace):
        inputs = [trace.input(leaves[i], labels[i]) for i in at]
        placeholders = dict(zip(at, inputs, strict=True))
        replaced: dict[int, Any] = {i: placeholders[earliest] for i, earliest in first.items()}
        replaced |= {i: trace.number(labels[i], leaves[i], i) for i in dynamic}
        inner_args, inner_kwargs = unflatten(structure, iter([replaced.get(i, leaf) for i, leaf in enumerate(leaves)]))
        result = function(*inner_args, **inner_kwargs)
        _refuse_shared_writes(trace, placeholders, leaves, labels)
        return _finish(trace, result, inputs, at, differentiate, by_value, keep_grads)


def _first_places(leaves: Sequence[Any]) -> dict[int, int]:
    """For each leaf that is a tensor, where that same tensor is met first."""
    seen: dict[int, int] = {}
    return {i: seen.setdefault(id(leaf), i) for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)}


def _refuse_shared_writes(
    trace: Trace, placeholders: Mapping[int, Tensor], leaves: Sequence[Any], labels: Sequence[str]
) -> None:
    """Two different views of one memory are two inputs: a write to one would not be seen in the other."""
    for i, placeholder in placeholders.items():
        if not trace.is_written(placeholder._storage):
            continue
        for j in placeholders:
            if j != i and leaves[j]._storage is leaves[i]._storage:
                raise TraceError(
                    f"the argument {labels[i]} is changed in place while it shares memory with the argument {labels[j]}: "
                    "pass one of them and take the other from it inside, or pass a clone()"
                )


def _finish(
    trace: Trace,
    result: Any,
    inputs: list[Tensor],
    at: list[int],
    differentiate: bool,
    by_value: bool,
    keep_grads: bool,
) -> Captured:
    leaves: list[Any] = []
    structure = flatten(result, leaves)
    outputs: list[Tensor] = []
    if by_value:
        marked = [Output(_position(t, outputs)) if isinstance(t, Tensor) else t for t in leaves]
    else:
        marked = _mark(leaves, [t._storage for t in inputs], outputs)
    written = [
        (i, _position(trace.whole(t._storage), outputs)) for i, t in enumerate(inputs) if trace.is_written(t._storage)
    ]
    differentiable = len(outputs)
    trace.close()
    feeding = set() if keep_grads else trace.feeding_updates()
    grads = [(t, _grad_output(trace, t._grad, outputs, feeding)) for t in trace.changed_grads()]
    joint = add_backward(trace, outputs[:differentiable]) if differentiate else None
    trace.graph.outputs = [trace.read(t) for t in outputs + (joint.gradients if joint else [])]
    return Captured(trace, at, inputs, structure, marked, outputs, written, grads, joint)


def _grad_output(trace: Trace, gradient: Tensor | None, outputs: list[Tensor], feeding: set[Node]) -> Any:
    if gradient is None:
        return None
    if any(user in feeding for user in trace.read(gradient).uses):
        return CONSUMED
    return _position(gradient, outputs)


def _mark(leaves: list[Any], inputs: list[Storage], outputs: list[Tensor]) -> list[Any]:
    """What stands for each leaf; leaves that share memory share an output, seen through their views."""
    traced = [t._storage for t in {id(t): t for t in leaves}.values() if isinstance(t, Tensor)]
    whole: dict[Storage, int] = {}
    tensors = {id(t): t for t in leaves if isinstance(t, Tensor)}  # each once
    marked = {key: _mark_tensor(t, inputs, traced, whole, outputs) for key, t in tensors.items()}
    return [marked.get(id(t), t) for t in leaves]


def _mark_tensor(
    tensor: Tensor, inputs: list[Storage], traced: list[Storage], whole: dict[Storage, int], outputs: list[Tensor]
) -> Any:
    storage = tensor._storage
    if storage.trace is None:
        return tensor
    root = storage.trace.whole(storage)
    detached = needs_grad(root) and not needs_grad(tensor)
    own_history = needs_grad(tensor) and tensor is not root and tensor._base is not root
    if storage in inputs and not own_history:
        return Argument(inputs.index(storage), tensor._path, detached)
    if traced.count(storage) == 1 or own_history:
        return Output(_position(tensor, outputs))
    if storage not in whole:
        whole[storage] = _position(root, outputs)
    return Output(whole[storage], tensor._path, detached)


def _position(tensor: Tensor, outputs: list[Tensor]) -> int:
    outputs.append(tensor)
    return len(outputs) - 1


def name_of(function: Any) -> str:
    """A name for the graph: the function's, or the module's class."""
    inner = getattr(function, "func", function)
    named = getattr(inner, "__name__", None) or type(inner).__name__
    return named if named.isidentifier() else "graph"


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """The graph that `function` (a module, or any callable) computes for arguments of these types.

    Tensors among the arguments (also inside tuples, lists, dicts) become inputs, everything else is fixed. Parameters,
    buffers, optimizer and random state that the code reaches become params; writes to them become state updates.
    Hyper-parameters of optimizers become scalar inputs, after the others. A gradient that the code computes and no update
    makes use of is an output, after those that the code returns. Reading a value raises TraceError. Of a matrix it is
    PyTorch's `trace`, the sum of the diagonal.
    """
    if isinstance(function, Tensor):
        return function.trace()
    if not callable(function):
        raise TraceError(
            f"graphnn.trace wants a module or a function and example inputs, got {type(function).__name__}"
        )
    return capture(function, args, kwargs, by_value=True).graph


def leaf_names(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], count: int) -> list[str]:
    """A name for each leaf of the arguments: the parameter's, numbered where it holds several."""
    names: list[str] = []
    for name, value in named_arguments(function, args, kwargs).items():
        leaves: list[Any] = []
        flatten(value, leaves)
        names += [name] if len(leaves) == 1 else [f"{name}_{i}" for i in range(len(leaves))]
    return names if len(names) == count else [f"x{i}" for i in range(count)]


def named_arguments(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by parameter; empty where the call does not fit, which the call itself will say."""
    target = function.forward if hasattr(function, "named_parameters") else function
    try:
        return inspect.signature(target).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return {}
