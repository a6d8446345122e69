// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* libxemem: the extensions, through the descriptor that libxpmem has. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "xemem.h"

/*
 * Who waits holds the descriptor, which another thread may have to open again:
 * so nobody waits longer than this at a time.
 */
#define WAIT_MS		1000

/*
 * A missing device is not to be taken for a missing segment. Returns 0, or -1
 * with errno.
 */
static int request(unsigned int cmd, void *arg)
{
	if (xpmem_init() < 0) {
		if (errno == ENOENT)
			errno = ENODEV;
		return -1;
	}
	return xpmem_ioctl((int)cmd, arg);
}

/* Returns 0, or -1 with errno. */
static int set_name(char *field, const char *name)
{
	size_t len = strlen(name);

	if (len >= XEMEM_NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(field, name, len + 1);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int xemem_query(struct xemem_query *query)
{
	memset(query, 0, sizeof(*query));
	return request(XEMEM_IOC_QUERY, query);
}

xpmem_segid_t xemem_make(void *vaddr, size_t size, mode_t mode,
			 const char *name, int bell, unsigned int flags)
{
	struct xemem_make make = {
		.vaddr = (uintptr_t)vaddr,
		.size = size,
		.mode = mode,
		.flags = flags,
		.bell = bell,
	};

	if (name && set_name(make.name, name) < 0)
		return -1;
	if (request(XEMEM_IOC_MAKE, &make) < 0)
		return -1;
	return make.segid;
}

void *xemem_attach(struct xpmem_addr addr, size_t size, void *vaddr,
		   unsigned int flags)
{
	struct xemem_attach attach = {
		.apid = addr.apid,
		.offset = addr.offset,
		.size = size,
		.vaddr = (uintptr_t)vaddr,
		.flags = flags,
	};

	if (request(XEMEM_IOC_ATTACH, &attach) < 0)
		return (void *)-1;
	return (void *)(uintptr_t)attach.vaddr;
}

static xpmem_segid_t look_up(const char *name, unsigned int flags, uid_t owner,
			     int timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
	struct xemem_lookup lookup = { .flags = flags };
	int64_t left;

	if (timeout_ms < -1) {
		errno = EINVAL;
		return -1;
	}
	if (set_name(lookup.name, name) < 0)
		return -1;
	do {
		left = end - now_ms();
		lookup.timeout_ms = left < 0 ? 0 :
				    left > WAIT_MS ? WAIT_MS : (int)left;
		if (flags & XEMEM_OWNER)
			lookup.owner = owner;
		if (!request(XEMEM_IOC_LOOKUP, &lookup))
			return lookup.segid;
	} while (errno == ETIMEDOUT && left > WAIT_MS);
	if (errno == ETIMEDOUT && !timeout_ms)
		errno = ENOENT;
	return -1;
}

xpmem_segid_t xemem_lookup(const char *name, int timeout_ms)
{
	return look_up(name, 0, 0, timeout_ms);
}

xpmem_segid_t xemem_lookup_of(const char *name, uid_t owner, int timeout_ms)
{
	return look_up(name, XEMEM_OWNER, owner, timeout_ms);
}

int xemem_next(struct xemem_segment_info *segment)
{
	struct xemem_segment_info next = { .segid = segment->segid };

	if (request(XEMEM_IOC_LIST, &next) < 0)
		return errno == ENOENT ? 0 : -1;
	*segment = next;
	return 1;
}

int xemem_bell(xpmem_segid_t segid, int eventfd)
{
	struct xemem_bell bell = { .segid = segid, .eventfd = eventfd };

	return request(XEMEM_IOC_BELL, &bell);
}

int xemem_ring(xpmem_apid_t apid)
{
	return request(XEMEM_IOC_RING, &apid);
}

int xemem_notice(xpmem_apid_t apid, int eventfd)
{
	struct xemem_notice notice = { .apid = apid, .eventfd = eventfd };

	return request(XEMEM_IOC_NOTICE, &notice);
}

int xemem_ring_all(xpmem_segid_t segid)
{
	return request(XEMEM_IOC_RING_ALL, &segid);
}

int xemem_acl(xpmem_segid_t segid, const struct xemem_acl_entry *entries,
	      unsigned int nr)
{
	struct xemem_acl acl = {
		.segid = segid,
		.entries = (uintptr_t)entries,
		.nr = nr,
	};

	return request(XEMEM_IOC_ACL, &acl);
}
