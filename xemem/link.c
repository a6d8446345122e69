// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: links to neighbours: what comes in, what goes out, what goes on to
 * another.
 */
#include <linux/err.h>
#include <linux/string.h>

#include "domain.h"

/* A message on its way out. */
struct message {
	struct xemem_job job;
	struct xemem_link *link;
	size_t bytes;
	u8 data[] __counted_by(bytes) __aligned(8);
};

static void put_link(struct xemem_link *link)
{
	if (refcount_dec_and_test(&link->refs))
		complete(&link->gone);
}

static void run_send(struct xemem_domain *d, struct xemem_job *job)
{
	struct message *m = container_of(job, struct message, job);

	m->link->ops->send(m->link, m->data, m->bytes);
	put_link(m->link);
	xemem_domain_free(d, m);
}

/**
 * xemem_link_post - a message goes out
 * @d: the domain, locked.
 * @link: of it.
 * @header: all of it, with the size of the payload.
 * @payload: of the message.
 *
 * It is lost without memory for it, as it may be lost on the way.
 */
void xemem_link_post(struct xemem_domain *d, struct xemem_link *link,
		     const struct xemem_wire_header *header,
		     const void *payload)
{
	u32 size = le32_to_cpu(header->size);
	size_t bytes = sizeof(*header) + size;
	struct message *m;

	m = xemem_domain_alloc(d, struct_size(m, data, bytes));
	if (!m)
		return;
	m->bytes = bytes;
	m->link = link;
	memcpy(m->data, header, sizeof(*header));
	if (size)
		memcpy(m->data + sizeof(*header), payload, size);
	refcount_inc(&link->refs);
	d->stats.sent++;
	xemem_domain_job(d, &m->job, run_send);
}

/**
 * xemem_link_send - a message of ours goes to another domain
 * @d: the domain, locked.
 * @header: with type, status, target, request, oldest, which vary; and, if it
 *	speaks for another, source.
 * @payload: of the message.
 * @size: of it.
 *
 * It is lost if there is no way.
 */
void xemem_link_send(struct xemem_domain *d, struct xemem_wire_header *header,
		     const void *payload, u32 size)
{
	struct xemem_link *link;

	link = xemem_node_route(d, le32_to_cpu(header->target));
	if (!link)
		return;
	header->magic = cpu_to_le32(XEMEM_WIRE_MAGIC);
	header->version = cpu_to_le16(XEMEM_WIRE_VERSION);
	header->size = cpu_to_le32(size);
	header->hops = XEMEM_WIRE_HOPS;
	if (!header->source)
		header->source = cpu_to_le32(d->id);
	xemem_link_post(d, link, header, payload);
}

/* Domain 1 knows all: that there is none, or none any more. */
static void send_unreachable(struct xemem_domain *d,
			     const struct xemem_wire_header *h)
{
	struct xemem_wire_header header = {
		.type = h->type | cpu_to_le16(XEMEM_WIRE_REPLY),
		.status = cpu_to_le16(EHOSTUNREACH),
		.source = h->target,
		.target = h->source,
		.request = h->request,
	};

	xemem_link_send(d, &header, NULL, 0);
}

/* A child has got its number: everybody on the way now knows the way back. */
static void learn(struct xemem_link *from, struct xemem_link *to,
		  const struct xemem_wire_header *h)
{
	const struct xemem_wire_joined *joined = (const void *)(h + 1);

	if (le16_to_cpu(h->type) != (XEMEM_WIRE_JOIN | XEMEM_WIRE_REPLY) ||
	    h->status || le32_to_cpu(h->source) != XEMEM_DOMAIN_FIRST ||
	    from->role != XEMEM_PARENT)
		return;
	xemem_node_learn(from->domain, le32_to_cpu(joined->domain), to);
}

static int forward(struct xemem_link *link, const struct xemem_wire_header *h)
{
	struct xemem_domain *d = link->domain;
	struct xemem_wire_header header = *h;
	struct xemem_link *to;

	to = xemem_node_route(d, le32_to_cpu(h->target));
	if (!to && d->id == XEMEM_DOMAIN_FIRST &&
	    !(h->type & cpu_to_le16(XEMEM_WIRE_REPLY)))
		send_unreachable(d, h);
	if (!to || to == link)
		return -EHOSTUNREACH;
	if (!--header.hops)
		return -ELOOP;
	learn(link, to, h);
	d->stats.forwarded++;
	xemem_link_post(d, to, &header, h + 1);
	return 0;
}

