"""Instance normalisation of (N, C, ...): each channel of each sample by itself, or by running statistics.

By its own statistics it is group normalisation with a group a channel; by running ones it is batch normalisation in
evaluation. It is an op of its own so that graphs show it under its name.
"""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.batch_norm import batch_norm, batch_norm_grad
from graphnn.ops.group_norm import group_norm, group_norm_grad
from graphnn.ops.op import Call, Op, Types, register


def _infer(
    x: TensorType,
    running_mean: TensorType | None = None,
    running_var: TensorType | None = None,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    use_input_stats: bool = True,
    eps: float = 1e-5,
) -> Types:
    """(x - mean) / sqrt(var + eps) * weight + bias; with the means and factors."""
    if use_input_stats:
        return group_norm.infer(x, weight, bias, num_groups=max(1, x.shape[1]), eps=eps)  # type: ignore[no-any-return]
    if running_mean is None or running_var is None:
        raise ArgumentError("Expected running_mean and running_var to be defined when use_input_stats is false")
    return batch_norm.infer(x, running_mean, running_var, weight, bias, training=False, eps=eps)[:3]  # type: ignore[no-any-return]


def _kernel(
    outs: Any,
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    *,
    use_input_stats: bool,
    eps: float,
    scratch: Any,
) -> list[Call]:
    if use_input_stats:
        groups = max(1, x.shape[1])
        return group_norm.numpy(outs, x, weight, bias, num_groups=groups, eps=eps, scratch=scratch)  # type: ignore[misc]
    more = {"training": False, "momentum": 0.0, "eps": eps, "scratch": scratch}
    return batch_norm.numpy((*outs, None, None), x, running_mean, running_var, weight, bias, **more)  # type: ignore[misc]


def _scratch(x: TensorType, *rest: Any, use_input_stats: bool, eps: float) -> Types:
    if use_input_stats:
        return group_norm.scratch(x, num_groups=max(1, x.shape[1]), eps=eps)
    return batch_norm.scratch(x, *rest)


def _vjp(c: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any) -> Any:
    eps = c.attrs["eps"]
    if c.attrs["use_input_stats"]:
        groups = max(1, c.types[0].shape[1])
        found = group_norm_grad(g, x, weight, mean, rstd, num_groups=groups, eps=eps)
    else:
        found = batch_norm_grad(g, x, weight, mean, rstd, training=False, eps=eps)
    return (found[0], None, None, found[1], found[2])[: len(c.want)]


instance_norm = register(
    Op(
        "instance_norm",
        infer=_infer,
        numpy=_kernel,
        scratch=_scratch,
        outputs=("out", "mean", "rstd"),
        vjp=_vjp,
        grad_name="ViewBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)
