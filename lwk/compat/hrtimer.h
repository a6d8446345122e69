/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers, by the names of the newest release that is supported.
 */
#ifndef LWK_COMPAT_HRTIMER_H
#define LWK_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
/* Any context. What the timer does is no longer written to it afterwards. */
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* LWK_COMPAT_HRTIMER_H */
