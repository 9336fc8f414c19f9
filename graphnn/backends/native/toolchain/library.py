"""A shared library in this process."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from graphnn.errors import BackendError


class Library:
    """Stays loaded until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise BackendError(f"native: cannot load {path}: {error}") from None

    def function(self, name: str) -> Any:
        """The ctypes function; calls release Python's lock."""
        return self._library[name]

    def address(self, name: str) -> ctypes.c_void_p:
        """Where the function lies, to be handed to C."""
        return ctypes.cast(self._library[name], ctypes.c_void_p)
