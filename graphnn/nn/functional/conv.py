"""Linear maps: dense and convolutional."""

from __future__ import annotations

from graphnn.errors import ArgumentError
from graphnn.nn.functional.arguments import IntOrPair, batched, pair
from graphnn.nn.functional.padding import pad
from graphnn.ops.conv import conv2d as conv2d_op
from graphnn.ops.matrix import linear as linear_op
from graphnn.tensor.tensor import Tensor


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias."""
    return linear_op(input, weight, bias)  # type: ignore[no-any-return]


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: str | IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """Input (N, C, H, W) or (C, H, W), weight (O, C / groups, kH, kW); padding may be "same" or "valid"."""
    input, added = batched(input, "conv2d")
    stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
    if isinstance(padding, str):
        input, padding = _pad_by_name(input, padding, tuple(weight.shape[2:]), stride, dilation)
    out: Tensor = conv2d_op(
        input, weight, bias, stride=stride, padding=pair(padding, "padding"), dilation=dilation, groups=groups
    )
    return out.squeeze(0) if added else out


def _pad_by_name(
    input: Tensor, name: str, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[Tensor, tuple[int, int]]:
    """The symmetric padding for the op; what "same" has more on the right and below is added to the input here."""
    if name == "valid":
        return input, (0, 0)
    if name != "same":
        raise ArgumentError(f"Invalid padding string {name!r}, should be one of {{'valid', 'same'}}")
    if stride != (1, 1):
        raise ArgumentError("padding='same' is not supported for strided convolutions")
    total = tuple(d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    if any(t % 2 for t in total):
        input = pad(input, (0, total[1] % 2, 0, total[0] % 2))
    return input, (total[0] // 2, total[1] // 2)
