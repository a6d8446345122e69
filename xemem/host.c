// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: domain 1, which is this kernel. It has no links until somebody makes
 * another kernel, and its segments are not shown to such yet: what they ask for
 * is not there.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "link.h"

static struct xemem_domain *host;

static void tick(struct work_struct *work)
{
	xemem_domain_tick(host);
}

static DECLARE_WORK(tick_work, tick);

static void ring(struct timer_list *timer)
{
	queue_work(system_unbound_wq, &tick_work);
}

static DEFINE_TIMER(clock, ring);

static u64 host_now(void *context)
{
	return ktime_to_ms(ktime_get());
}

static void host_wake(void *context, u64 at)
{
	u64 now = host_now(context);

	/* Never later than it is set to. */
	timer_reduce(&clock, jiffies + 1 +
		     msecs_to_jiffies(at > now ? at - now : 0));
}

static int host_permit(void *context, u64 segid, u32 domain, u32 uid, u32 gid,
		       bool write, u64 *pages)
{
	return -ENOENT;
}

static int host_pin(void *context, struct xemem_pin *pin)
{
	return -ENOENT;
}

static void host_unpin(void *context, struct xemem_pin *pin)
{
}

static int host_map(void *context, struct xemem_map *map)
{
	return -EOPNOTSUPP;
}

static void host_unmap(void *context, struct xemem_map *map)
{
}

static void host_stuck(void *context, u32 domain)
{
	pr_warn("xemem: domain %u does not acknowledge that it has unmapped what it should; its pages stay pinned until it is stopped\n",
		domain);
}

static void host_returned(void *context, u64 first, u64 pages)
{
}

static void host_lost(void *context, u64 segid)
{
}

static const struct xemem_domain_ops host_ops = {
	.now = host_now,
	.wake = host_wake,
	.permit = host_permit,
	.pin = host_pin,
	.unpin = host_unpin,
	.map = host_map,
	.unmap = host_unmap,
	.stuck = host_stuck,
	.returned = host_returned,
	.lost = host_lost,
};

/**
 * xemem_host - domain 1
 *
 * Return: it; NULL: there was no memory for it at boot.
 */
struct xemem_domain *xemem_host(void)
{
	return host;
}

static int __init xemem_host_init(void)
{
	struct xemem_domain *d = xemem_domain_create(&host_ops, NULL, true);

	if (IS_ERR(d))
		return PTR_ERR(d);
	host = d;
	return 0;
}
device_initcall(xemem_host_init);
