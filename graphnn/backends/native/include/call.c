/* A call of a compiled function that is like the one before, from its arguments to its result, without a line of Python in
   between: runs that only fill one array. What is tested and what is made says `graphnn/runtime/direct.py`. A call that does not
   fit goes to the same in Python, which knows what to do about it; so every test may fail without harm, and errors of
   Python on the way count as a test that failed. */
#include "array.h"

#define EXPORT __attribute__((visibility("default")))
#define MOST 16 /* arguments */

typedef struct object object;

/* What a call must find, all of it objects unless it says otherwise. Filled in by `toolchain/direct.py`, word for word. */
typedef struct {
    struct { /* Python's functions */
        object *(*attribute)(object *, object *name);
        int (*set)(object *, object *name, object *value);
        object *(*call)(object *function, object *const *given, size_t count, object *names);
        object *(*item)(object *tuple, intptr_t);
        intptr_t (*size)(object *);
        void (*hold)(object *);
        void (*drop)(object *);
        void (*forget_error)(void);
        object *(*make)(object *kind, object *arguments, object *names); /* `object.__new__` */
    } py;
    object *(*new_array)(object *kind, object *dtype, int nd, const intptr_t *shape, const intptr_t *strides, void *data,
                         int flags, object *base);
    struct { /* names of attributes */
        object *array, *type, *tensor_type, *requires, *base, *storage, *own_array, *trace;
        object *enabled, *stack, *value, *epoch, *bound, *count, *state, *fill;
    } name;
    object *none, *yes, *no, *zero, *nothing; /* `nothing`: an empty tuple */
    object *tensor, *storage, *ndarray;       /* classes */
    object *otherwise;                        /* the same call in Python */
    object *modes, *enabled, *builders, *epochs, *entry, *program, *changes;
    object *take, *give_back; /* of a workspace */
    object *kind, *dtype;     /* the result's type, and NumPy's dtype of it */
    intptr_t nd, *shape;      /* C */
    intptr_t arguments, guards;
    object **words; /* for each argument: what is known of it (a tensor's type), and `yes` if it is a tensor; for each guard: a
                       function, and what it must give */
} facts;

static object *type_of(const object *o)
{
    object *found;
    memcpy(&found, (const char *)o + GN_HEAD - sizeof found, sizeof found);
    return found;
}

/* Whether `found`, which is let go, is that very object. */
static int is(const facts *f, object *found, const object *wanted)
{
    if (!found) return f->py.forget_error(), 0;
    f->py.drop(found);
    return found == wanted;
}

static int has(const facts *f, object *owner, object *name, const object *wanted)
{
    return is(f, f->py.attribute(owner, name), wanted);
}

/* Whether two objects have the very same attribute. */
static int agree(const facts *f, object *one, object *its, object *other, object *its_own)
{
    object *found = f->py.attribute(one, its);
    if (!found) return f->py.forget_error(), 0;
    const int same = has(f, other, its_own, found);
    f->py.drop(found);
    return same;
}

static int has_type(const facts *f, object *tensor, const object *wanted)
{
    object *found = f->py.attribute(tensor, f->name.type);
    if (found == f->none) { /* not asked for yet */
        f->py.drop(found);
        found = f->py.attribute(tensor, f->name.tensor_type);
    }
    return is(f, found, wanted);
}

/* Whether a tensor has its memory for itself, this type, and no gradient. Its storage is lent out. */
static int fits(const facts *f, object *tensor, const object *kind, object **storage)
{
    if (type_of(tensor) != f->tensor || !has(f, tensor, f->name.base, f->none) || !has(f, tensor, f->name.requires, f->no)) return 0;
    if (!has_type(f, tensor, kind)) return 0;
    *storage = f->py.attribute(tensor, f->name.storage);
    if (!*storage) return f->py.forget_error(), 0;
    const int real = has(f, *storage, f->name.trace, f->none);
    f->py.drop(*storage);
    return real;
}

static int is_quiet(const facts *f)
{
    object *stack = f->py.attribute(f->builders, f->name.stack);
    if (!stack) return f->py.forget_error(), 0;
    const int empty = f->py.size(stack) == 0;
    f->py.drop(stack);
    return empty && has(f, f->modes, f->name.enabled, f->enabled) && agree(f, f->epochs, f->name.value, f->entry, f->name.epoch);
}

