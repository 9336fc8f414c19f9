/* Vectors of GN_LANES elements and the single elements that are their twins.

   Names end in the type and the form: gn_load_f32v loads a vector, gn_load_f32s one float, so that the same text can be
   printed for both. Vectors need the alignment of one element only and may alias anything. A comparison gives a mask:
   lanes of all ones or zeros in integers as wide as what was compared; for single elements 1 or 0. Masks are combined
   by & and | and turned round by gn_not_. Bools (b8) are bytes 0 and 1. 16-bit floats (f16, bf16) are held as f32. */
#ifndef GN_VEC_H
#define GN_VEC_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef GN_LANES
#if defined(__AVX512F__)
#define GN_LANES 16
#elif defined(__AVX__)
#define GN_LANES 8
#else
#define GN_LANES 4
#endif
#endif

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpsabi"
#else
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/* Keeps the compiler from loading a vector of floats again for each use; no more than a hint where vectors are taken apart. */
#if (defined(__AVX512F__) && GN_LANES == 16) || (defined(__AVX__) && GN_LANES == 8) || (defined(__SSE__) && GN_LANES == 4)
#define gn_in_register(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__) && GN_LANES == 4
#define gn_in_register(v) __asm__("" : "+w"(v))
#else
#define gn_in_register(v) (void)(v)
#endif

#define GN_INLINE static inline __attribute__((always_inline, unused))
#define GN_EACH_LANE(l) for (int l = 0; l < GN_LANES; l++)

/* ---- types */

#define GN_VECTOR(T, C)                                                                                                \
    typedef C T##s;                                                                                                    \
    typedef C T##v __attribute__((vector_size(sizeof(C) * GN_LANES), aligned(sizeof(C)), may_alias));

GN_VECTOR(f32, float)
GN_VECTOR(f64, double)
GN_VECTOR(i64, int64_t)
GN_VECTOR(i32, int32_t)
GN_VECTOR(i16, int16_t)
GN_VECTOR(i8, int8_t)
GN_VECTOR(u64, uint64_t)
GN_VECTOR(u32, uint32_t)
GN_VECTOR(u16, uint16_t)
GN_VECTOR(u8, uint8_t)
GN_VECTOR(b8, uint8_t)

/* X(type, C type, type of its masks, unsigned type of the same width) */
#define GN_EACH_FLOAT(X) X(f32, float, i32, u32) X(f64, double, i64, u64)
#define GN_EACH_INTEGER(X)                                                                                             \
    X(i64, int64_t, i64, u64) X(i32, int32_t, i32, u32) X(i16, int16_t, i16, u16) X(i8, int8_t, i8, u8)                \
    X(u64, uint64_t, i64, u64) X(u32, uint32_t, i32, u32) X(u16, uint16_t, i16, u16) X(u8, uint8_t, i8, u8)
#define GN_EACH_TYPE(X) GN_EACH_FLOAT(X) GN_EACH_INTEGER(X) X(b8, uint8_t, i8, u8)

/* ---- masks as bytes, and back */

#define GN_BYTES(M)                                                                                                    \
    GN_INLINE i8v gn_bytes_##M##v(M##v m) { return __builtin_convertvector(m, i8v); }                                  \
    GN_INLINE M##v gn_of_bytes_##M##v(i8v x) { return __builtin_convertvector(x, M##v); }
GN_BYTES(i64)
GN_BYTES(i16)
GN_BYTES(i8)
#if defined(__AVX2__) && GN_LANES == 8 && !defined(__clang__) /* gcc 12 would go lane by lane */
typedef int32_t gn_i32x4 __attribute__((vector_size(16)));
typedef int16_t gn_i16x8 __attribute__((vector_size(16)));
typedef char gn_i8x16 __attribute__((vector_size(16)));
GN_INLINE i8v gn_bytes_i32v(i32v m)
{
    gn_i32x4 half[2];
    __builtin_memcpy(half, &m, sizeof m);
    gn_i16x8 words = __builtin_ia32_packssdw128(half[0], half[1]);
    gn_i8x16 bytes = (gn_i8x16)__builtin_ia32_packsswb128(words, words);
    i8v x;
    __builtin_memcpy(&x, &bytes, sizeof x);
    return x;
}
GN_INLINE i32v gn_of_bytes_i32v(i8v x)
{
    int64_t eight;
    __builtin_memcpy(&eight, &x, sizeof x);
    return (i32v)__builtin_ia32_pmovsxbd256((gn_i8x16)(__attribute__((vector_size(16))) int64_t){eight, 0});
}
#else
GN_BYTES(i32)
#endif

