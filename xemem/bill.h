/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM: who pays for frozen memory, and for how much.
 */
#ifndef _XEMEM_BILL_H
#define _XEMEM_BILL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct mm_struct;
struct task_struct;
struct xemem_permit;
struct xemem_process;

/* payer.c */

/**
 * struct xemem_payer - an address space that may have to pay
 * @node: by @mm.
 * @rcu: freed after a grace period.
 * @nr: of references.
 * @mm: it, with a reference to the struct.
 * @resident: pages that it pays for.
 * @mapped: pages of its addresses that it has frozen, and pays for.
 */
struct xemem_payer {
	struct hlist_node node;
	struct rcu_head rcu;
	unsigned int nr;
	struct mm_struct *mm;
	atomic_long_t resident;
	atomic_long_t mapped;
};

struct xemem_payer *xemem_payer_get(void);
void xemem_payer_put(struct xemem_payer *payer);
void xemem_payer_charge(struct xemem_payer *payer, long pages);
void xemem_payer_map(struct xemem_payer *payer, long pages);
int xemem_payer_check(struct xemem_payer *payer, unsigned long more);
bool xemem_payer_pays(const struct xemem_payer *payer);
void xemem_payer_init(void);

/* bill.c */

/**
 * struct xemem_bill - what a frozen space costs, and whom
 * @rcu: freed after a grace period.
 * @owner: of its mm_struct, with a reference.
 * @tables: page tables that it had when @resident was counted.
 * @lock: protects the rest.
 * @resident: pages that it has.
 * @mapped: pages of its address space.
 * @maker: who pays, with a reference; NULL: @holders do, or nobody any more.
 * @holders: permits with which it is attached.
 * @unpassed: those of them that are still to pay, as the maker does no more.
 * @ended: its memory is gone.
 */
struct xemem_bill {
	struct rcu_head rcu;
	struct task_struct *owner;
	unsigned long tables;
	spinlock_t lock;	/* the rest */
	unsigned long resident;
	unsigned long mapped;
	struct xemem_process *maker;
	struct list_head holders;
	struct list_head unpassed;
	bool ended;
};

struct xemem_bill *xemem_bill_open(struct xemem_process *p,
				   struct mm_struct *mm);
int xemem_bill_check(struct xemem_bill *bill, unsigned long pages);
int xemem_bill_update(struct xemem_bill *bill, struct mm_struct *mm);
void xemem_bill_refresh(struct xemem_bill *bill, struct mm_struct *mm,
			bool less);
void xemem_bill_hold(struct xemem_bill *bill, struct xemem_permit *permit,
		     unsigned long pages);
void xemem_bill_release(struct xemem_bill *bill, struct xemem_permit *permit,
			unsigned long pages);
void xemem_bill_pass(struct xemem_bill *bill);
bool xemem_bill_is_passed(struct xemem_bill *bill);
void xemem_bill_end(struct xemem_bill *bill, struct mm_struct *mm);
void xemem_bill_free(struct xemem_bill *bill);

#endif /* _XEMEM_BILL_H */
