"""What a run of several passes tells about itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphnn.ir.graph import Graph


@dataclass(frozen=True)
class PassReport:
    """One pass of a run: nodes before and after, and seconds it took, verifying left out."""

    name: str
    before: int
    after: int
    seconds: float
    modified: bool


@dataclass(frozen=True)
class PipelineReport:
    """All passes of a run, in order; prints as a table."""

    passes: tuple[PassReport, ...]
    verify_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """All passes and the verifying between them."""
        return sum(p.seconds for p in self.passes) + self.verify_seconds

    def __str__(self) -> str:
        rows = [("pass", "nodes before", "after", "ms"), *self._rows()]
        return "\n".join(_align(row, rows) for row in rows)

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for p in self.passes:
            yield p.name, str(p.before), str(p.after) if p.modified else "unchanged", f"{1e3 * p.seconds:.2f}"
        ends = (str(self.passes[0].before), str(self.passes[-1].after)) if self.passes else ("", "")
        yield "total, verified" if self.verify_seconds else "total", *ends, f"{1e3 * self.seconds:.2f}"


class PipelineResult(NamedTuple):
    """The rewritten graph, whether any pass modified it, and what each pass did."""

    graph: Graph
    modified: bool
    report: PipelineReport


def _align(row: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells)
