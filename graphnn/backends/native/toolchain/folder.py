"""The folder of compiled code: only this user can write it, or nothing in it is ever executed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from graphnn.errors import BackendError

WAY_OUT = "set GRAPHNN_CACHE_DIR to a folder of your own"


def cache_folder() -> Path:
    """The folder, made if need be; refused if others own it or can write it."""
    folder = _chosen()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise BackendError(f"native: no cache folder {folder}: {error.strerror}; {WAY_OUT}") from None
    if not is_private(found):
        raise BackendError(f"native: cache folder {folder} belongs to, or can be written by, another user; {WAY_OUT}")
    return folder


def _chosen() -> Path:
    own = os.environ.get("GRAPHNN_CACHE_DIR")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return Path(shared if shared else os.path.expanduser("~/.cache")) / "graphnn"


def is_private(found: os.stat_result) -> bool:
    """Whether this user owns it and nobody else can write it."""
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_trusted(path: Path) -> bool:
    """Whether it is a plain file (no link) that only this user can have written."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and is_private(found)
