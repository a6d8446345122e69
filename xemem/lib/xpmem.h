/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * XPMEM: map memory of other processes. See xpmem(4) for what it does, and
 * libxemem(3) for all functions. Link with -lxpmem.
 *
 * All functions may be called from several threads at once. The first call
 * opens /dev/xpmem for the process.
 */
#ifndef XPMEM_H
#define XPMEM_H

#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A segment: a range of addresses that its owner has offered. Positive. */
typedef __s64 xpmem_segid_t;
/* A permit: the right of one process to attach a segment. Positive. */
typedef __s64 xpmem_apid_t;

/**
 * struct xpmem_addr - a place in a segment
 * @apid: a permit for the segment
 * @offset: bytes from the segment's start
 */
struct xpmem_addr {
	xpmem_apid_t apid;
	off_t offset;
};

/* Size of a segment: all addresses behind its start. */
#define XPMEM_MAXADDR_SIZE	((size_t)-1)

/* Flags of xpmem_get(). */
#define XPMEM_RDONLY		0x1
#define XPMEM_RDWR		0x2

/* The only type of permission: its value is a mode, as of chmod(2). */
#define XPMEM_PERMIT_MODE	0x1

/* Value of errno: the process has no state in the kernel. */
#define XPMEM_ERRNO_NOPROC	2004

/**
 * xpmem_init() - open the device now
 *
 * No program needs to call it.
 *
 * Return: 0, or -1 with errno: that of open(2), or ENODEV if /dev/xpmem is not
 * a character device.
 */
int xpmem_init(void);

/**
 * xpmem_ioctl() - a request to the device
 * @cmd: one of linux/xemem.h
 * @arg: its argument
 *
 * Where the kernel has no state of this process, as after fork(2), the device
 * is opened again, and the request is made once more.
 *
 * Return: what ioctl(2) returns; -1 with errno, also that of xpmem_init().
 */
int xpmem_ioctl(int cmd, void *arg);

/**
 * xpmem_version() - version of the kernel's interface
 *
 * Return: major in bits 16 and up, minor in bits 12 to 15, then the revision,
 * so 0x00027004 is 2.7.4; or -1 with errno.
 */
int xpmem_version(void);

/**
 * xpmem_make() - offer a range of addresses to other processes
 * @vaddr: start, a multiple of the page size
 * @size: bytes, a multiple of the page size, or XPMEM_MAXADDR_SIZE
 * @permit_type: XPMEM_PERMIT_MODE
 * @permit_value: mode bits, at most 0777, as a pointer
 *
 * There may be nothing mapped there, yet.
 *
 * Return: the segment, or -1 with errno: EINVAL, ENOMEM,
 * EDQUOT (the user has too many segments).
 */
xpmem_segid_t xpmem_make(void *vaddr, size_t size, int permit_type,
			 void *permit_value);

/**
 * xpmem_remove() - withdraw a segment
 * @segid: one of this process
 *
 * Whoever has attached it gets SIGBUS at the next touch.
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES (of another process).
 */
int xpmem_remove(xpmem_segid_t segid);

/**
 * xpmem_get() - get a permit for a segment
 * @segid: the segment
 * @flags: XPMEM_RDONLY or XPMEM_RDWR; 0 is XPMEM_RDONLY
 * @permit_type: XPMEM_PERMIT_MODE
 * @permit_value: ignored
 *
 * Return: the permit, or -1 with errno: EINVAL, ENOENT, EACCES.
 */
xpmem_apid_t xpmem_get(xpmem_segid_t segid, int flags, int permit_type,
		       void *permit_value);

/**
 * xpmem_release() - give a permit back, and detach all that it attached
 * @apid: one of this process
 *
 * Return: 0, or -1 with errno: EINVAL, ENOENT, EACCES.
 */
int xpmem_release(xpmem_apid_t apid);

/**
 * xpmem_attach() - map a part of a segment
 * @addr: where it begins; the offset is a multiple of the page size
 * @size: bytes; rounded up to a multiple of the page size
 * @vaddr: where to map it, in place of what is there; NULL: anywhere
 *
 * Return: address of the mapping, or (void *)-1 with errno: EINVAL, ENOENT,
 * EACCES, ENOMEM.
 */
void *xpmem_attach(struct xpmem_addr addr, size_t size, void *vaddr);

/**
 * xpmem_detach() - unmap an attachment
 * @vaddr: any address in it
 *
 * Return: 0, also where nothing is mapped; or -1 with errno: EINVAL (something
 * else is mapped there), EACCES, EINTR.
 */
int xpmem_detach(void *vaddr);

#ifdef __cplusplus
}
#endif

#endif /* XPMEM_H */
