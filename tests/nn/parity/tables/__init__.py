"""The rows, a file a family: each file holds ROWS, and all files of this folder are read."""

from __future__ import annotations

import importlib
import pkgutil

from tests.nn.parity.row import Row

ROWS: list[Row] = [
    row
    for module in pkgutil.iter_modules(__path__)
    for row in importlib.import_module(f"{__name__}.{module.name}").ROWS
]
