/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * XEMEM: memory of a process that others map. Requests to /dev/xpmem.
 *
 * Numbers 0 to 8 are XPMEM's, bit for bit: they carry no size, and only the
 * field marked "out" is written. Numbers from 0x40 are ours: sized, with
 * reserved fields that must be 0, and a query for what there is.
 *
 * Vocabulary: a *segment* is an address range of its owner that others may
 * attach; a *permit* is a process's right to do so; an *attachment* is a
 * mapping of a part of the range. It names addresses, not pages: it shows what
 * the owner has there at the moment.
 */
#ifndef _UAPI_LINUX_XEMEM_H
#define _UAPI_LINUX_XEMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What XPMEM_IOC_VERSION returns: major, minor, and revision of 12 bits. */
#define XPMEM_ABI_VERSION	0x00027004

/* Flags of XPMEM_IOC_GET; 0 is the same as XPMEM_ABI_RDONLY. */
#define XPMEM_ABI_RDONLY	0x1
#define XPMEM_ABI_RDWR		0x2
/* The only type of permission: permit_value is a mode, as of chmod(2). */
#define XPMEM_ABI_PERMIT_MODE	0x1
/* Errno: the process has not opened the device, or was forked since. */
#define XPMEM_ABI_NOPROC	2004

/**
 * struct xpmem_ioc_make - make a segment
 * @vaddr: first address, a multiple of the page size.
 * @size: bytes, a multiple of the page size; all ones: all addresses behind
 *	@vaddr.
 * @permit_type: XPMEM_ABI_PERMIT_MODE.
 * @permit_value: mode bits, at most 0777.
 * @segid: out.
 */
struct xpmem_ioc_make {
	__u64 vaddr;
	__u64 size;
	__s32 permit_type;
	__s32 pad;
	__u64 permit_value;
	__s64 segid;
};

/**
 * struct xpmem_ioc_get - get a permit
 * @segid: from struct xpmem_ioc_make.
 * @flags: XPMEM_ABI_RDONLY or XPMEM_ABI_RDWR.
 * @permit_type: XPMEM_ABI_PERMIT_MODE.
 * @permit_value: 0.
 * @apid: out.
 */
struct xpmem_ioc_get {
	__s64 segid;
	__s32 flags;
	__s32 permit_type;
	__u64 permit_value;
	__s64 apid;
};

/**
 * struct xpmem_ioc_attach - attach a part of a segment
 * @apid: from struct xpmem_ioc_get.
 * @offset: from the segment's start, a multiple of the page size.
 * @size: bytes; rounded up to a multiple of the page size.
 * @vaddr: in: where, or 0; out.
 * @fd: ignored.
 * @flags: 0.
 */
struct xpmem_ioc_attach {
	__s64 apid;
	__s64 offset;
	__u64 size;
	__u64 vaddr;
	__s32 fd;
	__s32 flags;
};

#define XPMEM_IOC_VERSION	_IO('x', 0)
#define XPMEM_IOC_MAKE		_IO('x', 1)	/* struct xpmem_ioc_make */
#define XPMEM_IOC_REMOVE	_IO('x', 2)	/* __s64 segid */
#define XPMEM_IOC_GET		_IO('x', 3)	/* struct xpmem_ioc_get */
#define XPMEM_IOC_RELEASE	_IO('x', 4)	/* __s64 apid */
#define XPMEM_IOC_ATTACH	_IO('x', 5)	/* struct xpmem_ioc_attach */
#define XPMEM_IOC_DETACH	_IO('x', 6)	/* __u64 vaddr */
#define XPMEM_IOC_FORK_BEGIN	_IO('x', 7)	/* accepted, does nothing */
#define XPMEM_IOC_FORK_END	_IO('x', 8)	/* accepted, does nothing */

/* Extensions. A name is of the characters A-Z a-z 0-9 . _ - / and ends with NUL. */

#define XEMEM_NAME_MAX		64	/* with the NUL */
#define XEMEM_ACL_MAX		32

