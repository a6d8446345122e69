// SPDX-License-Identifier: GPL-2.0
/*
 * The account of interruptions: what took an LWK core out of user mode, from
 * where, and whether the process itself was the cause.
 *
 * An entry from user mode by anything but a system call passes
 * __lwk_irq_from_user(), its way back __lwk_irq_to_user(); what the core's
 * interrupt counters gained in between is what it was. Who sent it is known
 * to the sender only, who leaves a note on the way (tracepoints of the
 * senders, attached only on a machine with LWK cores).
 *
 * An interruption is the process's *own* if one of its tasks sent it (its
 * TLB shootdowns, its membarrier, its wakeups), if it comes from a timer that
 * was started here, if an interrupt elsewhere woke or signalled it (a timer or
 * a device has done what it asked for), or if it is an exception. All others
 * are *foreign*. Page faults report themselves, see fault.c of Evanescence.
 */
#include <linux/init.h>
#include <linux/hrtimer.h>
#include <linux/kallsyms.h>
#include <linux/sched/signal.h>
#include <linux/tick.h>
#include <trace/events/csd.h>
#include <trace/events/ipi.h>
#include <trace/events/lwk.h>

#include "internal.h"
#include "runqueue.h"
#include "smp.h"
#include "tick-internal.h"

#define LWK_CULPRITS	16	/* per core; the last one stands for others */
#define LWK_FROM_NONE	(-1)

/**
 * struct lwk_culprit - interruptions of one core that are alike
 * @kind: &enum lwk_kind.
 * @own: caused by the interrupted process.
 * @from: core of the sender, or LWK_FROM_NONE if there is none.
 * @func: what was called, or who woke; 0 if not known.
 * @count: how many.
 */
struct lwk_culprit {
	enum lwk_kind kind;
	bool own;
	int from;
	unsigned long func;
	u64 count;
};

/**
 * struct lwk_note - what a sender leaves on the way
 * @sent: notes so far; two senders may race, and one note is lost.
 * @seen: notes that were attributed, by the receiver: one for each interrupt,
 *	since the next note may be there before its interrupt.
 * @from: core of the sender.
 * @func: what is called, or who wakes.
 * @own: the sender belongs to the process that runs there.
 */
struct lwk_note {
	unsigned int sent;
	unsigned int seen;
	int from;
	unsigned long func;
	bool own;
};

/**
 * struct lwk_watch - the account of one core
 * @call: the last note of a cross call.
 * @wake: the last note of a wakeup.
 * @before: interrupt counters at the last entry.
 * @timer: function of the timer that was next at the last entry.
 * @timer_own: it is the process's own.
 * @nmi: NMIs that were counted.
 * @culprits: what happened, in order of first occurrence.
 *
 * All but the notes are written by the core itself, interrupts off.
 */
struct lwk_watch {
	struct lwk_note call;
	struct lwk_note wake;
	u32 before[LWK_NR_KINDS];
	unsigned long timer;
	bool timer_own;
	u32 nmi;
	struct lwk_culprit culprits[LWK_CULPRITS];
};

static DEFINE_PER_CPU(struct lwk_watch, watches);

static const char * const kind_names[LWK_NR_KINDS] = {
	[LWK_KIND_TIMER]	= "timer",
	[LWK_KIND_CALL]		= "call",
	[LWK_KIND_TLB]		= "tlb",
	[LWK_KIND_RESCHED]	= "resched",
	[LWK_KIND_IRQ_WORK]	= "irq_work",
	[LWK_KIND_DEVICE]	= "device",
	[LWK_KIND_NMI]		= "nmi",
	[LWK_KIND_OTHER]	= "other",
	[LWK_KIND_FAULT]	= "fault",
};

/* Does current send on behalf of what runs on @cpu? */
static bool same_process(int cpu)
{
	const struct task_struct *p;

	if (!current->mm)
		return false;
	guard(rcu)();
	p = rcu_dereference(cpu_rq(cpu)->curr);
	return READ_ONCE(p->mm) == current->mm ||
	       (current->lwk.rsv && READ_ONCE(p->lwk.rsv) == current->lwk.rsv);
}

static void leave_note(struct lwk_note *n, int cpu, unsigned long func,
		       bool wake)
{
	WRITE_ONCE(n->func, func);
	WRITE_ONCE(n->from, raw_smp_processor_id());
	WRITE_ONCE(n->own, in_task() ? same_process(cpu) : wake);
	/* Read behind the interrupt, which is ordered after this. */
	WRITE_ONCE(n->sent, n->sent + 1);
}

