// SPDX-License-Identifier: GPL-2.0
/*
 * Out of memory: of a reservation's, which is the member's own affair; and of
 * Linux', which is no affair of the members.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "memory.h"

/**
 * lwk_out_of_memory - current needs more than its reservation has
 *
 * Memory that was not there before it was touched, so that no call could
 * fail. As a memory cgroup that is at its limit, the process is killed, and
 * nobody else.
 *
 * Context: process context.
 */
void lwk_out_of_memory(void)
{
	if (fatal_signal_pending(current))
		return;
	pr_notice_ratelimited("out of LWK memory: killed process %d (%s), which has its %lu MiB and may have no more\n",
			      task_tgid_nr(current), current->comm,
			      current->lwk.rsv->memory >> (20 - PAGE_SHIFT));
	do_send_sig_info(SIGKILL, SEND_SIG_PRIV, current, PIDTYPE_TGID);
}

/* Linux gets nothing back from one whose memory is all the LWK's. */
static bool is_spared(const struct task_struct *p)
{
	const struct lwk_rsv *rsv = READ_ONCE(p->lwk.rsv);

	return rsv && !rsv->memory_over;
}

/*
 * Linux passes over address spaces with this flag. It has no meaning to others
 * while the process lives; of one that is being killed it is not ours.
 */
static void mark_members(bool spare)
{
	struct task_struct *p, *t;

	lockdep_assert_held(&oom_lock);
	guard(rcu)();
	for_each_process(p) {
		if (!is_spared(p) || tsk_is_oom_victim(p))
			continue;
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		if (spare)
			mm_flags_set(MMF_OOM_SKIP, t->mm);
		else
			mm_flags_clear(MMF_OOM_SKIP, t->mm);
		task_unlock(t);
	}
}

/* When the lock is free again, the victim has been chosen. */
static void unmark(struct work_struct *work)
{
	guard(mutex)(&oom_lock);
	mark_members(false);
}

static DECLARE_WORK(unmarking, unmark);

/*
 * Linux is about to choose a victim on the whole machine; nobody asks here
 * when a memory cgroup does, so that members count in theirs as others do.
 */
static int choosing(struct notifier_block *nb, unsigned long unused,
		    void *freed)
{
	mark_members(true);
	queue_work(system_unbound_wq, &unmarking);
	return NOTIFY_OK;
}

static struct notifier_block choosing_nb = {
	.notifier_call = choosing,
};

/**
 * lwk_oom_init - keep the OOM killer away from members
 *
 * Context: late boot, process context, once.
 */
void __init lwk_oom_init(void)
{
	/* Fails for one that is registered already. */
	WARN_ON(register_oom_notifier(&choosing_nb));
}
