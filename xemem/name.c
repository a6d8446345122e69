// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: names of segments, unique among those of a user in an IPC namespace.
 *
 * A user's names are his own: nobody keeps him from them by having taken them
 * first, and who looks for one can say whose he means.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/ipc_namespace.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/wait.h>

#include "xemem.h"

/**
 * struct xemem_name - segments of one name, and who waits for one
 * @node: in the tree of all names.
 * @hash: of @ns and @name; in the tree it counts first, since texts that begin
 *	alike take long to compare.
 * @ns: where it is, with a reference.
 * @name: the name.
 * @owners: segments, by uid.
 * @segments: the same, in the order in which their users took the name.
 * @waiters: how many wait, or are about to.
 * @wait: they do.
 */
struct xemem_name {
	struct rb_node node;
	unsigned int hash;
	struct ipc_namespace *ns;
	char name[XEMEM_NAME_MAX];
	struct rb_root owners;
	struct list_head segments;
	unsigned int waiters;
	wait_queue_head_t wait;
};

/**
 * struct wanted - what is looked for
 * @hash: of the next two.
 * @ns: where.
 * @name: the name.
 * @owner: whose; invalid: one's own, else that of who took the name first.
 */
struct wanted {
	unsigned int hash;
	const struct ipc_namespace *ns;
	const char *name;
	kuid_t owner;
};

static DEFINE_MUTEX(names_lock);	/* names, and all in them; innermost */
static struct rb_root names = RB_ROOT;

static bool is_name(const char *name)
{
	size_t len = strnlen(name, XEMEM_NAME_MAX), i;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("._-/", name[i])))
			return false;
	return len && len < XEMEM_NAME_MAX;
}

static unsigned int hash_of(const struct ipc_namespace *ns, const char *name)
{
	return full_name_hash(ns, name, strlen(name));
}

static int compare(unsigned int hash, const struct ipc_namespace *ns,
		   const char *name, const struct xemem_name *other)
{
	if (hash != other->hash)
		return hash < other->hash ? -1 : 1;
	if (ns != other->ns)
		return ns < other->ns ? -1 : 1;
	return strcmp(name, other->name);
}

static int compare_key(const void *key, const struct rb_node *node)
{
	const struct wanted *wanted = key;

	return compare(wanted->hash, wanted->ns, wanted->name,
		       rb_entry(node, struct xemem_name, node));
}

static int compare_nodes(struct rb_node *node, const struct rb_node *other)
{
	const struct xemem_name *n = rb_entry(node, struct xemem_name, node);

	return compare(n->hash, n->ns, n->name,
		       rb_entry(other, struct xemem_name, node));
}

static int compare_uids(kuid_t uid, kuid_t other)
{
	return uid_lt(uid, other) ? -1 : uid_gt(uid, other);
}

static int compare_owner(const void *key, const struct rb_node *node)
{
	return compare_uids(*(const kuid_t *)key,
			    rb_entry(node, struct xemem_segment,
				     by_owner)->perm.uid);
}

static int compare_owners(struct rb_node *node, const struct rb_node *other)
{
	return compare_owner(&rb_entry(node, struct xemem_segment,
				       by_owner)->perm.uid, other);
}

static struct xemem_name *find_name(const struct wanted *wanted)
{
	struct rb_node *node;

	lockdep_assert_held(&names_lock);
	node = rb_find(wanted, &names, compare_key);
	return node ? rb_entry(node, struct xemem_name, node) : NULL;
}

static struct xemem_segment *of_owner(const struct xemem_name *name, kuid_t uid)
{
	struct rb_node *node = rb_find(&uid, &name->owners, compare_owner);

	return node ? rb_entry(node, struct xemem_segment, by_owner) : NULL;
}

