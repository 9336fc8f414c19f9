"""The rarer functions of each element: angles, logarithms, gamma and error functions, parts of numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.ops import angles, compare, elementwise, gamma, logarithms, normal_tails, numerals, power, unary
from graphnn.tensor.methods.elementwise import of_one, of_two
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


class RareUnaryMethods:
    acos = arccos = of_one(angles.acos)
    acosh = arccosh = of_one(angles.acosh)
    asin = arcsin = of_one(angles.asin)
    asinh = arcsinh = of_one(angles.asinh)
    atan = arctan = of_one(angles.atan)
    atanh = arctanh = of_one(angles.atanh)
    cosh = of_one(angles.cosh)
    digamma = of_one(gamma.digamma)
    erfc = of_one(normal_tails.erfc)
    erfinv = of_one(normal_tails.erfinv)
    exp2 = of_one(logarithms.exp2)
    fix = of_one(unary.trunc)
    frac = of_one(numerals.frac)
    lgamma = of_one(gamma.lgamma)
    log10 = of_one(logarithms.log10)
    signbit = of_one(numerals.signbit)
    sinc = of_one(angles.sinc)
    sinh = of_one(angles.sinh)
    tan = of_one(angles.tan)

    def sgn(self: Tensor) -> Any:
        """The sign of each element."""
        return named(unary.sign(self), "SgnBackward0")

    def deg2rad(self: Tensor) -> Any:
        """Degrees as radians."""
        return named(self * (math.pi / 180), "Deg2RadBackward0")

    def rad2deg(self: Tensor) -> Any:
        """Radians as degrees."""
        return named(self * (180 / math.pi), "Rad2DegBackward0")

    def logit(self: Tensor, eps: float | None = None) -> Any:
        """log(x / (1 - x)); with `eps` x is first brought between eps and 1 - eps."""
        x = self if eps is None else self.clamp(eps, 1 - eps)
        return named(unary.log(elementwise.div(x, elementwise.sub(1.0, x))), "LogitBackward0")

    def isneginf(self: Tensor) -> Any:
        return compare.eq(self, -math.inf)

    def isposinf(self: Tensor) -> Any:
        return compare.eq(self, math.inf)

    def isreal(self: Tensor) -> Any:
        """True everywhere: no tensor here is complex."""
        return compare.eq(self, self) | compare.isnan(self)

    def polygamma(self: Tensor, n: int) -> Any:
        """The n-th derivative of digamma."""
        return gamma.polygamma(self, n=int(n))

    def mvlgamma(self: Tensor, p: int) -> Any:
        """The logarithm of the multivariate gamma function of dimension p."""
        if p < 1:
            raise ArgumentError(f"p has to be greater than or equal to 1, got {p}")
        total = gamma.lgamma(self)
        for i in range(1, p):
            total = total + gamma.lgamma(self - i / 2)
        return named(total + p * (p - 1) / 4 * math.log(math.pi), "MvlgammaBackward0")


class RareBinaryMethods:
    atan2 = arctan2 = of_two(angles.atan2)
    bitwise_left_shift = of_two(numerals.bitwise_left_shift)
    bitwise_right_shift = of_two(numerals.bitwise_right_shift)
    copysign = of_two(numerals.copysign)
    fmax = of_two(numerals.fmax)
    fmin = of_two(numerals.fmin)
    fmod = of_two(numerals.fmod)
    gcd = of_two(numerals.gcd)
    heaviside = of_two(numerals.heaviside)
    hypot = of_two(angles.hypot)
    lcm = of_two(numerals.lcm)
    logaddexp = of_two(logarithms.logaddexp)
    logaddexp2 = of_two(logarithms.logaddexp2)
    nextafter = of_two(numerals.nextafter)
    xlogy = of_two(logarithms.xlogy)
    __lshift__ = of_two(numerals.bitwise_left_shift)
    __rshift__ = of_two(numerals.bitwise_right_shift)

    def ldexp(self: Tensor, other: Any) -> Any:
        """`self * 2 ** other`."""
        return named(self * power.pow(2.0, other), "LdexpBackward0")

    def float_power(self: Tensor, exponent: Any) -> Any:
        """`self ** exponent`, computed in float64."""
        wide = exponent.to(dtypes.float64) if hasattr(exponent, "_storage") else float(exponent)
        return self.to(dtypes.float64) ** wide

    def rsub(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        """`other - alpha * self`."""
        return elementwise.sub(other, self if alpha == 1 else self * alpha)
