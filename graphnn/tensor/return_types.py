"""What functions with several results return: tuples with names, printed as PyTorch prints them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Extremes(NamedTuple("Extremes", [("values", Any), ("indices", Any)])):
    """`(values, indices)` of `max(dim)` and its like."""

    kind: str

    def __new__(cls, kind: str, values: Any, indices: Any) -> Extremes:
        self = super().__new__(cls, values, indices)
        self.kind = kind
        return self

    def __repr__(self) -> str:
        return f"torch.return_types.{self.kind}(\nvalues={self.values!r},\nindices={self.indices!r})"
