// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: who may get a segment. First its list decides, if the caller is on
 * it; then its mode, as for other objects of System V's IPC, with security
 * modules and CAP_IPC_OWNER.
 */
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "xemem.h"
#include "../../../ipc/util.h"

/* Ids become global ones. */
static int check_entry(struct xemem_acl_entry *entry)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t uid;
	kgid_t gid;

	if (entry->reserved || entry->rights > XPMEM_ABI_RDWR)
		return -EINVAL;
	switch (entry->kind) {
	case XEMEM_ACL_USER:
		uid = make_kuid(ns, entry->id);
		entry->id = __kuid_val(uid);
		return uid_valid(uid) ? 0 : -EINVAL;
	case XEMEM_ACL_GROUP:
		gid = make_kgid(ns, entry->id);
		entry->id = __kgid_val(gid);
		return gid_valid(gid) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static struct xemem_acl_list *read_list(const struct xemem_acl *req)
{
	struct xemem_acl_list *list;
	unsigned int i;
	int err;

	list = kzalloc(struct_size(list, entries, req->nr),
		       GFP_KERNEL_ACCOUNT);
	if (!list)
		return ERR_PTR(-ENOMEM);
	list->nr = req->nr;
	err = copy_from_user(list->entries, u64_to_user_ptr(req->entries),
			     array_size(req->nr, sizeof(*list->entries))) ?
	      -EFAULT : 0;
	for (i = 0; !err && i < list->nr; i++)
		err = check_entry(&list->entries[i]);
	if (!err)
		return list;
	kfree(list);
	return ERR_PTR(err);
}

/**
 * xemem_acl_set - set the list of a segment
 * @p: current, whose segment it is.
 * @req: which, and its list.
 *
 * Context: process context, may sleep; reads memory of the user.
 * Return: 0; -EINVAL: no such id, kind or rights; -E2BIG: more than
 * XEMEM_ACL_MAX entries; -ENOENT: there is no such segment; -EACCES: it is
 * another process's; -EFAULT; -ENOMEM.
 */
int xemem_acl_set(struct xemem_process *p, const struct xemem_acl *req)
{
	struct xemem_acl_list *list = NULL;
	struct xemem_segment *segment;

	if (memchr_inv(req->reserved, 0, sizeof(req->reserved)))
		return -EINVAL;
	if (req->nr > XEMEM_ACL_MAX)
		return -E2BIG;
	segment = xemem_segment_find(req->segid);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (segment->process != p) {
		xemem_segment_put(segment);
		return -EACCES;
	}
	if (req->nr)
		list = read_list(req);
	if (!IS_ERR(list)) {
		scoped_guard(mutex, &p->lock)
			list = rcu_replace_pointer(segment->acl, list,
						   lockdep_is_held(&p->lock));
		if (list)
			kfree_rcu(list, rcu);
		list = NULL;
	}
	xemem_segment_put(segment);
	return PTR_ERR_OR_ZERO(list);
}

static bool fits(const struct xemem_acl_entry *entry)
{
	return entry->kind == XEMEM_ACL_USER ?
	       uid_eq(current_euid(), KUIDT_INIT(entry->id)) :
	       in_group_p(KGIDT_INIT(entry->id));
}

/* The first entry that fits current, or NULL. */
static const struct xemem_acl_entry *
find_entry(const struct xemem_acl_list *list)
{
	unsigned int i;

	for (i = 0; list && i < list->nr; i++)
		if (fits(&list->entries[i]))
			return &list->entries[i];
	return NULL;
}

/**
 * xemem_acl_check - may current have a segment?
 * @segment: it.
 * @write: to write, too.
 *
 * Context: process context, may sleep.
 * Return: 0; -EACCES; or what a security module says.
 */
int xemem_acl_check(const struct xemem_segment *segment, bool write)
{
	struct kern_ipc_perm *perm = (struct kern_ipc_perm *)&segment->perm;
	const struct xemem_acl_entry *entry;
	short flag = write ? 0666 : 0444;
	unsigned int rights = 0;

	scoped_guard(rcu) {
		entry = find_entry(rcu_dereference(segment->acl));
		if (entry)
			rights = entry->rights;
	}
	if (!entry)
		return ipcperms(segment->ns, perm, flag) ? -EACCES : 0;
	/*
	 * With rights to write come those to read. A capability is asked for
	 * if it decides: to ask is to use it, and to be judged and recorded.
	 */
	if (rights < (write ? XPMEM_ABI_RDWR : XPMEM_ABI_RDONLY) &&
	    !ns_capable(segment->ns->user_ns, CAP_IPC_OWNER))
		return -EACCES;
	return security_ipc_permission(perm, flag);
}
