/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LWK memory. Nouns: the *pool* is all of it, by node; the *stock* are large
 * pages of it that are clear already; the *laundry* are those that came back
 * and that the page allocator does not have yet; memory is *backed* when pages
 * of the pool are mapped there, before anybody touches it.
 *
 * Locks: the stock's, and after it that of a zone, or of an account.
 */
#ifndef _LWK_MEMORY_H
#define _LWK_MEMORY_H

#include <linux/jiffies.h>
#include <linux/mm_types.h>
#include <linux/nodemask.h>

#include <linux/lwk_memory.h>

#include "compat/mm.h"
#include "internal.h"

/* share.c: what lwkmem= says */

/**
 * struct lwk_share - memory named by lwkmem=
 * @pages: of each node.
 * @why: after an error, one clause in plain words.
 */
struct lwk_share {
	unsigned long pages[MAX_NUMNODES];
	char why[LWK_WHY_MAX];
};

int lwk_share_parse(const char *arg, const nodemask_t *nodes,
		    struct lwk_share *share);

/* pool.c */

unsigned long lwk_pool_free(int nid);
unsigned long lwk_pool_total(int nid);
struct page *lwk_pool_take(int nid, unsigned int order, gfp_t gfp);

/* account.c */

bool lwk_account_charge(int id, unsigned long nr);
unsigned long lwk_account_left(int id);
void lwk_account_uncharge(int id, unsigned long nr);
bool lwk_account_leave(const struct page *page, int *id);
void lwk_account_mark(int id, const struct page *page, unsigned int order);
void lwk_account_bury(void);
void lwk_account_settle(void);
unsigned long lwk_account_in_use(int nid);
int lwk_account_init(unsigned long nr);

/* region.c */

struct mempolicy;
const struct lwk_region_policy *lwk_region_of(const struct lwk_rsv *rsv,
					      const struct vm_area_struct *vma);
int lwk_region_node(const struct lwk_region_policy *region,
		    const struct mempolicy *pol, pgoff_t ilx,
		    nodemask_t *allowed);

/* gigantic.c */

unsigned long lwk_gigantic_hint(const unsigned long *args);
void lwk_gigantic_map(const unsigned long *args, unsigned long start);

/* missing.c */

void lwk_untouch(unsigned long start, unsigned long end);
void lwk_make_missing(const void __user *argument);

/* oom.c */

void lwk_out_of_memory(void);
void lwk_oom_init(void);

/* stock.c */

unsigned long lwk_stock_pages(int nid);
struct folio *lwk_stock_take(int nid);
bool lwk_stock_break(int nid);
bool lwk_stock_drain(int nid);
void lwk_stock_wait(void);
void lwk_stock_init(void);

#ifdef CONFIG_NUMA_BALANCING
/*
 * Any context. Hinting faults would come in user mode, and pages move away. A
 * thread is of Linux's classes while it is served, and its tick there looks for
 * work.
 */
static inline void lwk_retire_numa_balancing(struct mm_struct *mm)
{
	WRITE_ONCE(mm->numa_next_scan, jiffies + MAX_JIFFY_OFFSET / 2);
}
#else
static inline void lwk_retire_numa_balancing(struct mm_struct *mm) { }
#endif

#endif /* _LWK_MEMORY_H */
