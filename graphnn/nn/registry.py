"""Where a module keeps what it owns: parameters, buffers and child modules are attributes that live in three tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from graphnn.errors import ArgumentError, RegistrationError, TraceError
from graphnn.ir import epoch
from graphnn.nn.parameter import Parameter
from graphnn.ops.op import builders
from graphnn.tensor.tensor import Tensor
from graphnn.tensor.typename import typename

if TYPE_CHECKING:
    from graphnn.nn.module import Module


class _Kind(NamedTuple):
    """One table: a value of the type `claims` always goes into it, a name already in it takes `accepts` or None."""

    table: str
    claims: tuple[type, ...]
    accepts: type
    noun: str
    plural: str
    wanted: str


class Registry:
    """The part of a module that registers and looks up attributes."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Module | None]

    def __init__(self) -> None:
        self.__dict__.update(training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={})

    # ---- by name

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter; None holds its place, and is left out of `parameters()` and `state_dict()`."""
        self._check_new_name(_PARAMETER, name)
        if param is not None and not isinstance(param, Parameter):
            raise RegistrationError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ArgumentError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. "
                f"To express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        epoch.bump()
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds state that is no parameter; one that is not persistent is left out of `state_dict()`."""
        self._check_new_name(_BUFFER, name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise RegistrationError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        epoch.bump()
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """Adds a child module."""
        if module is not None and not isinstance(module, Registry):
            raise RegistrationError(f"{typename(module)} is not a Module subclass")
        self._check_new_name(_MODULE, name)
        epoch.bump()
        self._modules[name] = module

    def add_module(self, name: str, module: Module | None) -> None:
        """The same as `register_module`."""
        self.register_module(name, module)

    def _check_new_name(self, kind: _Kind, name: str) -> None:
        table = self._table(kind)
        if not isinstance(name, str):
            raise RegistrationError(f"{kind.noun} name should be a string. Got {typename(name)}")
        if "." in name:
            got = f", got: {name}" if kind is _MODULE else ""
            raise RegistrationError(f'{kind.noun} name can\'t contain "."{got}')
        if not name:
            raise RegistrationError(f'{kind.noun} name can\'t be empty string ""')
        if name not in table and hasattr(self, name):
            raise RegistrationError(f"attribute '{name}' already exists")

    def _table(self, kind: _Kind) -> dict[str, Any]:
        table: dict[str, Any] | None = self.__dict__.get(kind.table)
        if table is None:
            raise RegistrationError(f"cannot assign {kind.plural} before Module.__init__() call")
        return table

    # ---- as attributes

    def __setattr__(self, name: str, value: Any) -> None:
        epoch.bump()
        for kind in _KINDS:
            if isinstance(value, kind.claims):
                self._claim(kind, name, value)
                return
            table = self.__dict__.get(kind.table)
            if table is not None and name in table:
                self._replace(kind, table, name, value)
                return
        object.__setattr__(self, name, value)

    def _claim(self, kind: _Kind, name: str, value: Any) -> None:
        """Puts a parameter or module under a name that may have held something else."""
        table = self._table(kind)
        self.__dict__.pop(name, None)
        for other in _KINDS:
            if other is not kind:
                self.__dict__[other.table].pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        if kind is _PARAMETER:
            self.register_parameter(name, value)
        else:
            table[name] = value

    def _replace(self, kind: _Kind, table: dict[str, Any], name: str, value: Any) -> None:
        if value is not None and not isinstance(value, kind.accepts):
            noun = "child module" if kind is _MODULE else kind.noun
            raise RegistrationError(f"cannot assign '{typename(value)}' as {noun} '{name}' ({kind.wanted} expected)")
        if builders.stack and isinstance(value, Tensor) and value._storage.trace is not None:
            raise TraceError(
                f"the {kind.noun} '{name}' is replaced by a tensor that is being traced{builders.stack[-1].place()}: "
                f"a run could not put it back into the module; write into it instead: self.{name}.copy_(...)"
            )
        table[name] = value

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            found = own.get(table)
            if found is not None and name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        epoch.bump()
        for kind in _KINDS:
            if name in self.__dict__[kind.table]:
                del self.__dict__[kind.table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[0].isdigit())


_PARAMETER = _Kind(
    "_parameters", (Parameter,), Parameter, "parameter", "parameters", "torch.nn.Parameter or None"
)  # fmt: skip
_MODULE = _Kind("_modules", (Registry,), Registry, "module", "module", "torch.nn.Module or None")
_BUFFER = _Kind("_buffers", (), Tensor, "buffer", "buffer", "torch.nn.Buffer, torch.Tensor or None")
_KINDS = (_PARAMETER, _MODULE, _BUFFER)
