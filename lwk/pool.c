// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: whole pageblocks, taken from Linux at boot.
 *
 * Their migrate type is nobody else's: Linux never allocates from them, does
 * not count them as free memory of its own, and cannot isolate them; pages that
 * are freed return to them by the ordinary way. What is allocated here is an
 * ordinary page, which can be pinned, traced, copied on write and dumped.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/node.h>
#include <linux/page-isolation.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>

#include "memory.h"
#include "../mm/internal.h"

/**
 * struct lwk_pool - LWK memory of a node
 * @total: pages; constant after boot.
 * @free: pages on the free lists of the page allocator, under the lock of
 *	their zone.
 */
struct lwk_pool {
	unsigned long total;
	atomic_long_t free;
};

static struct lwk_pool pools[MAX_NUMNODES];
static unsigned long pool_total;
static char *lwkmem_arg __initdata;

static int __init read_lwkmem(char *arg)
{
	lwkmem_arg = arg;
	return 0;
}
early_param("lwkmem", read_lwkmem);

/**
 * __lwk_count_free - LWK pages have come to the free lists or left them
 * @zone: where.
 * @nr_pages: how many; negative if they have left.
 *
 * Context: any; holds the lock of the zone.
 */
void __lwk_count_free(const struct zone *zone, long nr_pages)
{
	lockdep_assert_held(&zone->lock);
	atomic_long_add(nr_pages, &pools[zone->zone_pgdat->node_id].free);
}

/**
 * lwk_pool_free - free pages which are not in stock
 * @nid: the node.
 *
 * Context: any.
 * Return: the number of pages.
 */
unsigned long lwk_pool_free(int nid)
{
	return atomic_long_read(&pools[nid].free);
}

/**
 * lwk_pool_total - all LWK memory
 * @nid: of this node, or NUMA_NO_NODE for the machine.
 *
 * Context: any.
 * Return: the number of pages.
 */
unsigned long lwk_pool_total(int nid)
{
	return nid == NUMA_NO_NODE ? pool_total : pools[nid].total;
}

/* As the page allocator prepares its own. */
static void prepare(struct page *page, unsigned int order, gfp_t gfp)
{
	post_alloc_hook(page, order, gfp);
	set_page_refcounted(page);
	if (order && gfp & __GFP_COMP)
		prep_compound_page(page, order);
	clear_page_pfmemalloc(page);
}

/**
 * lwk_pool_take - allocate pages of a node
 * @nid: the node.
 * @order: logarithm of how many, to base 2.
 * @gfp: how; __GFP_COMP for a folio.
 *
 * Context: any but NMI.
 * Return: the first page, with a reference, or NULL.
 */
struct page *lwk_pool_take(int nid, unsigned int order, gfp_t gfp)
{
	struct zone *zone = NODE_DATA(nid)->node_zones + MAX_NR_ZONES;
	struct page *page = NULL;

	while (!page && zone-- > NODE_DATA(nid)->node_zones) {
		if (populated_zone(zone))
			page = lwk_take_page(zone, order);
	}
	if (page)
		prepare(page, order, gfp);
	return page;
}

/* Pages of @nid on the free lists, in pieces that hold a large page. */
static unsigned long huge_pages_of(int nid)
{
	unsigned long nr = 0;
	unsigned int order;
	struct zone *zone;
	struct page *page;

	for_each_populated_zone(zone) {
		if (zone->zone_pgdat->node_id != nid)
			continue;
		guard(spinlock_irqsave)(&zone->lock);
		for (order = HPAGE_PMD_ORDER; order < NR_PAGE_ORDERS; order++)
			list_for_each_entry(page, &zone->free_area[order].free_list[MIGRATE_LWK],
					    buddy_list)
				nr += 1UL << order;
	}
	return nr;
}

static void sum_up(int nid, unsigned long *free, unsigned long *huge)
{
	unsigned long mine = pools[nid].total - lwk_account_in_use(nid);

	*free += mine;
	/* Pages may be on their way while they are counted. */
	*huge += min(mine, huge_pages_of(nid) + lwk_stock_pages(nid));
}

#define KB(pages)	((pages) << (PAGE_SHIFT - 10))

/**
 * __lwk_meminfo - the LWK's lines in /proc/meminfo
 * @m: where they go.
 *
 * Context: process context.
 */
void __lwk_meminfo(struct seq_file *m)
{
	unsigned long free = 0, huge = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		sum_up(nid, &free, &huge);
	seq_printf(m, "LwkTotal:       %8lu kB\n", KB(pool_total));
	seq_printf(m, "LwkFree:        %8lu kB\n", KB(free));
	seq_printf(m, "LwkHugeFree:    %8lu kB\n", KB(huge));
}

