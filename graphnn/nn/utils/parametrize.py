"""Parameters that are computed from others: an attribute of a module becomes what a chain of modules makes of an original.

The module's class is replaced by a subclass with a property; the originals lie in `module.parametrizations`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ir import epoch
from graphnn.nn.containers import ModuleDict, ModuleList
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.ops.op import builders
from graphnn.tensor.tensor import Tensor

_depth = 0
_cache: dict[tuple[int, str, bool], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside, what parametrizations compute is kept and used again, until the outermost block ends."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The modules that make a tensor from `original` (or `original0`, `original1`, ...), applied in order."""

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ArgumentError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new = self._inverted(original)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            _check_same_dtype(original, new)
            _set(original, new)
            _register(self, "original", original)
        else:
            for i, part in enumerate(new):
                _register(self, f"original{i}", _as_kind(part, original))
        if not unsafe:
            _check_like("tensor", original, self(), "unparametrized", "parametrized")

    def _inverted(self, original: Tensor) -> Any:
        """What the originals must be for the result to be `original`, as far as the modules can tell."""
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                inverse = getattr(module, "right_inverse", None)
                with suppress(NotImplementedError):
                    new = new if inverse is None else inverse(new)
        if isinstance(new, Tensor | Sequence):
            return new
        raise ArgumentError(
            f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(new).__name__}"
        )

    def right_inverse(self, value: Any) -> None:
        """Sets the originals so that the result becomes `value`."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise UnsupportedAssignment(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
        if self.is_tensor:
            _check_same_dtype(self.original, value)
            _set(self.original, value)
            return
        if len(value) != self.ntensors:
            raise ArgumentError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                f"length {len(value)}."
            )
        for i, part in enumerate(value):
            _set(getattr(self, f"original{i}"), part)

    def forward(self) -> Tensor:
        first, *rest = self
        x: Tensor = first(*self.originals())
        for module in rest:
            x = module(x)
        return x

    def originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]


class UnsupportedAssignment(UnsupportedError, RuntimeError):
    """A parametrized tensor was assigned to, and one of its modules has no `right_inverse`."""


# ---- registering and removing


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """`module.<tensor_name>` becomes what the parametrization makes of it; several are applied in order."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain = module.parametrizations[tensor_name]
        if not unsafe:
            _check_next(tensor_name, getattr(module, tensor_name), parametrization)
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ArgumentError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether that tensor of the module, or any, has a parametrization."""
    found = module._modules.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Makes the tensor a plain one again: with its present value, or the original's."""
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if not chain.is_tensor and not leave_parametrized:
        raise ArgumentError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    value = getattr(module, tensor_name)
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            _set(original, value)
    else:
        original = Parameter(value.detach()) if value.requires_grad else value.detach()
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        object.__setattr__(module, "__class__", type(module).__bases__[0])
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before its first parametrization."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


# ---- what they are made of


def _give_own_class(module: Module) -> None:
    """A subclass for this one module, since properties belong to classes."""
    base = type(module)
    own = type(f"Parametrized{base.__name__}", (base,), {"__deepcopy__": _deepcopy, "__module__": base.__module__})
    object.__setattr__(module, "__class__", own)


def _deepcopy(self: Module, memo: dict[int, Any]) -> Module:
    """The copy is of a class of its own too, so that removing a parametrization from one leaves the other."""
    base = type(self).__bases__[0]
    new: Module = object.__new__(base)
    memo[id(self)] = new
    new.__dict__.update(copy.deepcopy(self.__dict__, memo))
    _give_own_class(new)
    for name in self.parametrizations:
        setattr(type(new), name, _property(name))
    return new


def _property(name: str) -> property:
    def read(self: Module) -> Tensor:
        chain = self.parametrizations[name]
        if not _depth:
            return chain()  # type: ignore[no-any-return]
        key = (id(chain), name, bool(builders.stack))
        if key not in _cache:
            _cache[key] = chain()
        return _cache[key]

    def write(self: Module, value: Tensor) -> None:
        epoch.bump()
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _as_kind(part: Any, original: Tensor) -> Tensor:
    if not isinstance(part, Tensor):
        raise ArgumentError(
            "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got an element of the "
            f"sequence with type {type(part).__name__}."
        )
    part = part.detach().clone()
    return Parameter(part, original.requires_grad) if isinstance(original, Parameter) else part


def _set(target: Tensor, value: Tensor) -> None:
    if value is not target:
        target.data = value.detach().clone()


def _check_same_dtype(original: Tensor, new: Any) -> None:
    if not isinstance(new, Tensor):
        raise ArgumentError(f"`right_inverse` should return a tensor. Got {type(new).__name__}")
    if original.dtype is not new.dtype:
        raise ArgumentError(
            "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
            f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
        )


def _check_next(name: str, before: Tensor, parametrization: Module) -> None:
    after = parametrization(before)
    _check_like("tensor", before, after, f"module.{name}", f"parametrization(module.{name})")
    inverse = getattr(parametrization, "right_inverse", None)
    if inverse is None:
        return
    try:
        found = inverse(after)
    except NotImplementedError:
        return
    _check_like("tensor", before, found, f"module.{name}", "returned")


def _check_like(what: str, before: Tensor, after: Any, first: str, second: str) -> None:
    if not isinstance(after, Tensor):
        raise ArgumentError(f"A parametrization must return a {what}. Got {type(after).__name__}.")
    for fact in ("dtype", "shape"):
        a, b = getattr(before, fact), getattr(after, fact)
        if a != b:
            raise ArgumentError(
                f"Registering a parametrization may not change the {fact} of the tensor, unless `unsafe` flag is "
                f"enabled.\n{first} {fact}: {a}\n{second} {fact}: {b}"
            )
