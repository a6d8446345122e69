// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: names of segments, unique in an IPC namespace.
 */
#include <linux/ctype.h>
#include <linux/ipc_namespace.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "xemem.h"

static DEFINE_MUTEX(names_lock);	/* names; innermost */
static LIST_HEAD(names);
/* Whenever there is a new one. */
static DECLARE_WAIT_QUEUE_HEAD(named);

static bool is_name(const char *name)
{
	size_t len = strnlen(name, XEMEM_NAME_MAX), i;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("._-/", name[i])))
			return false;
	return len && len < XEMEM_NAME_MAX;
}

static struct xemem_segment *find(const struct ipc_namespace *ns,
				  const char *name)
{
	struct xemem_segment *segment;

	lockdep_assert_held(&names_lock);
	list_for_each_entry(segment, &names, named)
		if (segment->ns == ns && !strcmp(segment->name, name))
			return segment;
	return NULL;
}

/**
 * xemem_name_add - a segment can be found by its name
 * @segment: it; without a name, nothing happens.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no name; -EEXIST: another one has it.
 */
int xemem_name_add(struct xemem_segment *segment)
{
	if (!*segment->name)
		return 0;
	if (!is_name(segment->name))
		return -EINVAL;
	scoped_guard(mutex, &names_lock) {
		if (find(segment->ns, segment->name))
			return -EEXIST;
		list_add_tail(&segment->named, &names);
	}
	wake_up_all(&named);
	return 0;
}

/**
 * xemem_name_remove - a segment ends
 * @segment: it.
 *
 * Context: process context, may sleep.
 */
void xemem_name_remove(struct xemem_segment *segment)
{
	guard(mutex)(&names_lock);
	list_del_init(&segment->named);
}

static bool look_up(const char *name, s64 *segid)
{
	struct xemem_segment *segment;

	guard(mutex)(&names_lock);
	segment = find(current->nsproxy->ipc_ns, name);
	*segid = segment ? segment->segid : 0;
	return segment;
}

/*
 * Until @end. What is looked at may sleep, so it is woken. Jiffies may be late,
 * and what is counted in them early: the clock decides.
 */
static int wait_for(const char *name, s64 *segid, ktime_t end)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;
	s64 left;

	add_wait_queue(&named, &wait);
	while (!look_up(name, segid)) {
		left = ktime_to_ns(ktime_sub(end, ktime_get()));
		if (left <= 0)
			ret = -ETIMEDOUT;
		else if (signal_pending(current))
			/* Not begun anew: the caller knows how long he has waited. */
			ret = -EINTR;
		if (ret)
			break;
		wait_woken(&wait, TASK_INTERRUPTIBLE, end == KTIME_MAX ?
			   MAX_SCHEDULE_TIMEOUT : nsecs_to_jiffies(left) + 1);
	}
	remove_wait_queue(&named, &wait);
	return ret;
}

/**
 * xemem_name_lookup - find a segment by its name, or wait for it
 * @req: the name, and for how long; out: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no name; -ENOENT: there is none, and the caller
 * does not wait; -ETIMEDOUT: there was none for so long; -EINTR.
 */
int xemem_name_lookup(struct xemem_lookup *req)
{
	if (!is_name(req->name) || req->reserved || req->timeout_ms < -1)
		return -EINVAL;
	if (!req->timeout_ms)
		return look_up(req->name, &req->segid) ? 0 : -ENOENT;
	return wait_for(req->name, &req->segid,
			req->timeout_ms < 0 ? KTIME_MAX :
			ktime_add_ms(ktime_get(), req->timeout_ms));
}
