// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: requests of other domains: new ones are served, copies of old ones
 * are recognised.
 *
 * A request that makes something is served once. A copy of it gets the same
 * answer, as long as what it has made is there; then it is refused. Others can
 * be served again, with the same outcome.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "domain.h"

/* -EINPROGRESS: the answer comes later. */
struct service {
	int (*serve)(struct xemem_domain *d, struct xemem_asked *q);
	int (*again)(struct xemem_domain *d, struct xemem_asked *q);
};

static const struct service services[XEMEM_WIRE_TYPES] = {
	[XEMEM_WIRE_JOIN] = { xemem_join_serve, xemem_join_again },
	[XEMEM_WIRE_NEWS] = { xemem_news_serve },
	[XEMEM_WIRE_PUBLISH] = { xemem_publish_serve, xemem_publish_again },
	[XEMEM_WIRE_UNPUBLISH] = { xemem_unpublish_serve },
	[XEMEM_WIRE_LOOKUP] = { xemem_lookup_serve },
	[XEMEM_WIRE_GET] = { xemem_get_serve, xemem_get_again },
	[XEMEM_WIRE_RELEASE] = { xemem_release_serve },
	[XEMEM_WIRE_ATTACH] = { xemem_attach_serve, xemem_attach_again },
	[XEMEM_WIRE_EXTENTS] = { xemem_extents_serve },
	[XEMEM_WIRE_DETACH] = { xemem_detach_serve },
	[XEMEM_WIRE_REVOKE] = { xemem_revoke_serve },
};

static u8 *outcome_of(struct xemem_peer *peer, u64 id)
{
	return &peer->outcome[id % XEMEM_WIRE_WINDOW];
}

/* Is that number one that the peer may use now? */
static bool admit(struct xemem_peer *peer, u64 id, u64 oldest)
{
	if (oldest > peer->floor && oldest - peer->floor >= XEMEM_WIRE_WINDOW) {
		memset(peer->outcome, 0, sizeof(peer->outcome));
		peer->floor = oldest;
	}
	while (peer->floor < oldest)
		*outcome_of(peer, peer->floor++) = 0;
	return id >= peer->floor && id - peer->floor < XEMEM_WIRE_WINDOW;
}

/**
 * xemem_serve_over - a request is served, or refused
 * @d: we, locked.
 * @peer: whose it was.
 * @type: of it.
 * @id: its number.
 * @err: 0 or -errno; -EINPROGRESS: no answer yet.
 * @reply: payload of the answer.
 * @size: of @reply.
 */
void xemem_serve_over(struct xemem_domain *d, struct xemem_peer *peer, u16 type,
		      u64 id, int err, const void *reply, u32 size)
{
	u8 outcome = err && err != -EINPROGRESS ?
		     1 + min(-err, U8_MAX - 1) : 1;

	/* To be asked again, as if for the first time. */
	if (err == -EAGAIN)
		outcome = 0;
	if (id >= peer->floor && id - peer->floor < XEMEM_WIRE_WINDOW)
		*outcome_of(peer, id) = outcome;
	if (err != -EINPROGRESS)
		xemem_reply(d, peer->id, type, id, err, reply, size);
}

/**
 * xemem_serve - another domain asks us
 * @link: where the message came from; its domain is locked.
 * @header: of the message.
 * @payload: of the message, checked.
 *
 * Return: 0, also if it is refused; -ESTALE: an old copy; -ENOMEM.
 */
int xemem_serve(struct xemem_link *link, const struct xemem_wire_header *header,
		const void *payload)
{
	struct xemem_domain *d = link->domain;
	struct xemem_asked q = {
		.link = link,
		.type = le16_to_cpu(header->type),
		.id = le64_to_cpu(header->request),
		.payload = payload,
	};
	const struct service *s = &services[q.type];
	u8 outcome;
	int err;

	q.peer = xemem_peer_get(d, le32_to_cpu(header->source));
	if (!q.peer)
		return -ENOMEM;
	if (!admit(q.peer, q.id, le64_to_cpu(header->oldest)))
		return -ESTALE;
	outcome = *outcome_of(q.peer, q.id);
	if (outcome > 1)
		err = 1 - outcome;
	else if (outcome && s->again)
		err = s->again(d, &q);
	else
		err = s->serve(d, &q);
	xemem_serve_over(d, q.peer, q.type, q.id, err, q.reply, q.size);
	return 0;
}
