"""Files by content: named for the digest of what they were made from, sealed with the digest of what they hold.

The seal lies behind the file's end, where loaders and linkers do not look; a truncated library would otherwise bring
the process down when it is loaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from graphnn.backends.native.toolchain.folder import cache_folder, is_trusted
from graphnn.errors import BackendError

SEAL = 32
UNFINISHED = (".build-", ".new-")  # how names begin that are gone when their process has done its work
ABANDONED = 3600  # seconds: no compiler takes that long
BETWEEN = 3600  # seconds
MOST_BYTES = 1 << 30  # above that, what was not used for longest goes until half is left


def digest(texts: Iterable[str]) -> str:
    """One name for a sequence of texts; where each ends matters."""
    total = hashlib.blake2b(digest_size=20)
    for text in texts:
        data = text.encode()
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def find(name: str) -> Path | None:
    """The cached file, if it is there, whole, and written by nobody else."""
    path = cache_folder() / name
    try:
        if not is_trusted(path) or not _is_whole(path.read_bytes()):
            return None
        os.utime(path)  # used now
    except OSError:  # another process has just removed it
        return None
    return path


def read(name: str) -> bytes | None:
    """What `store` was given."""
    path = find(name)
    return None if path is None else path.read_bytes()[:-SEAL]


def store(name: str, content: bytes) -> Path:
    """Seals and keeps it. Others see the whole file or none: it is written beside and moved into its place."""
    path = cache_folder() / name
    try:
        _replace(path, content + _seal(content))
    except OSError as error:
        raise BackendError(f"native: cannot write {path}: {error.strerror}") from None
    return path


def tidy() -> None:
    """Prunes, unless that was done within the last hour: it looks at every file."""
    mark = cache_folder() / "pruned"
    with suppress(OSError):  # no mark yet
        if time.time() - mark.lstat().st_mtime < BETWEEN:
            return
    with suppress(OSError):  # such as a full disk: what is written next tells
        mark.touch(mode=0o600)
    prune()


def prune(most: int = MOST_BYTES) -> None:
    """Bounds the folder's size. Libraries that are loaded somewhere stay loaded when their files go."""
    _sweep()
    found = [(entry.stat(), entry.path) for entry in os.scandir(cache_folder()) if entry.is_file(follow_symlinks=False)]
    total = sum(s.st_size for s, _ in found)
    if total <= most:
        return
    for s, path in sorted(found, key=lambda item: item[0].st_mtime_ns):
        if total <= most // 2:
            return
        Path(path).unlink(missing_ok=True)
        total -= s.st_size


def _sweep() -> None:
    """Removes what processes that were killed have left."""
    for entry in os.scandir(cache_folder()):
        if entry.name.startswith(UNFINISHED) and time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mkstemp's files have mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _seal(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=SEAL).digest()


def _is_whole(data: bytes) -> bool:
    return len(data) > SEAL and data[-SEAL:] == _seal(memoryview(data)[:-SEAL])
