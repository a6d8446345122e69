// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: what is looked at before anything of a message is believed, and
 * without knowing whom it is from.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "domain.h"

/* Payloads of a type: bytes. */
struct sizes {
	u32 request;
	u32 reply;
};

static const struct sizes sizes[XEMEM_WIRE_TYPES] = {
	[XEMEM_WIRE_HELLO] = { 0, sizeof(struct xemem_wire_welcome) },
	[XEMEM_WIRE_JOIN] = { sizeof(struct xemem_wire_join),
			      sizeof(struct xemem_wire_joined) },
	[XEMEM_WIRE_NEWS] = { sizeof(struct xemem_wire_news), 0 },
	[XEMEM_WIRE_PUBLISH] = { sizeof(struct xemem_wire_publish), 0 },
	[XEMEM_WIRE_UNPUBLISH] = { sizeof(struct xemem_wire_id), 0 },
	[XEMEM_WIRE_LOOKUP] = { sizeof(struct xemem_wire_lookup),
				sizeof(struct xemem_wire_found) },
	[XEMEM_WIRE_GET] = { sizeof(struct xemem_wire_get),
			     sizeof(struct xemem_wire_permit) },
	[XEMEM_WIRE_RELEASE] = { sizeof(struct xemem_wire_id), 0 },
	[XEMEM_WIRE_ATTACH] = { sizeof(struct xemem_wire_attach),
				sizeof(struct xemem_wire_attached) },
	/* The reply's is larger by its extents. */
	[XEMEM_WIRE_EXTENTS] = { sizeof(struct xemem_wire_where),
				 sizeof(struct xemem_wire_where) },
	[XEMEM_WIRE_DETACH] = { sizeof(struct xemem_wire_id), 0 },
	[XEMEM_WIRE_REVOKE] = { sizeof(struct xemem_wire_id), 0 },
};

/**
 * xemem_message_is_name - may a segment be called that?
 * @name: XEMEM_WIRE_NAME bytes.
 *
 * Return: whether: characters A-Z a-z 0-9 . _ - /, then NUL up to the end.
 */
bool xemem_message_is_name(const char *name)
{
	size_t len = strnlen(name, XEMEM_WIRE_NAME), i;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("._-/", name[i])))
			return false;
	return len && len < XEMEM_WIRE_NAME &&
	       !memchr_inv(name + len, 0, XEMEM_WIRE_NAME - len);
}

static bool is_news(const struct xemem_wire_news *news)
{
	return !news->reserved && le32_to_cpu(news->nr) <= XEMEM_WIRE_DEAD;
}

static bool is_publish(const struct xemem_wire_publish *publish)
{
	return !publish->reserved && publish->segid &&
	       !(publish->flags & ~cpu_to_le32(XEMEM_WIRE_REPLAY)) &&
	       xemem_message_is_name(publish->name);
}

static bool is_get(const struct xemem_wire_get *get)
{
	return !get->reserved &&
	       !(get->flags & ~cpu_to_le32(XEMEM_WIRE_WRITE));
}

static bool is_attach(const struct xemem_wire_attach *attach)
{
	u64 first = le64_to_cpu(attach->first);
	u64 pages = le64_to_cpu(attach->pages);

	return !attach->reserved &&
	       !(attach->flags & ~cpu_to_le32(XEMEM_WIRE_WRITE)) && pages &&
	       first < XEMEM_WIRE_PFN_END &&
	       pages <= XEMEM_WIRE_PFN_END - first;
}

static bool is_request(u16 type, const void *payload)
{
	const struct xemem_wire_where *where = payload;
	const struct xemem_wire_lookup *lookup = payload;

	switch (type) {
	case XEMEM_WIRE_NEWS:
		return is_news(payload);
	case XEMEM_WIRE_PUBLISH:
		return is_publish(payload);
	case XEMEM_WIRE_LOOKUP:
		return xemem_message_is_name(lookup->name);
	case XEMEM_WIRE_GET:
		return is_get(payload);
	case XEMEM_WIRE_ATTACH:
		return is_attach(payload);
	case XEMEM_WIRE_EXTENTS:
		return !where->nr;
	default:
		return true;
	}
}

static bool are_extents(const struct xemem_wire_where *where)
{
	const struct xemem_wire_extent *e = (const void *)(where + 1);
	u32 i;

	for (i = 0; i < le32_to_cpu(where->nr); i++)
		if (e[i].reserved)
			return false;
	return true;
}

