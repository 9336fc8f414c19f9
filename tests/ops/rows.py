"""A row of the op table: samples of inputs and attrs for one op, and the oracle that says what must come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnn.ir.registry import OPS
from graphnn.ops.op import Op

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e30, 3.0, 2.0])


@dataclass(frozen=True)
class Sample:
    """One application: arrays, Python numbers and None (an input left out), and attrs.

    `grad` says whether gradients are checked here by finite differences: not at kinks, ties and infinities;
    `torch_grad` whether PyTorch has them too.
    """

    args: tuple[Any, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    grad: bool = True
    torch_grad: bool = True


@dataclass(frozen=True)
class Row:
    """`torch` takes tensors and numbers as `Sample.args` has them, and the attrs, to what PyTorch makes of them; an op
    that PyTorch lacks has a `numpy` oracle on arrays instead. `named` rows have PyTorch's name of the grad_fn."""

    op: str
    samples: tuple[Sample, ...]
    torch: Callable[..., Any] | None = None
    numpy: Callable[..., Any] | None = None
    rtol: float = 2e-6
    atol: float = 1e-7
    named: bool = True

    def __post_init__(self) -> None:
        wrong = [a for s in self.samples for a in s.args if isinstance(a, np.generic)]
        assert not wrong, f"{self.op} has NumPy scalars for arrays: {wrong}"
        assert self.samples, f"{self.op} has no samples"
        assert (self.torch is None) != (self.numpy is None), f"{self.op} needs one oracle"

    @property
    def rule(self) -> Op:
        found = OPS[self.op]
        assert isinstance(found, Op)
        return found


def sample(*args: Any, grad: bool = True, torch_grad: bool = True, **attrs: Any) -> Sample:
    return Sample(args, attrs, grad, torch_grad)


# ---- arrays, seeded by their own shape and a number, so that a new row changes no other


def floats(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "f4", seed: int = 0) -> np.ndarray:
    """Uniform numbers."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(rng.uniform(low, high, shape)).astype(dtype, copy=False)


def ints(*shape: int, low: int = -4, high: int = 5, dtype: str = "i8", seed: int = 0) -> np.ndarray:
    """Integers below `high`."""
    return np.asarray(np.random.default_rng([seed, *shape, high]).integers(low, high, shape), dtype)


def bools(*shape: int, seed: int = 0) -> np.ndarray:
    return ints(*shape, low=0, high=2, dtype="?", seed=seed)


def strided(array: np.ndarray) -> np.ndarray:
    """The same numbers, as a view whose elements lie neither side by side nor in order."""
    wide = np.zeros((*array.shape[::-1], 2), array.dtype)
    seen = wide[..., 0].transpose()
    seen[...] = array
    return seen
