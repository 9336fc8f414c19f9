"""Running graphs. `interpreter.py` says in ten lines what a graph means; the other files run plans, and must agree."""

from graphnn.runtime.interpreter import interpret

__all__ = ["interpret"]
