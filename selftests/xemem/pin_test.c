// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of attachments that are pinned: by fixed buffers of io_uring, by direct
 * input, and for long to read or to write, as a network adapter does. They stay
 * the owner's, whatever the owner does; a segment can forbid it; and all pins
 * are gone at the end.
 *
 * XEMEM_DISK=DEVICE: as in use_test.c. Pins as of an adapter need root, and
 * CONFIG_GUP_TEST with debugfs.
 */
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"
#include "xemem_ring.h"

#define LEN		(256UL << 10)
#define WAIT_MS		10000
/* So many mappings that to fork takes longer than a page is waited for. */
#define VMAS		30000
#define FORKS		3
#define ROUNDS		200
/* Fewer, where there have been so many of both. */
#define ROUNDS_LEAST	50
#define FORKS_LEAST	100
/* What is written does not touch the pattern, which is there once a step. */
#define MARK		8

/* The attachment, in the importer. */
static char *here;
static __s64 apid;

/* As mm/gup_test.h has it. */
struct gup_pin {
	__u64 addr;
	__u64 size;
	__u32 flags;
};

#define GUP_START	_IOW('g', 7, struct gup_pin)
#define GUP_STOP	_IO('g', 8)
#define GUP_READ	_IOW('g', 9, __u64)
#define GUP_WRITE	1U
#define GUP_FAST	2U

/* -1: there is none. */
static int gup_open(void)
{
	mkdir("/tmp/debug", 0700);
	if (access("/tmp/debug/gup_test", F_OK))
		mount("debugfs", "/tmp/debug", "debugfs", 0, NULL);
	return open("/tmp/debug/gup_test", O_RDWR | O_CLOEXEC);
}

static int gup_pin(int fd, char *p, size_t len, unsigned int flags)
{
	struct gup_pin pin = {
		.addr = (uintptr_t)p,
		.size = len,
		.flags = flags,
	};

	return ioctl(fd, GUP_START, &pin) ? -errno : 0;
}

/* How many pages are pinned on the machine; waits for none. */
static long pins_left(void)
{
	long end = now_ms() + WAIT_MS, left;

	while ((left = value_of("/proc/vmstat", "nr_foll_pin_acquired") -
		       value_of("/proc/vmstat", "nr_foll_pin_released")) &&
	       now_ms() < end)
		sleep_ms(20);
	return left;
}

/* 2: there is no such memory. */
static int own(void *arg)
{
	scene->addr = memory_new(scene->kind, scene->size);
	if (scene->addr == MAP_FAILED && scene->kind == MEMORY_HUGETLB)
		return 2;
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr, scene->size, 1);
	return owner_make(NULL);
}

static int disown(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	CHECK(!munmap(scene->addr, scene->size));
	return 0;
}

static int attach(void)
{
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	here = xem_attach_ext(apid, 0, scene->size, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(here));
	return 0;
}

static int meet(struct actor *owner, enum memory_kind kind, size_t size)
{
	int ret;

	scene->kind = kind;
	scene->size = size;
	scene->stop = 0;
	ret = actor_do(owner, own, NULL);
	return ret ?: attach();
}

/* A child that looks at what it has when the scene is over. */
static int child_of_owner(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!scene->stop)
		sleep_ms(1);
	if (scene->kind == MEMORY_SHARED || scene->kind == MEMORY_MEMFD ||
	    scene->kind == MEMORY_TMPFS)
		return 0;
	return xem_wrong(scene->addr, scene->size, 1) != 0;
}

/* The owner forks, and writes to each page. */
static int fork_and_write(void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(child_of_owner());
	scene->number = pid;
	for (size_t i = 0; i < scene->size; i += PAGE)
		*(volatile __u64 *)(scene->addr + i + MARK) = i;
	return 0;
}

/* What was forked has what was there when it was. */
static int reap(void *arg)
{
	int status;

	CHECK_EQ(scene->number, waitpid(scene->number, &status, 0));
	CHECK_EQ(0, status);
	return 0;
}

