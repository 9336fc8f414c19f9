"""One counter for the whole process: it moves whenever something that a trace may have read as a Python value is written.

A compiled call compares `value` with what it saw last; only when that differs does it check its guards one by one.
"""

from __future__ import annotations

import itertools

_counter = itertools.count(1)
value = 0


def bump() -> None:
    """Tells compiled functions that a module, an optimizer or a storage was changed."""
    global value
    value = next(_counter)
