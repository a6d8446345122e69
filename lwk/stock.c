// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: large pages that are clear before somebody wants them.
 *
 * Cleared on cores of Linux, a bounded number at a time. Large pages that a
 * process gives back are put aside as they are: to free one, and to allocate
 * it again, takes the allocator a walk over its 512 parts. That is done when
 * somebody needs them, or else before they are cleared, again on cores of
 * Linux. Small ones go to the free lists at once. Nothing is taken from there
 * that is not cleared on the way.
 */
#include <linux/highmem.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "memory.h"
#include "../mm/internal.h"

/**
 * struct lwk_stock - large pages of a node, of HPAGE_PMD_ORDER
 * @lock: protects @folios and @nr; innermost.
 * @folios: clear ones with one reference, by their lru.
 * @nr: length of @folios; read without the lock, too.
 * @laundry: such as nobody has any more, without a reference, by their lru.
 *	Anybody adds; who takes them all holds draining_lock.
 * @nr_laundry: length of @laundry, and of what is on its way from there.
 */
struct lwk_stock {
	spinlock_t lock;	/* folios, nr */
	struct list_head folios;
	unsigned long nr;
	struct llist_head laundry;
	atomic_long_t nr_laundry;
};

static struct lwk_stock stocks[MAX_NUMNODES];
static DEFINE_MUTEX(clearing_lock);	/* while a page is nowhere */
static DEFINE_MUTEX(draining_lock);	/* while some are; outside of the former */

/* Looked at so often while there is something to clear, and when not. */
#define BUSY_PERIOD	(HZ / 10)
#define IDLE_PERIOD	HZ
/* Of the free memory of a node, one part in so many is left in small pieces. */
#define SMALL_PARTS	64

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "lwk."

/* In mebibytes per second and node: a fraction of what one core can clear. */
static unsigned int clear_rate = 2048;
module_param(clear_rate, uint, 0644);
MODULE_PARM_DESC(clear_rate, "LWK memory cleared in advance, MiB per second and node");

static void clear(struct work_struct *work);
static DECLARE_DELAYED_WORK(clearing, clear);

/**
 * lwk_stock_pages - memory in stock, or on its way there
 * @nid: the node.
 *
 * Context: any.
 * Return: the number of (small) pages.
 */
unsigned long lwk_stock_pages(int nid)
{
	const struct lwk_stock *stock = &stocks[nid];
	unsigned long nr = READ_ONCE(stock->nr) +
			   atomic_long_read(&stock->nr_laundry);

	return nr << HPAGE_PMD_ORDER;
}

/* A folio that nobody has is on no list. */
static struct llist_node *node_of(struct page *page)
{
	return (struct llist_node *)&page_folio(page)->lru;
}

/**
 * __lwk_defer_free - nobody has these pages any more
 * @page: the first one; of the pool, or not.
 * @order: logarithm of how many, to base 2.
 *
 * Context: any but NMI.
 * Return: true if they are put aside; else the caller frees them.
 */
bool __lwk_defer_free(struct page *page, unsigned int order)
{
	struct lwk_stock *stock;
	int id;

	if (order != HPAGE_PMD_ORDER || current->lwk.draining ||
	    PageHWPoison(page) || !lwk_account_leave(page, &id))
		return false;
	stock = &stocks[page_to_nid(page)];
	atomic_long_inc(&stock->nr_laundry);
	llist_add(node_of(page), &stock->laundry);
	if (id)
		lwk_account_uncharge(id, 1UL << order);
	return true;
}

/* The last reference to a large page is gone. */
static void free_for_good(struct page *page)
{
	current->lwk.draining = true;
	free_frozen_pages(page, HPAGE_PMD_ORDER);
	current->lwk.draining = false;
}

/**
 * lwk_stock_drain - free the large pages that were put aside
 * @nid: of this node.
 *
 * Context: process context, may sleep.
 * Return: were there any?
 */
