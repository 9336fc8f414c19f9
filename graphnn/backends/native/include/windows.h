/* Pooling over windows of images: along the width of one image, or for a vector of channels side by side.

   All sizes are constants where these functions are used, so that what a case does not need is left out. */
#ifndef GN_WINDOWS_H
#define GN_WINDOWS_H

#include "reduce.h"

typedef struct {
    long height, width, rows, columns;                /* of the image, and of its windows */
    long kernel_h, kernel_w, stride_h, stride_w;      /* of the windows */
    long pad_h, pad_w, dilation_h, dilation_w;
    long from_h, from_w, to_h, to_w, to_h_index, to_w_index; /* strides of the image, of the results, of the indices */
    long include_pad, divisor;                        /* of the mean; divisor 0: by the number of elements */
} gn_windows;

/* every second of 2 * GN_LANES floats */
GN_INLINE f32v gn_load_even_f32v(const float *p)
{
    const f32v a = gn_load_f32v(p), b = gn_load_f32v(p + GN_LANES);
#if GN_LANES == 4
    return (f32v){a[0], a[2], b[0], b[2]};
#elif GN_LANES == 8 && (defined(__clang__) || __GNUC__ >= 12)
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#elif GN_LANES == 16 && (defined(__clang__) || __GNUC__ >= 12)
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#else
    f32v x;
    for (int k = 0; k < GN_LANES; k++) x[k] = 2 * k < GN_LANES ? a[(2 * k) % GN_LANES] : b[(2 * k) % GN_LANES];
    return x;
#endif
}

static const int32_t gn_lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* how many elements the window at `at` has along one axis, and (`first`, `stop`) which of its taps lie inside */
GN_INLINE long gn_window(long at, long size, long kernel, long pad, long dilation, long include_pad, long *first,
                         long *stop)
{
    long low = at < 0 ? (-at + dilation - 1) / dilation : 0, high = kernel;
    while (high > low && at + (high - 1) * dilation >= size) high--;
    *first = low, *stop = high;
    const long end = at + kernel < size + pad ? at + kernel : size + pad;
    return include_pad ? end - at : high - low;
}

GN_INLINE int gn_wins(float x, float best) { return x > best || x != x; }

/* The greatest elements of one image's windows (the first of equals, the last NaN) and, where wanted, where they are. */
GN_INLINE void gn_max_windows(float *out, int64_t *indices, const float *x, gn_windows w)
{
    for (long r = 0; r < w.rows; r++) {
        const long top = r * w.stride_h - w.pad_h;
        long h0, h1, w0, w1;
        gn_window(top, w.height, w.kernel_h, w.pad_h, w.dilation_h, 0, &h0, &h1);
        for (long c = 0; c < w.columns;) {
            const long n = w.columns - c < GN_LANES && w.columns < GN_LANES ? w.columns - c : GN_LANES;
            const long v = w.columns - c < n ? w.columns - n : c; /* the last vector takes a few once more */
            long left = v * w.stride_w - w.pad_w;
            const long reach = left + (w.kernel_w - 1) * w.dilation_w;
            if (w.from_w == 1 && w.to_w == 1 && w.to_w_index == 1 && w.stride_w <= 2 && left >= 0 &&
                reach + (n - 1) * w.stride_w < w.width &&
                (top + (h1 - 1) * w.dilation_h) * w.from_h + reach + w.stride_w * GN_LANES <=
                    (w.height - 1) * w.from_h + w.width) {
                f32v best = gn_splat_f32v(-INFINITY);
                i32v place = {0};
                const i32v lanes = *(const i32v *)gn_lane_numbers * (int32_t)w.stride_w;
                for (long i = h0; i < h1; i++)
                    for (long j = 0; j < w.kernel_w; j++) {
                        const long row = top + i * w.dilation_h, column = left + j * w.dilation_w;
                        const float *at = x + row * w.from_h + column;
                        const f32v now = w.stride_w == 2 ? gn_load_even_f32v(at) : gn_load_f32v(at);
                        const i32v wins = (now > best) | (now != now);
                        best = gn_select_f32v(wins, now, best);
                        if (indices) place = gn_select_i32v(wins, lanes + (int32_t)(row * w.width + column), place);
                    }
                if (!(h0 == 0 && h1 == 0) && indices) {
                    /* where all are -inf, the first one */
                    const i32v start = lanes + (int32_t)((top + h0 * w.dilation_h) * w.width + left);
                    place = gn_select_i32v(best == -INFINITY, start, place);
                }
                if (n == GN_LANES) {
                    if (out) gn_store_f32v(out + r * w.to_h + v, best);
                    if (indices) gn_store_i64v(indices + r * w.to_h_index + v, __builtin_convertvector(place, i64v));
                } else {
                    if (out) gn_store_part_f32v(out + r * w.to_h + v, best, n);
                    if (indices)
                        gn_store_part_i64v(indices + r * w.to_h_index + v, __builtin_convertvector(place, i64v), n);
                }
                c = v + n;
                continue;
            }
            left = c * w.stride_w - w.pad_w;
            gn_window(left, w.width, w.kernel_w, w.pad_w, w.dilation_w, 0, &w0, &w1);
            float best = -INFINITY;
            long place = (top + h0 * w.dilation_h) * w.width + left + w0 * w.dilation_w;
            for (long i = h0; i < h1; i++)
                for (long j = w0; j < w1; j++) {
                    const long row = top + i * w.dilation_h, column = left + j * w.dilation_w;
                    const float now = x[row * w.from_h + column * w.from_w];
                    if (gn_wins(now, best)) best = now, place = row * w.width + column;
                }
            if (out) out[r * w.to_h + c * w.to_w] = best;
            if (indices) indices[r * w.to_h_index + c * w.to_w_index] = place;
            c++;
        }
    }
}

