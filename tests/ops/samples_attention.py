"""The rows of attention and its gradient."""

import math
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, bools, floats, sample

KEY = np.array([5, 7], np.uint64)
Q, K, V = floats(2, 3, 4, 8), floats(2, 3, 5, 8, seed=1), floats(2, 3, 5, 8, seed=2)
NARROW = floats(2, 3, 5, 6, seed=3)
FIRST_ROW_SEES_NOTHING = np.array([[False] * 5, [True] * 5, [True, False] * 2 + [True], [False] * 4 + [True]])

ATTENDED = (
    sample(Q, K, V),
    sample(Q, K, NARROW, scale=0.3),
    sample(floats(4, 8), floats(5, 8, seed=1), floats(5, 3, seed=2), is_causal=True),
    sample(floats(3, 4, 8), floats(3, 5, 8, seed=1), floats(3, 5, 8, seed=2)),
    sample(Q, K, V, floats(4, 5)),
    sample(Q, K, NARROW, floats(2, 1, 4, 5), torch_grad=False),
    sample(Q, K, V, bools(2, 3, 4, 5)),
    sample(Q, K, V, FIRST_ROW_SEES_NOTHING),
    sample(Q, K, V, np.where(FIRST_ROW_SEES_NOTHING, 0.0, -np.inf).astype("f4"), grad=False),
    sample(Q, K, V, floats(4, 5), is_causal=True, torch_grad=False),
    sample(Q, floats(1, 3, 5, 8), floats(5, 8)),
    sample(floats(2, 6, 4, 8), K, V, enable_gqa=True, is_causal=True),
    sample(floats(2, 6, 4, 8), K, V, bools(6, 4, 5), enable_gqa=True),
    sample(Q, K, V, None, KEY, dropout_p=0.4, offset=3),
    sample(Q, K, V, floats(4, 5), KEY, dropout_p=0.4),
    sample(Q, K, V, None, KEY, dropout_p=1.0),
    sample(floats(2, 3, 0, 8), K, V),
    sample(Q, floats(2, 3, 0, 8), floats(2, 3, 0, 8)),
    sample(floats(0, 3, 4, 8), floats(0, 3, 5, 8), floats(0, 3, 5, 8)),
    sample(floats(3, 3, 150, 8), floats(3, 3, 200, 8), floats(3, 3, 200, 8), bools(3, 150, 200), grad=False),  # blocks
    sample(floats(2, 3, 4, 8, dtype="f8"), K.astype("f8"), V.astype("f8"), is_causal=True),
)


def dropped(weights: Any, rng: Any, p: float, offset: int) -> Any:
    """The weights without those that the stream drops."""
    state = rng.numpy()
    stream = np.random.Philox(key=int(state[0]), counter=[int(state[1]) + offset, 0, 0, 0])
    keep = np.random.Generator(stream).random(tuple(weights.shape), np.float32) >= p
    return weights * torch.tensor(keep) * (1 / (1 - p) if p < 1 else 0.0)


def wide(x: Any) -> Any:
    """Half precision as float32, what it is computed in."""
    return x.float() if x.element_size() == 2 else x


def scores(q: Any, k: Any, mask: Any, attrs: Any) -> Any:
    """Of the queries to the keys (with as many heads), masked."""
    scale = attrs.get("scale")
    found = q @ k.transpose(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None:
        found = found + mask if mask.is_floating_point() else found.masked_fill(~mask, -math.inf)
    return found.masked_fill(torch.ones_like(found).triu(1).bool(), -math.inf) if attrs.get("is_causal") else found


def attention(q: Any, k: Any, v: Any, mask: Any = None, rng: Any = None, offset: int = 0, **attrs: Any) -> Any:
    """PyTorch's, but for its random numbers; and logarithms of sums of exps, written out."""
    if attrs.get("enable_gqa"):
        k, v = (x.repeat_interleave(q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    found = scores(wide(q), wide(k), mask, attrs)
    if attrs.get("dropout_p"):
        out = dropped(found.softmax(-1), rng, attrs["dropout_p"], offset) @ v
    else:
        named = {name: attrs[name] for name in ("is_causal", "scale") if name in attrs}
        mask = mask.to(q.dtype) if mask is not None and mask.is_floating_point() else mask
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, mask, **named)
    shape = out.shape[:-1]
    return out, torch.logsumexp(found, -1).expand(shape) if k.shape[-2] else torch.full(shape, -math.inf)


def gradients(
    g: Any,
    q: Any,
    k: Any,
    v: Any,
    out: Any,
    logs: Any,
    mask: Any = None,
    rng: Any = None,
    offset: int = 0,
    **attrs: Any,
) -> Any:
    """PyTorch's gradients of the attention written out, each with all leading dimensions of the output."""
    times = q.shape[-3] // k.shape[-3] if attrs.get("enable_gqa") else 1
    k, v = (x.repeat_interleave(times, -3) if times > 1 else x for x in (k, v))
    spread = [wide(x).expand(*g.shape[:-2], *x.shape[-2:]) for x in (q, k, v)]
    with torch.enable_grad():
        leaves = [x if x.requires_grad else x.clone().requires_grad_() for x in spread]
        nothing = logs.isneginf()[..., None]
        weights = scores(leaves[0], leaves[1], mask, attrs).masked_fill(nothing, 0.0).softmax(-1)
        weights = weights.masked_fill(nothing, 0.0)
        p = attrs.get("dropout_p")
        found = (dropped(weights, rng, p, offset) if p else weights) @ leaves[2]
        grads = torch.autograd.grad(found, leaves, wide(g), create_graph=torch.is_grad_enabled())
    return tuple((x if g.requires_grad else x.detach()).to(q.dtype) for x in grads)


def gradient_sample(s: Sample) -> Sample:
    q, k, v, *rest = s.args
    from graphnn.ops import scaled_dot_product_attention as op

    with np.errstate(all="ignore"):
        out, logs = op(*s.args, **s.attrs)
    return sample(floats(*out.shape, dtype=out.dtype.str, seed=9), q, k, v, out, logs, *rest, grad=False, **s.attrs)


ROWS: tuple[Row, ...] = (
    Row("scaled_dot_product_attention", ATTENDED, torch=attention, rtol=1e-5, atol=1e-6, named=False),
    Row(
        "scaled_dot_product_attention_grad",
        tuple(map(gradient_sample, ATTENDED)),
        torch=gradients,
        rtol=1e-5,
        atol=2e-6,
        named=False,
    ),
)
