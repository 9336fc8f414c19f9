"""The facts that a report shows, as plain data: stages of the graph, the plan, times, source lines, generated code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import graphnn
from graphnn.ir.graph import Graph
from graphnn.ir.printer import format_node, format_use
from graphnn.ir.value import LITERAL, PARAM, Node, Value
from graphnn.plan.places import PlannedBuffer
from graphnn.plan.plan import Plan
from graphnn.rewrite import Pass, PassManager
from graphnn.tools.costs import node_bytes, node_flops
from graphnn.tools.report.generated import step_sources

AROUND = 4  # lines of source shown on either side
LONGEST = 2000  # characters of a node's text


class Report:
    """The data, as it is gathered. A node's text is stored once, however many stages have it."""

    def __init__(self, title: str) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.numbers: dict[str, int] = {}
        self.lines: dict[tuple[str, int], str] = {}
        self.data: dict[str, Any] = {"title": title, "version": graphnn.__version__, "stages": []}

    def add_stage(self, name: str, what: str, graph: Graph, milliseconds: float | None = None) -> None:
        phases = phases_of(graph)
        self.data["stages"].append(
            {
                "name": name,
                "what": what,
                "ms": milliseconds,
                "nodes": [self._node(n, phases.get(n, "")) for n in graph.nodes],
                "inputs": [[v.name, str(v.type)] for v in graph.inputs],
                "outputs": [_name(v) for v in graph.outputs],
                "updates": [[p.attrs["name"], _name(v)] for p, v in graph.updates.items()],
            }
        )

    def _node(self, node: Node, phase: str) -> int:
        text = format_node(node)[:LONGEST]
        key = f"{phase}\0{text}"
        if key not in self.numbers:
            self.numbers[key] = len(self.nodes)
            self.nodes.append(self._facts(node, text, phase))
        return self.numbers[key]

    def _facts(self, node: Node, text: str, phase: str) -> dict[str, Any]:
        places = [(o.file, o.line) for o in node.origins if o.line]
        self.lines.update(dict.fromkeys(places, ""))
        return {
            "op": node.op.name,
            "text": text,
            "module": next((o.module for o in node.origins if o.module), ""),
            "phase": phase,
            "in": [v.name for v in node.operands if v.kind not in (LITERAL, PARAM)],
            "params": [v.attrs["name"] for v in node.operands if v.kind == PARAM],
            "out": [[v.name, str(v.type)] for v in node.outputs],
            "flops": node_flops(node),
            "bytes": node_bytes(node),
            "from": [[Path(file).name, line] for file, line in places],
        }

    def finish(self) -> dict[str, Any]:
        self.data["nodes"] = self.nodes
        self.data["sources"] = sources(self.lines)
        return self.data


def collect(title: str, compiled: Any, graph: Graph, arguments: Sequence[Any], *, runs: int = 5) -> dict[str, Any]:
    """Everything about one compiled call: `graph` is what was traced, `compiled` has been called with the arguments."""
    record = compiled.plans[-1]
    report = Report(title)
    report.add_stage("traced", "what the code computes, as it was traced", graph)
    for name, what, made, milliseconds in _staged(graph, record.backend):
        report.add_stage(name, what, made, milliseconds)
    times = record.step_nanoseconds(*arguments, runs=runs)
    report.add_stage("planned", "what a run does, in the order of the plan; constant work is done ahead", record.graph)
    report.data["plan"] = plan_facts(record.plan)
    report.data["steps"] = _steps(record.plan, times)
    report.data["backend"] = record.backend
    report.data["generated"] = step_sources(record)
    report.data["assumptions"] = list(record.assumptions)
    report.data["grad_fn"] = grad_fn_chain(graph)
    return report.finish()


def _staged(graph: Graph, backend: str) -> Iterable[tuple[str, str, Graph, float]]:
    """The graph after each pass that changed it."""
    from graphnn.backends.registry import backend_named
    from graphnn.passes import inference_pipeline, training_pipeline

    packing = backend_named(backend).target.packing
    pipeline = training_pipeline(backend) if graph.updates else inference_pipeline(backend, packing=packing)
    for pass_ in pipeline:
        result = PassManager((pass_,), verify=False).run(graph)
        yield pass_.name, _sentence(pass_), result.graph, 1e3 * result.report.passes[0].seconds
        graph = result.graph


