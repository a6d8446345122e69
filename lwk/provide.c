// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: pages for members. Linux maps them, and frees them.
 *
 * Pages of the pool are on no list of reclaim's, like locked ones, but are not
 * charged to RLIMIT_MEMLOCK: nobody else can use them.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "memory.h"
#include "../mm/internal.h"

/* After so many, only a node that is full, or a defect, explains it. */
#define TRIES	32

/* Large pages are clear; whoever clears them next is told so. */
static struct folio *take_large(int nid, gfp_t gfp)
{
	struct folio *folio = lwk_stock_take(nid);
	struct page *page;

	if (folio) {
		current->lwk.zeroed = folio;
		return folio;
	}
	page = lwk_pool_take(nid, HPAGE_PMD_ORDER, gfp | __GFP_COMP);
	if (!page && lwk_stock_drain(nid))
		page = lwk_pool_take(nid, HPAGE_PMD_ORDER, gfp | __GFP_COMP);
	return page ? page_folio(page) : NULL;
}

static struct folio *take_at(int nid, unsigned int order, gfp_t gfp)
{
	struct page *page;

	if (order == HPAGE_PMD_ORDER)
		return take_large(nid, gfp);
	page = lwk_pool_take(nid, order, gfp | __GFP_COMP);
	if (!page && (lwk_stock_drain(nid) || lwk_stock_break(nid)))
		page = lwk_pool_take(nid, order, gfp | __GFP_COMP);
	return page ? page_folio(page) : NULL;
}

/* Node @nid, then the others of @allowed from near to far. */
static struct folio *take(unsigned int order, gfp_t gfp, int nid,
			  const nodemask_t *allowed)
{
	struct folio *folio = NULL;
	nodemask_t used;

	nodes_complement(used, *allowed);
	if (!node_isset(nid, *allowed))
		nid = find_next_best_node(nid, &used);
	for (; nid != NUMA_NO_NODE && !folio;
	     nid = find_next_best_node(nid, &used)) {
		node_set(nid, used);
		folio = take_at(nid, order, gfp);
	}
	return folio;
}

/*
 * Who is charged has a right to a page, but there may be none for a moment:
 * large ones are on their way to the stock or back, and when one is broken,
 * others who were charged may be faster.
 */
static struct folio *take_charged(unsigned int order, gfp_t gfp, int nid,
				  const nodemask_t *allowed)
{
	struct folio *folio = take(order, gfp, nid, allowed);
	unsigned int tries;

	if (order || !gfpflags_allow_blocking(gfp))
		return folio;
	for (tries = 0; !folio && tries < TRIES; tries++) {
		lwk_stock_wait();
		folio = take(order, gfp, nid, allowed);
	}
	/* One that has a defect is counted, and never free again. */
	if (!folio)
		lwk_account_bury();
	return folio;
}

static void prepare(struct folio *folio, unsigned int order)
{
	lwk_account_mark(current->lwk.rsv->account, &folio->page, order);
	if (folio_test_large(folio))
		folio_set_large_rmappable(folio);
	/* Undone when the page is freed, by Linux. */
	folio_set_mlocked(folio);
	zone_stat_mod_folio(folio, NR_MLOCK, folio_nr_pages(folio));
}

/* A folio of the pool for current, on its account; or NULL. */
static struct folio *provide(gfp_t gfp, unsigned int order,
			     const struct lwk_region_policy *region,
			     const struct mempolicy *pol, pgoff_t ilx)
{
	int account = current->lwk.rsv->account;
	nodemask_t allowed;
	struct folio *folio;
	int nid;

	current->lwk.zeroed = NULL;
	if (!lwk_account_charge(account, 1UL << order))
		return NULL;
	nid = lwk_region_node(region, pol, ilx, &allowed);
	folio = take_charged(order, gfp, nid, &allowed);
	if (folio)
		prepare(folio, order);
	else
		lwk_account_uncharge(account, 1UL << order);
	return folio;
}

/*
 * Of large pages that a program has unmapped in part, Linux frees that part
 * when it is itself short of memory. Here the program is.
 */
static void free_leftovers(gfp_t gfp)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(current->mm);
	int nid;

	/* Others it has freed may be in batches. */
	lru_add_drain_all();
	for_each_node_state(nid, N_MEMORY)
		shrink_slab(gfp, nid, memcg, 0);
	mem_cgroup_put(memcg);
}

/* The last small page of a reservation, and one more. */
static struct folio *provide_last(gfp_t gfp,
				  const struct lwk_region_policy *region,
				  const struct mempolicy *pol, pgoff_t ilx)
{
	if (gfpflags_allow_blocking(gfp) && !fatal_signal_pending(current))
		free_leftovers(gfp);
	return provide(gfp, 0, region, pol, ilx);
}

/**
 * __lwk_alloc_folio - memory for a member
 * @gfp: how.
 * @order: logarithm of its size in pages, to base 2.
 * @vma: where it will be mapped; its address space is locked against changes.
 * @pol: on which node.
 * @ilx: index for interleaving, as get_vma_policy() has it.
 *
 * Context: process context, may sleep.
 * Return: with a reference; NULL if it is to come from Linux; -ENOMEM if there
 * is none so large.
 */
struct folio *__lwk_alloc_folio(gfp_t gfp, int order,
				const struct vm_area_struct *vma,
				const struct mempolicy *pol, pgoff_t ilx)
{
	const struct lwk_region_policy *region;
	struct lwk_rsv *rsv = current->lwk.rsv;
	struct folio *folio;

	if (!rsv || !rsv->account || vma->vm_mm != current->mm)
		return NULL;
	/* It may sleep where @gfp forbids to reclaim, as for large pages, too. */
	lockdep_assert_preemption_enabled();
	region = lwk_region_of(rsv, vma);
	folio = provide(gfp, order, region, pol, ilx);
	if (!folio && !order && !rsv->memory_over)
		folio = provide_last(gfp, region, pol, ilx);
	if (folio)
		return folio;
	/* Smaller ones are asked for next. */
	if (order)
		return ERR_PTR(-ENOMEM);
	/* The page that it dies with. */
	if (!rsv->memory_over)
		lwk_out_of_memory();
	atomic64_inc(&rsv->pages_of_linux);
	return NULL;
}

/**
 * __lwk_alloc_shared - memory that a member shares
 * @gfp: how.
 * @order: logarithm of its size in pages, to base 2.
 * @pol: on which node.
 * @ilx: index for interleaving.
 *
 * Context: process context, may sleep.
 * Return: a folio with a reference, or NULL if it is to come from Linux.
 */
struct folio *__lwk_alloc_shared(gfp_t gfp, int order,
				 const struct mempolicy *pol, pgoff_t ilx)
{
	struct folio *folio;

	if (!current->lwk.shared)
		return NULL;
	lockdep_assert_preemption_enabled();
	folio = provide(gfp, order, NULL, pol, ilx);
	if (!folio)
		atomic64_add(1UL << order, &current->lwk.rsv->pages_of_linux);
	/* Shared memory is cleared by other means. */
	current->lwk.zeroed = NULL;
	return folio;
}

/**
 * __lwk_folio_zeroed - is a folio clear already?
 * @folio: just allocated by current.
 *
 * Context: process context.
 */
bool __lwk_folio_zeroed(const struct folio *folio)
{
	bool zeroed = current->lwk.zeroed == folio;

	/* True once: the next user of the page is another one. */
	current->lwk.zeroed = NULL;
	return zeroed;
}
