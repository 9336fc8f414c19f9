"""The base class of all neural network modules: calling, hooks, state, conversion and printing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Self

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, ArgumentTypeError, GraphnnError, UnsupportedError
from graphnn.ir import dtypes, epoch
from graphnn.ir.dtypes import DType
from graphnn.ir.scope import enter, leave
from graphnn.nn import state
from graphnn.nn.blame import add_place
from graphnn.nn.hooks import Hook, Hooks, RemovableHandle, add
from graphnn.nn.tree import Tree
from graphnn.ops.op import builders
from graphnn.tensor.tensor import Tensor
from graphnn.tensor.zero_grad import clear_grad


def _missing_forward(self: Module, *args: Any, **kwargs: Any) -> Any:
    raise UnsupportedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(Tree):
    """A network or a part of one. Subclasses define `forward`; users call the module, so that hooks run."""

    forward: Callable[..., Any] = _missing_forward
    _hooks: Hooks | None = None
    _version = 1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if builders.stack:
                return self._call_traced(args, kwargs)
            if self._hooks is not None:
                return self._hooks.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except GraphnnError as error:
            add_place(error, self, sys._getframe(1))
            raise

    def _call_traced(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same, with the module's path told to the trace."""
        enter(self, lambda: {id(module): name for name, module in self.named_modules()})
        try:
            if self._hooks is not None:
                return self._hooks.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        finally:
            leave()

    # ---- hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """`hook(module, args) -> None | new args` before each forward."""
        return add(self._own_hooks().before, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """`hook(module, args, output) -> None | new output` after each forward."""
        return add(self._own_hooks().after, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_output) -> None | new grad_output` before the module's backward."""
        return add(self._own_hooks().before_backward, Hook(hook), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_input, grad_output) -> None | new grad_input` after the module's backward."""
        return add(self._own_hooks().after_backward, Hook(hook), prepend)

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    # ---- state

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """Parameters and persistent buffers by dotted name: detached, sharing storage; themselves with `keep_vars`."""
        return state.save(self, destination, prefix, keep_vars)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copies the tensors in; a StateDictError names all keys and shapes that don't fit, and nothing was changed."""
        return state.load(self, state_dict, strict, assign)

    def _may_lack(self, name: str, version: int | None) -> bool:
        """Whether a state saved by that version of the class (None: unknown) may lack the module's own `name`."""
        return False

    # ---- switches

    def train(self, mode: bool = True) -> Self:
        """Sets training mode (dropout, batch norm) here and below."""
        if not isinstance(mode, bool):
            raise ArgumentError("training mode is expected to be boolean")
        for module in self.modules():
            if module.training is not mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops all gradients, or fills them with zeros."""
        for param in self.parameters():
            clear_grad(param, set_to_none)

    # ---- conversion

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Calls `fn` on every module below, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """Replaces the data of all parameters, gradients and buffers by what `fn` makes of it."""
        epoch.bump()
        with no_grad():
            for module in self.modules():
                for param in module._parameters.values():
                    if param is not None:
                        _convert(param, fn)
                for name, buffer in module._buffers.items():
                    if buffer is not None:
                        module._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """`to(dtype)`, `to(device)` or `to(tensor)`; a dtype is for floating-point state only."""
        dtype = kwargs.get("dtype", next((_dtype_of(arg) for arg in args if _dtype_of(arg)), None))
        if dtype is None:
            return self._apply(lambda t: t.to(*args, **kwargs))
        if not dtype.is_floating_point:
            raise ArgumentTypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def type(self, dst_type: DType) -> Self:
        return self._apply(lambda t: t.to(dst_type))

    def float(self) -> Self:
        return self.to(dtypes.float32)

    def double(self) -> Self:
        return self.to(dtypes.float64)

    def half(self) -> Self:
        return self.to(dtypes.float16)

    def bfloat16(self) -> Self:
        return self.to(dtypes.bfloat16)

    def cpu(self) -> Self:
        return self

    # ---- printing

    def extra_repr(self) -> str:
        """What stands in the parentheses of a module without children; for subclasses to define."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indent(repr(child))}" for name, child in self._modules.items()]
        return parenthesize(self._get_name(), lines, children)


def parenthesize(name: str, extra: list[str], children: list[str]) -> str:
    """`Name(extra)` where that fits on one line, else each part on its own, indented by two."""
    if not children and len(extra) <= 1:
        return f"{name}({''.join(extra)})"
    return "".join([f"{name}(\n", *(f"  {line}\n" for line in extra + children), ")"])


def indent(text: str) -> str:
    """All lines but the first moved right by two."""
    return text.replace("\n", "\n  ")


def _convert(param: Tensor, fn: Callable[[Tensor], Tensor]) -> None:
    converted = fn(param)
    if converted is not param:
        param.data = converted
    if param.grad is not None:
        param.grad = fn(param.grad)


def _dtype_of(arg: Any) -> DType | None:
    return arg if isinstance(arg, DType) else arg.dtype if isinstance(arg, Tensor) else None