static bool is_reply(u16 type, const void *payload)
{
	const struct xemem_wire_welcome *welcome = payload;
	const struct xemem_wire_joined *joined = payload;
	const struct xemem_wire_attached *attached = payload;
	const struct xemem_wire_found *found = payload;

	switch (type) {
	case XEMEM_WIRE_HELLO:
		return !welcome->reserved && welcome->domain;
	case XEMEM_WIRE_JOIN:
		return !joined->reserved && joined->domain;
	case XEMEM_WIRE_LOOKUP:
		return !found->reserved && found->domain;
	case XEMEM_WIRE_ATTACH:
		return !attached->reserved && attached->extents &&
		       le32_to_cpu(attached->extents) <= XEMEM_EXTENTS_MAX;
	case XEMEM_WIRE_EXTENTS:
		return are_extents(payload);
	default:
		return true;
	}
}

static int check_request(const struct xemem_wire_header *h, u16 type, u32 size)
{
	u64 oldest = le64_to_cpu(h->oldest);

	if (size != sizes[type].request)
		return -EMSGSIZE;
	if (h->status || !oldest || oldest > le64_to_cpu(h->request))
		return -EBADMSG;
	return is_request(type, h + 1) ? 0 : -EBADMSG;
}

static int check_reply(const struct xemem_wire_header *h, u16 type, u32 size)
{
	const struct xemem_wire_where *where = (const void *)(h + 1);
	u32 want = sizes[type].reply, nr;

	if (h->oldest || le16_to_cpu(h->status) >= U8_MAX)
		return -EBADMSG;
	if (h->status)
		return size ? -EMSGSIZE : 0;
	if (type == XEMEM_WIRE_EXTENTS && size >= want) {
		nr = le32_to_cpu(where->nr);
		if (!nr || nr > XEMEM_WIRE_EXTENTS_MAX)
			return -EBADMSG;
		want += nr * sizeof(struct xemem_wire_extent);
	}
	if (size != want)
		return -EMSGSIZE;
	return is_reply(type, where) ? 0 : -EBADMSG;
}

/**
 * xemem_message_check - is that a message?
 * @message: what a transport has brought.
 * @bytes: its length.
 *
 * Return: 0; -EMSGSIZE: too short, too long, or not as long as it says, or as
 * its type has to be; -EPROTONOSUPPORT: another version; -EBADMSG: a field has
 * a value that it cannot have.
 */
int xemem_message_check(const void *message, size_t bytes)
{
	const struct xemem_wire_header *h = message;
	u16 type;
	u32 size;

	if (bytes < sizeof(*h) || bytes > XEMEM_WIRE_MAX)
		return -EMSGSIZE;
	if (le32_to_cpu(h->magic) != XEMEM_WIRE_MAGIC)
		return -EBADMSG;
	if (le16_to_cpu(h->version) != XEMEM_WIRE_VERSION)
		return -EPROTONOSUPPORT;
	size = le32_to_cpu(h->size);
	type = le16_to_cpu(h->type) & ~XEMEM_WIRE_REPLY;
	if (size != bytes - sizeof(*h))
		return -EMSGSIZE;
	if (h->reserved || !h->hops || h->hops > XEMEM_WIRE_HOPS ||
	    !type || type >= XEMEM_WIRE_TYPES || !h->request)
		return -EBADMSG;
	if (h->type & cpu_to_le16(XEMEM_WIRE_REPLY))
		return check_reply(h, type, size);
	return check_request(h, type, size);
}

/**
 * xemem_message_check_extents - may who sends them have these pages?
 * @link: where the message came from; its domain is locked.
 * @message: it, checked otherwise.
 *
 * Routers look, too: a child's parent knows best what the child was assigned.
 *
 * Return: 0, also if there are none; -ERANGE.
 */
int xemem_message_check_extents(const struct xemem_link *link,
				const void *message)
{
	const struct xemem_wire_header *h = message;
	const struct xemem_wire_where *where = (const void *)(h + 1);
	const struct xemem_wire_extent *wire = (const void *)(where + 1);
	struct xemem_extent e;
	u32 i;

	if (le16_to_cpu(h->type) != (XEMEM_WIRE_EXTENTS | XEMEM_WIRE_REPLY) ||
	    h->status)
		return 0;
	for (i = 0; i < le32_to_cpu(where->nr); i++) {
		xemem_extent_get(&e, &wire[i]);
		if (xemem_extent_check(link, &e))
			return -ERANGE;
	}
	return 0;
}
