// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
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

const char *lwkdev_enclaves(void)
{
	return "/sys/kernel/config/lwk";
}
