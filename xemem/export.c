// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what other domains have of our segments. Pages stay pinned until the
 * importer says that it has unmapped them, or is dead.
 */
#include <linux/errno.h>
#include <linux/minmax.h>

#include "domain.h"

/**
 * struct xemem_grant - another domain may attach a segment of ours
 * @job: asks the ops for it.
 * @node: in the peer's list.
 * @peer: who has it; NULL if he is dead and the ops are being asked.
 * @domain: his number.
 * @id: of the permit.
 * @request: what he has asked with.
 * @segid: of the segment.
 * @pages: in it.
 * @write: to write, too.
 * @uid: of his user.
 * @gid: of his user.
 * @pending: the ops are being asked.
 * @removed: the segment has gone meanwhile.
 */
struct xemem_grant {
	struct xemem_job job;
	struct list_head node;
	struct xemem_peer *peer;
	u32 domain;
	u64 id;
	u64 request;
	u64 segid;
	u64 pages;
	bool write;
	u32 uid;
	u32 gid;
	bool pending;
	bool removed;
};

enum export_state {
	PINNING,
	LIVE,
	REVOKING,
};

/**
 * struct xemem_export - another domain has attached a part of a segment
 * @job: pins and unpins.
 * @node: in the peer's list.
 * @peer: who has it; NULL if nobody has it any more.
 * @id: of the attachment.
 * @request: what he has asked with.
 * @grant: number of his permit.
 * @state: enum export_state.
 * @unwanted: to be unpinned as soon as it is pinned.
 * @revoke: asks him to unmap it.
 * @pin: the pages.
 */
struct xemem_export {
	struct xemem_job job;
	struct list_head node;
	struct xemem_peer *peer;
	u64 id;
	u64 request;
	u64 grant;
	enum export_state state;
	bool unwanted;
	struct xemem_request revoke;
	struct xemem_pin pin;
};

/* An error of the ops that means nothing else in the protocol. */
static int sane(int err)
{
	switch (err) {
	case 0:
	case -ENOENT:
	case -ENOMEM:
	case -EFAULT:
		return err;
	default:
		return -EACCES;
	}
}

static void unlink_grant(struct xemem_domain *d, struct xemem_grant *g)
{
	list_del(&g->node);
	g->peer->nr_grants--;
	g->peer = NULL;
	d->stats.grants--;
}

static int fill_permit(const struct xemem_grant *g, void *reply)
{
	struct xemem_wire_permit *permit = reply;

	permit->permit = cpu_to_le64(g->id);
	permit->pages = cpu_to_le64(g->pages);
	return sizeof(*permit);
}

static void run_permit(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_grant *g = container_of(job, struct xemem_grant, job);
	struct xemem_wire_permit permit;
	struct xemem_peer *peer;
	u64 pages = 0;
	int err;

	err = sane(d->ops->permit(d->context, g->segid, g->domain, g->uid,
				  g->gid, g->write, &pages));
	xemem_domain_lock(d);
	peer = g->peer;
	if (g->removed)
		err = -ENOENT;
	g->pending = false;
	g->pages = pages;
	if (peer && err)
		unlink_grant(d, g);
	if (peer)
		xemem_serve_over(d, peer, XEMEM_WIRE_GET, g->request, err,
				 &permit, fill_permit(g, &permit));
	if (!peer || err)
		xemem_domain_free(d, g);
	xemem_domain_unlock(d);
}

/**
 * xemem_get_again - another domain asks for the same permit again
 * @d: we, locked.
 * @q: the request.
 *
 * Return: 0; -EINPROGRESS: not yet; -ENOENT: it was released, or the segment is
 * removed.
 */
int xemem_get_again(struct xemem_domain *d, struct xemem_asked *q)
{
	struct xemem_grant *g;

	list_for_each_entry(g, &q->peer->grants, node) {
		if (g->request != q->id)
			continue;
		if (g->pending)
			return -EINPROGRESS;
		q->size = fill_permit(g, q->reply);
		return 0;
	}
	return -ENOENT;
}

/**
 * xemem_get_serve - another domain asks for a permit
 * @d: we, locked.
 * @q: the request.
 *
 * Return: -EINPROGRESS: the ops are asked; -EDQUOT: it has too many; -ENOMEM.
 */
