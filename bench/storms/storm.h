/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the families of storms share: the table, errors, settings of the
 * machine that are put back, child processes.
 */
#ifndef STORM_H
#define STORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define LIKE_PRINTF	format(printf, 1, 2)
#define KIB		1024UL
#define MIB		(1024 * KIB)
#define PAGE_BYTES	4096UL
#define HUGE_BYTES	(2 * MIB)

/* Executed by this name, the program ends at once. */
#define EXEC_NOTHING	"storm-nothing"

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define TRACING		"/sys/kernel/tracing"
#define THP		"/sys/kernel/mm/transparent_hugepage"

/**
 * struct storm - one way of troubling the kernel
 * @name: as the command line has it
 * @what: one line for the list
 * @setup: makes ready; 0, or -1 after fail() or skip(). May be NULL.
 * @step: does a bounded piece of work, a fraction of a second at most;
 *	returns the number of operations or -1 after fail() or skip().
 * @check: sees whether the kernel did what was wanted; 0, or -1 after
 *	fail(). Runs once after the steps. May be NULL.
 * @undo: removes all that @setup and @step left, settings and children
 *	excepted; runs after a @setup that failed, too. May be NULL.
 * @visits: reaches every CPU by its nature, an LWK core as well (see "What
 *	must be delivered" in the user guide), hence is not part of "all".
 */
struct storm {
	const char *name;
	const char *what;
	int (*setup)(void);
	long (*step)(void);
	int (*check)(void);
	void (*undo)(void);
	bool visits;
};

/* The families, each ended by an entry without a name. */
extern const struct storm bpf_storms[];
extern const struct storm cgroup_storms[];
extern const struct storm code_storms[];
extern const struct storm file_storms[];
extern const struct storm hotplug_storms[];
extern const struct storm job_storms[];
extern const struct storm ksm_storms[];
extern const struct storm memory_storms[];
extern const struct storm net_storms[];
extern const struct storm perf_storms[];
extern const struct storm process_storms[];
extern const struct storm rcu_storms[];
extern const struct storm reclaim_storms[];
extern const struct storm setting_storms[];
extern const struct storm time_storms[];
extern const struct storm vmalloc_storms[];

/* storm.c: the command line as the storms see it */
extern const char *storm_dir;		/* -d */
extern unsigned int storm_neighbour;	/* -N */

bool crowded(void);			/* one of all at once */
bool stopping(void);
unsigned int storm_cpus(void);
unsigned int storm_cpu(unsigned int nth);
int pin_to(unsigned int cpu);
int pin_to_storm(void);

/* Print why and return -1; fail() adds the text of errno unless it is 0. */
__attribute__((LIKE_PRINTF)) int fail(const char *format, ...);
__attribute__((LIKE_PRINTF)) int skip(const char *format, ...);

void pause_us(long us);
int64_t now_ns(void);
void rest(int64_t began);		/* after a step, in all at once */

/* setting.c: -1 and errno on failure, no message */
int file_put(const char *path, const char *text);
int file_get(const char *path, char *buf, size_t size);
long file_number(const char *path, const char *key);
long vm_counter(const char *name);
int setting_save(const char *path);
int setting_put(const char *path, const char *text);
int setting_undo(const char *path, const char *text);
void settings_restore(void);

/* Memory that all processes of a storm see; NULL after fail(). */
void *shared_memory(size_t bytes);

/* Before the first child. */
int settings_init(void);

/* Whether the RAM disk has the image; to be asked and set under the lock. */
void shared_lock(void);
void shared_unlock(void);
bool *shared_disk_ready(void);

/* crew.c: children that die with the storm */
pid_t child_start(int (*work)(void *arg), void *arg);
int child_status(pid_t pid);
int child_run(int (*work)(void *arg), void *arg);
void child_kill(pid_t pid);
void children_kill(void);
int crew_start(unsigned int count, int (*turn)(unsigned int member));
long crew_step(void);

/* cgroup.c: a group below the root, with a controller, that undo removes */
int group_controller(const char *controller);
int group_make(char *path, size_t size, const char *name);
int group_put(const char *group, const char *file, const char *text);
int group_join(const char *group, pid_t pid);
void group_remove(const char *group);

#endif /* STORM_H */
