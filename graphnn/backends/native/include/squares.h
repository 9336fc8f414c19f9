/* Four vectors of four floats turned round: rows become columns. */
#ifndef GN_SQUARES_H
#define GN_SQUARES_H
#include "vec.h"

#if defined(__clang__)
#define GN_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define GN_PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (gn_four_mask){i, j, k, l})
#endif
GN_INLINE gn_four gn_low_pairs(gn_four a, gn_four b) { return GN_PICK(a, b, 0, 4, 1, 5); }
GN_INLINE gn_four gn_high_pairs(gn_four a, gn_four b) { return GN_PICK(a, b, 2, 6, 3, 7); }
GN_INLINE gn_four gn_low_halves(gn_four a, gn_four b) { return GN_PICK(a, b, 0, 1, 4, 5); }
GN_INLINE gn_four gn_high_halves(gn_four a, gn_four b) { return GN_PICK(a, b, 2, 3, 6, 7); }
#endif
