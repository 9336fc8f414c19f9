"""The functions that tutorials reach as `torch.functional`: those of `graphnn.nn.functional`."""

from typing import Any

from graphnn.nn.functional import *  # noqa: F403
from graphnn.nn.functional import __all__ as __all__
from graphnn.tensor import functions


def __getattr__(name: str) -> Any:
    """What PyTorch has there: functions of tensors."""
    return getattr(functions, name)