/* Any context. A cross call or an irq_work is queued for @cpu. */
static void note_call(void *data, const unsigned int cpu,
		      unsigned long callsite, smp_call_func_t func,
		      call_single_data_t *csd)
{
	if (lwk_owns_cpu(cpu))
		leave_note(&per_cpu(watches, cpu).call, cpu,
			   (unsigned long)func, func == sched_ttwu_pending);
}

/* Any context. @cpu is interrupted, without @callback to make it reschedule. */
static void note_ipi(void *data, const unsigned int cpu,
		     unsigned long callsite, void *callback)
{
	if (!callback && lwk_owns_cpu(cpu))
		leave_note(&per_cpu(watches, cpu).wake, cpu, callsite, true);
}

static struct lwk_culprit *find_culprit(struct lwk_watch *w,
					const struct lwk_culprit *c)
{
	struct lwk_culprit *slot;

	for (slot = w->culprits; slot < &w->culprits[LWK_CULPRITS - 1];
	     slot++) {
		if (!slot->count) {
			*slot = *c;
			break;
		}
		if (slot->kind == c->kind && slot->own == c->own &&
		    slot->from == c->from && slot->func == c->func)
			break;
	}
	return slot;
}

static void account(struct lwk_watch *w, struct lwk_culprit c, u32 nr)
{
	struct lwk_rsv *rsv = current->lwk.rsv;
	struct lwk_culprit *slot;

	c.count = 0;
	slot = find_culprit(w, &c);
	if (slot == &w->culprits[LWK_CULPRITS - 1])
		slot->from = LWK_FROM_NONE;
	WRITE_ONCE(slot->count, slot->count + nr);

	if (rsv)
		atomic64_add(nr, &rsv->disturbed[c.own][c.kind]);
	if (!c.own)
		lwk_core_stat_add(smp_processor_id(), DISTURBED, nr);
	trace_lwk_disturb(kind_names[c.kind], c.own, c.from, (void *)c.func);
}

/* What the timer interrupt that has just been taken will call, if anything. */
static unsigned long next_timer(void)
{
	struct hrtimer_cpu_base *base = this_cpu_ptr(&hrtimer_bases);
	struct hrtimer *timer;
	struct timerqueue_node *node;
	unsigned long func = 0;
	ktime_t first = KTIME_MAX, expires;
	unsigned int i;

	guard(raw_spinlock)(&base->lock);
	for (i = 0; i < HRTIMER_MAX_CLOCK_BASES; i++) {
		node = timerqueue_getnext(&base->clock_base[i].active);
		if (!node)
			continue;
		expires = ktime_sub(node->expires, base->clock_base[i].offset);
		if (expires >= first)
			continue;
		first = expires;
		timer = container_of(node, struct hrtimer, node);
		func = (unsigned long)ACCESS_PRIVATE(timer, function);
	}
	return func;
}

/*
 * Timers are started on this core by calls of the process only. The tick is
 * the process's own if it stands in for such a timer, because it is stopped,
 * if CPU timers of the process need it, or if RCU does, which asks for it when
 * a call of the process keeps the core in the kernel for long.
 */
static bool own_timer(unsigned long func)
{
	const struct tick_sched *ts = tick_get_tick_sched(smp_processor_id());

	return func != (unsigned long)ACCESS_PRIVATE(&ts->sched_timer, function) ||
	       (ts->flags & TS_FLAG_STOPPED) ||
	       (atomic_read(&ts->tick_dep_mask) & TICK_DEP_MASK_RCU) ||
	       atomic_read(&current->tick_dep_mask) ||
	       atomic_read(&current->signal->tick_dep_mask);
}

static void read_note(struct lwk_culprit *c, struct lwk_note *n)
{
	unsigned int sent = READ_ONCE(n->sent);

	if (n->seen == sent)
		return;
	/* Of several notes for one interrupt no more than one is left over. */
	n->seen = max(n->seen + 1, sent - 1);
	c->func = READ_ONCE(n->func);
	c->from = READ_ONCE(n->from);
	c->own = READ_ONCE(n->own);
}

/* What is known about an interruption of some kind. */
static struct lwk_culprit describe(struct lwk_watch *w, enum lwk_kind kind)
{
	struct lwk_culprit c = { .kind = kind, .from = LWK_FROM_NONE };

	switch (kind) {
	case LWK_KIND_TIMER:
		c.func = w->timer;
		c.own = w->timer_own;
		break;
	case LWK_KIND_CALL:
	case LWK_KIND_TLB:
		read_note(&c, &w->call);
		break;
	case LWK_KIND_RESCHED:
		read_note(&c, &w->wake);
		break;
	case LWK_KIND_IRQ_WORK:
		/* That of others comes as a call. */
		c.from = smp_processor_id();
		c.own = true;
		break;
	default:
		break;
	}
	return c;
}