int xemem_get_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_get *get = q->payload;
	struct xemem_grant *g;

	if (q->peer->nr_grants == XEMEM_GRANTS_MAX)
		return -EDQUOT;
	g = xemem_domain_alloc(d, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->peer = q->peer;
	g->domain = q->peer->id;
	g->id = d->next_number++;
	g->request = q->id;
	g->segid = le64_to_cpu(get->segid);
	g->write = get->flags & cpu_to_le32(XEMEM_WIRE_WRITE);
	g->uid = le32_to_cpu(get->uid);
	g->gid = le32_to_cpu(get->gid);
	g->pending = true;
	list_add_tail(&g->node, &q->peer->grants);
	q->peer->nr_grants++;
	d->stats.grants++;
	xemem_domain_job(d, &g->job, run_permit);
	return -EINPROGRESS;
}

static struct xemem_grant *find_grant(struct xemem_peer *peer, u64 id)
{
	struct xemem_grant *g;

	list_for_each_entry(g, &peer->grants, node)
		if (g->id == id && !g->pending)
			return g;
	return NULL;
}

static void run_unpin(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_export *e = container_of(job, struct xemem_export, job);

	d->ops->unpin(d->context, &e->pin);
	xemem_domain_lock(d);
	d->stats.exports--;
	xemem_domain_free(d, e);
	xemem_domain_unlock(d);
}

static void unlink_export(struct xemem_domain *d, struct xemem_export *e)
{
	xemem_request_cancel(d, &e->revoke);
	list_del(&e->node);
	e->peer->nr_exports--;
	e->peer = NULL;
}

/* Nobody has it mapped any more. */
static void end_export(struct xemem_domain *d, struct xemem_export *e)
{
	if (e->state == PINNING) {
		e->unwanted = true;
		return;
	}
	unlink_export(d, e);
	xemem_domain_job(d, &e->job, run_unpin);
}

static void revoke_answered(struct xemem_domain *d, struct xemem_request *r,
			    int err, const void *payload, u32 size)
{
	/* Refusals do not come here; the dead have nothing mapped. */
	end_export(d, container_of(r, struct xemem_export, revoke));
}

static void revoke_late(struct xemem_domain *d, struct xemem_request *r)
{
	xemem_domain_stuck(d, r->peer->id);
}

static void revoke(struct xemem_domain *d, struct xemem_export *e)
{
	struct xemem_wire_id id = { .id = cpu_to_le64(e->id) };

	e->unwanted = true;
	if (e->state != LIVE)
		return;
	e->state = REVOKING;
	e->revoke.answered = revoke_answered;
	e->revoke.late = revoke_late;
	e->revoke.patience_ms = XEMEM_STUCK_MS;
	e->revoke.stubborn = true;
	/* Cannot fail: there is a peer, and a way there until it is dead. */
	WARN_ON_ONCE(xemem_request_start(d, &e->revoke, e->peer->id,
					 XEMEM_WIRE_REVOKE, &id, sizeof(id)));
}

/* Ours, aligned, and as much as was asked for? */
static int check_pin(struct xemem_domain *d, const struct xemem_pin *pin)
{
	u64 pages = 0;
	u32 i;

	if (!pin->nr || pin->nr > XEMEM_EXTENTS_MAX)
		return -EFAULT;
	for (i = 0; i < pin->nr; i++) {
		if (xemem_extent_check_own(d, &pin->extents[i]))
			return -EFAULT;
		pages += pin->extents[i].pages;
	}
	return pages == pin->pages ? 0 : -EFAULT;
}

static int fill_attached(const struct xemem_export *e, void *reply)
{
	struct xemem_wire_attached *attached = reply;

	attached->attachment = cpu_to_le64(e->id);
	attached->extents = cpu_to_le32(e->pin.nr);
	attached->reserved = 0;
	return sizeof(*attached);
}

/* The ops have pinned the pages, or have not. */
static void pinned(struct xemem_domain *d, struct xemem_export *e, int err)
{
	struct xemem_wire_attached attached;
	struct xemem_peer *peer = e->peer;
	bool unpin = !err;

	e->state = LIVE;
	if (!err)
		err = check_pin(d, &e->pin);
	if (!err && e->unwanted)
		err = -ENOENT;
	if (peer)
		xemem_serve_over(d, peer, XEMEM_WIRE_ATTACH, e->request, err,
				 &attached, fill_attached(e, &attached));
	if (peer && !err)
		return;
	if (peer)
		unlink_export(d, e);
	if (unpin) {
		xemem_domain_job(d, &e->job, run_unpin);
		return;
	}
	d->stats.exports--;
	xemem_domain_free(d, e);
}

static void run_pin(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_export *e = container_of(job, struct xemem_export, job);
	int err = sane(d->ops->pin(d->context, &e->pin));

	xemem_domain_lock(d);
	pinned(d, e, err);
	xemem_domain_unlock(d);
}

