// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what we have of other domains' segments.
 */
#include <linux/errno.h>

#include "domain.h"

/* A request that somebody waits for; or nobody, any more. */
struct ask {
	struct xemem_request request;
	struct xemem_done *done;
	u32 domain;
};

enum import_state {
	ASKING,		/* ATTACH is under way */
	FETCHING,	/* EXTENTS is under way */
	MAPPING,	/* ops->map() is called */
	LIVE,
	UNMAPPING,	/* ops->unmap() is called */
	DETACHING,	/* DETACH is under way */
};

/**
 * struct xemem_import - a part of another domain's segment
 * @job: maps and unmaps.
 * @node: in the peer's list.
 * @state: enum import_state.
 * @permit: with which it was attached.
 * @request: the one that is under way.
 * @done: tells who waits, once; then NULL.
 * @map: the pages.
 * @got: how many extents are known.
 * @pages: how many pages are in these.
 * @revoked: the owner wants it back.
 * @revoke: number of his request.
 * @dead: he is dead.
 * @counted: among those of his node; else, he has none.
 */
struct xemem_import {
	struct xemem_job job;
	struct list_head node;
	enum import_state state;
	u64 permit;
	struct xemem_request request;
	struct xemem_done *done;
	struct xemem_map map;
	u32 got;
	u64 pages;
	bool revoked;
	u64 revoke;
	bool dead;
	bool counted;
};

static void tell(struct xemem_domain *d, struct xemem_done **done, int err)
{
	if (*done)
		xemem_done(d, *done, err);
	*done = NULL;
}

static void free_ask(struct xemem_domain *d, struct xemem_request *r, int err,
		     const void *payload, u32 size)
{
	xemem_domain_free(d, container_of(r, struct ask, request));
}

static int release(struct xemem_domain *d, u32 domain, u64 permit)
{
	struct xemem_wire_id id = { .id = cpu_to_le64(permit) };
	struct ask *ask = xemem_domain_alloc(d, sizeof(*ask));
	int err;

	if (!ask)
		return -ENOMEM;
	ask->request.answered = free_ask;
	err = xemem_request_start(d, &ask->request, domain, XEMEM_WIRE_RELEASE,
				  &id, sizeof(id));
	if (err)
		xemem_domain_free(d, ask);
	return err;
}

static void get_answered(struct xemem_domain *d, struct xemem_request *r,
			 int err, const void *payload, u32 size)
{
	struct ask *ask = container_of(r, struct ask, request);
	const struct xemem_wire_permit *permit = payload;
	struct xemem_wire_id id;

	if (!err && !ask->done) {
		/* Nobody waits for it any more. The request is reused. */
		id.id = permit->permit;
		r->answered = free_ask;
		if (!xemem_request_start(d, r, ask->domain, XEMEM_WIRE_RELEASE,
					 &id, sizeof(id)))
			return;
	} else if (!err) {
		ask->done->call->permit = le64_to_cpu(permit->permit);
		ask->done->call->pages = le64_to_cpu(permit->pages);
	}
	tell(d, &ask->done, err);
	xemem_domain_free(d, ask);
}

static void get_late(struct xemem_domain *d, struct xemem_request *r)
{
	tell(d, &container_of(r, struct ask, request)->done, -ETIMEDOUT);
}

static int get(struct xemem_domain *d, u32 domain,
	       const struct xemem_wire_get *payload, struct xemem_call *call)
{
	struct ask *ask = xemem_domain_alloc(d, sizeof(*ask));
	int err = -ENOMEM;

	if (!ask)
		return -ENOMEM;
	ask->done = xemem_done_alloc(d, call);
	ask->domain = domain;
	ask->request.answered = get_answered;
	ask->request.late = get_late;
	ask->request.patience_ms = XEMEM_TIMEOUT_MS;
	if (ask->done)
		err = xemem_request_ask(d, &ask->request, domain,
					XEMEM_WIRE_GET, payload,
					sizeof(*payload));
	if (err) {
		xemem_domain_free(d, ask->done);
		xemem_domain_free(d, ask);
	}
	return err;
}

/**
 * xemem_import_get - get a permit for a segment of another domain
 * @d: we.
 * @domain: number of the other.
 * @segid: its number for the segment.
 * @write: to write, too.
 * @uid: who asks; what the owner makes of it is his business.
 * @gid: likewise.
 * @call: told the permit, and the pages in the segment.
 *
 * Context: process context, may sleep.
 * Return: 0: @call->done() will be called: with 0, -ENOENT, -EACCES, -EDQUOT,
 * -ENOMEM by the owner, -ETIMEDOUT, -EHOSTUNREACH; -EHOSTUNREACH: no way there;
 * -EBUSY: too many answers of it are missing; -ENOMEM.
 */
