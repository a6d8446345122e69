/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XPMEM's requests, declared once more from the table of facts alone: numbers,
 * sizes, places. The header of this kernel must be the same; programs that
 * were built with any other header of XPMEM are.
 */
#ifndef _SELFTESTS_XEMEM_ABI_H
#define _SELFTESTS_XEMEM_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/xemem.h>

#define ABI_VERSION	0x7800
#define ABI_MAKE	0x7801
#define ABI_REMOVE	0x7802
#define ABI_GET		0x7803
#define ABI_RELEASE	0x7804
#define ABI_ATTACH	0x7805
#define ABI_DETACH	0x7806
#define ABI_FORK_BEGIN	0x7807
#define ABI_FORK_END	0x7808

struct abi_make {
	uint64_t vaddr;
	size_t size;
	int permit_type;
	uint64_t permit_value;
	int64_t segid;
};

struct abi_get {
	int64_t segid;
	int flags;
	int permit_type;
	uint64_t permit_value;
	int64_t apid;
};

struct abi_attach {
	int64_t apid;
	off_t offset;
	size_t size;
	uint64_t vaddr;
	int fd;
	int flags;
};

/* As the table says; the header of this kernel, too. */
#define ABI_AT(type, field, place)					\
	static_assert(offsetof(struct type, field) == (place), #type)
#define ABI_SIZE(type, size)						\
	static_assert(sizeof(struct type) == (size), #type)
#define ABI_NUMBER(name, number)					\
	static_assert(XPMEM_IOC_##name == ABI_##name &&			\
		      ABI_##name == 0x7800 + (number), #name)
#define ABI_EXTENDED(name, dir, number, size)				\
	static_assert(XEMEM_IOC_##name ==				\
		      ((dir) << 30 | (size) << 16 | (0x7840 + (number))), #name)

ABI_SIZE(abi_make, 40);
ABI_SIZE(xpmem_ioc_make, 40);
ABI_AT(abi_make, vaddr, 0);
ABI_AT(xpmem_ioc_make, vaddr, 0);
ABI_AT(abi_make, size, 8);
ABI_AT(xpmem_ioc_make, size, 8);
ABI_AT(abi_make, permit_type, 16);
ABI_AT(xpmem_ioc_make, permit_type, 16);
ABI_AT(abi_make, permit_value, 24);
ABI_AT(xpmem_ioc_make, permit_value, 24);
ABI_AT(abi_make, segid, 32);
ABI_AT(xpmem_ioc_make, segid, 32);
ABI_SIZE(abi_get, 32);
ABI_SIZE(xpmem_ioc_get, 32);
ABI_AT(abi_get, segid, 0);
ABI_AT(xpmem_ioc_get, segid, 0);
ABI_AT(abi_get, flags, 8);
ABI_AT(xpmem_ioc_get, flags, 8);
ABI_AT(abi_get, permit_type, 12);
ABI_AT(xpmem_ioc_get, permit_type, 12);
ABI_AT(abi_get, permit_value, 16);
ABI_AT(xpmem_ioc_get, permit_value, 16);
ABI_AT(abi_get, apid, 24);
ABI_AT(xpmem_ioc_get, apid, 24);
ABI_SIZE(abi_attach, 40);
ABI_SIZE(xpmem_ioc_attach, 40);
ABI_AT(abi_attach, apid, 0);
ABI_AT(xpmem_ioc_attach, apid, 0);
ABI_AT(abi_attach, offset, 8);
ABI_AT(xpmem_ioc_attach, offset, 8);
ABI_AT(abi_attach, size, 16);
ABI_AT(xpmem_ioc_attach, size, 16);
ABI_AT(abi_attach, vaddr, 24);
ABI_AT(xpmem_ioc_attach, vaddr, 24);
ABI_AT(abi_attach, fd, 32);
ABI_AT(xpmem_ioc_attach, fd, 32);
ABI_AT(abi_attach, flags, 36);
ABI_AT(xpmem_ioc_attach, flags, 36);

ABI_NUMBER(VERSION, 0);
ABI_NUMBER(MAKE, 1);
ABI_NUMBER(REMOVE, 2);
ABI_NUMBER(GET, 3);
ABI_NUMBER(RELEASE, 4);
ABI_NUMBER(ATTACH, 5);
ABI_NUMBER(DETACH, 6);
ABI_NUMBER(FORK_BEGIN, 7);
ABI_NUMBER(FORK_END, 8);

static_assert(XPMEM_ABI_RDONLY == 1 && XPMEM_ABI_RDWR == 2, "flags of get");
static_assert(XPMEM_ABI_PERMIT_MODE == 1, "permit type");
static_assert(XPMEM_ABI_NOPROC == 2004, "errno");
static_assert(XPMEM_ABI_VERSION >= 0x00027004, "version");

/* The extensions: a program built today works tomorrow. */
static_assert(sizeof(struct xemem_query) == 32, "xemem_query");
static_assert(sizeof(struct xemem_make) == 112, "xemem_make");
static_assert(offsetof(struct xemem_make, name) == 24, "xemem_make.name");
static_assert(offsetof(struct xemem_make, bell) == 88, "xemem_make.bell");
static_assert(offsetof(struct xemem_make, segid) == 104, "xemem_make.segid");
static_assert(sizeof(struct xemem_attach) == 48, "xemem_attach");
static_assert(offsetof(struct xemem_attach, flags) == 32, "xemem_attach.flags");
static_assert(sizeof(struct xemem_lookup) == 80, "xemem_lookup");
static_assert(offsetof(struct xemem_lookup, timeout_ms) == 64,
	      "xemem_lookup.timeout_ms");
static_assert(offsetof(struct xemem_lookup, segid) == 72, "xemem_lookup.segid");
static_assert(sizeof(struct xemem_segment_info) == 176, "xemem_segment");
static_assert(offsetof(struct xemem_segment_info, permits) == 48,
	      "xemem_segment.permits");
static_assert(offsetof(struct xemem_segment_info, name) == 112,
	      "xemem_segment.name");
static_assert(sizeof(struct xemem_bell) == 16, "xemem_bell");
static_assert(sizeof(struct xemem_acl_entry) == 16, "xemem_acl_entry");
static_assert(sizeof(struct xemem_acl) == 32, "xemem_acl");
static_assert(offsetof(struct xemem_acl, nr) == 16, "xemem_acl.nr");

ABI_EXTENDED(QUERY, 2UL, 0, 32UL);
ABI_EXTENDED(MAKE, 3UL, 1, 112UL);
ABI_EXTENDED(ATTACH, 3UL, 2, 48UL);
ABI_EXTENDED(LOOKUP, 3UL, 3, 80UL);
ABI_EXTENDED(LIST, 3UL, 4, 176UL);
ABI_EXTENDED(BELL, 1UL, 5, 16UL);
ABI_EXTENDED(RING, 1UL, 6, 8UL);
ABI_EXTENDED(ACL, 1UL, 7, 32UL);
ABI_EXTENDED(NOTICE, 1UL, 8, 16UL);
ABI_EXTENDED(RING_ALL, 1UL, 9, 8UL);

#endif /* _SELFTESTS_XEMEM_ABI_H */