/**
 * xemem_attach_again - another domain asks for the same attachment again
 * @d: we, locked.
 * @q: the request.
 *
 * Return: 0; -EINPROGRESS: not yet; -ENOENT: it was detached or revoked.
 */
int xemem_attach_again(struct xemem_domain *d, struct xemem_asked *q)
{
	struct xemem_export *e;

	list_for_each_entry(e, &q->peer->exports, node) {
		if (e->request != q->id)
			continue;
		if (e->state == PINNING)
			return -EINPROGRESS;
		q->size = fill_attached(e, q->reply);
		return 0;
	}
	return -ENOENT;
}

/**
 * xemem_attach_serve - another domain attaches a part of a segment
 * @d: we, locked.
 * @q: the request.
 *
 * Return: -EINPROGRESS: it is being pinned; -ENOENT: it has no such permit;
 * -EACCES: that is not for writing; -ERANGE: the segment is not so large;
 * -EDQUOT: it has too many; -ENOMEM.
 */
int xemem_attach_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_attach *attach = q->payload;
	bool write = attach->flags & cpu_to_le32(XEMEM_WIRE_WRITE);
	u64 first = le64_to_cpu(attach->first);
	u64 pages = le64_to_cpu(attach->pages);
	struct xemem_export *e;
	struct xemem_grant *g;

	g = find_grant(q->peer, le64_to_cpu(attach->permit));
	if (!g)
		return -ENOENT;
	if (write && !g->write)
		return -EACCES;
	if (first >= g->pages || pages > g->pages - first)
		return -ERANGE;
	if (q->peer->nr_exports == XEMEM_EXPORTS_MAX)
		return -EDQUOT;
	e = xemem_domain_alloc(d, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->peer = q->peer;
	e->id = d->next_number++;
	e->request = q->id;
	e->grant = g->id;
	e->pin.domain = q->peer->id;
	e->pin.segid = g->segid;
	e->pin.first = first;
	e->pin.pages = pages;
	e->pin.write = write;
	list_add_tail(&e->node, &q->peer->exports);
	q->peer->nr_exports++;
	d->stats.exports++;
	xemem_domain_job(d, &e->job, run_pin);
	return -EINPROGRESS;
}

static struct xemem_export *find_export(struct xemem_peer *peer, u64 id)
{
	struct xemem_export *e;

	list_for_each_entry(e, &peer->exports, node)
		if (e->id == id)
			return e;
	return NULL;
}

/**
 * xemem_extents_serve - another domain asks where an attachment is
 * @d: we, locked.
 * @q: the request.
 *
 * Return: -EINPROGRESS: is answered; -ENOENT: it has no such attachment, or it
 * is revoked; -ERANGE: it has not so many extents; -ENOMEM.
 */
int xemem_extents_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_where *asked = q->payload;
	struct xemem_wire_extent *wire;
	struct xemem_wire_where *where;
	u32 i, nr, index = le32_to_cpu(asked->index);
	struct xemem_export *e;
	size_t size;

	e = find_export(q->peer, le64_to_cpu(asked->attachment));
	if (!e || e->unwanted || e->state != LIVE)
		return -ENOENT;
	if (index >= e->pin.nr)
		return -ERANGE;
	nr = min_t(u32, e->pin.nr - index, XEMEM_WIRE_EXTENTS_MAX);
	size = sizeof(*where) + nr * sizeof(*wire);
	where = xemem_domain_alloc(d, size);
	if (!where)
		return -ENOMEM;
	*where = *asked;
	where->nr = cpu_to_le32(nr);
	wire = (void *)(where + 1);
	for (i = 0; i < nr; i++)
		xemem_extent_put(&wire[i], &e->pin.extents[index + i]);
	xemem_reply(d, q->peer->id, q->type, q->id, 0, where, size);
	xemem_domain_free(d, where);
	return -EINPROGRESS;
}

/**
 * xemem_detach_serve - another domain has unmapped an attachment
 * @d: we, locked.
 * @q: the request.
 *
 * Return: 0, also if there is no such attachment (any more).
 */
int xemem_detach_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_id *id = q->payload;
	struct xemem_export *e = find_export(q->peer, le64_to_cpu(id->id));

	if (e)
		end_export(d, e);
	return 0;
}

/**
 * xemem_release_serve - another domain does not want a permit any more
 * @d: we, locked.
 * @q: the request.
 *
 * What it has attached with it is revoked.
 *
 * Return: 0, also if there is no such permit (any more).
 */
