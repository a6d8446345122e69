// SPDX-License-Identifier: GPL-2.0
/*
 * What a core does between a task that leaves and a task that comes.
 *
 * The core of a thread that is away, and the core of Linux that has just
 * served one, poll for a moment before they halt: as long as they poll, a
 * task that comes needs no interrupt, and the core need not leave and enter
 * the idle state, with all that Linux has to do for that.
 */
#include <linux/livepatch.h>
#include <linux/sched/clock.h>

#include "internal.h"
#include "runqueue.h"
#include "smp.h"

DEFINE_PER_CPU(struct lwk_enclave *, lwk_served);

/* Reading the clock takes longer than looking. */
#define LOOKS	16

/* Idle task, polling. False if nothing came within @poll_us. */
static bool wait_for_task(unsigned int poll_us)
{
	unsigned int looks = 0;
	u64 end = 0;

	while (!need_resched()) {
		cpu_relax();
		if (++looks % LOOKS)
			continue;
		if (!end)
			end = local_clock() + poll_us * NSEC_PER_USEC;
		else if (local_clock() >= end)
			return false;
	}
	return true;
}

/* As the idle loop does it, see there; the tick has never been told. */
static void run_task(void)
{
	preempt_set_need_resched();
	__current_clr_polling();
	/* Who saw the flag set has sent no interrupt, but queued something. */
	smp_mb__after_atomic();
	flush_smp_call_function_queue();
	lwk_idle_exit();
	schedule_idle();
	if (unlikely(klp_patch_pending(current)))
		klp_update_patch_state(current);
	__current_set_polling();
}

/* For how long, and on behalf of whom, does this core wait? */
static unsigned int poll_time(struct lwk_enclave **e)
{
	struct lwk_core *core = raw_cpu_ptr(&lwk_cores);

	*e = core->enclave;
	if (*e)
		return READ_ONCE(core->homed) ? READ_ONCE((*e)->poll_us) : 0;
	*e = raw_cpu_read(lwk_served);
	return *e ? READ_ONCE((*e)->syscall_poll_us) : 0;
}

/**
 * __lwk_idle_enter - the core has nothing to run
 *
 * An LWK core without a thread, and a core of Linux that serves nobody, halt
 * at once.
 *
 * Context: idle task, interrupts on, polling flag set; the tick does not know
 * yet that the core is idle.
 */
void __lwk_idle_enter(void)
{
	struct lwk_enclave *e;
	unsigned int poll_us;

	while ((poll_us = poll_time(&e)) && !cpu_is_offline(raw_smp_processor_id())) {
		if (!wait_for_task(poll_us)) {
			raw_cpu_write(lwk_served, NULL);
			lwk_stat_inc(e, POLL_MISSES);
			return;
		}
		lwk_stat_inc(e, POLL_HITS);
		run_task();
	}
}

/**
 * __lwk_idle_exit - the core has got something to run
 *
 * Context: idle task, interrupts on; schedules next.
 */
void __lwk_idle_exit(void)
{
	if (unlikely(lwk_guest_waits(this_rq())))
		lwk_guests_overtaken(smp_processor_id());
}
