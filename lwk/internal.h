/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the LWK. Nouns: a *core* is owned by the LWK from boot on; an
 * *enclave* is a set of cores with a directory; a *reservation* (rsv) is the
 * right of one process tree to some cores of an enclave.
 *
 * Locks, outermost first:
 *   lwk_enclaves_lock	list of enclaves (mutex)
 *   enclave->lock	who holds which core (spinlock, process context)
 *   p->pi_lock, rq->lock	the scheduler's
 *   rsv->lock		where the threads of a reservation live (raw spinlock)
 */
#ifndef _LWK_INTERNAL_H
#define _LWK_INTERNAL_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/cpumask.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/lwk.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/lwk.h>
#include <asm/local64.h>

#define LWK_QUANTUM_BOOT_US	100000U	/* of the enclave made at boot */
#define LWK_POLL_BOOT_US	50U
#define LWK_POLL_MAX_US		10000U

/* layout.c: what lwkcpus= says */

#define LWK_WHY_MAX		96
/* One line of a boot log is enough for any sane argument. */
#define LWK_ARG_MAX		512

/**
 * struct lwk_layout - cores named by lwkcpus=
 * @cores: LWK cores of all groups.
 * @syscall_cores: syscall cores of all groups; may be empty.
 * @why: after an error, one clause in plain words.
 */
struct lwk_layout {
	struct cpumask cores;
	struct cpumask syscall_cores;
	char why[LWK_WHY_MAX];
};

int lwk_layout_parse(const char *arg, const struct cpumask *present,
		     unsigned int boot_cpu, struct lwk_layout *layout);

/* hardware.c: what lwkfor= says */

int lwk_hardware_check(const char *arg, const struct cpumask *present,
		       int (*node_of)(int cpu), char *why);

/* isolate.c: boot-time isolation; cores that are the LWK's, for good */

extern struct cpumask lwk_syscall_mask;
extern struct cpumask lwk_linux_mask;
const char *lwk_boot_arg(void);
void lwk_arch_isolate(void);

/* debt.c: broadcasts that wait for the next kernel entry */

enum lwk_debt_bits {
	LWK_DEBT_SYNC	= 1 << 0,	/* code was patched: serialise */
	LWK_DEBT_TLB	= 1 << 1,	/* kernel mappings changed: flush */
};

void lwk_arch_pay(int due);
unsigned long lwk_paid_by(int cpu);
void lwk_debt_init(void);

/* disturb.c: the account of interruptions */

struct lwk_enclave;
struct pt_regs;
void lwk_arch_irq_counts(u32 count[LWK_NR_KINDS]);
void lwk_arch_set_argument(struct pt_regs *regs, unsigned long value);
void lwk_account_fault(void);
ssize_t lwk_disturb_list(const struct lwk_enclave *e, char *buf, size_t size);
int lwk_disturb_init(void);

/* cputime.c: CPU time limits without a tick */

void lwk_cputime_look(struct task_struct *p);
void lwk_cputime_watch(void);
void lwk_cputime_unwatch(void);

/* quiet.c, tracing.c: services of Linux that LWK cores do without */

void lwk_perf_allow(int cpu, bool allow);
void lwk_mm_adopt(struct mm_struct *mm);
int lwk_quiet_init(void);
#ifdef CONFIG_EVENT_TRACING
void lwk_hold_event_buffers(void);
#else
static inline void lwk_hold_event_buffers(void) { }
#endif

/* enclave.c */

enum lwk_stat {
	LWK_STAT_JOINS,
	LWK_STAT_BUSY,
	LWK_STAT_DENIED,
	LWK_STAT_RELEASES,
	LWK_STAT_THREADS,
	LWK_STAT_ROTATIONS,
	LWK_STAT_POLL_HITS,
	LWK_STAT_POLL_MISSES,
	LWK_STAT_DEFERRED,
	LWK_STAT_DISTURBED,
	LWK_NR_STATS
};

/**
 * struct lwk_enclave - a set of cores with a directory
 * @group: the directory; its owner may run programs here.
 * @stats_group: the directory stats/ in it.
 * @link: in the list of enclaves.
 * @lock: protects @free, and lwk_core.rsv of @cores.
 * @cores: cores of the enclave; constant.
 * @syscall_cores: cores of Linux that serve it; constant.
 * @free: cores that nobody holds.
 * @wait: woken when cores become free.
 * @quantum_us: default quantum of reservations, 0 = never.
 * @poll_us: how long a core waits for its task before it halts.
 * @syscall_poll_us: the same for a core of Linux that has served a call.
 * @hop: calls that hop, for reservations to come; single bits change at any
 *	time.
 * @perf: events that are not of a task are allowed; under @perf_lock.
 * @perf_lock: serialises changes of @perf.
 * @stats: counters, by &enum lwk_stat.
 */
