// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: numbers of domains, the tree that they are in, and who has died.
 *
 * A domain knows those behind its children; all others are behind its parent.
 * Numbers are never given again, and grow from parent to child.
 */
#include "domain.h"

/**
 * xemem_node_find - what is known of a domain
 * @d: the domain that knows, locked.
 * @id: number of the other.
 *
 * Return: it, or NULL.
 */
struct xemem_node *xemem_node_find(struct xemem_domain *d, u32 id)
{
	lockdep_assert_held(&d->lock);
	return xa_load(&d->nodes, id);
}

/**
 * xemem_node_is_dead - has a domain died lately?
 * @d: the domain that knows, locked.
 * @id: number of the other.
 *
 * Return: whether.
 */
bool xemem_node_is_dead(struct xemem_domain *d, u32 id)
{
	struct xemem_node *node = xemem_node_find(d, id);

	return node && node->dead;
}

/**
 * xemem_node_route - the way to a domain
 * @d: where it begins, locked.
 * @id: number of the other.
 *
 * Return: a link; NULL: there is none.
 */
struct xemem_link *xemem_node_route(struct xemem_domain *d, u32 id)
{
	struct xemem_node *node = xemem_node_find(d, id);

	return node ? node->link : d->parent;
}

/**
 * xemem_node_is_from - can a domain's messages come over that link?
 * @d: the domain that asks, locked.
 * @id: number of the other.
 * @link: where a message came from.
 *
 * Return: whether; not, if it is dead.
 */
bool xemem_node_is_from(struct xemem_domain *d, u32 id,
			const struct xemem_link *link)
{
	struct xemem_node *node = xemem_node_find(d, id);

	if (!id || id == d->id)
		return false;
	if (link->role == XEMEM_PARENT)
		return !node;
	return node && !node->dead && node->link == link;
}

static struct xemem_node *add_node(struct xemem_domain *d, u32 id,
				   struct xemem_link *link)
{
	struct xemem_node *node;

	if (d->nr_nodes == XEMEM_DOMAINS_MAX)
		return NULL;
	node = xemem_domain_alloc(d, sizeof(*node));
	if (!node)
		return NULL;
	node->id = id;
	node->link = link;
	if (xa_err(xa_store(&d->nodes, id, node, GFP_KERNEL))) {
		xemem_domain_free(d, node);
		return NULL;
	}
	d->nr_nodes++;
	return node;
}

/**
 * xemem_node_learn - a domain is behind a child
 * @d: the domain that learns it, locked.
 * @id: number of the other.
 * @link: of the child.
 *
 * Return: 0; -ESTALE: it is dead; -EEXIST: it is elsewhere; -ENOMEM: nor is
 * there room if there are too many.
 */
int xemem_node_learn(struct xemem_domain *d, u32 id, struct xemem_link *link)
{
	struct xemem_node *node = xemem_node_find(d, id);

	if (node && node->dead)
		return -ESTALE;
	if (!id || id == d->id || (node && node->link != link))
		return -EEXIST;
	if (!node && !add_node(d, id, link))
		return -ENOMEM;
	return 0;
}

/**
 * xemem_node_join - domain 1 gives a number
 * @d: domain 1, locked.
 * @link: the way to the new domain.
 * @parent: number of its parent.
 * @request: that of the parent's request.
 * @id: out: number of the new domain.
 *
 * Return: 0; -ENOSPC: there are too many, or have been lately.
 */
int xemem_node_join(struct xemem_domain *d, struct xemem_link *link, u32 parent,
		    u64 request, u32 *id)
{
	struct xemem_node *node;
	unsigned int behind = 0;
	unsigned long index;

	/* One child that makes many does not keep the others from it. */
	xa_for_each(&d->nodes, index, node)
		behind += node->link == link;
	/* Numbers are not given again. */
	if (behind >= XEMEM_BEHIND_MAX || d->next_id == U32_MAX)
		return -ENOSPC;
	node = add_node(d, d->next_id, link);
	if (!node)
		return -ENOSPC;
	d->next_id++;
	node->parent = parent;
	node->join = request;
	*id = node->id;
	return 0;
}

/**
 * xemem_node_joined - which number was given for that request?
 * @d: domain 1, locked.
 * @parent: number of who has asked.
 * @request: that of the request.
 *
 * Return: the number; 0: none, or that domain is dead.
 */
