// SPDX-License-Identifier: GPL-2.0
/*
 * What an LWK core does while it has nothing to run.
 */
#include <linux/sched/clock.h>

#include "internal.h"
#include "runqueue.h"

/**
 * __lwk_idle_enter - wait a moment for a task to come back
 *
 * A core that is the home of a thread which sleeps polls for poll_us of its
 * enclave before it halts: as long as it polls, a wakeup is a store and no
 * interrupt. A core without a thread halts at once.
 *
 * Context: idle task, once per idle period, interrupts on, polling flag set.
 */
void __lwk_idle_enter(void)
{
	struct lwk_core *core = raw_cpu_ptr(&lwk_cores);
	unsigned int poll_us;
	u64 end;

	if (!core->enclave || !READ_ONCE(core->homed))
		return;
	poll_us = READ_ONCE(core->enclave->poll_us);
	if (!poll_us)
		return;

	end = local_clock() + poll_us * NSEC_PER_USEC;
	while (!need_resched()) {
		if (local_clock() >= end) {
			lwk_stat_inc(core->enclave, POLL_MISSES);
			return;
		}
		cpu_relax();
	}
	lwk_stat_inc(core->enclave, POLL_HITS);
}