bool lwk_stock_drain(int nid)
{
	struct lwk_stock *stock = &stocks[nid];
	struct llist_node *node, *next;
	struct page *page;

	lockdep_assert_preemption_enabled();
	if (llist_empty(&stock->laundry))
		return false;
	guard(mutex)(&draining_lock);
	node = llist_del_all(&stock->laundry);
	llist_for_each_safe(node, next, node) {
		page = &container_of((struct list_head *)node, struct folio,
				     lru)->page;
		free_for_good(page);
		atomic_long_dec(&stock->nr_laundry);
		cond_resched();
	}
	return node;
}

/**
 * lwk_stock_take - a clear large page
 * @nid: of this node.
 *
 * Context: process context.
 * Return: a folio with a reference, or NULL.
 */
struct folio *lwk_stock_take(int nid)
{
	struct lwk_stock *stock = &stocks[nid];
	struct folio *folio;

	guard(spinlock)(&stock->lock);
	folio = list_first_entry_or_null(&stock->folios, struct folio, lru);
	if (!folio)
		return NULL;
	list_del(&folio->lru);
	WRITE_ONCE(stock->nr, stock->nr - 1);
	return folio;
}

/**
 * lwk_stock_break - a large page of the stock becomes small pages of the pool
 * @nid: the node.
 *
 * Context: process context.
 * Return: was there one?
 */
bool lwk_stock_break(int nid)
{
	struct folio *folio = lwk_stock_take(nid);

	if (!folio)
		return false;
	if (put_page_testzero(&folio->page))
		free_for_good(&folio->page);
	return true;
}

/* True if there was a page to clear. */
static bool clear_one(int nid)
{
	struct lwk_stock *stock = &stocks[nid];
	unsigned long keep = lwk_stock_pages(nid) / SMALL_PARTS;
	struct page *page;
	unsigned int i;

	lwk_stock_drain(nid);
	if (lwk_pool_free(nid) < keep + HPAGE_PMD_NR)
		return false;
	guard(mutex)(&clearing_lock);
	/* Counted twice for a moment rather than not. */
	atomic_long_inc(&stock->nr_laundry);
	page = lwk_pool_take(nid, HPAGE_PMD_ORDER,
			     GFP_HIGHUSER_MOVABLE | __GFP_COMP);
	if (!page) {
		atomic_long_dec(&stock->nr_laundry);
		return false;
	}
	lwk_account_mark(0, page, HPAGE_PMD_ORDER);
	for (i = 0; i < HPAGE_PMD_NR; i++) {
		clear_highpage(page + i);
		cond_resched();
	}
	guard(spinlock)(&stock->lock);
	list_add_tail(&page_folio(page)->lru, &stock->folios);
	WRITE_ONCE(stock->nr, stock->nr + 1);
	atomic_long_dec(&stock->nr_laundry);
	return true;
}

/**
 * lwk_stock_wait - until no large page is on its way from one list to another
 *
 * Context: process context, may sleep, for as long as it takes to clear a
 * large page, and to free those that were put aside.
 */
void lwk_stock_wait(void)
{
	guard(mutex)(&draining_lock);
	guard(mutex)(&clearing_lock);
}

static void clear(struct work_struct *work)
{
	u64 bytes = (u64)READ_ONCE(clear_rate) * SZ_1M * BUSY_PERIOD / HZ;
	unsigned long most = max_t(u64, 1, bytes >> HPAGE_PMD_SHIFT);
	unsigned long n;
	bool busy = false;
	int nid;

	lwk_account_settle();
	for_each_node_state(nid, N_MEMORY) {
		for (n = 0; n < most && clear_one(nid); n++)
			;
		busy |= n == most;
	}
	queue_delayed_work(system_unbound_wq, &clearing,
			   busy ? BUSY_PERIOD : IDLE_PERIOD);
}

/**
 * lwk_stock_init - begin to clear
 *
 * Context: late boot, process context, when the pool is there.
 */
void __init lwk_stock_init(void)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		spin_lock_init(&stocks[nid].lock);
		INIT_LIST_HEAD(&stocks[nid].folios);
		init_llist_head(&stocks[nid].laundry);
	}
	queue_delayed_work(system_unbound_wq, &clearing, 0);
}
