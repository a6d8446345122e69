/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Evanescence: a member of the LWK leaves its core for a system call that
 * would leave something behind there, and is home before it sees user mode
 * again. Nouns: a *call* is a system call, by the number of its ABI; it is
 * *local* or *hops*, and so is a page fault; a *server* is a core of Linux to
 * which it hops.
 */
#ifndef _LWK_EVANESCENCE_H
#define _LWK_EVANESCENCE_H

#include <linux/bits.h>
#include <linux/compat.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <asm/unistd.h>

#include "../internal.h"

/* After these the LWK looks at memory. Small numbers: one word holds them. */
#define LWK_MEMORY_CALLS						\
	(BIT_ULL(__NR_mmap) | BIT_ULL(__NR_mprotect) |			\
	 BIT_ULL(__NR_brk) | BIT_ULL(__NR_mremap) |			\
	 BIT_ULL(__NR_madvise) | BIT_ULL(__NR_ioctl))

/**
 * lwk_call_index - the place in the table of the call that is being made
 * @nr: its number.
 *
 * Context: current is making it.
 * Return: the index, or -1 if there can be no such call.
 */
static inline long lwk_call_index(unsigned long nr)
{
	/* The user chooses @nr: not beyond the table by speculation either. */
	if (likely(!in_compat_syscall()))
		return nr < LWK_CALLS_64 ?
		       array_index_nospec(nr, LWK_CALLS_64) : -1;
	return nr < LWK_CALLS_32 ?
	       LWK_CALLS_64 + array_index_nospec(nr, LWK_CALLS_32) : -1;
}

/* call.c */

void lwk_serve_fault(enum lwk_fault fault);

/* server.c */

int lwk_server_pick(int home);
const struct cpumask *lwk_server_mask(const struct lwk_enclave *e, int server);

/* Has current allocated so much that its memory group makes it pay? */
#ifdef CONFIG_MEMCG
static inline bool lwk_owes_reclaim(void)
{
	return current->memcg_nr_pages_over_high;
}
#else
static inline bool lwk_owes_reclaim(void)
{
	return false;
}
#endif

#endif /* _LWK_EVANESCENCE_H */
