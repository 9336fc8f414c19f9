"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphnn.errors import FileError, MissingFileError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place when the block ends well, and goes when it does not.

    Links are followed: what the path leads to is replaced. Permissions are those of the file that was there, or else
    those that any new file gets.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        mode = _create(temporary, target)
        yield temporary
        _flush(temporary)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        raise _explained(path, target, error) from error
    finally:
        if target.parent.is_dir():
            temporary.unlink(missing_ok=True)


def _create(temporary: Path, target: Path) -> int:
    """Makes the empty file and tells the permissions that it is to end with."""
    with temporary.open("xb") as made:
        fresh = os.fstat(made.fileno()).st_mode
    return (target.stat().st_mode if target.is_file() else fresh) & 0o7777


def _flush(path: Path) -> None:
    """To the disk, so that the name never leads to contents that a crash has lost."""
    with path.open("rb+") as written:
        os.fsync(written.fileno())


def _explained(path: Path, target: Path, error: OSError) -> FileError:
    if isinstance(error, FileError):
        return error
    if not target.parent.exists():
        return MissingFileError(f"{path}: cannot be written: the folder {target.parent} does not exist; make it first")
    return FileError(f"{path}: cannot be written: {error.strerror or error}")
