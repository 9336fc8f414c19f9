/* NumPy arrays as C sees them: the fields that stand first in PyArrayObject, which NumPy's ABI keeps in place. */
#ifndef GN_ARRAY_H
#define GN_ARRAY_H
#include <stdint.h>
#include <string.h>

typedef struct {
    char head[GN_HEAD]; /* what every Python object begins with */
    char *data;
    int nd;
    intptr_t *dims;
    intptr_t *strides; /* in bytes */
} gn_array;

typedef void (*gn_function)(char **places, long part, long worker);
typedef void (*gn_runner)(void *pool, gn_function function, char **places, long parts, long times);

/* What a phase's function finds in its `self`, which is an array of these words: its workspace, and the part of Python's
   stable ABI that it needs. */
typedef struct {
    gn_runner run;
    void *pool;
    char **table;
    double (*as_double)(void *number);
    long long (*as_integer)(void *number);
    int (*is_true)(void *number);
    void *(*from_long)(long number);
    void *(*release_lock)(void);
    void (*take_lock)(void *thread);
} gn_context;

static inline int gn_has_shape(const gn_array *a, int nd, const intptr_t *shape)
{
    if (a->nd != nd) return 0;
    for (int i = 0; i < nd; i++)
        if (a->dims[i] != shape[i]) return 0;
    return 1;
}

/* How many of the last axes lie densely in C order. */
static inline int gn_dense_axes(const gn_array *a, intptr_t itemsize)
{
    intptr_t step = itemsize;
    int axis = a->nd;
    while (axis > 0 && (a->dims[axis - 1] == 1 || a->strides[axis - 1] == step)) step *= a->dims[--axis];
    return a->nd - axis;
}

static inline char *gn_copy_row(char *dest, const char *source, intptr_t n, intptr_t stride, intptr_t itemsize)
{
#define GN_COPY_ROW(type)                                                            \
    for (intptr_t i = 0; i < n; i++, source += stride, dest += sizeof(type)) {       \
        type x;                                                                      \
        memcpy(&x, source, sizeof x);                                                \
        memcpy(dest, &x, sizeof x);                                                  \
    }                                                                                \
    return dest;
    if (itemsize == 1) { GN_COPY_ROW(uint8_t) }
    if (itemsize == 2) { GN_COPY_ROW(uint16_t) }
    if (itemsize == 4) { GN_COPY_ROW(uint32_t) }
    GN_COPY_ROW(uint64_t)
#undef GN_COPY_ROW
}

static char *gn_copy_axes(char *dest, const char *source, const gn_array *a, int axis, int last, intptr_t block,
                          intptr_t itemsize)
{
    if (axis == last) {
        memcpy(dest, source, block);
        return dest + block;
    }
    if (axis == a->nd - 1) return gn_copy_row(dest, source, a->dims[axis], a->strides[axis], itemsize);
    for (intptr_t i = 0; i < a->dims[axis]; i++, source += a->strides[axis])
        dest = gn_copy_axes(dest, source, a, axis + 1, last, block, itemsize);
    return dest;
}

/* Copies an array of any strides to `dest`, in C order. Returns 1 (and copies nothing) if its shape is another one.
   That it is an ndarray (NumPy's scalars are not) of the right dtype is the caller's concern; `itemsize` is 1, 2, 4 or 8. */
static inline int gn_copy_in(const gn_array *a, char *dest, int nd, const intptr_t *shape, intptr_t itemsize)
{
    if (!gn_has_shape(a, nd, shape)) return 1;
    intptr_t block = itemsize;
    int last = nd - gn_dense_axes(a, itemsize);
    for (int i = 0; i < nd; i++) {
        if (shape[i] == 0) return 0;
        if (i >= last) block *= shape[i];
    }
    gn_copy_axes(dest, a->data, a, 0, last, block, itemsize);
    return 0;
}

/* Where an array of this shape can be read in C order: at its own place, or at `spare`, to which it is copied then. 0 if its
   shape is another one. */
static inline char *gn_in_order(const gn_array *a, char *spare, int nd, const intptr_t *shape, intptr_t itemsize)
{
    if (!gn_has_shape(a, nd, shape)) return 0;
    if (gn_dense_axes(a, itemsize) == nd && (uintptr_t)a->data % (uintptr_t)itemsize == 0) return a->data;
    return gn_copy_in(a, spare, nd, shape, itemsize) ? 0 : spare;
}

#endif
