// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: names of segments, unique among all domains. Domain 1 keeps the
 * directory; each domain keeps the names of its own segments, and tells them
 * again when the directory has begun anew. Whoever has looked up a segment
 * knows its owner, and does not need the directory any more.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "domain.h"

/**
 * struct xemem_entry - a name in the directory
 * @node: in domain 1's list.
 * @domain: whose segment it is.
 * @segid: the owner's number for it.
 * @request: what he has published it with; 0: ourselves.
 * @name: of it.
 */
struct xemem_entry {
	struct list_head node;
	u32 domain;
	u64 segid;
	u64 request;
	char name[XEMEM_WIRE_NAME];
};

/**
 * struct xemem_name - a name of a segment of ours
 * @node: in the domain's list.
 * @request: the one that is under way.
 * @done: tells who waits, once; then NULL.
 * @segid: of the segment.
 * @wanted: it is to be in the directory; else it goes.
 * @epoch: of the directory that has it; 0: none.
 * @asked: of the one that is being told.
 * @name: of it.
 */
struct xemem_name {
	struct list_head node;
	struct xemem_request request;
	struct xemem_done *done;
	u64 segid;
	bool wanted;
	u64 epoch;
	u64 asked;
	char name[XEMEM_WIRE_NAME];
};

struct lookup {
	struct xemem_request request;
	struct xemem_done *done;
};

static bool is_first(const struct xemem_domain *d)
{
	return d->id == XEMEM_DOMAIN_FIRST;
}

static struct xemem_entry *find_entry(struct xemem_domain *d, const char *name)
{
	struct xemem_entry *entry;

	list_for_each_entry(entry, &d->entries, node)
		if (!strcmp(entry->name, name))
			return entry;
	return NULL;
}

static bool is_grace(struct xemem_domain *d)
{
	return xemem_domain_now(d) < d->grace;
}

static unsigned int count_entries(struct xemem_domain *d, u32 domain)
{
	struct xemem_entry *entry;
	unsigned int nr = 0;

	list_for_each_entry(entry, &d->entries, node)
		nr += entry->domain == domain;
	return nr;
}

static int add_entry(struct xemem_domain *d, u32 domain, u64 request,
		     const struct xemem_wire_publish *publish)
{
	struct xemem_entry *entry = find_entry(d, publish->name);

	/* Those who had names get them before others do. */
	if (is_grace(d) && !(publish->flags & cpu_to_le32(XEMEM_WIRE_REPLAY)))
		return -EAGAIN;
	if (entry && (entry->domain != domain ||
		      entry->segid != le64_to_cpu(publish->segid)))
		return -EEXIST;
	if (!entry) {
		if (count_entries(d, domain) >= XEMEM_NAMES_MAX)
			return -EDQUOT;
		entry = xemem_domain_alloc(d, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		list_add_tail(&entry->node, &d->entries);
	}
	entry->domain = domain;
	entry->segid = le64_to_cpu(publish->segid);
	entry->request = request;
	memcpy(entry->name, publish->name, sizeof(entry->name));
	return 0;
}

static void free_entry(struct xemem_domain *d, struct xemem_entry *entry)
{
	list_del(&entry->node);
	xemem_domain_free(d, entry);
}

static void remove_entries(struct xemem_domain *d, u32 domain, u64 segid)
{
	struct xemem_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &d->entries, node)
		if (entry->domain == domain && entry->segid == segid)
			free_entry(d, entry);
}

/**
 * xemem_publish_serve - another domain's segment has a name
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0; -EPERM: we are not domain 1; -EAGAIN: not so soon after a restart;
 * -EEXIST: another one has it; -EDQUOT: the domain has too many; -ENOMEM.
 */
int xemem_publish_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	return is_first(d) ? add_entry(d, q->peer->id, q->id, q->payload) :
	       -EPERM;
}

/**
 * xemem_publish_again - another domain says so again
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0; -ESTALE: it is gone since.
 */
int xemem_publish_again(struct xemem_domain *d, struct xemem_asked *q)
{
	struct xemem_entry *entry;

	list_for_each_entry(entry, &d->entries, node)
		if (entry->domain == q->peer->id && entry->request == q->id)
			return 0;
	return -ESTALE;
}

/**
 * xemem_unpublish_serve - another domain's segment has no name any more
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0, also if it had none; -EPERM: we are not domain 1.
 */