/* A file that holds a pattern. */
static int new_pattern(__u64 seed)
{
	int fd = memory_file(MEMORY_TMPFS, scene->size);
	char *p = mmap(NULL, scene->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	if (fd < 0 || p == MAP_FAILED)
		return -1;
	xem_fill(p, scene->size, seed);
	munmap(p, scene->size);
	return fd;
}

/* Owner and importer see what came into the pinned pages, the child does not. */
static int look_after_fork(struct actor *owner)
{
	CHECK_EQ(0, xem_wrong(here, scene->size, 2));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	scene->stop = 1;
	CHECK_EQ(0, actor_do(owner, reap, NULL));
	return 0;
}

static int fork_with_fixed_buffer(struct actor *owner, struct ring *r,
				  enum memory_kind kind)
{
	size_t size = kind == MEMORY_LARGE || kind == MEMORY_HUGETLB ?
		      2 * LARGE : LEN;
	int fd, ret = meet(owner, kind, size);

	if (ret)
		return ret;
	fd = new_pattern(2);
	CHECK(fd >= 0);
	/* What is there already is not asked of the owner anew. */
	CHECK_EQ(0, xem_wrong(here, size, 1));
	CHECK_EQ(0, ring_register(r, here, size));
	CHECK_EQ(0, actor_do(owner, fork_and_write, NULL));
	CHECK_EQ(size, ring_do(r, IORING_OP_READ_FIXED, fd, here, size));
	ret = look_after_fork(owner);
	CHECK_EQ(0, ring_unregister(r));
	close(fd);
	return ret ?: actor_do(owner, disown, NULL);
}

PAIR_TEST(owner_forks_fixed_buffer)
{
	struct ring r;
	int ret = ring_open(&r);

	if (ret == 2)
		SKIP(return, "no io_uring: errno %d", errno);
	ASSERT_EQ(0, ret);
	for (int kind = 0; kind < MEMORY_KINDS; kind++) {
		ret = fork_with_fixed_buffer(&self->owner, &r, kind);
		if (ret == 2)
			continue;
		EXPECT_EQ(0, ret)
			TH_LOG("%s", memory_names[kind]);
		if (ret)
			break;
	}
	close(r.fd);
	EXPECT_EQ(0, pins_left());
}

/* What a child has at first it has for ever. */
static int watch(void)
{
	char copy[PAGE];

	for (int i = 0; i < 3; i++) {
		memcpy(copy, scene->addr, PAGE);
		sleep_ms(2);
		if (memcmp(copy, scene->addr, PAGE))
			return 1;
	}
	return 0;
}

static int fork_on_and_on(void *arg)
{
	int status, bad = 0;
	pid_t pid;

	while (!scene->stop) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			_exit(watch());
		for (size_t i = 0; i < scene->size; i += PAGE)
			*(volatile __u64 *)(scene->addr + i + MARK) = i;
		CHECK_EQ(pid, waitpid(pid, &status, 0));
		bad += status != 0;
		scene->number++;
	}
	CHECK_EQ(0, bad);
	return 0;
}

/* Whenever a fork comes while pages are pinned, and wherever it is then. */
static int pin_beside_forks(struct actor *owner, struct ring *r,
			    enum memory_kind kind)
{
	int fd[2], bad = 0, i;

	CHECK_EQ(0, meet(owner, kind, kind == MEMORY_LARGE ? LARGE : 8 * PAGE));
	for (i = 0; i < 2; i++)
		fd[i] = new_pattern(2 + i);
	scene->number = 0;
	actor_post(owner, fork_on_and_on, NULL);
	for (i = 0; i < ROUNDS && !bad; i++) {
		if (i >= ROUNDS_LEAST && scene->number >= FORKS_LEAST)
			break;
		CHECK_EQ(0, ring_register(r, here, scene->size));
		if (i % 4)
			sleep_ms(i % 4);
		CHECK_EQ(scene->size, ring_do(r, IORING_OP_READ_FIXED,
					      fd[i & 1], here, scene->size));
		bad = xem_wrong(here, scene->size, 2 + (i & 1)) != 0;
		CHECK_EQ(0, ring_unregister(r));
	}
	scene->stop = 1;
	bad |= actor_wait(owner);
	fprintf(stderr, "# %ld forks beside %d pins\n", scene->number, i);
	close(fd[0]);
	close(fd[1]);
	return bad ?: actor_do(owner, disown, NULL);
}

PAIR_TEST(forks_meet_pins)
{
	struct ring r;
	int ret = ring_open(&r);

	if (ret == 2)
		SKIP(return, "no io_uring: errno %d", errno);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(0, pin_beside_forks(&self->owner, &r, MEMORY_SMALL));
	EXPECT_EQ(0, pin_beside_forks(&self->owner, &r, MEMORY_LARGE));
	close(r.fd);
	EXPECT_EQ(0, pins_left());
}

