// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: requests to other domains. Each is sent until it is answered, or the
 * other is dead; whoever waits for it is told before, and what it has made
 * there, when the answer comes, is undone. So nothing is ever left that only
 * one of the two knows of.
 */
#include <linux/string.h>

#include "domain.h"

/**
 * xemem_peer_find - a domain that we have business with
 * @d: we, locked.
 * @id: its number.
 *
 * Return: it, or NULL.
 */
struct xemem_peer *xemem_peer_find(struct xemem_domain *d, u32 id)
{
	lockdep_assert_held(&d->lock);
	return xa_load(&d->peers, id);
}

/**
 * xemem_peer_get - a domain that we are to have business with
 * @d: we, locked.
 * @id: its number.
 *
 * Return: it; NULL: it is dead, or there is no memory, or too many are there.
 */
struct xemem_peer *xemem_peer_get(struct xemem_domain *d, u32 id)
{
	struct xemem_peer *peer = xemem_peer_find(d, id);

	if (peer)
		return peer;
	if (xemem_node_is_dead(d, id) || d->nr_peers == XEMEM_DOMAINS_MAX)
		return NULL;
	peer = xemem_domain_alloc(d, sizeof(*peer));
	if (!peer)
		return NULL;
	peer->id = id;
	peer->next = 1;
	peer->floor = 1;
	INIT_LIST_HEAD(&peer->flying);
	INIT_LIST_HEAD(&peer->waiting);
	INIT_LIST_HEAD(&peer->grants);
	INIT_LIST_HEAD(&peer->exports);
	INIT_LIST_HEAD(&peer->imports);
	if (xa_err(xa_store(&d->peers, id, peer, GFP_KERNEL))) {
		xemem_domain_free(d, peer);
		return NULL;
	}
	d->nr_peers++;
	return peer;
}

static void send_request(struct xemem_domain *d, struct xemem_request *r)
{
	struct xemem_request *oldest;
	struct xemem_wire_header header = {
		.type = cpu_to_le16(r->type),
		.target = cpu_to_le32(r->peer->id),
		.request = cpu_to_le64(r->id),
	};

	oldest = list_first_entry(&r->peer->flying, struct xemem_request, node);
	header.oldest = cpu_to_le64(oldest->id);
	xemem_link_send(d, &header, r->payload, r->size);
}

/* Send those that wait, as far as there is room. */
static void launch(struct xemem_domain *d, struct xemem_peer *peer)
{
	struct xemem_request *r, *oldest;

	while ((r = list_first_entry_or_null(&peer->waiting,
					     struct xemem_request, node))) {
		oldest = list_first_entry_or_null(&peer->flying,
						  struct xemem_request, node);
		if (oldest && peer->next - oldest->id >= XEMEM_WIRE_WINDOW)
			return;
		list_move_tail(&r->node, &peer->flying);
		r->flying = true;
		r->id = peer->next++;
		r->wait_ms = XEMEM_RETRY_MS;
		r->due = xemem_domain_now(d) + r->wait_ms;
		xemem_domain_due(d, r->due);
		send_request(d, r);
	}
}

/**
 * xemem_request_start - ask another domain
 * @d: we, locked.
 * @r: idle; answered, late and patience are set.
 * @target: number of the other.
 * @type: of the message.
 * @payload: of the message.
 * @size: of it.
 *
 * Return: 0: r->answered() will be called; -EHOSTUNREACH: there is no such
 * domain; -ENOMEM.
 */
int xemem_request_start(struct xemem_domain *d, struct xemem_request *r,
			u32 target, u16 type, const void *payload, u32 size)
{
	struct xemem_peer *peer;

	if (WARN_ON_ONCE(r->peer || size > sizeof(r->payload)))
		return -EINVAL;
	if (!target || target == d->id || !xemem_node_route(d, target))
		return -EHOSTUNREACH;
	peer = xemem_peer_get(d, target);
	if (!peer)
		return -ENOMEM;
	r->peer = peer;
	r->type = type;
	r->size = size;
	memcpy(r->payload, payload, size);
	r->began = xemem_domain_now(d);
	r->flying = false;
	list_add_tail(&r->node, &peer->waiting);
	peer->nr++;
	d->stats.requests++;
	if (r->patience_ms)
		xemem_domain_due(d, r->began + r->patience_ms);
	launch(d, peer);
	return 0;
}

/**
 * xemem_request_ask - ask another domain, on somebody's behalf
 * @d: we, locked.
 * @r: as in xemem_request_start().
 * @target: likewise.
 * @type: likewise.
 * @payload: likewise.
 * @size: likewise.
 *
 * Return: likewise; -EBUSY: too many of its answers are missing.
 */
int xemem_request_ask(struct xemem_domain *d, struct xemem_request *r,
		      u32 target, u16 type, const void *payload, u32 size)
{
	struct xemem_peer *peer = xemem_peer_find(d, target);

	if (peer && peer->nr >= XEMEM_WIRE_WINDOW)
		return -EBUSY;
	return xemem_request_start(d, r, target, type, payload, size);
}

/**
 * xemem_request_is_idle - is it over, or not begun?
 * @r: the request; its domain is locked.
 *
 * Return: whether.
 */
bool xemem_request_is_idle(const struct xemem_request *r)
{
	return !r->peer;
}

static void end_request(struct xemem_domain *d, struct xemem_request *r)
{
	list_del(&r->node);
	r->peer->nr--;
	r->peer = NULL;
	d->stats.requests--;
}

/**
 * xemem_request_cancel - the answer does not matter any more
 * @d: we, locked.
 * @r: the request; may be idle. r->answered() is not called.
 */
void xemem_request_cancel(struct xemem_domain *d, struct xemem_request *r)
{
	if (r->peer)
		end_request(d, r);
}

