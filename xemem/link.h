/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM: domains, and the links between them. What a transport implements and
 * calls, what a domain's own part implements and calls. How it all fits is in
 * Documentation/lwk/xemem-link.rst; the messages are in wire.h.
 *
 * All calls are made in process context, may sleep, and may be made at the
 * same time as others, but where a function says otherwise. All callbacks are
 * called in process context, by whoever has called in, without a lock of the
 * link layer, and may call in themselves, but where one says otherwise.
 */
#ifndef _XEMEM_LINK_H
#define _XEMEM_LINK_H

#include <linux/types.h>

struct xemem_domain;
struct xemem_link;

/* The first kernel; it gives the others their numbers. */
#define XEMEM_DOMAIN_FIRST	1

/* Times, in milliseconds of the domain's clock. */
#define XEMEM_RETRY_MS		200	/* doubled each time, to at most */
#define XEMEM_RETRY_MAX_MS	3200
#define XEMEM_TIMEOUT_MS	30000	/* then the caller is told */
#define XEMEM_STUCK_MS		10000	/* then a revocation is reported */
#define XEMEM_GRACE_MS		10000	/* the directory takes old names only */
#define XEMEM_LINK_DELAY_MS	1000	/* a link delivers by then, or never */
#define XEMEM_LINGER_MS		(64 * XEMEM_LINK_DELAY_MS)

/* What a domain keeps at most. */
#define XEMEM_DOMAINS_MAX	4096	/* that it knows, with the newly dead */
#define XEMEM_BEHIND_MAX	1024	/* of these, behind a child of domain 1 */
#define XEMEM_LINKS_MAX		256
#define XEMEM_RANGES_MAX	256	/* of memory, of each link */
#define XEMEM_GRANTS_MAX	4096	/* permits, of each other domain */
#define XEMEM_EXPORTS_MAX	4096	/* attachments, of each other domain */
#define XEMEM_IMPORTS_MAX	65536	/* attachments that it has itself */
#define XEMEM_NAMES_MAX		4096	/* of each domain */
#define XEMEM_EXTENTS_MAX	65536	/* of an attachment */

/**
 * struct xemem_extent - pages that are side by side
 * @first: page frame number of the machine, of 4 KiB, a multiple of 2^@order.
 * @pages: how many, a multiple of 2^@order.
 * @order: they may be mapped as pages of 2^@order.
 */
struct xemem_extent {
	u64 first;
	u64 pages;
	u32 order;
};

/**
 * struct xemem_pin - a part of a segment of ours, attached by another domain
 * @domain: the importer.
 * @segid: of the segment.
 * @first: page in the segment.
 * @pages: how many.
 * @write: to write, too.
 * @extents: where it is; set by ops->pin(), and its to free.
 * @nr: how many of them; set by ops->pin().
 * @private: for the ops.
 */
struct xemem_pin {
	u32 domain;
	u64 segid;
	u64 first;
	u64 pages;
	bool write;
	struct xemem_extent *extents;
	u32 nr;
	void *private;
};

/**
 * struct xemem_map - a part of a segment of another domain, attached by us
 * @domain: the owner.
 * @attachment: the owner's number for it.
 * @pages: how many.
 * @write: to write, too.
 * @extents: where it is; checked.
 * @nr: how many of them.
 * @private: for the ops.
 */
struct xemem_map {
	u32 domain;
	u64 attachment;
	u64 pages;
	bool write;
	struct xemem_extent *extents;
	u32 nr;
	void *private;
};

/**
 * struct xemem_domain_ops - the part of a domain that has memory and time
 * @now: milliseconds since some moment. Called under locks: must not sleep.
 * @wake: xemem_domain_tick() is to be called at that time, or earlier; several
 *	calls: at the earliest of their times.
 * @permit: may that domain, on behalf of that user of its own, have the
 *	segment? Returns 0 and the pages in it; -ENOENT, -EACCES.
 * @pin: the pages of a part of a segment stay where they are, until unpin().
 *	Returns 0; -ENOENT, -EACCES, -EFAULT, -ENOMEM.
 * @unpin: nobody else has the pages mapped any more. Ends the pin; frees
 *	extents.
 * @map: map what another domain has. Returns 0, or an error: then it is not
 *	mapped.
 * @unmap: nobody here may have it mapped any more when this returns. The
 *	owner waits for it.
 * @stuck: that domain has not acknowledged a revocation for XEMEM_STUCK_MS;
 *	the pages stay pinned until it does, or is dead. To be fenced?
 * @returned: a child is dead, and nobody has any page of that range mapped any
 *	more, which it was assigned: the pages are the domain's own again.
 * @lost: another segment has that segment's name since the directory has
 *	restarted.
 *
 * The first argument of each is that of xemem_domain_create(). @wake, @stuck,
 * @lost may be called while other callbacks are.
 */