/* Pinned pages as the adapter sees them. */
static size_t gup_wrong(int fd, size_t len, __u64 seed)
{
	char *copy = map(len, PROT_READ | PROT_WRITE);
	__u64 at = (uintptr_t)copy;
	size_t wrong;

	memset(copy, 0xff, len);
	CHECK(!ioctl(fd, GUP_READ, &at));
	wrong = xem_wrong(copy, len, seed);
	munmap(copy, len);
	return wrong;
}

static int fork_with_adapter(struct actor *owner, int fd,
			     enum memory_kind kind, unsigned int flags)
{
	int ret = meet(owner, kind, LARGE);

	if (ret)
		return ret;
	CHECK_EQ(0, xem_wrong(here, LARGE, 1));
	CHECK_EQ(0, gup_pin(fd, here, LARGE, flags));
	CHECK_EQ(0, actor_do(owner, fork_and_write, NULL));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_fill, NULL));
	ret = gup_wrong(fd, LARGE, 2) != 0;
	ret |= look_after_fork(owner);
	CHECK(!ioctl(fd, GUP_STOP));
	return ret ?: actor_do(owner, disown, NULL);
}

PAIR_TEST(owner_forks_adapter)
{
	int fd = gup_open(), ret;

	if (fd < 0)
		SKIP(return, "no gup_test: errno %d", errno);
	for (int i = 0; i < 4 * MEMORY_KINDS; i++) {
		/* Files are not pinned for long to be written. */
		if (i / 4 == MEMORY_TMPFS && i & GUP_WRITE)
			continue;
		ret = fork_with_adapter(&self->owner, fd, i / 4, i % 4);
		if (ret == 2)
			continue;
		EXPECT_EQ(0, ret)
			TH_LOG("%s, flags %d", memory_names[i / 4], i % 4);
		if (ret)
			break;
	}
	close(fd);
	EXPECT_EQ(0, pins_left());
}

/* Read, but never written: the zero page, a huge one, pages of a file. */
static int own_read_only_so_far(void *arg)
{
	volatile char sum = 0;

	scene->addr = memory_new(scene->kind, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	for (size_t i = 0; i < scene->size; i += PAGE)
		sum += scene->addr[i];
	CHECK_EQ(0, sum);
	return owner_make(NULL);
}

static int own_protected(void *arg)
{
	CHECK_EQ(0, own_read_only_so_far(NULL));
	CHECK(!mprotect(scene->addr, scene->size, PROT_READ));
	return 0;
}

static int unprotect(void *arg)
{
	CHECK(!mprotect(scene->addr, scene->size, PROT_READ | PROT_WRITE));
	return 0;
}

/* Pinned to be read, for long: what the owner writes afterwards is there. */
static int read_for_long(struct actor *owner, int fd, enum memory_kind kind,
			 int permit, unsigned int flags)
{
	scene->kind = kind;
	scene->size = LARGE;
	CHECK_EQ(0, actor_do(owner, own_protected, NULL));
	apid = xem_get(scene->segid, permit);
	CHECK(apid > 0);
	here = xem_attach_ext(apid, 0, LARGE, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(here));
	CHECK_EQ(0, xem_wrong(here, LARGE, 0));
	/* Two mappings of one attachment. */
	CHECK(!madvise(here + LARGE / 2, LARGE / 2, MADV_SEQUENTIAL));
	CHECK_EQ(0, gup_pin(fd, here, LARGE, flags));
	CHECK_EQ(0, actor_do(owner, unprotect, NULL));
	scene->seed = 3;
	CHECK_EQ(0, actor_do(owner, owner_fill, NULL));
	CHECK_EQ(0, xem_wrong(here, LARGE, 3));
	CHECK_EQ(0, gup_wrong(fd, LARGE, 3));
	CHECK(!ioctl(fd, GUP_STOP));
	return actor_do(owner, disown, NULL);
}

PAIR_TEST(read_for_long)
{
	static const enum memory_kind kinds[] = {
		MEMORY_SMALL, MEMORY_LARGE, MEMORY_PRIVATE_FILE, MEMORY_SHARED,
	};
	int fd = gup_open();

	if (fd < 0)
		SKIP(return, "no gup_test: errno %d", errno);
	for (int i = 0; i < 16; i++) {
		int permit = i & 2 ? XPMEM_ABI_RDWR : XPMEM_ABI_RDONLY;
		int ret = read_for_long(&self->owner, fd, kinds[i / 4], permit,
					i & 1 ? GUP_FAST : 0);

		EXPECT_EQ(0, ret)
			TH_LOG("%s, %s, %s", memory_names[kinds[i / 4]],
			       i & 2 ? "to write" : "to read",
			       i & 1 ? "fast" : "slow");
		ioctl(fd, GUP_STOP);
	}
	close(fd);
	EXPECT_EQ(0, pins_left());
}

/*
 * A part of a large page has small entries where it is attached; that it is the
 * owner's alone the kernel knows of the whole.
 */
static int pin_part(int gup, int permit, size_t offset)
{
	char *copy = map(LEN, PROT_READ | PROT_WRITE);
	struct iovec local = { copy, LEN }, remote;

	apid = xem_get(scene->segid, permit);
	CHECK(apid > 0);
	here = xem_attach_ext(apid, offset, LEN, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(here));
	remote = (struct iovec){ here, LEN };
	CHECK_EQ(LEN, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	CHECK(!memcmp(copy, here, LEN));
	for (unsigned int flags = 0; gup >= 0 && flags < 4; flags++) {
		if (flags & GUP_WRITE && permit == XPMEM_ABI_RDONLY)
			continue;
		CHECK_EQ(0, gup_pin(gup, here, LEN, flags));
		CHECK(!ioctl(gup, GUP_STOP));
	}
	CHECK_EQ(0, xem_release(apid));
	munmap(copy, LEN);
	return 0;
}

PAIR_TEST(part_of_a_large_page)
{
	int gup = gup_open();

	scene->kind = MEMORY_LARGE;
	scene->size = 2 * LARGE;
	ASSERT_EQ(0, actor_do(&self->owner, own, NULL));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, pin_part(gup, i & 1 ? XPMEM_ABI_RDWR :
						   XPMEM_ABI_RDONLY,
				      i & 2 ? LARGE / 2 : PAGE));
	}
	EXPECT_EQ(0, actor_do(&self->owner, disown, NULL));
	close(gup);
	EXPECT_EQ(0, pins_left());
}

