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


def _in_place(name: str) -> Method:
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
    acos_ = arccos_ = _in_place("acos")
    acosh_ = arccosh_ = _in_place("acosh")
    addbmm_ = _in_place("addbmm")
    addmm_ = _in_place("addmm")
    addmv_ = _in_place("addmv")
    addr_ = _in_place("addr")
    asin_ = arcsin_ = _in_place("asin")
    asinh_ = arcsinh_ = _in_place("asinh")
    atan_ = arctan_ = _in_place("atan")
    atan2_ = arctan2_ = _in_place("atan2")
    atanh_ = arctanh_ = _in_place("atanh")
    baddbmm_ = _in_place("baddbmm")
    bitwise_left_shift_ = _in_place("bitwise_left_shift")
    bitwise_not_ = _in_place("bitwise_not")
    bitwise_right_shift_ = _in_place("bitwise_right_shift")
    copysign_ = _in_place("copysign")
    cosh_ = _in_place("cosh")
    cumprod_ = _in_place("cumprod")
    cumsum_ = _in_place("cumsum")
    deg2rad_ = _in_place("deg2rad")
    digamma_ = _in_place("digamma")
    eq_ = _in_place("eq")
    erf_ = _in_place("erf")
    erfc_ = _in_place("erfc")
    erfinv_ = _in_place("erfinv")
    exp2_ = _in_place("exp2")
    expm1_ = _in_place("expm1")
    fix_ = _in_place("fix")
    float_power_ = _in_place("float_power")
    fmod_ = _in_place("fmod")
    frac_ = _in_place("frac")
    gcd_ = _in_place("gcd")
    ge_ = greater_equal_ = _in_place("ge")
    gt_ = greater_ = _in_place("gt")
    heaviside_ = _in_place("heaviside")
    hypot_ = _in_place("hypot")
    lcm_ = _in_place("lcm")
    ldexp_ = _in_place("ldexp")
    le_ = less_equal_ = _in_place("le")
    lgamma_ = _in_place("lgamma")
    log10_ = _in_place("log10")
    log1p_ = _in_place("log1p")
    log2_ = _in_place("log2")
    logical_not_ = _in_place("logical_not")
    logical_xor_ = _in_place("logical_xor")
    logit_ = _in_place("logit")
    lt_ = less_ = _in_place("lt")
    mvlgamma_ = _in_place("mvlgamma")
    nan_to_num_ = _in_place("nan_to_num")
    ne_ = not_equal_ = _in_place("ne")
    negative_ = _in_place("negative")
    nextafter_ = _in_place("nextafter")
    polygamma_ = _in_place("polygamma")
    rad2deg_ = _in_place("rad2deg")
    renorm_ = _in_place("renorm")
    sgn_ = _in_place("sgn")
    sign_ = _in_place("sign")
    sinc_ = _in_place("sinc")
    sinh_ = _in_place("sinh")
    tan_ = _in_place("tan")
    tril_ = _in_place("tril")
    triu_ = _in_place("triu")
    trunc_ = _in_place("trunc")
    xlogy_ = _in_place("xlogy")
    absolute_ = _in_place("abs")


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
