"""What a pass is: a frozen dataclass that turns a valid graph into a valid graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from graphnn.ir.graph import Graph


class Tolerance(NamedTuple):
    """How far the numbers may move: `|after - before| <= atol + rtol * |before|`, element by element."""

    rtol: float
    atol: float

    def __str__(self) -> str:
        return "bit-exact" if self == EXACT else f"rtol {self.rtol:g}, atol {self.atol:g}"


EXACT = Tolerance(0.0, 0.0)  # the same bits (of a NaN only that it is one)


class PassResult(NamedTuple):
    """The rewritten graph, and whether it differs from the one given."""

    graph: Graph
    modified: bool


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite; its docstring reads `before -> after`, its fields are its options.

    A subclass gives a kebab-case `name`, its `tolerance` and `apply`. Running it a second time changes nothing.
    """

    name: ClassVar[str] = "unnamed"
    tolerance: ClassVar[Tolerance] = EXACT

    def run(self, graph: Graph) -> PassResult:
        """The rewritten graph; the argument stays as it is."""
        copy = graph.copy()
        return PassResult(copy, self.apply(copy))

    @abstractmethod
    def apply(self, graph: Graph) -> bool:
        """Rewrites the graph itself, through its mutators; True when anything was changed."""