/* ---- memory, comparing, choosing */

#define GN_BASICS(T, C, M, U)                                                                                          \
    GN_INLINE T##v gn_splat_##T##v(C x) { return x - (T##v){0}; }                                                      \
    GN_INLINE C gn_splat_##T##s(C x) { return x; }                                                                     \
    GN_INLINE T##v gn_load_##T##v(const C *p) { return *(const T##v *)p; }                                             \
    GN_INLINE C gn_load_##T##s(const C *p) { return *p; }                                                              \
    GN_INLINE void gn_store_##T##v(C *p, T##v x) { *(T##v *)p = x; }                                                   \
    GN_INLINE void gn_store_##T##s(C *p, C x) { *p = x; }                                                              \
    GN_INLINE T##v gn_select_##T##v(M##v m, T##v a, T##v b) { return (T##v)(((M##v)a & m) | ((M##v)b & ~m)); }         \
    GN_INLINE C gn_select_##T##s(int m, C a, C b) { return m ? a : b; }                                                \
    GN_INLINE M##v gn_eq_##T##v(T##v a, T##v b) { return (M##v)(a == b); }                                             \
    GN_INLINE M##v gn_ne_##T##v(T##v a, T##v b) { return (M##v)(a != b); }                                             \
    GN_INLINE M##v gn_lt_##T##v(T##v a, T##v b) { return (M##v)(a < b); }                                              \
    GN_INLINE M##v gn_le_##T##v(T##v a, T##v b) { return (M##v)(a <= b); }                                             \
    GN_INLINE M##v gn_gt_##T##v(T##v a, T##v b) { return (M##v)(a > b); }                                              \
    GN_INLINE M##v gn_ge_##T##v(T##v a, T##v b) { return (M##v)(a >= b); }                                             \
    GN_INLINE int gn_eq_##T##s(C a, C b) { return a == b; }                                                            \
    GN_INLINE int gn_ne_##T##s(C a, C b) { return a != b; }                                                            \
    GN_INLINE int gn_lt_##T##s(C a, C b) { return a < b; }                                                             \
    GN_INLINE int gn_le_##T##s(C a, C b) { return a <= b; }                                                            \
    GN_INLINE int gn_gt_##T##s(C a, C b) { return a > b; }                                                             \
    GN_INLINE int gn_ge_##T##s(C a, C b) { return a >= b; }                                                            \
    GN_INLINE M##v gn_not_##T##v(M##v m) { return ~m; }                                                                \
    GN_INLINE int gn_not_##T##s(int m) { return !m; }                                                                  \
    /* a mask of T as a bool, a bool as a mask of T */                                                                 \
    GN_INLINE b8v gn_truth_##T##v(M##v m) { return (b8v)gn_bytes_##M##v(m) & 1; }                                      \
    GN_INLINE uint8_t gn_truth_##T##s(int m) { return (uint8_t)m; }                                                    \
    GN_INLINE M##v gn_mask_##T##v(b8v x) { return gn_of_bytes_##M##v(-(i8v)x); }                                       \
    GN_INLINE int gn_mask_##T##s(uint8_t x) { return x; }                                                              \
    GN_INLINE T##v gn_load_part_slow_##T##v(const C *p, long n)                                                        \
    {                                                                                                                  \
        T##v x = {0};                                                                                                  \
        __builtin_memcpy(&x, p, (unsigned long)n * sizeof(C));                                                         \
        return x;                                                                                                      \
    }                                                                                                                  \
    GN_INLINE void gn_store_part_slow_##T##v(C *p, T##v x, long n)                                                     \
    {                                                                                                                  \
        __builtin_memcpy(p, &x, (unsigned long)n * sizeof(C));                                                         \
    }
GN_EACH_TYPE(GN_BASICS)

