// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lwkdev.h"

int lwkdev_open(void)
{
	return open(LWKDEV_PATH, O_RDONLY | O_CLOEXEC);
}

int lwkdev_join(int fd, struct lwk_join *join)
{
	return ioctl(fd, LWK_IOC_JOIN, join);
}

int lwkdev_stats(int fd, struct lwk_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return ioctl(fd, LWK_IOC_STATS, stats);
}

int lwkdev_policy(int fd, struct lwk_policy *policy)
{
	policy->size = sizeof(*policy);
	return ioctl(fd, LWK_IOC_POLICY, policy);
}

int lwkdev_counts(int fd, struct lwk_call_count *counts)
{
	struct lwk_counts request = {
		.size = sizeof(request),
		.nr = LWK_CALLS,
		.counts = (uintptr_t)counts,
	};

	return ioctl(fd, LWK_IOC_COUNTS, &request);
}

int lwkdev_memory(int fd, struct lwk_memory *memory)
{
	memory->size = sizeof(*memory);
	memory->reserved = 0;
	return ioctl(fd, LWK_IOC_MEMORY, memory);
}

const char *lwkdev_enclaves(void)
{
	return "/sys/kernel/config/lwk";
}
