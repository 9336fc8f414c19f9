"""Tracing: running user code once, on tensors without values, to get the graph of what it does.

Enter at `capture.py` (`trace`, `capture`); `trace.py` is the trace under way, `names.py` finds what users call their
state, `where.py` the user's line, `trees.py` takes argument trees apart.
"""

from graphnn.tracing.capture import trace

__all__ = ["trace"]
