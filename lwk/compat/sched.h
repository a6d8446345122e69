/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scheduler; after its own header.
 */
#ifndef LWK_COMPAT_SCHED_H
#define LWK_COMPAT_SCHED_H

#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/mm_types.h>
#include <linux/version.h>

/*
 * A task of @mm may run on @mask from now on. Each core that runs tasks of an
 * address space has a number there, the mm_cid of rseq. A newer kernel has as
 * many numbers as there are cores that the tasks were ever allowed to run on,
 * and spins until one is free: for ever, where they run on others, too.
 * __set_cpus_allowed_ptr() tells it; who sets a mask in another way has to.
 */
static inline void compat_mm_runs_on(struct mm_struct *mm,
				     const struct cpumask *mask)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0) && defined(CONFIG_SCHED_MM_CID)
	/* It only grows. */
	if (mm && !cpumask_subset(mask, mm_cpus_allowed(mm))) {
		guard(irqsave)();
		mm_set_cpus_allowed(mm, mask);
	}
#endif
}

/*
 * Run queue locked, the server stopped and without a runtime. It is not to be
 * started any more; a newer kernel arms its timer whatever runtime it has,
 * and an older one sets up anew what is not known to be a server.
 */
static inline void compat_forbid_server(struct sched_dl_entity *server)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	server->dl_server = 0;
	server->dl_defer = 0;
#endif
}

#endif /* LWK_COMPAT_SCHED_H */
