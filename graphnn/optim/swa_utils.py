"""Averages of weights over training (Izmailov et al., "Averaging weights leads to wider optima and better generalization",
2018), and the scheduler that goes with them."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError
from graphnn.nn.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from graphnn.nn.module import Module
from graphnn.optim.lr_scheduler.base import LRScheduler, one_a_group
from graphnn.optim.optimizer import Optimizer
from graphnn.tensor.creation import tensor
from graphnn.tensor.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's; the first update copies them. Buffers are averaged
    too with `use_buffers`, and copied without."""

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Takes the model's numbers into the averages."""
        averages, numbers = self._averaged(self.module), self._averaged(model)
        if int(self.n_averaged.item()) == 0:
            for average, number in zip(averages, numbers, strict=True):
                average.copy_(number)
        elif self.avg_fn is None:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, numbers, self.n_averaged)
        else:
            for average, number in zip(averages, numbers, strict=True):
                average.copy_(self.avg_fn(average, number, self.n_averaged))
        if not self.use_buffers:
            for kept, given in zip(self.module.buffers(), model.buffers(), strict=True):
                kept.copy_(given)
        self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [t.detach() for t in itertools.chain(model.parameters(), buffers)]


def get_swa_avg_fn() -> Average:
    """The mean of all."""
    return no_grad()(lambda average, number, count: average + (number - average) / (count + 1))


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A running mean."""
    _check_decay(decay)
    return no_grad()(lambda average, number, count: decay * average + (1 - decay) * number)


def get_swa_multi_avg_fn() -> Averages:
    return _each(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    return _each(get_ema_avg_fn(decay))


def _each(average: Average) -> Averages:
    @no_grad()
    def update(averages: Sequence[Tensor], numbers: Sequence[Tensor], count: Any) -> None:
        for kept, number in zip(averages, numbers, strict=True):
            kept.copy_(average(kept, number, count))

    return update


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ArgumentError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Computes the statistics of batch norms anew, as means over a loader's batches (or the first parts of them)."""
    norms = [m for m in model.modules() if isinstance(m, BatchNorm1d | BatchNorm2d | BatchNorm3d)]
    if not norms:
        return
    before, momenta = model.training, [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    for batch in loader:
        given = batch[0] if isinstance(batch, list | tuple) else batch
        model(given if device is None else given.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(before)


class SWALR(LRScheduler):
    """Goes from each group's rate to `swa_lr` in `anneal_epochs` epochs, along half a cosine or a straight line."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for group, rate in zip(optimizer.param_groups, one_a_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ArgumentError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The start is told from the last rates, so that others may change them."""
        self._warn_outside_step()
        step = self._step_count - 1
        step = max(1, step) if self.anneal_epochs == 0 else step
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            last, aim = group["lr"], group["swa_lr"]
            start = aim if before == 1 else (last - before * aim) / (1 - before)
            rates.append(aim * now + start * (1 - now))
        return rates

    def _share(self, step: int) -> float:
        """How much of the way is gone."""
        passed = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * passed)) / 2 if self._anneal_strategy == "cos" else passed
