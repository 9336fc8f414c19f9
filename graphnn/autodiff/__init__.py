"""Differentiation, in both of its forms, from one set of rules (each op's own `vjp`).

`backward.py` appends gradient nodes to a graph (`build_backward`); `tape.py` is what eager code records and
`engine.py` runs it backward; `rules.py` applies a single rule and undoes broadcasting; `modes.py` holds grad mode.
"""

from graphnn.autodiff.backward import build_backward, differentiate

__all__ = ["build_backward", "differentiate"]
