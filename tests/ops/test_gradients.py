"""Gradients of every row of the op table, and gradients of those, against finite differences and PyTorch."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.autodiff import differentiate
from graphnn.ir.graph import Graph
from graphnn.ir.value import Value
from graphnn.ops.evaluate import apply_graph
from graphnn.ops.op import array_type
from tests.ops.rows import Row, Sample
from tests.ops.table import (
    apply,
    as_tuple,
    carrying,
    direction_at,
    dot,
    for_samples,
    full_attrs,
    has_gradient,
    is_float,
    is_smooth,
    seeds_for,
    slope,
    vjp,
    widened,
)

pytestmark = pytest.mark.filterwarnings("ignore:var")  # PyTorch warns of what the samples mean to try


@for_samples(is_smooth)
def test_gradients_agree_with_finite_differences(row: Row, sample: Sample):
    args, attrs = widened(sample), full_attrs(row, sample)
    seeds = seeds_for(carrying(row, apply(row, args, sample.attrs)))

    def project(moved: list[Any]) -> float:
        return dot(carrying(row, apply(row, moved, sample.attrs)), seeds)

    for at, found in enumerate(vjp(row, args, attrs, seeds)):
        if not is_float(args[at]):
            assert found is None
            continue
        assert found is None or array_type(found) is array_type(args[at])
        direction = direction_at(at, args[at].shape)
        numeric = slope(project, args, at, direction, step=1e-6)
        assert_close(args[at], dot([found], [direction]), numeric, rel=1e-5)


def assert_close(moved: np.ndarray, analytic: float, numeric: float, rel: float) -> None:
    """Nothing is asked of an input without elements, at which outputs may be NaN."""
    assert moved.size == 0 or analytic == pytest.approx(numeric, rel=rel, abs=rel / 10, nan_ok=True)


# ---- the oracle's gradients, at kinks and infinities too


def has_torch_gradient(row: Row, sample: Sample) -> bool:
    return row.torch is not None and sample.torch_grad and has_gradient(row, sample)


@for_samples(has_torch_gradient)
def test_gradients_agree_with_pytorch(row: Row, sample: Sample):
    torch = pytest.importorskip("torch")
    args = widened(sample)
    tensors = as_tensors(torch, args)
    outs = carrying(row, as_tuple(row.torch(*tensors, **sample.attrs)))
    seeds = seeds_for(outs)
    flowing = [(o, torch.tensor(s)) for o, s in zip(outs, seeds, strict=True) if o.requires_grad]
    leaves = [t for t in tensors if torch.is_tensor(t) and t.requires_grad]
    wanted = torch.autograd.grad([o for o, _ in flowing], leaves, [s for _, s in flowing], allow_unused=True)
    found = [g for g, a in zip(vjp(row, args, full_attrs(row, sample), seeds), args, strict=True) if is_float(a)]
    for ours, theirs in zip(found, wanted, strict=True):
        numbers = 0.0 if theirs is None else theirs.numpy()
        np.testing.assert_allclose(0.0 if ours is None else ours, numbers, rtol=1e-8, atol=1e-10)


def as_tensors(torch: Any, args: Any) -> list[Any]:
    return [torch.tensor(a, requires_grad=is_float(a)) if isinstance(a, np.ndarray) else a for a in args]


@for_samples(lambda row, sample: row.named and has_torch_gradient(row, sample))
def test_the_gradient_has_pytorchs_name(row: Row, sample: Sample):
    torch = pytest.importorskip("torch")
    out = as_tuple(row.torch(*as_tensors(torch, sample.args), **sample.attrs))[0]
    if out.grad_fn is None:  # cast to the dtype it has
        return
    name, types = row.rule.grad_name, tuple(map(array_type, sample.args))
    assert (name if isinstance(name, str) else name(types, full_attrs(row, sample))) == out.grad_fn.name()


# ---- gradients of gradients, through a graph


def gradient_graph(row: Row, sample: Sample, args: list[Any]) -> tuple[Graph, list[Value | None]]:
    """Inputs: the arrays, the seeds of the outputs, a direction for each gradient that flows. Outputs: the gradients of
    the sum of the gradients' projections on the directions. Also the gradients themselves, None where none flows."""
    graph = Graph(row.op)
    given = [graph.add_input(array_type(a)) if isinstance(a, np.ndarray) else a for a in args]
    outs = carrying(row, as_tuple(row.rule(*given, **sample.attrs)))
    inputs = [v for v, a in zip(given, args, strict=True) if is_float(a)]
    first = differentiate(graph, {v: graph.add_input(v.type, "g") for v in outs}, inputs)
    found = [first.get(v) for v in inputs]
    parts = [ops.sum(ops.mul(g, graph.add_input(g.type, "d"))) for g in found if g is not None]
    if not parts:
        return graph, found
    total = parts[0] if len(parts) == 1 else ops.sum(ops.stack(*parts))
    second = differentiate(graph, {total: graph.constant(np.float64(1.0))}, inputs)
    graph.outputs = [second.get(v, graph.constant(np.zeros(v.shape))) for v in inputs]
    return graph, found


@for_samples(is_smooth)
def test_gradients_of_gradients_agree_with_finite_differences(row: Row, sample: Sample):
    args, attrs = widened(sample), full_attrs(row, sample)
    seeds = seeds_for(carrying(row, apply(row, args, sample.attrs)))
    graph, found = gradient_graph(row, sample, args)
    places = [i for i, a in enumerate(args) if is_float(a)]
    directions = [direction_at(i, args[i].shape) if g is not None else None for i, g in zip(places, found, strict=True)]
    if not graph.outputs:
        return

    def project(moved: list[Any]) -> float:
        return dot([g for g, a in zip(vjp(row, moved, attrs, seeds), args, strict=True) if is_float(a)], directions)

    with np.errstate(all="ignore"):
        given = [a for a in args if isinstance(a, np.ndarray)] + seeds + [d for d in directions if d is not None]
        second, _ = apply_graph(graph, given)
    for at, gradient in zip(places, second, strict=True):
        along = direction_at(at + 100, args[at].shape)
        numeric = slope(project, args, at, along, step=1e-5)
        assert_close(args[at], dot([gradient], [along]), numeric, rel=1e-4)
