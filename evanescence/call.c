// SPDX-License-Identifier: GPL-2.0
/*
 * The way in and the way out of a call of a member.
 *
 * A work bit brings it here before a tracer, seccomp or audit see the call, so
 * that they see it where it is served; a thread flag brings it here again when
 * everything else is done that comes before user mode. What a signal means is
 * decided by Linux, so a member hops for that, too.
 */
#include <linux/entry-common.h>
#include <linux/bits.h>
#include <linux/sched/clock.h>
#include <linux/task_work.h>
#include <trace/events/lwk.h>
#include <asm/unistd.h>

#include "../runqueue.h"
#include "evanescence.h"

/* Who is watched is served where the watcher is, whatever the call. */
#define SYSCALL_WORK_WATCHED						\
	(SYSCALL_WORK_SECCOMP | SYSCALL_WORK_SYSCALL_TRACE |		\
	 SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SYSCALL_AUDIT)

/* By one instruction: who is preempted in between is counted elsewhere. */
static __always_inline void count_local(long call)
{
	struct lwk_tally *tallies = this_cpu_read(lwk_cores.tallies);

	if (call >= 0 && tallies)
		local64_inc(&tallies[call].local);
}

static void count_hop(int call, u64 ns)
{
	struct lwk_tally *t;

	if (call < 0) {
		this_cpu_inc(lwk_cores.signals);
		return;
	}
	guard(preempt)();
	t = this_cpu_read(lwk_cores.tallies);
	if (!t)
		return;
	t += call;
	t->hops++;
	t->ns += ns;
	if (ns > t->worst)
		t->worst = ns;
}

/* Never fails: what cannot hop is served here, and counted. */
static noinline void hop(int call)
{
	const struct lwk_enclave *e = current->lwk.rsv->enclave;
	int home = raw_smp_processor_id();
	int server = lwk_server_pick(home);

	current->lwk.call = call;
	current->lwk.left = local_clock();
	if (current->lwk.affinity && server < nr_cpu_ids &&
	    lwk_class_leave(server, lwk_server_mask(e, server))) {
		set_thread_flag(TIF_LWK_HOME);
		trace_lwk_hop(call, home, server);
		return;
	}
	this_cpu_inc(lwk_cores.refused);
	count_local(call);
}

/* May it make memory accessible, or something that the LWK is to know of? */
static bool is_memory_call(long call)
{
	return IS_ENABLED(CONFIG_LWK_MEMORY) && call >= 0 && call < 64 &&
	       LWK_MEMORY_CALLS >> call & 1;
}

static noinline void attend(long call, bool watched)
{
	if (is_memory_call(call))
		lwk_memory_called(call);
	if (watched || test_bit(call, current->lwk.rsv->hop))
		hop(call);
	else
		count_local(call);
}

/* @watched: it is to be served where Linux is, whatever it is. */
static __always_inline void serve(long call, bool watched)
{
	if (!watched && (call < 0 || !test_bit(call, current->lwk.rsv->attend)))
		count_local(call);
	else
		attend(call, watched);
}

/**
 * lwk_serve_fault - a member has a page fault
 * @fault: of which kind.
 *
 * Context: current is at home; interrupts and preemption on, may sleep.
 */
void lwk_serve_fault(enum lwk_fault fault)
{
	serve(LWK_CALLS_FAULT + fault, false);
}

/**
 * __lwk_syscall_enter - a member makes a system call
 * @regs: of user mode.
 * @nr: number of the call, which a tracer may still change.
 * @work: SYSCALL_WORK_* of the task.
 *
 * Context: entry from user mode, interrupts and preemption on, may sleep.
 */
void __lwk_syscall_enter(const struct pt_regs *regs, long nr,
			 unsigned long work)
{
	long call = lwk_call_index(nr);

	lockdep_assert_preemption_enabled();
	if (current->lwk.away) {
		/* It could not go home the last time. */
		set_thread_flag(TIF_LWK_HOME);
		return;
	}
	serve(call, work & SYSCALL_WORK_WATCHED);
}

/*
 * Is there work for Linux before current goes home? What remains of a resume
 * notification concerns user mode (rseq), which is better told once, there.
 */
static bool work_for_linux(unsigned long ti_work)
{
	const unsigned long work = EXIT_TO_USER_MODE_WORK &
				   ~(_TIF_LWK_HOME | _TIF_NOTIFY_RESUME);

	return (ti_work & work) || task_work_pending(current) ||
	       lwk_owes_reclaim();
}

/**
 * __lwk_exit_work - there is something to do before user mode
 * @ti_work: _TIF_* that say what.
 *
 * A member with a signal, or which is to stop, freeze or die, is served like
 * one that calls. One that is away goes home now if only that is left.
 *
 * Context: on the way to user mode, interrupts and preemption on, may sleep.
 */
void __lwk_exit_work(unsigned long ti_work)
{
	if (!current->lwk.rsv)
		return;
	if (!current->lwk.away) {
		if (ti_work & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL))
			hop(-1);
	} else if ((ti_work & _TIF_LWK_HOME) && !work_for_linux(ti_work)) {
		__lwk_go_home();
	}
}

/**
 * __lwk_go_home - all that Linux had to do for a member is done
 *
 * Context: on the way to user mode, interrupts and preemption on, may sleep.
 */
void __lwk_go_home(void)
{
	int from = raw_smp_processor_id();
	u64 ns;

	lockdep_assert_preemption_enabled();
	clear_thread_flag(TIF_LWK_HOME);
	if (!current->lwk.away || !lwk_class_return())
		return;
	ns = local_clock() - current->lwk.left;
	count_hop(current->lwk.call, ns);
	trace_lwk_home(current->lwk.call, from, raw_smp_processor_id(), ns);
}