static struct xemem_segment *find(struct xemem_name *name,
				  const struct wanted *wanted)
{
	struct xemem_segment *own;

	if (uid_valid(wanted->owner))
		return of_owner(name, wanted->owner);
	own = of_owner(name, current_euid());
	return own ?: list_first_entry_or_null(&name->segments,
					       struct xemem_segment, named);
}

static void free_name(struct xemem_name *name)
{
	if (!name)
		return;
	put_ipc_ns(name->ns);
	kfree(name);
}

static struct xemem_name *create(struct ipc_namespace *ns, const char *text)
{
	struct xemem_name *name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);

	if (!name)
		return NULL;
	name->hash = hash_of(ns, text);
	name->ns = get_ipc_ns(ns);
	strscpy(name->name, text, sizeof(name->name));
	name->owners = RB_ROOT;
	INIT_LIST_HEAD(&name->segments);
	init_waitqueue_head(&name->wait);
	return name;
}

/* The one that is there already, or *@new, which is NULL then. */
static struct xemem_name *find_or_add(struct xemem_name **new)
{
	struct xemem_name *name = *new;
	struct rb_node *node;

	lockdep_assert_held(&names_lock);
	node = rb_find_add(&name->node, &names, compare_nodes);
	if (node)
		return rb_entry(node, struct xemem_name, node);
	*new = NULL;
	return name;
}

/* Returns what is to be freed without the lock: nobody has or wants the name. */
static struct xemem_name *drop_unused(struct xemem_name *name)
{
	lockdep_assert_held(&names_lock);
	if (name->waiters || !list_empty(&name->segments))
		return NULL;
	rb_erase(&name->node, &names);
	return name;
}

/* As the only one of his segments. */
static int add(struct xemem_name *name, struct xemem_segment *segment)
{
	int err = xemem_charge(segment->account, XEMEM_QUOTA_NAMES);

	if (err)
		return err;
	rb_find_add(&segment->by_owner, &name->owners, compare_owners);
	list_add_tail(&segment->named, &name->segments);
	segment->name = name;
	return 0;
}

/* Nobody sees neither of them. */
static int replace(struct xemem_segment *old, struct xemem_segment *segment)
{
	struct xemem_name *name = old->name;
	int err;

	if (segment->account != old->account) {
		err = xemem_charge(segment->account, XEMEM_QUOTA_NAMES);
		if (err)
			return err;
		xemem_uncharge(old->account, XEMEM_QUOTA_NAMES);
	}
	rb_replace_node(&old->by_owner, &segment->by_owner, &name->owners);
	list_replace_init(&old->named, &segment->named);
	old->name = NULL;
	segment->name = name;
	return 0;
}

/**
 * xemem_name_add - a segment can be found by its name
 * @segment: it.
 * @text: its name; empty: nothing happens.
 * @instead: of a segment of the same user that has it.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no name; -EEXIST: another segment of this user
 * has it; -EDQUOT: he has too many names; -ENOMEM.
 */
int xemem_name_add(struct xemem_segment *segment, const char *text,
		   bool instead)
{
	struct xemem_name *new, *name;
	struct xemem_segment *old;
	int err;

	if (!*text)
		return instead ? -EINVAL : 0;
	if (!is_name(text))
		return -EINVAL;
	new = create(segment->ns, text);
	if (!new)
		return -ENOMEM;
	scoped_guard(mutex, &names_lock) {
		name = find_or_add(&new);
		old = of_owner(name, segment->perm.uid);
		err = !old ? add(name, segment) :
		      instead ? replace(old, segment) : -EEXIST;
		if (!err)
			wake_up_all(&name->wait);
		else if (!new)
			new = drop_unused(name);
	}
	free_name(new);
	return err;
}

/**
 * xemem_name_remove - a segment ends
 * @segment: it, with a name or not.
 *
 * Context: process context, may sleep.
 */
