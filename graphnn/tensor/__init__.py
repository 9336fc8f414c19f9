"""The Tensor that users hold: a Storage and a view of it, eager or traced.

Enter at `tensor.py` (the class, how ops are applied to it); `history.py` records operations for backward, `inplace.py`
writes in place, `backward.py` runs gradients, `creation.py` and `random.py` make tensors, `methods/` has the methods.
"""

from graphnn.tensor.tensor import Tensor

__all__ = ["Tensor"]
