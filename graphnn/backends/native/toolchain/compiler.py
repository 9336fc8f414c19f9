"""The C compiler: which one, what it is told, and what it says of the machine.

All that is asked of it in a first process is kept in the cache, under the compiler's path, size and time: later
processes start no compiler to learn what they can load.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from graphnn.backends.native.toolchain import cache
from graphnn.backends.native.toolchain.folder import cache_folder
from graphnn.errors import BackendError

NAMES = ("cc", "gcc", "clang")
FLAGS = (
    *("-O2", "-std=gnu11", "-fPIC", "-pipe", "-w", "-fvisibility=hidden", "-fno-semantic-interposition"),
    *("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fno-sanitize=undefined"),
)
NATIVE = ("-march=native", "-mcpu=native")
WIDE = "-mprefer-vector-width=512"
FEATURES = ("__AVX512F__", "__AVX2__", "__AVX__", "__FMA__", "__SSE2__", "__ARM_NEON", "__VERSION__")
WAY_OUT = (
    "install a C compiler, or ziglang (pip install graphnn[native]), or name one in $CC; the numpy backend needs none"
)


@dataclass(frozen=True)
class Compiler:
    """`command` and the `flags` that it takes; `features`, its own macros that tell the machine apart; `identity`
    changes with the compiler and with the processor."""

    command: tuple[str, ...]
    flags: tuple[str, ...]
    features: tuple[str, ...]
    identity: str

    def make(self, path: Path, arguments: Sequence[str]) -> bytes:
        """What it writes to `path`; an error in one line if it fails."""
        done = start(self.command, [*arguments, "-o", str(path)])
        if done.returncode != 0:
            raise BackendError(f"native: {shlex.join(self.command)} failed: {_reason(done)}")
        if not path.exists():
            raise BackendError(f"native: {shlex.join(self.command)} made nothing; {WAY_OUT}")
        return path.read_bytes()


def the_compiler() -> Compiler:
    """The compiler that the environment names now."""
    return _compiler(_command(os.environ.get("CC", ""), os.environ.get("PATH", "")), str(cache_folder()))


@lru_cache(maxsize=8)
def _compiler(command: tuple[str, ...], folder: str) -> Compiler:
    identity = cache.digest((*command, _stamp(command), processor()))
    name = f"compiler-{identity}.json"
    known = cache.read(name)
    if known is None:
        known = json.dumps(_learn(command)).encode()
        cache.store(name, known)
    facts = json.loads(known)
    return Compiler(command, tuple(facts["flags"]), tuple(facts["features"]), identity)


@lru_cache(maxsize=8)
def _command(asked: str, path: str) -> tuple[str, ...]:
    words = shlex.split(asked)
    if words:
        found = shutil.which(words[0])
        if found is None:
            raise BackendError(f"native: $CC names {words[0]}, which is not there; {WAY_OUT}")
        return (found, *words[1:])
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return (found,)
    return _zig()


def _zig() -> tuple[str, ...]:
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise BackendError(f"native: no C compiler is found; {WAY_OUT}")
    return (str(Path(spec.origin).parent / "zig"), "cc")


def _stamp(command: tuple[str, ...]) -> str:
    """Which file the compiler is. A wrapper's words that are files count as well: `ccache gcc`."""
    paths = [p for p in (shutil.which(word) for word in command) if p is not None]
    found = [(os.path.realpath(p), os.stat(p)) for p in paths]
    return " ".join(f"{path} {s.st_size} {s.st_mtime_ns}" for path, s in found)


@lru_cache(maxsize=1)
def processor() -> str:
    """The processor and what it can do, as the system tells it, and the C library; by the host's name if it does not."""
    system = os.uname()
    told = _cpuinfo() or [system.nodename]
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else system.release
    return "\n".join((system.sysname, system.machine, libc or "", *told))


def _cpuinfo() -> list[str]:
    wanted = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU ")
    try:
        with open("/proc/cpuinfo") as file:
            first = iter(lambda: file.readline().rstrip("\n"), "")  # one processor's lines
            return [line for line in first if line.startswith(wanted)]
    except OSError:
        return []


# ---- learning


def _learn(command: tuple[str, ...]) -> dict[str, list[str]]:
    """The flags that it takes and the features that it then announces."""
    flags = [*FLAGS, NATIVE[0]]
    macros = _macros(command, flags)
    if macros is None:
        flags = [f for f in FLAGS if _macros(command, [f]) is not None]
        flags += [f for f in NATIVE if _macros(command, [f]) is not None][:1]
        macros = _macros(command, flags)
    if macros is None:
        raise BackendError(f"native: {shlex.join(command)} failed: {_reason(_preprocess(command, []))}")
    if "__AVX512F__" in macros and _macros(command, [WIDE]) is not None:
        flags.append(WIDE)
    return {"flags": flags, "features": [f"{m}={macros[m]}" for m in FEATURES if m in macros]}


def _macros(command: tuple[str, ...], flags: Sequence[str]) -> dict[str, str] | None:
    """Its predefined macros under these flags; None: it refuses them."""
    done = _preprocess(command, flags)
    if done.returncode != 0:
        return None
    words = (line.split(None, 2) for line in done.stdout.splitlines())
    return {w[1]: w[2] if len(w) == 3 else "" for w in words if len(w) >= 2 and w[0] == "#define"}


def _preprocess(command: tuple[str, ...], flags: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return start(command, [*flags, "-dM", "-E", "-x", "c", os.devnull])


def start(command: tuple[str, ...], arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs it to its end. zig keeps files of its own, in our folder unless the user says otherwise."""
    zig = str(cache_folder() / "zig")
    surroundings = {"ZIG_GLOBAL_CACHE_DIR": zig, "ZIG_LOCAL_CACHE_DIR": zig, **os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, errors="replace", env=surroundings, check=False
        )
    except OSError as error:
        raise BackendError(f"native: {shlex.join(command)} does not start: {error.strerror}; {WAY_OUT}") from None


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says most."""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "No space" in line]
    return (telling or lines or [f"exit status {done.returncode}"])[0]