/* Bits of struct xemem_query.features. */
#define XEMEM_HAS_EAGER		0x01ULL	/* XEMEM_IOC_ATTACH */
#define XEMEM_HAS_NAMES		0x02ULL	/* LOOKUP, LIST, name of MAKE */
#define XEMEM_HAS_BELL		0x04ULL	/* BELL, RING */
#define XEMEM_HAS_FROZEN	0x08ULL	/* XEMEM_FROZEN */
#define XEMEM_HAS_ACL		0x10ULL	/* ACL */
#define XEMEM_HAS_NO_PIN	0x20ULL	/* XEMEM_NO_PIN */
#define XEMEM_HAS_OWNER		0x40ULL	/* XEMEM_OWNER */
#define XEMEM_HAS_REPLACE	0x80ULL	/* XEMEM_REPLACE */
#define XEMEM_HAS_NOTICE	0x100ULL /* NOTICE, RING_ALL */

/**
 * struct xemem_query - what this kernel has
 * @features: out: XEMEM_HAS_*.
 * @domain: out: number of this domain; the first kernel is 1.
 * @reserved: 0.
 */
struct xemem_query {
	__u64 features;
	__u32 domain;
	__u32 reserved[5];
};

/* Flags of struct xemem_make. */
#define XEMEM_FROZEN		0x1U	/* as the memory is now */
#define XEMEM_NO_PIN		0x2U	/* for no call or device to keep pages of */
#define XEMEM_REPLACE		0x10U	/* take the name from one that has it */

/**
 * struct xemem_make - make a segment, with a name and more
 * @vaddr: as in struct xpmem_ioc_make.
 * @size: as there; 0 if only the bell is wanted (then @vaddr is 0, too).
 * @mode: mode bits, at most 0777.
 * @flags: XEMEM_FROZEN, XEMEM_NO_PIN, XEMEM_REPLACE.
 * @name: unique among the segments of its user in an IPC namespace; empty:
 *	none. With XEMEM_REPLACE, a segment of his that has it loses it: whoever
 *	looks sees the one or the other.
 * @bell: an eventfd that XEMEM_IOC_RING adds 1 to, or -1.
 * @reserved: 0.
 * @segid: out.
 */
struct xemem_make {
	__u64 vaddr;
	__u64 size;
	__u32 mode;
	__u32 flags;
	char name[XEMEM_NAME_MAX];
	__s32 bell;
	__u32 reserved[3];
	__s64 segid;
};

/*
 * Flags of struct xemem_attach. Neither of the first two: for a process on LWK
 * cores what the owner has touched is mapped now, but for a segment of all
 * addresses; else lazy.
 */
#define XEMEM_EAGER		0x1U	/* map all of it now, allocate the rest */
#define XEMEM_LAZY		0x2U	/* as it is touched */
#define XEMEM_READ		0x4U	/* to read only */

/**
 * struct xemem_attach - attach a part of a segment
 * @apid: as in struct xpmem_ioc_attach.
 * @offset: as there.
 * @size: as there.
 * @vaddr: as there.
 * @flags: XEMEM_EAGER, XEMEM_LAZY, XEMEM_READ.
 * @reserved: 0.
 */
struct xemem_attach {
	__s64 apid;
	__s64 offset;
	__u64 size;
	__u64 vaddr;
	__u32 flags;
	__u32 reserved[3];
};

/* Flags of struct xemem_lookup. */
#define XEMEM_OWNER		0x1U	/* of one user */

/**
 * struct xemem_lookup - find a segment by its name
 * @name: the name.
 * @timeout_ms: how long to wait until there is such a segment, in
 *	milliseconds; 0: not at all; -1: for ever.
 * @flags: XEMEM_OWNER. Without it: one's own segment of that name, or else
 *	that of the user who has had the name for longest.
 * @segid: out.
 * @owner: in: with XEMEM_OWNER, whose segment, in the caller's user namespace.
 */
struct xemem_lookup {
	char name[XEMEM_NAME_MAX];
	__s32 timeout_ms;
	__u32 flags;
	union {
		__s64 segid;
		__u32 owner;
	};
};

