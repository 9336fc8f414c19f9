"""Optimizers, under PyTorch's names.

Enter at `optimizer.py` (what all share: groups of parameters, state, saving and loading); `groups.py` has the groups.
A step is written in tensor operations, so the same code runs eagerly and traces into the graph of a training step.
"""

from graphnn.optim.adam import Adam
from graphnn.optim.optimizer import Optimizer
from graphnn.optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