/* ---- past the caches: for what is too large for them. `p` has the alignment of a vector; others see it after gn_streamed() */

#if defined(__SSE__) && (GN_LANES == 4 || (defined(__AVX__) && GN_LANES == 8) || (defined(__AVX512F__) && GN_LANES == 16))
typedef float gn_whole __attribute__((vector_size(4 * GN_LANES), may_alias));
GN_INLINE void gn_stream_f32v(float *p, f32v x)
{
#ifdef __clang__
    __builtin_nontemporal_store((gn_whole)x, (gn_whole *)p);
#elif GN_LANES == 4
    __builtin_ia32_movntps(p, (gn_whole)x);
#elif GN_LANES == 8
    __builtin_ia32_movntps256(p, (gn_whole)x);
#else
    __builtin_ia32_movntps512(p, (gn_whole)x);
#endif
}
GN_INLINE void gn_streamed(void) { __builtin_ia32_sfence(); }
#else
GN_INLINE void gn_stream_f32v(float *p, f32v x) { gn_store_f32v(p, x); }
GN_INLINE void gn_streamed(void) {}
#endif

/* ---- the first n lanes: what is not loaded is 0 */

#define GN_PART(T, C, M, U)                                                                                            \
    GN_INLINE T##v gn_load_part_##T##v(const C *p, long n) { return gn_load_part_slow_##T##v(p, n); }                  \
    GN_INLINE void gn_store_part_##T##v(C *p, T##v x, long n) { gn_store_part_slow_##T##v(p, x, n); }
GN_EACH_INTEGER(GN_PART)
GN_PART(b8, uint8_t, i8, u8)
GN_PART(f64, double, i64, u64)

#if defined(__AVX2__) && GN_LANES == 8
typedef float gn_ps256 __attribute__((vector_size(32)));
typedef int32_t gn_si256 __attribute__((vector_size(32)));
typedef double gn_pair __attribute__((aligned(4), may_alias));
typedef double gn_pairs __attribute__((vector_size(32)));
GN_INLINE gn_si256 gn_first_lanes(long n) { return (int32_t)n > (gn_si256){0, 1, 2, 3, 4, 5, 6, 7}; }
GN_INLINE f32v gn_load_part_f32v(const float *p, long n)
{
    return (f32v)__builtin_ia32_maskloadps256((const gn_ps256 *)p, gn_first_lanes(n));
}
GN_INLINE void gn_store_part_f32v(float *p, f32v x, long n)
{
    if (__builtin_constant_p(n)) { /* some processors are slow at masks */
        const gn_pairs two = (gn_pairs)x;
        if (n > 1) *(gn_pair *)p = two[0];
        if (n > 3) *(gn_pair *)(p + 2) = two[1];
        if (n > 5) *(gn_pair *)(p + 4) = two[2];
        if (n > 7) *(gn_pair *)(p + 6) = two[3];
        if (n % 2) p[n - 1] = x[n - 1];
        return;
    }
    __builtin_ia32_maskstoreps256((gn_ps256 *)p, gn_first_lanes(n), (gn_ps256)x);
}
#elif defined(__AVX512F__) && GN_LANES == 16 && !defined(__clang__)
typedef float gn_ps512 __attribute__((vector_size(64)));
GN_INLINE f32v gn_load_part_f32v(const float *p, long n)
{
    return (f32v)__builtin_ia32_loadups512_mask(p, (gn_ps512){0}, (uint16_t)((1u << n) - 1));
}
GN_INLINE void gn_store_part_f32v(float *p, f32v x, long n)
{
    __builtin_ia32_storeups512_mask(p, (gn_ps512)x, (uint16_t)((1u << n) - 1));
}
#else
GN_PART(f32, float, i32, u32)
#endif

/* ---- arithmetic: integers wrap around, minimum and maximum give NaN for NaN and the second of equals */

