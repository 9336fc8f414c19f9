"""Optimizers, under PyTorch's names.

Enter at `optimizer.py` (what all share: groups of parameters, state, saving and loading); `groups.py` has the groups.
A step is written in tensor operations, so the same code runs eagerly and traces into the graph of a training step (LBFGS
is eager only). `terms.py` has what many of them share, `lr_scheduler` the schedulers. Of PyTorch's, Muon and SparseAdam are
not here.
"""

from graphnn.optim import lr_scheduler, swa_utils
from graphnn.optim.adadelta import Adadelta
from graphnn.optim.adafactor import Adafactor
from graphnn.optim.adagrad import Adagrad
from graphnn.optim.adam import Adam
from graphnn.optim.adamax import Adamax
from graphnn.optim.adamw import AdamW
from graphnn.optim.asgd import ASGD
from graphnn.optim.lbfgs import LBFGS
from graphnn.optim.nadam import NAdam
from graphnn.optim.optimizer import Optimizer
from graphnn.optim.radam import RAdam
from graphnn.optim.rmsprop import RMSprop
from graphnn.optim.rprop import Rprop
from graphnn.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
