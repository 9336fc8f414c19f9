"""Linear maps: dense, convolutional, and their transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.nn.functional.arguments import IntOrPair
from graphnn.nn.functional.padding import pad
from graphnn.ops import conv as convolutions
from graphnn.ops.conv_transpose import conv_transpose1d as conv_transpose1d_op
from graphnn.ops.conv_transpose import conv_transpose2d as conv_transpose2d_op
from graphnn.ops.conv_transpose import conv_transpose3d as conv_transpose3d_op
from graphnn.ops.matrix import linear as linear_op
from graphnn.ops.unfold import col2im, im2col
from graphnn.tensor.tensor import Tensor

Sizes = tuple[int, ...]
IntOrSizes = int | Sequence[int]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias."""
    return linear_op(input, weight, bias)  # type: ignore[no-any-return]


# ---- arguments


def sizes(value: Any, count: int, name: str) -> Sizes:
    """`count` ints from as many, or from one for all."""
    if isinstance(value, int):
        return (value,) * count
    found = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(found) not in (1, count) or not all(isinstance(item, int) for item in found):
        raise ArgumentTypeError(
            f"expected {name} to be a single integer value or {count} of them to match the convolution dimensions, "
            f"but got {name}={value!r}"
        )
    return found if len(found) == count else found * count


