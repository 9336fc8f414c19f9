"""Running passes one after another: copied once, verified, timed, counted, and named in every failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from graphnn.errors import PassError
from graphnn.ir.graph import Graph
from graphnn.ir.verify import verify
from graphnn.rewrite.pass_ import Pass
from graphnn.rewrite.report import PassReport, PipelineReport, PipelineResult


@dataclass(frozen=True)
class PassManager:
    """Runs `passes` in order on one copy of the graph.

    verify  check the graph given, and again after each pass that modified it
    dump    called with the text of the graph given, and again after each pass that modified it (`print`, for example)
    """

    passes: tuple[Pass, ...]
    verify: bool = True
    dump: Callable[[str], object] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "passes", tuple(self.passes))
        for candidate in self.passes:
            if isinstance(candidate, type) or not callable(getattr(candidate, "run", None)):
                hint = "; write its parentheses" if isinstance(candidate, type) else ""
                raise PassError(f"a pipeline is made of instances of Pass, got {candidate!r}{hint}")

    def run(self, graph: Graph) -> PipelineResult:
        """The rewritten graph and a report; the argument stays as it is. PassError names the pass that failed."""
        run = _Run(self, graph)
        for pass_ in self.passes:
            run.step(pass_)
        reports = tuple(run.reports)
        report = PipelineReport(reports, run.verify_seconds)
        return PipelineResult(run.graph, any(r.modified for r in reports), report)


@dataclass
class _Run:
    manager: PassManager
    given: Graph
    reports: list[PassReport] = field(default_factory=list)
    verify_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._inspect("before any pass", "the graph given is invalid", self.given)
        self.graph = self.given.copy()

    def step(self, pass_: Pass) -> None:
        before, start = len(self.graph.nodes), time.perf_counter()
        modified = self._apply(pass_)
        seconds = time.perf_counter() - start
        self.reports.append(PassReport(pass_.name, before, len(self.graph.nodes), seconds, modified))
        if modified:
            self._inspect(f"after {pass_.name}", f"the pass {pass_.name} left an invalid graph", self.graph)

    def _apply(self, pass_: Pass) -> bool:
        try:
            modified = self._modify(pass_)
        except Exception as error:
            raise PassError(f"the pass {pass_.name} failed on graph @{self.graph.name}: {error}") from error
        if not isinstance(modified, bool):
            raise PassError(f"the pass {pass_.name} must return whether it modified the graph, got {modified!r}")
        return modified

    def _modify(self, pass_: Pass) -> bool:
        """By `apply`, which needs no further copy; a pass of the user's own may have `run` alone."""
        if hasattr(pass_, "apply"):
            return pass_.apply(self.graph)
        self.graph, modified = pass_.run(self.graph)
        return modified

    def _inspect(self, moment: str, fault: str, graph: Graph) -> None:
        if self.manager.dump is not None:
            self.manager.dump(f"# {moment}\n{graph}")
        if not self.manager.verify:
            return
        start = time.perf_counter()
        try:
            verify(graph, fast=True)
        except Exception as error:
            raise PassError(f"{fault}: {error}") from error
        self.verify_seconds += time.perf_counter() - start
