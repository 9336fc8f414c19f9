"""The algebra that `Canonicalize` knows: one function a rule, which says what becomes what and why no bit changes.

A rule is given the graph and a node and returns the value to use instead, or None; a node it makes stands before that
node. It looks at operands and never at users, so that one walk in the graph's order settles everything. Where the
replacement has another type (promotion, broadcasting), the caller leaves the node alone. `table.py` holds the rules by
op; `arithmetic.py`, `conversion.py` and `movement.py` fill it.
"""