int xemem_import_get(struct xemem_domain *d, u32 domain, u64 segid, bool write,
		     u32 uid, u32 gid, struct xemem_call *call)
{
	struct xemem_wire_get payload = {
		.segid = cpu_to_le64(segid),
		.flags = cpu_to_le32(write ? XEMEM_WIRE_WRITE : 0),
		.uid = cpu_to_le32(uid),
		.gid = cpu_to_le32(gid),
	};
	int err;

	xemem_domain_lock(d);
	err = get(d, domain, &payload, call);
	xemem_domain_unlock(d);
	return err;
}

static void free_import(struct xemem_domain *d, struct xemem_import *imp)
{
	list_del(&imp->node);
	xemem_request_cancel(d, &imp->request);
	d->stats.imports--;
	xemem_domain_free(d, imp->map.extents);
	xemem_domain_free(d, imp);
}

static void detach_answered(struct xemem_domain *d, struct xemem_request *r,
			    int err, const void *payload, u32 size)
{
	free_import(d, container_of(r, struct xemem_import, request));
}

/* It is not mapped (any more): the owner is to know. */
static void detach(struct xemem_domain *d, struct xemem_import *imp)
{
	struct xemem_wire_id id = { .id = cpu_to_le64(imp->map.attachment) };
	struct xemem_request *r = &imp->request;

	imp->state = DETACHING;
	r->answered = detach_answered;
	r->patience_ms = 0;
	if (xemem_request_start(d, r, imp->map.domain, XEMEM_WIRE_DETACH, &id,
				sizeof(id)))
		free_import(d, imp);
}

/* It will not be mapped. */
static void give_up(struct xemem_domain *d, struct xemem_import *imp, int err)
{
	tell(d, &imp->done, err);
	if (err == -EHOSTUNREACH)
		free_import(d, imp);
	else
		detach(d, imp);
}

static void unmapped(struct xemem_domain *d, struct xemem_import *imp)
{
	bool counted = imp->counted, dead = imp->dead;
	u32 domain = imp->map.domain;

	if (!imp->dead && !imp->revoked) {
		detach(d, imp);
		return;
	}
	if (!imp->dead)
		xemem_reply(d, domain, XEMEM_WIRE_REVOKE, imp->revoke, 0,
			    NULL, 0);
	free_import(d, imp);
	if (dead)
		xemem_news_unmapped(d, counted ? domain : 0);
}

static void run_unmap(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_import *imp = container_of(job, struct xemem_import, job);

	d->ops->unmap(d->context, &imp->map);
	xemem_domain_lock(d);
	unmapped(d, imp);
	xemem_domain_unlock(d);
}

static void unmap(struct xemem_domain *d, struct xemem_import *imp)
{
	imp->state = UNMAPPING;
	xemem_domain_job(d, &imp->job, run_unmap);
}

static void run_map(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_import *imp = container_of(job, struct xemem_import, job);
	int err = d->ops->map(d->context, &imp->map);

	xemem_domain_lock(d);
	if (!err && !imp->dead && !imp->revoked) {
		imp->state = LIVE;
		imp->done->call->attachment = imp->map.attachment;
		tell(d, &imp->done, 0);
	} else {
		tell(d, &imp->done, err ?: imp->dead ? -EHOSTUNREACH : -ENOENT);
		if (err)
			unmapped(d, imp);
		else
			unmap(d, imp);
	}
	xemem_domain_unlock(d);
}

static void fetch(struct xemem_domain *d, struct xemem_import *imp);

/* Extents were checked where the message came in. */
static int add_extents(struct xemem_import *imp,
		       const struct xemem_wire_where *where)
{
	const struct xemem_wire_extent *wire = (const void *)(where + 1);
	struct xemem_extent *e = &imp->map.extents[imp->got];
	u32 i, nr = le32_to_cpu(where->nr);

	if (le64_to_cpu(where->attachment) != imp->map.attachment ||
	    le32_to_cpu(where->index) != imp->got ||
	    nr > imp->map.nr - imp->got)
		return -EBADMSG;
	for (i = 0; i < nr; i++, e++) {
		xemem_extent_get(e, &wire[i]);
		if (e->pages > imp->map.pages - imp->pages)
			return -EBADMSG;
		imp->pages += e->pages;
	}
	imp->got += nr;
	if (imp->got == imp->map.nr && imp->pages != imp->map.pages)
		return -EBADMSG;
	return 0;
}

