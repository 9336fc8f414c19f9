"""From C texts to a loaded library, each text compiled once in the life of the cache."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

from graphnn.backends.native.toolchain import cache
from graphnn.backends.native.toolchain.compiler import Compiler, the_compiler
from graphnn.backends.native.toolchain.folder import cache_folder
from graphnn.backends.native.toolchain.library import Library
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.errors import BackendError
from graphnn.threads import usable_processors

HEAD = object.__basicsize__  # bytes before a Python object's own fields


def build(units: Mapping[str, str], machine: Machine | None = None) -> Library:
    """The library of all units, which include headers by their bare names. A unit's name is for error messages only."""
    compiler = the_compiler()
    flags = [*compiler.flags, f"-DGN_LANES={(machine or this_machine()).lanes}", f"-DGN_HEAD={HEAD}"]
    keys = {name: _key(compiler, flags, text) for name, text in units.items()}
    library = f"{cache.digest(sorted(keys.values()))}.so"
    path = cache.find(library)
    if path is None:
        cache.tidy()
        path = _make(compiler, flags, units, keys, library)
    return Library(path)


def _key(compiler: Compiler, flags: Sequence[str], text: str) -> str:
    return cache.digest((compiler.identity, *compiler.features, *flags, headers(), text))


@lru_cache(maxsize=1)
def headers() -> str:
    """All headers' texts."""
    folder = files("graphnn.backends.native") / "include"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".h")), key=lambda f: f.name)
    return "\n".join(f.name + "\n" + f.read_text() for f in found)


def _make(
    compiler: Compiler, flags: Sequence[str], units: Mapping[str, str], keys: Mapping[str, str], library: str
) -> Path:
    """Compiles what is not cached, units side by side, and links."""
    from concurrent.futures import ThreadPoolExecutor  # not wanted where all is cached

    try:
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".build-") as work:
            with as_file(files("graphnn.backends.native") / "include") as include:
                command = [*flags, "-I", str(include), "-c"]

                def compiled(name: str) -> Path:
                    return _object(compiler, command, units[name], Path(work) / name, f"{keys[name]}.o")

                with ThreadPoolExecutor(min(len(units), usable_processors())) as threads:
                    objects = list(threads.map(compiled, units))
            return _link(compiler, objects, Path(work) / "linked.so", library)
    except OSError as error:
        raise BackendError(f"native: cannot compile in {cache_folder()}: {error.strerror}") from None


def _object(compiler: Compiler, command: Sequence[str], text: str, work: Path, name: str) -> Path:
    found = cache.find(name)
    if found is not None:
        return found
    source, made = work.with_suffix(".c"), work.with_suffix(".o")
    source.write_text(text)
    return cache.store(name, compiler.make(made, [*command, str(source)]))


def _link(compiler: Compiler, objects: Sequence[Path], made: Path, library: str) -> Path:
    native = [f for f in compiler.flags if f.startswith("-m")]
    return cache.store(
        library, compiler.make(made, [*native, "-shared", "-fPIC", *map(str, objects), "-lm", "-lpthread"])
    )