/* whether all windows along an axis lie inside, known when compiling */
#define GN_INSIDE(count, stride, kernel, dilation, pad, size)                                                          \
    ((pad) == 0 && ((count) - 1) * (stride) + ((kernel) - 1) * (dilation) < (size))

GN_INLINE void gn_store_lanes_i64(int64_t *to, i32v x, long n)
{
    int32_t held[GN_LANES];
    gn_store_i32v(held, x);
#pragma GCC unroll 16
    for (long k = 0; k < n; k++) to[k] = held[k];
}

/* One window, for `n` channels (GN_LANES: a whole vector) that lie side by side; its taps from (h0, w0) to (h1, w1) */
GN_INLINE void gn_max_window_channels(float *to, int64_t *to_index, const float *x, long n, long top, long left, long h0,
                                      long h1, long w0, long w1, gn_windows w)
{
    f32v best = gn_splat_f32v(-INFINITY);
    i32v place = (i32v){0} + (int32_t)(h0 * w.dilation_h * w.width + w0 * w.dilation_w);
    const float *const from = x + top * w.from_h + left * w.from_w;
#pragma GCC unroll 3
    for (long i = h0; i < h1; i++)
#pragma GCC unroll 3
        for (long j = w0; j < w1; j++) {
            const float *at = from + i * w.dilation_h * w.from_h + j * w.dilation_w * w.from_w;
            const f32v v = n == GN_LANES ? gn_load_f32v(at) : gn_load_part_f32v(at, n);
            const i32v wins = (v > best) | (v != v);
            best = gn_select_f32v(wins, v, best);
            const i32v here = (i32v){0} + (int32_t)(i * w.dilation_h * w.width + j * w.dilation_w);
            if (to_index) place = gn_select_i32v(wins, here, place);
        }
    if (to && n == GN_LANES) gn_store_f32v(to, best);
    else if (to) gn_store_part_f32v(to, best, n);
    place += (int32_t)(top * w.width + left);
    if (to_index && n == GN_LANES) gn_store_i64v(to_index, __builtin_convertvector(place, i64v));
    else if (to_index) gn_store_lanes_i64(to_index, place, n);
}

/* The same for one row of windows, whose channels lie side by side. */
GN_INLINE void gn_max_windows_channels(float *out, int64_t *indices, const float *x, long r, long channels, gn_windows w)
{
    const long top = r * w.stride_h - w.pad_h, whole = channels / GN_LANES * GN_LANES;
    long h0 = 0, h1 = w.kernel_h, w0 = 0, w1 = w.kernel_w;
    if (!GN_INSIDE(w.rows, w.stride_h, w.kernel_h, w.dilation_h, w.pad_h, w.height))
        gn_window(top, w.height, w.kernel_h, w.pad_h, w.dilation_h, 0, &h0, &h1);
    for (long c = 0; c < w.columns; c++) {
        const long left = c * w.stride_w - w.pad_w;
        if (!GN_INSIDE(w.columns, w.stride_w, w.kernel_w, w.dilation_w, w.pad_w, w.width))
            gn_window(left, w.width, w.kernel_w, w.pad_w, w.dilation_w, 0, &w0, &w1);
        float *const to = out ? out + r * w.to_h + c * w.to_w : 0;
        int64_t *const to_index = indices ? indices + r * w.to_h_index + c * w.to_w_index : 0;
        for (long k = 0; k < whole; k += GN_LANES)
            gn_max_window_channels(to ? to + k : 0, to_index ? to_index + k : 0, x + k, GN_LANES, top, left, h0, h1, w0,
                                   w1, w);
        if (whole < channels)
            gn_max_window_channels(to ? to + whole : 0, to_index ? to_index + whole : 0, x + whole, channels - whole,
                                   top, left, h0, h1, w0, w1, w);
    }
}