def _sentence(pass_: Pass) -> str:
    return " ".join((type(pass_).__doc__ or "").split())


# ---- the parts of a training step


def phases_of(graph: Graph) -> dict[Node, str]:
    """forward, backward or update, for each node of a graph that writes parameters; empty for others."""
    if not graph.updates:
        return {}
    scalars = {v for v in graph.inputs if v.type.weak}
    begun, updating, found = False, set(scalars), {}
    for node in graph.nodes:
        begun = begun or _is_gradient(node)
        if begun and any(v in updating for v in node.operands):
            updating.update(node.outputs)
            found[node] = "update"
        else:
            found[node] = "backward" if begun else "forward"
    return found


def _is_gradient(node: Node) -> bool:
    body = node.attrs.get("body")
    names = [node.op.name] if body is None else [n.op.name for n in body.nodes]
    return any(name.endswith("_grad") for name in names)


# ---- the plan


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Each buffer with its value and line; steps are numbered as in the plan's order."""
    makers = {v.name: node for node in plan.order for v in node.outputs}
    return {
        "arena": plan.arena_bytes,
        "bound": plan.lower_bound_bytes,
        "sum": plan.sum_bytes,
        "peak": plan.peak_step,
        "live": list(plan.live_bytes),
        "barrier": plan.barrier,
        "buffers": [_buffer(b, makers.get(b.name)) for b in plan.buffers],
        "order": [_first(node) for node in plan.order],
    }


def _buffer(buffer: PlannedBuffer, maker: Node | None) -> list[Any]:
    """Label, offset, size, first step, the one after the last, and the line that makes the value."""
    label = buffer.name if maker is None else f"%{buffer.name} {maker.op.name}"
    line = "" if maker is None else format_node(maker).splitlines()[0][:200]
    return [label, buffer.offset, buffer.size, buffer.start, buffer.stop, line]


def _first(node: Node) -> str:
    return node.outputs[0].name if node.outputs else node.op.name


def _steps(plan: Plan, times: Sequence[float]) -> dict[str, float]:
    """Nanoseconds by the name of a step's first result."""
    return {
        _first(n): round(t, 1) for i, (n, t) in enumerate(zip(plan.order, times, strict=True)) if i not in plan.views
    }


# ---- text


def _name(value: Value) -> str:
    return value.name if value.kind != LITERAL else format_use(value)


def sources(places: Iterable[tuple[str, int]]) -> dict[str, dict[int, str]]:
    """The lines named and some around them, by the file's name."""
    found: dict[str, dict[int, str]] = {}
    wanted: dict[str, set[int]] = {}
    for file, line in places:
        wanted.setdefault(file, set()).update(range(max(1, line - AROUND), line + AROUND + 1))
    for file, lines in wanted.items():
        try:
            text = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        shown = found.setdefault(Path(file).name, {})
        shown.update({n: text[n - 1].rstrip()[:200] for n in sorted(lines) if n <= len(text)})
    return found


def grad_fn_chain(graph: Graph) -> list[list[Any]]:
    """What `backward()` goes through, last first: PyTorch's name of the grad_fn of each node that depends on a parameter,
    and the node's line."""
    phases, found = phases_of(graph), []
    reached = {p for p in graph.params if p.attrs.get("role") == "parameter"}
    for node in graph.nodes:
        kind = node.outputs[0].type.dtype if node.outputs else None
        if phases.get(node, "forward") != "forward" or kind is None or not kind.is_floating_point:
            continue
        if any(v in reached for v in node.operands):
            reached.update(node.outputs)
            found.append([_grad_name(node), format_node(node).splitlines()[0][:200]])
    return found[::-1]


def _grad_name(node: Node) -> str:
    name = node.op.grad_name  # type: ignore[attr-defined]
    types = tuple(None if v is None else v.type for v in node.inputs)
    return str(name(types, node.attrs)) if callable(name) else str(name)