struct lwk_enclave {
	struct config_group group;
	struct config_group stats_group;
	struct list_head link;
	spinlock_t lock;	/* who holds which core */
	struct cpumask cores;
	struct cpumask syscall_cores;
	struct cpumask free;
	wait_queue_head_t wait;
	unsigned int quantum_us;
	unsigned int poll_us;
	unsigned int syscall_poll_us;
	DECLARE_BITMAP(hop, LWK_CALLS);
	bool perf;
	struct mutex perf_lock;	/* changes of perf */
	atomic64_t stats[LWK_NR_STATS];
};

#define lwk_stat_inc(e, which)	atomic64_inc(&(e)->stats[LWK_STAT_##which])

int lwk_enclave_init(void);
struct lwk_enclave *lwk_enclave_find(const char *name);
int lwk_enclave_permission(struct lwk_enclave *e);
int lwk_enclave_take(struct lwk_enclave *e, struct lwk_rsv *rsv,
		     const struct cpumask *want, unsigned int nr);
void lwk_enclave_put_cores(struct lwk_rsv *rsv);

/* evanescence/ */

/**
 * struct lwk_tally - how often a call was made, and where
 * @local: on the LWK core.
 * @hops: on a core of Linux.
 * @ns: nanoseconds from leaving to being home, of all @hops.
 * @worst: of one of them.
 *
 * Written on the LWK core: @local by single instructions, the others with
 * preemption off.
 */
struct lwk_tally {
	local64_t local;
	u64 hops;
	u64 ns;
	u64 worst;
};

/**
 * struct lwk_totals - the same of many calls
 * @local: calls on the LWK core.
 * @hops: calls on a core of Linux.
 * @fault_local: page faults on the LWK core.
 * @fault_hops: page faults on a core of Linux.
 */
struct lwk_totals {
	u64 local;
	u64 hops;
	u64 fault_local;
	u64 fault_hops;
};

void lwk_calls_default(unsigned long *hop);
void lwk_rsv_attend(struct lwk_rsv *rsv);
int lwk_calls_change(unsigned long *hop, const char *names, bool hops);
ssize_t lwk_calls_list(const unsigned long *hop, char *buf, size_t size);
void lwk_rsv_set_calls(struct lwk_rsv *rsv, struct lwk_policy *policy);
void lwk_totals_add(struct lwk_totals *totals, const struct lwk_tally *tallies);
void lwk_rsv_count(const struct lwk_rsv *rsv, unsigned int call,
		   struct lwk_call_count *sum);
int lwk_servers_init(const struct lwk_enclave *e);
void lwk_servers_exit(const struct lwk_enclave *e);

/* LWK memory, for the rest of the LWK: pool.c, account.c, region.c, backing.c */

#ifdef CONFIG_LWK_MEMORY
void lwk_pool_init(void);
int lwk_account_open(unsigned long promise);
void lwk_account_close(int id);
unsigned long lwk_account_used(int id, unsigned long *peak);
int lwk_regions_check(const struct lwk_region_policy *regions);
void lwk_memory_adopt(struct mm_struct *mm);
void lwk_memory_called(long call);
void lwk_back_program(void);
#else
static inline void lwk_pool_init(void) { }

static inline int lwk_account_open(unsigned long promise)
{
	return promise ? -ENOSPC : 0;
}

static inline void lwk_account_close(int id) { }

static inline unsigned long lwk_account_used(int id, unsigned long *peak)
{
	*peak = 0;
	return 0;
}

static inline int lwk_regions_check(const struct lwk_region_policy *regions)
{
	return 0;
}

static inline void lwk_memory_adopt(struct mm_struct *mm) { }
static inline void lwk_memory_called(long call) { }
static inline void lwk_back_program(void) { }
#endif

/* task.c */

void lwk_task_equip(struct task_struct *p);

/* rsv.c */

/**
 * struct lwk_slot - one core of a reservation
 * @cpu: the core.
 * @threads: threads whose home it is.
 * @tallies: of the calls made there, LWK_CALLS of them.
 */
struct lwk_slot {
	unsigned int cpu;
	unsigned int threads;
	struct lwk_tally *tallies;
};

/**
 * struct lwk_rsv - the right of a process tree to some cores
 * @ref: one per task that points here, living or dead.
 * @enclave: whose cores.
 * @nr_tasks: living tasks; the cores are free again when it drops to zero.
 * @no_inherit: forked processes leave.
 * @dry_run: holds no cores, only says which it could have had.
 * @quantum_ns: round robin quantum on a shared core, 0 = never.
 * @lock: protects @slots, and home and member of the tasks.
 * @cores: the cores; constant.
 * @linux_mask: where the process ran before it joined; constant from then on.
 * @nr_slots: number of cores; constant.
 * @memory: pages of LWK memory that it was promised; constant.
 * @memory_over: beyond that its members may have memory of Linux; constant.
 * @account: of its LWK memory; 0 on a machine without.
 * @ended: @account is not its any more; under @memory_lock.
 * @peak: the most that it had; valid when @ended.
 * @memory_lock: protects the end of @account.
 * @pages_of_linux: pages that were to come from the pool, and came from Linux.
 * @lock_text: text of programs is to be locked; constant.
 * @regions: how memory is to be; constant.
 * @disturbed: interruptions of user mode, foreign and own ones, by kind.
 * @hop: calls that hop; single bits change at any time.
 * @attend: those, and others for which there is something to do. One look
 *	tells the rest from them.
 * @slots: the cores in the order in which threads are placed.
 */
