"""Where a node came from: the user's file and line, and the path of the module it was traced in."""

from __future__ import annotations

import os
from typing import NamedTuple


class Origin(NamedTuple):
    """One place. `module` is a path such as `linear_relu_stack.2` ("" at the top), `line` counts from 1 (0 unknown)."""

    module: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """`fc1, model.py:31`, the folder left out."""
        place = f"{os.path.basename(self.file)}:{self.line}" if self.file else ""
        return ", ".join(part for part in (self.module, place) if part)


Origins = tuple[Origin, ...]


def merge(*groups: Origins) -> Origins:
    """All origins of several nodes, each once, in order."""
    return tuple(dict.fromkeys(origin for group in groups for origin in group))


def describe(origins: Origins) -> str:
    """`fc1, model.py:31 + relu, model.py:32`; empty where nothing is known."""
    return " + ".join(text for text in map(str, origins) if text)