static int take(struct xemem_link *link, const struct xemem_wire_header *h)
{
	bool reply = h->type & cpu_to_le16(XEMEM_WIRE_REPLY);
	u16 type = le16_to_cpu(h->type) & ~XEMEM_WIRE_REPLY;
	u32 source = le32_to_cpu(h->source);
	struct xemem_domain *d = link->domain;
	int err;

	if (type == XEMEM_WIRE_HELLO && reply)
		return xemem_hello_answered(link, h, h + 1);
	if (type == XEMEM_WIRE_HELLO)
		return source || h->target ? -EBADMSG :
		       xemem_hello_serve(link, le64_to_cpu(h->request));
	if (!d->id || !link->peer)
		return -ENOTCONN;
	if (!xemem_node_is_from(d, source, link))
		return xemem_node_is_dead(d, source) ? -ESTALE : -EXDEV;
	err = xemem_message_check_extents(link, h);
	if (err)
		return err;
	if (le32_to_cpu(h->target) != d->id)
		return forward(link, h);
	return reply ? xemem_request_answered(d, h, h + 1) :
		       xemem_serve(link, h, h + 1);
}

/**
 * xemem_link_receive - a transport has brought a message
 * @link: from whose other end.
 * @message: aligned to 8 bytes; a copy that the sender cannot change.
 * @bytes: its length.
 *
 * Context: process context, may sleep; not from ops->send(). Not after
 * xemem_link_remove() was called.
 *
 * Return: 0; else it was not believed, and has changed nothing: -EMSGSIZE,
 * -EPROTONOSUPPORT, -EBADMSG: see xemem_message_check(); -EXDEV: who sends it is
 * not behind that link; -ERANGE: pages that were not assigned to who sends
 * them; -ENOMSG: the answer to nothing; -ESTALE: of a dead domain, or an old
 * copy; -EHOSTUNREACH: no way to its target; -ELOOP: too many links;
 * -ENOTCONN: there is no number yet, here or there; -EPERM: not to be said by a
 * domain there; -ENOSPC, -ENOMEM. For the transport to count; the peer may be
 * broken or malicious.
 */
int xemem_link_receive(struct xemem_link *link, const void *message,
		       size_t bytes)
{
	struct xemem_domain *d = link->domain;
	int err;

	xemem_domain_lock(d);
	d->stats.received++;
	err = xemem_message_check(message, bytes);
	if (!err)
		err = take(link, message);
	if (err)
		d->stats.refused++;
	xemem_domain_unlock(d);
	return err;
}

/**
 * xemem_link_private - the transport's pointer
 * @link: its link.
 *
 * Return: as in xemem_link_add().
 */
void *xemem_link_private(struct xemem_link *link)
{
	return link->private;
}

/**
 * xemem_link_free - free a link that is in no list
 * @link: it; may have memory.
 */
void xemem_link_free(struct xemem_link *link)
{
	struct xemem_domain *d = link->domain;

	xemem_ranges_free(d, &link->memory);
	xemem_domain_free(d, link->grave);
	xemem_domain_free(d, link);
}

static struct xemem_link *alloc_link(struct xemem_domain *d,
				     enum xemem_role role,
				     const struct xemem_link_ops *ops,
				     void *private)
{
	struct xemem_link *link = xemem_domain_alloc(d, sizeof(*link));

	if (!link)
		return NULL;
	link->domain = d;
	link->ops = ops;
	link->private = private;
	link->role = role;
	refcount_set(&link->refs, 1);
	init_completion(&link->gone);
	xemem_ranges_init(&link->memory);
	link->grave = xemem_domain_alloc(d, sizeof(*link->grave));
	if (!link->grave) {
		xemem_link_free(link);
		return NULL;
	}
	return link;
}

