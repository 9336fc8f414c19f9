"""What code is generated for."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from graphnn.backends.native.toolchain.compiler import Compiler, the_compiler
from graphnn.errors import BackendError
from graphnn.threads import available_threads, get_num_threads

WIDTHS = (4, 8, 16)


@dataclass(frozen=True)
class Machine:
    """`lanes` floats fit a vector, `registers` vectors are at hand; a phase runs on at most `threads` workers.
    `flags` are the compiler's; `exact` rules out algorithms that round otherwise than a plain sum of products."""

    lanes: int
    registers: int
    threads: int
    flags: tuple[str, ...] = ()
    name: str = "plain"
    exact: bool = False


def this_machine() -> Machine:
    """The machine that the compiler compiles for here. GRAPHNN_LANES asks for other vectors, which compilers take apart."""
    compiler = the_compiler()
    machine = replace(_vectors(compiler), threads=max(available_threads(), get_num_threads()), flags=compiler.flags)
    asked = os.environ.get("GRAPHNN_LANES")
    return machine if asked is None else with_lanes(machine, asked)


def _vectors(compiler: Compiler) -> Machine:
    has = {f.split("=")[0] for f in compiler.features}
    if "__AVX512F__" in has:
        return Machine(16, 32, 1, name="AVX-512")
    if "__AVX2__" in has and "__FMA__" in has:
        return Machine(8, 16, 1, name="AVX2")
    if "__AVX__" in has:
        return Machine(8, 16, 1, name="AVX")
    if "__ARM_NEON" in has:
        return Machine(4, 32, 1, name="NEON")
    return Machine(4, 16, 1, name="SSE2" if "__SSE2__" in has else "plain")


def with_lanes(machine: Machine, asked: str) -> Machine:
    if asked not in map(str, WIDTHS):
        raise BackendError(f"native: GRAPHNN_LANES is {asked!r}, wanted one of {', '.join(map(str, WIDTHS))}")
    lanes = int(asked)
    return replace(machine, lanes=lanes, registers=32 if lanes == 16 else machine.registers)
