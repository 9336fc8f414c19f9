"""What all schedulers share: they count epochs and write learning rates into an optimizer's groups."""

from __future__ import annotations

import copy
import types
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, MissingRateError, TraceError, UnsupportedError
from graphnn.ops.op import builders
from graphnn.optim.optimizer import Optimizer
from graphnn.tensor.tensor import Tensor

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed form is "
    "used instead of the new chainable form, where available."
)
_ORDER_WARNING = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the opposite order: "
    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in skipping the first value of the "
    "learning rate schedule."
)
_OVERRIDDEN_WARNING = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make sure to "
    "call `optimizer.step()` before `lr_scheduler.step()`."
)


class LRScheduler:
    """Subclasses define `get_lr`, the rates of the epoch `last_epoch`, most often from those of the epoch before, so that
    schedulers can be chained and rates changed by hand. `_get_closed_form_lr`, where there is one, takes any epoch."""

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _kept(group["lr"]))
            elif "initial_lr" not in group:
                raise MissingRateError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= "
                    "0; load the optimizer's state_dict first, or start with last_epoch=-1"
                )
        self.base_lrs: list[float] = [_kept(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        optimizer.watch_steps()
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next epoch; call it after `optimizer.step()`."""
        refuse_in_trace()
        if self._step_count == 1:
            self._warn_of_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _warn_of_order(self) -> None:
        if getattr(self.optimizer.step, "__func__", None) is not type(self.optimizer).step:
            warnings.warn(_OVERRIDDEN_WARNING, UserWarning, stacklevel=3)
        elif not self.optimizer.stepped:
            warnings.warn(_ORDER_WARNING, UserWarning, stacklevel=3)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        with self._within_step():
            rates = self.get_lr() if closed is None else closed()
        self._write(rates)

    @contextmanager
    def _within_step(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _write(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            write_rate(group, rate)
        self._last_lr = self._current()

    def _current(self) -> list[Any]:
        """The groups' rates as they are."""
        return [_kept(group["lr"]) for group in self.optimizer.param_groups]

    def _times(self, factor: float) -> list[Any]:
        """The groups' rates times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, for `step`; for the last ones there is `get_last_lr`."""
        raise UnsupportedError(f"{type(self).__name__} defines no get_lr()")

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def get_last_lr(self) -> list[Any]:
        """The rates that were written last, a group each."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; functions are left out, objects that are called give their attributes."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.__dict__.update(state_dict)


class _LRScheduler(LRScheduler):
    """The older name."""


def checked_optimizer(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise ArgumentTypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def write_rate(group: MutableMapping[str, Any], rate: Any) -> None:
    """Puts the rate into the group; one that is a tensor is written in place."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def _kept(rate: Any) -> Any:
    """The rate as it is now."""
    return rate.clone() if isinstance(rate, Tensor) else rate


def refuse_in_trace() -> None:
    if builders.stack:
        raise TraceError(
            "a scheduler's step() is no part of a traced step, which reads learning rates at every run: call it outside"
        )


def one_a_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group: the same, or those of a list."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ArgumentError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, param_groups has "
            f"{count}."
        )
    return [copy.copy(v) for v in value]


def saved_callable(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """What a state_dict has of a function: nothing, or an object's attributes."""
    if function is None or isinstance(function, types.FunctionType):
        return None
    return dict(function.__dict__)