u32 xemem_node_joined(struct xemem_domain *d, u32 parent, u64 request)
{
	struct xemem_node *node;
	unsigned long id;

	xa_for_each(&d->nodes, id, node)
		if (!node->dead && node->parent == parent &&
		    node->join == request)
			return node->id;
	return 0;
}

static void bury(struct xemem_domain *d, struct xemem_node *node,
		 struct xemem_link *from)
{
	node->dead = true;
	node->link = NULL;
	node->from = from;
	node->death = ++d->deaths;
	node->expires = xemem_domain_now(d) + XEMEM_LINGER_MS;
	list_add_tail(&node->dying, &d->dead);
	xemem_domain_due(d, node->expires);
	xemem_peer_died(d, node->id);
	xemem_directory_died(d, node->id);
}

/**
 * xemem_node_died - a domain has died
 * @d: the domain that hears of it, locked.
 * @id: number of the dead.
 * @from: link that has told, or NULL.
 *
 * Nothing of it is left here when the jobs are done, but the knowledge that it
 * is dead, for as long as its last messages may be under way. In domain 1 those
 * that it has made are dead, too. The caller tells others.
 *
 * Return: 0; -ENOMEM.
 */
int xemem_node_died(struct xemem_domain *d, u32 id, struct xemem_link *from)
{
	struct xemem_node *node = xemem_node_find(d, id), *parent;
	unsigned long index = id;

	if (id == d->id || (node && node->dead))
		return 0;
	if (!node) {
		/* Domain 1 knows all that there are. */
		if (d->id == XEMEM_DOMAIN_FIRST)
			return 0;
		node = add_node(d, id, NULL);
		if (!node)
			return -ENOMEM;
	}
	bury(d, node, from);
	if (d->id != XEMEM_DOMAIN_FIRST)
		return 0;
	/* Children have larger numbers, so one pass finds all. */
	xa_for_each_start(&d->nodes, index, node, id) {
		parent = xemem_node_find(d, node->parent);
		if (!node->dead && parent && parent->dead)
			bury(d, node, from);
	}
	return 0;
}

/**
 * xemem_node_cut - all that is behind a link is dead
 * @d: whose link it is, locked.
 * @link: is being removed.
 */
void xemem_node_cut(struct xemem_domain *d, struct xemem_link *link)
{
	struct xemem_node *node;
	struct xemem_peer *peer;
	unsigned long id;

	xa_for_each(&d->nodes, id, node) {
		if (node->from == link)
			node->from = NULL;
		if (!node->dead && node->link == link)
			xemem_node_died(d, node->id, NULL);
	}
	if (link->role != XEMEM_PARENT)
		return;
	xa_for_each(&d->peers, id, peer)
		if (!xemem_node_find(d, peer->id))
			xemem_peer_died(d, peer->id);
}

static bool is_told(struct xemem_domain *d, const struct xemem_node *node)
{
	struct xemem_link *link;

	list_for_each_entry(link, &d->links, node)
		if (link->peer && link->told < node->death)
			return false;
	return !node->mapped;
}

static void forget(struct xemem_domain *d, struct xemem_node *node)
{
	if (node->dead)
		list_del(&node->dying);
	xa_erase(&d->nodes, node->id);
	xemem_domain_free(d, node);
	d->nr_nodes--;
}

/**
 * xemem_node_expire - forget those that have been dead for long
 * @d: the domain, locked.
 * @now: its time.
 */
void xemem_node_expire(struct xemem_domain *d, u64 now)
{
	struct xemem_node *node, *next;

	list_for_each_entry_safe(node, next, &d->dead, dying) {
		if (node->expires > now) {
			xemem_domain_due(d, node->expires);
			break;
		}
		if (!is_told(d, node)) {
			xemem_domain_due(d, now + XEMEM_RETRY_MAX_MS);
			break;
		}
		forget(d, node);
	}
}

/**
 * xemem_node_free - forget all
 * @d: the domain, locked, at its end.
 */
void xemem_node_free(struct xemem_domain *d)
{
	struct xemem_node *node;
	unsigned long id;

	xa_for_each(&d->nodes, id, node)
		forget(d, node);
	xa_destroy(&d->nodes);
}
