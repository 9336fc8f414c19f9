/* Functions of integers, as NumPy defines them; divisors are tested before, where they matter. */
#ifndef GN_VMATH_INTEGER_H
#define GN_VMATH_INTEGER_H
#include "vec.h"

#define GN_INTEGER_BINARY(T, C, NAME)                                                                                  \
    GN_INLINE T##v gn_##NAME##_##T##v(T##v a, T##v b)                                                                  \
    {                                                                                                                  \
        T##v y = {0};                                                                                                  \
        GN_EACH_LANE(l) y[l] = gn_##NAME##_##T##s(a[l], b[l]);                                                         \
        return y;                                                                                                      \
    }
#define GN_INTEGER(T, C, M, U)                                                                                         \
    GN_INLINE C gn_abs_##T##s(C x) { return x < 0 ? gn_neg_##T##s(x) : x; }                                            \
    GN_INLINE T##v gn_abs_##T##v(T##v x)                                                                               \
    {                                                                                                                  \
        return gn_select_##T##v((M##v)(x < 0), gn_neg_##T##v(x), x);                                                   \
    }                                                                                                                  \
    GN_INLINE C gn_sign_##T##s(C x) { return (C)((x > 0) - (x < 0)); }                                                 \
    GN_INLINE T##v gn_sign_##T##v(T##v x) { return (T##v)((M##v)(x < 0) - (M##v)(x > 0)); }                            \
    GN_INLINE C gn_square_##T##s(C x) { return gn_mul_##T##s(x, x); }                                                  \
    GN_INLINE T##v gn_square_##T##v(T##v x) { return gn_mul_##T##v(x, x); }                                            \
    GN_INLINE C gn_relu_##T##s(C x) { return x > 0 ? x : 0; }                                                          \
    GN_INLINE T##v gn_relu_##T##v(T##v x) { return x & (T##v)(x > 0); }                                                \
    GN_INLINE C gn_heaviside_##T##s(C a, C b) { return a == 0 ? b : a > 0; }                                           \
    GN_INLINE C gn_pow_##T##s(C a, C b)                                                                                \
    {                                                                                                                  \
        uint64_t power = 1, factor = (uint64_t)a;                                                                      \
        for (uint64_t left = (uint64_t)b; left; left >>= 1, factor *= factor)                                          \
            if (left & 1) power *= factor;                                                                             \
        return (C)power;                                                                                               \
    }                                                                                                                  \
    GN_INLINE C gn_fmod_##T##s(C a, C b) { return b == 0 || ((C)-1 < 0 && b == (C)-1) ? 0 : (C)(a % b); }                        \
    GN_INLINE C gn_remainder_##T##s(C a, C b)                                                                          \
    {                                                                                                                  \
        if ((C) - 1 < 0 && b == (C)-1) return 0;                                                                       \
        C left = b == 0 ? 0 : (C)(a % b);                                                                              \
        return left != 0 && (b < 0) != (left < 0) ? (C)(left + b) : left;                                              \
    }                                                                                                                  \
    GN_INLINE C gn_floor_divide_##T##s(C a, C b)                                                                       \
    {                                                                                                                  \
        if (b == 0) return 0;                                                                                          \
        if ((C) - 1 < 0 && b == (C)-1) return gn_neg_##T##s(a);                                                        \
        return (C)(a / b - (a % b != 0 && (a < 0) != (b < 0)));                                                        \
    }                                                                                                                  \
    GN_INLINE C gn_gcd_##T##s(C a, C b)                                                                                \
    {                                                                                                                  \
        for (C left; b != 0; a = b, b = left) left = gn_remainder_##T##s(a, b);                                        \
        return gn_abs_##T##s(a);                                                                                       \
    }                                                                                                                  \
    GN_INLINE C gn_lcm_##T##s(C a, C b)                                                                                \
    {                                                                                                                  \
        C divisor = gn_gcd_##T##s(a, b);                                                                               \
        return divisor == 0 ? 0 : gn_abs_##T##s(gn_mul_##T##s(gn_floor_divide_##T##s(a, divisor), b));                 \
    }                                                                                                                  \
    GN_INLINE C gn_bitwise_left_shift_##T##s(C a, C b)                                                                 \
    {                                                                                                                  \
        return (uint64_t)b < 8 * sizeof(C) ? (C)((uint64_t)a << b) : 0;                                                \
    }                                                                                                                  \
    GN_INLINE C gn_bitwise_right_shift_##T##s(C a, C b)                                                                \
    {                                                                                                                  \
        return (uint64_t)b < 8 * sizeof(C) ? (C)(a >> b) : (C)(a < 0 ? -1 : 0);                                        \
    }                                                                                                                  \
    GN_INTEGER_BINARY(T, C, heaviside)                                                                                 \
    GN_INTEGER_BINARY(T, C, pow)                                                                                       \
    GN_INTEGER_BINARY(T, C, fmod)                                                                                      \
    GN_INTEGER_BINARY(T, C, remainder)                                                                                 \
    GN_INTEGER_BINARY(T, C, floor_divide)                                                                              \
    GN_INTEGER_BINARY(T, C, gcd)                                                                                       \
    GN_INTEGER_BINARY(T, C, lcm)                                                                                       \
    GN_INTEGER_BINARY(T, C, bitwise_left_shift)                                                                        \
    GN_INTEGER_BINARY(T, C, bitwise_right_shift)
GN_EACH_INTEGER(GN_INTEGER)
#undef GN_INTEGER
#endif