static void extents_answered(struct xemem_domain *d, struct xemem_request *r,
			     int err, const void *payload, u32 size)
{
	struct xemem_import *imp = container_of(r, struct xemem_import,
						request);

	if (!err)
		err = add_extents(imp, payload);
	if (err) {
		give_up(d, imp, err);
	} else if (imp->got < imp->map.nr) {
		fetch(d, imp);
	} else {
		imp->state = MAPPING;
		xemem_domain_job(d, &imp->job, run_map);
	}
}

static void extents_late(struct xemem_domain *d, struct xemem_request *r)
{
	struct xemem_import *imp = container_of(r, struct xemem_import,
						request);

	xemem_request_cancel(d, r);
	give_up(d, imp, -ETIMEDOUT);
}

static void fetch(struct xemem_domain *d, struct xemem_import *imp)
{
	struct xemem_wire_where where = {
		.attachment = cpu_to_le64(imp->map.attachment),
		.index = cpu_to_le32(imp->got),
	};
	int err;

	imp->state = FETCHING;
	imp->request.answered = extents_answered;
	imp->request.late = extents_late;
	imp->request.patience_ms = XEMEM_TIMEOUT_MS;
	err = xemem_request_start(d, &imp->request, imp->map.domain,
				  XEMEM_WIRE_EXTENTS, &where, sizeof(where));
	if (err)
		give_up(d, imp, err);
}

static struct xemem_import *find_import(struct xemem_peer *peer, u64 attachment)
{
	struct xemem_import *imp;

	list_for_each_entry(imp, &peer->imports, node)
		if (attachment && imp->map.attachment == attachment)
			return imp;
	return NULL;
}

static void attach_answered(struct xemem_domain *d, struct xemem_request *r,
			    int err, const void *payload, u32 size)
{
	struct xemem_import *imp = container_of(r, struct xemem_import,
						request);
	struct xemem_peer *peer = xemem_peer_find(d, imp->map.domain);
	const struct xemem_wire_attached *attached = payload;

	/* An owner that gives a number twice confuses only himself. */
	if (!err && (!attached->attachment ||
		     find_import(peer, le64_to_cpu(attached->attachment))))
		err = -EBADMSG;
	if (err) {
		tell(d, &imp->done, err);
		free_import(d, imp);
		return;
	}
	imp->map.attachment = le64_to_cpu(attached->attachment);
	imp->map.nr = le32_to_cpu(attached->extents);
	if (!imp->done) {
		give_up(d, imp, -ETIMEDOUT);
		return;
	}
	imp->map.extents = xemem_domain_alloc(d, imp->map.nr *
					      sizeof(*imp->map.extents));
	if (imp->map.extents)
		fetch(d, imp);
	else
		give_up(d, imp, -ENOMEM);
}

static void attach_late(struct xemem_domain *d, struct xemem_request *r)
{
	tell(d, &container_of(r, struct xemem_import, request)->done,
	     -ETIMEDOUT);
}

static int attach(struct xemem_domain *d, struct xemem_import *imp,
		  const struct xemem_wire_attach *payload)
{
	struct xemem_peer *peer = xemem_peer_get(d, imp->map.domain);
	int err;

	if (!peer)
		return -EHOSTUNREACH;
	imp->permit = le64_to_cpu(payload->permit);
	imp->map.pages = le64_to_cpu(payload->pages);
	imp->map.write = payload->flags;
	imp->request.answered = attach_answered;
	imp->request.late = attach_late;
	imp->request.patience_ms = XEMEM_TIMEOUT_MS;
	err = xemem_request_ask(d, &imp->request, imp->map.domain,
				XEMEM_WIRE_ATTACH, payload, sizeof(*payload));
	if (err)
		return err;
	list_add_tail(&imp->node, &peer->imports);
	d->stats.imports++;
	return 0;
}

static int start_attach(struct xemem_domain *d, u32 domain,
			const struct xemem_wire_attach *payload,
			struct xemem_call *call)
{
	struct xemem_import *imp;
	int err = -ENOMEM;

	if (!xemem_node_route(d, domain))
		return -EHOSTUNREACH;
	if (d->stats.imports >= XEMEM_IMPORTS_MAX)
		return -EDQUOT;
	imp = xemem_domain_alloc(d, sizeof(*imp));
	if (!imp)
		return -ENOMEM;
	imp->map.domain = domain;
	imp->done = xemem_done_alloc(d, call);
	if (imp->done)
		err = attach(d, imp, payload);
	if (err) {
		xemem_domain_free(d, imp->done);
		xemem_domain_free(d, imp);
	}
	return err;
}

