"""The rows of the layers' ops: pooling, normalisation, losses, dropout, embedding."""

import math
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample

F = torch.nn.functional
NAN, INF = np.nan, np.inf


# ---- pooling

PAIRS = {"kernel_size": (2, 2), "stride": (2, 2)}
OVERLAPPING = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)}
DILATED = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0), "dilation": (2, 2)}


def distinct(*shape: int, dtype: str = "f4") -> np.ndarray:
    """Numbers far enough apart that finite differences do not swap them."""
    return np.random.default_rng(shape).permutation(math.prod(shape)).reshape(shape).astype(dtype) / 8


def nan_images() -> np.ndarray:
    x = np.round(floats(3, 2, 6, 6)).astype("f4")
    x[np.random.default_rng(0).random(x.shape) < 0.2] = NAN
    return x


POOLED = (
    sample(distinct(2, 3, 6, 8), **PAIRS),
    sample(distinct(2, 3, 7, 5), **OVERLAPPING),
    sample(distinct(2, 3, 7, 5), ceil_mode=True, **OVERLAPPING),
    sample(distinct(3, 5, 4), **PAIRS),
    sample(distinct(1, 1, 5, 5), ceil_mode=True, **PAIRS),
    sample(distinct(1, 1, 1, 1), kernel_size=(1, 1), stride=(1, 1)),
    sample(distinct(0, 2, 4, 4), **PAIRS),
    sample(distinct(2, 2, 4, 4), kernel_size=(4, 4), stride=(4, 4)),
    sample(distinct(40, 4, 40, 40), grad=False, torch_grad=False, **PAIRS),  # several blocks
    sample(distinct(2, 2, 5, 5, dtype="f8"), kernel_size=(3, 3), stride=(1, 1)),
    sample(distinct(2, 2, 4, 4, dtype="f2"), **PAIRS),
)
MAX_POOLED = (
    *POOLED,
    sample(distinct(2, 2, 8, 9), **DILATED),
    sample(nan_images(), grad=False, **PAIRS),
    sample(nan_images(), grad=False, **OVERLAPPING),
    sample(np.round(floats(2, 2, 6, 6)).astype("f4"), grad=False, **PAIRS),  # ties
    sample(np.full((1, 1, 4, 4), -INF, "f4"), grad=False, **OVERLAPPING),
    sample(distinct(1, 2, 300, 3), kernel_size=(150, 2), stride=(40, 1), grad=False),  # distances beyond a byte
    sample(ints(2, 2, 5, 5), **OVERLAPPING),
)
FLAT = np.array([[[[0, 3], [9, 9]]], [[[15, 15], [2, 1]]]])
AVERAGED = (
    *POOLED,
    sample(floats(2, 2, 5, 5), count_include_pad=False, **OVERLAPPING),
    sample(floats(2, 2, 6, 5), count_include_pad=False, ceil_mode=True, **OVERLAPPING),
    sample(floats(2, 2, 5, 5), divisor_override=-3, **OVERLAPPING),
    sample(nan_images(), grad=False, **OVERLAPPING),
)


def scatter_max(g: Any, indices: Any, size: Any, disjoint: bool = False) -> Any:
    flat = torch.zeros((*g.shape[:-2], size[0] * size[1]), dtype=g.dtype)
    return flat.scatter_add(-1, indices.flatten(-2), g.flatten(-2)).reshape(*g.shape[:-2], *size)


def avg_sample(s: Sample) -> Sample:
    from graphnn import ops

    out = ops.avg_pool2d(*s.args, **s.attrs)
    return sample(
        floats(*out.shape, dtype=out.dtype.str),
        grad=s.grad,
        torch_grad=s.torch_grad,
        size=s.args[0].shape[-2:],
        **s.attrs,
    )


