/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the memory management of Linux calls in the lightweight kernel. Each
 * hook does nothing but test a static key on a machine without LWK cores, and
 * vanishes without CONFIG_LWK_MEMORY.
 */
#ifndef _LINUX_LWK_MEMORY_H
#define _LINUX_LWK_MEMORY_H

#include <linux/err.h>
#include <linux/lwk.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>

struct folio;
struct mempolicy;
struct vm_area_struct;

#ifdef CONFIG_LWK_MEMORY

/* Is it the type of pageblocks that only members of the LWK use? */
static inline bool is_migrate_lwk(int mt)
{
	return unlikely(mt == MIGRATE_LWK);
}

/* One comparison: is it one of the types that Linux does not allocate from? */
static inline bool is_migrate_apart(int mt)
{
	BUILD_BUG_ON(MIGRATE_LWK - MIGRATE_ISOLATE != 1);
	BUILD_BUG_ON(MIGRATE_TYPES - MIGRATE_LWK != 1);
	return mt >= MIGRATE_ISOLATE;
}

struct page *lwk_take_page(struct zone *zone, unsigned int order);
void __lwk_count_free(const struct zone *zone, long nr_pages);
bool __lwk_defer_free(struct page *page, unsigned int order);
void __lwk_freeing(const struct page *page, unsigned int order);
struct folio *__lwk_alloc_folio(gfp_t gfp, int order,
				const struct vm_area_struct *vma,
				const struct mempolicy *pol, pgoff_t ilx);
struct folio *__lwk_alloc_shared(gfp_t gfp, int order,
				 const struct mempolicy *pol, pgoff_t ilx);
bool __lwk_folio_zeroed(const struct folio *folio);

/*
 * Zone lock held. Free pages of a type apart have come to the lists, or gone
 * if negative.
 */
static inline void lwk_count_free(const struct zone *zone, long nr_pages,
				  int mt)
{
	if (is_migrate_lwk(mt))
		__lwk_count_free(zone, nr_pages);
}

/*
 * Any context but NMI. The last reference to pages is gone; true if it is the
 * LWK that frees them, when there is time for it.
 */
static inline bool lwk_defer_free(struct page *page, unsigned int order)
{
	return lwk_enabled() && __lwk_defer_free(page, order);
}

/* Zone lock held. Pages that somebody had go to the free lists. */
static inline void lwk_freeing(const struct page *page, unsigned int order)
{
	if (lwk_enabled())
		__lwk_freeing(page, order);
}

/*
 * Process context, may sleep. Is the memory that current is about to map in
 * @vma the LWK's? Then here it is, or NULL if there is none so large.
 */
static inline bool lwk_alloc_folio(gfp_t gfp, int order,
				   const struct vm_area_struct *vma,
				   const struct mempolicy *pol, pgoff_t ilx,
				   struct folio **folio)
{
	if (!lwk_enabled())
		return false;
	/* By value: a variable whose address is known costs Linux a canary. */
	*folio = __lwk_alloc_folio(gfp, order, vma, pol, ilx);
	if (!IS_ERR(*folio))
		return *folio;
	*folio = NULL;
	return true;
}

/* The same for memory that is shared; NULL if Linux is to allocate it. */
static inline struct folio *lwk_alloc_shared(gfp_t gfp, int order,
					     const struct mempolicy *pol,
					     pgoff_t ilx)
{
	return lwk_enabled() ? __lwk_alloc_shared(gfp, order, pol, ilx) : NULL;
}

/* Process context. Need @folio, just allocated by current, not be cleared? */
static inline bool lwk_folio_zeroed(const struct folio *folio)
{
	return lwk_enabled() && __lwk_folio_zeroed(folio);
}

#else /* CONFIG_LWK_MEMORY */

static inline bool is_migrate_lwk(int mt)
{
	return false;
}

static inline bool is_migrate_apart(int mt)
{
	return is_migrate_isolate(mt);
}

static inline void lwk_count_free(const struct zone *zone, long nr_pages,
				  int mt) { }

static inline bool lwk_defer_free(struct page *page, unsigned int order)
{
	return false;
}

static inline void lwk_freeing(const struct page *page, unsigned int order) { }

static inline bool lwk_alloc_folio(gfp_t gfp, int order,
				   const struct vm_area_struct *vma,
				   const struct mempolicy *pol, pgoff_t ilx,
				   struct folio **folio)
{
	return false;
}

static inline struct folio *lwk_alloc_shared(gfp_t gfp, int order,
					     const struct mempolicy *pol,
					     pgoff_t ilx)
{
	return NULL;
}

static inline bool lwk_folio_zeroed(const struct folio *folio)
{
	return false;
}

#endif /* CONFIG_LWK_MEMORY */

#endif /* _LINUX_LWK_MEMORY_H */
