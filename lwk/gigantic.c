// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: mappings in pages of 1 GiB, for who has asked for them.
 *
 * Linux has such pages in hugetlbfs alone, from a pool that the administrator
 * fills (hugepagesz=1G hugepages=N). A new anonymous mapping gets an address
 * where they fit, and then, piece by piece, as many as there are; the rest
 * has pages of 2 MiB. The pieces behave as MAP_HUGETLB has it: parts of them
 * cannot be unmapped or protected.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/syscalls.h>

#include "memory.h"

#define GIGANTIC	PUD_SIZE

/* Arguments of mmap(2), for memory that anybody may cut into pages. */
static bool is_eligible(const unsigned long *args)
{
	const unsigned long never = MAP_FIXED | MAP_FIXED_NOREPLACE |
				    MAP_HUGETLB | MAP_NORESERVE |
				    MAP_GROWSDOWN | MAP_STACK | MAP_32BIT;

	return current->lwk.rsv->regions[LWK_REGION_ANON].pages ==
		LWK_PAGES_GIGANTIC &&
	       args[1] >= GIGANTIC && args[2] & PROT_WRITE &&
	       args[3] & MAP_ANONYMOUS &&
	       (args[3] & MAP_TYPE) == MAP_PRIVATE && !(args[3] & never);
}

/**
 * lwk_gigantic_hint - where a new mapping is to be
 * @args: of mmap(2).
 *
 * Context: process context, may sleep.
 * Return: an address, which nobody has reserved; or that of @args.
 */
unsigned long lwk_gigantic_hint(const unsigned long *args)
{
	unsigned long len, addr;

	if (args[0] || !is_eligible(args) ||
	    check_add_overflow(PAGE_ALIGN(args[1]), GIGANTIC, &len) ||
	    mmap_read_lock_killable(current->mm))
		return args[0];
	addr = mm_get_unmapped_area(current->mm, NULL, 0, len, 0, args[3]);
	mmap_read_unlock(current->mm);
	return IS_ERR_VALUE(addr) ? 0 : ALIGN(addr, GIGANTIC);
}

static bool have_page(void)
{
	struct hstate *h = size_to_hstate(GIGANTIC);

	return h && READ_ONCE(h->free_huge_pages) >
		    READ_ONCE(h->resv_huge_pages);
}

static unsigned long map_piece(unsigned long addr, unsigned long prot,
			       unsigned long flags)
{
	return ksys_mmap_pgoff(addr, GIGANTIC, prot,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags,
			       -1, 0);
}

/* False if there is none; then all is as it was. */
static bool replace(unsigned long addr, unsigned long prot)
{
	const unsigned long size = MAP_HUGETLB |
				   ilog2(GIGANTIC) << HUGETLB_FLAG_ENCODE_SHIFT;

	if (!have_page())
		return false;
	if (!IS_ERR_VALUE(map_piece(addr, prot, size | MAP_POPULATE)))
		return true;
	/* Somebody was faster. It may have left a hole. */
	map_piece(addr, prot, 0);
	return false;
}

/**
 * lwk_gigantic_map - a new mapping gets its large pieces
 * @args: of mmap(2).
 * @start: what it returned.
 *
 * Context: process context, may sleep; nobody else knows the memory.
 */
void lwk_gigantic_map(const unsigned long *args, unsigned long start)
{
	unsigned long end = start + PAGE_ALIGN(args[1]);
	unsigned long addr = ALIGN(start, GIGANTIC);

	if (!IS_ENABLED(CONFIG_HUGETLBFS) || !is_eligible(args))
		return;
	for (; addr < end && end - addr >= GIGANTIC; addr += GIGANTIC)
		if (fatal_signal_pending(current) || !replace(addr, args[2]))
			break;
}
