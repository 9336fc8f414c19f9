"""The text of a tensor, letter for letter as PyTorch prints it.

Enter at `format_tensor` and `format_parameter` (text.py), which know arrays and nothing of Tensor;
`set_printoptions` and `printoptions` (options.py) change how much of a tensor is shown, and how.
"""

from graphnn.printing.options import PrintOptions, get_printoptions, printoptions, set_printoptions
from graphnn.printing.text import format_parameter, format_tensor

__all__ = [
    "PrintOptions",
    "format_parameter",
    "format_tensor",
    "get_printoptions",
    "printoptions",
    "set_printoptions",
]
