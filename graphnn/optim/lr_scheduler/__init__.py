"""Learning-rate schedulers, under PyTorch's names.

Enter at `base.py` (LRScheduler: counting epochs, writing rates into the optimizer's groups). A compiled training step reads
the rates at every run, so a scheduler is stepped outside of it and needs no new plan. `factors.py` has those that multiply,
`cosine.py`, `cycles.py`, `plateau.py` what their names say, `combined.py` those made of others.
"""

from graphnn.optim.lr_scheduler.base import LRScheduler, _LRScheduler
from graphnn.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from graphnn.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from graphnn.optim.lr_scheduler.cycles import CyclicLR, OneCycleLR
from graphnn.optim.lr_scheduler.factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from graphnn.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
]
