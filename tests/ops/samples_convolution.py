"""The rows of convolutions over lines, images and volumes, their gradients and transposes, and of columns."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample

F = torch.nn.functional
Samples = tuple[Sample, ...]

SAME = {"padding": (1, 1)}
STRIDED = {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 1)}

IMAGES: Samples = (
    sample(floats(2, 3, 6, 5), floats(4, 3, 3, 2), floats(4)),
    sample(floats(2, 3, 6, 5), floats(4, 3, 3, 2)),
    sample(floats(2, 4, 7, 9), floats(6, 2, 3, 2), floats(6), groups=2, **STRIDED),
    sample(floats(3, 4, 5, 5), floats(8, 1, 3, 3), floats(8), groups=4, **SAME),  # depthwise
    sample(floats(2, 4, 7, 6), floats(4, 1, 3, 2), floats(4), groups=4, **STRIDED),
    sample(floats(2, 4, 5, 4), floats(3, 4, 1, 1), floats(3)),  # nothing but products
    sample(floats(2, 2, 9, 9), floats(2, 2, 1, 1), floats(2), stride=(2, 2)),
    sample(floats(1, 1, 1, 1), floats(1, 1, 1, 1), floats(1)),
    sample(floats(0, 3, 6, 5), floats(4, 3, 3, 2), floats(4)),
    sample(floats(0, 4, 6, 5), floats(4, 2, 1, 1), floats(4), groups=2),
    sample(floats(70, 1, 7, 6), floats(2, 1, 2, 3), floats(2)),  # several blocks of samples
    sample(floats(1, 2, 40, 330), floats(2, 2, 3, 3), floats(2), grad=False),  # several blocks of rows
    sample(floats(2, 2, 4, 4, dtype="f8"), floats(3, 2, 3, 3, dtype="f8"), floats(3, dtype="f8"), **SAME),
    sample(floats(2, 2, 4, 4, dtype="f2"), floats(3, 2, 3, 3, dtype="f2"), floats(3, dtype="f2"), **SAME),
)
LINES: Samples = (
    sample(floats(2, 3, 9), floats(4, 3, 3), floats(4)),
    sample(floats(2, 3, 9), floats(4, 3, 2), padding=(1,)),
    sample(floats(2, 4, 11), floats(6, 2, 3), floats(6), stride=(2,), padding=(2,), dilation=(2,), groups=2),
    sample(floats(3, 4, 8), floats(4, 1, 3), floats(4), groups=4),
    sample(floats(2, 4, 5), floats(3, 4, 1), floats(3)),
    sample(floats(0, 3, 6), floats(4, 3, 3)),
    sample(floats(70, 1, 9, dtype="f8"), floats(2, 1, 3, dtype="f8")),
)
VOLUMES: Samples = (
    sample(floats(2, 3, 5, 6, 4), floats(4, 3, 3, 2, 3), floats(4)),
    sample(floats(2, 2, 4, 5, 6), floats(3, 2, 2, 2, 2), padding=(1, 0, 2)),
    sample(floats(1, 4, 6, 5, 7), floats(6, 2, 2, 3, 2), floats(6), stride=(2, 1, 3), dilation=(1, 2, 2), groups=2),
    sample(floats(2, 3, 3, 4, 2), floats(3, 1, 2, 2, 2), floats(3), groups=3, padding=(1, 1, 1)),
    sample(floats(2, 3, 3, 2, 2), floats(2, 3, 1, 1, 1), floats(2)),
    sample(floats(0, 3, 4, 4, 4), floats(2, 3, 3, 3, 3)),
    sample(
        floats(1, 8, 8, 20, 20), floats(2, 8, 3, 3, 3), floats(2), padding=(1, 1, 1), grad=False
    ),  # blocks of planes
    sample(floats(1, 8, 3, 70, 70), floats(2, 8, 3, 3, 3), floats(2), padding=(1, 1, 1), grad=False),  # blocks of rows
    sample(floats(1, 2, 3, 3, 3, dtype="f8"), floats(2, 2, 2, 2, 2, dtype="f8")),
)
INTEGERS: dict[int, Samples] = {
    1: (sample(ints(2, 3, 9), ints(4, 3, 3), ints(4)),),
    2: (sample(ints(2, 4, 6, 5), ints(6, 2, 3, 3), ints(6), groups=2, **SAME),),
    3: (sample(ints(1, 2, 3, 3, 3), ints(2, 2, 2, 2, 2)),),
}
CONVOLVED = {1: LINES, 2: IMAGES, 3: VOLUMES}


# ---- gradients


def output_of(x: np.ndarray, weight: np.ndarray, given: Sample) -> tuple[int, ...]:
    """The shape of a convolution's output."""
    count = x.ndim - 2
    usual = {"stride": (1,) * count, "padding": (0,) * count, "dilation": (1,) * count}
    stride, padding, dilation = (given.attrs.get(name, value) for name, value in usual.items())
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    return (x.shape[0], weight.shape[0], *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes))


def from_gradient(s: Sample, of_input: bool) -> Sample:
    x, weight = s.args[:2]
    g = floats(*output_of(x, weight, s), dtype=x.dtype.str, seed=3)
    if of_input:
        return sample(g, weight, grad=s.grad, size=x.shape[2:], **s.attrs)
    return sample(g, x, grad=s.grad, kernel_size=weight.shape[2:], **s.attrs)


