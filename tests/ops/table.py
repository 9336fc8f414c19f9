"""Walking the op table: one test a row, which tells the sample that it failed at."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.autodiff.rules import gradients, is_differentiable, needed_names
from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ops.op import GradContext, array_type
from tests.ops.rows import Row, Sample
from tests.ops.samples import TABLE

Arrays = tuple[np.ndarray, ...]
Select = Callable[[Row, Sample], bool]


def for_samples(select: Select = lambda row, sample: True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a check of (row, sample) a test of every row that has selected samples."""

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        rows = [row for row in TABLE if any(select(row, s) for s in row.samples)]

        @pytest.mark.parametrize("row", rows, ids=lambda row: row.op)
        def test(row: Row) -> None:
            for i, sample in enumerate(row.samples):
                if select(row, sample):
                    _check(check, row, sample, i)

        test.__name__ = check.__name__
        return test

    return decorate


def _check(check: Callable[..., None], row: Row, sample: Sample, number: int) -> None:
    try:
        check(row, sample)
    except BaseException as error:
        given = ", ".join(str(array_type(a)) if isinstance(a, np.ndarray) else repr(a) for a in sample.args)
        error.add_note(f"sample {number} of {row.op}: ({given}) {dict(sample.attrs)}")
        raise


# ---- applying a row's op


def as_tuple(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def apply(row: Row, args: Any, attrs: Any) -> Arrays:
    with np.errstate(all="ignore"):
        return as_tuple(row.rule(*args, **attrs))


def full_attrs(row: Row, sample: Sample) -> Attrs:
    return row.rule.attrs(sample.attrs)


def run(calls: Any) -> None:
    with np.errstate(all="ignore"):
        for call in calls:
            call[0](*call[1:])


# ---- its gradients


def is_float(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.dtype.kind == "f"


def widened(sample: Sample) -> list[Any]:
    """The arguments with float64 for other floats."""
    return [a.astype(np.float64) if is_float(a) else a for a in sample.args]


def carrying(row: Row, outs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs (or their types) that carry gradients."""
    return outs[: row.rule.differentiable]


def has_gradient(row: Row, sample: Sample) -> bool:
    """True where gradients flow in float64: a rule, a float input, and outputs that are float64 when the input is."""
    if not is_differentiable(row.rule) or not any(map(is_float, sample.args)):
        return False
    if "body" in sample.attrs and any(is_float(a) and a.dtype != np.float64 for a in sample.args):
        return False
    types = row.rule.infer_types(tuple(map(array_type, widened(sample))), full_attrs(row, sample))
    return all(t.dtype is dtypes.float64 for t in carrying(row, types))


def is_smooth(row: Row, sample: Sample) -> bool:
    return sample.grad and has_gradient(row, sample)


def seeds_for(outs: tuple[Any, ...]) -> list[np.ndarray]:
    """Numbers to project outputs with."""
    rng = np.random.default_rng(7)
    return [np.asarray(rng.standard_normal(tuple(o.shape))) for o in outs]


def direction_at(at: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.random.default_rng([11, at]).standard_normal(shape))


def vjp(row: Row, args: Any, attrs: Attrs, seeds: Any) -> list[Any]:
    """The gradients of the float inputs, from seeds for the outputs that carry gradients."""
    op = row.rule
    with np.errstate(all="ignore"):
        outs = as_tuple(op(*args, **attrs))
        grads = (*seeds, *(None,) * (len(outs) - len(seeds)))
        types, want = tuple(map(array_type, args)), tuple(map(is_float, args))
        context = GradContext(types, tuple(map(array_type, outs)), attrs, want, grads)
        if op.vjp is None and op.variadic:
            return gradients(op, context, list(args))
        named = dict.fromkeys(op.input_names) | dict(zip(op.input_names, args, strict=False))
        named |= dict(zip(op.outputs, outs, strict=False))
        return gradients(op, context, {name: named[name] for name in needed_names(op)})


def slope(
    function: Callable[[list[Any]], float], args: list[Any], at: int, direction: np.ndarray, step: float
) -> float:
    """The central difference of a number as argument `at` moves along the direction."""

    def moved(sign: int) -> list[Any]:
        return [np.asarray(a + sign * step * direction) if i == at else a for i, a in enumerate(args)]

    return (function(moved(1)) - function(moved(-1))) / (2 * step)


def dot(xs: Any, ys: Any) -> float:
    """The sum of all products; None counts as zeros."""
    return sum(float(np.sum(x * y)) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None)
