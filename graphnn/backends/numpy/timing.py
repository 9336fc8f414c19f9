"""How long each step of a plan takes on NumPy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.backends.numpy.backend import Bound, NumpyWorkspace
from graphnn.ops.quiet import begin_quiet, end_quiet
from graphnn.plan.plan import Plan


def step_nanoseconds(plan: Plan, state: tuple[np.ndarray, ...], inputs: Sequence[Any], runs: int = 20) -> list[float]:
    """The least time of each step of `plan.order` over some runs, in nanoseconds; 0 for views.

    `inputs` are those given at the start of a run, then those given at the barrier, if the plan has one. Works on
    copies of the state.
    """
    workspace = NumpyWorkspace(plan, tuple(np.array(s) for s in state))
    steps = [workspace.calls_of(plan, i) for i in range(len(plan.order))]
    barrier = len(steps) if plan.barrier is None else plan.barrier
    early = len(inputs) - len(plan.late)
    best = [float("inf")] * len(steps)
    before = begin_quiet()
    try:
        for _ in range(runs + 1):  # the first one warms up
            workspace.take(inputs[:early], late=False)
            times = _timed(steps[:barrier])
            workspace.take(inputs[early:], late=True)
            best = list(map(min, best, [*times, *_timed(steps[barrier:])]))
    finally:
        end_quiet(before)
    return best


def _timed(steps: Sequence[Sequence[Bound]]) -> list[int]:
    times = []
    for calls in steps:
        start = time.perf_counter_ns()
        for function, args in calls:
            function(*args)
        times.append(time.perf_counter_ns() - start if calls else 0)
    return times
