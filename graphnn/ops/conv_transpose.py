"""Transposed convolution over lines, images and volumes: what a convolution's input gradient computes, and a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ir.types import TensorType
from graphnn.ops.conv import CONVOLUTIONS, TRAITS, WEIGHT_GRADS, bias_grad
from graphnn.ops.conv_binding import Types, input_grad_kernel, input_grad_scratch
from graphnn.ops.conv_types import Sizes, check_bias, check_floats, check_ranks, transposed_size, transposed_type
from graphnn.ops.op import Call, Op, register


def _infer(name: str, n: int) -> Any:
    def infer(
        x: TensorType,
        weight: TensorType,
        bias: TensorType | None = None,
        *,
        stride: Sizes = (1,) * n,
        padding: Sizes = (0,) * n,
        output_padding: Sizes = (0,) * n,
        groups: int = 1,
        dilation: Sizes = (1,) * n,
    ) -> TensorType:
        """Each element of (N, C, *spatial) times the kernels (C, O/groups, *kernel), added up: (N, O, *spatial)."""
        check_ranks(name, n, input=x, weight=weight)
        out = transposed_type(name, x, weight, stride, padding, output_padding, groups, dilation)
        check_floats(name, input=x, weight=weight, bias=bias)
        check_bias(name, weight, bias, out.shape[1])
        return out

    return infer


def _as_gradient(x: Any, weight: Any, attrs: Any) -> dict[str, Any]:
    """The attrs of the convolution whose input gradient this is."""
    rest = {name: value for name, value in attrs.items() if name != "output_padding"}
    sizes = (rest["stride"], rest["padding"], rest["dilation"], attrs["output_padding"])
    return {**rest, "size": transposed_size(x.shape[2:], weight.shape[2:], *sizes)}


def _scratch(x: TensorType, weight: TensorType, bias: TensorType | None = None, **attrs: Any) -> Types:
    return input_grad_scratch(x, weight, **_as_gradient(x, weight, attrs))


def _kernel(
    out: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *, scratch: Any, **attrs: Any
) -> list[Call]:
    calls = input_grad_kernel(out, x, weight, scratch=scratch, **_as_gradient(x, weight, attrs))
    shift = None if bias is None else bias.reshape(-1, *(1,) * (out.ndim - 2))
    return calls if shift is None else [*calls, (np.add, out, shift, out)]


def _grads(c: Any, g: Any, x: Any, weight: Any) -> tuple[Any, ...]:
    attrs = {name: value for name, value in c.attrs.items() if name != "output_padding"}
    kernel = c.types[1].shape[2:]
    n = len(kernel)
    return (
        CONVOLUTIONS[n](g, weight, **attrs) if c.want[0] else None,
        WEIGHT_GRADS[n](x, g, kernel_size=kernel, **attrs) if c.want[1] else None,
        bias_grad(g, n) if len(c.want) > 2 and c.want[2] else None,
    )[: len(c.want)]


def _conv_transpose(n: int) -> Op:
    name = f"conv_transpose{n}d"
    return register(
        Op(
            name,
            infer=_infer(name, n),
            numpy=_kernel,
            scratch=_scratch,
            vjp=_grads,
            grad_name="ConvolutionBackward0",
            traits=TRAITS if n == 2 else (),
            flops=lambda x, weight, bias=None, **attrs: 2 * x.size * weight.size // weight.shape[0],
        )
    )


conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_conv_transpose, (1, 2, 3))
