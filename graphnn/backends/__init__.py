"""Backends: what turns a plan into something that runs. `numpy/` is always there; `registry.py` chooses by name."""
