"""Seeded arrays of any graph type: ordinary ones, and ones full of what IEEE arithmetic does specially."""

from collections.abc import Sequence

import numpy as np

from graphnn.ir.graph import Graph
from graphnn.ir.types import TensorType
from graphnn.ir.value import Value

SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, -1e30, 3.0)


def ordinary(type: TensorType, rng: np.random.Generator) -> np.ndarray:
    """Normal numbers; whole ones from 0 to 2 (so that they may serve as indices); coins."""
    kind = type.dtype.numpy.kind
    if kind == "f":
        drawn = rng.standard_normal(type.shape)
    else:
        drawn = rng.integers(0, 2 if kind == "b" else 3, type.shape)
    return np.asarray(drawn).astype(type.dtype.numpy)


def special(type: TensorType, rng: np.random.Generator) -> np.ndarray:
    """NaN, infinities, both zeros and huge numbers; whole numbers as in `ordinary`."""
    if not type.dtype.is_floating_point:
        return ordinary(type, rng)
    with np.errstate(over="ignore"):
        return np.asarray(rng.choice(SPECIAL, type.shape)).astype(type.dtype.numpy)


def feed(graph: Graph, rng: np.random.Generator, draw=ordinary) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Arrays for the inputs and the params; variances are not negative."""
    return [_drawn(v, rng, draw) for v in graph.inputs], [_drawn(v, rng, draw) for v in graph.params]


def _drawn(value: Value, rng: np.random.Generator, draw) -> np.ndarray:
    array = draw(value.type, rng)
    return np.abs(array) if "var" in str(value.attrs.get("name", value.name)) else array


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in type, shape and every bit; all NaNs count as one."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    return bool(np.array_equal(a, b, equal_nan=True) and np.array_equal(_minus(a), _minus(b)))


def _minus(array: np.ndarray) -> np.ndarray:
    return np.signbit(array) & ~np.isnan(array)


def assert_close(before: Sequence[np.ndarray], after: Sequence[np.ndarray], tolerance) -> None:
    """Each pair has one type and the same bits, or lies within the tolerance where that is not (0, 0)."""
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"value {i}"
        if tuple(tolerance) == (0.0, 0.0):
            assert same_bits(a, b), f"value {i} is not bit-exact:\n{a}\n{b}"
        else:
            np.testing.assert_allclose(b, a, rtol=tolerance.rtol, atol=tolerance.atol, err_msg=f"value {i}")