void xemem_name_remove(struct xemem_segment *segment)
{
	struct xemem_name *name, *unused = NULL;

	scoped_guard(mutex, &names_lock) {
		name = segment->name;
		if (name) {
			segment->name = NULL;
			rb_erase(&segment->by_owner, &name->owners);
			list_del_init(&segment->named);
			xemem_uncharge(segment->account, XEMEM_QUOTA_NAMES);
			unused = drop_unused(name);
		}
	}
	free_name(unused);
}

/**
 * xemem_name_of - the name that a segment has at the moment
 * @segment: it.
 * @text: out: XEMEM_NAME_MAX bytes; without a name, it is empty.
 *
 * Context: process context, may sleep.
 */
void xemem_name_of(const struct xemem_segment *segment, char *text)
{
	guard(mutex)(&names_lock);
	strscpy_pad(text, segment->name ? segment->name->name : "",
		    XEMEM_NAME_MAX);
}

static bool look_up(const struct wanted *wanted, s64 *segid)
{
	const struct xemem_segment *segment;
	struct xemem_name *name;

	guard(mutex)(&names_lock);
	name = find_name(wanted);
	segment = name ? find(name, wanted) : NULL;
	if (segment)
		*segid = segment->segid;
	return segment;
}

/*
 * Until @end. What is looked at may sleep, so it is woken. Jiffies may be late,
 * and what is counted in them early: the clock decides.
 */
static int wait_at(struct xemem_name *name, const struct wanted *wanted,
		   s64 *segid, ktime_t end)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;
	s64 left;

	add_wait_queue(&name->wait, &wait);
	while (!look_up(wanted, segid)) {
		left = ktime_to_ns(ktime_sub(end, ktime_get()));
		if (left <= 0)
			ret = -ETIMEDOUT;
		else if (signal_pending(current))
			/* Not begun anew: the caller knows how long he has waited. */
			ret = -EINTR;
		if (ret)
			break;
		wait_woken(&wait, TASK_INTERRUPTIBLE, end == KTIME_MAX ?
			   MAX_SCHEDULE_TIMEOUT : nsecs_to_jiffies(left) + 1);
	}
	remove_wait_queue(&name->wait, &wait);
	return ret;
}

/* The name is there for as long as somebody waits for it. */
static int wait_for(const struct wanted *wanted, s64 *segid, ktime_t end)
{
	struct xemem_name *new, *name;
	int ret;

	new = create(current->nsproxy->ipc_ns, wanted->name);
	if (!new)
		return -ENOMEM;
	scoped_guard(mutex, &names_lock) {
		name = find_or_add(&new);
		name->waiters++;
	}
	free_name(new);
	ret = wait_at(name, wanted, segid, end);
	scoped_guard(mutex, &names_lock) {
		name->waiters--;
		new = drop_unused(name);
	}
	free_name(new);
	return ret;
}

/**
 * xemem_name_lookup - find a segment by its name, or wait for it
 * @req: the name, whose, and for how long; out: its number.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no name, or no user; -ENOENT: there is none, and
 * the caller does not wait; -ETIMEDOUT: there was none for so long; -EINTR;
 * -ENOMEM.
 */
int xemem_name_lookup(struct xemem_lookup *req)
{
	struct wanted wanted = {
		.ns = current->nsproxy->ipc_ns,
		.name = req->name,
		.owner = INVALID_UID,
	};

	if (!is_name(req->name) || req->flags & ~XEMEM_OWNER ||
	    req->timeout_ms < -1)
		return -EINVAL;
	if (req->flags & XEMEM_OWNER) {
		wanted.owner = make_kuid(current_user_ns(), req->owner);
		if (!uid_valid(wanted.owner))
			return -EINVAL;
	}
	wanted.hash = hash_of(wanted.ns, wanted.name);
	if (look_up(&wanted, &req->segid))
		return 0;
	if (!req->timeout_ms)
		return -ENOENT;
	return wait_for(&wanted, &req->segid,
			req->timeout_ms < 0 ? KTIME_MAX :
			ktime_add_ms(ktime_get(), req->timeout_ms));
}
