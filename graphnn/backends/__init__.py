"""Backends: what turns a plan into something that runs. `numpy/` is always there; `registry.py` chooses by name, and takes
backends of the user's own (`register_backend`)."""

from graphnn.backends.registry import Backend as Backend
from graphnn.backends.registry import register_backend as register_backend
