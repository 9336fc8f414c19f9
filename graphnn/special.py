"""Special functions, as `torch.special`: of errors, gammas, entropies and the normal distribution.

Bessel functions, orthogonal polynomials, incomplete gamma functions and the zeta function are not served.
"""

from __future__ import annotations

import math
from typing import Any

from graphnn.ops import compare, logarithms, normal_tails, unary
from graphnn.tensor.functions import of_method
from graphnn.tensor.methods.naming import named
from graphnn.tensor.tensor import Tensor

digamma = psi = of_method("digamma")
erf = of_method("erf")
erfc = of_method("erfc")
erfinv = of_method("erfinv")
exp2 = of_method("exp2")
expit = of_method("sigmoid")
expm1 = of_method("expm1")
gammaln = of_method("lgamma")
log1p = of_method("log1p")
log_softmax = of_method("log_softmax")
logit = of_method("logit")
logsumexp = of_method("logsumexp")
multigammaln = of_method("mvlgamma")
round = of_method("round")
sinc = of_method("sinc")
softmax = of_method("softmax")
xlogy = of_method("xlogy")


def polygamma(n: int, input: Tensor) -> Any:
    """The n-th derivative of digamma."""
    return input.polygamma(n)


def erfcx(input: Tensor) -> Any:
    """exp(x²) erfc(x), computed without underflow."""
    return normal_tails.erfcx(input)


def xlog1py(input: Any, other: Any) -> Any:
    """`input * log(1 + other)`, 0 where the input is 0."""
    return logarithms.xlog1py(input, other)


def entr(input: Tensor) -> Any:
    """-x log(x); 0 at 0, minus infinity below."""
    x = input if input.dtype.is_floating_point else input.float()
    safe = compare.where(compare.gt(x, 0), x, 1.0)
    found = compare.where(compare.lt(x, 0), -math.inf, -(safe * unary.log(safe)))
    return named(compare.where(compare.isnan(x), x, found), "SpecialEntrBackward0")


def ndtr(input: Tensor) -> Any:
    """The probability that a normal number is below x."""
    return normal_tails.erfc(input * -math.sqrt(0.5)) * 0.5


def log_ndtr(input: Tensor) -> Any:
    """The logarithm of `ndtr`, computed without underflow."""
    return normal_tails.log_ndtr(input)


def ndtri(input: Tensor) -> Any:
    """The number below which a normal number is with that probability."""
    return named(normal_tails.erfinv(input * 2.0 - 1.0) * math.sqrt(2.0), "SpecialNdtriBackward0")