/* The means of one image's windows. */
GN_INLINE void gn_mean_windows(float *out, const float *x, gn_windows w)
{
    for (long r = 0; r < w.rows; r++) {
        const long top = r * w.stride_h - w.pad_h;
        long h0, h1, w0, w1;
        const long high = gn_window(top, w.height, w.kernel_h, w.pad_h, 1, w.include_pad, &h0, &h1);
        for (long c = 0; c < w.columns;) {
            const long n = w.columns - c < GN_LANES && w.columns < GN_LANES ? w.columns - c : GN_LANES;
            const long v = w.columns - c < n ? w.columns - n : c; /* the last vector takes a few once more */
            long left = v * w.stride_w - w.pad_w;
            const long reach = left + w.kernel_w - 1;
            if (w.from_w == 1 && w.to_w == 1 && w.stride_w <= 2 && left >= 0 &&
                reach + (n - 1) * w.stride_w < w.width &&
                (top + h1 - 1) * w.from_h + reach + w.stride_w * GN_LANES <= (w.height - 1) * w.from_h + w.width) {
                f32v sum = gn_splat_f32v(0);
                for (long i = h0; i < h1; i++)
                    for (long j = 0; j < w.kernel_w; j++) {
                        const float *at = x + (top + i) * w.from_h + left + j;
                        if (w.stride_w == 2) sum += gn_load_even_f32v(at);
                        else sum += gn_load_f32v(at);
                    }
                sum /= (float)(w.divisor ? w.divisor : high * w.kernel_w);
                if (n == GN_LANES) gn_store_f32v(out + r * w.to_h + v, sum);
                else gn_store_part_f32v(out + r * w.to_h + v, sum, n);
                c = v + n;
                continue;
            }
            left = c * w.stride_w - w.pad_w;
            const long wide = gn_window(left, w.width, w.kernel_w, w.pad_w, 1, w.include_pad, &w0, &w1);
            float sum = 0;
            for (long i = h0; i < h1; i++)
                for (long j = w0; j < w1; j++) sum += x[(top + i) * w.from_h + (left + j) * w.from_w];
            out[r * w.to_h + c * w.to_w] = sum / (float)(w.divisor ? w.divisor : high * wide);
            c++;
        }
    }
}

GN_INLINE void gn_mean_windows_channels(float *out, const float *x, long r, long channels, gn_windows w)
{
    const long top = r * w.stride_h - w.pad_h;
    long h0, h1, w0, w1;
    const long high = gn_window(top, w.height, w.kernel_h, w.pad_h, 1, w.include_pad, &h0, &h1);
    for (long c = 0; c < w.columns; c++) {
        const long left = c * w.stride_w - w.pad_w;
        const long wide = gn_window(left, w.width, w.kernel_w, w.pad_w, 1, w.include_pad, &w0, &w1);
        const float divisor = (float)(w.divisor ? w.divisor : high * wide);
        float *const to = out + r * w.to_h + c * w.to_w;
        gn_fill(to, channels, 0);
        for (long i = h0; i < h1; i++)
            gn_columns_sum(to, x + (top + i) * w.from_h + (left + w0) * w.from_w, w1 - w0, w.from_w, channels);
        long k = 0;
        for (; channels - k >= GN_LANES; k += GN_LANES) gn_store_f32v(to + k, gn_load_f32v(to + k) / divisor);
        for (; k < channels; k++) to[k] /= divisor;
    }
}

/* Adds the gradients g of one image's means to `out` (strides from_), for `channels` that lie side by side in both. */
GN_INLINE void gn_mean_windows_grad(float *out, const float *g, long channels, gn_windows w)
{
    for (long r = 0; r < w.rows; r++)
        for (long c = 0; c < w.columns; c++) {
            const long top = r * w.stride_h - w.pad_h, left = c * w.stride_w - w.pad_w;
            long h0, h1, w0, w1;
            const long high = gn_window(top, w.height, w.kernel_h, w.pad_h, 1, w.include_pad, &h0, &h1);
            const long wide = gn_window(left, w.width, w.kernel_w, w.pad_w, 1, w.include_pad, &w0, &w1);
            const float share = 1.0f / (float)(w.divisor ? w.divisor : high * wide);
            const float *const from = g + r * w.to_h + c * w.to_w;
            for (long i = h0; i < h1; i++)
                for (long j = w0; j < w1; j++) {
                    float *const to = out + (top + i) * w.from_h + (left + j) * w.from_w;
                    long k = 0;
                    for (; channels - k >= GN_LANES; k += GN_LANES)
                        gn_store_f32v(to + k, gn_load_f32v(to + k) + gn_load_f32v(from + k) * share);
                    for (; k < channels; k++) to[k] += from[k] * share;
                }
        }
}

#endif
