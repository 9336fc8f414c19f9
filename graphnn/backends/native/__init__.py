"""The whole plan as generated C.

`backend.py` is the way in: it binds a plan to a `workspace.py`, whose runs are one call of a C function each.
`generate.py` writes that function: every step of the plan is lowered (`lowering.py` finds the rule, `kernels/` holds
the rules, `step.py` is what a rule is given) to phases, each one C function over a fixed number of parts. Elementwise
groups go through `loops.py` and `expressions.py`. `include/` holds the C headers, `toolchain/` compiles, caches and loads.
"""
