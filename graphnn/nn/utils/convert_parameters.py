"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.errors import ArgumentTypeError
from graphnn.tensor.joining import cat
from graphnn.tensor.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All of them flattened, one after the other."""
    return cat([p.reshape(-1) for p in parameters])  # type: ignore[no-any-return]


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives each parameter its part of the vector as data (views of it)."""
    if not isinstance(vec, Tensor):
        raise ArgumentTypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for param in parameters:
        count = param.numel()
        param.data = vec[start : start + count].view(param.shape).data
        start += count
