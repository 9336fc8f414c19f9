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

/* out = (x - mean) * scale * weight + bias, where weight and bias are given; `past` the caches if that is 1 */
GN_INLINE void gn_affine_row(float *out, const float *x, const float *weight, const float *bias, long n, float mean,
                             float scale, int past)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) {
        f32v y = (gn_load_f32v(x + i) - mean) * scale;
        if (weight) y *= gn_load_f32v(weight + i);
        if (bias) y += gn_load_f32v(bias + i);
        if (past) gn_stream_f32v(out + i, y);
        else gn_store_f32v(out + i, y);
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

/* out = (x - mean) * a + g * b + c */
static inline void gn_blend_row(float *out, const float *x, const float *g, long n, float mean, float a, float b, float c)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES)
        gn_store_f32v(out + i, (gn_load_f32v(x + i) - mean) * a + gn_load_f32v(g + i) * b + c);
    for (; i < n; i++) out[i] = (x[i] - mean) * a + g[i] * b + c;
}

/* g * weight, or g where there is no weight */
static inline f32v gn_weighed(const float *g, const float *weight, long i)
{
    const f32v x = gn_load_f32v(g + i);
    if (weight) return x * gn_load_f32v(weight + i);
    return x;
}

/* adds the sums of g * weight and of g * weight * (x - mean) to `total` and `products` */
static inline void gn_row_grad_sums(const float *x, const float *g, const float *weight, long n, float mean,
                                    double *total, double *products)
{
    f32v s = gn_splat_f32v(0), t = s, u = s, v = s;
    long i = 0;
    for (; n - i >= 2 * GN_LANES; i += 2 * GN_LANES) {
        const f32v h = gn_weighed(g, weight, i);
        s += h, t += h * (gn_load_f32v(x + i) - mean);
        const long j = i + GN_LANES;
        const f32v k = gn_weighed(g, weight, j);
        u += k, v += k * (gn_load_f32v(x + j) - mean);
    }
    for (; n - i >= GN_LANES; i += GN_LANES) {
        const f32v h = gn_weighed(g, weight, i);
        s += h, t += h * (gn_load_f32v(x + i) - mean);
    }
    *total += gn_sum_f32v(s + u), *products += gn_sum_f32v(t + v);
    for (; i < n; i++) {
        const float h = weight ? g[i] * weight[i] : g[i];
        *total += h, *products += h * (x[i] - mean);
    }
}

/* what there is of: out = (x - mean) * slope + g * weight * scale + shift, weights += (x - mean) * scale * g,
   biases += g */
static inline void gn_row_grad(float *out, float *weights, float *biases, const float *x, const float *g,
                               const float *weight, long n, float mean, float scale, float slope, float shift)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) {
        const f32v d = gn_load_f32v(x + i) - mean, h = gn_load_f32v(g + i);
        if (weights) gn_store_f32v(weights + i, gn_load_f32v(weights + i) + d * h * scale);
        if (biases) gn_store_f32v(biases + i, gn_load_f32v(biases + i) + h);
        if (out) gn_store_f32v(out + i, d * slope + gn_weighed(g, weight, i) * scale + shift);
    }
    for (; i < n; i++) {
        const float d = x[i] - mean, h = g[i];
        if (weights) weights[i] += d * h * scale;
        if (biases) biases[i] += h;
        if (out) out[i] = d * slope + (weight ? h * weight[i] : h) * scale + shift;
    }
}

/* the same as gn_normal_row and its gradient for rows whose columns have numbers of their own; `to`, `from` and `g_stride` lead from row to row */
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

/* out = (x - mean) * a + g * b + c, by columns */
static inline void gn_blend_columns(float *out, const float *x, const float *g, long rows, long to, long from,
                                    long g_stride, long columns, const float *mean, const float *a, const float *b,
                                    const float *c)
{
    for (long r = 0; r < rows; r++, out += to, x += from, g += g_stride) {
        long i = 0;
        for (; columns - i >= GN_LANES; i += GN_LANES)
            gn_store_f32v(out + i, (gn_load_f32v(x + i) - gn_load_f32v(mean + i)) * gn_load_f32v(a + i) +
                                       gn_load_f32v(g + i) * gn_load_f32v(b + i) + gn_load_f32v(c + i));
        for (; i < columns; i++) out[i] = (x[i] - mean[i]) * a[i] + g[i] * b[i] + c[i];
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
