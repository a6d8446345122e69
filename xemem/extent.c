// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: pages, who was assigned which, and whether to believe a domain that
 * names some.
 */
#include "domain.h"

/**
 * xemem_ranges_init - nothing is assigned
 * @ranges: to be set up.
 */
void xemem_ranges_init(struct xemem_ranges *ranges)
{
	INIT_LIST_HEAD(&ranges->list);
	ranges->nr = 0;
}

/* Not empty, and of pages that there can be; never overflows. */
static bool is_range(u64 first, u64 pages)
{
	return pages && first < XEMEM_WIRE_PFN_END &&
	       pages <= XEMEM_WIRE_PFN_END - first;
}

/**
 * xemem_ranges_meet - does somebody have some of these pages?
 * @ranges: what he has.
 * @first: page frame number.
 * @pages: how many; the range is a valid one.
 *
 * Return: whether.
 */
bool xemem_ranges_meet(const struct xemem_ranges *ranges, u64 first, u64 pages)
{
	const struct xemem_range *r;

	list_for_each_entry(r, &ranges->list, node)
		if (first < r->first + r->pages && r->first < first + pages)
			return true;
	return false;
}

static const struct xemem_range *range_at(const struct xemem_ranges *ranges,
					  u64 pfn)
{
	const struct xemem_range *r;

	list_for_each_entry(r, &ranges->list, node)
		if (pfn >= r->first && pfn - r->first < r->pages)
			return r;
	return NULL;
}

/**
 * xemem_ranges_contain - does somebody have all these pages?
 * @ranges: what he has.
 * @first: page frame number.
 * @pages: how many; the range is a valid one.
 *
 * Return: whether.
 */
bool xemem_ranges_contain(const struct xemem_ranges *ranges, u64 first,
			  u64 pages)
{
	const struct xemem_range *r;
	u64 pfn = first;

	/* Ranges that touch are not merged. */
	while (pfn < first + pages) {
		r = range_at(ranges, pfn);
		if (!r)
			return false;
		pfn = r->first + r->pages;
	}
	return true;
}

/**
 * xemem_ranges_add - somebody is assigned pages
 * @d: whose object it is; locked, unless it is new.
 * @ranges: what he has.
 * @first: page frame number.
 * @pages: how many.
 *
 * Return: 0; -ERANGE: there are no such pages; -EEXIST: he has some of them;
 * -ENOSPC: too many ranges; -ENOMEM.
 */
int xemem_ranges_add(struct xemem_domain *d, struct xemem_ranges *ranges,
		     u64 first, u64 pages)
{
	struct xemem_range *r;

	if (!is_range(first, pages))
		return -ERANGE;
	if (xemem_ranges_meet(ranges, first, pages))
		return -EEXIST;
	if (ranges->nr == XEMEM_RANGES_MAX)
		return -ENOSPC;
	r = xemem_domain_alloc(d, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->first = first;
	r->pages = pages;
	list_add_tail(&r->node, &ranges->list);
	ranges->nr++;
	return 0;
}

/**
 * xemem_ranges_free - nothing is assigned any more
 * @d: whose object it is.
 * @ranges: to be emptied.
 */
void xemem_ranges_free(struct xemem_domain *d, struct xemem_ranges *ranges)
{
	struct xemem_range *r, *next;

	list_for_each_entry_safe(r, next, &ranges->list, node)
		xemem_domain_free(d, r);
	xemem_ranges_init(ranges);
}

/* A range, aligned to its order. */
static bool is_extent(const struct xemem_extent *e)
{
	return e->order <= XEMEM_WIRE_ORDER_MAX && is_range(e->first, e->pages) &&
	       !((e->first | e->pages) & ((1ULL << e->order) - 1));
}

/**
 * xemem_extent_check - may a domain behind that link have these pages?
 * @link: where a message that names them came from; its domain is locked.
 * @e: the pages.
 *
 * Whoever is behind a child has but what the child was assigned. Whoever is
 * behind the parent has nothing of ours and of our children.
 *
 * Return: 0 or -ERANGE.
 */
int xemem_extent_check(const struct xemem_link *link,
		       const struct xemem_extent *e)
{
	lockdep_assert_held(&link->domain->lock);
	if (!is_extent(e))
		return -ERANGE;
	if (link->role == XEMEM_CHILD)
		return xemem_ranges_contain(&link->memory, e->first,
					    e->pages) ? 0 : -ERANGE;
	return xemem_ranges_meet(&link->domain->memory, e->first, e->pages) ?
	       -ERANGE : 0;
}

/**
 * xemem_extent_check_own - may we show these pages to another domain?
 * @d: we, locked.
 * @e: the pages.
 *
 * What was given to a child is its own, until it is dead and nobody has it
 * mapped.
 *
 * Return: 0 or -ERANGE.
 */
int xemem_extent_check_own(const struct xemem_domain *d,
			   const struct xemem_extent *e)
{
	const struct xemem_grave *grave;
	const struct xemem_link *link;

	lockdep_assert_held(&d->lock);
	if (!is_extent(e) ||
	    !xemem_ranges_contain(&d->memory, e->first, e->pages))
		return -ERANGE;
	list_for_each_entry(link, &d->links, node)
		if (xemem_ranges_meet(&link->memory, e->first, e->pages))
			return -ERANGE;
	list_for_each_entry(grave, &d->graves, node)
		if (xemem_ranges_meet(&grave->memory, e->first, e->pages))
			return -ERANGE;
	return 0;
}

/**
 * xemem_extent_get - read an extent of a message
 * @e: what is set.
 * @wire: what is read.
 */
void xemem_extent_get(struct xemem_extent *e,
		      const struct xemem_wire_extent *wire)
{
	e->first = le64_to_cpu(wire->first);
	e->pages = le64_to_cpu(wire->pages);
	e->order = le32_to_cpu(wire->order);
}

/**
 * xemem_extent_put - write an extent into a message
 * @wire: what is written.
 * @e: the extent.
 */
void xemem_extent_put(struct xemem_wire_extent *wire,
		      const struct xemem_extent *e)
{
	wire->first = cpu_to_le64(e->first);
	wire->pages = cpu_to_le64(e->pages);
	wire->order = cpu_to_le32(e->order);
	wire->reserved = 0;
}
