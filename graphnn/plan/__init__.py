"""Where each value lies in memory, and when: the plan of a graph.

`solve(problem)` lays buffers with sizes and lifetimes (`problem.py`) into one arena, and `validate` checks the result
without knowing how it was found. `solver.py` tries cheap orders (`greedy.py`) and allocators run through time
(`sweep.py`), then lets `refine.py` steer the canonical `search.py`, whose nodes are the `Part`s of `part.py`. These
files know nothing of graphs.
"""