int xemem_unpublish_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_id *id = q->payload;

	if (!is_first(d))
		return -EPERM;
	remove_entries(d, q->peer->id, le64_to_cpu(id->id));
	return 0;
}

/**
 * xemem_lookup_serve - another domain looks for a segment
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0; -EPERM: we are not domain 1; -ENOENT: there is none; -EAGAIN: it
 * may come back after a restart.
 */
int xemem_lookup_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_lookup *lookup = q->payload;
	struct xemem_wire_found *found = (void *)q->reply;
	struct xemem_entry *entry;

	if (!is_first(d))
		return -EPERM;
	entry = find_entry(d, lookup->name);
	if (!entry)
		return is_grace(d) ? -EAGAIN : -ENOENT;
	found->segid = cpu_to_le64(entry->segid);
	found->domain = cpu_to_le32(entry->domain);
	q->size = sizeof(*found);
	return 0;
}

/**
 * xemem_directory_died - a domain is dead, and so are its names
 * @d: the domain that hears of it, locked.
 * @id: number of the dead.
 */
void xemem_directory_died(struct xemem_domain *d, u32 id)
{
	struct xemem_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &d->entries, node)
		if (entry->domain == id)
			free_entry(d, entry);
}

static void tell(struct xemem_domain *d, struct xemem_done **done, int err)
{
	if (*done)
		xemem_done(d, *done, err);
	*done = NULL;
}

static void free_name(struct xemem_domain *d, struct xemem_name *n)
{
	/* Withdrawn before it was there. */
	tell(d, &n->done, -ENOENT);
	xemem_request_cancel(d, &n->request);
	list_del(&n->node);
	d->nr_names--;
	xemem_domain_free(d, n);
}

static int advance(struct xemem_domain *d, struct xemem_name *n);

/* The directory has it, or does not want it. */
static void published(struct xemem_domain *d, struct xemem_name *n, int err)
{
	bool first = n->done;

	if (err != -ESTALE)
		tell(d, &n->done, err);
	if (!err)
		n->epoch = n->asked;
	/* -ESTALE: it had it, and has begun anew before we knew that it had. */
	if (!err || err == -ESTALE) {
		advance(d, n);
		return;
	}
	if (!first && n->wanted)
		xemem_domain_lost(d, n->segid);
	free_name(d, n);
}

static void publish_answered(struct xemem_domain *d, struct xemem_request *r,
			     int err, const void *payload, u32 size)
{
	published(d, container_of(r, struct xemem_name, request), err);
}

static void publish_late(struct xemem_domain *d, struct xemem_request *r)
{
	struct xemem_name *n = container_of(r, struct xemem_name, request);

	/* Withdrawn as soon as the directory says that it has it. */
	if (n->done)
		n->wanted = false;
	tell(d, &n->done, -ETIMEDOUT);
}

static void unpublish_answered(struct xemem_domain *d, struct xemem_request *r,
			       int err, const void *payload, u32 size)
{
	free_name(d, container_of(r, struct xemem_name, request));
}

static int send_publish(struct xemem_domain *d, struct xemem_name *n)
{
	struct xemem_wire_publish publish = {
		.segid = cpu_to_le64(n->segid),
		.flags = cpu_to_le32(n->epoch ? XEMEM_WIRE_REPLAY : 0),
	};
	int err;

	memcpy(publish.name, n->name, sizeof(publish.name));
	n->asked = d->epoch;
	if (is_first(d)) {
		err = add_entry(d, d->id, 0, &publish);
		if (!err || n->done)
			published(d, n, err);
		return 0;
	}
	n->request.answered = publish_answered;
	n->request.late = publish_late;
	n->request.patience_ms = n->done ? XEMEM_TIMEOUT_MS : 0;
	return xemem_request_start(d, &n->request, XEMEM_DOMAIN_FIRST,
				   XEMEM_WIRE_PUBLISH, &publish,
				   sizeof(publish));
}

static int send_unpublish(struct xemem_domain *d, struct xemem_name *n)
{
	struct xemem_wire_id id = { .id = cpu_to_le64(n->segid) };

	if (is_first(d)) {
		remove_entries(d, d->id, n->segid);
		free_name(d, n);
		return 0;
	}
	n->request.answered = unpublish_answered;
	n->request.patience_ms = 0;
	return xemem_request_start(d, &n->request, XEMEM_DOMAIN_FIRST,
				   XEMEM_WIRE_UNPUBLISH, &id, sizeof(id));
}

