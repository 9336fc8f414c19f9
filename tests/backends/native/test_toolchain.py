"""Building, caching and loading C; what others may have written is never executed."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphnn.backends.native.toolchain import cache, compiler, folder
from graphnn.backends.native.toolchain.build import begin, build
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.errors import BackendError

ANSWER = '__attribute__((visibility("default"))) int answer(void) { return %d; }'


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def starts(monkeypatch):
    """The command lines of all compilers started."""
    seen = []
    start = compiler.start

    def watched(command, arguments):
        seen.append(tuple(arguments))
        return start(command, arguments)

    monkeypatch.setattr(compiler, "start", watched)
    return seen


def compiled(starts):
    return [a for a in starts if "-c" in a]


def files(cache: Path, ending: str) -> list[Path]:
    return sorted(cache.glob(f"*{ending}"))


def in_new_process(program: str, **variables: str) -> str:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_builds_units_that_call_each_other():
    inner = "int inner(void) { return 41; }"
    outer = 'int inner(void); __attribute__((visibility("default"))) int outer(void) { return inner() + 1; }'
    assert build({"inner": inner, "outer": outer}).function("outer")() == 42


def test_what_was_begun_is_waited_for_and_compiled_once(starts):
    begin([{"a": ANSWER % 1}, {"b": ANSWER % 2}])
    assert build({"b": ANSWER % 2}).function("answer")() == 2
    assert build({"a": ANSWER % 1}).function("answer")() == 1
    assert len(compiled(starts)) == 2
    starts.clear()
    begin([{"a": ANSWER % 1}])
    assert starts == []


def test_what_goes_wrong_in_what_was_begun_is_told_by_who_needs_it():
    begin([{"a": "wrong"}, {"b": ANSWER % 2}])
    with pytest.raises(BackendError, match=r"failed: .*a\.c:1:1: error"):
        build({"a": "wrong"})
    assert build({"b": ANSWER % 2}).function("answer")() == 2


def test_starts_no_compiler_for_what_it_has_built(starts):
    build({"a": ANSWER % 1})
    starts.clear()
    assert build({"a": ANSWER % 1}).function("answer")() == 1
    assert starts == []


def test_a_new_process_loads_what_was_built_and_starts_no_compiler():
    build({"a": ANSWER % 7})
    program = f"""
import subprocess
def refuse(*arguments, **options):
    raise AssertionError(arguments)
subprocess.run = subprocess.Popen = refuse
from graphnn.backends.native.toolchain.build import begin, build
print(build({{"a": {ANSWER % 7!r}}}).function("answer")())
"""
    assert in_new_process(program) == "7"


def test_compiles_again_only_the_unit_that_changed(starts):
    shared = "int shared(void) { return 1; }"
    build({"shared": shared, "a": ANSWER % 1})
    starts.clear()
    assert build({"shared": shared, "b": ANSWER % 2}).function("answer")() == 2
    assert len(compiled(starts)) == 1


def test_the_same_text_for_other_vectors_is_another_library(own_cache, monkeypatch):
    text = '#include <stdint.h>\n__attribute__((visibility("default"))) int lanes(void) { return GN_LANES; }'
    assert build({"a": text}).function("lanes")() == this_machine().lanes
    monkeypatch.setenv("GRAPHNN_LANES", "16" if this_machine().lanes == 4 else "4")
    assert build({"a": text}).function("lanes")() == this_machine().lanes
    assert len(files(own_cache, ".so")) == 2


def test_what_was_built_on_another_processor_is_not_loaded(own_cache, monkeypatch, starts):
    build({"a": ANSWER % 1})
    monkeypatch.setattr(compiler, "processor", lambda: "another one")
    compiler._compiler.cache_clear()
    starts.clear()
    build({"a": ANSWER % 1})
    compiler._compiler.cache_clear()
    assert len(compiled(starts)) == 1
    assert len(files(own_cache, ".so")) == 2


@pytest.mark.parametrize("harm", ["truncated", "empty", "changed", "writable by others", "a link"])
def test_a_harmed_library_is_built_anew(own_cache, starts, harm, tmp_path):
    build({"a": ANSWER % 1})
    (library,) = files(own_cache, ".so")
    HARMS[harm](library, tmp_path)
    starts.clear()
    program = f"""
