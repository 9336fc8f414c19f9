"""A plan as text: what lives at each step, and which values make the peak, with where they come from."""

from __future__ import annotations

from collections.abc import Iterator

from graphnn.ir.origin import describe
from graphnn.ir.printer import format_node, format_use
from graphnn.ir.value import Node, Value
from graphnn.plan.places import ARENA, STATE, PlannedBuffer
from graphnn.plan.plan import Plan

LONGEST = 120  # characters of a node's line


def format_plan(plan: Plan) -> str:
    """A table of the steps with their live bytes, then copies into state, then the buffers of the peak, largest
    first."""
    return "\n".join([_head(plan), *_steps(plan), *_copies(plan, early=False), *_peak(plan)])


def format_bytes(count: int) -> str:
    """`512 B`, `1.5 KB`, `25.0 MB`: powers of 1000."""
    if count < 1000:
        return f"{count} B"
    scaled = float(count)
    for unit in ("KB", "MB", "GB"):
        scaled /= 1000
        if scaled < 999.95 or unit == "GB":
            break
    return f"{scaled:.1f} {unit}"


def _head(plan: Plan) -> str:
    return (
        f"plan of @{plan.graph.name}: {len(plan.order)} steps, arena {format_bytes(plan.arena_bytes)} "
        f"(lower bound {format_bytes(plan.lower_bound_bytes)}, without reuse {format_bytes(plan.sum_bytes)})"
    )


def _steps(plan: Plan) -> Iterator[str]:
    live = plan.live_bytes
    for step, node in enumerate(plan.order):
        if step == plan.barrier:
            yield from _copies(plan, early=True)
            yield f"{'':>19}---- barrier: phase one hands out its results ----"
        mark = "*" if step == plan.peak_step else " "
        line = format_node(node).splitlines()[0]
        shown = line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
        yield f"{mark}{step:>5} {format_bytes(live[step]):>10}  {shown}{_place(plan, step)}"


def _place(plan: Plan, step: int) -> str:
    """What is not in memory of its own: views, results over inputs, results where state lies."""
    if step in plan.views:
        return "  (view)"
    node = plan.order[step]
    kept = [v for v in node.outputs if v in plan.slots and plan.slots[v].kind == STATE]
    told = [f"  (in {plan.state_slots[plan.slots[v].index]})" for v in kept]
    return "".join(told) or "".join(f"  (over {format_use(v)})" for v in _under(plan, node))


def _under(plan: Plan, node: Node) -> list[Value]:
    """The inputs in the arena over which the node's first result is written."""
    slot = plan.slots.get(node.outputs[0]) if node.outputs else None
    if slot is None or slot.kind != ARENA or not node.outputs[0].type.size:
        return []
    return [v for v in dict.fromkeys(node.operands) if v in plan.slots and plan.slots[v] == slot]


def _copies(plan: Plan, early: bool) -> Iterator[str]:
    for copy in plan.copies:
        if copy.early == early:
            what = f"update {copy.param}" if copy.param else "put aside a new value of state"
            yield f"{'copy':>6} {'':>10}  {what}"


def _peak(plan: Plan) -> Iterator[str]:
    if not plan.order:
        return
    step = plan.peak_step
    yield f"peak {format_bytes(plan.live_bytes[step])} at step {step}, made of"
    occupants = _occupants(plan, step)
    for buffer in sorted(plan.live_at(step), key=lambda b: -b.size):
        since, value = occupants.get(buffer.offset, (-1, None))
        if buffer.size:
            yield _buffer(buffer, value if since >= buffer.start else None)


def _occupants(plan: Plan, step: int) -> dict[int, tuple[int, Value]]:
    """For each offset in the arena, what was written there last by the end of a step, and when."""
    entered = [(plan.barrier or 0 if v in plan.late else 0, v) for v in plan.graph.inputs]
    written = [(i, v) for i in range(step + 1) if i not in plan.views for v in plan.order[i].outputs]
    here = [(since, v) for since, v in sorted([*entered, *written], key=lambda e: e[0]) if v in plan.slots]
    return {plan.slots[v].offset: (i, v) for i, v in here if i <= step and plan.slots[v].kind == ARENA and v.type.size}


def _buffer(buffer: PlannedBuffer, value: Value | None) -> str:
    name = buffer.name if value is None else f"{format_use(value)}: {value.type}"
    origins = "" if value is None or value.producer is None else describe(value.producer.origins)
    line = f"{format_bytes(buffer.size):>17}  {name}, steps {buffer.start} to {buffer.stop - 1}"
    return f"{line}  # {origins}" if origins else line