#define GN_FLOAT_ARITHMETIC(T, C, M, U)                                                                                \
    GN_INLINE T##v gn_add_##T##v(T##v a, T##v b) { return a + b; }                                                     \
    GN_INLINE C gn_add_##T##s(C a, C b) { return a + b; }                                                              \
    GN_INLINE T##v gn_sub_##T##v(T##v a, T##v b) { return a - b; }                                                     \
    GN_INLINE C gn_sub_##T##s(C a, C b) { return a - b; }                                                              \
    GN_INLINE T##v gn_mul_##T##v(T##v a, T##v b) { return a * b; }                                                     \
    GN_INLINE C gn_mul_##T##s(C a, C b) { return a * b; }                                                              \
    GN_INLINE T##v gn_div_##T##v(T##v a, T##v b) { return a / b; }                                                     \
    GN_INLINE C gn_div_##T##s(C a, C b) { return a / b; }                                                              \
    GN_INLINE T##v gn_neg_##T##v(T##v a) { return -a; }                                                                \
    GN_INLINE C gn_neg_##T##s(C a) { return -a; }                                                                      \
    GN_INLINE M##v gn_bits_##T##v(T##v x) { return (M##v)x; }                                                          \
    GN_INLINE T##v gn_of_bits_##T##v(M##v x) { return (T##v)x; }                                                       \
    GN_INLINE M##s gn_bits_##T##s(C x)                                                                                 \
    {                                                                                                                  \
        M##s bits;                                                                                                     \
        __builtin_memcpy(&bits, &x, sizeof x);                                                                         \
        return bits;                                                                                                   \
    }                                                                                                                  \
    GN_INLINE C gn_of_bits_##T##s(M##s bits)                                                                           \
    {                                                                                                                  \
        C x;                                                                                                           \
        __builtin_memcpy(&x, &bits, sizeof x);                                                                         \
        return x;                                                                                                      \
    }                                                                                                                  \
    /* which of two numbers is beyond the other, the second one where either is NaN */                                 \
    GN_INLINE C gn_above_##T##s(C a, C b) { return a > b ? a : b; }                                                    \
    GN_INLINE C gn_below_##T##s(C a, C b) { return a < b ? a : b; }
GN_EACH_FLOAT(GN_FLOAT_ARITHMETIC)

#define GN_BEYOND(T, C, M, U)                                                                                          \
    GN_INLINE T##v gn_above_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a > b), a, b); }                   \
    GN_INLINE T##v gn_below_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a < b), a, b); }
GN_BEYOND(f64, double, i64, u64)
#if defined(__AVX2__) && GN_LANES == 8
GN_INLINE f32v gn_above_f32v(f32v a, f32v b) { return (f32v)__builtin_ia32_maxps256((gn_ps256)a, (gn_ps256)b); }
GN_INLINE f32v gn_below_f32v(f32v a, f32v b) { return (f32v)__builtin_ia32_minps256((gn_ps256)a, (gn_ps256)b); }
#elif defined(__AVX512F__) && GN_LANES == 16 && !defined(__clang__)
GN_INLINE f32v gn_above_f32v(f32v a, f32v b)
{
    return (f32v)__builtin_ia32_maxps512_mask((gn_ps512)a, (gn_ps512)b, (gn_ps512){0}, (uint16_t)-1, 4);
}
GN_INLINE f32v gn_below_f32v(f32v a, f32v b)
{
    return (f32v)__builtin_ia32_minps512_mask((gn_ps512)a, (gn_ps512)b, (gn_ps512){0}, (uint16_t)-1, 4);
}
#else
GN_BEYOND(f32, float, i32, u32)
#endif

#define GN_EXTREMES(T, C, M, U)                                                                                        \
    GN_INLINE T##v gn_max_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a != a), a, gn_above_##T##v(a, b)); }        \
    GN_INLINE C gn_max_##T##s(C a, C b) { return a != a ? a : gn_above_##T##s(a, b); }                                 \
    GN_INLINE T##v gn_min_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a != a), a, gn_below_##T##v(a, b)); }        \
    GN_INLINE C gn_min_##T##s(C a, C b) { return a != a ? a : gn_below_##T##s(a, b); }
GN_EACH_FLOAT(GN_EXTREMES)

