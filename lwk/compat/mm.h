/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory management, by the names of the newest release that is supported.
 */
#ifndef LWK_COMPAT_MM_H
#define LWK_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)

#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/swap_slots.h>

/* The last reference to pages is gone; in mm/internal.h. */
#define free_frozen_pages(page, order)	free_unref_page(page, order)

/* Isolation became a bit of its own beside the type of a pageblock. */
static inline void init_pageblock_migratetype(struct page *page, int mt,
					      bool isolate)
{
	set_pageblock_migratetype(page, mt);
}

/* The flags of an address space became an array. */
#define mm_flags_test(flag, mm)		test_bit(flag, &(mm)->flags)
#define mm_flags_set(flag, mm)		set_bit(flag, &(mm)->flags)
#define mm_flags_clear(flag, mm)	clear_bit(flag, &(mm)->flags)
#define mm_flags_test_and_set(flag, mm)	test_and_set_bit(flag, &(mm)->flags)

#else

/* Cores have no caches of swap that would have to be made. */
static inline void enable_swap_slots_cache(void) { }

#endif

#endif /* LWK_COMPAT_MM_H */
