"""Which compiler is taken, what it is told, and what is said when there is none."""

import shutil
import sys
from pathlib import Path

import pytest

from graphnn.backends.native.toolchain import compiler
from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.compiler import the_compiler
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.errors import BackendError

TEXT = '__attribute__((visibility("default"))) int one(void) { return 1; }'


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CC", raising=False)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def real_compiler() -> str:
    found = shutil.which("cc") or shutil.which("gcc")
    assert found is not None
    return found


def test_cc_comes_before_the_usual_names(tmp_path, monkeypatch):
    mine = script(tmp_path / "mine", f'exec {real_compiler()} "$@"')
    monkeypatch.setenv("CC", f"{mine} -DX=1")
    assert the_compiler().command == (str(mine), "-DX=1")
    assert build({"a": TEXT.replace("1", "X")}).function("one")() == 1


def test_usual_names_come_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("clang", "gcc", "cc"):
        script(tmp_path / "bin" / name, f'exec {real_compiler_before} "$@"')
        compiler._command.cache_clear()
        assert the_compiler().command == (str(tmp_path / "bin" / name),)


real_compiler_before = real_compiler()


def test_cc_that_names_nothing_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BackendError, match=r"\$CC names no-such-compiler, which is not there; install a C compiler"):
        this_machine()


def test_no_compiler_at_all_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"no C compiler is found; .*graphnn\[native\].*numpy backend") as caught:
        this_machine()
    assert "\n" not in str(caught.value)


def test_zig_from_its_wheel_is_the_last_resort(tmp_path, monkeypatch):
    zig = script(tmp_path / "ziglang" / "zig", f'shift; exec {real_compiler_before} "$@"')
    (tmp_path / "ziglang" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "ziglang", raising=False)
    monkeypatch.setattr(compiler, "NAMES", ())
    compiler._command.cache_clear()
    assert the_compiler().command == (str(zig), "cc")
    assert build({"a": TEXT}).function("one")() == 1
    compiler._command.cache_clear()


def test_a_failing_compiler_is_told_in_one_line_with_its_own_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", str(script(tmp_path / "broken", "echo 'some error: broken' >&2; echo more >&2; exit 1")))
    with pytest.raises(BackendError, match=r"^native: .*broken failed: some error: broken$"):
        this_machine()


def test_a_compiler_that_makes_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", str(script(tmp_path / "idle", "exit 0")))
    with pytest.raises(BackendError, match="made nothing"):
        build({"a": TEXT})


def test_flags_that_the_compiler_refuses_are_dropped(tmp_path, monkeypatch):
    refusing = f"""
for word in "$@"; do case "$word" in -march=native|-fno-math-errno) exit 1;; esac; done
for word in "$@"; do shift; [ "$word" = -mcpu=native ] || set -- "$@" "$word"; done
exec {real_compiler()} "$@"
"""
    monkeypatch.setenv("CC", str(script(tmp_path / "refusing", refusing)))
    flags = the_compiler().flags
    assert "-mcpu=native" in flags
    assert "-O2" in flags
    assert not {"-march=native", "-fno-math-errno"} & set(flags)


def test_avx_512_asks_for_its_full_width(tmp_path, monkeypatch):
    if "-march=native" not in the_compiler().flags:
        return
    replaced = f"""
for word in "$@"; do shift; [ "$word" = -march=native ] && word=-mavx512f; set -- "$@" "$word"; done
exec {real_compiler()} "$@"
"""
    if "__SSE2__=1" not in the_compiler().features:
        return  # another architecture
    monkeypatch.setenv("CC", str(script(tmp_path / "wide", replaced)))
    assert "-mprefer-vector-width=512" in the_compiler().flags
    assert (this_machine().lanes, this_machine().registers, this_machine().name) == (16, 32, "AVX-512")


@pytest.mark.parametrize(
    ("features", "lanes", "registers"),
    [
        (("__AVX512F__=1", "__AVX2__=1", "__FMA__=1"), 16, 32),
        (("__AVX2__=1", "__AVX__=1", "__FMA__=1", "__SSE2__=1"), 8, 16),
        (("__SSE2__=1",), 4, 16),
        (("__ARM_NEON=1",), 4, 32),
        ((), 4, 16),
    ],
)
def test_vectors_go_by_the_compiler_s_own_macros(monkeypatch, features, lanes, registers):
    known = compiler.Compiler(("cc",), ("-O2",), features, "x")
    monkeypatch.setattr("graphnn.backends.native.toolchain.machine.the_compiler", lambda: known)
    assert (this_machine().lanes, this_machine().registers) == (lanes, registers)


def test_another_width_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("GRAPHNN_LANES", "16")
    assert (this_machine().lanes, this_machine().registers) == (16, 32)
    monkeypatch.setenv("GRAPHNN_LANES", "5")
    with pytest.raises(BackendError, match="GRAPHNN_LANES is '5', wanted one of 4, 8, 16"):
        this_machine()


def test_an_updated_compiler_is_asked_again(tmp_path, monkeypatch):
    path = tmp_path / "updated"
    monkeypatch.setenv("CC", str(script(path, f'exec {real_compiler()} "$@"')))
    before = the_compiler().identity
    compiler._compiler.cache_clear()
    assert the_compiler().identity == before
    script(path, f'exec  {real_compiler()} "$@"')
    compiler._compiler.cache_clear()
    assert the_compiler().identity != before
