/* Sums and extremes of floats: along rows (side by side in memory) and down columns (rows under each other).

   A row is summed by four vectors, in blocks that are added up in double. Columns are added eight rows at a time, pair
   by pair. The order depends on sizes and the vector length alone. */
#ifndef GN_REDUCE_H
#define GN_REDUCE_H

#include "vec.h"
#include "vmath.h"


#define GN_BLOCK (64 * GN_LANES)

/* double NAME PARAMETERS: the sum over i in [0, n) of SCALAR; VECTOR is the same for elements i to i + GN_LANES - 1 */
#define GN_ROW_SUM(NAME, PARAMETERS, VECTOR, SCALAR)                          \
    static inline double NAME PARAMETERS                                      \
    {                                                                         \
        double total = 0;                                                     \
        long i = 0;                                                           \
        while (n - i >= 4 * GN_LANES) {                                       \
            const long stop = n - i < GN_BLOCK ? n : i + GN_BLOCK;            \
            f32v a = gn_splat_f32v(0), b = a, c = a, d = a;                   \
            while (stop - i >= 4 * GN_LANES) {                                \
                a += VECTOR, i += GN_LANES;                                   \
                b += VECTOR, i += GN_LANES;                                   \
                c += VECTOR, i += GN_LANES;                                   \
                d += VECTOR, i += GN_LANES;                                   \
            }                                                                 \
            total += gn_sum_f32v((a + b) + (c + d));                          \
        }                                                                     \
        if (n - i >= GN_LANES) {                                              \
            f32v a = gn_splat_f32v(0);                                        \
            for (; n - i >= GN_LANES; i += GN_LANES) a += VECTOR;             \
            total += gn_sum_f32v(a);                                          \
        }                                                                     \
        for (; i < n; i++) total += SCALAR;                                   \
        return total;                                                         \
    }


GN_ROW_SUM(gn_row_sum, (const float *x, long n), gn_load_f32v(x + i), x[i])
GN_ROW_SUM(gn_row_square, (const float *x, long n, float mean), gn_square_f32v(gn_load_f32v(x + i) - mean),
           gn_square_f32s(x[i] - mean))
GN_ROW_SUM(gn_row_dot, (const float *x, const float *y, long n), gn_load_f32v(x + i) * gn_load_f32v(y + i),
           x[i] * y[i])
GN_ROW_SUM(gn_row_moment, (const float *x, const float *y, long n, float mean),
           (gn_load_f32v(x + i) - mean) * gn_load_f32v(y + i), (x[i] - mean) * y[i])

/* void NAME PARAMETERS: adds to out[c] the sum over rows r of SCALAR, which reads element j = r * stride + c */
#define GN_COLUMNS_SUM(NAME, PARAMETERS, VECTOR, SCALAR)                                                         \
    static inline void NAME PARAMETERS                                                                           \
    {                                                                                                            \
        long r = 0;                                                                                              \
        for (; rows - r >= 8; r += 8) {                                                                          \
            long c = 0;                                                                                          \
            for (; columns - c >= GN_LANES; c += GN_LANES) {                                                     \
                long j = r * stride + c;                                                                         \
                f32v s = VECTOR, t, u;                                                                           \
                j += stride, s += VECTOR;                                                                        \
                j += stride, t = VECTOR, j += stride, t += VECTOR, s += t;                                       \
                j += stride, t = VECTOR, j += stride, t += VECTOR;                                               \
                j += stride, u = VECTOR, j += stride, u += VECTOR, t += u;                                       \
                gn_store_f32v(out + c, gn_load_f32v(out + c) + (s + t));                                         \
            }                                                                                                    \
            for (; c < columns; c++) {                                                                           \
                double s = 0;                                                                                    \
                for (long k = 0, j = r * stride + c; k < 8; k++, j += stride) s += SCALAR;                       \
                out[c] += (float)s;                                                                              \
            }                                                                                                    \
        }                                                                                                        \
        for (; r < rows; r++) {                                                                                  \
            long c = 0, j = r * stride;                                                                          \
            for (; columns - c >= GN_LANES; c += GN_LANES, j += GN_LANES)                                        \
                gn_store_f32v(out + c, gn_load_f32v(out + c) + VECTOR);                                          \
            for (; c < columns; c++, j++) out[c] += SCALAR;                                                      \
        }                                                                                                        \
    }

GN_COLUMNS_SUM(gn_columns_sum, (float *out, const float *x, long rows, long stride, long columns),
               gn_load_f32v(x + j), x[j])
GN_COLUMNS_SUM(gn_columns_square,
               (float *out, const float *x, long rows, long stride, long columns, const float *mean),
               gn_square_f32v(gn_load_f32v(x + j) - gn_load_f32v(mean + c)), gn_square_f32s(x[j] - mean[c]))

/* the greatest (or least) of a row and of columns; a NaN wins */
#define GN_EXTREME(NAME, WORST)                                                                          \
    static inline float gn_row_##NAME(const float *x, long n)                                            \
    {                                                                                                    \
        float best = WORST;                                                                              \
        long i = 0;                                                                                      \
        if (n >= GN_LANES) {                                                                             \
            f32v a = gn_load_f32v(x), b = a;                                                             \
            for (i = GN_LANES; n - i >= 2 * GN_LANES; i += 2 * GN_LANES) {                               \
                a = gn_##NAME##_f32v(a, gn_load_f32v(x + i));                                            \
                b = gn_##NAME##_f32v(b, gn_load_f32v(x + i + GN_LANES));                                 \
            }                                                                                            \
            float held[GN_LANES];                                                                        \
            gn_store_f32v(held, gn_##NAME##_f32v(a, b));                                                 \
            for (int k = 0; k < GN_LANES; k++) best = gn_##NAME##_f32s(best, held[k]);                   \
        }                                                                                                \
        for (; i < n; i++) best = gn_##NAME##_f32s(best, x[i]);                                          \
        return best;                                                                                     \
    }                                                                                                    \
    static inline void gn_columns_##NAME(float *out, const float *x, long rows, long stride, long columns) \
    {                                                                                                    \
        for (long r = 0; r < rows; r++, x += stride) {                                                   \
            long c = 0;                                                                                  \
            for (; columns - c >= GN_LANES; c += GN_LANES)                                               \
                gn_store_f32v(out + c, gn_##NAME##_f32v(gn_load_f32v(out + c), gn_load_f32v(x + c)));    \
            for (; c < columns; c++) out[c] = gn_##NAME##_f32s(out[c], x[c]);                            \
        }                                                                                                \
    }

GN_EXTREME(max, -INFINITY)
GN_EXTREME(min, INFINITY)

static inline void gn_row_add(float *x, long n, float value)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(x + i, gn_load_f32v(x + i) + value);
    for (; i < n; i++) x[i] += value;
}

static inline void gn_row_join(float *x, const float *y, long n)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(x + i, gn_load_f32v(x + i) + gn_load_f32v(y + i));
    for (; i < n; i++) x[i] += y[i];
}

static inline void gn_row_add_scaled(float *x, const float *y, long n, float factor)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(x + i, gn_load_f32v(x + i) + gn_load_f32v(y + i) * factor);
    for (; i < n; i++) x[i] += y[i] * factor;
}

static inline void gn_fill(float *x, long n, float value)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(x + i, gn_splat_f32v(value));
    for (; i < n; i++) x[i] = value;
}

#endif
