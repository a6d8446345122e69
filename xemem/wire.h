/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM: what domains say to each other. The protocol that goes with it is in
 * Documentation/lwk/xemem-link.rst.
 *
 * A message is a header and a payload whose size follows from the type, all of
 * it little-endian and without holes. Fields named "reserved" are 0. Nothing
 * in a message is an address: memory is named by page frame numbers of the
 * machine, objects by numbers of the domain that has made them.
 */
#ifndef _XEMEM_WIRE_H
#define _XEMEM_WIRE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define XEMEM_WIRE_MAGIC	0x4c4d4558	/* "XEML" */
#define XEMEM_WIRE_VERSION	1
/* A whole message, in bytes: so much a transport must be able to carry. */
#define XEMEM_WIRE_MAX		4096
/* A message goes over so many links, then it is dropped. */
#define XEMEM_WIRE_HOPS		64
/* Pages are of 4 KiB on the wire, whatever the domains' own. */
#define XEMEM_WIRE_PAGE_SHIFT	12
/* Page frame numbers are below this: 52 bits of physical address. */
#define XEMEM_WIRE_PFN_END	(1ULL << (52 - XEMEM_WIRE_PAGE_SHIFT))
/* Largest order of an extent: pages of 1 GiB. */
#define XEMEM_WIRE_ORDER_MAX	18
/* With the NUL. */
#define XEMEM_WIRE_NAME		64

/**
 * enum xemem_wire_type - what a message is about
 * @XEMEM_WIRE_HELLO: child to parent: a domain asks for its number.
 * @XEMEM_WIRE_JOIN: parent to domain 1: a number for a child.
 * @XEMEM_WIRE_NEWS: between neighbours: who has died, and whether the
 *	directory has begun anew.
 * @XEMEM_WIRE_PUBLISH: owner to domain 1: a segment has a name.
 * @XEMEM_WIRE_UNPUBLISH: owner to domain 1: it has none any more.
 * @XEMEM_WIRE_LOOKUP: anybody to domain 1: which segment has that name?
 * @XEMEM_WIRE_GET: importer to owner: a permit for a segment.
 * @XEMEM_WIRE_RELEASE: importer to owner: the permit is no longer wanted.
 * @XEMEM_WIRE_ATTACH: importer to owner: pin a part of the segment.
 * @XEMEM_WIRE_EXTENTS: importer to owner: where is it?
 * @XEMEM_WIRE_DETACH: importer to owner: it is unmapped.
 * @XEMEM_WIRE_REVOKE: owner to importer: unmap it; the reply says that this is
 *	done.
 * @XEMEM_WIRE_TYPES: no type.
 * @XEMEM_WIRE_REPLY: a bit: the answer to a message of that type.
 */
enum xemem_wire_type {
	XEMEM_WIRE_HELLO	= 1,
	XEMEM_WIRE_JOIN		= 2,
	XEMEM_WIRE_NEWS		= 3,
	XEMEM_WIRE_PUBLISH	= 4,
	XEMEM_WIRE_UNPUBLISH	= 5,
	XEMEM_WIRE_LOOKUP	= 6,
	XEMEM_WIRE_GET		= 7,
	XEMEM_WIRE_RELEASE	= 8,
	XEMEM_WIRE_ATTACH	= 9,
	XEMEM_WIRE_EXTENTS	= 10,
	XEMEM_WIRE_DETACH	= 11,
	XEMEM_WIRE_REVOKE	= 12,
	XEMEM_WIRE_TYPES,
	XEMEM_WIRE_REPLY	= 0x8000,
};

/**
 * struct xemem_wire_header - what each message begins with
 * @magic: XEMEM_WIRE_MAGIC.
 * @version: XEMEM_WIRE_VERSION.
 * @type: enum xemem_wire_type.
 * @size: bytes of payload; none if @status is not 0.
 * @status: of a reply: 0, or the errno (positive) of a refusal.
 * @hops: how many links it may still cross.
 * @reserved: 0.
 * @source: domain that it is from; 0 in a HELLO.
 * @target: domain that it is for; 0 in a HELLO.
 * @request: number that the one who asks has given it; each goes to one
 *	domain and is larger than the one before. The reply repeats it.
 * @oldest: of a request: all with smaller numbers are answered, so that copies
 *	of them that are still under way are to be ignored.
 */
struct xemem_wire_header {
	__le32 magic;
	__le16 version;
	__le16 type;
	__le32 size;
	__le16 status;
	__u8 hops;
	__u8 reserved;
	__le32 source;
	__le32 target;
	__le64 request;
	__le64 oldest;
};

static_assert(sizeof(struct xemem_wire_header) == 40);
static_assert(offsetof(struct xemem_wire_header, size) == 8);
static_assert(offsetof(struct xemem_wire_header, hops) == 14);
static_assert(offsetof(struct xemem_wire_header, source) == 16);
static_assert(offsetof(struct xemem_wire_header, request) == 24);
static_assert(offsetof(struct xemem_wire_header, oldest) == 32);

/* How many requests may be under way from one domain to another. */
#define XEMEM_WIRE_WINDOW	64

/**
 * struct xemem_wire_welcome - reply to HELLO
 * @epoch: of the directory.
 * @domain: number of the domain that has said hello.
 * @reserved: 0.
 */
struct xemem_wire_welcome {
	__le64 epoch;
	__le32 domain;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_welcome) == 16);