from graphnn.backends.native.toolchain.build import begin, build
print(build({{"a": {ANSWER % 1!r}}}).function("answer")())
"""
    assert in_new_process(program) == "1"
    assert library.stat().st_size > 1000
    assert not library.is_symlink()
    assert folder.is_trusted(library)


def _link(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere / "other.so")
    path.symlink_to(elsewhere / "other.so")


def _replace(path: Path, content: bytes) -> None:
    """By a new file: this process has the old one mapped, and would die of pages that are gone."""
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o700)


HARMS = {
    "truncated": lambda path, _: _replace(path, path.read_bytes()[:500]),
    "empty": lambda path, _: _replace(path, b""),
    "changed": lambda path, _: _replace(path, path.read_bytes().replace(b"answer", b"ANSWER")),
    "writable by others": lambda path, _: path.chmod(0o666),
    "a link": _link,
}


def test_a_harmed_object_is_not_linked(own_cache):
    build({"a": ANSWER % 1})
    (made,), (library,) = files(own_cache, ".o"), files(own_cache, ".so")
    made.write_bytes(made.read_bytes()[:200])
    library.unlink()
    assert build({"a": ANSWER % 1}).function("answer")() == 1


def test_a_folder_that_others_can_write_is_refused(own_cache):
    own_cache.mkdir()
    own_cache.chmod(0o777)
    with pytest.raises(BackendError, match="can be written by, another user; set GRAPHNN_CACHE_DIR"):
        build({"a": ANSWER % 1})


def test_a_folder_of_somebody_else_is_refused(own_cache, monkeypatch):
    own_cache.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BackendError, match="belongs to"):
        build({"a": ANSWER % 1})


def test_a_file_of_somebody_else_is_not_loaded(own_cache, monkeypatch, starts):
    build({"a": ANSWER % 1})
    (library,) = files(own_cache, ".so")
    private = folder.is_private
    inode = library.stat().st_ino
    monkeypatch.setattr(folder, "is_private", lambda found: found.st_ino != inode and private(found))
    starts.clear()
    build({"a": ANSWER % 1})
    assert starts


def test_the_folder_and_its_files_are_closed_to_others(own_cache):
    build({"a": ANSWER % 1})
    assert own_cache.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in own_cache.iterdir()} == {0o600}


def test_leaves_no_temporary_files(own_cache):
    build({"a": ANSWER % 1})
    with pytest.raises(BackendError):
        build({"a": "not C"})
    assert [path for path in own_cache.iterdir() if path.name.startswith(".")] == []


def test_a_large_cache_loses_what_was_not_used_for_longest(own_cache):
    for age, name in enumerate("abcd"):
        path = cache.store(name, bytes(1000))
        os.utime(path, (1000 - age, 1000 - age))
    assert cache.find("d") is not None  # used now
    cache.prune(most=5000)
    assert len(list(own_cache.iterdir())) == 4
    cache.prune(most=4000)
    assert [path.name for path in own_cache.iterdir()] == ["d"]


def test_sweeps_what_killed_processes_have_left(own_cache):
    cache.store("kept", bytes(10))
    for name in (".build-old", ".build-new"):
        (own_cache / name).mkdir()
        (own_cache / name / "a.c").write_text("")
    (own_cache / ".new-old").write_text("")
    for name in (".build-old", ".new-old", "kept"):
        os.utime(own_cache / name, (1000, 1000))
    cache.prune()
    assert {path.name for path in own_cache.iterdir()} == {"kept", ".build-new"}


def test_the_folder_is_looked_through_once_an_hour(own_cache, monkeypatch):
    times = []
    monkeypatch.setattr(cache, "prune", lambda: times.append(1))
    for _ in range(3):
        cache.tidy()
    assert len(times) == 1
    os.utime(own_cache / "pruned", (1000, 1000))
    cache.tidy()
    assert len(times) == 2


def test_the_cache_goes_where_xdg_says(tmp_path, monkeypatch):
    monkeypatch.delenv("GRAPHNN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder.cache_folder() == tmp_path / "xdg" / "graphnn"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder.cache_folder() == tmp_path / ".cache" / "graphnn"


def test_no_folder_can_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(BackendError, match=r"no cache folder .*Not a directory"):
        build({"a": ANSWER % 1})


def test_a_full_disk_is_told_in_one_line(monkeypatch):
    this_machine()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(BackendError, match=r"^native: cannot write .*: No space left on device$"):
        build({"a": ANSWER % 1})


def test_an_error_in_the_text_names_the_unit_and_the_line():
    with pytest.raises(BackendError, match=r"plan\.c:2:.*error") as caught:
        build({"plan": "int x;\nint y = nothing;"})
    assert "\n" not in str(caught.value)


def test_processes_that_build_the_same_at_once_all_succeed():
    program = f"""
from graphnn.backends.native.toolchain.build import begin, build
print(build({{"a": {ANSWER % 3!r}}}).function("answer")())
"""
    command = [sys.executable, "-c", program]
    all_ = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in all_] == ["3"] * 4


def test_a_function_s_address_can_be_handed_to_c():
    library = build({"a": ANSWER % 5})
    assert ctypes.CFUNCTYPE(ctypes.c_int)(library.address("answer").value)() == 5
