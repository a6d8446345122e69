// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: how much a user may have, in /proc/sys/xemem. Nothing is pinned, and
 * what the kernel needs for it is charged to the memory cgroup; attachments
 * are mappings, of which vm.max_map_count allows so many.
 *
 * It counts who opened the device, as for RLIMIT_NPROC: what he forks shares
 * his account. In a user namespace he has as many ids as he was given, and the
 * account of each is also paid by the one who has made the outermost namespace,
 * unless that is root.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>

#include "xemem.h"

/**
 * struct xemem_account - what a user has
 * @node: in the hash of all.
 * @refs: of processes and segments, and of accounts that this one pays for.
 * @uid: whose.
 * @payer: who else pays, with a reference; or NULL.
 * @used: how many of each kind.
 */
struct xemem_account {
	struct hlist_node node;
	refcount_t refs;
	kuid_t uid;
	struct xemem_account *payer;
	atomic_long_t used[XEMEM_QUOTAS];
};

static unsigned int most[XEMEM_QUOTAS] __read_mostly = {
	[XEMEM_QUOTA_SEGMENTS] = 65536,
	[XEMEM_QUOTA_PERMITS] = 1048576,
	[XEMEM_QUOTA_NAMES] = 32768,
};

static DEFINE_SPINLOCK(accounts_lock);	/* accounts; innermost */
static DEFINE_HASHTABLE(accounts, 8);

static struct xemem_account *find(kuid_t uid,
				  const struct xemem_account *payer)
{
	struct xemem_account *a;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_possible(accounts, a, node, __kuid_val(uid))
		if (uid_eq(a->uid, uid) && a->payer == payer)
			return a;
	return NULL;
}

/* The reference to @payer goes. */
static struct xemem_account *get_account(kuid_t uid,
					 struct xemem_account *payer)
{
	struct xemem_account *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	struct xemem_account *a;

	if (new) {
		refcount_set(&new->refs, 1);
		new->uid = uid;
		new->payer = payer;
	}
	scoped_guard(spinlock, &accounts_lock) {
		a = find(uid, payer);
		if (a)
			refcount_inc(&a->refs);
		else if (new)
			hash_add(accounts, &new->node, __kuid_val(uid));
	}
	if (!a && new)
		return new;
	kfree(new);
	if (payer)
		xemem_account_put(payer);
	return a;
}

/**
 * xemem_account_get - whose quota is current's?
 *
 * Context: process context, may sleep.
 * Return: with a reference; or NULL: there is no memory.
 */
struct xemem_account *xemem_account_get(void)
{
	struct user_namespace *ns = current_user_ns();
	struct xemem_account *payer = NULL;

	if (ns != &init_user_ns) {
		while (ns->parent != &init_user_ns)
			ns = ns->parent;
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID) &&
		    !uid_eq(ns->owner, current_uid())) {
			payer = get_account(ns->owner, NULL);
			if (!payer)
				return NULL;
		}
	}
	return get_account(current_uid(), payer);
}

/**
 * xemem_account_hold - one more reference
 * @a: an account.
 *
 * Context: any.
 * Return: @a.
 */
struct xemem_account *xemem_account_hold(struct xemem_account *a)
{
	refcount_inc(&a->refs);
	return a;
}

/**
 * xemem_account_put - drop a reference
 * @a: an account.
 *
 * Context: process context.
 */
void xemem_account_put(struct xemem_account *a)
{
	struct xemem_account *payer;

	for (; a; a = payer) {
		scoped_guard(spinlock, &accounts_lock) {
			if (!refcount_dec_and_test(&a->refs))
				return;
			hash_del(&a->node);
		}
		payer = a->payer;
		kfree(a);
	}
}

static bool is_too_much(long used, enum xemem_quota quota)
{
	/* It is asked for only where it decides, and leaves no record. */
	return used > READ_ONCE(most[quota]) &&
	       !has_capability_noaudit(current, CAP_SYS_RESOURCE);
}

/**
 * xemem_charge - current is to have one more
 * @account: whose that is.
 * @quota: of what.
 *
 * Context: process context.
 * Return: 0; or -EDQUOT: it is too much for the user, and current does not have
 * CAP_SYS_RESOURCE.
 */
int xemem_charge(struct xemem_account *account, enum xemem_quota quota)
{
	struct xemem_account *a, *b;

	for (a = account; a; a = a->payer) {
		if (!is_too_much(atomic_long_inc_return(&a->used[quota]),
				 quota))
			continue;
		for (b = account; b != a->payer; b = b->payer)
			atomic_long_dec(&b->used[quota]);
		return -EDQUOT;
	}
	return 0;
}

/**
 * xemem_uncharge - there is one less
 * @account: as for xemem_charge().
 * @quota: of what.
 *
 * Context: any.
 */
void xemem_uncharge(struct xemem_account *account, enum xemem_quota quota)
{
	for (; account; account = account->payer)
		atomic_long_dec(&account->used[quota]);
}

/**
 * xemem_charge_many - somebody has more, or less, whatever the limit is
 * @account: whose that is.
 * @quota: of what.
 * @nr: how many more.
 *
 * Context: any.
 */
void xemem_charge_many(struct xemem_account *account, enum xemem_quota quota,
		       long nr)
{
	for (; account; account = account->payer)
		atomic_long_add(nr, &account->used[quota]);
}

/**
 * xemem_charge_check - is it too much for current?
 * @account: of current.
 * @quota: of what.
 *
 * Context: process context.
 * Return: 0 or -EDQUOT.
 */
int xemem_charge_check(const struct xemem_account *account,
		       enum xemem_quota quota)
{
	for (; account; account = account->payer)
		if (is_too_much(atomic_long_read(&account->used[quota]), quota))
			return -EDQUOT;
	return 0;
}

#define QUOTA(name, kind) {				\
	.procname = (name),				\
	.data = &most[kind],				\
	.maxlen = sizeof(unsigned int),			\
	.mode = 0644,					\
	.proc_handler = proc_douintvec,			\
}

static struct ctl_table table[] = {
	QUOTA("segments_max", XEMEM_QUOTA_SEGMENTS),
	QUOTA("permits_max", XEMEM_QUOTA_PERMITS),
	QUOTA("names_max", XEMEM_QUOTA_NAMES),
	QUOTA("frozen_pages_max", XEMEM_QUOTA_FROZEN),
};

/**
 * xemem_quota_init - /proc/sys/xemem
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_quota_init(void)
{
	most[XEMEM_QUOTA_FROZEN] = min(totalram_pages(), UINT_MAX);
	return register_sysctl("xemem", table) ? 0 : -ENOMEM;
}
