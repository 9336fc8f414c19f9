"""Function: an operation with a backward of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from graphnn.autodiff.modes import recording, state
from graphnn.autodiff.tape import Carrier, GradNode, Saved, node_class
from graphnn.errors import ArgumentTypeError, AutogradError
from graphnn.tensor.history import NO_EDGE, gradient_edge, needs_grad
from graphnn.tensor.tensor import Tensor


class Context:
    """What `forward` leaves for `backward`: saved tensors, and any attributes."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: list[Saved | None] = []
        self._to_save: tuple[Any, ...] = ()
        self._not_differentiable: set[int] = set()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True
        self._node: FunctionNode | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps inputs, outputs or others for `saved_tensors`, watched for changes in place."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise ArgumentTypeError(f"save_for_backward can only save variables, but got {type(tensor).__name__}")
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        node = self._node
        if node is None:
            return self._to_save
        node.check_not_freed()
        return tuple(node.carrier_reads(s) for s in self._saved)

    saved_variables = saved_tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Outputs through which no gradient flows."""
        self._not_differentiable |= {id(t) for t in tensors}

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Inputs that `forward` changed in place and returns."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether gradients that nothing flowed into are zeros (the default) or None."""
        self._materialize = value


class FunctionNode(GradNode):
    """The grad_fn of a Function: calls its `backward` with Tensors, whatever gradients are carried by."""

    __slots__ = ("carrier", "context", "freed", "function", "likes")
    function: type[Function]
    context: Context
    carrier: Any
    likes: tuple[Any, ...]

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        self.check_not_freed()
        self.carrier = carrier
        grads += (None,) * (len(self.likes) - len(grads))
        tensors = [self._grad(g, like, carrier) for g, like in zip(grads, self.likes, strict=True)]
        found = self.function.backward(self.context, *tensors)
        listed = list(found) if isinstance(found, tuple) else [found]
        while len(listed) > len(self.edges) and listed[-1] is None:
            listed.pop()
        if len(listed) != len(self.edges):
            raise AutogradError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {len(self.edges)}, got {len(listed)})"
            )
        pairs = zip(listed, self.edges, strict=True)
        return [None if g is None or edge[0] is None else carrier.unwrap(g) for g, edge in pairs]

    def _grad(self, payload: Any, like: Any, carrier: Carrier) -> Any:
        if payload is not None:
            return carrier.wrap(payload)
        from graphnn.tensor.creation import full

        return full(like.shape, 0, dtype=like.dtype) if self.context._materialize else None

    def carrier_reads(self, saved: Saved | None) -> Any:
        """A saved tensor; an output gets its history back, so that backward can itself be differentiated."""
        if saved is None:
            return None
        tensor = saved.check(self)
        if saved.output_nr < 0 or not state.enabled:
            return tensor
        again = tensor.alias()
        again._node, again._output_nr, again._requires = self, saved.output_nr, True
        return again

    def check_not_freed(self) -> None:
        if self.freed:
            raise AutogradError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                f"already been freed): {self.name()}. Specify retain_graph=True if you need to backward through the "
                "graph a second time"
            )

    def release(self) -> None:
        if self.context._saved:
            self.freed = True
            self.context._saved = []


class _FunctionMeta(type):
    """Makes functions print by their names, as PyTorch's do."""

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__qualname__}'>"


class Function(metaclass=_FunctionMeta):
    """Subclass it with static methods `forward(ctx, ...)` and `backward(ctx, *gradients)`; use it through `apply`.

    Or `forward(...)` without a context and `setup_context(ctx, inputs, output)`. `backward` returns one gradient for
    each argument of `forward`, None for those that have none.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    setup_context: Callable[..., None] | None = None

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Runs `forward`, and records `backward` where an argument wants gradients."""
        needs = tuple(isinstance(a, Tensor) and needs_grad(a) for a in args)
        context = Context(needs)
        with recording(False):
            result = _run_forward(cls, context, args)
        if not (state.enabled and any(needs)):
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        connected = _connect(cls, context, args, outputs)
        return connected if isinstance(result, tuple) else connected[0]


def _run_forward(cls: type[Function], context: Context, args: tuple[Any, ...]) -> Any:
    if cls.setup_context is None:
        return cls.forward(context, *args)
    output = cls.forward(*args)
    cls.setup_context(context, args, output)
    return output


def _connect(cls: type[Function], context: Context, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs, with the Function's node as their history."""
    edges = [gradient_edge(a) if isinstance(a, Tensor) else NO_EDGE for a in args]
    node: FunctionNode = node_class(f"{cls.__name__}Backward", FunctionNode)(edges)
    node.function, node.context, node.freed = cls, context, False
    node.likes = tuple(o.tensor_type if isinstance(o, Tensor) else None for o in outputs)
    inputs = {id(a) for a in args if isinstance(a, Tensor)}
    dirty = {id(t) for t in context._dirty}
    connected = [_output(o, i, node, context, inputs, dirty) for i, o in enumerate(outputs)]
    places = {id(o): i for i, o in enumerate(outputs)}
    context._saved = [None if t is None else _saved(t, places, inputs) for t in context._to_save]
    context._to_save, context._node = (), node
    return tuple(connected)


def _saved(tensor: Tensor, places: dict[int, int], inputs: set[int]) -> Saved:
    at = places.get(id(tensor))
    return Saved(tensor) if at is None or id(tensor) in inputs else Saved(tensor.alias(), at)


def _output(item: Any, at: int, node: FunctionNode, context: Context, inputs: set[int], dirty: set[int]) -> Any:
    if not isinstance(item, Tensor) or id(item) in context._not_differentiable or not item.dtype.is_floating_point:
        return item
    found = item.alias() if id(item) in inputs and id(item) not in dirty else item
    found._node, found._output_nr, found._requires = node, at, True
    return found


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For a backward that cannot be differentiated again: its results raise when somebody tries."""

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grads: Any) -> Any:
        with recording(False):
            found = backward(ctx, *grads)
        if not (state.enabled and any(isinstance(g, Tensor) and needs_grad(g) for g in grads)):
            return found
        listed = found if isinstance(found, tuple) else (found,)
        refused = tuple(_refuse_twice(g) if isinstance(g, Tensor) else g for g in listed)
        return refused if isinstance(found, tuple) else refused[0]

    return wrapped


class _RefuseTwice(GradNode):
    __slots__ = ()

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        raise AutogradError("trying to differentiate twice a function that was marked with @once_differentiable")


def _refuse_twice(gradient: Tensor) -> Tensor:
    found = gradient.alias()
    found._node, found._requires = node_class("Error", _RefuseTwice)(()), True
    return found
