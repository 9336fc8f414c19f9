"""The functions that tutorials reach as `torch.functional`: those of `graphnn.nn.functional`."""

from typing import Any

from graphnn.nn.functional import (
    avg_pool2d,
    batch_norm,
    conv2d,
    cross_entropy,
    dropout,
    embedding,
    l1_loss,
    linear,
    log_softmax,
    max_pool2d,
    max_pool2d_with_indices,
    mse_loss,
    nll_loss,
    normalize,
    one_hot,
    pad,
    relu,
    relu_,
    sigmoid,
    softmax,
    softmin,
    tanh,
)
from graphnn.tensor import functions

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "l1_loss",
    "linear",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_with_indices",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "relu",
    "relu_",
    "sigmoid",
    "softmax",
    "softmin",
    "tanh",
]


def __getattr__(name: str) -> Any:
    """What PyTorch has there: functions of tensors."""
    return getattr(functions, name)
