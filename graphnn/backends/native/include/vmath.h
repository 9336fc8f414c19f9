/* Functions of numbers, for vectors and single elements alike: gn_exp_f32v, gn_exp_f32s, gn_exp_f64v ...

   float32: the same algorithm in both forms, to the same bits (vmath_f32.h). float64 and what is rare: lane by lane.
   Each of the files below is a template, written in terms of
     F, I   the type of the numbers and that of their bits (and masks), D, L the same 64 bits wide
     N, NI  the name of a function on F, on I, ND, NL on D, L;  CAST(x, T) converts
     C      the type of one number, SIGN its sign bit, WHOLE the power of two from which on all numbers are whole */
#ifndef GN_VMATH_H
#define GN_VMATH_H
#include "special.h"
#include "vec.h"
#include "vmath_integer.h"


/* ---- lane by lane */

GN_INLINE double gn_sigmoid_one(double x) { return 1 / (1 + exp(-x)); }

#define GN_UNARY(T, C, NAME, CALL)                                                                                     \
    GN_INLINE C gn_##NAME##_##T##s(C x) { return (C)CALL(x); }                                                         \
    GN_INLINE T##v gn_##NAME##_##T##v(T##v x)                                                                          \
    {                                                                                                                  \
        T##v y = {0};                                                                                                  \
        GN_EACH_LANE(l) y[l] = (C)CALL(x[l]);                                                                          \
        return y;                                                                                                      \
    }
#define GN_BINARY(T, C, NAME, CALL)                                                                                    \
    GN_INLINE C gn_##NAME##_##T##s(C a, C b) { return (C)CALL(a, b); }                                                 \
    GN_INLINE T##v gn_##NAME##_##T##v(T##v a, T##v b)                                                                  \
    {                                                                                                                  \
        T##v y = {0};                                                                                                  \
        GN_EACH_LANE(l) y[l] = (C)CALL(a[l], b[l]);                                                                    \
        return y;                                                                                                      \
    }
#define GN_LIBM(X)                                                                                                     \
    X(f64, double, exp, exp) X(f64, double, expm1, expm1) X(f64, double, exp2, exp2) X(f64, double, log, log)          \
    X(f64, double, log1p, log1p) X(f64, double, log2, log2) X(f64, double, log10, log10)                               \
    X(f64, double, sin, sin) X(f64, double, cos, cos) X(f64, double, tanh, tanh) X(f64, double, erf, erf)              \
    X(f64, double, sqrt, sqrt) X(f64, double, sigmoid, gn_sigmoid_one) X(f64, double, exp_beside_one, exp)             \
    X(f32, float, sin_large, sinf) X(f32, float, cos_large, cosf)                                                      \
    X(f32, float, tan, tanf) X(f64, double, tan, tan) X(f32, float, asin, asinf) X(f64, double, asin, asin)            \
    X(f32, float, acos, acosf) X(f64, double, acos, acos) X(f32, float, atan, atanf) X(f64, double, atan, atan)        \
    X(f32, float, sinh, sinhf) X(f64, double, sinh, sinh) X(f32, float, cosh, coshf) X(f64, double, cosh, cosh)        \
    X(f32, float, asinh, asinhf) X(f64, double, asinh, asinh) X(f32, float, acosh, acoshf)                             \
    X(f64, double, acosh, acosh) X(f32, float, atanh, atanhf) X(f64, double, atanh, atanh)                             \
    X(f32, float, erfc, erfc) X(f64, double, erfc, erfc) X(f32, float, lgamma, gn_lgamma)                              \
    X(f64, double, lgamma, gn_lgamma) X(f32, float, digamma, gn_digamma) X(f64, double, digamma, gn_digamma)           \
    X(f32, float, erfinv, gn_erfinv) X(f64, double, erfinv, gn_erfinv) X(f32, float, erfcx, gn_erfcx)                  \
    X(f64, double, erfcx, gn_erfcx) X(f32, float, log_ndtr, gn_log_ndtr) X(f64, double, log_ndtr, gn_log_ndtr)
GN_LIBM(GN_UNARY)

#define GN_DIVISION(S, C, FMOD, FLOOR, COPYSIGN)                                                                       \
    GN_INLINE C gn_remainder_one_##S(C a, C b)                                                                         \
    {                                                                                                                  \
        C left = FMOD(a, b);                                                                                           \
        if (b == 0) return left;                                                                                       \
        if (left == 0) return COPYSIGN(0, b);                                                                          \
        return (b < 0) != (left < 0) ? left + b : left;                                                                \
    }                                                                                                                  \
    GN_INLINE C gn_floor_divide_one_##S(C a, C b)                                                                      \
    {                                                                                                                  \
        if (b == 0) return a / b;                                                                                      \
        C left = FMOD(a, b), quotient = (a - left) / b;                                                                \
        if (left != 0 && (b < 0) != (left < 0)) quotient -= 1;                                                         \
        if (quotient == 0) return COPYSIGN(0, a / b);                                                                  \
        C whole = FLOOR(quotient);                                                                                     \
        return quotient - whole > (C)0.5 ? whole + 1 : whole;                                                          \
    }
