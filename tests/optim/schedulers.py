"""The table of schedulers, and running them in both libraries."""

import math
from types import SimpleNamespace

import pytest

from graphnn import nn, optim
from graphnn.tensor.creation import tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor)
EPOCHS = 50


class Halving:
    """A function that is an object."""

    def __init__(self, rate=0.5):
        self.rate = rate

    def __call__(self, epoch):
        return self.rate ** (epoch // 10)


def sequential(s, o):
    parts = [s.ConstantLR(o, factor=0.1, total_iters=5), s.ExponentialLR(o, gamma=0.9), s.CosineAnnealingLR(o, 7)]
    return s.SequentialLR(o, parts, milestones=[6, 20])


def nested(s, o):
    first = s.SequentialLR(o, [s.LinearLR(o, 0.2), s.StepLR(o, 3)], milestones=[4])
    return s.SequentialLR(o, [first, s.PolynomialLR(o, 8, 2.0)], milestones=[15])


SCHEDULERS = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR, from zero": lambda s, o: s.LambdaLR(o, lambda epoch: min(1.0, epoch / 10)),
    "LambdaLR, a group": lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (epoch + 1), Halving()]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95 if epoch % 2 else 0.9),
    "MultiplicativeLR, a group": lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 0.9, lambda epoch: 1.01]),
    "StepLR": lambda s, o: s.StepLR(o, 7),
    "StepLR, gamma": lambda s, o: s.StepLR(o, step_size=3, gamma=0.8),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [5, 20, 20, 33], gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR, options": lambda s, o: s.ConstantLR(o, factor=0.4, total_iters=12),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=20),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR, power": lambda s, o: s.PolynomialLR(o, total_iters=30, power=2.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 10),
    "CosineAnnealingLR, least": lambda s, o: s.CosineAnnealingLR(o, T_max=17, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 8),
    "CosineAnnealingWarmRestarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.02),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=6),
    "CyclicLR, triangular2": lambda s, o: s.CyclicLR(
        o, [0.01, 0.02], [0.1, 0.3], step_size_up=5, step_size_down=8, mode="triangular2", base_momentum=0.7
    ),
    "CyclicLR, exp_range": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, step_size_up=6, mode="exp_range", gamma=0.97, cycle_momentum=False
    ),
    "CyclicLR, a function": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, step_size_up=6, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=60),
    "OneCycleLR, three phases": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.2], epochs=6, steps_per_epoch=10, three_phase=True, anneal_strategy="linear", pct_start=0.25
    ),
    "OneCycleLR, factors": lambda s, o: s.OneCycleLR(
        o, 0.5, 55, div_factor=10.0, final_div_factor=100.0, cycle_momentum=False
    ),
    "SequentialLR": sequential,
    "SequentialLR, nested": nested,
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.2, 8), s.ExponentialLR(o, 0.95)], o),
    "ChainedScheduler, three": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o), s.MultiStepLR(o, [9, 22]), s.CosineAnnealingLR(o, 11)]
    ),
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, patience=2),
    "ReduceLROnPlateau, max": lambda s, o: s.ReduceLROnPlateau(
        o, "max", factor=0.5, patience=1, threshold=0.1, threshold_mode="abs", cooldown=3, min_lr=[0.01, 0.02]
    ),
    "ReduceLROnPlateau, abs": lambda s, o: s.ReduceLROnPlateau(o, patience=0, threshold=0.05, threshold_mode="abs"),
    "ReduceLROnPlateau, max, rel": lambda s, o: s.ReduceLROnPlateau(o, "max", patience=3, eps=1e-3),
    "LRScheduler": lambda s, o: of_ones_own(s.LRScheduler)(o),
    "_LRScheduler": lambda s, o: of_ones_own(s._LRScheduler)(o),
}


def of_ones_own(base):
    class Sawtooth(base):
        def get_lr(self):
            return [rate * (1 + self.last_epoch % 3) for rate in self.base_lrs]

    return Sawtooth


def make_optimizer(t, kind="SGD"):
    params = [t.nn.Parameter(t.tensor([1.0, -2.0])) for _ in range(2)]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(t.optim, kind)([{"params": params[:1]}, {"params": params[1:], "lr": 0.3}], lr=0.1, **options)
    for param in params:
        param.grad = t.tensor([0.5, 1.0])
    return optimizer


def measure(epoch):
    """A loss that falls, rests, and falls again."""
    return 1.0 / (1 + min(epoch, 12)) + 0.3 * math.cos(epoch / 4) * (epoch > 25)


def advance(scheduler, optimizer, epoch):
    optimizer.step()
    if "Plateau" in type(scheduler).__name__:
        scheduler.step(measure(epoch))
    else:
        scheduler.step()


def numbers(optimizer):
    names = ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr")
    return [[group.get(name) for name in names] for group in optimizer.param_groups]


def follow(t, name, kind="SGD", epochs=EPOCHS):
    optimizer = make_optimizer(t, kind)
    scheduler = SCHEDULERS[name](t.optim.lr_scheduler, optimizer)
    rates = [(numbers(optimizer), list(scheduler.get_last_lr()))]
    for epoch in range(epochs):
        advance(scheduler, optimizer, epoch)
        rates.append((numbers(optimizer), list(scheduler.get_last_lr())))
    return rates, scheduler, optimizer
