"""Programs that are run with PyTorch and with graphnn, eagerly and traced, and must come to the same.

A program is a function `(lib, *tensors)`, where `lib` is torch or graphnn; it returns a tensor or a tuple of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn.ops.evaluate import apply_graph
from graphnn.runtime.interpreter import interpret

Program = Callable[..., Any]


def data(*shape: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Numbers that are the same in each run: normal ones, or integers from 0 to 4, or truth values."""
    random = np.random.default_rng([seed, *shape])
    if np.dtype(dtype).kind == "f":
        return random.standard_normal(shape).astype(dtype)
    return random.integers(0, 2 if dtype == "bool" else 5, shape).astype(dtype)


def tensors_of(lib: Any, arrays: tuple[Any, ...]) -> list[Any]:
    """The arrays as leaf tensors; floating-point ones require grad."""
    return [lib.tensor(a, requires_grad=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a for a in arrays]


def listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple | list) else [found]


def facts(tensor: Any) -> tuple[Any, ...]:
    """What must be the same besides the values."""
    strides = tensor.stride() if tensor.numel() else ()
    return tuple(tensor.shape), str(tensor.dtype), tensor.requires_grad, tensor.is_contiguous(), strides


def values(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().numpy())


def assert_close(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-9 if ours.dtype == np.float64 else 2e-5, atol=1e-9)


def chain(node: Any, depth: int = 4) -> Any:
    """The names of a grad_fn and of what it leads to."""
    if node is None:
        return None
    return node.name().rsplit("::", 1)[-1], *(chain(n, depth - 1) for n, _ in node.next_functions if depth)


def run_with(lib: Any, program: Program, arrays: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """The outputs, and the gradients of the inputs for outputs that are each seeded with 1, 2, 3 …"""
    inputs = tensors_of(lib, arrays)
    outputs = listed(program(lib, *inputs))
    flowing = [o for o in outputs if lib.is_tensor(o) and o.requires_grad]
    for output in flowing:
        seed = np.arange(1, output.numel() + 1).reshape(tuple(output.shape)) / output.numel()
        output.backward(lib.tensor(seed, dtype=output.dtype), retain_graph=True)
    return outputs, [getattr(x, "grad", None) for x in inputs]


def check(program: Program, *arrays: Any, names: bool = True, layout: bool = True, traced: bool = True) -> None:
    """The program has the same outputs, gradients, shapes, strides and grad_fn chains with both libraries, and the same
    outputs as a graph. `names` and `layout` turn off the chains and the strides."""
    torch = pytest.importorskip("torch")
    theirs, their_grads = run_with(torch, program, arrays)
    ours, our_grads = run_with(graphnn, program, arrays)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if not torch.is_tensor(b):
            assert a == b
            continue
        assert facts(a)[: 5 if layout else 3] == facts(b)[: 5 if layout else 3]
        assert_close(values(a), values(b))
        if names:
            assert chain(a.grad_fn) == chain(b.grad_fn)
    for a, b in zip(our_grads, their_grads, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert_close(values(a), values(b))
    if traced:
        check_traced(program, *arrays)


def check_traced(program: Program, *arrays: Any) -> None:
    """The traced program computes what the eager one does: interpreted, and applied to tensors."""
    inputs = tensors_of(graphnn, arrays)
    eager = [values(o) for o in listed(program(graphnn, *inputs)) if graphnn.is_tensor(o)]
    again = tensors_of(graphnn, arrays)
    graph = graphnn.trace(lambda *given: program(graphnn, *given), *again)
    tensors = [t for t in again if graphnn.is_tensor(t)]
    interpreted, _ = interpret(graph, *[values(t).copy() for t in tensors])
    state = [owner.array for owner in graph.bindings]
    applied, _ = apply_graph(graph, tensors, state)
    for expected, by_interpreter, by_tensors in zip(eager, interpreted, applied, strict=False):  # then changed inputs
        np.testing.assert_array_equal(by_interpreter, expected)
        np.testing.assert_array_equal(values(by_tensors) if graphnn.is_tensor(by_tensors) else by_tensors, expected)


def agree(program: Program, *arrays: Any) -> None:
    """The program returns the same tensors, numbers and names with both libraries, which it runs eagerly."""
    torch = pytest.importorskip("torch")
    theirs, ours = (
        [values(r) if lib.is_tensor(r) else r for r in program(lib, *tensors_of(lib, arrays))]
        for lib in (torch, graphnn)
    )
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, np.ndarray):
            assert_close(a, b)
        else:
            assert a == b


def check_error(program: Program, *arrays: Any, kind: type[Exception], gist: str) -> None:
    """Both libraries raise an error of that kind with that text in it."""
    torch = pytest.importorskip("torch")
    for lib in (torch, graphnn):
        with pytest.raises(kind, match=gist):
            program(lib, *tensors_of(lib, arrays))


def check_text(program: Program, *arrays: Any) -> None:
    """What the program returns prints the same."""
    torch = pytest.importorskip("torch")
    ours, theirs = (program(lib, *tensors_of(lib, arrays)) for lib in (graphnn, torch))
    assert str(ours) == str(theirs)
    assert repr(ours) == repr(theirs)
