"""How a graph is changed: the machinery only; the passes themselves are in `graphnn.passes`.

Enter at `pass_.py` (`Pass`: what every pass promises) and `manager.py` (`PassManager` runs several and reports).
`pattern.py` makes a pass of an ordinary function that returns a pattern and its replacement; `symbols.py` traces such
functions, `matching.py` finds the pattern. `edit.py` holds the edits that passes share.
"""

from graphnn.rewrite.edit import erase_unused, substitute
from graphnn.rewrite.manager import PassManager
from graphnn.rewrite.pass_ import EXACT, Pass, PassResult, Tolerance
from graphnn.rewrite.pattern import Pattern, PatternPass, pattern, pattern_pass
from graphnn.rewrite.report import PassReport, PipelineReport, PipelineResult

__all__ = [
    "EXACT",
    "Pass",
    "PassManager",
    "PassReport",
    "PassResult",
    "Pattern",
    "PatternPass",
    "PipelineReport",
    "PipelineResult",
    "Tolerance",
    "erase_unused",
    "pattern",
    "pattern_pass",
    "substitute",
]
