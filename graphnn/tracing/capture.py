"""Running a function under a trace, and what comes out of it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

from graphnn.errors import TraceError
from graphnn.ir.graph import Graph
from graphnn.ops.op import builders
from graphnn.tensor.storage import Storage
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.names import names_of
from graphnn.tracing.trace import Trace
from graphnn.tracing.trees import flatten, unflatten

_one_at_a_time = threading.RLock()


@dataclasses.dataclass
class Captured:
    """A traced call. The graph's inputs are, in order, the tensors at `tensor_leaves` of the flattened arguments and then
    `scalars` (each read from its mapping at every run); its outputs are `outputs` of the flattened result.

    storages       what the graph's params are bound to
    structure      of the result; `leaves` its leaves, tensors standing as their position among the graph's outputs
    written_inputs which of the tensor inputs are changed in place: (its position, position of the new value in the outputs)
    grads          (tensor, None | position of its new `.grad` in the outputs, whether an update consumed it)
    """

    graph: Graph
    trace: Trace
    tensor_leaves: list[int]
    scalars: list[tuple[MutableMapping[str, Any], str]]
    storages: list[Storage]
    structure: Any
    leaves: list[Any]
    output_tensors: list[Tensor]
    inputs: list[Tensor]
    written_inputs: list[tuple[int, int]]
    grads: list[tuple[Tensor, int | None]]


class Output:
    """Stands among the result's leaves for the graph's output of that position."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position


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
    input_names: Sequence[str] = (),
) -> Captured:
    """Traces one call. The function's own exceptions pass through unchanged."""
    leaves: list[Any] = []
    structure = flatten((tuple(args), dict(kwargs)), leaves)
    trace = Trace(name or name_of(function), names_of(function))
    at = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    labels = list(input_names) + [f"x{i}" for i in range(len(input_names), len(at))]
    with tracing(trace):
        inputs = [trace.input(leaves[i], label) for i, label in zip(at, labels, strict=False)]
        replaced = dict(zip(at, inputs, strict=True))
        inner_args, inner_kwargs = unflatten(structure, iter([replaced.get(i, leaf) for i, leaf in enumerate(leaves)]))
        result = function(*inner_args, **inner_kwargs)
        return _finish(trace, result, inputs, at)


def _finish(trace: Trace, result: Any, inputs: list[Tensor], at: list[int]) -> Captured:
    leaves: list[Any] = []
    structure = flatten(result, leaves)
    outputs: list[Tensor] = []
    marked = [_mark(leaf, outputs) for leaf in leaves]
    returned = list(outputs)
    written = [
        (i, _position(t, outputs)) for i, t in enumerate(inputs) if trace.cells[t._storage].value is not trace.cells[t._storage].initial
    ]
    grads = [(t, None if t._grad is None else _position(t._grad, outputs)) for t in trace.changed_grads()]
    trace.finish(outputs)
    scalars = [(group, key) for (_, key), (_, group) in trace.scalars.items()]
    return Captured(
        trace.graph, trace, at, scalars, trace.storages, structure, marked, returned, inputs, written, grads
    )


def _mark(leaf: Any, outputs: list[Tensor]) -> Any:
    if not isinstance(leaf, Tensor):
        return leaf
    return Output(_position(leaf, outputs))


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
    Hyper-parameters of optimizers become scalar inputs, after the others. Reading a value raises TraceError.
    """
    if not callable(function):
        raise TraceError(f"graphnn.trace wants a module or a function and example inputs, got {type(function).__name__}")
    found = capture(function, args, kwargs, input_names=argument_names(function, args, kwargs))
    return found.graph


def argument_names(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """A name for each tensor among the arguments: the parameter's, numbered where it holds several."""
    import inspect

    target = function.forward if hasattr(function, "named_parameters") else function
    try:
        bound = inspect.signature(target).bind(*args, **kwargs)
    except (TypeError, ValueError):  # builtins have no signature; a call that does not fit says so itself
        return []
    names: list[str] = []
    for name, value in bound.arguments.items():
        leaves: list[Any] = []
        flatten(value, leaves)
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        names += [name] if len(tensors) == 1 else [f"{name}_{i}" for i in range(len(tensors))]
    return names
