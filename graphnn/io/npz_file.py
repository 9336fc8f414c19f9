"""The .npz format: a zip of NumPy's .npy files, written and read here entry by entry, objects refused.

`numpy.savez` cannot write every name ("file" is its own argument), and `numpy.load` believes what a header says of its
size before it has looked how long the entry is.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np

from graphnn.errors import DTypeError, FileFormatError, GraphnnError, UnsupportedError
from graphnn.io.recognize import recognize
from graphnn.ir import dtypes

DESCRIPTION = "__graphnn__.json"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_DAMAGE = (BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, MemoryError, KeyError)


def write(path: Path, arrays: Mapping[str, np.ndarray], description: str) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "V":  # .npy keeps the bytes of dtypes that are not NumPy's own, and not what they mean
            raise UnsupportedError(f"save: {name!r} is {array.dtype}, which .npz files cannot hold; use .safetensors")
    with ZipFile(path, "w") as archive:
        archive.writestr(ZipInfo(DESCRIPTION), description)
        for name, array in arrays.items():
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def read(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    try:
        with ZipFile(path) as archive:
            return _read_entries(archive, path)
    except GraphnnError:
        raise
    except _DAMAGE as error:
        raise FileFormatError(f"{path}: no valid npz file: {_words(error)}{recognize(path)}") from None


def _read_entries(archive: ZipFile, path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    entries = {info.filename: info for info in archive.infolist()}
    described = entries.pop(DESCRIPTION, None)
    arrays = {name.removesuffix(".npy"): _read_array(archive, info, path) for name, info in entries.items()}
    return arrays, None if described is None else archive.read(described).decode()


def _read_array(archive: ZipFile, info: ZipInfo, path: Path) -> np.ndarray:
    with archive.open(info) as entry:
        _check_header(entry, info, path)
    with archive.open(info) as entry:
        array: np.ndarray = np.lib.format.read_array(entry, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), order="C", copy=False)


def _check_header(entry: IO[bytes], info: ZipInfo, path: Path) -> None:
    """Refuses what is no array of numbers, and sizes that are not there."""
    version = np.lib.format.read_magic(entry)
    if version not in _HEADERS:
        raise FileFormatError(f"{path}: the entry {info.filename!r} is of .npy version {version}, unknown here")
    shape, _, dtype = _HEADERS[version](entry)
    if dtype.hasobject:
        raise FileFormatError(
            f"{path}: the entry {info.filename!r} holds Python objects, a pickle, which is never read"
        )
    try:
        dtypes.of_numpy(dtype.newbyteorder("="))
    except DTypeError as error:
        raise FileFormatError(f"{path}: the entry {info.filename!r}: {error}") from None
    wanted, got = math.prod(shape) * dtype.itemsize, info.file_size - entry.tell()
    if wanted != got:
        raise FileFormatError(
            f"{path}: the entry {info.filename!r} says that it holds {wanted} bytes of {dtype} {shape}, and has {got}"
        )


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
