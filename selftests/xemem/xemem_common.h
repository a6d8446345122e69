/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C tests of XEMEM share: the requests as functions, signals that are
 * caught, patterns. The requests are raw ioctls; no library is between.
 */
#ifndef _SELFTESTS_XEMEM_COMMON_H
#define _SELFTESTS_XEMEM_COMMON_H

#include "../lwk/lwk_common.h"

#include <grp.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <linux/xemem.h>

#define XEM_DEV		"/dev/xpmem"
#define XEM_PROC	"/proc/xpmem/"
#define PAGE		4096UL
#define NOBODY		65534
/* One word in so many bytes is written, and looked at. */
#define XEM_STEP	512

/* As CHECK(), and says both values. */
#define CHECK_EQ(want, got) do {					\
	long long want_ = (long long)(want), got_ = (long long)(got);	\
									\
	if (want_ != got_) {						\
		fprintf(stderr, "# %s:%d: %s is %lld, not %s = %lld\n",	\
			__func__, __LINE__, #got, got_, #want, want_);	\
		return 1;						\
	}								\
} while (0)

/* Through which this process asks; -1 before it has opened the device. */
static int xem_fd = -1;

/* 0 or -errno. */
static inline int xem_open(void)
{
	xem_fd = open(XEM_DEV, O_RDWR | O_CLOEXEC);
	return xem_fd < 0 ? -errno : 0;
}

/*
 * Opens the device. For root it first does what the udev rule does, as there
 * may be no udev. 0 or -errno.
 */
static inline int xem_begin(void)
{
	struct stat st;

	if (!stat(XEM_DEV, &st) && !geteuid() && (st.st_mode & 0777) != 0666 &&
	    chmod(XEM_DEV, 0666))
		return -errno;
	return xem_open();
}

