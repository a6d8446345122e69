// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/lwk.h>

#include "../init/join.h"
#include "calls.h"

const char * const place_names[PLACES] = {
	[LINUX]		= "linux",
	[ISOLATED]	= "isolated",
	[LWK_LOCAL]	= "lwk_local",
	[LWK_HOP]	= "lwk_hop",
};

/* All calls here, or all of them away. */
static int serve(int dev, bool hop)
{
	struct lwk_policy policy = { .size = sizeof(policy) };

	memset(hop ? policy.hop : policy.local, 0xff, sizeof(policy.hop));
	if (ioctl(dev, LWK_IOC_POLICY, &policy))
		return fail("LWK_IOC_POLICY");
	return 0;
}

int place_enter(enum place place)
{
	int dev;

	switch (place) {
	case LINUX:
		return machine_pin(0, CORE_PLAIN, CORE_PLAIN);
	case ISOLATED:
		return machine_pin(0, CORE_ISOLATED, CORE_ISOLATED);
	case LWK_LOCAL:
	case LWK_HOP:
		dev = join_core(CORE_LWK);
		return dev < 0 ? -1 : serve(dev, place == LWK_HOP);
	default:
		return -1;
	}
}