def _batched(name: str, input: Tensor, weight: Tensor, count: int) -> tuple[Tensor, bool]:
    """The input with a batch dimension, and whether it had to be added."""
    if weight.ndim != count + 2:
        raise ShapeError(f"{name}: expected a {count + 2}-dimensional weight, got one of size {list(weight.shape)}")
    if input.ndim not in (count + 1, count + 2):
        raise ShapeError(
            f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    return (input, False) if input.ndim == count + 2 else (input.unsqueeze(0), True)


# ---- convolution


def _pad_by_name(input: Tensor, name: str, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Tensor, Sizes]:
    """The symmetric padding for the op; what "same" has more at the far ends is added to the input here."""
    if name == "valid":
        return input, (0,) * len(kernel)
    if name != "same":
        raise ArgumentError(f"Invalid padding string: {name!r}, should be one of {{'valid', 'same'}}")
    if any(s != 1 for s in stride):
        raise ArgumentError("padding='same' is not supported for strided convolutions")
    total = tuple(d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    if any(t % 2 for t in total):
        input = pad(input, [edge for t in reversed(total) for edge in (0, t % 2)])
    return input, tuple(t // 2 for t in total)


def _conv(
    op: Any,
    count: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: IntOrSizes,
    padding: str | IntOrSizes,
    dilation: IntOrSizes,
    groups: int,
) -> Tensor:
    input, added = _batched(op.name, input, weight, count)
    stride, dilation = sizes(stride, count, "stride"), sizes(dilation, count, "dilation")
    if isinstance(padding, str):
        input, padding = _pad_by_name(input, padding, tuple(weight.shape[2:]), stride, dilation)
    edges = sizes(padding, count, "padding")
    out: Tensor = op(input, weight, bias, stride=stride, padding=edges, dilation=dilation, groups=groups)
    return out.squeeze(0) if added else out


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: str | IntOrSizes = 0,
    dilation: IntOrSizes = 1,
    groups: int = 1,
) -> Tensor:
    """Input (N, C, L) or (C, L), weight (O, C / groups, k); padding may be "same" or "valid"."""
    return _conv(convolutions.conv1d, 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: str | IntOrSizes = 0,
    dilation: IntOrSizes = 1,
    groups: int = 1,
) -> Tensor:
    """Input (N, C, H, W) or (C, H, W), weight (O, C / groups, kH, kW); padding may be "same" or "valid"."""
    return _conv(convolutions.conv2d, 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: str | IntOrSizes = 0,
    dilation: IntOrSizes = 1,
    groups: int = 1,
) -> Tensor:
    """Input (N, C, D, H, W) or (C, D, H, W), weight (O, C / groups, kD, kH, kW); padding may be "same" or "valid"."""
    return _conv(convolutions.conv3d, 3, input, weight, bias, stride, padding, dilation, groups)


# ---- transposed convolution


def _require_output_padding(output_padding: Sizes, stride: Sizes, dilation: Sizes) -> None:
    if min(output_padding) < 0:
        raise ArgumentError(f"negative output_padding is not supported, got {list(output_padding)}")
    if any(extra >= max(s, d) for extra, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise ArgumentError(
            "output padding must be smaller than either stride or dilation, but got output_padding: "
            f"{list(output_padding)}, stride: {list(stride)}, dilation: {list(dilation)}"
        )


def _conv_transpose(
    op: Any,
    count: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: IntOrSizes,
    padding: IntOrSizes,
    output_padding: IntOrSizes,
    groups: int,
    dilation: IntOrSizes,
) -> Tensor:
    input, added = _batched(op.name, input, weight, count)
    stride, dilation = sizes(stride, count, "stride"), sizes(dilation, count, "dilation")
    extra, edges = sizes(output_padding, count, "output_padding"), sizes(padding, count, "padding")
    _require_output_padding(extra, stride, dilation)
    more = [e // s if s > 0 else 0 for e, s in zip(extra, stride, strict=True)]
    if any(more):  # with dilation, output padding may go beyond a stride: as if zeros followed the input
        input = pad(input, [edge for m in reversed(more) for edge in (0, m)])
        extra = tuple(e - m * s for e, m, s in zip(extra, more, stride, strict=True))
    out: Tensor = op(
        input, weight, bias, stride=stride, padding=edges, output_padding=extra, groups=groups, dilation=dilation
    )
    return out.squeeze(0) if added else out


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: IntOrSizes = 0,
    output_padding: IntOrSizes = 0,
    groups: int = 1,
    dilation: IntOrSizes = 1,
) -> Tensor:
    """Input (N, C, L) or (C, L), weight (C, O / groups, k)."""
    given = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(conv_transpose1d_op, 1, input, weight, bias, *given)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: IntOrSizes = 0,
    output_padding: IntOrSizes = 0,
    groups: int = 1,
    dilation: IntOrSizes = 1,
) -> Tensor:
    """Input (N, C, H, W) or (C, H, W), weight (C, O / groups, kH, kW)."""
    given = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(conv_transpose2d_op, 2, input, weight, bias, *given)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrSizes = 1,
    padding: IntOrSizes = 0,
    output_padding: IntOrSizes = 0,
    groups: int = 1,
    dilation: IntOrSizes = 1,
) -> Tensor:
    """Input (N, C, D, H, W) or (C, D, H, W), weight (C, O / groups, kD, kH, kW)."""
    given = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose(conv_transpose3d_op, 3, input, weight, bias, *given)


# ---- columns


def _two(value: Any, name: str) -> Sizes:
    """Two ints from as many, or from one int for both."""
    found = (value, value) if isinstance(value, int) else tuple(value)
    if len(found) != 2:
        raise ArgumentError(f"It is expected {name} equals to 2, but got size {len(found)}")
    return found


def unfold(
    input: Tensor,
    kernel_size: IntOrPair,
    dilation: IntOrPair = 1,
    padding: IntOrPair = 0,
    stride: IntOrPair = 1,
) -> Tensor:
    """The sliding windows of (N, C, H, W) or (C, H, W) as columns: (N, C * kH * kW, places)."""
    given = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    return im2col(input, **{name: _two(value, name) for name, value in given.items()})  # type: ignore[no-any-return]


def fold(
    input: Tensor,
    output_size: IntOrPair,
    kernel_size: IntOrPair,
    dilation: IntOrPair = 1,
    padding: IntOrPair = 0,
    stride: IntOrPair = 1,
) -> Tensor:
    """Columns (N, C * kH * kW, places) added up at their windows' places: (N, C, *output_size)."""
    given = {
        "output_size": output_size,
        "kernel_size": kernel_size,
        "dilation": dilation,
        "padding": padding,
        "stride": stride,
    }
    return col2im(input, **{name: _two(value, name) for name, value in given.items()})  # type: ignore[no-any-return]
