/* Template (see vmath.h): float32 functions, within 2 units in the last place (sigmoid 3), NaN and infinity as in IEEE.
   Polynomials are minimax fits made for these ranges. */

#define POLY3(x, a, b, c) (((c) * (x) + (b)) * (x) + (a))
#define POLY4(x, a, b, c, d) (POLY3(x, b, c, d) * (x) + (a))
#define POLY5(x, a, b, c, d, e) (POLY4(x, b, c, d, e) * (x) + (a))
#define POLY6(x, a, b, c, d, e, f) (POLY5(x, b, c, d, e, f) * (x) + (a))
#define POLY7(x, a, b, c, d, e, f, g) (POLY6(x, b, c, d, e, f, g) * (x) + (a))
#define POLY8(x, a, b, c, d, e, f, g, h) (POLY7(x, b, c, d, e, f, g, h) * (x) + (a))
#define POLY9(x, a, b, c, d, e, f, g, h, i) (POLY8(x, b, c, d, e, f, g, h, i) * (x) + (a))

/* ---- exponentials */

/* x = n ln 2 + r with |r| <= ln 2 / 2: the nearest n comes of adding 3 * 2^22, whose unit is 1 */
GN_INLINE F N(exp_split)(F x, I *n)
{
    const F shifted = x * 1.44269504f + 12582912.0f, whole = shifted - 12582912.0f;
    *n = N(bits)(shifted) - 0x4b400000;
    return (x - whole * 0.693145752f) - whole * 1.42860677e-6f;
}
GN_INLINE F N(exp_series)(F r)
{
    return POLY5(r, 0.4999999403953552f, 0.1666652113199234f, 0.04166838899254799f, 0.008368730545043945f,
                 0.0013814569683745503f);
}
GN_INLINE F N(power_of_two)(I n) { return N(of_bits)((n + 127) << 23); }
/* x 2^n for -252 <= n <= 254, in two steps since one factor could be too small or too large a number */
GN_INLINE F N(scaled)(F x, I n) { return x * N(power_of_two)(n >> 1) * N(power_of_two)(n - (n >> 1)); }
/* NaN stays NaN */
GN_INLINE F N(bounded)(F x, float low, float high)
{
    return N(above)(N(number)(low), N(below)(N(number)(high), x));
}
GN_INLINE F N(exp)(F x)
{
    I n;
    const F r = N(exp_split)(N(bounded)(x, -110.0f, 100.0f), &n);
    return N(scaled)(r * r * N(exp_series)(r) + r + 1.0f, n);
}
/* For what is added to 1 next: the same from -86 to 88.37, 4e-38 below, infinity above */
GN_INLINE F N(exp_beside_one)(F x)
{
    I n;
    const F r = N(exp_split)(N(bounded)(x, -86.0f, 89.0f), &n);
    return (r * r * N(exp_series)(r) + r + 1.0f) * N(power_of_two)(n);
}
/* Of what is not above 0: the same down to -87, where 0 begins */
GN_INLINE F N(exp_falling)(F x)
{
    I n;
    const F r = N(exp_split)(N(above)(N(number)(-87.0f), x), &n);
    const F found = (r * r * N(exp_series)(r) + r + 1.0f) * N(power_of_two)(n);
    return N(select)(N(lt)(x, N(number)(-87.0f)), N(number)(0.0f), found);
}
GN_INLINE F N(expm1)(F x)
{
    I n;
    const F r = N(exp_split)(N(bounded)(x, -50.0f, 88.8f), &n), half = N(power_of_two)(n - 1);
    const F found = 2.0f * ((r * r * N(exp_series)(r) + r) * half + (half - 0.5f));
    return N(select)(N(lt)(N(abs)(x), N(number)(1e-8f)), x, found);
}
GN_INLINE F N(exp2)(F x)
{
    const F y = N(bounded)(x, -160.0f, 140.0f), shifted = y + 12582912.0f, f = y - (shifted - 12582912.0f);
    const F series = POLY6(f, 0.6931472062883374f, 0.24022651332449912f, 0.05550327742602135f, 0.009618005409662293f,
                           0.0013400283109682165f, 0.00015475898182507053f);
    return N(scaled)(f * series + 1.0f, N(bits)(shifted) - 0x4b400000);
}

/* ---- logarithms */

