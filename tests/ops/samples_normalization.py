"""The rows of layer, RMS, group and instance normalisation and their gradients."""

import math
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, sample

LAYERS = (
    sample(floats(4, 5), floats(5), floats(5), normalized_shape=(5,)),
    sample(floats(2, 3, 4), normalized_shape=(3, 4)),
    sample(floats(2, 3, 4), floats(3, 4), normalized_shape=(3, 4), eps=0.1),
    sample(floats(2, 3), None, floats(3), normalized_shape=(3,), eps=0.1),
    sample(floats(5), floats(5), floats(5), normalized_shape=(5,)),
    sample(floats(4, 1), floats(1), floats(1), normalized_shape=(1,), eps=0.1),
    sample(floats(0, 5), floats(5), floats(5), normalized_shape=(5,)),
    sample(floats(900, 100), floats(100), floats(100), grad=False, normalized_shape=(100,)),  # several blocks
    sample(floats(2, 5, dtype="f8"), floats(5, dtype="f8"), floats(5, dtype="f8"), normalized_shape=(5,)),
    sample(floats(2, 5, dtype="f2"), floats(5, dtype="f2"), floats(5, dtype="f2"), grad=False, normalized_shape=(5,)),
)
GROUPS = (
    sample(floats(3, 4, 5), floats(4), floats(4), num_groups=2),
    sample(floats(2, 6, 2, 3), num_groups=3),
    sample(floats(2, 6, 2, 3), floats(6), num_groups=1, eps=0.1),
    sample(floats(2, 4, 3), None, floats(4), torch_grad=False, num_groups=4),  # at which PyTorch fails
    sample(floats(3, 4), floats(4), floats(4), num_groups=2),
    sample(floats(0, 4, 5), floats(4), floats(4), num_groups=2),
    sample(floats(60, 8, 9, 9), floats(8), floats(8), grad=False, num_groups=2),  # several blocks
    sample(floats(2, 4, 3, dtype="f8"), floats(4, dtype="f8"), floats(4, dtype="f8"), num_groups=2),
    sample(floats(2, 4, 3, dtype="f2"), floats(4, dtype="f2"), floats(4, dtype="f2"), grad=False, num_groups=2),
)


def without_bias(s: Sample) -> Sample:
    return sample(*s.args[:2], grad=s.grad, **s.attrs)


# ---- the oracles: PyTorch's forward, and statistics and gradients written out in float64


def seen(x: Any, attrs: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """x as rows, the shape of its statistics, and that of weights beside the rows."""
    if "num_groups" in attrs:
        n, c, groups = x.shape[0], x.shape[1], attrs["num_groups"]
        size = math.prod(x.shape[2:])
        return x.reshape(n, groups, c // groups, size), (n, groups), (groups, c // groups, 1)
    shape = attrs["normalized_shape"]
    lead = x.shape[: x.ndim - len(shape)]
    rows, numbers = math.prod(lead), math.prod(shape)
    return x.reshape(rows, 1, numbers, 1), (*lead, *(1,) * len(shape)), (1, numbers, 1)


def statistics(x: Any, eps: float, centred: bool) -> tuple[Any, Any]:
    mean = x.mean((2, 3), keepdim=True) if centred else 0.0
    return mean, (((x - mean) ** 2).mean((2, 3), keepdim=True) + eps).rsqrt()


def layer_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, **attrs: Any) -> Any:
    out = torch.nn.functional.layer_norm(x, attrs["normalized_shape"], weight, bias, eps)
    rows, shape, _ = seen(x.detach().double(), attrs)
    return out, *(s.reshape(shape).to(x.dtype) for s in statistics(rows, eps, True))


def rms_norm(x: Any, weight: Any = None, eps: float = 1e-5, **attrs: Any) -> Any:
    out = torch.nn.functional.rms_norm(x, attrs["normalized_shape"], weight, eps)
    rows, shape, _ = seen(x.detach().double(), attrs)
    return out, statistics(rows, eps, False)[1].reshape(shape).to(x.dtype)


def group_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, **attrs: Any) -> Any:
    out = torch.nn.functional.group_norm(x, attrs["num_groups"], weight, bias, eps)
    rows, shape, _ = seen(x.detach().double(), attrs)
    return out, *(s.reshape(shape).to(x.dtype) for s in statistics(rows, eps, True))