#define GN_INTEGER_ARITHMETIC(T, C, M, U)                                                                              \
    GN_INLINE T##v gn_add_##T##v(T##v a, T##v b) { return (T##v)((U##v)a + (U##v)b); }                                 \
    GN_INLINE C gn_add_##T##s(C a, C b) { return (C)((uint64_t)a + (uint64_t)b); }                                     \
    GN_INLINE T##v gn_sub_##T##v(T##v a, T##v b) { return (T##v)((U##v)a - (U##v)b); }                                 \
    GN_INLINE C gn_sub_##T##s(C a, C b) { return (C)((uint64_t)a - (uint64_t)b); }                                     \
    GN_INLINE T##v gn_mul_##T##v(T##v a, T##v b) { return (T##v)((U##v)a * (U##v)b); }                                 \
    GN_INLINE C gn_mul_##T##s(C a, C b) { return (C)((uint64_t)a * (uint64_t)b); }                                     \
    GN_INLINE T##v gn_neg_##T##v(T##v a) { return (T##v)(-(U##v)a); }                                                  \
    GN_INLINE C gn_neg_##T##s(C a) { return (C)(0 - (uint64_t)a); }                                                    \
    GN_INLINE T##v gn_max_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a > b), a, b); }                     \
    GN_INLINE C gn_max_##T##s(C a, C b) { return a > b ? a : b; }                                                      \
    GN_INLINE T##v gn_min_##T##v(T##v a, T##v b) { return gn_select_##T##v((M##v)(a < b), a, b); }                     \
    GN_INLINE C gn_min_##T##s(C a, C b) { return a < b ? a : b; }
GN_EACH_INTEGER(GN_INTEGER_ARITHMETIC)

GN_INLINE int gn_any_f32s(int m) { return m; }
#if defined(__AVX2__) && GN_LANES == 8
GN_INLINE int gn_any_f32v(i32v m) { return __builtin_ia32_movmskps256((gn_ps256)m) != 0; }
#else
GN_INLINE int gn_any_f32v(i32v m)
{
    int64_t words[GN_LANES / 2], any = 0;
    __builtin_memcpy(words, &m, sizeof m);
    for (int l = 0; l < GN_LANES / 2; l++) any |= words[l];
    return any != 0;
}
#endif

/* ---- over the lanes of one vector: a tree, halves first, the same order everywhere */

#define GN_TREE(NAME, T, C, OP)                                                                                        \
    GN_INLINE C gn_##NAME##_##T##v(T##v x)                                                                             \
    {                                                                                                                  \
        C a[GN_LANES];                                                                                                 \
        __builtin_memcpy(a, &x, sizeof x);                                                                             \
        for (int half = GN_LANES / 2; half > 0; half /= 2)                                                             \
            for (int l = 0; l < half; l++) a[l] = OP(a[l], a[l + half]);                                               \
        return a[0];                                                                                                   \
    }
