"""The building blocks of networks, under PyTorch's names.

Enter at `module.py` (Module: calling, hooks, conversion, printing). It is made of `registry.py` (attributes that are
parameters, buffers and modules), `tree.py` (walking them), `state.py` (state_dict) and `hooks.py`. Layers are in files
by family; what they compute is in `functional`, what their parameters start with in `init.py`.
"""

from graphnn.nn import functional, init
from graphnn.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from graphnn.nn.batchnorm import BatchNorm1d, BatchNorm2d
from graphnn.nn.containers import ModuleDict, ModuleList, Sequential
from graphnn.nn.conv import Conv2d
from graphnn.nn.dropout import Dropout
from graphnn.nn.linear import Flatten, Identity, Linear, Unflatten
from graphnn.nn.loss import CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.nn.parameter_containers import ParameterDict, ParameterList
from graphnn.nn.pooling import AvgPool2d, MaxPool2d
from graphnn.nn.sparse import Embedding

__all__ = [
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "L1Loss",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
]
