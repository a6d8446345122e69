/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side, as the tools see it. A test links another
 * implementation of these functions.
 */
#ifndef LWK_TOOLS_LWKDEV_H
#define LWK_TOOLS_LWKDEV_H

#include <linux/lwk.h>

#define LWKDEV_PATH	"/dev/lwk"

/* Descriptor of the device, closed on exec; -1 with errno. */
int lwkdev_open(void);

/* LWK_IOC_JOIN: 0, or -1 with errno. */
int lwkdev_join(int fd, struct lwk_join *join);

/* LWK_IOC_STATS: 0, or -1 with errno. Fills in @stats->size itself. */
int lwkdev_stats(int fd, struct lwk_stats *stats);

/* LWK_IOC_POLICY: 0, or -1 with errno. Fills in @policy->size itself. */
int lwkdev_policy(int fd, struct lwk_policy *policy);

/* LWK_IOC_COUNTS of all LWK_CALLS calls: 0, or -1 with errno. */
int lwkdev_counts(int fd, struct lwk_call_count *counts);

/* LWK_IOC_MEMORY: 0, or -1 with errno. Fills in @memory->size itself. */
int lwkdev_memory(int fd, struct lwk_memory *memory);

/* Directory that has one directory per enclave. */
const char *lwkdev_enclaves(void);

#endif /* LWK_TOOLS_LWKDEV_H */
