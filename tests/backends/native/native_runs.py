"""Running a few ops as one native plan, and the same ops on arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.plan.plan import make_plan

Build = Callable[..., Any]


def natively(build: Build, *arrays: np.ndarray, threads: int | None = None) -> tuple[np.ndarray, ...]:
    """What a native plan of these ops gives; None among the results of `build` are left out."""
    graph = Graph("case")
    found = build(*(graph.add_input(numpy_type(a)) for a in arrays))
    graph.outputs = list(wanted(found))
    backend = NativeBackend(threads=threads)
    plan = make_plan(graph, backend.target)
    return tuple(np.array(r) for r in backend.bind(plan, ()).forward(list(arrays)))


def wanted(found: Any) -> tuple[Any, ...]:
    return tuple(f for f in found if f is not None) if isinstance(found, tuple) else (found,)


def assert_native(build: Build, *arrays: np.ndarray, rtol: float = 1e-5, atol: float = 1e-5) -> None:
    """The native plan gives what the NumPy kernels give."""
    with np.errstate(all="ignore"):
        expected = wanted(build(*arrays))
    for got, want in zip(natively(build, *arrays), expected, strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