def input_grad(g: Any, weight: Any, size: Any, groups: int = 1, **attrs: Any) -> Any:
    shape = (g.shape[0], weight.shape[1] * groups, *size)
    backward = getattr(torch.nn.grad, f"conv{len(size)}d_input")
    if g.element_size() == 2 and not g.requires_grad:  # PyTorch sums some of these in float16
        return backward(shape, weight.float(), g.float(), groups=groups, **attrs).to(g.dtype)
    return backward(shape, weight, g, groups=groups, **attrs)


def weight_grad(g: Any, x: Any, kernel_size: Any, groups: int = 1, **attrs: Any) -> Any:
    shape = (g.shape[1], x.shape[1] // groups, *kernel_size)
    backward = getattr(torch.nn.grad, f"conv{len(kernel_size)}d_weight")
    return backward(x, shape, g, groups=groups, **attrs)


def rows(n: int, convolve: Any) -> tuple[Row, ...]:
    of_input = tuple(from_gradient(s, True) for s in CONVOLVED[n])
    of_weight = tuple(from_gradient(s, False) for s in CONVOLVED[n])
    many = from_gradient(sample(floats(9, 6, 9, 7), floats(4, 6, 3, 3)), True)
    return (
        Row(f"conv{n}d", CONVOLVED[n] + INTEGERS[n], torch=convolve, rtol=1e-5, atol=1e-5),
        Row(f"conv{n}d_input_grad", of_input + (many,) * (n == 2), torch=input_grad, rtol=1e-5, atol=1e-5),
        Row(f"conv{n}d_weight_grad", of_weight, torch=weight_grad, rtol=1e-5, atol=2e-3),  # many products, or float16
    )


# ---- transposed convolution

TRANSPOSED: dict[int, Samples] = {
    1: (
        sample(floats(2, 3, 5), floats(3, 4, 3), floats(4)),
        sample(floats(2, 4, 5), floats(4, 3, 2), stride=(3,), padding=(1,), output_padding=(2,), groups=2),
    ),
    2: (
        sample(floats(2, 3, 5, 4), floats(3, 4, 3, 2), floats(4)),
        sample(floats(2, 3, 5, 4), floats(3, 4, 2, 2), floats(4), stride=(2, 2)),
        sample(floats(2, 4, 3, 4), floats(4, 3, 3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2),
        sample(floats(2, 4, 3, 4), floats(4, 3, 3, 2), floats(12), dilation=(2, 1), padding=(0, 1), groups=4),
        sample(floats(2, 4, 3, 3), floats(4, 2, 1, 1), floats(2)),
        sample(floats(0, 3, 5, 4), floats(3, 4, 3, 2), floats(4)),
        sample(floats(40, 2, 5, 4, dtype="f8"), floats(2, 3, 3, 3, dtype="f8"), floats(3, dtype="f8"), stride=(2, 1)),
    ),
    3: (
        sample(floats(2, 3, 2, 3, 4), floats(3, 4, 2, 2, 3), floats(4)),
        sample(
            floats(1, 4, 3, 2, 3),
            floats(4, 1, 2, 3, 2),
            floats(2),
            stride=(2, 1, 3),
            padding=(0, 1, 1),
            output_padding=(1, 0, 2),
            groups=2,
        ),
    ),
}


# ---- columns

COLUMNS: Samples = (
    sample(floats(2, 3, 5, 6), kernel_size=(2, 3)),
    sample(floats(3, 5, 6), kernel_size=(2, 2), stride=(2, 1)),
    sample(floats(2, 1, 5, 6), kernel_size=(3, 2), stride=(2, 3), padding=(1, 2), dilation=(2, 1)),
    sample(floats(0, 1, 5, 6), kernel_size=(2, 2), padding=(1, 1)),
    sample(floats(1, 1, 1, 1, dtype="f8"), kernel_size=(1, 1)),
)


def folded(s: Sample) -> Sample:
    from graphnn import ops

    shape = ops.im2col(*s.args, **s.attrs).shape
    return sample(floats(*shape, dtype=s.args[0].dtype.str), output_size=s.args[0].shape[-2:], **s.attrs)


def relu_after(x: Any, weight: Any, bias: Any = None, **attrs: Any) -> Any:
    return F.conv2d(x, weight, bias, **attrs).relu()


ROWS: tuple[Row, ...] = (
    *rows(1, F.conv1d),
    *rows(2, F.conv2d),
    *rows(3, F.conv3d),
    Row("conv2d_relu", IMAGES, torch=relu_after, rtol=1e-5, atol=1e-5, named=False),
    Row("conv_transpose1d", TRANSPOSED[1], torch=F.conv_transpose1d, rtol=1e-5, atol=1e-5),
    Row("conv_transpose2d", TRANSPOSED[2], torch=F.conv_transpose2d, rtol=1e-5, atol=1e-5),
    Row("conv_transpose3d", TRANSPOSED[3], torch=F.conv_transpose3d, rtol=1e-5, atol=1e-5),
    Row("im2col", COLUMNS, torch=F.unfold),
    Row("col2im", tuple(map(folded, COLUMNS)), torch=F.fold),
)
