"""The building blocks of networks, under PyTorch's names.

Enter at `module.py` (Module: calling, hooks, conversion, printing). It is made of `registry.py` (attributes that are
parameters, buffers and modules), `tree.py` (walking them), `state.py` (state_dict) and `hooks.py`. Layers are in files
by family; what they compute is in `functional`, what their parameters start with in `init.py`.
"""

from graphnn.nn import functional, init
from graphnn.nn.activation import (
    CELU,
    ELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmax2d,
    Softmin,
    Tanh,
    Threshold,
)
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
from graphnn.nn.shrinkage import GELU, GLU, Hardshrink, LogSigmoid, Softplus, Softshrink, Softsign, Tanhshrink
from graphnn.nn.sparse import Embedding

__all__ = [
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "CELU",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "L1Loss",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "PReLU",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Unflatten",
    "functional",
    "init",
]
