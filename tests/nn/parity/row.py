"""One row of the parity table: a class of torch.nn with a set of options, run in both libraries and compared.

Forward values (rtol 2e-4, atol 2e-5), gradients of inputs and parameters (rtol 2e-3, atol 2e-4), in train and eval mode;
printing, parameter and buffer names and shapes; and graphnn's own traced and compiled forms against its eager one.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn.runtime.interpreter import interpret
from graphnn.tracing.trees import flatten

torch = pytest.importorskip("torch")


@dataclasses.dataclass(frozen=True)
class OfLibrary:
    """An argument that is a module or function of the library itself: `make(library)`."""

    make: Callable[[Any], Any]

    def __repr__(self) -> str:
        return "OfLibrary"


@dataclasses.dataclass(frozen=True)
class Row:
    """`inputs` are arrays, or functions of a seeded NumPy generator giving one; integer arrays need no gradient.

    `call` are keyword arguments of the call. `random` rows (dropouts) compare shapes, printing and evaluation only.
    `modes` are those to run; `state` also compares buffers after a call in training. `build` makes the module from the
    library instead, where it takes other modules or parameters; the class must then be found in it.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    inputs: Sequence[Any] = ()
    call: dict[str, Any] = dataclasses.field(default_factory=dict)
    modes: tuple[str, ...] = ("train", "eval")
    random: bool = False
    compiled: bool = True
    build: Callable[[Any], Any] | None = None

    def __str__(self) -> str:
        options = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.name}({', '.join(options)})"


def normal(*shape: int, scale: float = 1.0, shift: float = 0.0) -> Callable[[np.random.Generator], np.ndarray]:
    """An input of normal numbers."""
    return lambda rng: (rng.standard_normal(shape) * scale + shift).astype(np.float32)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rng.uniform(low, high, shape).astype(np.float32)


def integers(*shape: int, high: int, low: int = 0) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rng.integers(low, high, shape)


def check(row: Row) -> None:
    """Compares everything; raises AssertionError naming the first thing that differs."""
    torch.manual_seed(0)
    graphnn.manual_seed(0)
    theirs, ours = build(row, torch), build(row, graphnn)
    assert repr(ours) == repr(theirs)
    assert shapes(ours) == shapes(theirs)
    load(ours, theirs)
    rng = np.random.default_rng(0)
    arrays = [i(rng) if callable(i) else i for i in row.inputs]
    for mode in row.modes:
        getattr(theirs, mode)()
        getattr(ours, mode)()
        if row.random and mode == "train":
            assert list(run(ours, graphnn, arrays, row)[0][0].shape) == list(
                run(theirs, torch, arrays, row)[0][0].shape
            )
            continue
        compare(run(ours, graphnn, arrays, row), run(theirs, torch, arrays, row), f"{row} in {mode}")
        compare_state(ours, theirs)
    if row.compiled:
        check_own_forms(row, ours, arrays)


def build(row: Row, library: Any) -> Any:
    """The module; arrays among the arguments (weights of classes) become tensors."""
    if row.build is not None:
        module = row.build(library)
        assert any(type(m) is getattr(library.nn, row.name) for m in module.modules()), f"no {row.name} was built"
        return module
    args, kwargs = copy.deepcopy((row.args, row.kwargs))
    given = [_of_library(a, library) for a in args]
    named = {k: _of_library(v, library) for k, v in kwargs.items()}
    return getattr(library.nn, row.name)(*given, **named)


def _of_library(item: Any, library: Any) -> Any:
    if isinstance(item, OfLibrary):
        return item.make(library)
    return library.tensor(item) if isinstance(item, np.ndarray) else item


def shapes(module: Any) -> dict[str, tuple[int, ...]]:
    return {k: tuple(v.shape) for k, v in module.state_dict().items()}


def load(ours: Any, theirs: Any) -> None:
    ours.load_state_dict({k: graphnn.tensor(np.array(v.detach().numpy())) for k, v in theirs.state_dict().items()})


def run(module: Any, library: Any, arrays: list[Any], row: Row) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """The outputs, and the gradients of the floating-point inputs and of the parameters."""
    tensors = [library.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    for tensor, array in zip(tensors, arrays, strict=True):
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            tensor.requires_grad_(True)
    module.zero_grad()
    outputs: list[Any] = []
    flatten(module(*tensors, **_call(row, library)), outputs)
    outputs = [o for o in outputs if isinstance(o, library.Tensor)]
    total = None
    for i, out in enumerate(o for o in outputs if o.requires_grad):
        seed = np.random.default_rng(100 + i).standard_normal(tuple(out.shape)).astype(out.detach().numpy().dtype)
        part = (out * library.tensor(seed)).sum()
        total = part if total is None else total + part
    if total is not None:
        total.backward()
    leaves = [t for t in tensors if isinstance(t, library.Tensor) and t.requires_grad] + list(module.parameters())
    return [o.detach().numpy() for o in outputs], [None if t.grad is None else t.grad.detach().numpy() for t in leaves]


def _call(row: Row, library: Any) -> dict[str, Any]:
    return {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in row.call.items()}


def compare(ours: Any, theirs: Any, where: str) -> None:
    assert len(ours[0]) == len(theirs[0]), where
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a.shape == b.shape, where
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"values of {where}")
    for a, b in zip(ours[1], theirs[1], strict=True):
        assert (a is None) == (b is None), f"a gradient is missing in {where}"
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4, err_msg=f"gradients of {where}")


def compare_state(ours: Any, theirs: Any) -> None:
    for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-5, err_msg=f"state {key}")


def check_own_forms(row: Row, ours: Any, arrays: list[Any]) -> None:
    """In evaluation mode: the traced graph interpreted, and the compiled call, equal the eager call; gradients too."""
    ours.eval()
    eager = run(ours, graphnn, arrays, row)
    graph = graphnn.trace(
        ours, *[graphnn.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays], **_call(row, graphnn)
    )
    given = [a for a in [*arrays, *row.call.values()] if isinstance(a, np.ndarray)]
    found, _ = interpret(graph, *given)
    for a, b in zip(found, eager[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=f"{row} traced")
    compare(run(graphnn.compile(ours), graphnn, arrays, row), eager, f"{row} compiled")