/* What the call returns, or -errno. */
static inline long xem_ioctl(unsigned long cmd, const void *arg)
{
	long ret = ioctl(xem_fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* An id, or -errno. */
static inline __s64 xem_make_raw(__u64 vaddr, __u64 size, int type,
				 __u64 value)
{
	struct xpmem_ioc_make req = {
		.vaddr = vaddr,
		.size = size,
		.permit_type = type,
		.permit_value = value,
		.segid = -1,
	};
	long ret = xem_ioctl(XPMEM_IOC_MAKE, &req);

	return ret ? ret : req.segid;
}

static inline __s64 xem_make(const void *addr, size_t size, int mode)
{
	return xem_make_raw((uintptr_t)addr, size, XPMEM_ABI_PERMIT_MODE, mode);
}

/* The request of an extended make without anything special. */
static inline struct xemem_make xem_request(const void *addr, size_t size,
					    const char *name)
{
	struct xemem_make req = {
		.vaddr = (uintptr_t)addr,
		.size = size,
		.mode = 0600,
		.bell = -1,
	};

	snprintf(req.name, sizeof(req.name), "%s", name);
	return req;
}

static inline __s64 xem_make_ext(struct xemem_make *req)
{
	long ret = xem_ioctl(XEMEM_IOC_MAKE, req);

	return ret ? ret : req->segid;
}

static inline long xem_remove(__s64 segid)
{
	return xem_ioctl(XPMEM_IOC_REMOVE, &segid);
}

static inline __s64 xem_get_raw(__s64 segid, int flags, int type, __u64 value)
{
	struct xpmem_ioc_get req = {
		.segid = segid,
		.flags = flags,
		.permit_type = type,
		.permit_value = value,
		.apid = -1,
	};
	long ret = xem_ioctl(XPMEM_IOC_GET, &req);

	return ret ? ret : req.apid;
}

static inline __s64 xem_get(__s64 segid, int flags)
{
	return xem_get_raw(segid, flags, XPMEM_ABI_PERMIT_MODE, 0);
}

static inline long xem_release(__s64 apid)
{
	return xem_ioctl(XPMEM_IOC_RELEASE, &apid);
}

/* Attaching gives an address, or one that holds -errno: see xem_error(). */
static inline char *xem_attach_at(__s64 apid, __s64 offset, size_t size,
				  const void *where)
{
	struct xpmem_ioc_attach req = {
		.apid = apid,
		.offset = offset,
		.size = size,
		.vaddr = (uintptr_t)where,
		.fd = xem_fd,
	};
	long ret = xem_ioctl(XPMEM_IOC_ATTACH, &req);

	return (char *)(ret ? (uintptr_t)ret : req.vaddr);
}

static inline char *xem_attach(__s64 apid, __s64 offset, size_t size)
{
	return xem_attach_at(apid, offset, size, NULL);
}

/* @flags: XEMEM_EAGER, XEMEM_LAZY, XEMEM_READ. */
static inline char *xem_attach_ext(__s64 apid, __s64 offset, size_t size,
				   unsigned int flags)
{
	struct xemem_attach req = {
		.apid = apid,
		.offset = offset,
		.size = size,
		.flags = flags,
	};
	long ret = xem_ioctl(XEMEM_IOC_ATTACH, &req);

	return (char *)(ret ? (uintptr_t)ret : req.vaddr);
}

/* 0, or -errno if it is none of the addresses that attaching gives. */
static inline long xem_error(const void *attached)
{
	return (uintptr_t)attached >= -4095UL ? (long)attached : 0;
}

static inline long xem_detach(const void *addr)
{
	__u64 vaddr = (uintptr_t)addr;

	return xem_ioctl(XPMEM_IOC_DETACH, &vaddr);
}

static inline __s64 xem_lookup(const char *name, int timeout_ms)
{
	struct xemem_lookup req = { .timeout_ms = timeout_ms };
	long ret;

	snprintf(req.name, sizeof(req.name), "%s", name);
	ret = xem_ioctl(XEMEM_IOC_LOOKUP, &req);
	return ret ? ret : req.segid;
}

/* The features of this kernel, XEMEM_HAS_*. */
static inline __u64 xem_features(void)
{
	struct xemem_query query = {};

	return xem_ioctl(XEMEM_IOC_QUERY, &query) ? 0 : query.features;
}

/*
 * Pages pinned and unpinned by all since boot. False without the file, or if
 * it is not as it should be.
 */
static inline bool xem_pages(unsigned long *pinned, unsigned long *unpinned)
{
	FILE *f = fopen(XEM_PROC "global_pages", "re");
	int n = 0;

	if (f) {
		n = fscanf(f, "all pages pinned by XPMEM: %lu all pages unpinned by XPMEM: %lu",
			   pinned, unpinned);
		fclose(f);
	}
	return n == 2;
}

/* The invariant: nothing is pinned any more. Waits for it. */
static inline bool xem_all_unpinned(long patience_ms)
{
	unsigned long pinned = 0, unpinned = 1;
	long end = now_ms() + patience_ms;

	while (xem_pages(&pinned, &unpinned) && pinned != unpinned &&
	       now_ms() < end)
		sleep_ms(10);
	if (pinned != unpinned)
		fprintf(stderr, "# %sglobal_pages: %lu pinned, %lu unpinned\n",
			XEM_PROC, pinned, unpinned);
	return pinned == unpinned;
}

/* Signals of a touch, per thread: where to go on, and whether to. */
static __thread sigjmp_buf xem_jump;
static __thread volatile int xem_guarded;

static inline void xem_signal(int sig)
{
	if (xem_guarded)
		siglongjmp(xem_jump, sig);
	signal(sig, SIG_DFL);
	raise(sig);
}

static inline void xem_catch(void)
{
	struct sigaction action = {
		.sa_handler = xem_signal,
		/* The mask is as it was when the handler is left by a jump. */
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

/* 0, or the signal that it cost. */
static inline int xem_load(const volatile void *p, __u64 *value)
{
	int sig = sigsetjmp(xem_jump, 0);

	if (!sig) {
		xem_guarded = 1;
		*value = *(const volatile __u64 *)p;
	}
	xem_guarded = 0;
	return sig;
}

static inline int xem_store(volatile void *p, __u64 value)
{
	int sig = sigsetjmp(xem_jump, 0);

	if (!sig) {
		xem_guarded = 1;
		*(volatile __u64 *)p = value;
	}
	xem_guarded = 0;
	return sig;
}

/* What reading there costs: 0 or a signal. */
static inline int xem_peek(const volatile void *p)
{
	__u64 value;

	return xem_load(p, &value);
}

/* The word of the pattern @seed at place @at: not 0 but for seed 0. */
static inline __u64 xem_word(__u64 seed, __u64 at)
{
	__u64 x = seed * 0x9e3779b97f4a7c15ULL + at;

	if (!seed)
		return 0;
	x = (x ^ x >> 31) * 0xd6e8feb86659fd93ULL;
	return (x ^ x >> 29) | 1;
}

static inline void xem_fill_every(size_t step, void *p, size_t len, __u64 seed)
{
	for (size_t i = 0; i < len; i += step)
		*(volatile __u64 *)((char *)p + i) = xem_word(seed, i);
}

static inline void xem_fill(void *p, size_t len, __u64 seed)
{
	xem_fill_every(XEM_STEP, p, len, seed);
}

/*
 * How many words are not of the pattern, and says which is the first; seed 0
 * means zeroes. A signal ends it and counts as a word.
 */
static inline size_t xem_wrong_every(size_t step, const void *p, size_t len,
				     __u64 seed)
{
	volatile size_t wrong = 0, i = 0;
	int sig = sigsetjmp(xem_jump, 0);
	__u64 got;

	if (sig) {
		fprintf(stderr, "# signal %d at +%#zx of %p\n", sig, i, p);
		wrong++;
		goto out;
	}
	xem_guarded = 1;
	for (; i < len; i += step) {
		got = *(const volatile __u64 *)((const char *)p + i);
		if (got == xem_word(seed, i))
			continue;
		if (!wrong++)
			fprintf(stderr, "# +%#zx of %p: %#llx, not %#llx (seed %llu)\n",
				i, p, got, xem_word(seed, i), seed);
	}
out:
	xem_guarded = 0;
	return wrong;
}

static inline size_t xem_wrong(const void *p, size_t len, __u64 seed)
{
	return xem_wrong_every(XEM_STEP, p, len, seed);
}

/* From now on this process is another user, with no group but @gid. */
static inline int xem_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

#endif /* _SELFTESTS_XEMEM_COMMON_H */