static int guards_hold(const facts *f)
{
    object *const *guard = f->words + 2 * f->arguments;
    for (intptr_t i = 0; i < f->guards; i++, guard += 2)
        if (!is(f, f->py.call(guard[0], 0, 0, 0), guard[1])) return 0;
    return 1;
}

static int arguments_fit(const facts *f, object *const *arguments)
{
    object *storages[MOST];
    intptr_t tensors = 0;
    for (intptr_t i = 0; i < f->arguments; i++) {
        if (f->words[2 * i + 1] != f->yes) {
            if (arguments[i] != f->words[2 * i]) return 0;
            continue;
        }
        if (!fits(f, arguments[i], f->words[2 * i], &storages[tensors])) return 0;
        for (intptr_t k = 0; k < tensors; k++)
            if (storages[k] == storages[tensors]) return 0;
        tensors++;
    }
    return 1;
}

/* The current state, if that is known to be current. */
static object *current_state(const facts *f)
{
    object *bound = f->py.attribute(f->program, f->name.bound), *state = 0;
    if (!bound) return f->py.forget_error(), state;
    if (has(f, f->changes, f->name.count, f->py.item(bound, 2))) f->py.hold(state = f->py.item(bound, 1));
    f->py.drop(bound);
    return state;
}

static object *free_workspace(const facts *f, const object *state)
{
    object *workspace = f->py.call(f->take, 0, 0, 0);
    if (!workspace) return f->py.forget_error(), workspace;
    if (has(f, workspace, f->name.state, state)) return workspace;
    is(f, f->py.call(f->give_back, &workspace, 1, 0), f->none);
    f->py.drop(workspace);
    return 0;
}

static object *empty_array(const facts *f)
{
    f->py.hold(f->dtype); /* taken over by the array */
    object *made = f->new_array(f->ndarray, f->dtype, (int)f->nd, f->shape, 0, 0, 0, 0);
    if (!made) f->py.forget_error();
    return made;
}

/* Runs the plan on the arguments' arrays, into `made`. */
static int fill(const facts *f, object *workspace, object *const *arguments, object *made)
{
    object *given[MOST + 1], *function = f->py.attribute(workspace, f->name.fill);
    size_t count = 0;
    int done = function != 0;
    for (intptr_t i = 0; i < f->arguments && done; i++) {
        if (f->words[2 * i + 1] != f->yes) continue;
        given[count] = f->py.attribute(arguments[i], f->name.array);
        if (given[count]) count++;
        else done = 0;
    }
    given[count] = made;
    if (done) done = is(f, f->py.call(function, given, count + 1, 0), f->zero);
    else f->py.forget_error();
    while (count--) f->py.drop(given[count]);
    if (function) f->py.drop(function);
    return done;
}

static object *run(const facts *f, object *const *arguments)
{
    object *state = current_state(f), *made = 0;
    if (!state) return 0;
    object *workspace = free_workspace(f, state);
    f->py.drop(state);
    if (!workspace) return 0;
    made = empty_array(f);
    const int done = made && fill(f, workspace, arguments, made);
    is(f, f->py.call(f->give_back, &workspace, 1, 0), f->none);
    f->py.drop(workspace);
    if (done) return made;
    if (made) f->py.drop(made);
    return 0;
}

/* A tensor over this array, which is let go. */
static object *tensor_of(const facts *f, object *made)
{
    object *storage = f->py.make(f->storage, f->nothing, 0), *tensor = f->py.make(f->tensor, f->nothing, 0);
    const int done = storage && tensor && !f->py.set(storage, f->name.own_array, made) && !f->py.set(tensor, f->name.array, made)
                     && !f->py.set(tensor, f->name.type, f->kind) && !f->py.set(tensor, f->name.storage, storage);
    f->py.drop(made);
    if (storage) f->py.drop(storage);
    if (done) return tensor;
    if (tensor) f->py.drop(tensor);
    return 0; /* with Python's error: out of memory */
}

EXPORT object *gn_call(const gn_array *self, object *const *given, intptr_t count, object *names)
{
    const facts *f = (const facts *)self->data;
    object *made = 0;
    if (!names && count == f->arguments && is_quiet(f) && guards_hold(f) && arguments_fit(f, given)) made = run(f, given);
    return made ? tensor_of(f, made) : f->py.call(f->otherwise, given, (size_t)count, names);
}