struct xemem_domain_ops {
	u64 (*now)(void *context);
	void (*wake)(void *context, u64 at);
	int (*permit)(void *context, u64 segid, u32 domain, u32 uid, u32 gid,
		      bool write, u64 *pages);
	int (*pin)(void *context, struct xemem_pin *pin);
	void (*unpin)(void *context, struct xemem_pin *pin);
	int (*map)(void *context, struct xemem_map *map);
	void (*unmap)(void *context, struct xemem_map *map);
	void (*stuck)(void *context, u32 domain);
	void (*returned)(void *context, u64 first, u64 pages);
	void (*lost)(void *context, u64 segid);
};

/**
 * struct xemem_link_ops - what a transport implements
 * @send: bring @bytes at @message, at most XEMEM_WIRE_MAX, to the other end,
 *	where xemem_link_receive() is called with a copy. Returns at once; must
 *	not call in. May lose it, deliver it twice, or behind later ones, but
 *	within XEMEM_LINK_DELAY_MS or not at all. An error is a loss.
 */
struct xemem_link_ops {
	int (*send)(struct xemem_link *link, const void *message, size_t bytes);
};

/**
 * enum xemem_role - what is at the other end of a link
 * @XEMEM_PARENT: the way to domain 1.
 * @XEMEM_CHILD: a domain that has been made here, and what is behind it.
 */
enum xemem_role {
	XEMEM_PARENT,
	XEMEM_CHILD,
};

/**
 * struct xemem_call - a request that somebody waits for
 * @done: called once, when it is over, and then never touched again; may call
 *	in. @err: 0; -ETIMEDOUT: no answer, and what the request may have made
 *	is undone as soon as there is one; -EHOSTUNREACH: the other domain is
 *	dead, or there is none; what it says itself (see
 *	Documentation/lwk/xemem-link.rst).
 * @domain: result of a lookup: the owner.
 * @segid: result of a lookup.
 * @permit: result of a get.
 * @pages: result of a get.
 * @attachment: result of an attach.
 */
struct xemem_call {
	void (*done)(struct xemem_call *call, int err);
	u32 domain;
	u64 segid;
	u64 permit;
	u64 pages;
	u64 attachment;
};

/* host.c */

struct xemem_domain *xemem_host(void);

/* domain.c */

struct xemem_domain *xemem_domain_create(const struct xemem_domain_ops *ops,
					 void *context, bool first);
void xemem_domain_destroy(struct xemem_domain *d);
int xemem_domain_assign(struct xemem_domain *d, u64 first, u64 pages);
u32 xemem_domain_id(struct xemem_domain *d);
void xemem_domain_tick(struct xemem_domain *d);

/* link.c */

struct xemem_link *xemem_link_add(struct xemem_domain *d, enum xemem_role role,
				  const struct xemem_link_ops *ops,
				  void *private);
int xemem_link_assign(struct xemem_link *link, u64 first, u64 pages);
void *xemem_link_private(struct xemem_link *link);
int xemem_link_receive(struct xemem_link *link, const void *message,
		       size_t bytes);
int xemem_link_remove(struct xemem_link *link);

/* directory.c */

int xemem_directory_publish(struct xemem_domain *d, u64 segid, const char *name,
			    struct xemem_call *call);
int xemem_directory_unpublish(struct xemem_domain *d, u64 segid);
int xemem_directory_lookup(struct xemem_domain *d, const char *name,
			   struct xemem_call *call);
void xemem_directory_restart(struct xemem_domain *d);

/* import.c */

int xemem_import_get(struct xemem_domain *d, u32 domain, u64 segid, bool write,
		     u32 uid, u32 gid, struct xemem_call *call);
int xemem_import_release(struct xemem_domain *d, u32 domain, u64 permit);
int xemem_import_attach(struct xemem_domain *d, u32 domain, u64 permit,
			u64 first, u64 pages, bool write,
			struct xemem_call *call);
int xemem_import_detach(struct xemem_domain *d, u32 domain, u64 attachment);

/* export.c */

unsigned int xemem_export_revoke(struct xemem_domain *d, u64 segid, u64 first,
				 u64 pages);
unsigned int xemem_export_remove(struct xemem_domain *d, u64 segid);

#endif /* _XEMEM_LINK_H */