def instance_norm(
    x: Any, mean: Any = None, var: Any = None, weight: Any = None, bias: Any = None, use_input_stats: bool = True
) -> Any:
    mean, var = (None if s is None else s.detach() for s in (mean, var))
    out = torch.nn.functional.instance_norm(x, mean, var, weight, bias, use_input_stats)
    if not use_input_stats:
        return out, mean, (var + 1e-5).rsqrt()
    rows, shape, _ = seen(x.detach().double(), {"num_groups": x.shape[1]})
    return out, *(s.reshape(shape).to(x.dtype) for s in statistics(rows, 1e-5, True))


def gradients(g: Any, x: Any, weight: Any, eps: float, centred: bool, attrs: Any) -> tuple[Any, Any, Any]:
    dtype, whole = x.dtype, x.shape
    g, x = g.double(), x.double()
    (g, *_), (rows, _, along) = seen(g, attrs), seen(x, attrs)
    mean, rstd = statistics(rows, eps, centred)
    normal, scaled = (rows - mean) * rstd, g if weight is None else g * weight.double().reshape(along)
    found = scaled - normal * (scaled * normal).mean((2, 3), keepdim=True)
    found = found - scaled.mean((2, 3), keepdim=True) if centred else found
    shape = attrs.get("normalized_shape") or whole[1:2]
    vectors = ((g * normal).sum((0, 3)), g.sum((0, 3)))
    return (found * rstd).reshape(whole).to(dtype), *(v.reshape(shape).to(dtype) for v in vectors)


def centred_gradient(g: Any, x: Any, weight: Any, mean: Any, rstd: Any, eps: float = 1e-5, **attrs: Any) -> Any:
    return gradients(g, x, weight, eps, True, attrs)


def rms_gradient(g: Any, x: Any, weight: Any, rstd: Any, eps: float = 1e-5, **attrs: Any) -> Any:
    return gradients(g, x, weight, eps, False, attrs)[:2]


def grad_sample(s: Sample, centred: bool = True) -> Sample:
    """Finite differences know nothing of the statistics that are given beside x, so they are not taken."""
    x, weight, *_ = (*s.args, None)
    eps = s.attrs.get("eps", 1e-5)
    rows, shape, _ = seen(x.astype("f8"), s.attrs)
    mean = rows.mean((2, 3), keepdims=True) if centred else 0.0
    rstd = 1 / np.sqrt(((rows - mean) ** 2).mean((2, 3), keepdims=True) + eps)
    kept = (mean, rstd) if centred else (rstd,)
    given = [np.asarray(k).reshape(shape).astype(x.dtype) for k in kept]
    small = x.dtype != np.float16 and x.size < 1000
    g = floats(*x.shape, dtype=x.dtype.str, seed=6)
    return sample(g, x, weight, *given, grad=False, torch_grad=small, **s.attrs)


INSTANCES = (
    sample(floats(3, 4, 5), None, None, floats(4), floats(4)),
    sample(floats(3, 4, 5)),
    sample(floats(2, 3, 2, 4), None, None, floats(3)),
    sample(floats(3, 4, 5), floats(4), floats(4, low=0.5), floats(4), floats(4), grad=False, use_input_stats=False),
)
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 2e-5}

ROWS = (
    Row("layer_norm", LAYERS, torch=layer_norm, **CLOSE),
    Row("layer_norm_grad", tuple(map(grad_sample, LAYERS)), torch=centred_gradient, rtol=1e-3, atol=1e-3, named=False),
    Row("rms_norm", tuple(map(without_bias, LAYERS)), torch=rms_norm, named=False, **CLOSE),
    Row(
        "rms_norm_grad",
        tuple(grad_sample(without_bias(s), centred=False) for s in LAYERS),
        torch=rms_gradient,
        rtol=1e-3,
        atol=1e-3,
        named=False,
    ),
    Row("group_norm", GROUPS, torch=group_norm, **CLOSE),
    Row("group_norm_grad", tuple(map(grad_sample, GROUPS)), torch=centred_gradient, rtol=1e-3, atol=1e-3, named=False),
    Row("instance_norm", INSTANCES, torch=instance_norm, **CLOSE),
)
