"""An SVG of boxes and arrows without graphviz: layers by longest path, order by barycentres, long arrows routed between
boxes (Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures, 1981)."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphnn.tools.drawing.style import FAINT, KINDS, LINE, TEXT

WIDE, SMALL = 7.4, 6.0  # pixels a letter, in the title and in the lines below it
GAP_X, GAP_Y, MARGIN = 22, 46, 18
SWEEPS = 6


class Box(NamedTuple):
    """`label` is graphviz's HTML label: the first line is the title."""

    kind: str
    label: str
    tooltip: str

    @property
    def lines(self) -> list[str]:
        plain = re.sub(r"<br\s*/?>", "\n", self.label[1:-1])
        return [html.unescape(re.sub(r"<[^>]*>", "", line)) for line in plain.split("\n")]


class Arrow(NamedTuple):
    start: str
    end: str
    label: str


@dataclass(eq=False)
class _Cell:
    """A box, or a point that a long arrow goes through."""

    name: str = ""
    width: float = 4.0
    height: float = 0.0
    rank: int = 0
    x: float = 0.0
    y: float = 0.0
    place: int = 0
    above: list[_Cell] = field(default_factory=list)
    below: list[_Cell] = field(default_factory=list)


def layered_svg(boxes: Mapping[str, Box], arrows: Sequence[Arrow], title: str) -> str:
    """The picture's text. Boxes stand in the order given where nothing else decides."""
    cells = {name: _cell(name, box) for name, box in boxes.items()}
    known = [a for a in arrows if a.start in cells and a.end in cells]
    _rank(cells, known)
    paths = _route(cells, known)
    rows = _rows(cells, paths)
    _order(rows)
    width, height = _coordinates(rows)
    return "\n".join(
        [*_head(title, max(width, 7.0 * len(title)), height), *_arrows(known, paths), *_boxes(boxes, cells), "</svg>\n"]
    )


def _cell(name: str, box: Box) -> _Cell:
    first, *others = box.lines
    width = max([len(first) * WIDE, *(len(line) * SMALL for line in others)]) + 22
    return _Cell(name, max(60.0, width), 24.0 + 14.0 * len(others))


def _rank(cells: Mapping[str, _Cell], arrows: Sequence[Arrow]) -> None:
    """Each box one below the lowest of those that lead to it; arrows that close a circle don't count."""
    followers: dict[str, list[str]] = {name: [] for name in cells}
    waiting = dict.fromkeys(cells, 0)
    for arrow in arrows:
        if arrow.start != arrow.end:
            followers[arrow.start].append(arrow.end)
            waiting[arrow.end] += 1
    ready = [name for name, count in waiting.items() if not count]
    done: set[str] = set()
    while len(done) < len(cells):
        name = ready.pop(0) if ready else next(n for n in cells if n not in done)
        if name in done:
            continue
        done.add(name)
        for follower in followers[name]:
            waiting[follower] -= 1
            if follower not in done:
                cells[follower].rank = max(cells[follower].rank, cells[name].rank + 1)
                if not waiting[follower]:
                    ready.append(follower)
    led_to = {a.end for a in arrows}
    for name, after in followers.items():  # what nothing leads to stands right above the first that uses it
        if after and name not in led_to:
            cells[name].rank = max(0, min(cells[f].rank for f in after) - 1)


def _route(cells: Mapping[str, _Cell], arrows: Sequence[Arrow]) -> list[list[_Cell]]:
    """For each arrow the cells that it goes through, from its start to its end."""
    paths = []
    for arrow in arrows:
        start, end = cells[arrow.start], cells[arrow.end]
        between = [_Cell(rank=rank) for rank in range(start.rank + 1, end.rank)]
        path = [start, *between, end]
        if end.rank > start.rank:
            for upper, lower in itertools.pairwise(path):
                upper.below.append(lower)
                lower.above.append(upper)
        paths.append(path)
    return paths


def _rows(cells: Mapping[str, _Cell], paths: Sequence[Sequence[_Cell]]) -> list[list[_Cell]]:
    rows: list[list[_Cell]] = [[] for _ in range(1 + max((c.rank for c in cells.values()), default=0))]
    for cell in cells.values():
        rows[cell.rank].append(cell)
    for path in paths:
        for cell in path[1:-1]:
            rows[cell.rank].append(cell)
    return rows


def _order(rows: Sequence[list[_Cell]]) -> None:
    def number(row: Sequence[_Cell]) -> None:
        for place, cell in enumerate(row):
            cell.place = place

    def middle(near: Sequence[_Cell], own: int) -> float:
        return sum(c.place for c in near) / len(near) if near else own

    for row in rows:
        number(row)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda c: middle(c.above if sweep % 2 == 0 else c.below, c.place))
            number(row)


