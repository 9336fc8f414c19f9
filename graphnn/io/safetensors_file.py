"""The .safetensors format: a JSON header with names, dtypes and shapes, then the bytes. The library checks it all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import FileError, FileFormatError
from graphnn.io.recognize import recognize
from graphnn.ir import dtypes

_DTYPES = {d.short.upper(): d for d in dtypes.ALL}  # F32, I64, BOOL, as the graph's text has them in small letters


def write(path: Path, arrays: Mapping[str, np.ndarray], description: str) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        # "format" is what other libraries ask for; it says that names and shapes are PyTorch's
        save_file(dict(arrays), path, metadata={"format": "pt", "graphnn": description})
    except SafetensorError as error:
        raise FileError(f"{path}: cannot be written: {error}") from None


def read(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: _read_tensor(file, name, path) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return arrays, (file.metadata() or {}).get("graphnn")
    except (SafetensorError, OSError, MemoryError) as error:
        if isinstance(error, FileError):
            raise
        raise FileFormatError(f"{path}: no valid safetensors file: {error}{recognize(path)}") from None


def _read_tensor(file: Any, name: str, path: Path) -> np.ndarray:
    code = file.get_slice(name).get_dtype()
    if code not in _DTYPES:
        raise FileFormatError(
            f"{path}: the tensor {name!r} is of dtype {code}, which graphnn lacks; known are {', '.join(_DTYPES)}"
        )
    found: np.ndarray = file.get_tensor(name)
    return found
