/* Template (see vmath.h): activations and their like, of all floating-point types, by the formulas of their ops. */

GN_INLINE F N(relu)(F x) { return N(above)(N(number)(0), x); }
GN_INLINE F N(relu_grad)(F g, F out) { return N(select)(N(le)(out, N(number)(0)), N(number)(0), g); }
GN_INLINE F N(tanh_grad)(F g, F out) { return g * (1 - out * out); }
GN_INLINE F N(sigmoid_grad)(F g, F out) { return g * ((1 - out) * out); }

/* ---- straight pieces */

GN_INLINE F N(leaky_relu)(F x, F slope) { return N(select)(N(gt)(x, N(number)(0)), x, x * slope); }
GN_INLINE F N(hardsigmoid)(F x) { return N(clip)(x + 3, N(number)(0), N(number)(6)) / 6; }
GN_INLINE F N(hardswish)(F x) { return x * N(hardsigmoid)(x); }
GN_INLINE F N(softshrink)(F x, F bound) { return x - N(clip)(x, -bound, bound); }
GN_INLINE F N(hardshrink)(F x, F bound) { return N(select)(N(le)(N(abs)(x), bound), N(number)(0), x); }
GN_INLINE F N(threshold)(F x, F bound, F value) { return N(select)(N(le)(x, bound), value, x); }

/* ---- exponential ones */

GN_INLINE F N(elu)(F x, F scale, F below, F inner)
{
    return N(select)(N(gt)(x, N(number)(0)), x * scale, N(expm1)(x * inner) * below);
}
GN_INLINE F N(silu)(F x) { return x / (1 + N(exp_beside_one)(-x)); }
GN_INLINE F N(gelu)(F x) { return x * ((N(erf)(x * (C)0.70710678118654752440) + 1) * (C)0.5); }
GN_INLINE F N(gelu_tanh)(F x)
{
    const F bend = (x * x * (C)(0.044715 * 0.79788456080286535588) + (C)0.79788456080286535588) * x;
    return x / (1 + N(exp_beside_one)(-2 * bend)); /* x (1 + tanh(bend)) / 2 */
}
/* x tanh(log(1 + e)) = x (e² + 2e) / (e² + 2e + 2) with e = exp(x), cut off where the quotient is 1 */
GN_INLINE F N(mish)(F x)
{
    const F e = N(exp)(N(min)(x, N(number)(40))), power = e * (e + 2);
    return x * (power / (power + 2));
}
GN_INLINE F N(softplus)(F x, F beta, F bound)
{
    const F scaled = x * beta;
    return N(select)(N(gt)(scaled, bound), x, N(log1p)(N(exp)(scaled)) / beta);
}
GN_INLINE F N(log_sigmoid)(F x) { return N(min)(x, N(number)(0)) - N(log1p)(N(exp)(-N(abs)(x))); }
GN_INLINE F N(sinc)(F x)
{
    const F angle = x * (C)3.14159265358979323846, y = N(select)(N(eq)(angle, N(number)(0)), N(number)(TINY), angle);
    return N(sin)(y) / y;
}

/* ---- of two numbers */

GN_INLINE F N(logaddexp)(F a, F b)
{
    const F found = N(max)(a, b) + N(log1p)(N(exp)(-N(abs)(a - b)));
    return N(select)(N(eq)(a, b), a + (C)0.69314718055994530942, found);
}
GN_INLINE F N(logaddexp2)(F a, F b)
{
    const F found = N(max)(a, b) + N(log1p)(N(exp2)(-N(abs)(a - b))) * (C)1.44269504088896340736;
    return N(select)(N(eq)(a, b), a + 1, found);
}
GN_INLINE F N(or_zero)(F a, F b, F found)
{
    return N(select)(N(eq)(a, N(number)(0)) & N(eq)(b, b), N(number)(0), found);
}
GN_INLINE F N(xlogy)(F a, F b) { return N(or_zero)(a, b, a * N(log)(b)); }
GN_INLINE F N(xlog1py)(F a, F b) { return N(or_zero)(a, b, a * N(log1p)(b)); }
