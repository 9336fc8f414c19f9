/* Template (see vmath.h): signs, whole numbers and tests, of all floating-point types. */

GN_INLINE F N(number)(C x) { return N(splat)(x); }
GN_INLINE F N(abs)(F x) { return N(of_bits)(N(bits)(x) & ~SIGN); }
GN_INLINE F N(copysign)(F a, F b) { return N(of_bits)((N(bits)(a) & ~SIGN) | (N(bits)(b) & SIGN)); }
GN_INLINE I N(signbit)(F x) { return NI(lt)(N(bits)(x), (I){0}); }
GN_INLINE I N(isnan)(F x) { return N(ne)(x, x); }
GN_INLINE I N(isinf)(F x) { return NI(eq)(N(bits)(N(abs)(x)), N(bits)(N(number)((C)INFINITY))); }
GN_INLINE I N(isfinite)(F x) { return NI(lt)(N(bits)(N(abs)(x)), N(bits)(N(number)((C)INFINITY))); }
GN_INLINE F N(sign)(F x)
{
    const F one = N(number)(1), zero = N(number)(0);
    return N(select)(N(gt)(x, zero), one, zero) - N(select)(N(lt)(x, zero), one, zero);
}

/* ---- whole numbers: those with the sign of x, which a zero keeps */

GN_INLINE F N(whole)(F x, F found) { return N(select)(N(lt)(N(abs)(x), N(number)(WHOLE)), N(copysign)(found, x), x); }
GN_INLINE F N(near)(F x)
{
    const F large = N(copysign)(N(number)(WHOLE), x);
    return (x + large) - large;
}
GN_INLINE F N(round)(F x) { return N(whole)(x, N(near)(x)); }
GN_INLINE F N(floor)(F x)
{
    const F near = N(near)(x);
    return N(whole)(x, near - N(select)(N(gt)(near, x), N(number)(1), N(number)(0)));
}
GN_INLINE F N(ceil)(F x)
{
    const F near = N(near)(x);
    return N(whole)(x, near + N(select)(N(lt)(near, x), N(number)(1), N(number)(0)));
}
GN_INLINE F N(trunc)(F x)
{
    const F size = N(abs)(x), near = N(near)(size);
    return N(whole)(x, near - N(select)(N(gt)(near, size), N(number)(1), N(number)(0)));
}
GN_INLINE F N(frac)(F x) { return N(copysign)(x - N(trunc)(x), x); }

/* ---- simple ones */

GN_INLINE F N(square)(F x) { return x * x; }
GN_INLINE F N(reciprocal)(F x) { return 1 / x; }
GN_INLINE F N(rsqrt)(F x) { return 1 / N(sqrt)(x); }
GN_INLINE F N(heaviside)(F a, F b)
{
    const F zero = N(number)(0), step = N(select)(N(gt)(a, zero), N(number)(1), zero);
    return N(select)(N(ne)(a, zero), step, b);
}
/* of the larger and the smaller number, a NaN loses */
GN_INLINE F N(fmax)(F a, F b) { return N(select)(N(ge)(a, b) | N(ne)(b, b), a, b); }
GN_INLINE F N(fmin)(F a, F b) { return N(select)(N(le)(a, b) | N(ne)(b, b), a, b); }
GN_INLINE F N(clip)(F x, F low, F high) { return N(min)(N(max)(x, low), high); }
