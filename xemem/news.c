// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what neighbours tell each other: a number for a new domain, who has
 * died, and that the directory has begun anew.
 *
 * News go from neighbour to neighbour over the whole tree, and so do
 * acknowledgements, the other way: a domain acknowledges a death when it, and
 * all that are behind it as seen from the one who told, have unmapped what the
 * dead had. When all links of a parent have acknowledged the death of its
 * child, the child's memory is the parent's again.
 */
#include "domain.h"

static void send_welcome(struct xemem_domain *d, struct xemem_link *link,
			 u64 request)
{
	struct xemem_wire_welcome welcome = {
		.epoch = cpu_to_le64(d->epoch),
		.domain = cpu_to_le32(link->peer),
	};
	struct xemem_wire_header header = {
		.magic = cpu_to_le32(XEMEM_WIRE_MAGIC),
		.version = cpu_to_le16(XEMEM_WIRE_VERSION),
		.type = cpu_to_le16(XEMEM_WIRE_HELLO | XEMEM_WIRE_REPLY),
		.size = cpu_to_le32(sizeof(welcome)),
		.hops = 1,
		.source = cpu_to_le32(d->id),
		.target = cpu_to_le32(link->peer),
		.request = cpu_to_le64(request),
	};

	xemem_link_post(d, link, &header, &welcome);
}

/* The neighbour is known. It is new, so it has nothing of the dead. */
static void meet(struct xemem_domain *d, struct xemem_link *link, u32 id)
{
	link->peer = id;
	link->told = d->deaths;
	link->told_epoch = d->epoch;
}

static void join_answered(struct xemem_domain *d, struct xemem_request *r,
			  int err, const void *payload, u32 size)
{
	struct xemem_join *join = container_of(r, struct xemem_join, request);
	const struct xemem_wire_joined *joined = payload;
	struct xemem_link *link = join->link;
	u32 id = err ? 0 : le32_to_cpu(joined->domain);

	if (link)
		link->join = NULL;
	xemem_domain_free(d, join);
	/* An error is not passed on: the child says hello again. */
	if (err || xemem_node_learn(d, id, link))
		return;
	if (link) {
		meet(d, link, id);
		send_welcome(d, link, link->greeted);
	} else {
		xemem_node_died(d, id, NULL);
		xemem_news_tell(d);
	}
}

static int ask_for_number(struct xemem_domain *d, struct xemem_link *link)
{
	struct xemem_wire_join payload = { .key = cpu_to_le64(link->key) };
	struct xemem_join *join = xemem_domain_alloc(d, sizeof(*join));
	int err;

	if (!join)
		return -ENOMEM;
	join->link = link;
	join->request.answered = join_answered;
	err = xemem_request_start(d, &join->request, XEMEM_DOMAIN_FIRST,
				  XEMEM_WIRE_JOIN, &payload, sizeof(payload));
	if (err)
		xemem_domain_free(d, join);
	else
		link->join = join;
	return err;
}

/**
 * xemem_hello_serve - a neighbour asks for its number
 * @link: to it; its domain is locked.
 * @request: number of the message.
 *
 * Return: 0; -EPERM: it is not a child; -ENOTCONN: we have no number ourselves;
 * -ENOSPC: there are too many domains; -ENOMEM.
 */
int xemem_hello_serve(struct xemem_link *link, u64 request)
{
	struct xemem_domain *d = link->domain;
	int err;
	u32 id;

	if (link->role != XEMEM_CHILD)
		return -EPERM;
	if (!d->id)
		return -ENOTCONN;
	link->greeted = request;
	if (!link->peer) {
		if (link->join)
			return 0;
		if (d->id != XEMEM_DOMAIN_FIRST)
			return ask_for_number(d, link);
		err = xemem_node_join(d, link, d->id, link->key, &id);
		if (err)
			return err;
		meet(d, link, id);
	}
	send_welcome(d, link, request);
	return 0;
}

/**
 * xemem_hello_answered - we have got a number
 * @link: to our parent; its domain is locked.
 * @header: of the message.
 * @payload: of the message.
 *
 * Return: 0; -ENOMSG: we have not asked, or it is no number.
 */
int xemem_hello_answered(struct xemem_link *link,
			 const struct xemem_wire_header *header,
			 const void *payload)
{
	const struct xemem_wire_welcome *welcome = payload;
	u32 id = le32_to_cpu(welcome->domain);
	struct xemem_domain *d = link->domain;

	if (link != d->parent || d->id || id <= le32_to_cpu(header->source) ||
	    le32_to_cpu(header->target) != id ||
	    le64_to_cpu(header->request) != link->key)
		return -ENOMSG;
	WRITE_ONCE(d->id, id);
	meet(d, link, le32_to_cpu(header->source));
	xemem_directory_replay(d, le64_to_cpu(welcome->epoch));
	return 0;
}

