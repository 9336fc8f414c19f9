"""Where a compiled function's time goes: each step of its plan with its time, cost and share of what the machine can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

import numpy as np

from graphnn.ir.origin import describe
from graphnn.ir.printer import format_node
from graphnn.ir.value import Node
from graphnn.plan.plan import Plan
from graphnn.plan.report import format_bytes
from graphnn.tools.costs import node_bytes, node_flops, spelled, spelled_time


class Step(NamedTuple):
    """`share` is the part of the machine's limit (of products or of copies, whichever is nearer) that it reaches."""

    number: int
    node: Node
    nanoseconds: float
    flops: int
    bytes: int
    share: float

    @property
    def line(self) -> str:
        return format_node(self.node).splitlines()[0].split("  #")[0]

    @property
    def origin(self) -> str:
        return describe(self.node.origins)


class Limits(NamedTuple):
    """Of the machine, measured: floating-point operations and bytes of copying a nanosecond."""

    flops: float
    bytes: float


@dataclass(frozen=True)
class Profile:
    """Prints as a table, hottest first; notebooks show it as HTML."""

    plan: Plan
    backend: str
    runs: int
    steps: tuple[Step, ...]
    limits: Limits

    @property
    def nanoseconds(self) -> float:
        return sum(s.nanoseconds for s in self.steps)

    @property
    def hottest(self) -> list[Step]:
        return sorted(self.steps, key=lambda s: -s.nanoseconds)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Time, share of the time, FLOPs, bytes, share of the limit, line, where from; hottest first."""
        total = self.nanoseconds or 1.0
        for s in self.hottest:
            limit = f"{100 * s.share:.0f} %" if s.share else ""
            part = f"{100 * s.nanoseconds / total:.1f} %"
            yield spelled_time(s.nanoseconds), part, spelled(s.flops), format_bytes(s.bytes), limit, s.line, s.origin

    @property
    def heading(self) -> str:
        rates = f"{self.limits.flops:.0f} GFLOP/s in products, {self.limits.bytes:.1f} GB/s in copies"
        return (
            f"{self.plan.graph.name} on {self.backend}: {spelled_time(self.nanoseconds)} in {len(self.steps)} steps, "
            f"the least of {self.runs} runs; this machine reaches {rates}"
        )

    def __str__(self) -> str:
        table = [HEAD, *self.rows()]
        widths = [max(len(row[i]) for row in table) for i in range(5)]
        lines = ["  ".join([*(c.rjust(w) for c, w in zip(row, widths, strict=False)), row[5]]) for row in table]
        return "\n".join([self.heading, *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{h}</th>" for h in HEAD)
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in self.rows())
        return f"<p>{escape(self.heading)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


HEAD = ("time", "of all", "FLOPs", "bytes", "of limit", "step", "from")


def profile(compiled: Any, *args: Any, runs: int = 20, **kwargs: Any) -> Profile:
    """The profile of a compiled function or module, called with these arguments.

    It is called once, which may make a plan, and its steps are then timed on copies of its state.
    """
    compiled(*args, **kwargs)
    record = compiled.plans[-1]
    times = record.step_nanoseconds(*args, runs=runs, **kwargs)
    plan, limits = record.plan, machine_limits()
    steps = [_step(i, node, ns, limits) for i, (node, ns) in enumerate(zip(plan.order, times, strict=True))]
    shown = tuple(s for i, s in enumerate(steps) if i not in plan.views)
    return Profile(plan, record.backend, runs, shown, limits)


def _step(number: int, node: Node, nanoseconds: float, limits: Limits) -> Step:
    flops, moved = node_flops(node), node_bytes(node)
    reached = max(flops / limits.flops, moved / limits.bytes) / nanoseconds if nanoseconds else 0.0
    return Step(number, node, nanoseconds, flops, moved, min(reached, 1.0))


# ---- the machine

SIZE = 768  # of the matrices
COPIED = 1 << 25  # bytes, more than caches hold


@lru_cache(maxsize=1)
def machine_limits() -> Limits:
    """The best of some products and copies by NumPy, about a tenth of a second, once a process."""
    a = np.ones((SIZE, SIZE), np.float32)
    out, source, target = np.empty_like(a), np.ones(COPIED, np.uint8), np.ones(COPIED, np.uint8)
    product = _least(lambda: np.matmul(a, a, out=out))
    return Limits(2.0 * SIZE**3 / product, 2.0 * COPIED / _least(lambda: np.copyto(target, source)))


def _least(work: Callable[[], object], count: int = 5) -> float:
    best = float("inf")
    for _ in range(count):
        start = time.perf_counter_ns()
        work()
        best = min(best, time.perf_counter_ns() - start)
    return best
