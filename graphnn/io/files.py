"""`save` and `load`: the format goes by the path's suffix, and never by what a file asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, FileError, MissingFileError, UnsupportedError
from graphnn.io import npz_file, safetensors_file
from graphnn.io.atomic import replacing
from graphnn.io.tree import flatten, restore
from graphnn.tensor.creation import check_device

Arrays = Mapping[str, np.ndarray]


class _Format(NamedTuple):
    write: Callable[[Path, Arrays, str], None]
    read: Callable[[Path], tuple[Arrays, str | None]]


FORMATS = {
    ".safetensors": _Format(safetensors_file.write, safetensors_file.read),
    ".npz": _Format(npz_file.write, npz_file.read),
}
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".tar")


def save(obj: Any, path: str | os.PathLike[str]) -> None:
    """Writes tensors, or dicts, lists and tuples of tensors, numbers and strings, to a .safetensors or .npz file.

    A dict of tensors becomes a file with its names, as every reader of the format expects. Tensors that share memory
    are written in full each. The file appears whole or not at all; a file that was there stays until then.
    """
    target = _as_path(path)
    found = _format_of(target)
    arrays, description = flatten(obj)
    with replacing(target) as temporary:
        found.write(temporary, arrays, description)


def load(path: str | os.PathLike[str], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """What was saved, in fresh tensors; a file of somebody else's comes as a dict of its tensors.

    `map_location` and `weights_only` are PyTorch's: there is the CPU only, and code in files is never run.
    """
    check_device(map_location)
    if not weights_only:
        raise UnsupportedError("load: weights_only=False asks to run what a file says; graphnn.load reads tensors only")
    source = _as_path(path)
    found = _format_of(source)
    _check_readable(source)
    arrays, description = found.read(source)
    return restore(arrays, description, source)


def _as_path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ArgumentTypeError(f"a path is wanted, a str or os.PathLike, not {type(path).__name__}")
    return Path(path)


def _format_of(path: Path) -> _Format:
    suffix = path.suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    advice = "name the file .safetensors or .npz"
    if suffix in _PICKLES:
        advice = (
            f"{suffix} files are pickles, which run code when they are read, so graphnn writes and reads none. {advice}; "
            "a PyTorch state_dict is saved so that graphnn can load it by safetensors.torch.save_file(state_dict, path)"
        )
    raise ArgumentError(f"{path}: the suffix {suffix!r} names no format that graphnn knows; {advice}")


def _check_readable(path: Path) -> None:
    """Says what is wrong with the path before a library says it in its own words."""
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise MissingFileError(f"{path}: there is no such file") from None
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None
