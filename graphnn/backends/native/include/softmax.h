/* Softmax and its logarithm over a line of n floats, and their gradients: along a row, or for a vector of columns at once.

   Columns come by `stride`; the last of them may be fewer than a vector (`lanes`). */
#ifndef GN_SOFTMAX_H
#define GN_SOFTMAX_H

#include "reduce.h"

static const int32_t gn_lane_number[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* exp(x - greatest) of the first n lanes, 0 in the others */
static inline f32v gn_exp_part_f32v(const float *x, float greatest, long n)
{
    const f32v e = gn_exp_falling_f32v(gn_load_part_f32v(x, n) - greatest);
    return gn_select_f32v(*(const i32v *)gn_lane_number < (int32_t)n, e, gn_splat_f32v(0));
}

/* out = exp(x - greatest), where `out` is given; the sum */
static inline float gn_row_exp(float *out, const float *x, long n, float greatest)
{
    f32v sum = gn_splat_f32v(0);
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) {
        const f32v e = gn_exp_falling_f32v(gn_load_f32v(x + i) - greatest);
        if (out) gn_store_f32v(out + i, e);
        sum += e;
    }
    if (i < n) {
        const f32v e = gn_exp_part_f32v(x + i, greatest, n - i);
        if (out) gn_store_part_f32v(out + i, e, n - i);
        sum += e;
    }
    return gn_sum_f32v(sum);
}

static inline void gn_row_scale(float *out, const float *x, long n, float factor, float shift)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(out + i, gn_load_f32v(x + i) * factor + shift);
    for (; i < n; i++) out[i] = x[i] * factor + shift;
}

static inline void gn_softmax_row(float *out, const float *x, long n)
{
    gn_row_scale(out, out, n, 1 / gn_row_exp(out, x, n, gn_row_max(x, n)), 0);
}

static inline void gn_log_softmax_row(float *out, const float *x, long n)
{
    const float greatest = gn_row_max(x, n), shift = gn_log_f32s(gn_row_exp(0, x, n, greatest));
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(out + i, gn_load_f32v(x + i) - greatest - shift);
    for (; i < n; i++) out[i] = x[i] - greatest - shift;
}

static inline void gn_softmax_grad_row(float *out, const float *g, const float *y, long n)
{
    const float sum = (float)gn_row_dot(g, y, n);
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES)
        gn_store_f32v(out + i, (gn_load_f32v(g + i) - sum) * gn_load_f32v(y + i));
    for (; i < n; i++) out[i] = (g[i] - sum) * y[i];
}

static inline void gn_log_softmax_grad_row(float *out, const float *g, const float *y, long n)
{
    const float sum = (float)gn_row_sum(g, n);
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES)
        gn_store_f32v(out + i, gn_load_f32v(g + i) - gn_exp_f32v(gn_load_f32v(y + i)) * sum);
    for (; i < n; i++) out[i] = g[i] - gn_exp_f32s(y[i]) * sum;
}

/* out = exp(x) * factor */
static inline void gn_exp_scaled(float *out, const float *x, long n, float factor)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES) gn_store_f32v(out + i, gn_exp_f32v(gn_load_f32v(x + i)) * factor);
    for (; i < n; i++) out[i] = gn_exp_f32s(x[i]) * factor;
}

/* out = exp(x) * y */
static inline void gn_exp_product(float *out, const float *x, const float *y, long n)
{
    long i = 0;
    for (; n - i >= GN_LANES; i += GN_LANES)
        gn_store_f32v(out + i, gn_exp_f32v(gn_load_f32v(x + i)) * gn_load_f32v(y + i));
    for (; i < n; i++) out[i] = gn_exp_f32s(x[i]) * y[i];
}

static inline f32v gn_lanes_at(const float *x, long lanes)
{
    return lanes == GN_LANES ? gn_load_f32v(x) : gn_load_part_f32v(x, lanes);
}

static inline void gn_put_lanes(float *x, f32v value, long lanes)
{
    if (lanes == GN_LANES) gn_store_f32v(x, value);
    else gn_store_part_f32v(x, value, lanes);
}

static inline f32v gn_columns_greatest(const float *x, long n, long stride, long lanes)
{
    f32v greatest = gn_lanes_at(x, lanes);
    for (long i = 1; i < n; i++) greatest = gn_max_f32v(greatest, gn_lanes_at(x + i * stride, lanes));
    return greatest;
}

static inline void gn_softmax_lanes(float *out, const float *x, long n, long to, long stride, long lanes)
{
    const f32v greatest = gn_columns_greatest(x, n, stride, lanes);
    f32v sum = gn_splat_f32v(0);
    for (long i = 0; i < n; i++) {
        const f32v e = gn_exp_falling_f32v(gn_lanes_at(x + i * stride, lanes) - greatest);
        gn_put_lanes(out + i * to, e, lanes);
        sum += e;
    }
    for (long i = 0; i < n; i++) gn_put_lanes(out + i * to, gn_lanes_at(out + i * to, lanes) / sum, lanes);
}

static inline void gn_log_softmax_lanes(float *out, const float *x, long n, long to, long stride, long lanes)
{
    const f32v greatest = gn_columns_greatest(x, n, stride, lanes);
    f32v sum = gn_splat_f32v(0);
    for (long i = 0; i < n; i++) sum += gn_exp_falling_f32v(gn_lanes_at(x + i * stride, lanes) - greatest);
    sum = gn_log_f32v(sum);
    for (long i = 0; i < n; i++) gn_put_lanes(out + i * to, gn_lanes_at(x + i * stride, lanes) - greatest - sum, lanes);
}

static inline void gn_softmax_grad_lanes(float *out, const float *g, const float *y, long n, long to, long g_stride,
                                         long y_stride, long lanes)
{
    f32v sum = gn_splat_f32v(0);
    for (long i = 0; i < n; i++) sum += gn_lanes_at(g + i * g_stride, lanes) * gn_lanes_at(y + i * y_stride, lanes);
    for (long i = 0; i < n; i++)
        gn_put_lanes(out + i * to,
                     (gn_lanes_at(g + i * g_stride, lanes) - sum) * gn_lanes_at(y + i * y_stride, lanes), lanes);
}

static inline void gn_log_softmax_grad_lanes(float *out, const float *g, const float *y, long n, long to,
                                             long g_stride, long y_stride, long lanes)
{
    f32v sum = gn_splat_f32v(0);
    for (long i = 0; i < n; i++) sum += gn_lanes_at(g + i * g_stride, lanes);
    for (long i = 0; i < n; i++)
        gn_put_lanes(out + i * to,
                     gn_lanes_at(g + i * g_stride, lanes) - gn_exp_f32v(gn_lanes_at(y + i * y_stride, lanes)) * sum,
                     lanes);
}

#endif
