"""Eager differentiation for users: `grad`, `backward`, grad modes, their own `Function`, and `gradcheck`.

`function.py` has Function, `gradients.py` grad and backward, `gradcheck.py` the comparison with differences. What they
stand on lies lower: the tape and the engine in graphnn.autodiff, what is recorded of a Tensor in graphnn.tensor.
"""

from graphnn.autodiff.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from graphnn.autograd.function import Function, once_differentiable
from graphnn.autograd.gradcheck import gradcheck, gradgradcheck
from graphnn.autograd.gradients import backward, grad

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "set_grad_enabled",
]
