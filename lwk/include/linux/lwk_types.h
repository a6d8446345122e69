/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LWK_TYPES_H
#define _LINUX_LWK_TYPES_H

#include <linux/types.h>

struct lwk_rsv;

/**
 * struct lwk_task - the LWK's part of a task
 * @rsv: reservation whose cores the task may use; NULL for a task of Linux.
 *	Set by the task itself when it joins and copied at fork; constant from
 *	then on until the task is freed, so that any reader that holds the
 *	task may follow it.
 * @node: on the run queue of a core, under that run queue's lock.
 * @home: core where the task is counted and returns to after a sleep, or -1;
 *	under @rsv->lock.
 * @member: counted in @rsv; false before the fork is certain and after the
 *	exit. Written by the forking or exiting task, under @rsv->lock.
 * @moving: to be pushed to @home as soon as it is switched out; under the
 *	run queue's lock.
 *
 * Empty without CONFIG_LWK.
 */
struct lwk_task {
#ifdef CONFIG_LWK
	struct lwk_rsv *rsv;
	struct list_head node;
	int home;
	bool member;
	bool moving;
#endif
};

#endif /* _LINUX_LWK_TYPES_H */