/**
 * xemem_link_add - a transport connects a domain with a neighbour
 * @d: the domain.
 * @role: what is at the other end.
 * @ops: the transport's.
 * @private: for it.
 *
 * Messages may be sent before this returns. Domain 1 has no parent, others have
 * one, once: a domain does not move.
 *
 * Context: process context, may sleep.
 * Return: the link; -EBUSY: there is a parent, or was one; -ENOSPC: too many
 * links; -ENOMEM.
 */
struct xemem_link *xemem_link_add(struct xemem_domain *d, enum xemem_role role,
				  const struct xemem_link_ops *ops,
				  void *private)
{
	struct xemem_link *link = alloc_link(d, role, ops, private);
	int err = 0;

	if (!link)
		return ERR_PTR(-ENOMEM);
	xemem_domain_lock(d);
	if (role == XEMEM_PARENT && (d->id || d->parent))
		err = -EBUSY;
	else if (d->nr_links == XEMEM_LINKS_MAX)
		err = -ENOSPC;
	if (!err) {
		link->key = d->next_key++;
		list_add_tail(&link->node, &d->links);
		d->nr_links++;
	}
	if (!err && role == XEMEM_PARENT) {
		d->parent = link;
		d->hello = 0;
		xemem_hello_tick(d, xemem_domain_now(d));
	}
	xemem_domain_unlock(d);
	if (err) {
		xemem_link_free(link);
		return ERR_PTR(err);
	}
	return link;
}

/* Is that a part of our memory that nobody else has? */
static int check_assign(struct xemem_domain *d, u64 first, u64 pages)
{
	struct xemem_extent e = { .first = first, .pages = pages };
	int err = xemem_extent_check_own(d, &e);

	if (err)
		return err;
	return xemem_export_has(d, first, pages) ? -EBUSY : 0;
}

/**
 * xemem_link_assign - a child has memory
 * @link: to it. What it will give to others is part of it.
 * @first: page frame number, of memory that was ours.
 * @pages: how many.
 *
 * It is the child's until its link is removed and ops->returned() is called.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: that is no child; -ERANGE: it was not ours, or is another
 * child's, or a dead one's and still mapped; -EBUSY: others have attached it;
 * -ENOSPC: too many ranges; -ENOMEM.
 */
int xemem_link_assign(struct xemem_link *link, u64 first, u64 pages)
{
	struct xemem_domain *d = link->domain;
	int err;

	if (link->role != XEMEM_CHILD)
		return -EINVAL;
	xemem_domain_lock(d);
	err = check_assign(d, first, pages);
	if (!err)
		err = xemem_ranges_add(d, &link->memory, first, pages);
	xemem_domain_unlock(d);
	return err;
}

static void cut(struct xemem_domain *d, struct xemem_link *link)
{
	list_del(&link->node);
	d->nr_links--;
	if (link->join)
		link->join->link = NULL;
	if (link->role == XEMEM_PARENT)
		d->parent = NULL;
	xemem_request_cancel(d, &link->news);
	xemem_node_cut(d, link);
	xemem_grave_dig(d, link);
	xemem_news_tell(d);
	xemem_news_settle(d);
}

/**
 * xemem_link_remove - all that is behind a link is dead
 * @link: to a child: it, and what it has made, do not run any more, nor will
 *	ever touch a page again: the caller has seen to that. To the parent: the
 *	same of all that are not behind children, of which there may be none any
 *	more.
 *
 * Others are told. What they have of the dead is unmapped by and by, then
 * ops->returned() is called for the child's memory; what the dead had of theirs
 * is theirs again.
 *
 * Context: process context, may sleep; not from a callback.
 * Return: 0; -EBUSY: the parent's, and there are children.
 */
int xemem_link_remove(struct xemem_link *link)
{
	struct xemem_domain *d = link->domain;

	xemem_domain_lock(d);
	if (link->role == XEMEM_PARENT && d->nr_links > 1) {
		xemem_domain_unlock(d);
		return -EBUSY;
	}
	cut(d, link);
	xemem_domain_unlock(d);
	/* Another caller may be sending. */
	put_link(link);
	wait_for_completion(&link->gone);
	xemem_link_free(link);
	return 0;
}