/**
 * xemem_import_attach - map a part of a segment of another domain
 * @d: we.
 * @domain: number of the other.
 * @permit: from xemem_import_get().
 * @first: page in the segment.
 * @pages: how many.
 * @write: to write, too.
 * @call: told the attachment, after ops->map() has mapped it.
 *
 * ops->unmap() may be called at any time after that: when the owner revokes it,
 * or is dead.
 *
 * Context: process context, may sleep.
 * Return: 0: @call->done() will be called: with 0, -ENOENT, -EACCES, -ERANGE,
 * -EFAULT, -EDQUOT, -ENOMEM by the owner, -EBADMSG: he contradicts himself; what
 * ops->map() returns; -ETIMEDOUT, -EHOSTUNREACH; -EINVAL: no pages;
 * -EHOSTUNREACH: no way there; -EBUSY: too many answers of it are missing;
 * -EDQUOT: we have too many; -ENOMEM.
 */
int xemem_import_attach(struct xemem_domain *d, u32 domain, u64 permit,
			u64 first, u64 pages, bool write,
			struct xemem_call *call)
{
	struct xemem_wire_attach payload = {
		.permit = cpu_to_le64(permit),
		.first = cpu_to_le64(first),
		.pages = cpu_to_le64(pages),
		.flags = cpu_to_le32(write ? XEMEM_WIRE_WRITE : 0),
	};
	int err;

	if (!domain || !pages || first >= XEMEM_WIRE_PFN_END ||
	    pages > XEMEM_WIRE_PFN_END - first)
		return -EINVAL;
	xemem_domain_lock(d);
	err = start_attach(d, domain, &payload, call);
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_import_detach - unmap it
 * @d: we.
 * @domain: number of the owner.
 * @attachment: from xemem_import_attach().
 *
 * Context: process context, may sleep.
 * Return: 0: ops->unmap() was called, or will be by another caller; -ENOENT:
 * there is none, or it is on its way out already.
 */
int xemem_import_detach(struct xemem_domain *d, u32 domain, u64 attachment)
{
	struct xemem_import *imp = NULL;
	struct xemem_peer *peer;
	int err = -ENOENT;

	xemem_domain_lock(d);
	peer = xemem_peer_find(d, domain);
	if (peer)
		imp = find_import(peer, attachment);
	if (imp && imp->state == LIVE) {
		unmap(d, imp);
		err = 0;
	}
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_import_release - do without a permit
 * @d: we.
 * @domain: number of the owner.
 * @permit: from xemem_import_get(). What is attached with it is detached.
 *
 * Context: process context, may sleep.
 * Return: 0; -EHOSTUNREACH: the owner is dead; -ENOMEM.
 */
int xemem_import_release(struct xemem_domain *d, u32 domain, u64 permit)
{
	struct xemem_import *imp;
	struct xemem_peer *peer;
	int err = -EHOSTUNREACH;

	xemem_domain_lock(d);
	peer = xemem_peer_find(d, domain);
	if (peer)
		err = release(d, domain, permit);
	if (!err)
		list_for_each_entry(imp, &peer->imports, node)
			if (imp->permit == permit && imp->state == LIVE)
				unmap(d, imp);
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_revoke_serve - an owner wants an attachment back
 * @d: we, locked.
 * @q: the request.
 *
 * Return: 0: nothing is mapped; -EINPROGRESS: answered when that is so.
 */
int xemem_revoke_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_id *id = q->payload;
	struct xemem_import *imp = find_import(q->peer, le64_to_cpu(id->id));

	/* Not (yet) mapped, nor will it be: the owner tells no extents now. */
	if (!imp || imp->state == DETACHING)
		return 0;
	if (imp->state == FETCHING) {
		tell(d, &imp->done, -ENOENT);
		free_import(d, imp);
		return 0;
	}
	imp->revoked = true;
	imp->revoke = q->id;
	if (imp->state == LIVE)
		unmap(d, imp);
	return -EINPROGRESS;
}

/**
 * xemem_import_died - an owner is dead
 * @d: we, locked.
 * @peer: the owner; nothing is asked of it any more.
 */
void xemem_import_died(struct xemem_domain *d, struct xemem_peer *peer)
{
	struct xemem_node *node = xemem_node_find(d, peer->id);
	struct xemem_import *imp, *next;

	list_for_each_entry_safe(imp, next, &peer->imports, node) {
		list_del_init(&imp->node);
		imp->dead = true;
		if (node && node->dead) {
			imp->counted = true;
			node->mapped++;
		} else {
			d->unmapping++;
		}
		if (imp->state == LIVE)
			unmap(d, imp);
	}
}
