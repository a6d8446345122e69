// SPDX-License-Identifier: GPL-2.0
/*
 * The map of the lightweight kernel: what comes up in which order.
 *
 * Long before, lwk_boot_params() (isolate.c) has read lwkcpus= and told the
 * rest of the kernel to keep off. Without LWK cores nothing here runs.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/init.h>
#include <linux/printk.h>

#include "internal.h"

/* Process context; late, when all cores are up and have devices. */
static int __init lwk_init(void)
{
	int err;

	if (!lwk_enabled())
		return 0;

	/* First: there is less memory to be had every moment. */
	lwk_pool_init();
	err = lwk_core_init();
	if (err)
		goto fail;
	err = lwk_guest_init();
	if (err)
		goto fail;
	err = lwk_disturb_init();
	if (err)
		goto fail;
	err = lwk_quiet_init();
	if (err)
		goto fail;
	lwk_debt_init();
	err = lwk_configfs_init();
	if (err)
		goto fail;
	err = lwk_enclave_init();
	if (err)
		goto fail;
	/* Last: it is the door through which requests come. */
	err = lwk_dev_init();
	if (err)
		goto fail;
	return 0;

fail:
	/*
	 * The cores stay isolated and idle: no request can reach them, since
	 * the device that takes requests comes last.
	 */
	pr_err("cannot start (error %d), LWK cores stay unused\n", err);
	return err;
}
late_initcall(lwk_init);