def avg_grad(
    g: Any,
    size: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    x = torch.zeros((*g.shape[:-2], *size), dtype=g.dtype)
    return torch.ops.aten.avg_pool2d_backward(
        g, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


POOLING = (
    Row("max_pool2d", MAX_POOLED, torch=lambda x, **attrs: F.max_pool2d(x, return_indices=True, **attrs)),
    Row(
        "max_pool2d_grad",
        (
            sample(floats(2, 1, 2, 2), FLAT, size=(4, 4)),
            sample(floats(1, 2, 2), FLAT[0], size=(4, 4)),
            sample(floats(1, 1, 1, 2), FLAT[:1, :, :1], size=(4, 4), disjoint=True),
            sample(floats(0, 1, 2, 2), FLAT[:0], size=(4, 4)),
            sample(floats(2, 1, 2, 2, dtype="f2"), FLAT, size=(4, 4)),
        ),
        torch=scatter_max,
        named=False,
    ),
    Row("avg_pool2d", AVERAGED, torch=F.avg_pool2d),
    Row("avg_pool2d_grad", tuple(map(avg_sample, AVERAGED)), torch=avg_grad),
)


# ---- softmax

LINES = (
    sample(floats(3, 5), dim=1),
    sample(floats(3, 5), dim=0),
    sample(floats(2, 3, 4, low=-1e3, high=1e3), dim=1),
    sample(floats(), dim=0),
    sample(floats(1, 1), dim=1),
    sample(floats(0, 3), dim=1),
    sample(floats(3, 0), dim=1),
    sample(floats(2, 3, dtype="f8"), dim=0),
    sample(floats(2, 3, dtype="f2"), dim=1),
    sample(
        np.array([[0, -INF, 1], [-INF, -INF, -INF], [INF, 0, 0], [NAN, 0, 0]], "f4"),
        dim=1,
        grad=False,
        torch_grad=False,
    ),
)


def line_grads(make: Any) -> tuple[Sample, ...]:
    kept = (s for s in LINES if s.torch_grad and s.args[0].dtype != np.float16)  # PyTorch sums those in float32
    return tuple(
        sample(floats(*s.args[0].shape, dtype=s.args[0].dtype.str, seed=4), make(s.args[0], s.attrs["dim"]), **s.attrs)
        for s in kept
    )


def softmax_of(x: np.ndarray, dim: int) -> np.ndarray:
    shifted = np.exp(x.astype("f8") - x.max(initial=-INF, axis=dim, keepdims=True)) if x.ndim else np.ones(())
    return (shifted / shifted.sum(axis=dim, keepdims=True) if x.ndim else shifted).astype(x.dtype)


SOFTMAX = (
    Row("softmax", LINES, torch=F.softmax),
    Row("log_softmax", LINES, torch=F.log_softmax, atol=1e-6),
    Row(
        "softmax_grad",
        line_grads(softmax_of),
        torch=lambda g, out, dim: torch.ops.aten._softmax_backward_data(g, out, dim, out.dtype),
    ),
    Row(
        "log_softmax_grad",
        line_grads(lambda x, dim: np.asarray(np.log(np.maximum(softmax_of(x, dim), 1e-3)), x.dtype)),
        torch=lambda g, out, dim: torch.ops.aten._log_softmax_backward_data(g, out, dim, out.dtype),
        atol=1e-6,
    ),
)


# ---- losses

LOGITS, CLASSES = floats(4, 5), np.array([0, 4, 2, 2])
IGNORING = np.array([0, -100, 2, 2])
IMAGES, PIXELS = floats(2, 3, 2, 4), ints(2, 2, 4, low=0, high=3)
WEIGHT = floats(5, low=0.5)
REDUCTIONS = ("mean", "sum", "none")

OVER_CLASSES = (  # to class weights no gradients flow
    *(sample(LOGITS, CLASSES, reduction=r) for r in REDUCTIONS),
    *(sample(LOGITS, IGNORING, reduction=r) for r in REDUCTIONS),
    *(sample(LOGITS, IGNORING, WEIGHT, reduction=r, grad=False) for r in REDUCTIONS),
    *(sample(IMAGES, PIXELS, reduction=r, ignore_index=1) for r in REDUCTIONS),
    *(sample(IMAGES, PIXELS, floats(3, low=0.5), reduction=r, ignore_index=1, grad=False) for r in REDUCTIONS),
    sample(floats(4, 3, 2), ints(4, 2, low=0, high=3)),
    sample(floats(5), np.array(3)),
    sample(floats(5), np.array(-100), reduction="sum"),
    sample(floats(0, 5), ints(0, low=0)),
    sample(floats(0, 5), ints(0, low=0), reduction="sum"),
    sample(LOGITS, np.full(4, -100), grad=False),
    sample(LOGITS, CLASSES.astype("u1")),
    sample(floats(4, 5, dtype="f8"), CLASSES, WEIGHT.astype("f8"), grad=False),
    sample(floats(4, 5, dtype="f2"), CLASSES),
)
PROBABILITIES = softmax_of(floats(4, 5, seed=2), 1)
SMOOTHED = (
    *(sample(LOGITS, IGNORING, reduction=r, label_smoothing=0.2) for r in REDUCTIONS),
    *(sample(LOGITS, IGNORING, WEIGHT, reduction=r, label_smoothing=0.2, grad=False) for r in REDUCTIONS),
    sample(IMAGES, PIXELS, reduction="none", label_smoothing=0.1),
    sample(LOGITS, PROBABILITIES, WEIGHT, label_smoothing=0.1, grad=False),
    *(sample(LOGITS, PROBABILITIES, reduction=r) for r in REDUCTIONS),
    sample(IMAGES, softmax_of(floats(2, 3, 2, 4, seed=2), 1), floats(3, low=0.5), reduction="none", grad=False),
    sample(floats(5), PROBABILITIES[0], reduction="sum"),
)


def total_weight(x: Any, target: Any, weight: Any, ignore_index: int) -> Any:
    """The sum of the weights of the samples that count."""
    if target.is_floating_point():
        return torch.tensor(float(x.numel() // x.shape[min(1, x.ndim - 1)]), dtype=x.dtype)
    counted = target.long()[target != ignore_index]
    weights = torch.ones(counted.shape, dtype=x.dtype) if weight is None else weight.detach()[counted]
    return weights.sum()


def cross_entropy(x: Any, target: Any, weight: Any = None, ignore_index: int = -100, **attrs: Any) -> Any:
    weight = None if weight is None else weight.detach()
    loss = F.cross_entropy(x, target, weight, ignore_index=ignore_index, **attrs)
    return loss, F.log_softmax(x, min(1, x.ndim - 1)), total_weight(x, target, weight, ignore_index)


def nll_loss(x: Any, target: Any, weight: Any = None, ignore_index: int = -100, **attrs: Any) -> Any:
    weight = None if weight is None else weight.detach()
    loss = F.nll_loss(x, target, weight, ignore_index=ignore_index, **attrs)
    return loss, total_weight(x, target, weight, ignore_index)


def loss_grad(s: Sample, of_logits: bool) -> Sample:
    """A sample for the gradient op of a loss, from one for the loss."""
    x, target, weight = (*s.args, None)[:3]
    dim, ignored = min(1, x.ndim - 1), s.attrs.get("ignore_index", -100)
    attrs: dict[str, Any] = {name: s.attrs[name] for name in ("reduction", "ignore_index") if name in s.attrs}
    shape = target.shape if attrs.get("reduction") == "none" else ()
    kept = target[target != ignored]
    total = np.array(kept.size if weight is None else weight[kept].sum(), x.dtype)
    given = (target, weight, total)
    g = floats(*shape, dtype=x.dtype.str, seed=5)
    if of_logits:
        log_probs = np.asarray(np.log(np.maximum(softmax_of(x, dim), 1e-3)), x.dtype)
        return sample(g, log_probs, *given, grad=kept.size > 0, **attrs)
    constant = weight is None and attrs.get("reduction", "mean") != "mean"  # as weights and totals are to this op
    return sample(g, *given, grad=constant, torch_grad=constant, classes=x.shape[dim], **attrs)


def nll_grad(
    g: Any, target: Any, weight: Any, total: Any, classes: int, reduction: str = "mean", ignore_index: int = -100
) -> Any:
    """The gradient, written out."""
    x = torch.zeros((*target.shape[:1], classes, *target.shape[1:]), dtype=g.dtype)
    dim, counts = min(1, x.ndim - 1), target != ignore_index
    safe = torch.where(counts, target.long(), torch.zeros_like(target).long())
    weights = torch.ones_like(safe, dtype=g.dtype) if weight is None else weight[safe]
    share = (g / total if reduction == "mean" else g) * weights
    share = torch.where(counts, share, torch.zeros_like(share))
    return x.scatter_add(dim, safe.unsqueeze(dim), -share.unsqueeze(dim))


def cross_entropy_grad(g: Any, log_probs: Any, target: Any, weight: Any, total: Any, **attrs: Any) -> Any:
    dim = min(1, log_probs.ndim - 1)
    picked = nll_grad(g, target, weight, total, classes=log_probs.shape[dim], **attrs)
    return picked - log_probs.exp() * picked.sum(dim, keepdim=True)


SQUARES = (
    *(sample(floats(3, 4), floats(3, 4, seed=1), reduction=r) for r in REDUCTIONS),
    sample(floats(), floats(seed=1)),
    sample(floats(0), floats(0), reduction="sum"),
    sample(floats(2, 3, dtype="f8"), floats(2, 3, seed=1)),
    sample(floats(2, 3, dtype="f2"), floats(2, 3, dtype="f2", seed=1), reduction="none"),
    sample(np.array([NAN, INF, 1.0], "f4"), np.array([1.0, INF, 2.0], "f4"), reduction="none", grad=False),
)

LOSSES = (
    Row("mse_loss", SQUARES, torch=F.mse_loss),
    Row("nll_loss", OVER_CLASSES, torch=nll_loss),
    Row("nll_loss_grad", tuple(loss_grad(s, False) for s in OVER_CLASSES), torch=nll_grad, named=False),
    Row("cross_entropy", (*OVER_CLASSES, *SMOOTHED), torch=cross_entropy, rtol=5e-6, atol=2e-6),
    Row(
        "cross_entropy_grad",
        tuple(loss_grad(s, True) for s in OVER_CLASSES),
        torch=cross_entropy_grad,
        rtol=5e-6,
        atol=1e-6,
        named=False,
    ),
)


# ---- batch normalisation


def norm_sample(
    *shape: int, weighted: bool = True, running: bool = True, dtype: str = "f4", torch_grad: bool = True, **attrs: Any
) -> Sample:
    channels = shape[1]
    state = (floats(channels, dtype=dtype), floats(channels, low=0.5, dtype=dtype, seed=1)) if running else (None, None)
    affine = (
        (floats(channels, dtype=dtype, seed=2), floats(channels, dtype=dtype, seed=3)) if weighted else (None, None)
    )
    smooth = not running  # to the running statistics no gradients flow
    return sample(floats(*shape, dtype=dtype), *state, *affine, grad=smooth, torch_grad=torch_grad, **attrs)


NORMALISED = (
    norm_sample(4, 3, training=True, running=False),
    norm_sample(4, 3, training=True, eps=1e-3, momentum=0.3),
    norm_sample(3, 2, 5, training=True),
    norm_sample(3, 2, 5, training=True, running=False),
    norm_sample(2, 3, 4, 5, training=True, weighted=False, running=False),
    norm_sample(2, 3, 4, 5, training=True),
    norm_sample(2, 3, 4, 5, training=False),
    norm_sample(4, 3, training=False, weighted=False),
    norm_sample(1, 3, training=False),
    norm_sample(0, 3, training=False, torch_grad=False),
    norm_sample(40, 3, 20, 20, training=False),  # several blocks
    norm_sample(40, 3, 20, 20, training=True),
    norm_sample(3, 2, 5, training=True, dtype="f8"),
    norm_sample(3, 2, 5, training=True, dtype="f2"),
    norm_sample(3, 2, 5, training=False, dtype="f2"),
)


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    state = [None if s is None else s.detach().clone() for s in (running_mean, running_var)]
    dims = [0, *range(2, x.ndim)]
    wide = x.detach().double()
    mean, var = (wide.mean(dims), wide.var(dims, correction=0)) if training else (s.double() for s in state)
    out = F.batch_norm(x, *state, weight, bias, training, momentum, eps)
    found = [mean, (var + eps).rsqrt(), *state]
    if training and running_mean is None:
        found[2:] = mean, wide.var(dims)
    return out, *(f.to(x.dtype) for f in found)


def norm_grad_sample(s: Sample) -> Sample:
    x, *_, weight, _ = s.args
    dims = (0, *range(2, x.ndim))
    eps, training = s.attrs.get("eps", 1e-5), s.attrs["training"]
    statistics = (x.astype("f8").mean(dims), x.astype("f8").var(dims)) if training else s.args[1:3]
    saved = (statistics[0].astype(x.dtype), (1 / np.sqrt(statistics[1] + eps)).astype(x.dtype))
    g = floats(*x.shape, dtype=x.dtype.str, seed=6)
    small = x.dtype != np.float16 and x.size < 1000
    return sample(g, x, weight, *saved, grad=not training and small, torch_grad=small, training=training, eps=eps)


def norm_grad(g: Any, x: Any, weight: Any, save_mean: Any, save_invstd: Any, training: bool, eps: float) -> Any:
    """Written out; in training the statistics are functions of x."""
    dims, along = [0, *range(2, x.ndim)], (1, -1, *(1,) * (x.ndim - 2))
    kept = x.dtype
    g, x, save_mean, save_invstd = (t.double() for t in (g, x, save_mean, save_invstd))
    mean, invstd = save_mean.reshape(along), save_invstd.reshape(along)
    if training:
        mean = x.mean(dims, keepdim=True)
        invstd = (x.var(dims, correction=0, keepdim=True) + eps).rsqrt()
    normal = (x - mean) * invstd
    sums, products = g.sum(dims, keepdim=True), (g * normal).sum(dims, keepdim=True)
    count = x.numel() // x.shape[1]
    found = g - (sums + normal * products) / count if training else g
    scale = invstd if weight is None else invstd * weight.double().reshape(along)
    return (found * scale).to(kept), products.flatten().to(kept), sums.flatten().to(kept)


NORMALISATION = (
    Row("batch_norm", NORMALISED, torch=batch_norm, rtol=1e-4, atol=2e-5),
    Row(
        "batch_norm_grad", tuple(map(norm_grad_sample, NORMALISED)), torch=norm_grad, rtol=1e-4, atol=1e-3, named=False
    ),
)


# ---- dropout

KEY = np.array([5, 7], np.uint64)


def dropout(x: np.ndarray, rng: np.ndarray, p: float = 0.5, offset: int = 0) -> Any:
    """The mask is where the stream's uniform numbers reach p."""
    stream = np.random.Philox(key=int(rng[0]), counter=[int(rng[1]) + offset, 0, 0, 0])
    mask = np.random.Generator(stream).random(x.shape, np.float32) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    return (x * mask).astype(x.dtype) * x.dtype.type(scale), mask


DROPPED = (
    sample(floats(4, 5), KEY),
    sample(floats(4, 5), KEY, p=0.2, offset=9),
    sample(floats(4), KEY, p=0.0),
    sample(floats(4), KEY, p=1.0),
    sample(floats(), KEY),
    sample(floats(0, 3), KEY),
    sample(floats(3, 4, dtype="f8"), KEY),
    sample(floats(3, 4, dtype="f2"), KEY),
)


# ---- embedding

TABLE = floats(6, 3)
LOOKED_UP = (
    sample(ints(2, 4, low=0, high=6), TABLE),
    sample(ints(2, 4, low=0, high=6), TABLE, padding_idx=2, grad=False),  # the padding has none
    sample(np.array(5), TABLE),
    sample(ints(0, low=0), TABLE, padding_idx=0),
    sample(ints(4, low=0, high=6, dtype="i4"), TABLE),
    sample(ints(30, low=0, high=2), floats(2, 40)),
    sample(ints(3, low=0, high=6), floats(6, 2, dtype="f2")),
    sample(ints(3, low=0, high=6), floats(6, 0)),
)


def embedding_grad(g: Any, indices: Any, num_embeddings: int, padding_idx: int | None = None) -> Any:
    rows = torch.zeros((num_embeddings, g.shape[-1]), dtype=g.dtype)
    rows = rows.index_add(0, indices.flatten().long(), g.reshape(indices.numel(), g.shape[-1]))
    kept = torch.ones((num_embeddings, 1), dtype=g.dtype)
    if padding_idx is not None:
        kept[padding_idx] = 0
    return rows * kept


def embedding_grad_sample(s: Sample) -> Sample:
    indices, weight = s.args
    g = floats(*indices.shape, weight.shape[1], dtype=weight.dtype.str, seed=8)
    return sample(g, indices, num_embeddings=weight.shape[0], **s.attrs)


SPARSE = (
    Row("dropout", DROPPED, numpy=dropout),
    Row("embedding", LOOKED_UP, torch=F.embedding),
    Row("embedding_grad", tuple(map(embedding_grad_sample, LOOKED_UP)), torch=embedding_grad, named=False),
)


ROWS: tuple[Row, ...] = (*POOLING, *SOFTMAX, *LOSSES, *NORMALISATION, *SPARSE)
