"""Walking a module and everything below it: modules, parameters and buffers, with their dotted names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from graphnn.nn.parameter import Parameter
from graphnn.nn.registry import Registry
from graphnn.tensor.tensor import Tensor

if TYPE_CHECKING:
    from graphnn.nn.module import Module

T = TypeVar("T")


class Tree(Registry):
    """The part of a module that finds what lies in and below it. What is there twice is given once."""

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The module itself (named `prefix`) and all below it, each before its children."""
        memo = set() if memo is None else memo
        module = cast("Module", self)
        if module in memo:
            return
        if remove_duplicate:
            memo.add(module)
        yield prefix, module
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one."""
        return _unique((name, child) for name, child in self._modules.items() if child is not None)

    def children(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        return self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        return self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_members(
        self,
        members: Callable[[Module], Iterable[tuple[str, T | None]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, T]]:
        """What `members` gives for each module (None left out), the names made full."""
        here = [(prefix, cast("Module", self))]
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else here
        found = (
            (f"{path}.{name}" if path else name, member)
            for path, module in modules
            for name, member in members(module)
            if member is not None
        )
        return _unique(found) if remove_duplicate else iter(found)

    # ---- by dotted name

    def get_submodule(self, target: str) -> Module:
        """The module of that dotted name; the module itself for ""."""
        module = cast("Module", self)
        for name in target.split(".") if target else ():
            module = _member(module, name)
            if not isinstance(module, Tree):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def get_parameter(self, target: str) -> Parameter:
        found = self._get_member(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        path, _, name = target.rpartition(".")
        found = self._get_member(target)
        if name not in self.get_submodule(path)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return cast(Tensor, found)

    def _get_member(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        return _member(self.get_submodule(path), name)


def _member(module: Module, name: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
    return getattr(module, name)


def _unique(items: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """The items whose second part was not seen before."""
    seen: set[int] = set()
    for name, member in items:
        if id(member) not in seen:
            seen.add(id(member))
            yield name, member
