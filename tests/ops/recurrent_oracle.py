"""Recurrent layers step by step in PyTorch, for oracles of the layers' ops and of their gradients."""

import importlib
import math
from collections.abc import Callable
from typing import Any

Tensors = tuple[Any, ...]


def library() -> Any:
    return importlib.import_module("torch")


def unroll(step: Callable[..., Any], inputs: Any, states: Tensors, sizes: Any, reverse: bool) -> tuple[Any, Tensors]:
    """`step(rows, *states) -> (new states, what to keep)`: the last states, and by rows the first state and what is
    kept."""
    starts = [sum(sizes[:t]) for t in range(len(sizes))]
    kept: dict[int, Tensors] = {}
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n = sizes[t]
        new, more = step(inputs[starts[t] : starts[t] + n], *(s[:n] for s in states))
        states = tuple(library().cat([a, s[n:]]) for a, s in zip(new, states, strict=True))
        kept[t] = (new[0], *more)
    return states, tuple(library().cat(parts) for parts in zip(*(kept[t] for t in range(len(sizes))), strict=True))


def sizes_of(x: Any, batch_sizes: Any) -> Any:
    return [x.shape[1]] * x.shape[0] if batch_sizes is None else batch_sizes


def flat(x: Any) -> Any:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def given(x: Any, weight: Any) -> Any:
    """What the inputs give to the gates, which they may be themselves."""
    return flat(x) if weight is None else flat(x) @ weight.T


def plus(x: Any, *biases: Any) -> Any:
    for bias in biases:
        x = x if bias is None else x + bias
    return x


def rnn(act: str, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, **options: Any) -> Tensors:
    """`added` is what is added to the sums, to differentiate by."""
    sums = plus(given(x, w_ih), b_ih, b_hh, options.get("added", (None,))[0])

    def step(row: Any, h: Any) -> Any:
        return (getattr(library(), act)(row + h @ w_hh.T),), ()

    (last,), (rows,) = unroll(step, sums, (h0,), *arrangement(x, options))
    return rows.reshape(*x.shape[:-1], h0.shape[1]), last


def arrangement(x: Any, options: dict[str, Any]) -> tuple[Any, bool]:
    return sizes_of(x, options.get("batch_sizes")), options.get("reverse", False)


def lstm(
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    **options: Any,
) -> Tensors:
    sums = plus(given(x, w_ih), b_ih, b_hh, options.get("added", (None,))[0])

    def step(row: Any, h: Any, c: Any) -> Any:
        i, f, g, o = (row + h @ w_hh.T).chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        return (h if w_hr is None else h @ w_hr.T, c), (library().cat([i, f, g, o], 1), c)

    (last, cell), (rows, gates, cells) = unroll(step, sums, (h0, c0), *arrangement(x, options))
    return rows.reshape(*x.shape[:-1], h0.shape[1]), last, cell, gates, cells


def gru(x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, **options: Any) -> Tensors:
    first, second = options.get("added", (None, None))
    sums = plus(given(x, w_ih), b_ih, first)
    both = library().cat([sums, library().zeros_like(sums) if second is None else second], 1)

    def step(row: Any, h: Any) -> Any:
        given, more = row.chunk(2, 1)
        own = plus(h @ w_hh.T, b_hh)
        (ir, iz, i), (hr, hz, hn) = given.chunk(3, 1), (own + more).chunk(3, 1)
        r, z = (ir + hr).sigmoid(), (iz + hz).sigmoid()
        n = (i + r * hn).tanh()
        return ((1 - z) * n + z * h,), (library().cat([r, z, n], 1), hn)

    (last,), (rows, gates, inner) = unroll(step, both, (h0,), *arrangement(x, options))
    return rows.reshape(*x.shape[:-1], h0.shape[1]), last, gates, inner


def by_autograd(layer: Callable[..., Tensors], args: Any, seeds: Any, sums: int, by: Any, options: Any) -> Tensors:
    """The gradients of the sums inside (`sums` kinds of them) and of the arguments at `by`, from the outputs' seeds."""
    torch = library()
    rows = flat(args[0]).shape[0]
    added = [torch.zeros(rows, width, dtype=args[0].dtype, requires_grad=True) for width in [args[-1]] * sums]
    held = [None if a is None else a.detach().requires_grad_(True) for a in args[:-1]]
    outs = layer(*held, added=added, **options)
    total = sum((o * s).sum() for o, s in zip(outs, seeds, strict=False) if s is not None)
    found = torch.autograd.grad(total, [*added, *(held[i] for i in by if held[i] is not None)], allow_unused=True)
    return tuple(found)
