"""Full backward hooks: two grad_fn nodes around a module, one behind its outputs and one before its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphnn.autodiff.modes import is_grad_enabled
from graphnn.autodiff.tape import Carrier, GradNode
from graphnn.errors import ArgumentError
from graphnn.nn.hooks import Hook
from graphnn.tensor.history import gradient_edge
from graphnn.tensor.tensor import Tensor

if TYPE_CHECKING:
    from graphnn.nn.module import Module


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
        watched, node = _pass_through(args, BackwardHookFunctionBackward, self)
        self.has_inputs = node is not None
        return watched

    def watch_outputs(self, result: Any) -> Any:
        outputs = result if isinstance(result, tuple) else (result,)
        watched, _ = _pass_through(outputs, _OutputHookBackward, self)
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
    return changed


class BackwardHookFunctionBackward(GradNode):
    """The node before a module's inputs: runs the hooks when their gradients have come."""

    __slots__ = ("positions", "tap", "width")

    def backward(self, grads: tuple[Any, ...], carrier: Carrier) -> Sequence[Any]:
        """Sorts the carried gradients to their positions among all arguments, and back after the hooks."""
        full: list[Any] = [None] * self.width
        for position, grad in zip(self.positions, grads, strict=False):
            full[position] = None if grad is None else carrier.wrap(grad)
        changed = self.run(tuple(full))
        return [None if changed[p] is None else carrier.unwrap(changed[p]) for p in self.positions]

    def run(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        tap: Tap = self.tap
        return tap.inputs_arrived(grads)


class _OutputHookBackward(BackwardHookFunctionBackward):
    """The node behind a module's outputs: users see it as the grad_fn, under PyTorch's name."""

    __slots__ = ()

    def name(self) -> str:
        return "BackwardHookFunctionBackward"

    def run(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        tap: Tap = self.tap
        return tap.outputs_arrived(grads)


def _pass_through(
    items: tuple[Any, ...], kind: type[BackwardHookFunctionBackward], tap: Tap
) -> tuple[tuple[Any, ...], Any]:
    """The items, tensors that want gradients replaced by aliases whose grad_fn is one new node of `kind`."""
    positions = [i for i, item in enumerate(items) if isinstance(item, Tensor) and item.requires_grad]
    if not positions or not is_grad_enabled():
        return items, None
    node = kind([gradient_edge(items[i]) for i in positions])
    node.positions, node.tap, node.width = positions, tap, len(items)
    watched = list(items)
    for output_nr, position in enumerate(positions):
        alias = items[position].alias()
        alias._node, alias._output_nr, alias._requires = node, output_nr, True
        watched[position] = alias
    return tuple(watched), node
