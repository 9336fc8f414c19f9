"""`graphnn.compile`: calls that are traced once and replayed from a plan.

Enter at `compiled.py`. `signature.py` is the key of a call, `guards.py` (with `chains.py`) what a trace has baked in,
`entry.py` one plan and a call through it, `program.py` the planned graph with its state and `prologue.py`, `gradient.py`
the backward of a compiled call, `module.py` compiled modules, `records.py` what users see of plans.
"""

from graphnn.compiler.compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