/**
 * struct xemem_segment_info - what is known of a segment
 * @segid: in: the one before it, or 0 to begin; out.
 * @vaddr: out: its start in its owner; 0 if the caller may not read it.
 * @size: out.
 * @pid: out: of its owner, in the caller's PID namespace; 0: not there.
 * @uid: out: of its creator, in the caller's user namespace.
 * @gid: out.
 * @mode: out.
 * @flags: out: as in struct xemem_make.
 * @permits: out: how many there are.
 * @attachments: out: how many there are.
 * @bytes: out: in all attachments.
 * @faults: out: of all attachments so far.
 * @reserved: 0.
 * @name: out.
 */
struct xemem_segment_info {
	__s64 segid;
	__u64 vaddr;
	__u64 size;
	__s32 pid;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 flags;
	__u32 reserved0;
	__u64 permits;
	__u64 attachments;
	__u64 bytes;
	__u64 faults;
	__u64 reserved[4];
	char name[XEMEM_NAME_MAX];
};

/**
 * struct xemem_bell - a doorbell of a segment
 * @segid: a segment of the caller.
 * @eventfd: an eventfd that is to be rung from now on; -1: none.
 * @reserved: 0.
 */
struct xemem_bell {
	__s64 segid;
	__s32 eventfd;
	__u32 reserved;
};

/**
 * struct xemem_notice - a doorbell of a permit
 * @apid: a permit of the caller.
 * @eventfd: an eventfd to which 1 is added whenever the owner of the segment
 *	makes XEMEM_IOC_RING_ALL, and when the segment is removed or its owner
 *	ends; -1: none.
 * @reserved: 0.
 */
struct xemem_notice {
	__s64 apid;
	__s32 eventfd;
	__u32 reserved;
};

/* Kinds of struct xemem_acl_entry. */
#define XEMEM_ACL_USER		0
#define XEMEM_ACL_GROUP		1

/**
 * struct xemem_acl_entry - who may get a segment besides its mode
 * @kind: XEMEM_ACL_USER or XEMEM_ACL_GROUP.
 * @id: of the user or group, in the caller's user namespace.
 * @rights: XPMEM_ABI_RDONLY or XPMEM_ABI_RDWR; 0: refused, whatever the mode.
 * @reserved: 0.
 */
struct xemem_acl_entry {
	__u32 kind;
	__u32 id;
	__u32 rights;
	__u32 reserved;
};

/**
 * struct xemem_acl - set the access control list of a segment
 * @segid: a segment of the caller.
 * @entries: address of @nr entries; the first one that fits the caller of
 *	XPMEM_IOC_GET decides, then the mode.
 * @nr: at most XEMEM_ACL_MAX; 0: no list.
 * @reserved: 0.
 */
struct xemem_acl {
	__s64 segid;
	__u64 entries;
	__u32 nr;
	__u32 reserved[3];
};

#define XEMEM_IOC_QUERY		_IOR('x', 0x40, struct xemem_query)
#define XEMEM_IOC_MAKE		_IOWR('x', 0x41, struct xemem_make)
#define XEMEM_IOC_ATTACH	_IOWR('x', 0x42, struct xemem_attach)
#define XEMEM_IOC_LOOKUP	_IOWR('x', 0x43, struct xemem_lookup)
#define XEMEM_IOC_LIST		_IOWR('x', 0x44, struct xemem_segment_info)
#define XEMEM_IOC_BELL		_IOW('x', 0x45, struct xemem_bell)
#define XEMEM_IOC_RING		_IOW('x', 0x46, __s64)	/* apid */
#define XEMEM_IOC_ACL		_IOW('x', 0x47, struct xemem_acl)
#define XEMEM_IOC_NOTICE	_IOW('x', 0x48, struct xemem_notice)
#define XEMEM_IOC_RING_ALL	_IOW('x', 0x49, __s64)	/* segid */

#endif /* _UAPI_LINUX_XEMEM_H */
