"""What users call their state: dotted names of the parameters, buffers and optimizer state a function can reach."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from graphnn.tensor.storage import Storage
from graphnn.tensor.tensor import Tensor

Names = dict[Storage, tuple[str, str]]


def names_of(function: Any) -> Names:
    """Storage -> (name, role) for the modules and optimizers that `function` refers to. Where only one module has
    any, its names stand alone (`conv1.weight`), otherwise they follow the variable (`net.conv1.weight`)."""
    reached = dict(reachable(function))
    modules = {n: o for n, o in reached.items() if hasattr(o, "named_parameters") and _has_state(o)}
    names: Names = {}
    for variable, module in modules.items():
        _name_module(names, module, f"{variable}." if len(modules) > 1 and variable else "")
    for variable, thing in reached.items():
        if hasattr(thing, "param_groups"):
            _name_optimizer(names, thing)
        elif isinstance(thing, Tensor):
            names.setdefault(thing._storage, (variable, "parameter" if thing.requires_grad else "state"))
    return names


def reachable(function: Any) -> Iterator[tuple[str, Any]]:
    """The objects that a callable refers to by name: itself when it is a module, else closure, globals, defaults, self."""
    if isinstance(function, functools.partial):
        yield from reachable(function.func)
        yield from _items({str(i): a for i, a in enumerate(function.args)} | function.keywords)
        return
    owner = getattr(function, "__self__", None)
    if hasattr(function, "named_parameters"):
        yield "", function
        return
    if owner is not None:
        yield "self" if not hasattr(owner, "named_parameters") else "", owner
        yield from _items(
            {k: v for k, v in getattr(owner, "__dict__", {}).items() if not hasattr(owner, "named_parameters")}
        )
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return
    yield from _items(_closure(function))
    yield from _items({n: function.__globals__[n] for n in code.co_names if n in function.__globals__})


def _closure(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if _is_set(cell)}


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that is bound later
        return False


def _items(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in variables.items():
        if isinstance(value, list | tuple):
            yield from ((f"{name}.{i}", v) for i, v in enumerate(value))
        else:
            yield name, value


def _has_state(module: Any) -> bool:
    return any(True for _ in module.named_parameters()) or any(True for _ in module.named_buffers())


def _name_module(names: Names, module: Any, prefix: str) -> None:
    for name, parameter in module.named_parameters():
        names.setdefault(parameter._storage, (prefix + name, "parameter"))
        gradient = parameter._grad
        if isinstance(gradient, Tensor):
            names.setdefault(gradient._storage, (f"{prefix}{name}.grad", "grad"))
    for name, buffer in module.named_buffers():
        names.setdefault(buffer._storage, (prefix + name, "buffer"))


def _name_optimizer(names: Names, optimizer: Any) -> None:
    """Its state is made first, where no step has made it yet, so that a step has one plan."""
    optimizer.prepare_all()
    for parameter, state in optimizer.state.items():
        owner = names.get(parameter._storage, ("param", ""))[0]
        for key, value in state.items():
            if isinstance(value, Tensor):
                names.setdefault(value._storage, (f"{owner}.{key}", "optimizer"))
