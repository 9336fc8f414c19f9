"""Several results by name and place, as `torch.return_types` has them."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any


def _text(self: Any) -> str:
    listed = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"torch.return_types.{type(self).__name__}(\n{listed})"


@functools.cache
def _results_class(kind: str, names: tuple[str, ...]) -> Any:
    found = namedtuple(kind, names)  # type: ignore[misc]
    found.__repr__ = _text  # type: ignore[method-assign]
    return found


def named_results(kind: str, **values: Any) -> Any:
    """A tuple of the values, each also an attribute, that prints as PyTorch's of that kind."""
    return _results_class(kind, tuple(values))(*values.values())
