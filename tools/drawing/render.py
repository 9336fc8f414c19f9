"""Writing a drawing to a file: the DOT text always first, then the picture that `dot` makes of it, or, where that
program is missing, a simpler one by a layout of our own."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path
from typing import Any

from graphnn.errors import ArgumentError, GraphnnError

DOT_SUFFIXES = (".dot", ".gv")
PICTURE_SUFFIXES = (".svg", ".png", ".pdf")
INSTALL = 'install Graphviz ("apt install graphviz", "brew install graphviz", or graphviz.org/download)'


def save(dot: Any, path: str | Path) -> Path:
    """Writes a graphviz.Digraph as `.svg`, `.png`, `.pdf` or `.dot`; the path of what was written.

    A picture's DOT text lies beside it. Where the program `dot` is missing, an SVG of a simpler layout is written instead,
    and a warning says what to install.
    """
    target = Path(path)
    if target.suffix.lower() not in DOT_SUFFIXES + PICTURE_SUFFIXES:
        known = ", ".join(PICTURE_SUFFIXES + DOT_SUFFIXES)
        raise ArgumentError(f"a drawing is written as one of {known}, got the path {str(target)!r}")
    text = target if target.suffix.lower() in DOT_SUFFIXES else target.with_suffix(".dot")
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text(dot.source, encoding="utf-8")
    return text if text == target else _draw(dot, target, text)


def _draw(dot: Any, target: Path, text: Path) -> Path:
    from graphviz import ExecutableNotFound

    try:
        picture = dot.pipe(format=target.suffix[1:].lower(), quiet=True)
    except ExecutableNotFound:
        return _draw_plainly(dot, target)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise GraphnnError(f"dot could not draw {text}: {said[-1] if said else error}") from error
    target.write_bytes(picture)
    return target


def _draw_plainly(dot: Any, target: Path) -> Path:
    """By the layout of our own: always an SVG."""
    picture = target.with_suffix(".svg")
    picture.write_text(plain_svg(dot), encoding="utf-8")
    lost = "" if picture == target else f"no {target.name}, but {picture.name}: "
    message = (
        f"{lost}the program 'dot' is not installed, so the layout is a simpler one. For better pictures, {INSTALL}"
    )
    warnings.warn(message, stacklevel=5)
    return picture


def plain_svg(dot: Any) -> str:
    """The drawing as SVG without `dot`: boxes and arrows, no frames."""
    from graphnn.tools.drawing.layered import layered_svg

    return layered_svg(dot.boxes, dot.arrows, dot.name or "")
