/* The stream of graphnn/ops/random.py: NumPy's Philox4x64-10 with the key [key, 0], one block for each counter
   (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011). */
#ifndef GN_PHILOX_H
#define GN_PHILOX_H
#include "vec.h"

/* words of the block number `block` from `counter` on, counted from 0 */
GN_INLINE void gn_philox_block(const uint64_t *rng, uint64_t offset, uint64_t block, uint64_t word[4])
{
    const uint64_t start = rng[1] + offset, first = start + block + 1;
    uint64_t a = first, b = first <= start, c = 0, d = 0, key = rng[0], other = 0;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const unsigned __int128 p = (unsigned __int128)a * 0xD2E7470EE14C6C93u;
        const unsigned __int128 q = (unsigned __int128)c * 0xCA5A826395121157u;
        a = (uint64_t)(q >> 64) ^ b ^ key;
        c = (uint64_t)(p >> 64) ^ d ^ other;
        b = (uint64_t)q;
        d = (uint64_t)p;
        key += 0x9E3779B97F4A7C15u;
        other += 0xBB67AE8584CAA73Bu;
    }
    word[0] = a, word[1] = b, word[2] = c, word[3] = d;
}
typedef uint32_t gn_eight_words __attribute__((vector_size(32)));
typedef int32_t gn_eight_ints __attribute__((vector_size(32)));
typedef float gn_eight_floats __attribute__((vector_size(32)));
GN_INLINE double gn_uniform_f64(uint64_t word) { return (double)(int64_t)(word >> 11) * 0x1p-53; }

/* numbers `from` to `to` of a draw of uniform numbers, into `out`; `from` is a multiple of a block's numbers */
GN_INLINE void gn_uniforms_f32(const uint64_t *rng, uint64_t offset, long from, long to, float *out)
{
    for (long i = from; i < to; i += 8) {
        uint64_t word[4];
        gn_eight_words halves; /* low ones first, as processors have them */
        gn_philox_block(rng, offset, (uint64_t)i / 8, word);
        __builtin_memcpy(&halves, word, sizeof word);
        gn_eight_floats drawn = __builtin_convertvector((gn_eight_ints)(halves >> 8), gn_eight_floats) * 0x1p-24f;
        if (to - i >= 8)
            __builtin_memcpy(out + (i - from), &drawn, sizeof drawn);
        else
            __builtin_memcpy(out + (i - from), &drawn, sizeof(float) * (unsigned long)(to - i));
    }
}
GN_INLINE void gn_uniforms_f64(const uint64_t *rng, uint64_t offset, long from, long to, double *out)
{
    for (long i = from; i < to; i += 4) {
        uint64_t word[4];
        gn_philox_block(rng, offset, (uint64_t)i / 4, word);
        for (long k = 0; k < 4 && i + k < to; k++) out[i - from + k] = gn_uniform_f64(word[k]);
    }
}
#endif
