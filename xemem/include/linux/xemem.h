/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM, as files of Linux see it: get_user_pages() and futexes work on
 * attachments, whose entries in page tables have no reference to a page.
 *
 * Without attachments on the machine, each hook is a static branch.
 */
#ifndef _LINUX_XEMEM_H
#define _LINUX_XEMEM_H

#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#ifdef CONFIG_XEMEM
DECLARE_STATIC_KEY_FALSE(xemem_in_use);
extern const struct vm_operations_struct xemem_vm_ops;

/* Any context: an attachment shows memory that another one owns. */
static inline bool xemem_is_attachment(const struct vm_area_struct *vma)
{
	return static_branch_unlikely(&xemem_in_use) &&
	       vma->vm_ops == &xemem_vm_ops;
}

void __xemem_unlink(struct vm_area_struct *vma);
struct page *__xemem_page(pte_t pte, unsigned int flags);
bool __xemem_forbids(const struct vm_area_struct *vma, unsigned long gup_flags);
struct mm_struct *__xemem_futex_begin(struct mm_struct *mine,
				      unsigned long *address);

/*
 * mmap_lock held for writing. Entries of @vma are gone, and its page tables are
 * about to be freed: whoever takes memory back must not find it any more.
 */
static inline void xemem_unlink(struct vm_area_struct *vma)
{
	if (xemem_is_attachment(vma))
		__xemem_unlink(vma);
}

/*
 * All locks of an address space are held, and it gets a subscriber. Who cuts
 * entries there has none of these locks: between his announcement and its end
 * nobody may come who has not heard the first.
 */
extern struct rw_semaphore xemem_subscribers;

static inline void xemem_subscribe_begin(void)
{
	down_write(&xemem_subscribers);
}

static inline void xemem_subscribe_end(void)
{
	up_write(&xemem_subscribers);
}

/* Any context. A change of memory is announced within that of its owner. */
static inline bool xemem_is_nested(void)
{
	return current->lwk.cutting;
}

/*
 * The page behind an entry without one, for get_user_pages() with @flags; or
 * NULL. The lock of its page table is
 * held: whoever takes the page from its owner needs it first.
 */
static inline struct page *xemem_page(const struct vm_area_struct *vma,
				      pte_t pte, unsigned int flags)
{
	return xemem_is_attachment(vma) ? __xemem_page(pte, flags) : NULL;
}

/* May pages not be taken there, by get_user_pages() with @gup_flags? */
static inline bool xemem_forbids(const struct vm_area_struct *vma,
				 unsigned long gup_flags)
{
	return xemem_is_attachment(vma) && __xemem_forbids(vma, gup_flags);
}

/*
 * Are there no pages that can be taken? An attachment is VM_PFNMAP so that
 * nobody walks through memory of its owner, but it has pages.
 */
static inline bool xemem_special(const struct vm_area_struct *vma,
				 unsigned long vm_flags)
{
	return vm_flags & (VM_IO | VM_PFNMAP) && !xemem_is_attachment(vma);
}

/*
 * Process context: a futex in an attachment is one of the owner's. Returns
 * whose @address is, until xemem_futex_end().
 */
static inline struct mm_struct *xemem_futex_begin(struct mm_struct *mm,
						  unsigned long *address)
{
	return static_branch_unlikely(&xemem_in_use) ?
	       __xemem_futex_begin(mm, address) : mm;
}

static inline void xemem_futex_end(struct mm_struct *mm)
{
	if (static_branch_unlikely(&xemem_in_use) && mm != current->mm)
		mmdrop(mm);
}
#else
static inline bool xemem_is_attachment(const struct vm_area_struct *vma)
{
	return false;
}

static inline void xemem_unlink(struct vm_area_struct *vma) { }

static inline void xemem_subscribe_begin(void) { }
static inline void xemem_subscribe_end(void) { }

static inline bool xemem_is_nested(void)
{
	return false;
}

static inline struct page *xemem_page(const struct vm_area_struct *vma,
				      pte_t pte, unsigned int flags)
{
	return NULL;
}

static inline bool xemem_forbids(const struct vm_area_struct *vma,
				 unsigned long gup_flags)
{
	return false;
}

static inline bool xemem_special(const struct vm_area_struct *vma,
				 unsigned long vm_flags)
{
	return vm_flags & (VM_IO | VM_PFNMAP);
}

static inline struct mm_struct *xemem_futex_begin(struct mm_struct *mm,
						  unsigned long *address)
{
	return mm;
}

static inline void xemem_futex_end(struct mm_struct *mm) { }
#endif

#endif /* _LINUX_XEMEM_H */
