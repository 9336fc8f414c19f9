"""Writing a drawing to a file: the DOT text always first, then the picture that `dot` makes of it."""

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

    A picture's DOT text lies beside it. Where the program `dot` is missing, the DOT text is all that is written, its
    path is returned, and a warning says what to install.
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
        message = f"no {target.name}: the program 'dot' is not installed; wrote {text} instead. For pictures, {INSTALL}"
        warnings.warn(message, stacklevel=4)
        return text
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise GraphnnError(f"dot could not draw {text}: {said[-1] if said else error}") from error
    target.write_bytes(picture)
    return target
