/* Normalising: rows with one mean and scale, and rows of columns that have theirs. */
#ifndef GN_NORM_H
#define GN_NORM_H

#include "reduce.h"

/* out = (x - mean) * scale + shift */
static inline void gn_normal_row(float *out, const float *x, long n, float mean, float scale, float shift)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(out + i, (gn_load_f32v(x + i) - mean) * scale + shift);
    for (; i < n; i++) out[i] = (x[i] - mean) * scale + shift;
}

/* out = (x - mean) * scale * weight + bias, where weight and bias are given */
static inline void gn_affine_row(float *out, const float *x, const float *weight, const float *bias, long n, float mean,
                                 float scale)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) {
        f32v y = (gn_load_f32v(x + i) - mean) * scale;
        if (weight) y *= gn_load_f32v(weight + i);
        if (bias) y += gn_load_f32v(bias + i);
        gn_store_f32v(out + i, y);
    }
    for (; i < n; i++) {
        float y = (x[i] - mean) * scale;
        if (weight) y *= weight[i];
        if (bias) y += bias[i];
        out[i] = y;
    }
}

/* out = ((x - mean) * slope + shift + g) * scale */
static inline void gn_normal_grad_row(float *out, const float *x, const float *g, long n, float mean, float slope,
                                      float shift, float scale)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES)
        gn_store_f32v(out + i,
                      ((gn_load_f32v(x + i) - mean) * slope + shift + gn_load_f32v(g + i)) * scale);
    for (; i < n; i++) out[i] = ((x[i] - mean) * slope + shift + g[i]) * scale;
}

/* the same for rows whose columns have numbers of their own; `to`, `from` and `g_stride` lead from row to row */
static inline void gn_normal_columns(float *out, const float *x, long rows, long to, long from, long columns,
                                     const float *mean, const float *scale, const float *shift)
{
    for (long r = 0; r < rows; r++, out += to, x += from) {
        long c = 0;
        for (; columns - c >= GN_LANES; c += GN_LANES)
            gn_store_f32v(out + c, (gn_load_f32v(x + c) - gn_load_f32v(mean + c)) * gn_load_f32v(scale + c) +
                                       gn_load_f32v(shift + c));
        for (; c < columns; c++) out[c] = (x[c] - mean[c]) * scale[c] + shift[c];
    }
}

static inline void gn_normal_grad_columns(float *out, const float *x, const float *g, long rows, long to, long from,
                                          long g_stride, long columns, const float *mean, const float *slope,
                                          const float *shift, const float *scale)
{
    for (long r = 0; r < rows; r++, out += to, x += from, g += g_stride) {
        long c = 0;
        for (; columns - c >= GN_LANES; c += GN_LANES)
            gn_store_f32v(out + c, ((gn_load_f32v(x + c) - gn_load_f32v(mean + c)) * gn_load_f32v(slope + c) +
                                    gn_load_f32v(shift + c) + gn_load_f32v(g + c)) *
                                       gn_load_f32v(scale + c));
        for (; c < columns; c++) out[c] = ((x[c] - mean[c]) * slope[c] + shift[c] + g[c]) * scale[c];
    }
}

/* out[c] += sum over rows of (x - mean[c]) * g, four rows at a time */
static inline void gn_columns_moments(float *out, const float *x, const float *g, long rows, long from, long g_stride,
                                      long columns, const float *mean)
{
    long r = 0;
    for (; rows - r >= 4; r += 4, x += 4 * from, g += 4 * g_stride) {
        long c = 0;
        for (; columns - c >= GN_LANES; c += GN_LANES) {
            const f32v m = gn_load_f32v(mean + c);
            f32v s = (gn_load_f32v(x + c) - m) * gn_load_f32v(g + c);
            s += (gn_load_f32v(x + from + c) - m) * gn_load_f32v(g + g_stride + c);
            f32v t = (gn_load_f32v(x + 2 * from + c) - m) * gn_load_f32v(g + 2 * g_stride + c);
            t += (gn_load_f32v(x + 3 * from + c) - m) * gn_load_f32v(g + 3 * g_stride + c);
            gn_store_f32v(out + c, gn_load_f32v(out + c) + (s + t));
        }
        for (; c < columns; c++) {
            float s = 0;
            for (long k = 0; k < 4; k++) s += (x[k * from + c] - mean[c]) * g[k * g_stride + c];
            out[c] += s;
        }
    }
    for (; r < rows; r++, x += from, g += g_stride)
        for (long c = 0; c < columns; c++) out[c] += (x[c] - mean[c]) * g[c];
}

/* Means and sums of squared deviations of columns, block of rows by block, each joined to what was found before it
   (Chan, Golub and LeVeque, 1979). `held` has room for two more rows. */
static inline void gn_columns_statistics(float *mean, float *squares, float *held, const float *x, long rows, long from,
                                         long columns, long block)
{
    float *const found = held, *const found_squares = held + columns;
    gn_fill(mean, columns, 0);
    gn_fill(squares, columns, 0);
    for (long r = 0; r < rows; r += block) {
        const long n = rows - r < block ? rows - r : block;
        gn_fill(held, 2 * columns, 0);
        gn_columns_sum(found, x + r * from, n, from, columns);
        for (long c = 0; c < columns; c++) found[c] /= (float)n;
        gn_columns_square(found_squares, x + r * from, n, from, columns, found);
        const float share = (float)n / (float)(r + n);
        for (long c = 0; c < columns; c++) {
            const float delta = found[c] - mean[c];
            mean[c] += delta * share;
            squares[c] += found_squares[c] + delta * delta * (float)r * share;
        }
    }
}

#endif
