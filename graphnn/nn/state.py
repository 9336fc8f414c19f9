"""A module's state as a flat dict of tensors, and back.

Loading looks at everything first: when anything does not fit, the error names all of it and nothing was changed.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentTypeError, StateDictError
from graphnn.nn.parameter import Parameter
from graphnn.tensor.tensor import Tensor

if TYPE_CHECKING:
    from graphnn.nn.module import Module

EXTRA = "_extra_state"


class StateDict(OrderedDict[str, Any]):
    """Dotted names -> tensors. `_metadata` holds each module's version, as PyTorch keeps it."""

    _metadata: OrderedDict[str, dict[str, Any]]


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found no counterpart for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def save(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Puts the state of the module and all below it into `destination`: tensors that share the modules' storage."""
    destination = _empty() if destination is None else destination
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = {"version": module._version}
    for name, tensor in own_state(module):
        destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if hasattr(module, "get_extra_state"):
        destination[prefix + EXTRA] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    return destination


def _empty() -> StateDict:
    destination = StateDict()
    destination._metadata = OrderedDict()
    return destination


def own_state(module: Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and persistent buffers of the module alone."""
    for name, param in module._parameters.items():
        if param is not None:
            yield name, param
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            yield name, buffer


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Copies (or, with `assign`, puts) the tensors of `state` into the module and all below it."""
    if not isinstance(state, Mapping):
        raise ArgumentTypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    loading = _Loading(state, assign)
    loading.visit(module, "")
    unexpected = loading.unexpected()
    problems = _key_problems(loading.missing, unexpected) if strict else []
    if problems or loading.problems:
        listed = "\n\t".join(problems + loading.problems)
        raise StateDictError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{listed}")
    with no_grad():
        for write in loading.writes:
            write()
    return IncompatibleKeys(loading.missing, unexpected)


class _Loading:
    """What one load finds on its way through the modules."""

    def __init__(self, state: Mapping[str, Any], assign: bool) -> None:
        self.state = state
        self.assign = assign
        self.prefixes: dict[str, int] = {}
        self.known: set[str] = set()
        self.missing: list[str] = []
        self.problems: list[str] = []
        self.writes: list[Callable[[], Any]] = []

    def visit(self, module: Module, prefix: str) -> None:
        self.prefixes[prefix] = len(self.prefixes)
        self._rename(module.__dict__.get("_older_keys", {}), prefix)
        for name, target in own_state(module):
            if self._finds(prefix + name, optional=module._may_lack(name, self._version(prefix))):
                self._match(module, name, target, prefix + name)
        if hasattr(module, "set_extra_state") and self._finds(prefix + EXTRA):
            self.writes.append(lambda: module.set_extra_state(self.state[prefix + EXTRA]))
        for name, child in module._modules.items():
            if child is not None:
                self.visit(child, f"{prefix}{name}.")

    def _rename(self, older: Mapping[str, str], prefix: str) -> None:
        """Lets entries under a module's older names stand under those that it has now."""
        for old, new in older.items():
            if prefix + old in self.state:
                state = copy.copy(self.state)
                state[prefix + new] = state.pop(prefix + old)  # type: ignore[index, attr-defined]
                self.state = state

    def _version(self, prefix: str) -> int | None:
        """The version of the module that the state was saved from; None where the state does not tell."""
        metadata = getattr(self.state, "_metadata", {})
        version: int | None = metadata.get(prefix[:-1], {}).get("version")
        return version

    def _finds(self, key: str, optional: bool = False) -> bool:
        self.known.add(key)
        if key not in self.state and not optional:
            self.missing.append(key)
        return key in self.state

    def _match(self, module: Module, name: str, target: Tensor, key: str) -> None:
        value = self.state[key]
        if not isinstance(value, Tensor):
            self.problems.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object '
                f"from checkpoint but received {type(value)}"
            )
        elif value.shape != target.shape:
            self.problems.append(
                f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                f"the shape in current model is {target.shape}."
            )
        elif self.assign:
            self.writes.append(lambda: setattr(module, name, _like(target, value)))
        else:
            self.writes.append(lambda: target.copy_(value))

    def unexpected(self) -> list[str]:
        """Keys that belong nowhere, in the order of the modules nearest to them."""
        return sorted((key for key in self.state if key not in self.known), key=self._nearest)

    def _nearest(self, key: str) -> int:
        parts = key.split(".")[:-1]
        while parts and ".".join(parts) + "." not in self.prefixes:
            parts.pop()
        return self.prefixes["".join(f"{part}." for part in parts)]


def _like(target: Tensor, value: Tensor) -> Tensor:
    """The value as what it is to replace: a parameter stays one, and keeps wanting gradients or not."""
    return Parameter(value, requires_grad=target.requires_grad) if isinstance(target, Parameter) else value


def _key_problems(missing: list[str], unexpected: list[str]) -> list[str]:
    groups = (("Missing", missing), ("Unexpected", unexpected))
    return [f"{which} key(s) in state_dict: {_quoted(keys)}. " for which, keys in groups if keys]


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)