/* x = m 2^e with m from sqrt(1/2) to sqrt(2), gives m - 1; subnormal numbers are scaled up first */
GN_INLINE F N(log_split)(F x, F *e)
{
    const I small = N(lt)(x, N(number)(0x1p-126f));
    const F y = N(select)(small, x * 0x1p23f, x);
    const I exponent = (N(bits)(y) - 0x3f3504f3) >> 23;
    *e = CAST(exponent, F) - N(select)(small, N(number)(23.0f), N(number)(0.0f));
    return N(of_bits)(N(bits)(y) - (exponent << 23)) - 1.0f;
}
GN_INLINE F N(log_series)(F f)
{
    return f * f *
           POLY9(f, -0.49999988079071045f, 0.33333325386047363f, -0.25001582503318787f, 0.2000197470188141f,
                 -0.16609081625938416f, 0.14181822538375854f, -0.13242986798286438f, 0.12904445827007294f,
                 -0.07621793448925018f);
}
/* what logarithms give for numbers that have none: infinities, zeros, negative numbers and NaN */
GN_INLINE F N(log_ends)(F x, F found)
{
    found = N(select)(N(gt)(x, N(number)(0.0f)), found, N(number)(NAN));
    found = N(select)(N(eq)(x, N(number)(0.0f)), N(number)(-INFINITY), found);
    return N(select)(N(eq)(x, N(number)(INFINITY)), x, found);
}
GN_INLINE F N(log)(F x)
{
    F e;
    const F f = N(log_split)(x, &e);
    return N(log_ends)(x, e * 0.693359375f + (e * -2.12194440e-4f + (N(log_series)(f) + f)));
}
/* of positive numbers, in float64 */
GN_INLINE D N(log2_wide)(F x)
{
    F e;
    const F f = N(log_split)(x, &e);
    const D g = CAST(f, D), s = g / (g + 2.0), z = s * s;
    return CAST(e, D) + s * POLY6(z, 2.885390081777845, 0.961796694113351, 0.5770779423983653, 0.41220924673609033,
                                  0.3199059969944612, 0.2828950495395851);
}
GN_INLINE F N(log2)(F x) { return N(log_ends)(x, CAST(N(log2_wide)(x), F)); }
GN_INLINE F N(log10)(F x) { return N(log_ends)(x, CAST(N(log2_wide)(x) * 0.30102999566398119521, F)); }
/* log(1 + x): what rounding 1 + x lost is put back */
GN_INLINE F N(log1p)(F x)
{
    F e;
    const F u = x + 1.0f, lost = N(select)(N(lt)(x, N(number)(1.0f)), x - (u - 1.0f), 1.0f - (u - x));
    const F f = N(log_split)(u, &e);
    const F found = e * 0.693359375f + (f + (e * -2.12194440e-4f + (N(log_series)(f) + lost / u)));
    return N(select)(N(lt)(N(abs)(x), N(number)(1e-8f)), x, N(log_ends)(u, found));
}

/* ---- powers, by logarithm and exponential in float64 */

GN_INLINE F N(exp2_wide)(D t)
{
    t = ND(min)(ND(max)(t, (D){0} - 200.0), (D){0} + 200.0);
    const D shifted = t + 0x1.8p52, f = t - (shifted - 0x1.8p52);
    const D series = POLY7(f, 0.6931471805416546, 0.24022651075853374, 0.055504109625724274, 0.009618036910839123,
                           0.0013333430786764133, 0.00015467110346816242, 1.5314946835357293e-05);
    return CAST((f * series + 1.0) * ND(of_bits)((ND(bits)(shifted) + 1023) << 52), F);
}
GN_INLINE F N(pow)(F x, F y)
{
    const F one = N(number)(1.0f), zero = N(number)(0.0f), size = N(abs)(x);
    const I is_end = N(eq)(size, zero) | N(eq)(size, N(number)(INFINITY));
    const F end = N(select)(N(eq)(size, zero), N(number)(-INFINITY), size);
    const D wide = CAST(y, D) * N(log2_wide)(N(select)(is_end, one, size));
    F found = N(exp2_wide)(wide);
    found = N(select)(is_end, N(select)(N(gt)(end * y, zero), N(number)(INFINITY), zero), found);
    const F half = y * 0.5f;
    const I is_odd = N(eq)(N(round)(y), y) & N(ne)(N(round)(half), half) & N(isfinite)(y);
    const I is_fraction = N(ne)(N(round)(y), y) & N(lt)(x, zero) & N(isfinite)(x);
    found = N(select)(is_odd, N(copysign)(found, x), found);
    found = N(select)(is_fraction | N(isnan)(x) | N(isnan)(y), N(number)(NAN), found);
    const I is_one = N(eq)(y, zero) | N(eq)(x, one) | (N(eq)(size, one) & N(isinf)(y));
    return N(select)(is_one, one, found);
}

