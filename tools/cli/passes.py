"""Passes by their names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from graphnn import passes
from graphnn.errors import ArgumentError
from graphnn.passes import Pass, inference_pipeline, training_pipeline


@lru_cache(maxsize=1)
def known() -> dict[str, type[Pass]]:
    """All passes that come with graphnn, by name."""
    found = (getattr(passes, name) for name in passes.__all__)
    made = [p for p in found if isinstance(p, type) and issubclass(p, Pass) and p is not Pass]
    return {p.name: p for p in sorted(made, key=lambda p: p.name)}


def passes_named(names: Iterable[str]) -> tuple[Any, ...]:
    """An instance of each; ArgumentError for a name that no pass has."""
    return tuple(_one(name.strip()) for name in names)


def _one(name: str) -> Any:
    if name in known():
        return known()[name]()
    near = difflib.get_close_matches(name, known(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"there is no pass {name!r}{hint}; there are {', '.join(known())}")


def pipeline_named(name: str) -> tuple[Any, ...]:
    return inference_pipeline() if name == "inference" else training_pipeline()