/* Memory that is not to be pinned. */
static int own_unpinnable(void *arg)
{
	struct xemem_make req;

	CHECK_EQ(0, owner_allocate(NULL));
	req = xem_request(scene->addr, scene->size, "");
	req.mode = 0666;
	req.flags = XEMEM_NO_PIN;
	scene->segid = xem_make_ext(&req);
	CHECK(scene->segid > 0);
	return 0;
}

static int refused(void)
{
	const char *disk = getenv("XEMEM_DISK");
	struct iovec v = { here, PAGE };
	struct ring r;
	int fd[2], dev;

	CHECK(!pipe(fd));
	CHECK_EQ(-1, vmsplice(fd[1], &v, 1, 0));
	CHECK_EQ(EFAULT, errno);
	if (!ring_open(&r)) {
		CHECK_EQ(-EFAULT, ring_register(&r, here, PAGE));
		close(r.fd);
	}
	if (disk) {
		dev = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
		CHECK(dev >= 0);
		CHECK_EQ(-1, pread(dev, here, PAGE, 0));
		CHECK_EQ(EFAULT, errno);
		CHECK_EQ(-1, pwrite(dev, here, PAGE, 0));
		CHECK_EQ(EFAULT, errno);
		close(dev);
	}
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* What is over when the call is. */
static int allowed(void)
{
	char *copy = map(LEN, PROT_READ | PROT_WRITE), path[64];
	struct iovec local = { copy, LEN }, remote = { here, LEN };
	volatile int *word = (volatile int *)(here + MARK);
	int fd = memory_file(MEMORY_TMPFS, LEN);

	CHECK_EQ(LEN, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	CHECK_EQ(0, xem_wrong(copy, LEN, 1));
	CHECK_EQ(LEN, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	CHECK_EQ(LEN, pwrite(fd, here, LEN, 0));
	CHECK_EQ(LEN, pread(fd, here, LEN, 0));
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/mem", getpid());
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(LEN, pread(fd, copy, LEN, (uintptr_t)here));
	close(fd);
	CHECK_EQ(0, xem_wrong(here, LEN, 1));
	CHECK_EQ(0, actor_futex(word, FUTEX_WAKE, 1, 0));
	CHECK_EQ(-1, actor_futex(word, FUTEX_WAIT, *word + 1, 0));
	CHECK_EQ(EAGAIN, errno);
	CHECK(!mlock(here, LEN) || errno == ENOMEM || errno == EPERM);
	munmap(copy, LEN);
	return 0;
}

PAIR_TEST(not_to_be_pinned)
{
	int gup = gup_open();

	ASSERT_NE(0, xem_features() & XEMEM_HAS_NO_PIN);
	for (int kind = 0; kind < MEMORY_HUGETLB; kind++) {
		scene->kind = kind;
		scene->size = LEN;
		ASSERT_EQ(0, actor_do(&self->owner, own_unpinnable, NULL));
		ASSERT_EQ(0, attach());
		EXPECT_EQ(0, refused())
			TH_LOG("%s, untouched", memory_names[kind]);
		EXPECT_EQ(0, allowed())
			TH_LOG("%s", memory_names[kind]);
		EXPECT_EQ(0, refused())
			TH_LOG("%s", memory_names[kind]);
		for (int flags = 0; gup >= 0 && flags < 4; flags++)
			EXPECT_EQ(-EFAULT, gup_pin(gup, here, LEN, flags));
		EXPECT_EQ(0, actor_do(&self->owner, disown, NULL));
	}
	close(gup);
	EXPECT_EQ(0, pins_left());
}

/* Without the flag, what the manual says remains: it is the owner's page. */
static int mark_after_removal(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	xem_fill(scene->addr, scene->size, 4);
	return 0;
}

PAIR_TEST(pinned_before_removal)
{
	int fd, ret;
	struct ring r;

	ret = ring_open(&r);
	if (ret == 2)
		SKIP(return, "no io_uring: errno %d", errno);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL, LEN));
	fd = memory_file(MEMORY_TMPFS, LEN);
	ASSERT_EQ(0, ring_register(&r, here, LEN));
	ASSERT_EQ(0, actor_do(&self->owner, mark_after_removal, NULL));
	EXPECT_EQ(SIGBUS, xem_peek(here));
	ASSERT_EQ(LEN, ring_do(&r, IORING_OP_WRITE_FIXED, fd, here, LEN));
	/* Nobody else's in any case, and gone with the buffer. */
	EXPECT_EQ(0, ring_unregister(&r));
	EXPECT_EQ(-EFAULT, ring_register(&r, here, LEN));
	close(r.fd);
	EXPECT_EQ(0, pins_left());
}

/* Children come and go, each for so long that no mapping changes meanwhile. */
static int fork_slowly(void *arg)
{
	char *p = mmap(NULL, 2 * VMAS * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long start, longest = 0;
	pid_t pid;

	CHECK(p != MAP_FAILED);
	p[0] = 1;
	for (long i = 0; i < VMAS; i++)
		CHECK(!mprotect(p + 2 * i * PAGE, PAGE, PROT_READ));
	for (int i = 0; i < FORKS; i++) {
		fflush(NULL);
		start = now_ms();
		pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			_exit(0);
		longest = now_ms() - start > longest ? now_ms() - start :
						       longest;
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	munmap(p, 2 * VMAS * PAGE);
	scene->number = longest;
	scene->stop = 1;
	return 0;
}

/*
 * Who pins without leave to drop his lock gets the page, too, however long the
 * owner is busy.
 */
PAIR_TEST(busy_owner)
{
	int fd = gup_open(), tried = 0, failed = 0, ret, last = 0;

	if (fd < 0)
		SKIP(return, "no gup_test: errno %d", errno);
	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL, LEN));
	self->owner.patience_ms = 100000;
	actor_post(&self->owner, fork_slowly, NULL);
	while (!scene->stop && self->owner.page->turn != 2) {
		ret = gup_pin(fd, here, LEN, GUP_WRITE);
		tried++;
		if (ret) {
			failed++;
			last = ret;
		}
		ioctl(fd, GUP_STOP);
		/* The next one has to ask again. */
		xem_detach(here);
		here = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY);
	}
	EXPECT_EQ(0, actor_wait(&self->owner));
	EXPECT_EQ(0, failed)
		TH_LOG("%d of %d: errno %d; a fork took %ld ms", failed, tried,
		       -last, scene->number);
	TH_LOG("%d pins beside forks of %ld ms", tried, scene->number);
	close(fd);
	EXPECT_EQ(0, pins_left());
}

TEST_HARNESS_MAIN
