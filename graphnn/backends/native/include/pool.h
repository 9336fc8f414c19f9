/* The process's one pool of threads. A phase is a function of `parts`, each to be run once, by whichever thread; or so many
   parts that are run `times` over: those of one time (part 0 to parts - 1, parts to 2 parts - 1, ...) begin when all of
   the time before are done. */
#ifndef GN_POOL_H
#define GN_POOL_H

typedef void (*gn_function)(char **p, long part, long worker);

/* Who asks: a program made for at most `limit` workers. */
typedef struct {
    long limit;
} gn_team;

/* Runs all parts and returns when they are done. The caller works too, as worker 0. While the pool is busy (other
   callers, or a call from inside a part) the caller does everything alone. */
void gn_run(gn_team *team, gn_function function, char **p, long parts, long times);

/* From now on at most `threads` work; idle ones look out for work for `spin` nanoseconds before they sleep. */
void gn_pool_configure(long threads, long spin);

/* How many threads the pool has started, and how many runs found it busy. */
long gn_pool_started(void);
long gn_pool_alone(void);

#endif
