"""From C texts to a loaded library, each text compiled once in the life of the cache."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
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

_begun: dict[str, threading.Thread] = {}  # by library

HEAD = object.__basicsize__  # bytes before a Python object's own fields


def build(units: Mapping[str, str], machine: Machine | None = None) -> Library:
    """The library of all units, which include headers by their bare names. A unit's name is for error messages only."""
    return Library(_Wanted(units, machine).path())


def begin(libraries: Iterable[Mapping[str, str]]) -> None:
    """Builds what is not cached of these, each some units, in a thread, while the caller goes on. `build` waits for it; what
    goes wrong it meets again."""
    missing = {made.library: made for made in map(_Wanted, libraries) if cache.find(made.library) is None}
    if not missing:
        return

    def work() -> None:
        for made in missing.values():
            with contextlib.suppress(BackendError):
                made.make()

    thread = threading.Thread(target=work, name="graphnn-build")
    _begun.update(dict.fromkeys(missing, thread))
    thread.start()


class _Wanted:
    """Units to be compiled for a machine, and the name of the library that they become."""

    def __init__(self, units: Mapping[str, str], machine: Machine | None = None) -> None:
        self.units, self.compiler = units, the_compiler()
        lanes = (machine or this_machine()).lanes
        self.flags = [*self.compiler.flags, f"-DGN_LANES={lanes}", f"-DGN_HEAD={HEAD}"]
        self.keys = {name: _key(self.compiler, self.flags, text) for name, text in units.items()}
        self.library = f"{cache.digest(sorted(self.keys.values()))}.so"

    def path(self) -> Path:
        found = cache.find(self.library)
        if found is None and (thread := _begun.pop(self.library, None)) is not None:
            thread.join()
            found = cache.find(self.library)
        return self.make() if found is None else found

    def make(self) -> Path:
        cache.tidy()
        return _make(self.compiler, self.flags, self.units, self.keys, self.library)


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
