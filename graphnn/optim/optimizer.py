"""What all optimizers share: groups of parameters, state by parameter, saving, loading and printing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from graphnn.autodiff.modes import enable_grad, no_grad
from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ir import dtypes, epoch
from graphnn.ops.op import builders
from graphnn.optim.groups import ParamGroup, make_group, make_listed_groups, shape_of
from graphnn.tensor.tensor import Tensor
from graphnn.tensor.zero_grad import clear_grad

State = dict[str, Any]


class Optimizer:
    """Subclasses define `update`, which moves one parameter, and `defaults`, the hyper-parameters with their values.

    `state` maps each parameter to its tensors by name; they come into being at the parameter's first step, eager or
    traced, and are the same objects from then on.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.stepped = False
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.param_groups: list[ParamGroup] = []
        for group in make_listed_groups(params):
            self.add_param_group(group)

    def __setattr__(self, name: str, value: Any) -> None:
        epoch.bump()
        super().__setattr__(name, value)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimizes further parameters too; hyper-parameters that the group does not give are the defaults."""
        group = make_group(param_group, self.defaults)
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            raise ArgumentError(_names_differ("param_names" in group))
        taken = {id(param) for other in self.param_groups for param in other["params"]}
        if any(id(param) in taken for param in group["params"]):
            raise ArgumentError("some parameters appear in more than one parameter group")
        epoch.bump()
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters, or fills them with zeros."""
        for _, param in self._params():
            clear_grad(param, set_to_none)

    # ---- steps

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Moves every parameter that has a gradient; `closure`, when given, computes the loss first and is returned."""
        if not self.stepped:
            self.stepped = True
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group, param in self._params():
                if param.grad is not None:
                    self.update(group, param, param.grad)
        return loss

    def watch_steps(self) -> None:
        """Lets a scheduler know, in `stepped`, whether a step has been made since the first of them came."""
        if not hasattr(self, "watched"):
            self.watched = True
            self.stepped = False

    def update(self, group: ParamGroup, param: Tensor, grad: Tensor) -> None:
        """Moves one parameter."""
        raise UnsupportedError(f"{type(self).__name__} defines no update(group, param, grad)")

    def prepare(self, group: ParamGroup, param: Tensor) -> None:
        """Makes the state of one parameter as it is before its first step."""

    def prepare_all(self) -> None:
        """Makes the state that is not there yet, of every parameter that wants gradients, for a trace to name."""
        for group, param in self._params():
            if param.requires_grad:
                self.prepare(group, param)

    def structure(self) -> tuple[Any, ...]:
        """What a traced step has baked in besides tensors: groups, flags, and which hyper-parameters are zero."""
        return tuple(
            (tuple(map(id, group["params"])), tuple((k, shape_of(v, k)) for k, v in group.items() if k != "params"))
            for group in self.param_groups
        )

    def _params(self) -> Iterator[tuple[ParamGroup, Tensor]]:
        return ((group, param) for group in self.param_groups for param in group["params"])

    # ---- saving and loading

    def state_dict(self) -> dict[str, Any]:
        """State and groups, with parameters named by their positions; the tensors are the optimizer's own."""
        positions = {param: i for i, (_, param) in enumerate(self._params())}
        return {
            "state": {positions.get(param, param): dict(state) for param, state in self.state.items()},
            "param_groups": [
                {**_without_params(group), "params": [positions[param] for param in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Takes over hyper-parameters and state; tensors that are there already are written in place."""
        saved = state_dict["param_groups"]
        _check_loadable(self.param_groups, saved)
        indices = [index for group in saved for index in group["params"]]
        for group, found in zip(self.param_groups, saved, strict=True):
            group.update(_without_params(found))
        epoch.bump()
        for index, (_, param) in zip(indices, self._params(), strict=True):
            _load_state(self.state, param, state_dict["state"].get(index))

    # ---- printing

    def __repr__(self) -> str:
        groups = "".join(
            f"\nParameter Group {i}\n"
            + "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            for i, group in enumerate(self.param_groups)
        )
        return f"{type(self).__name__} ({groups})"


def _names_differ(named: bool) -> str:
    return (
        "all optimizer param groups should be with/without names. cannot add param group "
        f"{'with' if named else 'without'} names to the optimizer"
    )


def fresh(param: Tensor) -> Tensor:
    """Zeros like the parameter: memory that stays, also when the first step is a traced one."""
    return Tensor.of_array(np.zeros(param.tensor_type.shape, param.dtype.numpy))


def fresh_count(dtype: dtypes.DType = dtypes.float32) -> Tensor:
    """A zero that steps count in."""
    return Tensor.of_array(np.zeros((), dtype.numpy))


def as_number(count: Tensor) -> Any:
    """The count for arithmetic: a Python number in eager code, a float64 tensor while tracing."""
    return count.to(dtypes.float64) if builders.stack else count.item()


def _without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "params"}


def _check_loadable(groups: list[ParamGroup], saved: list[Mapping[str, Any]]) -> None:
    if len(groups) != len(saved):
        raise ArgumentError("loaded state dict has a different number of parameter groups")
    if any(len(group["params"]) != len(found["params"]) for group, found in zip(groups, saved, strict=True)):
        raise ArgumentError(
            "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
        )


@no_grad()
def _load_state(states: defaultdict[Tensor, State], param: Tensor, saved: State | None) -> None:
    if saved is None:
        states.pop(param, None)
        return
    state = states[param]
    for name in state.keys() - saved.keys():
        del state[name]
    for name, value in saved.items():
        state[name] = _loaded(name, value, state.get(name), param)


def _loaded(name: str, value: Any, present: Any, param: Tensor) -> Any:
    """The saved value: counts as they are, other tensors in the parameter's dtype."""
    if not isinstance(value, Tensor):
        return fresh_count().fill_(value) if name == "step" else value
    dtype = param.dtype if name != "step" and param.dtype.is_floating_point else value.dtype
    if isinstance(present, Tensor) and present.shape == value.shape and present.dtype is dtype:
        return present.copy_(value)
    return value.detach().to(dtype).clone()
