"""The same recurrent layer in both libraries, and what is compared of it."""

from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn import nn
from tests.nn.both import array, copy_weights

torch = pytest.importorskip("torch")
LIBRARIES = (graphnn, torch)


def both(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """The same layer in both libraries."""
    torch.manual_seed(0)
    theirs, ours = getattr(torch.nn, name)(*args, **options), getattr(nn, name)(*args, **options)
    copy_weights(theirs, ours)
    return ours, theirs


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def leaves(library: Any, arrays: list[np.ndarray]) -> list[Any]:
    return [library.tensor(a, requires_grad=True) for a in arrays]


def backward(library: Any, outputs: list[Any]) -> None:
    sum((o * library.tensor(normal(*o.shape, seed=5))).sum() for o in outputs).backward()


def assert_close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(array(ours), array(theirs), rtol=2e-4, atol=2e-5)


def assert_same_gradients(ours: Any, theirs: Any, inputs: list[tuple[Any, Any]]) -> None:
    pairs = [*inputs, *zip(ours.parameters(), theirs.parameters(), strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(array(a.grad), array(b.grad), rtol=2e-3, atol=2e-4)
