"""Random numbers: methods that fill the tensor, and draws whose distribution the tensor gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError, DTypeError
from graphnn.ir import dtypes
from graphnn.ops import angles, compare, elementwise, unary
from graphnn.ops.op import builders

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


class RandomMethods:
    def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **named: float) -> Any:
        """Numbers from [from, to), all equally likely."""
        low, high = named.pop("a", named.pop("from", from_)), named.pop("b", to)
        _require_float("uniform_", self)
        if low > high:
            raise ArgumentError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
        drawn = _drawn("rand", self, generator)
        return _assign(self, elementwise.add(elementwise.mul(drawn, high - low), low))

    def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers from the normal distribution."""
        _require_float("normal_", self)
        if std < 0:
            raise ArgumentError(f"normal expects std >= 0.0, but found std {std}")
        drawn = _drawn("randn", self, generator)
        return _assign(self, elementwise.add(elementwise.mul(drawn, std), mean))

    def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Any:
        """Numbers whose logarithms are normal."""
        _require_float("log_normal_", self)
        _require_positive("log_normal_", "std", std)
        drawn = _drawn("randn", self, generator, wide=True)
        return _assign(self, unary.exp(elementwise.add(elementwise.mul(drawn, std), mean)))

    def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers with the density `lambd * exp(-lambd * x)`."""
        _require_float("exponential_", self)
        _require_positive("exponential_", "lambda", lambd)
        return _assign(self, elementwise.div(_waited(self, generator), lambd))

    def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Any:
        """The number of trials up to the first success, each with probability p."""
        if not 0 < p < 1:
            raise ArgumentError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        trials = unary.ceil(elementwise.div(_waited(self, generator), -math.log1p(-p)))
        return _assign(self, compare.clamp(trials, min=1.0))

    def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers from the Cauchy distribution."""
        _require_float("cauchy_", self)
        _require_positive("cauchy_", "sigma", sigma)
        angle = elementwise.mul(elementwise.sub(_drawn("rand", self, generator, wide=True), 0.5), math.pi)
        return _assign(self, elementwise.add(elementwise.mul(angles.tan(angle), sigma), median))

    def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None, **named: int) -> Any:
        """Integers of [from, to), or of [0, from) where it is the only one; by default all that the dtype holds from 0
        on (up to 2**53 for the integers that are wider)."""
        from graphnn.tensor.sampling import integers

        low = named.get("from", from_)
        if to is None and low:
            low, to = 0, low
        high = highest_integer(self.dtype) + 1 if to is None else to
        return _assign(self, integers(low, high, tuple(self.shape), self.dtype, generator))

    def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Any:
        """1 with probability p, else 0."""
        if isinstance(p, int | float) and not 0 <= p <= 1:
            raise ArgumentError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        if not isinstance(p, int | float):
            _check_probabilities(p)
        return _assign(self, compare.lt(_drawn("rand", self, generator, wide=True), p))

    def bernoulli(self: Tensor, p: Any = None, *, generator: Any = None) -> Any:
        """1 with the probability that the element is, else 0, in the same dtype."""
        if p is not None:
            return self.detach().clone().bernoulli_(p, generator=generator)
        _require_float("bernoulli", self)
        _check_probabilities(self)
        return compare.lt(_drawn("rand", self, generator, wide=True), self.detach()).to(self.dtype)

    def multinomial(self: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Any:
        """Indices drawn with these probabilities (they need not sum to 1), for each row of a matrix."""
        from graphnn.tensor.drawing import multinomial

        return multinomial(self, num_samples, replacement, generator)


def highest_integer(dtype: dtypes.DType) -> int:
    """The largest integer that draws into the dtype go up to: all up to it are numbers of the dtype."""
    if dtype.is_floating_point:
        return 1 << _DIGITS[dtype.name]
    return 1 if dtype.category == 0 else min((1 << (8 * dtype.itemsize - dtype.is_signed)) - 1, (1 << 53) - 1)


def _assign(target: Any, source: Any) -> Any:
    from graphnn.tensor.inplace import assign

    assign(target, source)
    return target


def _drawn(name: str, x: Any, generator: Any, wide: bool = False) -> Any:
    """Numbers in the shape of x, in its dtype; `wide` ones in float32 at least."""
    from graphnn.tensor.sampling import sample

    dtype = x.dtype if x.dtype.is_floating_point else dtypes.float32
    return sample(name, tuple(x.shape), dtypes.float32 if wide and dtype in dtypes.NARROW else dtype, generator)


def _waited(x: Any, generator: Any) -> Any:
    """Exponential numbers of rate 1."""
    return elementwise.neg(unary.log1p(elementwise.neg(_drawn("rand", x, generator, wide=True))))


def _require_float(name: str, x: Any) -> None:
    if not x.dtype.is_floating_point:
        raise DTypeError(f"{name} draws floating-point numbers, got {x.tensor_type}; convert with .float()")


def _require_positive(name: str, what: str, number: float) -> None:
    if not number > 0:
        raise ArgumentError(f"{name} expects {what} > 0.0, but found {what}={number}")


def _check_probabilities(p: Any) -> None:
    if builders.stack:
        return
    found = p.values("read as probabilities")
    if not ((found >= 0) & (found <= 1)).all():
        raise ArgumentError("bernoulli: expected all probabilities p to be in [0, 1]")
