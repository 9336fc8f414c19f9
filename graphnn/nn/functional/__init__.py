"""Layers as functions. Arguments are brought to the ops' canonical form here (pairs, dimensions from 0, reductions by
name), then one op of `graphnn.ops` is applied: eagerly on tensors, into the graph while tracing."""

from graphnn.nn.functional.activation import log_softmax, relu, relu_, sigmoid, softmax, softmin, tanh
from graphnn.nn.functional.conv import conv2d, linear
from graphnn.nn.functional.dropout import dropout
from graphnn.nn.functional.loss import cross_entropy, l1_loss, mse_loss, nll_loss
from graphnn.nn.functional.normalization import batch_norm, normalize
from graphnn.nn.functional.padding import pad
from graphnn.nn.functional.pooling import avg_pool2d, max_pool2d, max_pool2d_with_indices
from graphnn.nn.functional.sparse import embedding, one_hot

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