/**
 * struct xemem_wire_join - JOIN
 * @key: number that the parent has given the link, and gives no other.
 */
struct xemem_wire_join {
	__le64 key;
};

static_assert(sizeof(struct xemem_wire_join) == 8);

/**
 * struct xemem_wire_joined - reply to JOIN
 * @key: as in the request.
 * @domain: number of the child; routers on the way remember it, too.
 * @reserved: 0.
 */
struct xemem_wire_joined {
	__le64 key;
	__le32 domain;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_joined) == 16);

#define XEMEM_WIRE_DEAD		28

/**
 * struct xemem_wire_news - NEWS
 * @epoch: of the directory; only a parent is believed.
 * @nr: how many there are in @dead.
 * @reserved: 0.
 * @dead: domains that have died.
 */
struct xemem_wire_news {
	__le64 epoch;
	__le32 nr;
	__le32 reserved;
	__le32 dead[XEMEM_WIRE_DEAD];
};

static_assert(sizeof(struct xemem_wire_news) == 128);

/* Flag of PUBLISH: the segment had the name before the directory restarted. */
#define XEMEM_WIRE_REPLAY	0x1

/**
 * struct xemem_wire_publish - PUBLISH
 * @segid: the owner's number for the segment.
 * @flags: XEMEM_WIRE_REPLAY.
 * @reserved: 0.
 * @name: ends with NUL, and is all 0 behind it.
 */
struct xemem_wire_publish {
	__le64 segid;
	__le32 flags;
	__le32 reserved;
	char name[XEMEM_WIRE_NAME];
};

static_assert(sizeof(struct xemem_wire_publish) == 80);
static_assert(offsetof(struct xemem_wire_publish, name) == 16);

/**
 * struct xemem_wire_lookup - LOOKUP
 * @name: as in struct xemem_wire_publish.
 */
struct xemem_wire_lookup {
	char name[XEMEM_WIRE_NAME];
};

static_assert(sizeof(struct xemem_wire_lookup) == 64);

/**
 * struct xemem_wire_found - reply to LOOKUP
 * @segid: the owner's number for the segment.
 * @domain: the owner.
 * @reserved: 0.
 */
struct xemem_wire_found {
	__le64 segid;
	__le32 domain;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_found) == 16);

/* Flag of GET and ATTACH: to write, too. */
#define XEMEM_WIRE_WRITE	0x1

/**
 * struct xemem_wire_get - GET
 * @segid: the owner's number for the segment.
 * @flags: XEMEM_WIRE_WRITE.
 * @uid: of who asks, as the importer's domain numbers users.
 * @gid: likewise.
 * @reserved: 0.
 */
struct xemem_wire_get {
	__le64 segid;
	__le32 flags;
	__le32 uid;
	__le32 gid;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_get) == 24);

/**
 * struct xemem_wire_permit - reply to GET
 * @permit: the owner's number for it.
 * @pages: in the segment.
 */
struct xemem_wire_permit {
	__le64 permit;
	__le64 pages;
};

static_assert(sizeof(struct xemem_wire_permit) == 16);

/**
 * struct xemem_wire_attach - ATTACH
 * @permit: from struct xemem_wire_permit.
 * @first: page in the segment.
 * @pages: how many.
 * @flags: XEMEM_WIRE_WRITE.
 * @reserved: 0.
 */
struct xemem_wire_attach {
	__le64 permit;
	__le64 first;
	__le64 pages;
	__le32 flags;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_attach) == 32);

/**
 * struct xemem_wire_attached - reply to ATTACH
 * @attachment: the owner's number for it.
 * @extents: how many there are.
 * @reserved: 0.
 */
struct xemem_wire_attached {
	__le64 attachment;
	__le32 extents;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_attached) == 16);

/**
 * struct xemem_wire_extent - pages that are side by side
 * @first: page frame number, a multiple of 2^@order.
 * @pages: how many, a multiple of 2^@order.
 * @order: they may be mapped as pages of 2^@order.
 * @reserved: 0.
 */
struct xemem_wire_extent {
	__le64 first;
	__le64 pages;
	__le32 order;
	__le32 reserved;
};

static_assert(sizeof(struct xemem_wire_extent) == 24);

/**
 * struct xemem_wire_where - EXTENTS, and what its reply begins with
 * @attachment: from struct xemem_wire_attached.
 * @index: of the first extent.
 * @nr: of a request: 0; of a reply: how many follow, at least one.
 */
struct xemem_wire_where {
	__le64 attachment;
	__le32 index;
	__le32 nr;
};

static_assert(sizeof(struct xemem_wire_where) == 16);

/* In one reply to EXTENTS. */
#define XEMEM_WIRE_EXTENTS_MAX						\
	((XEMEM_WIRE_MAX - sizeof(struct xemem_wire_header) -		\
	  sizeof(struct xemem_wire_where)) / sizeof(struct xemem_wire_extent))
static_assert(XEMEM_WIRE_EXTENTS_MAX == 168);

/**
 * struct xemem_wire_id - UNPUBLISH, RELEASE, DETACH, REVOKE
 * @id: a segment, a permit, an attachment, an attachment: always the owner's
 *	number for it.
 */
struct xemem_wire_id {
	__le64 id;
};

static_assert(sizeof(struct xemem_wire_id) == 8);

#endif /* _XEMEM_WIRE_H */