int xemem_release_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_id *id = q->payload;
	struct xemem_grant *g = find_grant(q->peer, le64_to_cpu(id->id));
	struct xemem_export *e;

	if (!g)
		return 0;
	list_for_each_entry(e, &q->peer->exports, node)
		if (e->grant == g->id)
			revoke(d, e);
	unlink_grant(d, g);
	xemem_domain_free(d, g);
	return 0;
}

static unsigned int revoke_range(struct xemem_domain *d, u64 segid, u64 first,
				 u64 pages)
{
	struct xemem_export *e;
	struct xemem_peer *peer;
	unsigned int nr = 0;
	unsigned long id;

	xa_for_each(&d->peers, id, peer) {
		list_for_each_entry(e, &peer->exports, node) {
			if (e->pin.segid != segid ||
			    e->pin.first + e->pin.pages <= first ||
			    (e->pin.first >= first &&
			     e->pin.first - first >= pages))
				continue;
			revoke(d, e);
			nr++;
		}
	}
	return nr;
}

/**
 * xemem_export_revoke - a part of a segment is to be something else
 * @d: whose segment it is.
 * @segid: its number.
 * @first: page in the segment.
 * @pages: how many.
 *
 * Context: process context, may sleep.
 * Return: how many attachments there are; ops->unpin() is called for each when
 * its importer has acknowledged, or is dead.
 */
unsigned int xemem_export_revoke(struct xemem_domain *d, u64 segid, u64 first,
				 u64 pages)
{
	unsigned int nr;

	xemem_domain_lock(d);
	nr = revoke_range(d, segid, first, pages);
	xemem_domain_unlock(d);
	return nr;
}

static void remove_grants(struct xemem_domain *d, struct xemem_peer *peer,
			  u64 segid)
{
	struct xemem_grant *g, *next;

	list_for_each_entry_safe(g, next, &peer->grants, node) {
		if (g->segid != segid)
			continue;
		g->removed = true;
		if (g->pending)
			continue;
		unlink_grant(d, g);
		xemem_domain_free(d, g);
	}
}

/**
 * xemem_export_remove - a segment ends
 * @d: whose it is. From now on, ops->permit() refuses it.
 * @segid: its number, not to be used again.
 *
 * Context: process context, may sleep.
 * Return: as xemem_export_revoke() for all of it.
 */
unsigned int xemem_export_remove(struct xemem_domain *d, u64 segid)
{
	struct xemem_peer *peer;
	unsigned long id;
	unsigned int nr;

	xemem_domain_lock(d);
	xemem_directory_withdraw(d, segid);
	xa_for_each(&d->peers, id, peer)
		remove_grants(d, peer, segid);
	nr = revoke_range(d, segid, 0, U64_MAX);
	xemem_domain_unlock(d);
	return nr;
}

/**
 * xemem_export_died - another domain is dead
 * @d: we, locked.
 * @peer: the other; nothing is asked of it any more.
 */
void xemem_export_died(struct xemem_domain *d, struct xemem_peer *peer)
{
	struct xemem_export *e, *next_export;
	struct xemem_grant *g, *next_grant;

	list_for_each_entry_safe(e, next_export, &peer->exports, node) {
		if (e->state == PINNING) {
			e->unwanted = true;
			unlink_export(d, e);
		} else {
			end_export(d, e);
		}
	}
	list_for_each_entry_safe(g, next_grant, &peer->grants, node) {
		unlink_grant(d, g);
		if (!g->pending)
			xemem_domain_free(d, g);
	}
}

static bool meets(const struct xemem_pin *pin, u64 first, u64 pages)
{
	u32 i;

	for (i = 0; i < pin->nr; i++)
		if (first < pin->extents[i].first + pin->extents[i].pages &&
		    pin->extents[i].first < first + pages)
			return true;
	return false;
}

/**
 * xemem_export_has - has another domain some of these pages of us?
 * @d: we, locked.
 * @first: page frame number.
 * @pages: how many.
 *
 * What is being pinned is not looked at, but will be when it is.
 *
 * Return: whether.
 */
bool xemem_export_has(struct xemem_domain *d, u64 first, u64 pages)
{
	struct xemem_export *e;
	struct xemem_peer *peer;
	unsigned long id;

	xa_for_each(&d->peers, id, peer)
		list_for_each_entry(e, &peer->exports, node)
			if (e->state != PINNING && meets(&e->pin, first, pages))
				return true;
	return false;
}
