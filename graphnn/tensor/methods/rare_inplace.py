"""In-place forms of the rarer methods, and of those that show a tensor in another shape or order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphnn.autodiff.modes import state as grad_mode
from graphnn.errors import AutogradError
from graphnn.ir.graph import numpy_type

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

Method = Callable[..., Any]
TRUTHS = ("eq", "ge", "gt", "le", "logical_not", "logical_xor", "lt", "ne")  # of bools, which any dtype can hold


def in_place(name: str) -> Method:
    """Writes what the method of that name gives over the tensor."""

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        from graphnn.tensor.inplace import assign, check_fits

        source = self.clone() if grad_mode.enabled and self.requires_grad else self
        found = getattr(source, name)(*args, **options)
        if name not in TRUTHS:
            check_fits(name, self, numpy_type(found._array))
        assign(self, found)
        return self

    method.__name__, method.__doc__ = f"{name}_", f"`{name}`, in place."
    return method


class RareInplaceMethods:
    acos_ = arccos_ = in_place("acos")
    acosh_ = arccosh_ = in_place("acosh")
    addbmm_ = in_place("addbmm")
    addmm_ = in_place("addmm")
    addmv_ = in_place("addmv")
    addr_ = in_place("addr")
    asin_ = arcsin_ = in_place("asin")
    asinh_ = arcsinh_ = in_place("asinh")
    atan_ = arctan_ = in_place("atan")
    atan2_ = arctan2_ = in_place("atan2")
    atanh_ = arctanh_ = in_place("atanh")
    baddbmm_ = in_place("baddbmm")
    bitwise_left_shift_ = in_place("bitwise_left_shift")
    bitwise_not_ = in_place("bitwise_not")
    bitwise_right_shift_ = in_place("bitwise_right_shift")
    copysign_ = in_place("copysign")
    cosh_ = in_place("cosh")
    cumprod_ = in_place("cumprod")
    cumsum_ = in_place("cumsum")
    deg2rad_ = in_place("deg2rad")
    digamma_ = in_place("digamma")
    eq_ = in_place("eq")
    erf_ = in_place("erf")
    erfc_ = in_place("erfc")
    erfinv_ = in_place("erfinv")
    exp2_ = in_place("exp2")
    expm1_ = in_place("expm1")
    fix_ = in_place("fix")
    float_power_ = in_place("float_power")
    fmod_ = in_place("fmod")
    frac_ = in_place("frac")
    gcd_ = in_place("gcd")
    ge_ = greater_equal_ = in_place("ge")
    gt_ = greater_ = in_place("gt")
    heaviside_ = in_place("heaviside")
    hypot_ = in_place("hypot")
    lcm_ = in_place("lcm")
    ldexp_ = in_place("ldexp")
    le_ = less_equal_ = in_place("le")
    lgamma_ = in_place("lgamma")
    log10_ = in_place("log10")
    log1p_ = in_place("log1p")
    log2_ = in_place("log2")
    logical_not_ = in_place("logical_not")
    logical_xor_ = in_place("logical_xor")
    logit_ = in_place("logit")
    lt_ = less_ = in_place("lt")
    mvlgamma_ = in_place("mvlgamma")
    nan_to_num_ = in_place("nan_to_num")
    ne_ = not_equal_ = in_place("ne")
    negative_ = in_place("negative")
    nextafter_ = in_place("nextafter")
    polygamma_ = in_place("polygamma")
    rad2deg_ = in_place("rad2deg")
    renorm_ = in_place("renorm")
    sgn_ = in_place("sgn")
    sign_ = in_place("sign")
    sinc_ = in_place("sinc")
    sinh_ = in_place("sinh")
    tan_ = in_place("tan")
    tril_ = in_place("tril")
    triu_ = in_place("triu")
    trunc_ = in_place("trunc")
    xlogy_ = in_place("xlogy")
    absolute_ = in_place("abs")


def _shown(name: str) -> Method:
    """Lets the tensor itself be the view that the method of that name gives."""

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        if grad_mode.enabled and self.requires_grad and self.is_leaf:
            raise AutogradError(
                f"a leaf Variable that requires grad is being used in an in-place operation: {name}_ of a tensor of "
                f"shape {list(self.shape)}. Use {name}() instead"
            )
        found = getattr(self, name)(*args, **options)
        for fact in ("_array", "_path", "_type", "_node", "_output_nr", "_requires", "_seen"):
            setattr(self, fact, getattr(found, fact))
        return self

    method.__name__, method.__doc__ = f"{name}_", f"`{name}`, in place: the same memory, shown otherwise."
    return method


class ShownInplaceMethods:
    squeeze_ = _shown("squeeze")
    unsqueeze_ = _shown("unsqueeze")
    t_ = _shown("t")
    transpose_ = swapaxes_ = swapdims_ = _shown("transpose")