/* Bring the directory to what is wanted; an error leaves that for later. */
static int advance(struct xemem_domain *d, struct xemem_name *n)
{
	if (!xemem_request_is_idle(&n->request) || !d->id)
		return 0;
	if (!n->wanted && n->epoch)
		return send_unpublish(d, n);
	if (!n->wanted) {
		free_name(d, n);
		return 0;
	}
	return n->epoch == d->epoch ? 0 : send_publish(d, n);
}

/**
 * xemem_directory_replay - the directory has begun anew, or something is undone
 * @d: the domain, locked.
 * @epoch: of the directory.
 */
void xemem_directory_replay(struct xemem_domain *d, u64 epoch)
{
	struct xemem_name *n, *next;

	if (epoch > d->epoch) {
		d->epoch = epoch;
		xemem_news_tell(d);
	}
	list_for_each_entry_safe(n, next, &d->names, node)
		advance(d, n);
}

static struct xemem_name *find_name(struct xemem_domain *d, u64 segid)
{
	struct xemem_name *n;

	list_for_each_entry(n, &d->names, node)
		if (n->segid == segid)
			return n;
	return NULL;
}

static int publish(struct xemem_domain *d, u64 segid, const char *name,
		   struct xemem_call *call)
{
	struct xemem_name *n;
	int err;

	if (!d->id)
		return -ENOTCONN;
	if (find_name(d, segid))
		return -EEXIST;
	if (d->nr_names == XEMEM_NAMES_MAX)
		return -EDQUOT;
	n = xemem_domain_alloc(d, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->segid = segid;
	n->wanted = true;
	memcpy(n->name, name, sizeof(n->name));
	n->done = xemem_done_alloc(d, call);
	list_add_tail(&n->node, &d->names);
	d->nr_names++;
	err = n->done ? advance(d, n) : -ENOMEM;
	if (err) {
		xemem_domain_free(d, n->done);
		n->done = NULL;
		free_name(d, n);
	}
	return err;
}

/**
 * xemem_directory_publish - a segment of ours has a name
 * @d: we.
 * @segid: our number for the segment; it has no other name.
 * @name: of the characters A-Z a-z 0-9 . _ - /, less than XEMEM_WIRE_NAME.
 * @call: told when others find it.
 *
 * The name is told again to a directory that has restarted; see ops->lost().
 *
 * Context: process context, may sleep.
 * Return: 0: @call->done() will be called: with 0, -EEXIST: another one has the
 * name; -ENOENT: it was withdrawn meanwhile; -EDQUOT, -ENOMEM by domain 1,
 * -ETIMEDOUT, -EHOSTUNREACH; in domain 1 itself, -EAGAIN: not so soon after a
 * restart; -EINVAL: that is no name; -ENOTCONN: we have no number yet; -EEXIST:
 * the segment has a name; -EDQUOT, -ENOMEM, -EHOSTUNREACH.
 */
int xemem_directory_publish(struct xemem_domain *d, u64 segid, const char *name,
			    struct xemem_call *call)
{
	char padded[XEMEM_WIRE_NAME];
	int err;