static void check_late(struct xemem_domain *d, struct xemem_request *r, u64 now)
{
	u64 late = r->began + r->patience_ms;

	if (!r->patience_ms)
		return;
	if (late > now) {
		xemem_domain_due(d, late);
		return;
	}
	r->patience_ms = 0;
	/* May be the end of it. */
	r->late(d, r);
}

static void tick_peer(struct xemem_domain *d, struct xemem_peer *peer, u64 now)
{
	struct xemem_request *r, *next;

	list_for_each_entry_safe(r, next, &peer->flying, node) {
		if (r->due <= now) {
			send_request(d, r);
			r->wait_ms = min(2 * r->wait_ms, XEMEM_RETRY_MAX_MS);
			r->due = now + r->wait_ms;
		}
		xemem_domain_due(d, r->due);
		check_late(d, r, now);
	}
	list_for_each_entry_safe(r, next, &peer->waiting, node)
		check_late(d, r, now);
	launch(d, peer);
}

/**
 * xemem_request_tick - ask again
 * @d: the domain, locked.
 * @now: its time.
 */
void xemem_request_tick(struct xemem_domain *d, u64 now)
{
	struct xemem_peer *peer;
	unsigned long id;

	xa_for_each(&d->peers, id, peer)
		tick_peer(d, peer, now);
}

static struct xemem_request *find_request(struct xemem_peer *peer, u64 id)
{
	struct xemem_request *r;

	list_for_each_entry(r, &peer->flying, node)
		if (r->id == id)
			return r;
	return NULL;
}

/**
 * xemem_request_answered - an answer has come
 * @d: the domain, locked.
 * @header: of the message.
 * @payload: of the message, of the right size for its type.
 *
 * Return: 0; -ENOMSG: the domain that answers was not asked that.
 */
int xemem_request_answered(struct xemem_domain *d,
			   const struct xemem_wire_header *header,
			   const void *payload)
{
	u16 type = le16_to_cpu(header->type) & ~XEMEM_WIRE_REPLY;
	u32 source = le32_to_cpu(header->source);
	int err = -le16_to_cpu(header->status);
	struct xemem_peer *peer = xemem_peer_find(d, source);
	struct xemem_request *r;

	r = peer ? find_request(peer, le64_to_cpu(header->request)) : NULL;
	if (!r || r->type != type)
		return -ENOMSG;
	/* Asked again by the clock. */
	if (err == -EAGAIN || (err && err != -EHOSTUNREACH && r->stubborn))
		return 0;
	if (err == -EHOSTUNREACH) {
		xemem_peer_died(d, source);
		return 0;
	}
	end_request(d, r);
	r->answered(d, r, err, payload, le32_to_cpu(header->size));
	peer = xemem_peer_find(d, source);
	if (peer)
		launch(d, peer);
	return 0;
}

static void end_all(struct xemem_domain *d, struct list_head *requests)
{
	struct xemem_request *r;

	while ((r = list_first_entry_or_null(requests, struct xemem_request,
					     node))) {
		end_request(d, r);
		r->answered(d, r, -EHOSTUNREACH, NULL, 0);
	}
}

/**
 * xemem_peer_died - we have no business any more with a domain
 * @d: we, locked.
 * @id: number of the other; need not be a peer.
 *
 * What it has of ours is ours again, what we have of it is unmapped, nobody
 * waits for it.
 */
void xemem_peer_died(struct xemem_domain *d, u32 id)
{
	struct xemem_peer *peer = xa_erase(&d->peers, id);

	if (!peer)
		return;
	d->nr_peers--;
	end_all(d, &peer->flying);
	end_all(d, &peer->waiting);
	xemem_export_died(d, peer);
	xemem_import_died(d, peer);
	xemem_domain_free(d, peer);
}

/**
 * xemem_peer_free - no business with anybody any more
 * @d: we, locked, at our end.
 */
void xemem_peer_free(struct xemem_domain *d)
{
	struct xemem_peer *peer;
	unsigned long id;

	xa_for_each(&d->peers, id, peer)
		xemem_peer_died(d, id);
	xa_destroy(&d->peers);
}

/**
 * xemem_reply - answer another domain
 * @d: we, locked.
 * @target: number of the other.
 * @type: of its request.
 * @request: number of its request.
 * @err: 0 or -errno.
 * @payload: of the message, if @err is 0.
 * @size: of it.
 */
void xemem_reply(struct xemem_domain *d, u32 target, u16 type, u64 request,
		 int err, const void *payload, u32 size)
{
	struct xemem_wire_header header = {
		.type = cpu_to_le16(type | XEMEM_WIRE_REPLY),
		.status = cpu_to_le16(-err),
		.target = cpu_to_le32(target),
		.request = cpu_to_le64(request),
	};

	xemem_link_send(d, &header, payload, err ? 0 : size);
}

static void run_done(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_done *done = container_of(job, struct xemem_done, job);

	done->call->done(done->call, done->err);
	xemem_domain_free(d, done);
}

/**
 * xemem_done_alloc - somebody waits
 * @d: where; locked.
 * @call: his.
 *
 * Return: what he is told with; or NULL.
 */
struct xemem_done *xemem_done_alloc(struct xemem_domain *d,
				    struct xemem_call *call)
{
	struct xemem_done *done = xemem_domain_alloc(d, sizeof(*done));

	if (done)
		done->call = call;
	return done;
}

/**
 * xemem_done - he is told
 * @d: where; locked.
 * @done: from xemem_done_alloc(); belongs to nobody any more.
 * @err: 0 or -errno.
 */
void xemem_done(struct xemem_domain *d, struct xemem_done *done, int err)
{
	done->err = err;
	xemem_domain_job(d, &done->job, run_done);
}
