"""A plan's arena as an SVG: time along, offset up, a rectangle for each buffer, the peak marked."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

from graphnn.ir.printer import format_node
from graphnn.plan.places import PlannedBuffer
from graphnn.plan.plan import Plan
from graphnn.plan.report import format_bytes
from graphnn.tools.drawing.style import FAINT, LINE, TEXT

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 44, 40
PEAK = "#b3261e"
FILLS = ("#aecbe0", "#b7dfc3", "#e0c8ae", "#d3bde0", "#e0b3b3", "#cfd9a8", "#b3dcdc", "#dcc3d3")
SCRATCH = "#eceff4"


def draw_plan(plan: Plan, path: str | Path | None = None) -> str:
    """The picture's text; `path` also writes it. Tooltips tell a buffer's size, steps and the line that makes its value."""
    text = "\n".join([*_frame(plan), *_buffers(plan), *_peak(plan), "</svg>\n"])
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _x(plan: Plan, step: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * step / max(1, len(plan.order))


def _y(plan: Plan, offset: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - offset / max(1, plan.arena_bytes))


def _frame(plan: Plan) -> Iterator[str]:
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Helvetica, Arial, sans-serif" font-size="11">'
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    bound, alone = format_bytes(plan.lower_bound_bytes), format_bytes(plan.sum_bytes)
    head = f"@{plan.graph.name}: arena {format_bytes(plan.arena_bytes)}, lower bound {bound}, without reuse {alone}"
    yield f'<text x="{LEFT}" y="18" font-size="13" fill="{TEXT}">{html.escape(head)}</text>'
    for part in range(5):
        offset, step = plan.arena_bytes * part / 4, round(len(plan.order) * part / 4)
        y, x = _y(plan, offset), _x(plan, step)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}" stroke-opacity=".25"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{FAINT}">{format_bytes(round(offset))}</text>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle" fill="{FAINT}">{step}</text>'
    yield f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 7}" text-anchor="middle" fill="{FAINT}">step of the plan</text>'


def _buffers(plan: Plan) -> Iterator[str]:
    makers = {v.name: node for node in plan.order for v in node.outputs}
    for number, buffer in enumerate(plan.buffers):
        maker = makers.get(buffer.name)
        line = "" if maker is None else format_node(maker).splitlines()[0]
        yield from _buffer(plan, buffer, FILLS[number % len(FILLS)] if maker is not None else SCRATCH, line)


def _buffer(plan: Plan, buffer: PlannedBuffer, fill: str, line: str) -> Iterator[str]:
    x, y = _x(plan, buffer.start), _y(plan, buffer.offset + buffer.size)
    width, height = max(1.0, _x(plan, buffer.stop) - x), max(1.0, _y(plan, buffer.offset) - y)
    steps = f"steps {buffer.start} to {buffer.stop - 1}"
    told = html.escape(
        f"{buffer.name}: {format_bytes(buffer.size)} at {format_bytes(buffer.offset)}, {steps}\n{line}".strip()
    )
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{LINE}" '
        f'stroke-width=".5"><title>{told}</title></rect>'
    )
    if height >= 14 and width >= 8 * len(buffer.name) + 8:
        yield f'<text x="{x + 4:.1f}" y="{y + height / 2 + 4:.1f}" fill="{TEXT}">{html.escape(buffer.name)}</text>'


def _peak(plan: Plan) -> Iterator[str]:
    if not plan.order:
        return
    x = _x(plan, plan.peak_step + 0.5)
    yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{HEIGHT - BOTTOM}" stroke="{PEAK}" stroke-dasharray="5 4"/>'
    label = f"peak {format_bytes(plan.live_bytes[plan.peak_step])}, step {plan.peak_step}"
    anchor = "end" if x > WIDTH - 160 else "start"
    shift = -4 if anchor == "end" else 4
    yield f'<text x="{x + shift:.1f}" y="{TOP - 8}" text-anchor="{anchor}" fill="{PEAK}">{label}</text>'