/* The same of a node, below /sys/devices/system/node. */
static ssize_t lwk_meminfo_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	unsigned long free = 0, huge = 0;
	int nid = dev->id;

	sum_up(nid, &free, &huge);
	return sysfs_emit(buf, "Node %d LwkTotal:       %8lu kB\n"
			  "Node %d LwkFree:        %8lu kB\n"
			  "Node %d LwkHugeFree:    %8lu kB\n",
			  nid, KB(pools[nid].total), nid, KB(free), nid,
			  KB(huge));
}
static DEVICE_ATTR_RO(lwk_meminfo);

/*
 * Linux manages @nr pages more. The machine has as many as before: by that
 * number Linux judges what a call may ask for, a member's too. It is the same
 * with huge pages of hugetlbfs.
 */
static void __init manage(struct page *page, long nr)
{
	adjust_managed_page_count(page, nr);
	totalram_pages_add(-nr);
}

/* Pages that were just taken from Linux get their type and are free. */
static void __init adopt_pages(int nid, struct page *page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i += pageblock_nr_pages)
		init_pageblock_migratetype(page + i, MIGRATE_LWK, false);
	manage(page, -(long)nr);
	pools[nid].total += nr;
	pool_total += nr;
	free_contig_range(page_to_pfn(page), nr);
}

/* The largest pieces first: they hold the largest pages. */
static void __init harvest(int nid, unsigned long want)
{
	unsigned long piece = min(rounddown_pow_of_two(want),
				  PUD_SIZE >> PAGE_SHIFT);
	nodemask_t node = nodemask_of_node(nid);
	struct page *page;

	while (want && piece >= pageblock_nr_pages) {
		if (piece > want) {
			piece /= 2;
			continue;
		}
		page = alloc_contig_pages(piece, GFP_KERNEL | __GFP_NOWARN,
					  nid, &node);
		if (page) {
			adopt_pages(nid, page, piece);
			want -= piece;
		} else {
			piece /= 2;
		}
	}
}

/* All go back: half of what was asked for would only hide the mistake. */
static void __init give_back(void)
{
	struct page *page;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		while ((page = lwk_pool_take(nid, pageblock_order,
					     GFP_KERNEL))) {
			init_pageblock_migratetype(page, MIGRATE_MOVABLE,
						   false);
			manage(page, pageblock_nr_pages);
			__free_pages(page, pageblock_order);
		}
		pools[nid].total = 0;
	}
	pool_total = 0;
}

static int __init harvest_all(const unsigned long *pages)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		if (pages[nid])
			harvest(nid, pages[nid]);
		if (pools[nid].total < pages[nid]) {
			pr_err("lwkmem=%s: node %d has only %lu MiB that can be taken: ignored, there is no LWK memory\n",
			       lwkmem_arg, nid,
			       pools[nid].total >> (20 - PAGE_SHIFT));
			give_back();
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Where no large page fits, what fits: mappings that grow by and by, and the
 * edges of others, cost a fraction then. As if "madvise" were written to the
 * files enabled below /sys/kernel/mm/transparent_hugepage/hugepages-*kB, which
 * still can be changed.
 */
static void __init let_sizes_in_between(void)
{
	huge_anon_orders_madvise |= THP_ORDERS_ALL_ANON & ~BIT(HPAGE_PMD_ORDER);
}

static void __init show_node(int nid)
{
	/* The figures are missing then, and nothing else. */
	if (device_create_file(&node_devices[nid]->dev, &dev_attr_lwk_meminfo))
		pr_warn("node %d: cannot create lwk_meminfo in sysfs\n", nid);
	if (pools[nid].total)
		pr_info("lwkmem=%s: %lu MiB of node %d\n", lwkmem_arg,
			pools[nid].total >> (20 - PAGE_SHIFT), nid);
}

/**
 * lwk_pool_init - take the memory that lwkmem= names
 *
 * All of it or none; if none, the log says why, and LWK cores work without.
 *
 * Context: late boot, process context, before anybody can join.
 */
void __init lwk_pool_init(void)
{
	static struct lwk_share share __initdata;
	int nid;

	if (!lwkmem_arg)
		return;
	if (lwk_share_parse(lwkmem_arg, &node_states[N_MEMORY], &share)) {
		pr_err("lwkmem=%s: %s: ignored, there is no LWK memory\n",
		       lwkmem_arg, share.why);
		return;
	}
	/* A large page never spans two types. */
	BUILD_BUG_ON(pageblock_order > HPAGE_PMD_ORDER);
	if (harvest_all(share.pages))
		return;
	if (lwk_account_init(pool_total)) {
		pr_err("lwkmem=%s: no memory for its accounts: ignored, there is no LWK memory\n",
		       lwkmem_arg);
		give_back();
		return;
	}
	/* They depend on how much Linux has. */
	setup_per_zone_wmarks();
	for_each_node_state(nid, N_MEMORY)
		show_node(nid);
	let_sizes_in_between();
	lwk_stock_init();
	lwk_oom_init();
}
