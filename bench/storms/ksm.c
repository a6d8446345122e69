// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of page merging: equal pages are found, merged, and parted again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storm.h"

#define KSM		"/sys/kernel/mm/ksm"
#define PAGES		256

static char *region;

static int ksm_setup(void)
{
	if (access(KSM "/run", W_OK))
		return skip(KSM);
	if (setting_put(KSM "/sleep_millisecs", "1") ||
	    setting_put(KSM "/pages_to_scan", "2000") ||
	    setting_put(KSM "/run", "0"))
		return fail(KSM);
	region = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		return fail("mmap");
	madvise(region, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
	return 0;
}

/* Merged, written to, merged again is what the daemon does meanwhile. */
static long ksm_step(void)
{
	static unsigned char fill;
	int patience = 200;
	long sharing;

	if (madvise(region, PAGES * PAGE_BYTES, MADV_MERGEABLE))
		return fail("MADV_MERGEABLE");
	memset(region, ++fill | 1, PAGES * PAGE_BYTES);
	if (file_put(KSM "/run", "1"))
		return fail(KSM "/run: 1");
	do {
		pause_us(5000);
		sharing = file_number(KSM "/pages_sharing", NULL);
	} while (sharing < PAGES / 2 && --patience && !stopping());
	memset(region, fill, PAGES * PAGE_BYTES / 4);
	if (madvise(region, PAGES * PAGE_BYTES, MADV_UNMERGEABLE))
		return fail("MADV_UNMERGEABLE");
	if (file_put(KSM "/run", "2"))
		return fail(KSM "/run: 2");
	return sharing > 0 ? sharing : 0;
}

static void ksm_undo(void)
{
	/* 2: part what is merged still; then the setting of before. */
	file_put(KSM "/run", "2");
}

const struct storm ksm_storms[] = {
	{
		.name = "ksm",
		.what = "equal pages merged and parted again",
		.setup = ksm_setup,
		.step = ksm_step,
		.undo = ksm_undo,
	},
	{ }
};
