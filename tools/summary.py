"""A network's layers as a table: output shape, parameters, floating-point operations, bytes, time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import graphnn
from graphnn.errors import ArgumentTypeError
from graphnn.ir.graph import Graph
from graphnn.plan.report import format_bytes
from graphnn.tools.costs import node_bytes, node_flops, spelled, spelled_time

HEAD = ("layer", "output", "parameters", "FLOPs", "bytes", "time")


@dataclass
class Layer:
    """One module. FLOPs, bytes and time are those of a forward run, of what it contains too."""

    path: str
    kind: str
    depth: int
    parameters: int
    trainable: int
    output: str = ""
    flops: int = 0
    bytes: int = 0
    nanoseconds: float = 0.0
    has_children: bool = False


@dataclass(frozen=True)
class Summary:
    """Prints as a table; notebooks show it as HTML."""

    layers: tuple[Layer, ...]

    @property
    def total(self) -> Layer:
        return self.layers[0]

    def rows(self) -> Iterator[tuple[str, ...]]:
        for number, layer in enumerate(self.layers):
            name = layer.path.rpartition(".")[2]
            label = f"{self._guides(number)}{layer.kind}" + (f": {name}" if name else "")
            yield (
                label,
                layer.output,
                spelled_count(layer.parameters),
                spelled(layer.flops) if layer.flops else "",
                format_bytes(layer.bytes),
                spelled_time(layer.nanoseconds) if layer.nanoseconds else "",
            )

    def _guides(self, number: int) -> str:
        """The lines of a tree before a layer: `│  ├─ `."""
        depth, below = self.layers[number].depth, self.layers[number + 1 :]
        guides = ""
        for level in range(1, depth + 1):
            after = next((layer.depth for layer in below if layer.depth <= level), 0)
            own, others = ("├─ ", "└─ ") if level == depth else ("│  ", "   ")
            guides += own if after == level else others
        return guides

    @property
    def footing(self) -> str:
        top = self.total
        kept = f"{top.parameters:,} parameters ({top.trainable:,} trainable), {format_bytes(4 * top.parameters)} in float32"
        run = f"{spelled(top.flops, 'FLOPs')} and {format_bytes(top.bytes)} moved in a forward run"
        return f"{kept}; {run}, {spelled_time(top.nanoseconds)} eagerly"

    def __str__(self) -> str:
        table = [HEAD, *self.rows()]
        widths = [max(len(row[i]) for row in table) for i in range(len(HEAD))]
        lines = []
        for row in table:
            left = [cell.ljust(w) for cell, w in zip(row[:2], widths, strict=False)]
            right = [cell.rjust(w) for cell, w in zip(row[2:], widths[2:], strict=True)]
            lines.append("  ".join([*left, *right]))
        return "\n".join([*(line.rstrip() for line in lines), self.footing])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{h}</th>" for h in HEAD)
        rows = ("".join(f"<td style='white-space:pre'>{escape(c)}</td>" for c in row) for row in self.rows())
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(self.footing)}</p>"

    def json(self) -> str:
        names = ("path", "kind", "output", "parameters", "trainable", "flops", "bytes", "nanoseconds")
        return json.dumps([{n: getattr(layer, n) for n in names} for layer in self.layers], indent=2)


def spelled_count(count: int) -> str:
    return f"{count:,}" if count else ""


def summarize(module: Any, *args: Any, runs: int = 3) -> Summary:
    """The summary of a module, run forward with these arguments in the mode that it is in.

    Shapes come from a run, FLOPs and bytes from the traced graph, times are the least of some eager runs.
    """
    if not isinstance(module, graphnn.nn.Module):
        raise ArgumentTypeError(f"summarize wants a module and its inputs, got {type(module).__name__}")
    layers = {path: _layer(path, part) for path, part in module.named_modules()}
    with graphnn.no_grad():
        _watch(module, args, layers, runs)
        _count(graphnn.trace(module, *args), layers)
    return Summary(tuple(layers.values()))


def _layer(path: str, module: Any) -> Layer:
    own = list(module.parameters())
    trainable = sum(p.numel() for p in own if p.requires_grad)
    depth = path.count(".") + 1 if path else 0
    kind = type(module).__name__
    return Layer(
        path, kind, depth, sum(p.numel() for p in own), trainable, has_children=any(True for _ in module.children())
    )


def _watch(module: Any, args: tuple[Any, ...], layers: dict[str, Layer], runs: int) -> None:
    """Runs the module with hooks that note outputs and times."""
    started: dict[str, int] = {}
    handles = []
    for path, part in module.named_modules():

        def begin(*_: Any, path: str = path) -> None:
            started[path] = time.perf_counter_ns()

        def end(_: Any, __: Any, output: Any, path: str = path) -> None:
            _note(layers[path], output, started[path])

        handles += [part.register_forward_pre_hook(begin), part.register_forward_hook(end)]
    try:
        for _ in range(runs):
            module(*args)
    finally:
        for handle in handles:
            handle.remove()


def _note(layer: Layer, output: Any, started: int) -> None:
    spent = time.perf_counter_ns() - started
    layer.nanoseconds = min(layer.nanoseconds or spent, spent)
    layer.output = shape_of(output)


def shape_of(output: Any) -> str:
    """`[1, 10]`, or of several `[1, 10], [2]`."""
    if isinstance(output, graphnn.Tensor):
        return str(list(output.shape))
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, tuple | list) else ()
    return ", ".join(filter(None, map(shape_of, parts)))


def _count(graph: Graph, layers: dict[str, Layer]) -> None:
    for node in graph.nodes:
        path = node.origins[0].module if node.origins else ""
        flops, moved = node_flops(node), node_bytes(node)
        while True:
            if path in layers:
                layers[path].flops += flops
                layers[path].bytes += moved
            if not path:
                break
            path = path.rpartition(".")[0]
