/* Parts are dealt out in contiguous blocks, a block a worker, so that a thread meets the same data in phase after phase;
   who is done early takes parts from the others' blocks. Which thread runs a part changes no result.

   A member's `state` goes IDLE -> POSTED (by the caller) -> RUNNING (by the worker) -> IDLE. A worker that has not begun
   when all parts are gone is called back: POSTED -> IDLE. So the caller never waits for a thread that is asleep. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include "pool.h"

#define EXPORT __attribute__((visibility("default")))
#define MOST 256
#define PATIENCE 200    /* looks at a part of somebody else's that has not begun, before it is taken over */
#define LONG_WAIT 20000 /* looks at one that runs, before the processor is offered to others */

enum { IDLE, POSTED, RUNNING };

/* What a worker reads to begin lies in one cache line: a line takes 100 ns from one core to the other. */
typedef struct {
    _Alignas(128) atomic_uint state;
    atomic_uint sleepers; /* how many sleep until `state` changes */
    atomic_long next;
    long end;
    gn_function function;
    char **p;
    int count;
    int times;
} member;

/* Of a part: 2 s while it is free at time s, 2 s + 1 while it runs. */
typedef struct {
    _Alignas(128) atomic_long at;
} progress;

static member members[MOST];
static progress parts_at[MOST];
static atomic_int busy;
static long started; /* threads besides the caller; whoever holds `busy` may read and write it */
static atomic_long threads = 1, spin = 500000, alone;

#ifdef __linux__
static void sleep_while(atomic_uint *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
}

static void wake(atomic_uint *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
}
#else
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void sleep_while(atomic_uint *word, unsigned value)
{
    pthread_mutex_lock(&lock);
    if (atomic_load(word) == value) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void wake(atomic_uint *word)
{
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
#endif

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Returns when the state is no longer `value`: looks for a while, then sleeps. */
static void await_change(member *m, unsigned value)
{
    int64_t until = now() + atomic_load_explicit(&spin, memory_order_relaxed);
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&m->state, memory_order_acquire) != value) return;
            pause_briefly();
        }
    } while (now() < until);
    atomic_fetch_add(&m->sleepers, 1);
    while (atomic_load(&m->state) == value) sleep_while(&m->state, value);
    atomic_fetch_sub(&m->sleepers, 1);
}

static void change(member *m, unsigned value)
{
    atomic_store(&m->state, value);
    if (atomic_load(&m->sleepers)) wake(&m->state);
}

/* Runs a part at time s if nobody has taken it. */
static void take(const member *m, long part, long s, long parts, long worker)
{
    long is_free = 2 * s;
    if (!atomic_compare_exchange_strong(&parts_at[part].at, &is_free, 2 * s + 1)) return;
    m->function(m->p, s * parts + part, worker);
    atomic_store_explicit(&parts_at[part].at, 2 * s + 2, memory_order_release);
}

/* Returns when the part is done at time s; takes it over if its worker does not begin. */
static void await_part(const member *m, long part, long s, long parts, long worker)
{
    const member *other = &members[part % m->count];
    for (long looks = 0; atomic_load_explicit(&parts_at[part].at, memory_order_acquire) < 2 * s + 2; looks++) {
        if (looks > PATIENCE || atomic_load_explicit(&other->state, memory_order_relaxed) == POSTED)
            take(m, part, s, parts, worker);
        if (looks > LONG_WAIT) sched_yield();
        else pause_briefly();
    }
}

static void work_again(long worker)
{
    const member *m = &members[worker];
    const long parts = members[m->count - 1].end;
    for (long s = 0; s < m->times; s++) {
        for (long part = worker; part < parts; part += m->count) take(m, part, s, parts, worker);
        for (long part = 0; part < parts; part++) await_part(m, part, s, parts, worker);
    }
}

/* Runs parts, of the worker's own block first, until none is left. */
static void work(long worker)
{
    if (members[worker].times > 1) {
        work_again(worker);
        return;
    }
    gn_function function = members[worker].function;
    char **p = members[worker].p;
    long count = members[worker].count;
    for (long k = 0; k < count; k++) {
        member *m = &members[(worker + k) % count];
        while (atomic_load_explicit(&m->next, memory_order_relaxed) < m->end) {
            long part = atomic_fetch_add_explicit(&m->next, 1, memory_order_relaxed);
            if (part >= m->end) break;
            function(p, part, worker);
        }
    }
}

static void *serve(void *argument)
{
    long worker = (long)(intptr_t)argument;
    member *m = &members[worker];
    for (;;) {
        unsigned posted = POSTED;
        await_change(m, IDLE);
        if (!atomic_compare_exchange_strong(&m->state, &posted, RUNNING)) continue;
        work(worker);
        change(m, IDLE);
    }
    return 0;
}

static int start_one(long worker)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for Python's threads */
    int failed = pthread_create(&thread, 0, serve, (void *)(intptr_t)worker);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    if (!failed) pthread_detach(thread);
    return !failed;
}

/* How many may work, the caller included; starts those that are missing. */
static long muster(long wanted)
{
    while (started + 1 < wanted && start_one(started + 1)) started++;
    return wanted < started + 1 ? wanted : started + 1;
}

static void run_together(gn_function function, char **p, long parts, long times, long count)
{
    for (long i = 0; i < count; i++) {
        members[i].function = function, members[i].p = p, members[i].count = count, members[i].times = times;
        atomic_store_explicit(&members[i].next, parts * i / count, memory_order_relaxed);
        members[i].end = parts * (i + 1) / count;
    }
    for (long part = 0; part < (times > 1 ? parts : 0); part++)
        atomic_store_explicit(&parts_at[part].at, 0, memory_order_relaxed);
    for (long i = 1; i < count; i++) change(&members[i], POSTED);
    work(0);
    for (long i = 1; i < count; i++) {
        unsigned posted = POSTED;
        if (atomic_compare_exchange_strong(&members[i].state, &posted, IDLE)) continue;
        await_change(&members[i], RUNNING);
    }
}

static void run_alone(gn_function function, char **p, long parts)
{
    for (long part = 0; part < parts; part++) function(p, part, 0);
}

static long least(long a, long b)
{
    return a < b ? a : b;
}

EXPORT void gn_run(gn_team *team, gn_function function, char **p, long parts, long times)
{
    long wanted = least(least(atomic_load_explicit(&threads, memory_order_relaxed), team->limit), least(parts, MOST));
    if (wanted < 2 || (times > 1 && parts > MOST)) {
        run_alone(function, p, parts * times);
        return;
    }
    if (atomic_exchange_explicit(&busy, 1, memory_order_acquire)) {
        atomic_fetch_add_explicit(&alone, 1, memory_order_relaxed);
        run_alone(function, p, parts * times);
        return;
    }
    long count = muster(wanted);
    if (count < 2) run_alone(function, p, parts * times);
    else run_together(function, p, parts, times, count);
    atomic_store_explicit(&busy, 0, memory_order_release);
}

EXPORT void gn_pool_configure(long count, long nanoseconds)
{
    atomic_store(&threads, count);
    atomic_store(&spin, nanoseconds);
}

EXPORT long gn_pool_started(void)
{
    return started;
}

EXPORT long gn_pool_alone(void)
{
    return atomic_load(&alone);
}

/* A forked child has the caller's thread only. */
static void forget(void)
{
    for (long i = 0; i < MOST; i++) {
        atomic_store(&members[i].state, IDLE);
        atomic_store(&members[i].sleepers, 0);
    }
    started = 0;
    atomic_store(&busy, 0);
}

__attribute__((constructor)) static void begin(void)
{
    pthread_atfork(0, 0, forget);
}
