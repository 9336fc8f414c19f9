"""Full backward hooks: two grad_fn nodes around a module, one behind its outputs and one before its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphnn.autodiff.modes import is_grad_enabled
from graphnn.autodiff.tape import Carrier, GradNode
from graphnn.errors import ArgumentError
from graphnn.nn.hooks import Hook
from graphnn.tensor.history import gradient_edge
from graphnn.tensor.tensor import Tensor

if TYPE_CHECKING:
    from graphnn.nn.module import Module

Run = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class Tap:
    """One call's hooks. The gradients of the outputs are kept until those of the inputs have come."""

    def __init__(self, module: Module, before: tuple[Hook, ...], after: tuple[Hook, ...]) -> None:
        self.module = module
        self.before = before
        self.after = after
        self.has_inputs = False
        self.argument_count = 0
        self.grad_output: tuple[Any, ...] = ()

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.argument_count = len(args)
        if not self.after:
            return args
        watched, node = _pass_through(args, self.inputs_arrived)
        self.has_inputs = node is not None
        return watched

    def watch_outputs(self, result: Any) -> Any:
        outputs = result if isinstance(result, tuple) else (result,)
        watched, _ = _pass_through(outputs, self.outputs_arrived)
        return watched if isinstance(result, tuple) else watched[0]

    def outputs_arrived(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.before:
            grads = _replaced(hook.function(self.module, grads), grads, "grad_output")
        self.grad_output = grads
        if not self.has_inputs:
            self.inputs_arrived((None,) * self.argument_count)
        return grads

    def inputs_arrived(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.after:
            grads = _replaced(hook.function(self.module, grads, self.grad_output), grads, "grad_input")
        return grads


def _replaced(changed: Any, grads: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if changed is None:
        return grads
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(grads):
        raise ArgumentError(
            f"Backward hook returned an invalid number of {what}, got {len(changed)}, but expected {len(grads)}"
        )
    return changed  # type: ignore[no-any-return]


class BackwardHookFunctionBackward(GradNode):
    """Stands before a module's inputs or behind its outputs, and lets `run` see and change their gradients. These
    come and go for the tensors at `positions` among `width` items; `run` gets all, None for the others."""

    __slots__ = ("positions", "run", "width")
    positions: list[int]
    run: Run
    width: int

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        full: list[Any] = [None] * self.width
        for position, grad in zip(self.positions, grads, strict=False):
            full[position] = None if grad is None else carrier.wrap(grad)
        changed = self.run(tuple(full))
        return [None if changed[p] is None else carrier.unwrap(changed[p]) for p in self.positions]


def _pass_through(items: tuple[Any, ...], run: Run) -> tuple[tuple[Any, ...], BackwardHookFunctionBackward | None]:
    """The items, tensors that want gradients replaced by aliases whose grad_fn is one new node."""
    positions = [i for i, item in enumerate(items) if isinstance(item, Tensor) and item.requires_grad]
    if not positions or not is_grad_enabled():
        return items, None
    node = BackwardHookFunctionBackward([gradient_edge(items[i]) for i in positions])
    node.positions, node.run, node.width = positions, run, len(items)
    watched = list(items)
    for output_nr, position in enumerate(positions):
        alias = items[position].alias()
        alias._node, alias._output_nr, alias._requires = node, output_nr, True
        watched[position] = alias
    return tuple(watched), node