def _coordinates(rows: Sequence[Sequence[_Cell]]) -> tuple[float, float]:
    """Sets x and y of the middles; width and height of the picture."""
    for row in rows:
        _pack(row, [0.0] * len(row))
    for sweep in range(2 * SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            near = [c.above if sweep % 2 == 0 else c.below for c in row]
            _pack(row, [sum(n.x for n in ns) / len(ns) if ns else c.x for c, ns in zip(row, near, strict=True)])
    every = [c for row in rows for c in row]
    left = min((c.x - c.width / 2 for c in every), default=0.0) - MARGIN
    y = 2.0 * MARGIN + 12
    for row in rows:
        height = max((c.height for c in row), default=0.0)
        for cell in row:
            cell.x -= left
            cell.y = y + height / 2
        y += height + GAP_Y
    return max((c.x + c.width / 2 for c in every), default=0.0) + MARGIN, y - GAP_Y + MARGIN


def _pack(row: Sequence[_Cell], wanted: Sequence[float]) -> None:
    """As near as can be to where each is wanted, none over another: the middle of packing from either side."""
    right, left = list(wanted), list(wanted)
    for i in range(1, len(row)):
        right[i] = max(right[i], right[i - 1] + _apart(row[i - 1], row[i]))
    for i in reversed(range(len(row) - 1)):
        left[i] = min(left[i], left[i + 1] - _apart(row[i], row[i + 1]))
    for cell, a, b in zip(row, right, left, strict=True):
        cell.x = (a + b) / 2


def _apart(a: _Cell, b: _Cell) -> float:
    return (a.width + b.width) / 2 + GAP_X


# ---- text


def _head(title: str, width: float, height: float) -> Iterator[str]:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Helvetica, Arial, sans-serif">'
    yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'
    yield f'<text x="{MARGIN}" y="{MARGIN + 4}" font-size="13" fill="{TEXT}">{html.escape(title)}</text>'
    arrow = f'<path d="M0,0 L8,4 L0,8 z" fill="{LINE}"/>'
    yield '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield f"{arrow}</marker></defs>"


def _arrows(arrows: Sequence[Arrow], paths: Sequence[Sequence[_Cell]]) -> Iterator[str]:
    for arrow, path in zip(arrows, paths, strict=True):
        first, last = path[0], path[-1]
        points = [
            (first.x, first.y + first.height / 2),
            *((c.x, c.y) for c in path[1:-1]),
            (last.x, last.y - last.height / 2),
        ]
        curve = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            bend = (by - ay) / 2 if by > ay else 40
            curve += f" C{ax:.1f},{ay + bend:.1f} {bx:.1f},{by - bend:.1f} {bx:.1f},{by:.1f}"
        told = f"<title>{html.escape(arrow.label)}</title>"
        yield f'<path d="{curve}" fill="none" stroke="{LINE}" marker-end="url(#end)">{told}</path>'
        if arrow.label and len(last.above) <= 1:
            x, y = points[-1]
            label = html.escape(arrow.label.strip())
            yield f'<text x="{x + 6:.1f}" y="{y - 9:.1f}" font-size="10" fill="{FAINT}">{label}</text>'


def _boxes(boxes: Mapping[str, Box], cells: Mapping[str, _Cell]) -> Iterator[str]:
    for name, box in boxes.items():
        cell, kind = cells[name], KINDS[box.kind]
        x, y = cell.x - cell.width / 2, cell.y - cell.height / 2
        round_ = cell.height / 2 if kind.shape == "oval" else 10 if kind.shape == "cylinder" else 4
        dash = ' stroke-dasharray="5 3"' if "dashed" in kind.style else ""
        strong = 2 if "bold" in kind.style else 1
        yield f"<g><title>{html.escape(box.tooltip)}</title>"
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell.width:.1f}" height="{cell.height:.1f}" rx="{round_:.0f}" '
            f'fill="{kind.fill}" stroke="{kind.border}" stroke-width="{strong}"{dash}/>'
        )
        for i, line in enumerate(box.lines):
            style = f'font-size="12" font-weight="bold" fill="{TEXT}"' if i == 0 else f'font-size="10" fill="{FAINT}"'
            at = y + 16 + (i and 1 + 13 * i)
            yield f'<text x="{cell.x:.1f}" y="{at:.1f}" text-anchor="middle" {style}>{html.escape(line)}</text>'
        yield "</g>"