/**
 * xemem_hello_tick - ask for a number, if we have none; tell what is untold
 * @d: the domain, locked.
 * @now: its time.
 */
void xemem_hello_tick(struct xemem_domain *d, u64 now)
{
	struct xemem_wire_header header = {
		.magic = cpu_to_le32(XEMEM_WIRE_MAGIC),
		.version = cpu_to_le16(XEMEM_WIRE_VERSION),
		.type = cpu_to_le16(XEMEM_WIRE_HELLO),
		.hops = 1,
	};

	/* What could not be told for lack of memory. */
	xemem_news_tell(d);
	if (d->id || !d->parent)
		return;
	if (d->hello <= now) {
		header.request = cpu_to_le64(d->parent->key);
		header.oldest = header.request;
		xemem_link_post(d, d->parent, &header, NULL);
		d->hello_ms = clamp(2 * d->hello_ms, XEMEM_RETRY_MS,
				    XEMEM_RETRY_MAX_MS);
		d->hello = now + d->hello_ms;
	}
	xemem_domain_due(d, d->hello);
}

/**
 * xemem_join_again - a domain asks for a child's number again
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0; -ESTALE: the child is dead.
 */
int xemem_join_again(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_join *join = q->payload;
	struct xemem_wire_joined *joined = (void *)q->reply;
	u32 id = xemem_node_joined(d, q->peer->id, q->id);

	if (!id)
		return -ESTALE;
	joined->key = join->key;
	joined->domain = cpu_to_le32(id);
	q->size = sizeof(*joined);
	return 0;
}

/**
 * xemem_join_serve - a domain asks for a child's number
 * @d: domain 1, locked.
 * @q: the request.
 *
 * Return: 0; -EPERM: we are not domain 1; -ENOSPC: there are too many.
 */
int xemem_join_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	int err;
	u32 id;

	if (d->id != XEMEM_DOMAIN_FIRST)
		return -EPERM;
	err = xemem_node_join(d, q->link, q->peer->id, q->id, &id);
	return err ?: xemem_join_again(d, q);
}

static void news_answered(struct xemem_domain *d, struct xemem_request *r,
			  int err, const void *payload, u32 size)
{
	struct xemem_link *link = container_of(r, struct xemem_link, news);

	/* The neighbour is dead; its link will be removed. */
	if (err)
		return;
	link->told = link->telling;
	link->told_epoch = link->telling_epoch;
	xemem_news_tell(d);
	xemem_news_settle(d);
}

static void news_late(struct xemem_domain *d, struct xemem_request *r)
{
	xemem_domain_stuck(d, r->peer->id);
}

/* What has happened since the last time; returns how many have died. */
static u32 write_news(struct xemem_domain *d, struct xemem_link *link,
		      struct xemem_wire_news *news)
{
	struct xemem_node *node;
	u32 nr = 0;

	link->telling = link->told;
	link->telling_epoch = d->epoch;
	list_for_each_entry(node, &d->dead, dying) {
		if (node->death <= link->told)
			continue;
		if (nr == XEMEM_WIRE_DEAD)
			break;
		link->telling = node->death;
		if (node->from != link)
			news->dead[nr++] = cpu_to_le32(node->id);
	}
	news->nr = cpu_to_le32(nr);
	news->epoch = cpu_to_le64(d->epoch);
	return nr;
}

static void tell(struct xemem_domain *d, struct xemem_link *link)
{
	struct xemem_wire_news news = {};
	bool epoch = link->role == XEMEM_CHILD &&
		     link->told_epoch < d->epoch;

	if (!link->peer || !xemem_request_is_idle(&link->news) ||
	    xemem_node_is_dead(d, link->peer))
		return;
	if (!write_news(d, link, &news) && !epoch) {
		link->told = link->telling;
		return;
	}
	link->news.answered = news_answered;
	link->news.late = news_late;
	link->news.patience_ms = XEMEM_STUCK_MS;
	link->news.stubborn = true;
	if (xemem_request_start(d, &link->news, link->peer, XEMEM_WIRE_NEWS,
				&news, sizeof(news)))
		xemem_domain_due(d, xemem_domain_now(d) + XEMEM_RETRY_MAX_MS);
}

/**
 * xemem_news_tell - tell all neighbours what has happened
 * @d: the domain, locked.
 */
void xemem_news_tell(struct xemem_domain *d)
{
	struct xemem_link *link;

	list_for_each_entry(link, &d->links, node)
		tell(d, link);
}

/* Has nobody here and behind other links anything of the dead? */
static bool is_settled(struct xemem_domain *d, const struct xemem_node *dead,
		       const struct xemem_link *but)
{
	struct xemem_link *link;

	list_for_each_entry(link, &d->links, node)
		if (link != but && link->peer && link->told < dead->death)
			return false;
	return !dead->mapped && !d->unmapping;
}

