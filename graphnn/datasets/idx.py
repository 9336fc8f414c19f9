"""IDX files, the form in which MNIST is published, plain or compressed by gzip.

Two zero bytes, a byte for the element type, one for the number of dimensions, the dimensions as big-endian 32-bit
numbers, then the elements in row-major order, big-endian (Yann LeCun, Corinna Cortes and Christopher Burges).
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from graphnn.errors import FileError, FileFormatError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> np.ndarray:
    """The array in native byte order, writable; a file that is not what it says raises FileFormatError."""
    data = _contents(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise FileFormatError(f"{path}: no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}")
    dtype, ndim = np.dtype(_TYPES[data[2]]), data[3]
    start = 4 + 4 * ndim
    if len(data) < start:
        raise FileFormatError(f"{path}: the IDX file ends within its header, after {len(data)} bytes of {start}")
    shape = tuple(np.frombuffer(data, ">u4", ndim, 4).tolist())
    wanted = math.prod(shape) * dtype.itemsize
    if len(data) - start != wanted:
        raise FileFormatError(
            f"{path}: the IDX file says that it holds {wanted} bytes, {list(shape)} of {dtype.name}, and has "
            f"{len(data) - start}; it is damaged or was cut short"
        )
    return np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def _contents(path: Path) -> bytes:
    """The bytes of the file, unpacked where they are compressed, whatever the file's name says."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise FileFormatError(f"{path}: the gzip file is damaged or was cut short: {error}") from None