/* ---- circular functions: x = n pi/2 + r in float64, which holds up to 2^27 */

GN_INLINE F N(quarter)(F x, I *n)
{
    const D wide = CAST(x, D), shifted = wide * 0.63661977236758134308 + 0x1.8p52, whole = shifted - 0x1.8p52;
    *n = CAST(ND(bits)(shifted), I);
    return CAST((wide - whole * 1.57079631090164184570) - whole * 1.58932547735281966916e-8, F);
}
GN_INLINE F N(quarter_value)(F r, I n)
{
    const F z = r * r;
    const F sine = r * z * POLY3(z, -0.16666655242443085f, 0.008332177996635437f, -0.00019517233886290342f) + r;
    const F cosine = z * z * POLY3(z, 0.04166664555668831f, -0.0013887366512790322f, 2.4438377295155078e-05f) +
                     (1.0f - 0.5f * z);
    const F found = N(select)(NI(ne)(n & 1, (I){0}), cosine, sine);
    return N(of_bits)(N(bits)(found) ^ ((n & 2) << 30));
}
GN_INLINE F N(sin)(F x)
{
    I n;
    const F r = N(quarter)(x, &n), found = N(select)(N(lt)(N(abs)(x), N(number)(1e-4f)), x, N(quarter_value)(r, n));
    const I is_large = N(gt)(N(abs)(x), N(number)(0x1p27f));
    if (__builtin_expect(N(any)(is_large), 0)) return N(select)(is_large, N(sin_large)(x), found);
    return found;
}
GN_INLINE F N(cos)(F x)
{
    I n;
    const F r = N(quarter)(x, &n), found = N(quarter_value)(r, n + 1);
    const I is_large = N(gt)(N(abs)(x), N(number)(0x1p27f));
    if (__builtin_expect(N(any)(is_large), 0)) return N(select)(is_large, N(cos_large)(x), found);
    return found;
}

/* ---- bounded ones */

GN_INLINE F N(sigmoid)(F x)
{
    const F z = N(exp)(-N(abs)(x));
    return N(select)(N(lt)(x, N(number)(0.0f)), z, N(number)(1.0f)) / (1.0f + z);
}
/* For gates: the same from -86 on, 4e-38 or 0 below */
GN_INLINE F N(sigmoid_gate)(F x) { return 1.0f / (1.0f + N(exp_beside_one)(-x)); }
/* By exp(-2 |x|) = 2^n (1 + t): (1 - 2^n (1 + t)) / (1 + 2^n (1 + t)), each sum rounded once */
GN_INLINE F N(tanh)(F x)
{
    I n;
    const F r = N(exp_split)(N(above)(N(number)(-86.0f), -2.0f * N(abs)(x)), &n), power = N(power_of_two)(n);
    const F t = r * r * N(exp_series)(r) + r;
    return N(copysign)((t * power + (power - 1.0f)) / (t * power + (power + 1.0f)), x);
}
GN_INLINE F N(erf)(F x)
{
    const F size = N(abs)(x), square = x * x, y = N(below)(N(number)(4.0f), size);
    const F near = POLY7(square, 0.1283791065216064f, -0.3761262595653534f, 0.1128358542919159f, -0.026853812858462334f,
                         0.005188327748328447f, -0.0008010193705558777f, 7.853861461626366e-05f);
    const F power = POLY8(y, 0.00017468321311753243f, -1.1295149326324463f, -0.6333469152450562f, -0.10828007757663727f,
                          0.025119416415691376f, -0.004171059001237154f, 0.00043446169001981616f,
                          -2.109496563207358e-05f);
    const F far = N(copysign)(1.0f - N(exp)(power), x);
    return N(select)(N(lt)(size, N(number)(0.92f)), near * x + x, far);
}

#undef POLY3
#undef POLY4
#undef POLY5
#undef POLY6
#undef POLY7
#undef POLY8
#undef POLY9