	if (!segid || strscpy_pad(padded, name) < 0 ||
	    !xemem_message_is_name(padded))
		return -EINVAL;
	xemem_domain_lock(d);
	err = publish(d, segid, padded, call);
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_directory_withdraw - a segment of ours has no name any more
 * @d: we, locked.
 * @segid: of the segment; may have none.
 */
void xemem_directory_withdraw(struct xemem_domain *d, u64 segid)
{
	struct xemem_name *n = find_name(d, segid);

	if (!n)
		return;
	n->wanted = false;
	advance(d, n);
}

/**
 * xemem_directory_unpublish - a segment of ours has no name any more
 * @d: we.
 * @segid: of the segment.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOENT: it had none.
 */
int xemem_directory_unpublish(struct xemem_domain *d, u64 segid)
{
	struct xemem_name *n;

	xemem_domain_lock(d);
	n = find_name(d, segid);
	xemem_directory_withdraw(d, segid);
	xemem_domain_unlock(d);
	return n ? 0 : -ENOENT;
}

static void lookup_answered(struct xemem_domain *d, struct xemem_request *r,
			    int err, const void *payload, u32 size)
{
	struct lookup *l = container_of(r, struct lookup, request);
	const struct xemem_wire_found *found = payload;

	if (!err) {
		l->done->call->segid = le64_to_cpu(found->segid);
		l->done->call->domain = le32_to_cpu(found->domain);
	}
	tell(d, &l->done, err);
	xemem_domain_free(d, l);
}

static void lookup_late(struct xemem_domain *d, struct xemem_request *r)
{
	struct lookup *l = container_of(r, struct lookup, request);

	xemem_request_cancel(d, r);
	tell(d, &l->done, -ETIMEDOUT);
	xemem_domain_free(d, l);
}

/* In domain 1, no message is needed. */
static int ask_self(struct xemem_domain *d, struct lookup *l, const void *ask)
{
	struct xemem_asked q = { .payload = ask };
	int err = xemem_lookup_serve(d, &q);

	lookup_answered(d, &l->request, err, q.reply, q.size);
	return 0;
}

static int look_up(struct xemem_domain *d, const struct xemem_wire_lookup *ask,
		   struct xemem_call *call)
{
	struct lookup *l = xemem_domain_alloc(d, sizeof(*l));
	int err = -ENOMEM;

	if (!l)
		return -ENOMEM;
	l->done = xemem_done_alloc(d, call);
	l->request.answered = lookup_answered;
	l->request.late = lookup_late;
	l->request.patience_ms = XEMEM_TIMEOUT_MS;
	if (l->done && is_first(d))
		return ask_self(d, l, ask);
	if (l->done)
		err = xemem_request_ask(d, &l->request, XEMEM_DOMAIN_FIRST,
					XEMEM_WIRE_LOOKUP, ask, sizeof(*ask));
	if (err) {
		xemem_domain_free(d, l->done);
		xemem_domain_free(d, l);
	}
	return err;
}

/**
 * xemem_directory_lookup - which segment has that name?
 * @d: we.
 * @name: as in xemem_directory_publish().
 * @call: told the owner, and its number for the segment.
 *
 * Context: process context, may sleep.
 * Return: 0: @call->done() will be called: with 0, -ENOENT: there is none;
 * -ETIMEDOUT, -EHOSTUNREACH; in domain 1 itself, -EAGAIN: it may come back after
 * a restart; -EINVAL: that is no name; -ENOTCONN: we have no number yet; -EBUSY:
 * too many answers of domain 1 are missing; -ENOMEM, -EHOSTUNREACH.
 */
int xemem_directory_lookup(struct xemem_domain *d, const char *name,
			   struct xemem_call *call)
{
	struct xemem_wire_lookup lookup;
	int err = -ENOTCONN;

	if (strscpy_pad(lookup.name, name) < 0 ||
	    !xemem_message_is_name(lookup.name))
		return -EINVAL;
	xemem_domain_lock(d);
	if (d->id)
		err = look_up(d, &lookup, call);
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_directory_restart - the directory begins anew
 * @d: domain 1.
 *
 * All names are forgotten and told again by their owners. For XEMEM_GRACE_MS
 * there are no new ones, and nobody is told that there is no such name. What is
 * attached stays so.
 *
 * Context: process context, may sleep.
 */
void xemem_directory_restart(struct xemem_domain *d)
{
	struct xemem_entry *entry, *next;

	xemem_domain_lock(d);
	if (!WARN_ON_ONCE(!is_first(d))) {
		list_for_each_entry_safe(entry, next, &d->entries, node)
			free_entry(d, entry);
		d->grace = xemem_domain_now(d) + XEMEM_GRACE_MS;
		xemem_directory_replay(d, d->epoch + 1);
	}
	xemem_domain_unlock(d);
}

/**
 * xemem_directory_free - no names any more
 * @d: the domain, locked, at its end.
 */
void xemem_directory_free(struct xemem_domain *d)
{
	struct xemem_entry *entry, *next_entry;
	struct xemem_name *n, *next_name;

	list_for_each_entry_safe(entry, next_entry, &d->entries, node)
		free_entry(d, entry);
	list_for_each_entry_safe(n, next_name, &d->names, node) {
		tell(d, &n->done, -EHOSTUNREACH);
		free_name(d, n);
	}
}
