"""`repeat_interleave` as a function, which takes the repetitions alone, too."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentTypeError
from graphnn.tensor.methods.scans import repeated_places
from graphnn.tensor.tensor import Tensor


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """`input.repeat_interleave(repeats, dim)`; of repetitions alone the places: [2, 0, 1] gives [0, 0, 2]."""
    if not isinstance(input, Tensor):
        raise ArgumentTypeError(
            f"repeat_interleave(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    if repeats is None:
        return repeated_places(input)
    return input.repeat_interleave(repeats, dim, output_size=output_size)
