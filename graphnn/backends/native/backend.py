"""Binding plans to generated C."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from graphnn.backends.native.generate import Program, generate
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain import cache
from graphnn.backends.native.toolchain.arrays import PROBE_UNITS
from graphnn.backends.native.toolchain.build import begin, build
from graphnn.backends.native.toolchain.compiler import the_compiler
from graphnn.backends.native.toolchain.direct import call_units
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.backends.native.toolchain.pool import pool_units
from graphnn.backends.native.toolchain.python import can_make_functions
from graphnn.backends.native.workspace import NativeWorkspace
from graphnn.plan.plan import Plan

_programs: weakref.WeakKeyDictionary[Plan, tuple[Program, Any]] = weakref.WeakKeyDictionary()
_building = threading.Lock()


class NativeBackend:
    """The whole plan as one C function, compiled once a plan; what has no kernel in C runs on NumPy in between."""

    name = "native"

    def __init__(self, *, threads: int | None = None, exact: bool = False) -> None:
        _begin()
        machine = this_machine()
        self.target = NativeTarget(
            machine=replace(machine, threads=machine.threads if threads is None else threads, exact=exact)
        )

    def prepare(self, plan: Plan) -> None:
        compiled(plan)

    def bind(self, plan: Plan, state: tuple[np.ndarray, ...]) -> NativeWorkspace:
        program, library = compiled(plan)
        return NativeWorkspace(plan, program, library, state)

    def step_nanoseconds(
        self, plan: Plan, state: tuple[np.ndarray, ...], inputs: Sequence[Any], runs: int = 20
    ) -> list[float]:
        from graphnn.backends.native.timing import step_nanoseconds

        return step_nanoseconds(plan, state, inputs, runs)

    def own_bytes(self, plan: Plan) -> int:
        """What the workers have beside the arena, for chains."""
        return compiled(plan)[0].own_bytes

    def source(self, plan: Plan) -> str:
        """The generated C of a plan: the functions of its steps, then the function that calls them."""
        return compiled(plan)[0].source

    # ---- for later processes

    def identity(self) -> str:
        return f"native {self.target} {the_compiler().identity}"

    def load(self, name: str) -> bytes | None:
        return cache.read(name)

    def store(self, name: str, data: bytes) -> None:
        cache.store(name, data)

    def code(self, plan: Plan) -> Program:
        return compiled(plan)[0]

    def adopt(self, plan: Plan, code: Program) -> None:
        with _building:
            _programs[plan] = code, build(code.units, self.target.machine)


@lru_cache(maxsize=1)
def _begin() -> None:
    """Sees to the libraries that every process needs beside those of its plans, while these are traced."""
    if can_make_functions():
        begin([pool_units(), PROBE_UNITS, call_units()])
    else:
        begin([pool_units()])


def compiled(plan: Plan) -> tuple[Program, Any]:
    """The program of a plan made for a `NativeTarget`, and its library."""
    with _building:
        found = _programs.get(plan)
        if found is None:
            target = plan.target
            assert isinstance(target, NativeTarget)
            program = generate(plan, target.machine)
            found = _programs[plan] = program, build(program.units, target.machine)
        return found