GN_DIVISION(f32, float, fmodf, floorf, copysignf)
GN_DIVISION(f64, double, fmod, floor, copysign)

#define GN_LIBM_OF_TWO(X)                                                                                              \
    X(f64, double, pow, pow) X(f32, float, atan2, atan2f) X(f64, double, atan2, atan2) X(f32, float, hypot, hypotf)    \
    X(f64, double, hypot, hypot) X(f32, float, nextafter, nextafterf) X(f64, double, nextafter, nextafter)             \
    X(f32, float, fmod, fmodf) X(f64, double, fmod, fmod) X(f32, float, remainder, gn_remainder_one_f32)               \
    X(f64, double, remainder, gn_remainder_one_f64) X(f32, float, floor_divide, gn_floor_divide_one_f32)               \
    X(f64, double, floor_divide, gn_floor_divide_one_f64)
GN_LIBM_OF_TWO(GN_BINARY)

#define GN_POLYGAMMA(T, C)                                                                                             \
    GN_INLINE C gn_polygamma_##T##s(C x, int n) { return (C)gn_polygamma(n, x); }                                      \
    GN_INLINE T##v gn_polygamma_##T##v(T##v x, int n)                                                                  \
    {                                                                                                                  \
        T##v y = {0};                                                                                                  \
        GN_EACH_LANE(l) y[l] = (C)gn_polygamma(n, x[l]);                                                               \
        return y;                                                                                                      \
    }
GN_POLYGAMMA(f32, float)
GN_POLYGAMMA(f64, double)

/* ---- square roots, for which vectors have no operator */

GN_INLINE float gn_sqrt_f32s(float x) { return __builtin_sqrtf(x); }
#if defined(__AVX2__) && GN_LANES == 8 && !defined(__clang__)
GN_INLINE f32v gn_sqrt_f32v(f32v x) { return (f32v)__builtin_ia32_sqrtps256((gn_ps256)x); }
#elif defined(__AVX512F__) && GN_LANES == 16 && !defined(__clang__)
GN_INLINE f32v gn_sqrt_f32v(f32v x)
{
    return (f32v)__builtin_ia32_sqrtps512_mask((gn_ps512)x, (gn_ps512){0}, (uint16_t)-1, 4);
}
#else
GN_INLINE f32v gn_sqrt_f32v(f32v x)
{
    f32v y = {0};
    GN_EACH_LANE(l) y[l] = __builtin_sqrtf(x[l]);
    return y;
}
#endif

/* ---- the templates, four times */

#define GN_CONVERTED(x, T) __builtin_convertvector(x, T)
#define GN_CAST(x, T) ((T)(x))

#define F f32v
#define I i32v
#define D f64v
#define L i64v
#define N(name) gn_##name##_f32v
#define NI(name) gn_##name##_i32v
#define ND(name) gn_##name##_f64v
#define NL(name) gn_##name##_i64v
#define CAST GN_CONVERTED
#define C float
#define SIGN INT32_MIN
#define WHOLE 0x1p23f
#define TINY 0x1p-126f
#include "vmath_float.h"
#include "vmath_f32.h"
#include "activations.h"
#undef F
#undef I
#undef D
#undef L
#undef N
#undef NI
#undef ND
#undef NL
#undef CAST

#define F f32s
#define I i32s
#define D f64s
#define L i64s
#define N(name) gn_##name##_f32s
#define NI(name) gn_##name##_i32s
#define ND(name) gn_##name##_f64s
#define NL(name) gn_##name##_i64s
#define CAST GN_CAST
#include "vmath_float.h"
#include "vmath_f32.h"
#include "activations.h"
#undef F
#undef I
#undef N
#undef NI
#undef C
#undef SIGN
#undef WHOLE
#undef TINY

#define C double
#define SIGN INT64_MIN
#define WHOLE 0x1p52
#define TINY 0x1p-1022
#define F f64s
#define I i64s
#define N(name) gn_##name##_f64s
#define NI(name) gn_##name##_i64s
#include "vmath_float.h"
#include "activations.h"
#undef F
#undef I
#undef N
#undef NI
#undef CAST

#define CAST GN_CONVERTED
#define F f64v
#define I i64v
#define N(name) gn_##name##_f64v
#define NI(name) gn_##name##_i64v
#include "vmath_float.h"
#include "activations.h"
#undef F
#undef I
#undef D
#undef L
#undef N
#undef NI
#undef ND
#undef NL
#undef CAST
#undef C
#undef SIGN
#undef WHOLE
#undef TINY
#endif
