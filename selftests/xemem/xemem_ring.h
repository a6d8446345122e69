/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring without a library: one request at a time, with one fixed buffer.
 */
#ifndef _SELFTESTS_XEMEM_RING_H
#define _SELFTESTS_XEMEM_RING_H

#include "xemem_common.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* What a request to io_uring needs of the two rings. */
struct ring {
	int fd;
	char *sq;
	char *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_params params;
};

/* 2: the kernel has none for us. */
static inline int ring_open(struct ring *r)
{
	struct io_uring_params *p = &r->params;
	size_t sq_size, cq_size;

	memset(p, 0, sizeof(*p));
	r->fd = syscall(SYS_io_uring_setup, 4, p);
	if (r->fd < 0)
		return 2;
	sq_size = p->sq_off.array + p->sq_entries * sizeof(__u32);
	cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, p->sq_entries * sizeof(*r->sqe),
		      PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		      IORING_OFF_SQES);
	CHECK(r->sq != MAP_FAILED && r->cq != MAP_FAILED);
	CHECK(r->sqe != MAP_FAILED);
	return 0;
}

/* One request with the fixed buffer; its result. */
static inline int ring_do(struct ring *r, int op, int fd, char *buf, size_t len)
{
	__u32 *tail = (__u32 *)(r->sq + r->params.sq_off.tail);
	__u32 *head = (__u32 *)(r->cq + r->params.cq_off.head);
	__u32 mask = *(__u32 *)(r->cq + r->params.cq_off.ring_mask);
	__u32 slot = *tail & *(__u32 *)(r->sq + r->params.sq_off.ring_mask);
	struct io_uring_cqe *cqe = (void *)(r->cq + r->params.cq_off.cqes);
	int res;

	r->sqe[slot] = (struct io_uring_sqe){
		.opcode = op,
		.fd = fd,
		.addr = (uintptr_t)buf,
		.len = len,
	};
	((__u32 *)(r->sq + r->params.sq_off.array))[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) != 1)
		return -errno;
	res = cqe[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

/* Pins the buffer. 0 or -errno. */
static inline int ring_register(struct ring *r, void *p, size_t len)
{
	struct iovec buf = { p, len };

	return syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_BUFFERS,
		       &buf, 1) ? -errno : 0;
}

static inline int ring_unregister(struct ring *r)
{
	return syscall(SYS_io_uring_register, r->fd, IORING_UNREGISTER_BUFFERS,
		       NULL, 0) ? -errno : 0;
}

#endif /* _SELFTESTS_XEMEM_RING_H */
