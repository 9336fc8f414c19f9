"""The Tensor that users hold: a Storage and a view of it, eager or traced.

Enter at `tensor.py` (the class, how ops are applied to it); `history.py` records operations for backward, `inplace.py`
writes in place, `backward.py` runs gradients, `creation.py` and `random.py` make tensors, `methods/` has the methods,
`functions.py` the functions of PyTorch's namespace. The package itself can be called: it is `graphnn.tensor([1, 2])`.
"""

import sys
from types import ModuleType
from typing import Any

from graphnn.tensor.tensor import Tensor

__all__ = ["Tensor"]


class _Callable(ModuleType):
    """`graphnn.tensor` names this package and PyTorch's function: it is both."""

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        from graphnn.tensor.creation import tensor

        return tensor(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