#define GN_TREES(T, C, M, U)                                                                                           \
    GN_TREE(sum, T, C, gn_add_##T##s)                                                                                  \
    GN_TREE(max_lanes, T, C, gn_max_##T##s)                                                                            \
    GN_TREE(min_lanes, T, C, gn_min_##T##s)
GN_TREES(f64, double, i64, u64)
GN_EACH_INTEGER(GN_TREES)

typedef float gn_half __attribute__((vector_size(GN_LANES * 2), aligned(4), may_alias));
typedef float gn_four __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t gn_four_mask __attribute__((vector_size(16), aligned(4), may_alias));

#define GN_FOLD(NAME, V, S)                                                                                            \
    GN_INLINE gn_four NAME(f32v x)                                                                                     \
    {                                                                                                                  \
        gn_four part[GN_LANES / 4];                                                                                    \
        __builtin_memcpy(part, &x, sizeof x);                                                                          \
        for (int half = GN_LANES / 8; half > 0; half /= 2)                                                             \
            for (int l = 0; l < half; l++) part[l] = V(part[l], part[l + half]);                                       \
        return part[0];                                                                                                \
    }                                                                                                                  \
    GN_INLINE float S(gn_four x)
#define GN_ADD_FOURS(a, b) ((a) + (b))
GN_INLINE gn_four gn_max_fours(gn_four a, gn_four b)
{
    gn_four_mask m = (gn_four_mask)(a > b) | (gn_four_mask)(a != a);
    return (gn_four)(((gn_four_mask)a & m) | ((gn_four_mask)b & ~m));
}
GN_INLINE gn_four gn_min_fours(gn_four a, gn_four b)
{
    gn_four_mask m = (gn_four_mask)(a < b) | (gn_four_mask)(a != a);
    return (gn_four)(((gn_four_mask)a & m) | ((gn_four_mask)b & ~m));
}
GN_FOLD(gn_fold_sum, GN_ADD_FOURS, gn_sum_four) { return (x[0] + x[2]) + (x[1] + x[3]); }
GN_FOLD(gn_fold_max, gn_max_fours, gn_max_four)
{
    return gn_max_f32s(gn_max_f32s(x[0], x[2]), gn_max_f32s(x[1], x[3]));
}
GN_FOLD(gn_fold_min, gn_min_fours, gn_min_four)
{
    return gn_min_f32s(gn_min_f32s(x[0], x[2]), gn_min_f32s(x[1], x[3]));
}
GN_INLINE float gn_sum_f32v(f32v x) { return gn_sum_four(gn_fold_sum(x)); }
GN_INLINE float gn_max_lanes_f32v(f32v x) { return gn_max_four(gn_fold_max(x)); }
GN_INLINE float gn_min_lanes_f32v(f32v x) { return gn_min_four(gn_fold_min(x)); }

/* ---- converting, as NumPy does on x86: towards zero; out of range wraps around or is the smallest number */

#define GN_CONVERT(A, B, CB)                                                                                           \
    GN_INLINE B##v gn_convert_##A##v_##B##v(A##v x) { return __builtin_convertvector(x, B##v); }                       \
    GN_INLINE CB gn_convert_##A##s_##B##s(A##s x) { return (CB)x; }
#define GN_CONVERT_BY(A, VIA, CVIA, B, CB)                                                                             \
    GN_INLINE B##v gn_convert_##A##v_##B##v(A##v x)                                                                    \
    {                                                                                                                  \
        return __builtin_convertvector(__builtin_convertvector(x, VIA##v), B##v);                                      \
    }                                                                                                                  \
    GN_INLINE CB gn_convert_##A##s_##B##s(A##s x) { return (CB)(CVIA)x; }
#define GN_CONVERT_TO_ALL_BUT_SMALL(A)                                                                                 \
    GN_CONVERT(A, f32, float)                                                                                          \
    GN_CONVERT(A, f64, double)                                                                                         \
    GN_CONVERT(A, i64, int64_t)                                                                                        \
    GN_CONVERT(A, i32, int32_t)                                                                                        \
    GN_CONVERT(A, u64, uint64_t)
#define GN_CONVERT_INTEGER(A, C, M, U)                                                                                 \
    GN_CONVERT_TO_ALL_BUT_SMALL(A)                                                                                     \
    GN_CONVERT(A, i16, int16_t)                                                                                        \
    GN_CONVERT(A, i8, int8_t)                                                                                          \
    GN_CONVERT(A, u32, uint32_t)                                                                                       \
    GN_CONVERT(A, u16, uint16_t)                                                                                       \
    GN_CONVERT(A, u8, uint8_t)
#define GN_CONVERT_FLOAT(A, C, M, U)                                                                                   \
    GN_CONVERT_TO_ALL_BUT_SMALL(A)                                                                                     \
    GN_CONVERT_BY(A, i32, int32_t, i16, int16_t)                                                                       \
    GN_CONVERT_BY(A, i32, int32_t, i8, int8_t)                                                                         \
    GN_CONVERT_BY(A, i64, int64_t, u32, uint32_t)                                                                      \
    GN_CONVERT_BY(A, i32, int32_t, u16, uint16_t)                                                                      \
    GN_CONVERT_BY(A, i32, int32_t, u8, uint8_t)
#define GN_CONVERT_BOOL(A, C, M, U)                                                                                    \
    GN_INLINE b8v gn_convert_##A##v_b8v(A##v x) { return gn_truth_##A##v((M##v)(x != 0)); }                            \
    GN_INLINE uint8_t gn_convert_##A##s_b8s(C x) { return x != 0; }
GN_EACH_FLOAT(GN_CONVERT_FLOAT)
GN_EACH_INTEGER(GN_CONVERT_INTEGER)
GN_CONVERT_INTEGER(b8, uint8_t, i8, u8)
GN_EACH_FLOAT(GN_CONVERT_BOOL)
GN_EACH_INTEGER(GN_CONVERT_BOOL)

/* ---- 16-bit floats: to the nearest, the even one of two */

#define GN_NARROW(V, F, I, U, H, TO_H, TO_I)                                                                           \
    GN_INLINE F gn_widen_f16##V(H h)                                                                                   \
    {                                                                                                                  \
        I half = TO_I(h), size = (half & 0x7fff) << 13, sign = (half & 0x8000) << 16;                                  \
        I number = gn_bits_f32##V(gn_of_bits_f32##V(size) * 0x1p112f);                                                 \
        I found = gn_select_i32##V(gn_ge_i32##V(size, (I){0} + 0x0f800000), size | 0x7f800000, number);                \
        return gn_of_bits_f32##V(found | sign);                                                                        \
    }                                                                                                                  \
    GN_INLINE H gn_narrow_f16##V(F x)                                                                                  \
    {                                                                                                                  \
        I bits = gn_bits_f32##V(x), size = bits & 0x7fffffff, sign = ((bits ^ size) >> 16) & 0x8000;                   \
        I normal = (size - 0x37fff001 + ((size >> 13) & 1)) >> 13;                                                     \
        I tiny = gn_bits_f32##V(gn_of_bits_f32##V(size) + 0.5f) - 0x3f000000;                                          \
        I odd = ((size >> 13) & 0x3ff) | 0x7c00;                                                                       \
        odd = gn_select_i32##V(gn_eq_i32##V(odd, (I){0} + 0x7c00), odd + 1, odd);                                      \
        I large = gn_select_i32##V(gn_gt_i32##V(size, (I){0} + 0x7f800000), odd, (I){0} + 0x7c00);                     \
        I found = gn_select_i32##V(gn_lt_i32##V(size, (I){0} + 0x38800000), tiny, normal);                             \
        found = gn_select_i32##V(gn_ge_i32##V(size, (I){0} + 0x47800000), large, found);                               \
        return TO_H(found | sign);                                                                                     \
    }                                                                                                                  \
    GN_INLINE F gn_widen_bf16##V(H h) { return gn_of_bits_f32##V((I)((U)TO_I(h) << 16)); }                             \
    GN_INLINE H gn_narrow_bf16##V(F x)                                                                                 \
    {                                                                                                                  \
        U bits = (U)gn_bits_f32##V(x), nan = ((bits >> 16) & 0x8000) | 0x7fc0;                                         \
        U found = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;                                                          \
        return TO_H(gn_select_i32##V(gn_ne_f32##V(x, x), (I)nan, (I)found));                                           \
    }                                                                                                                  \
    GN_INLINE F gn_round_f16##V(F x) { return gn_widen_f16##V(gn_narrow_f16##V(x)); }                                  \
    GN_INLINE F gn_round_bf16##V(F x) { return gn_widen_bf16##V(gn_narrow_bf16##V(x)); }                               \
    GN_INLINE F gn_load_f16##V(const uint16_t *p) { return gn_widen_f16##V(gn_load_u16##V(p)); }                       \
    GN_INLINE F gn_load_bf16##V(const uint16_t *p) { return gn_widen_bf16##V(gn_load_u16##V(p)); }                     \
    GN_INLINE void gn_store_f16##V(uint16_t *p, F x) { gn_store_u16##V(p, gn_narrow_f16##V(x)); }                      \
    GN_INLINE void gn_store_bf16##V(uint16_t *p, F x) { gn_store_u16##V(p, gn_narrow_bf16##V(x)); }
#define GN_SCALAR_HALF(x) ((uint16_t)(x))
#define GN_SCALAR_INT(x) ((int32_t)(x))
#define GN_VECTOR_HALF(x) __builtin_convertvector(x, u16v)
#define GN_VECTOR_INT(x) __builtin_convertvector(x, i32v)
GN_NARROW(s, float, i32s, u32s, uint16_t, GN_SCALAR_HALF, GN_SCALAR_INT)
GN_NARROW(v, f32v, i32v, u32v, u16v, GN_VECTOR_HALF, GN_VECTOR_INT)
#endif