static void acknowledge(struct xemem_domain *d, struct xemem_link *link)
{
	struct xemem_node *node;
	u32 i;

	for (i = 0; i < link->heard_nr; i++) {
		node = xemem_node_find(d, link->heard_dead[i]);
		if (node && node->dead && !is_settled(d, node, link))
			return;
	}
	xemem_reply(d, link->peer, XEMEM_WIRE_NEWS, link->heard, 0, NULL, 0);
	link->heard = 0;
}

static void run_returned(struct xemem_domain *d, struct xemem_job *job)
{
	struct xemem_grave *grave = container_of(job, struct xemem_grave, job);
	struct xemem_range *r;

	list_for_each_entry(r, &grave->memory.list, node)
		d->ops->returned(d->context, r->first, r->pages);
	xemem_ranges_free(d, &grave->memory);
	xemem_domain_free(d, grave);
}

static bool is_open(struct xemem_domain *d, const struct xemem_grave *grave)
{
	struct xemem_node *node;

	list_for_each_entry(node, &d->dead, dying)
		if (node->death <= grave->death && !is_settled(d, node, NULL))
			return true;
	return false;
}

/**
 * xemem_news_settle - something is unmapped, or acknowledged
 * @d: the domain, locked.
 */
void xemem_news_settle(struct xemem_domain *d)
{
	struct xemem_grave *grave, *next;
	struct xemem_link *link;

	list_for_each_entry(link, &d->links, node)
		if (link->heard)
			acknowledge(d, link);
	list_for_each_entry_safe(grave, next, &d->graves, node) {
		if (is_open(d, grave))
			continue;
		list_del(&grave->node);
		xemem_domain_job(d, &grave->job, run_returned);
	}
}

/**
 * xemem_news_unmapped - an attachment of a dead domain's memory is unmapped
 * @d: the domain, locked.
 * @id: number of the dead; 0: there were no news of its death.
 */
void xemem_news_unmapped(struct xemem_domain *d, u32 id)
{
	struct xemem_node *node = xemem_node_find(d, id);

	if (!id)
		d->unmapping--;
	else if (!WARN_ON_ONCE(!node || !node->mapped))
		node->mapped--;
	xemem_news_settle(d);
}

/* May the neighbour say that of this domain? */
static bool is_credible(struct xemem_domain *d, const struct xemem_link *link,
			u32 id)
{
	return id != link->peer && xemem_node_is_from(d, id, link);
}

/**
 * xemem_news_serve - a neighbour tells what has happened
 * @d: the domain, locked.
 * @q: the request.
 *
 * Return: -EINPROGRESS: acknowledged when nothing is mapped any more; -EPERM:
 * it is not a neighbour; -ENOMEM.
 */
int xemem_news_serve(struct xemem_domain *d, struct xemem_asked *q)
{
	const struct xemem_wire_news *news = q->payload;
	struct xemem_link *link = q->link;
	u32 i, id, nr = le32_to_cpu(news->nr);

	if (q->peer->id != link->peer)
		return -EPERM;
	if (link->heard == q->id)
		return -EINPROGRESS;
	for (i = 0; i < nr; i++) {
		id = le32_to_cpu(news->dead[i]);
		if (is_credible(d, link, id) && xemem_node_died(d, id, link))
			return -ENOMEM;
		link->heard_dead[i] = id;
	}
	link->heard = q->id;
	link->heard_nr = nr;
	if (link->role == XEMEM_PARENT)
		xemem_directory_replay(d, le64_to_cpu(news->epoch));
	xemem_news_tell(d);
	xemem_news_settle(d);
	return -EINPROGRESS;
}

/**
 * xemem_grave_dig - a child is dead, but its memory may be mapped elsewhere
 * @d: the domain, locked; what has died is known.
 * @link: to the child, about to be freed.
 */
void xemem_grave_dig(struct xemem_domain *d, struct xemem_link *link)
{
	struct xemem_grave *grave = link->grave;

	link->grave = NULL;
	xemem_ranges_init(&grave->memory);
	list_splice_init(&link->memory.list, &grave->memory.list);
	grave->memory.nr = link->memory.nr;
	link->memory.nr = 0;
	grave->death = d->deaths;
	list_add_tail(&grave->node, &d->graves);
}

/**
 * xemem_grave_free - forget what is not returned yet
 * @d: the domain, locked, at its end.
 */
void xemem_grave_free(struct xemem_domain *d)
{
	struct xemem_grave *grave, *next;

	list_for_each_entry_safe(grave, next, &d->graves, node) {
		list_del(&grave->node);
		xemem_ranges_free(d, &grave->memory);
		xemem_domain_free(d, grave);
	}
}
