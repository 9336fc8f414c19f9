"""How long each step of a native plan takes, by a build of the same program that looks at the clock between steps."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.backends.native.generate import generate
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.workspace import NativeWorkspace
from graphnn.plan.plan import Plan


def step_nanoseconds(plan: Plan, state: tuple[np.ndarray, ...], inputs: Sequence[Any], runs: int = 20) -> list[float]:
    """The least time of each step of `plan.order` over some runs, in nanoseconds; 0 for views and for what runs on NumPy.

    `inputs` are those given at the start of a run, then those given at the barrier, if the plan has one. Works on
    copies of the state.
    """
    target = plan.target
    assert isinstance(target, NativeTarget)
    program = generate(plan, target.machine, timed=True)
    library = build(program.units, target.machine)
    workspace = NativeWorkspace(plan, program, library, tuple(np.array(s) for s in state))
    times = (ctypes.c_longlong * max(1, len(plan.order))).from_address(library.address("gn_times").value or 0)
    early = len(inputs) - len(plan.late)
    best = [float("inf")] * len(plan.order)
    for _ in range(runs + 1):  # the first one warms up
        ctypes.memset(times, 0, ctypes.sizeof(times))
        workspace.forward(list(inputs[:early]))
        if plan.barrier is not None:
            workspace.backward(list(inputs[early:]))
        best = list(map(min, best, times))
    return best