static void account_nmis(struct lwk_watch *w, u32 nmi)
{
	if (nmi == w->nmi)
		return;
	account(w, describe(w, LWK_KIND_NMI), nmi - w->nmi);
	w->nmi = nmi;
}

/**
 * lwk_account_fault - a member has an exception of its own
 *
 * Context: any; current is at home.
 */
void lwk_account_fault(void)
{
	if (current->lwk.rsv)
		atomic64_inc(&current->lwk.rsv->disturbed[true][LWK_KIND_FAULT]);
}

/**
 * __lwk_irq_from_user - an LWK core left user mode, not by a system call
 * @regs: of user mode.
 *
 * Context: interrupts off, RCU watches.
 */
void __lwk_irq_from_user(const struct pt_regs *regs)
{
	struct lwk_watch *w = this_cpu_ptr(&watches);

	lockdep_assert_irqs_disabled();
	current->lwk.fault = false;
	lwk_arch_irq_counts(w->before);
	/* They do not pass here, so look for those since the last time. */
	account_nmis(w, w->before[LWK_KIND_NMI]);
	w->timer = next_timer();
	w->timer_own = own_timer(w->timer);
}

/**
 * __lwk_irq_to_user - the interruption has been handled
 * @regs: of user mode.
 *
 * Before signals and scheduling, so on the core that was interrupted. What
 * comes while a fault is served interrupts the kernel and not user mode.
 *
 * Context: interrupts off.
 */
void __lwk_irq_to_user(const struct pt_regs *regs)
{
	struct lwk_watch *w = this_cpu_ptr(&watches);
	u32 after[LWK_NR_KINDS] = { };
	enum lwk_kind kind;
	bool any = false;

	lockdep_assert_irqs_disabled();
	/* What has come meanwhile interrupted the kernel. */
	if (current->lwk.fault)
		return;
	lwk_arch_irq_counts(after);
	account_nmis(w, after[LWK_KIND_NMI]);
	for (kind = 0; kind < LWK_NR_IRQ_KINDS; kind++) {
		if (after[kind] == w->before[kind] || kind == LWK_KIND_NMI)
			continue;
		account(w, describe(w, kind), after[kind] - w->before[kind]);
		any = true;
	}
	/* An exception other than a page fault. */
	if (!any)
		lwk_account_fault();
}

/* A name, or nothing: a bare address would be a secret of the kernel. */
static void *printable(unsigned long func)
{
	unsigned long size, offset;

	return kallsyms_lookup_size_offset(func, &size, &offset) ?
	       (void *)func : NULL;
}

/* The last line of a core stands for events of several kinds. */
static const char *kind_name(const struct lwk_culprit *c, int i)
{
	return i < LWK_CULPRITS - 1 ? kind_names[c->kind] : "any";
}

/**
 * lwk_disturb_list - print the account of an enclave's cores
 * @e: the enclave.
 * @buf: where to, or NULL to learn how much room it takes.
 * @size: room at @buf; all of it is filled.
 *
 * Context: process context.
 * Return: bytes.
 */
ssize_t lwk_disturb_list(const struct lwk_enclave *e, char *buf, size_t size)
{
	const struct lwk_culprit *c;
	ssize_t len = 0;
	int cpu, i;

	for_each_cpu(cpu, &e->cores) {
		for (i = 0; i < LWK_CULPRITS; i++) {
			c = &per_cpu(watches, cpu).culprits[i];
			if (!READ_ONCE(c->count))
				continue;
			len += lwk_print(buf, size, len,
					 "cpu=%d kind=%s own=%d from=%d function=%ps count=%llu\n",
					 cpu, kind_name(c, i), c->own, c->from,
					 printable(c->func),
					 READ_ONCE(c->count));
		}
	}
	if (buf && len < size)
		memset(buf + len, '\n', size - len);
	/* One more than the text: it is terminated while it is written. */
	return buf ? size : len ? len + 1 : 0;
}

/* On each LWK core: NMIs of the boot disturbed nobody. */
static void __init begin(void *unused)
{
	u32 count[LWK_NR_KINDS] = { };

	lwk_arch_irq_counts(count);
	this_cpu_ptr(&watches)->nmi = count[LWK_KIND_NMI];
}

/**
 * lwk_disturb_init - begin to account
 *
 * Context: late boot, process context.
 * Return: 0 or an error.
 */
int __init lwk_disturb_init(void)
{
	int err;

	on_each_cpu_mask(&lwk_core_mask, begin, NULL, true);
	err = register_trace_csd_queue_cpu(note_call, NULL);
	if (err)
		return err;
	err = register_trace_ipi_send_cpu(note_ipi, NULL);
	if (err)
		unregister_trace_csd_queue_cpu(note_call, NULL);
	return err;
}
