"""Dropout: zeroes elements at random and scales up the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import mul
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.random import fill_uniform, require_state
from graphnn.ops.typing import require_float


def _infer(x: TensorType, rng: TensorType, *, p: float = 0.5, offset: int = 0) -> Types:
    """x * mask / (1 - p), and the mask, which is true with probability 1 - p: where the stream's uniform float32 (one
    32-bit word each, as `rand` draws them) is at least p."""
    require_float("dropout", x)
    require_state("dropout", rng)
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"dropout: probability has to be between 0 and 1, but got p={p}")
    return x, TensorType(dtypes.bool, x.shape)


def scale(p: float) -> float:
    return 1.0 / (1.0 - p) if p < 1.0 else 0.0


def _kernel(outs: Any, x: np.ndarray, rng: np.ndarray, *, p: float, offset: int, scratch: Any) -> list[Call]:
    out, mask = outs
    drawn, spare = scratch
    mask = spare if mask is None else mask
    calls: list[Call] = [(fill_uniform, drawn, rng, offset), (np.greater_equal, drawn, p, mask)]
    return calls if out is None else [*calls, (np.multiply, x, mask, out), (np.multiply, out, scale(p), out)]


def _scratch(x: TensorType, rng: TensorType, **_: Any) -> Types:
    return TensorType(dtypes.float32, x.shape), TensorType(dtypes.bool, x.shape)


dropout = register(
    Op(
        "dropout",
        infer=_infer,
        numpy=_kernel,
        scratch=_scratch,
        outputs=("out", "mask"),
        vjp=lambda c, g, mask: (mul(mul(g, mask), scale(c.attrs["p"])), None),
        traits=(Trait.RANDOM,),
        grad_name="MulBackward0",
    )
)
