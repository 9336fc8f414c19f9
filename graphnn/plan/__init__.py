"""Where each value lies in memory, and when: the plan of a graph.

Enter at `make_plan(graph, target)` (plan.py). `schedule.py` tries orders, judged by `simulate.py` on the numbers of
`steps.py`; `layout.py` tells which results are views, `liveness.py` when memory is needed, `aliasing.py` what lies
over what or where state lies; `assemble.py` turns that into the slots and buffers of `places.py`. `phases.py`
splits a forward from its backward, `report.py` prints a plan, and `check.py` runs one on marks, knowing nothing of
the rest.

`solve(problem)` lays buffers with sizes and lifetimes (`problem.py`) into one arena, and `validate` checks the result
without knowing how it was found. `solver.py` tries cheap orders (`greedy.py`) and allocators run through time
(`sweep.py`), then lets `refine.py` steer the canonical `search.py`, whose nodes are the `Part`s of `part.py`. These
files know nothing of graphs.
"""
