"""Batch normalisation in evaluation folded into the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from graphnn.errors import AssertedError
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.tensor.tensor import Tensor


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of the convolution that also does what the batch normalisation does in evaluation."""
    _check_eval(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def _check_eval(layer: Module, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertedError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertedError("Fusion wants a batch normalisation that has running statistics")


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution followed by a batch normalisation in evaluation."""
    scale, shift = _affine(conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return _parameter(conv_w * scale.reshape(shape), conv_w), _parameter(shift, conv_w if conv_b is None else conv_b)


def _affine(
    bias: Tensor | None, mean: Tensor, var: Tensor, eps: float, weight: Tensor | None, shift: Tensor | None
) -> tuple[Any, Any]:
    """What an output without bias is multiplied with, and what is added."""
    scale: Any = (var + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    centered: Any = -mean if bias is None else bias - mean
    return scale, centered * scale if shift is None else centered * scale + shift


def _parameter(found: Any, like: Tensor) -> Parameter:
    return Parameter(found.detach().to(like.dtype), like.requires_grad)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of the linear layer that also does what the batch normalisation does in evaluation."""
    _check_eval(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertedError("To fuse, linear.out_features == bn.num_features or bn.num_features == 1")
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer followed by a batch normalisation in evaluation."""
    scale, shift = _affine(linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    return _parameter(linear_w * scale.unsqueeze(-1), linear_w), _parameter(
        shift, linear_w if linear_b is None else linear_b
    )
