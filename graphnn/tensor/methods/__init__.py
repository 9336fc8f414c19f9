"""The methods of Tensor, a file a family; each normalises its arguments and applies ops."""

from graphnn.tensor.methods.core import CoreMethods


class TensorMethods(CoreMethods):
    """All of them."""