struct lwk_rsv {
	struct kref ref;
	struct lwk_enclave *enclave;
	atomic_t nr_tasks;
	bool no_inherit;
	bool dry_run;
	u64 quantum_ns;
	raw_spinlock_t lock;
	struct cpumask cores;
	struct cpumask linux_mask;
	unsigned int nr_slots;
	unsigned long memory;
	bool memory_over;
	int account;
	bool ended;
	unsigned long peak;
	spinlock_t memory_lock;		/* end of account */
	atomic64_t pages_of_linux;
	bool lock_text;
	struct lwk_region_policy regions[LWK_NR_REGIONS];
	atomic64_t disturbed[2][LWK_NR_KINDS];
	DECLARE_BITMAP(hop, LWK_CALLS);
	DECLARE_BITMAP(attend, LWK_CALLS);
	struct lwk_slot slots[] __counted_by(nr_slots);
};

struct lwk_rsv *lwk_rsv_get(struct task_struct *p);
struct lwk_rsv *lwk_rsv_take(const struct lwk_join *req,
			     const struct cpumask *want);
int lwk_rsv_enter(struct lwk_rsv *rsv);
void lwk_rsv_end(struct lwk_rsv *rsv);
void lwk_rsv_memory(struct lwk_rsv *rsv, struct lwk_memory *memory);
void lwk_rsv_cancel(struct lwk_rsv *rsv);
void lwk_rsv_put(struct lwk_rsv *rsv);

/* place.c: pure choices, and the accounts they rest on */

unsigned int lwk_pick_cores(const struct cpumask *free, unsigned int nr,
			    struct cpumask *out);
struct lwk_slot *lwk_pick_slot(struct lwk_rsv *rsv,
			       const struct cpumask *allowed);
void lwk_place(struct task_struct *p, const struct cpumask *allowed);
void lwk_unplace(struct task_struct *p);
void lwk_place_at(struct task_struct *p, int cpu);

/* class.c, balance.c: the scheduling class and the push across cores */

struct rq;
extern const struct sched_class lwk_sched_class;
void lwk_class_init(void);
int lwk_class_enter(struct lwk_rsv *rsv);
bool lwk_class_leave(int server, const struct cpumask *mask);
bool lwk_class_return(void);
void lwk_queue_push(struct rq *rq);
void lwk_queue_naturalize(struct rq *rq, struct task_struct *p);
bool lwk_guests_allowed(int cpu);
void lwk_guests_overtaken(int cpu);
void lwk_guests_look(void);
int lwk_guest_init(void);

/* core.c: the cores */

/**
 * struct lwk_core - the LWK's view of one CPU
 * @enclave: whose core it is, or NULL; constant after boot.
 * @rsv: reservation that holds it, under the enclave's lock.
 * @homed: threads whose home it is, under @rsv->lock; read without.
 * @tallies: of @rsv; read on the core by its members.
 * @servers: cores of Linux that serve its calls, nearest first; constant.
 * @nr_servers: length of @servers.
 * @past: calls and page faults of reservations that have ended.
 * @signals: hops for signals; written on the core, like @refused.
 * @refused: hops that were due and could not be.
 */
struct lwk_core {
	struct lwk_enclave *enclave;
	struct lwk_rsv *rsv;
	unsigned int homed;
	struct lwk_tally *tallies;
	unsigned int *servers;
	unsigned int nr_servers;
	struct lwk_totals past;
	u64 signals;
	u64 refused;
};

DECLARE_PER_CPU(struct lwk_core, lwk_cores);

/*
 * idle.c: the enclave that a core of Linux has served since it last halted;
 * written under the lock of its run queue, or by its idle task. Only a hint.
 */
DECLARE_PER_CPU(struct lwk_enclave *, lwk_served);

#define lwk_core_stat_add(cpu, which, nr) do {				\
	struct lwk_enclave *__e = per_cpu(lwk_cores, cpu).enclave;	\
									\
	if (__e)							\
		atomic64_add(nr, &__e->stats[LWK_STAT_##which]);	\
} while (0)
#define lwk_core_stat_inc(cpu, which)	lwk_core_stat_add(cpu, which, 1)

int lwk_core_init(void);

/* configfs.c, dev.c: the two doors */

__printf(4, 5) ssize_t lwk_print(char *buf, size_t size, ssize_t len,
				 const char *fmt, ...);
int lwk_configfs_init(void);
int lwk_configfs_add(struct lwk_enclave *e, const char *name);
int lwk_dev_init(void);

#endif /* _LWK_INTERNAL_H */
