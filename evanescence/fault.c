// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults of members.
 *
 * Memory without a file is the core's own affair: it is to come from the node
 * of the core, and is cleared faster than the thread would have left. A file
 * may have to be read, a swapped page too, and a userfaultfd may take any time:
 * locks, timers, and interrupts of devices that come back to the core.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#include <linux/userfaultfd_k.h>

#include "evanescence.h"

static bool needs_no_file(struct vm_area_struct *vma)
{
	if (userfaultfd_armed(vma))
		return false;
	return (vma_is_anonymous(vma) || vma_is_shmem(vma) ||
		is_vm_hugetlb_page(vma)) &&
	       !get_mm_counter(vma->vm_mm, MM_SWAPENTS);
}

/* What is not mapped, or is just being changed, may be anything. */
static enum lwk_fault kind_of_fault(unsigned long address)
{
	enum lwk_fault kind = LWK_FAULT_FILE;
	struct vm_area_struct *vma;

	vma = lock_vma_under_rcu(current->mm, address);
	if (!vma)
		return kind;
	if (needs_no_file(vma))
		kind = LWK_FAULT_ANON;
	vma_end_read(vma);
	return kind;
}

/**
 * __lwk_user_fault - a member has a page fault
 * @address: in user space, where it was.
 *
 * It is served next, here or on the core of Linux to which it has hopped by
 * then. Whatever is decided, that is done once and by Linux, so there is
 * nothing that could repeat for ever.
 *
 * Context: after an exception in user mode, interrupts and preemption on, may
 * sleep; no locks held.
 */
void __lwk_user_fault(unsigned long address)
{
	lockdep_assert_preemption_enabled();
	/* It could not go home the last time. */
	if (current->lwk.away)
		return;
	current->lwk.fault = true;
	lwk_account_fault();
	lwk_serve_fault(kind_of_fault(address));
}
