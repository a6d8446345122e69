// SPDX-License-Identifier: GPL-2.0
/*
 * XPMEM's nine requests: what they take, refuse and return, number by number;
 * and what the extensions refuse. Root or not, on any core.
 */
#include <stdbool.h>
#include <sys/ioctl.h>

#include "../kselftest_harness.h"
#include "xemem_memory.h"
#include "xemem_abi.h"
#include "xemem_actor.h"
#include "../lwk/lwk_meminfo.h"

#define LEN		(8 * PAGE)
/* An id of the right form that no segment and no permit has. */
#define NO_ID		(0x3ffffffeLL << 32 | 0x7ffffffe)
/* The first address that a program cannot have, of 47 bits. */
#define TASK_END	0x7ffffffff000UL
#define WHOLE		(~0ULL)

/* What the other process is to see. */
struct told {
	__s64 segid;
	__s64 apid;
	char *addr;
	__s64 back;
};

FIXTURE(abi)
{
	char *mem;
	__s64 segid;
	__s64 apid;
	struct told *told;
	struct actor other;
};

FIXTURE_SETUP(abi)
{
	ASSERT_EQ(0, xem_begin())
		TH_LOG(XEM_DEV " cannot be opened");
	xem_catch();
	self->told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->told);
	self->mem = map(LEN, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->mem);
	xem_fill(self->mem, LEN, 1);
	self->segid = xem_make(self->mem, LEN, 0600);
	ASSERT_GT(self->segid, 0);
	self->apid = xem_get(self->segid, XPMEM_ABI_RDWR);
	ASSERT_GT(self->apid, 0);
}

FIXTURE_TEARDOWN(abi)
{
	actor_end(&self->other);
	close(xem_fd);
	EXPECT_TRUE(xem_all_unpinned(RETURN_MS));
}

static long call(unsigned long cmd, const void *arg)
{
	return xem_ioctl(cmd, arg);
}

TEST_F(abi, version)
{
	EXPECT_EQ(XPMEM_ABI_VERSION, call(ABI_VERSION, NULL));
	EXPECT_LE(0x27004, call(ABI_VERSION, (void *)-1));
}

TEST_F(abi, unknown_requests)
{
	struct abi_make req = {};

	for (unsigned int nr = 9; nr <= 0xff; nr++) {
		EXPECT_EQ(-ENOTTY, call(0x7800 + nr, &req))
			TH_LOG("request 0x78%02x", nr);
	}
	EXPECT_EQ(-ENOTTY, call(_IO('y', 1), &req));
	EXPECT_EQ(-ENOTTY, call(_IOWR('x', 0x4f, struct xemem_query), &req));
	/* XPMEM's numbers have no size. */
	EXPECT_EQ(-ENOTTY, call(_IOWR('x', 1, struct abi_make), &req));
}

TEST_F(abi, fork_requests_do_nothing)
{
	EXPECT_EQ(0, call(ABI_FORK_BEGIN, NULL));
	EXPECT_EQ(0, call(ABI_FORK_END, NULL));
	EXPECT_EQ(0, xem_remove(self->segid));
}

/* Only the field that is "out" changes. */
TEST_F(abi, only_out_is_written)
{
	struct abi_make make = { (uintptr_t)self->mem, PAGE, 1, 0600, 0 };
	struct abi_get get = { 0, XPMEM_ABI_RDWR, 1, 0, 0 };
	struct abi_attach attach = { 0, PAGE, 100, 0, 12345, 0 };

	ASSERT_EQ(0, call(ABI_MAKE, &make));
	EXPECT_EQ((uintptr_t)self->mem, make.vaddr);
	EXPECT_EQ(PAGE, make.size);
	EXPECT_EQ(1, make.permit_type);
	EXPECT_EQ(0600, make.permit_value);
	get.segid = self->segid;
	ASSERT_EQ(0, call(ABI_GET, &get));
	EXPECT_EQ(self->segid, get.segid);
	EXPECT_EQ(XPMEM_ABI_RDWR, get.flags);
	attach.apid = get.apid;
	ASSERT_EQ(0, call(ABI_ATTACH, &attach));
	EXPECT_EQ(get.apid, attach.apid);
	EXPECT_EQ(PAGE, (unsigned long)attach.offset);
	EXPECT_EQ(100, attach.size);
	EXPECT_EQ(12345, attach.fd);
	ASSERT_NE(0, attach.vaddr);
	EXPECT_EQ(xem_word(1, PAGE), *(__u64 *)attach.vaddr);
}

TEST_F(abi, make_errors)
{
	__u64 at = (uintptr_t)self->mem;

	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN, 0, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN, 2, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN, -1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN, 1, 01000));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN, 1, 1ULL << 32 | 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, 0, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at + 1, LEN, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at + 8, WHOLE, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, LEN - 1, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, PAGE / 2, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(TASK_END, 1ULL << 57, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(1ULL << 63, PAGE, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(at, -PAGE, 1, 0600));
	EXPECT_EQ(-EINVAL, xem_make_raw(-PAGE, 2 * PAGE, 1, 0600));
}

TEST_F(abi, make_modes)
{
	for (int mode = 0; mode <= 0777; mode += 0111) {
		__s64 segid = xem_make(self->mem, LEN, mode);

		EXPECT_LT(0, segid)
			TH_LOG("mode %#o", mode);
		EXPECT_EQ(0, xem_remove(segid));
	}
}

/* Nothing needs to be there, and segments may lie over each other. */
TEST_F(abi, make_anything)
{
	char *hole = map(3 * PAGE, PROT_NONE);
	__s64 id[6];

	ASSERT_EQ(0, munmap(hole, 3 * PAGE));
	id[0] = xem_make(hole, 3 * PAGE, 0600);
	id[1] = xem_make(hole + PAGE, PAGE, 0600);
	id[2] = xem_make(self->mem, LEN, 0600);
	id[3] = xem_make(self->mem, LEN, 0600);
	id[4] = xem_make_raw(0, WHOLE, 1, 0600);
	id[5] = xem_make_raw((uintptr_t)self->mem, WHOLE, 1, 0600);
	for (int i = 0; i < 6; i++) {
		EXPECT_LT(0, id[i])
			TH_LOG("segment %d", i);
		EXPECT_NE(self->segid, id[i]);
		for (int j = 0; j < i; j++)
			EXPECT_NE(id[i], id[j]);
	}
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(0, xem_remove(id[i]));
}

/* Process below, counter above; what is gone does not come again. */
TEST_F(abi, ids)
{
	__s64 last = self->segid, segid;

	EXPECT_EQ(getpid(), (pid_t)self->segid);
	EXPECT_EQ(getpid(), (pid_t)self->apid);
	for (int i = 0; i < 100; i++) {
		segid = xem_make(self->mem, PAGE, 0600);
		ASSERT_LT(0, segid);
		EXPECT_LT(0, segid >> 32);
		EXPECT_GE(INT32_MAX >> 1, segid >> 32);
		EXPECT_NE(last, segid);
		EXPECT_NE(self->segid, segid);
		ASSERT_EQ(0, xem_remove(segid));
		last = segid;
	}
}

static int remove_told(void *arg)
{
	struct told *told = arg;

	told->back = xem_remove(told->segid);
	return 0;
}

static int release_told(void *arg)
{
	struct told *told = arg;

	told->back = xem_release(told->apid);
	return 0;
}

static int attach_told(void *arg)
{
	struct told *told = arg;

	told->back = xem_error(xem_attach(told->apid, 0, PAGE));
	return 0;
}

TEST_F(abi, remove_errors)
{
	EXPECT_EQ(-EINVAL, xem_remove(0));
	EXPECT_EQ(-EINVAL, xem_remove(-1));
	EXPECT_EQ(-EINVAL, xem_remove(INT64_MIN));
	EXPECT_EQ(-ENOENT, xem_remove(NO_ID));
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	self->told->segid = self->segid;
	EXPECT_EQ(0, actor_do(&self->other, remove_told, self->told));
	EXPECT_EQ(-EACCES, self->told->back);
	EXPECT_EQ(0, xem_remove(self->segid));
	EXPECT_EQ(-ENOENT, xem_remove(self->segid));
}

TEST_F(abi, get_errors)
{
	__s64 id = self->segid;

	EXPECT_EQ(-EINVAL, xem_get(0, XPMEM_ABI_RDWR));
	EXPECT_EQ(-EINVAL, xem_get(-5, XPMEM_ABI_RDWR));
	EXPECT_EQ(-ENOENT, xem_get(NO_ID, XPMEM_ABI_RDWR));
	EXPECT_EQ(-EINVAL, xem_get(id, XPMEM_ABI_RDWR | XPMEM_ABI_RDONLY));
	EXPECT_EQ(-EINVAL, xem_get(id, 4));
	EXPECT_EQ(-EINVAL, xem_get(id, -1));
	EXPECT_EQ(-EINVAL, xem_get_raw(id, XPMEM_ABI_RDWR, 0, 0));
	EXPECT_EQ(-EINVAL, xem_get_raw(id, XPMEM_ABI_RDWR, 2, 0));
	EXPECT_EQ(-EINVAL, xem_get_raw(id, XPMEM_ABI_RDWR, 1, 0600));
	EXPECT_EQ(0, xem_remove(id));
	EXPECT_EQ(-ENOENT, xem_get(id, XPMEM_ABI_RDWR));
}

TEST_F(abi, each_get_is_another)
{
	__s64 apid = xem_get(self->segid, XPMEM_ABI_RDWR);

	EXPECT_LT(0, apid);
	EXPECT_NE(self->apid, apid);
	EXPECT_EQ(0, xem_release(apid));
	EXPECT_EQ(0, xem_error(xem_attach(self->apid, 0, PAGE)));
}

TEST_F(abi, release_errors)
{
	EXPECT_EQ(-EINVAL, xem_release(0));
	EXPECT_EQ(-EINVAL, xem_release(-1));
	EXPECT_EQ(-ENOENT, xem_release(NO_ID));
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	self->told->apid = self->apid;
	EXPECT_EQ(0, actor_do(&self->other, release_told, self->told));
	EXPECT_EQ(-EACCES, self->told->back);
	EXPECT_EQ(0, xem_release(self->apid));
	EXPECT_EQ(-ENOENT, xem_release(self->apid));
}

/* It takes its attachments along. */
TEST_F(abi, release_detaches)
{
	char *p = xem_attach(self->apid, 0, LEN);
	char *q = xem_attach(self->apid, PAGE, PAGE);

	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, xem_error(q));
	ASSERT_EQ(0, xem_wrong(p, LEN, 1));
	ASSERT_EQ(0, xem_release(self->apid));
	EXPECT_EQ(SIGSEGV, xem_peek(p));
	EXPECT_EQ(SIGSEGV, xem_peek(q));
}

#define ATTACH(apid, offset, size) xem_error(xem_attach(apid, offset, size))
#define ATTACH_AT(offset, size, at)					\
	xem_error(xem_attach_at(self->apid, offset, size, at))

TEST_F(abi, attach_errors)
{
	EXPECT_EQ(-EINVAL, ATTACH(0, 0, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(-1, 0, PAGE));
	EXPECT_EQ(-ENOENT, ATTACH(NO_ID, 0, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, 1, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, PAGE / 2, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, -PAGE, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, INT64_MIN, PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, 0, 0));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, 0, LEN + 1));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, PAGE, LEN));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, LEN, 1));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, PAGE, -PAGE));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, 0, SIZE_MAX));
	EXPECT_EQ(-EINVAL, ATTACH(self->apid, INT64_MAX & -PAGE, -PAGE));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, PAGE, (char *)1));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, PAGE, (char *)~0xfffUL));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, PAGE, (char *)(1UL << 63)));
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	self->told->apid = self->apid;
	EXPECT_EQ(0, actor_do(&self->other, attach_told, self->told));
	EXPECT_EQ(-EACCES, self->told->back);
	EXPECT_EQ(0, xem_remove(self->segid));
	EXPECT_NE(0, ATTACH(self->apid, 0, PAGE));
}

/* At a place of the caller's choice, whatever was there. */
TEST_F(abi, attach_fixed)
{
	char *place = map(4 * PAGE, PROT_READ | PROT_WRITE);

	memset(place, 0x55, 4 * PAGE);
	EXPECT_EQ(place + PAGE,
		  xem_attach_at(self->apid, PAGE, 2 * PAGE, place + PAGE));
	EXPECT_EQ(xem_word(1, PAGE), *(__u64 *)(place + PAGE));
	EXPECT_EQ(0x55, place[0]);
	EXPECT_EQ(0x55, place[3 * PAGE]);
	/* Not over an attachment, and not over the source. */
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, PAGE, place + 2 * PAGE));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, 2 * PAGE, place));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, LEN, self->mem + PAGE));
	EXPECT_EQ(-EINVAL, ATTACH_AT(0, LEN, self->mem));
	EXPECT_EQ(0, xem_wrong(self->mem, LEN, 1));
	EXPECT_EQ(0, xem_detach(place + PAGE));
	EXPECT_EQ(SIGSEGV, xem_peek(place + PAGE));
	EXPECT_EQ(0x55, place[0]);
}

/* Sizes are rounded up to a page. */
TEST_F(abi, attach_rounds_up)
{
	static const size_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1, LEN - 1 };
	unsigned long before = of_mapping(self->mem, "Size");

	EXPECT_LE(LEN >> 10, before);
	for (int i = 0; i < 5; i++) {
		size_t want = (sizes[i] + PAGE - 1) & -PAGE;
		char *p = xem_attach(self->apid, 0, sizes[i]);

		ASSERT_EQ(0, xem_error(p));
		EXPECT_EQ(want >> 10, of_mapping(p, "Size"))
			TH_LOG("size %zu", sizes[i]);
		EXPECT_EQ(0, xem_wrong(p, want, 1));
		EXPECT_EQ(0, xem_detach(p));
	}
}

/* As often as one likes, of the caller's own memory, too. */
TEST_F(abi, attach_again)
{
	char *p = xem_attach(self->apid, 0, LEN);
	char *q = xem_attach(self->apid, 0, LEN);

	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, xem_error(q));
	EXPECT_NE(p, q);
	xem_fill(p, LEN, 2);
	EXPECT_EQ(0, xem_wrong(q, LEN, 2));
	EXPECT_EQ(0, xem_wrong(self->mem, LEN, 2));
	EXPECT_EQ(0, xem_detach(p));
	EXPECT_EQ(0, xem_wrong(q, LEN, 2));
}

TEST_F(abi, detach)
{
	char *p = xem_attach(self->apid, 0, LEN);
	char *gone = map(PAGE, PROT_READ);

	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, munmap(gone, PAGE));
	EXPECT_EQ(0, xem_detach(gone));
	EXPECT_EQ(0, xem_detach(NULL));
	EXPECT_EQ(-EINVAL, xem_detach(self->mem));
	EXPECT_EQ(-EINVAL, xem_detach(&p));
	/* By any address in it, all of it. */
	EXPECT_EQ(0, xem_detach(p + 3 * PAGE + 5));
	EXPECT_EQ(SIGSEGV, xem_peek(p));
	EXPECT_EQ(SIGSEGV, xem_peek(p + LEN - PAGE));
	EXPECT_EQ(0, xem_detach(p));
}

/* A permit to read: attached, but not to write. Flags 0 are the same. */
TEST_F(abi, read_only)
{
	static const int flags[] = { XPMEM_ABI_RDONLY, 0 };

	for (int i = 0; i < 2; i++) {
		__s64 apid = xem_get(self->segid, flags[i]);
		char *p;

		ASSERT_LT(0, apid);
		p = xem_attach(apid, 0, LEN);
		ASSERT_EQ(0, xem_error(p))
			TH_LOG("get with flags %d", flags[i]);
		EXPECT_EQ(0, xem_wrong(p, LEN, 1));
		EXPECT_EQ(SIGSEGV, xem_store(p, 1));
		EXPECT_EQ(-1, mprotect(p, LEN, PROT_READ | PROT_WRITE));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(SIGSEGV, xem_store(p, 1));
		EXPECT_EQ(0, xem_release(apid));
	}
	EXPECT_EQ(0, xem_wrong(self->mem, LEN, 1));
}

/* Unmapping it oneself, whole or in part, kills nobody. */
TEST_F(abi, munmap_detaches)
{
	char *p = xem_attach(self->apid, 0, LEN);
	char *q = xem_attach(self->apid, 0, LEN);

	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, xem_error(q));
	EXPECT_EQ(0, xem_wrong(p, LEN, 1));
	EXPECT_EQ(0, munmap(p, LEN));
	EXPECT_EQ(0, xem_detach(p));
	EXPECT_EQ(SIGSEGV, xem_peek(p));
	EXPECT_EQ(0, xem_wrong(q, LEN, 1));
	EXPECT_EQ(0, xem_release(self->apid));
	EXPECT_EQ(0, xem_remove(self->segid));
}

/*
 * Of memory of one's own, in large pages: a hole in it is announced to who
 * attaches it as well as to who has it attached, and they are the same.
 */
TEST_F(abi, hole_in_own_attachment)
{
	size_t size = 4 * MIB;
	char *mem = memory_new(MEMORY_LARGE, size), *p;
	__s64 segid, apid;

	ASSERT_NE(MAP_FAILED, mem);
	xem_fill(mem, size, 1);
	segid = xem_make(mem, size, 0600);
	apid = xem_get(segid, XPMEM_ABI_RDWR);
	p = xem_attach_ext(apid, 0, size, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, munmap(p + MIB, PAGE));
	EXPECT_EQ(0, xem_wrong(p, MIB, 1));
	EXPECT_EQ(0, mprotect(p + 3 * MIB, PAGE, PROT_READ));
	EXPECT_EQ(SIGSEGV, xem_peek(p + MIB));
	EXPECT_EQ(0, xem_wrong(mem, size, 1));
	EXPECT_EQ(0, xem_release(apid));
	EXPECT_EQ(0, munmap(mem, size));
}

/* An attachment cannot be attached: there is nothing to be seen. */
TEST_F(abi, no_attachment_of_an_attachment)
{
	char *p = xem_attach(self->apid, 0, LEN), *q;
	__s64 segid, apid;

	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, xem_wrong(p, LEN, 1));
	segid = xem_make(p, LEN, 0600);
	ASSERT_LT(0, segid);
	apid = xem_get(segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	q = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY);
	ASSERT_EQ(0, xem_error(q));
	EXPECT_EQ(SIGBUS, xem_peek(q));
	EXPECT_EQ(SIGBUS, xem_store(q + PAGE, 1));
	EXPECT_EQ(0, xem_wrong(self->mem, LEN, 1));
}

/* A second open changes nothing. */
TEST_F(abi, open_twice)
{
	int second = open(XEM_DEV, O_RDWR | O_CLOEXEC), first = xem_fd;
	__s64 apid;

	ASSERT_LE(0, second);
	xem_fd = second;
	apid = xem_get(self->segid, XPMEM_ABI_RDWR);
	EXPECT_LT(0, apid);
	xem_fd = first;
	EXPECT_EQ(0, xem_error(xem_attach(apid, 0, PAGE)));
	EXPECT_EQ(0, xem_remove(self->segid));
}

/* Whichever is closed: all that the process has is gone. */
TEST_F(abi, any_close_ends_all)
{
	int second = open(XEM_DEV, O_RDWR | O_CLOEXEC);
	char *p = xem_attach(self->apid, 0, LEN);

	ASSERT_LE(0, second);
	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, xem_peek(p));
	close(second);
	EXPECT_NE(0, xem_peek(p));
	EXPECT_EQ(-XPMEM_ABI_NOPROC, xem_make(self->mem, LEN, 0600));
	EXPECT_EQ(-XPMEM_ABI_NOPROC, xem_get(self->segid, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, xem_open());
	EXPECT_EQ(-ENOENT, xem_get(self->segid, XPMEM_ABI_RDWR));
	EXPECT_LT(0, xem_make(self->mem, LEN, 0600));
}

/* A child has nothing of its own until it opens the device. */
static int after_fork(void *arg)
{
	struct told *told = arg;
	int inherited = xem_fd;
	__s64 segid;

	CHECK_EQ(-XPMEM_ABI_NOPROC, xem_make(told->addr, PAGE, 0600));
	CHECK_EQ(-XPMEM_ABI_NOPROC, xem_get(told->segid, XPMEM_ABI_RDWR));
	CHECK(xem_error(xem_attach(told->apid, 0, PAGE)));
	CHECK_EQ(0, xem_open());
	CHECK_EQ(-EACCES, xem_error(xem_attach(told->apid, 0, PAGE)));
	CHECK_EQ(-EACCES, xem_remove(told->segid));
	/* By the old one, too, as the library does. */
	xem_fd = inherited;
	segid = xem_make(told->addr, PAGE, 0600);
	CHECK(segid > 0);
	CHECK(xem_get(told->segid, XPMEM_ABI_RDWR) > 0);
	CHECK_EQ(0, xem_remove(segid));
	return 0;
}

TEST_F(abi, fork)
{
	self->told->segid = self->segid;
	self->told->apid = self->apid;
	self->told->addr = self->mem;
	EXPECT_EQ(0, in_child(after_fork, self->told));
	EXPECT_EQ(0, xem_wrong(self->mem, LEN, 1));
	EXPECT_EQ(0, xem_error(xem_attach(self->apid, 0, LEN)));
}

static int close_inherited(void *arg)
{
	CHECK(!close(xem_fd));
	return 0;
}

static int exec_nothing(void *arg)
{
	execl("/bin/true", "true", NULL);
	return 1;
}

/* What a child does with what it inherited is nothing to its parent. */
TEST_F(abi, close_of_a_child)
{
	char *p = xem_attach(self->apid, 0, LEN);

	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, in_child(close_inherited, NULL));
	EXPECT_EQ(0, in_child(exec_nothing, NULL));
	EXPECT_EQ(0, xem_wrong(p, LEN, 1));
	EXPECT_LT(0, xem_get(self->segid, XPMEM_ABI_RDWR));
}

static const unsigned long with_argument[] = {
	ABI_MAKE, ABI_REMOVE, ABI_GET, ABI_RELEASE, ABI_ATTACH, ABI_DETACH,
	XEMEM_IOC_QUERY, XEMEM_IOC_MAKE, XEMEM_IOC_ATTACH, XEMEM_IOC_LOOKUP,
	XEMEM_IOC_LIST, XEMEM_IOC_BELL, XEMEM_IOC_RING, XEMEM_IOC_ACL,
	XEMEM_IOC_NOTICE, XEMEM_IOC_RING_ALL,
};

/* Arguments that are not there, not the caller's, or end too early. */
TEST_F(abi, bad_pointers)
{
	char *end = map(2 * PAGE, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, munmap(end + PAGE, PAGE));
	for (size_t i = 0;
	     i < sizeof(with_argument) / sizeof(*with_argument); i++) {
		unsigned long cmd = with_argument[i];

		EXPECT_EQ(-EFAULT, call(cmd, NULL))
			TH_LOG("%#lx", cmd);
		EXPECT_EQ(-EFAULT, call(cmd, end + PAGE))
			TH_LOG("%#lx", cmd);
		EXPECT_EQ(-EFAULT, call(cmd, end + PAGE - 4))
			TH_LOG("%#lx", cmd);
		EXPECT_EQ(-EFAULT, call(cmd, (void *)(~0UL << 47)))
			TH_LOG("%#lx", cmd);
		EXPECT_EQ(-EFAULT, call(cmd, (void *)-8L))
			TH_LOG("%#lx", cmd);
	}
}

/* What cannot be returned does not stay. */
TEST_F(abi, read_only_argument)
{
	struct abi_make *make = (void *)map(PAGE, PROT_READ | PROT_WRITE);
	struct abi_get *get = (void *)map(PAGE, PROT_READ | PROT_WRITE);
	struct abi_attach *attach = (void *)map(PAGE, PROT_READ | PROT_WRITE);
	char *place = map(LEN, PROT_NONE);

	*make = (struct abi_make){ (uintptr_t)self->mem, LEN, 1, 0600, 0 };
	*get = (struct abi_get){ self->segid, XPMEM_ABI_RDWR, 1, 0, 0 };
	*attach = (struct abi_attach){ self->apid, 0, LEN, (uintptr_t)place,
				       0, 0 };
	ASSERT_EQ(0, mprotect(make, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(get, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(attach, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, call(ABI_MAKE, make));
	EXPECT_EQ(-EFAULT, call(ABI_GET, get));
	EXPECT_EQ(-EFAULT, call(ABI_ATTACH, attach));
	EXPECT_EQ(SIGSEGV, xem_peek(place))
		TH_LOG("an attachment that nobody knows of");
	EXPECT_EQ(0, xem_remove(self->segid));
}

TEST_F(abi, query)
{
	struct xemem_query query;

	memset(&query, 0xff, sizeof(query));
	ASSERT_EQ(0, call(XEMEM_IOC_QUERY, &query));
	EXPECT_EQ(1, query.domain);
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(0, query.reserved[i]);
	EXPECT_TRUE(query.features & XEMEM_HAS_EAGER);
	TH_LOG("features %#llx", (unsigned long long)query.features);
}

/* Fields and bits that mean nothing yet must be 0. */
TEST_F(abi, make_ext_errors)
{
	const struct xemem_make good = xem_request(self->mem, LEN, "");
	struct xemem_make req;

	for (int i = 0; i < 3; i++) {
		req = good;
		req.reserved[i] = 1;
		EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	}
	req = good;
	req.flags = 2 * XEMEM_NO_PIN;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = good;
	req.mode = 01000;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = good;
	req.vaddr += 8;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = good;
	req.size = 0;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = good;
	req.bell = 1000000;
	EXPECT_EQ(-EBADF, xem_make_ext(&req));
	req.bell = xem_fd;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = good;
	EXPECT_LT(0, xem_make_ext(&req));
	EXPECT_EQ(good.vaddr, req.vaddr);
	EXPECT_EQ(good.size, req.size);
}

TEST_F(abi, attach_ext_errors)
{
	const struct xemem_attach good = { .apid = self->apid, .size = PAGE };
	const __u32 flags[] = { 8, 1U << 31, XEMEM_EAGER | XEMEM_LAZY };
	struct xemem_attach req;

	for (int i = 0; i < 3; i++) {
		req = good;
		req.reserved[i] = 1;
		EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ATTACH, &req));
		req = good;
		req.flags = flags[i];
		EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ATTACH, &req))
			TH_LOG("flags %#x", flags[i]);
	}
	req = good;
	req.size = LEN + PAGE;
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ATTACH, &req));
	req = good;
	EXPECT_EQ(0, call(XEMEM_IOC_ATTACH, &req));
}

TEST_F(abi, other_ext_errors)
{
	struct xemem_lookup lookup = { .name = "abi.nobody", .flags = 2 };
	struct xemem_bell bell = { self->segid, -1, 1 };
	struct xemem_acl_entry entry = { .rights = XPMEM_ABI_RDONLY };
	struct xemem_acl acl = { self->segid, (uintptr_t)&entry, 1, { 1 } };

	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_LOOKUP, &lookup));
	lookup.flags = 0;
	EXPECT_EQ(-ENOENT, call(XEMEM_IOC_LOOKUP, &lookup));
	lookup.timeout_ms = -2;
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_LOOKUP, &lookup));
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_BELL, &bell));
	bell.reserved = 0;
	EXPECT_EQ(0, call(XEMEM_IOC_BELL, &bell));
	for (int i = 0; i < 3; i++) {
		memset(acl.reserved, 0, sizeof(acl.reserved));
		acl.reserved[i] = 1;
		EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ACL, &acl));
	}
	memset(acl.reserved, 0, sizeof(acl.reserved));
	EXPECT_EQ(0, call(XEMEM_IOC_ACL, &acl));
	entry.reserved = 1;
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ACL, &acl));
	entry.reserved = 0;
	entry.kind = 2;
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ACL, &acl));
	entry.kind = XEMEM_ACL_USER;
	entry.rights = 4;
	EXPECT_EQ(-EINVAL, call(XEMEM_IOC_ACL, &acl));
	acl.nr = XEMEM_ACL_MAX + 1;
	EXPECT_EQ(-E2BIG, call(XEMEM_IOC_ACL, &acl));
	acl.nr = 1;
	acl.entries = 8;
	EXPECT_EQ(-EFAULT, call(XEMEM_IOC_ACL, &acl));
}

/* /proc/xpmem: the counters, and a file per process while it has the device. */
TEST_F(abi, proc)
{
	unsigned long pinned, unpinned, of_process = -1;
	char path[64];
	FILE *f;

	EXPECT_TRUE(xem_pages(&pinned, &unpinned))
		TH_LOG(XEM_PROC "global_pages is not as XPMEM's");
	snprintf(path, sizeof(path), XEM_PROC "%d", getpid());
	f = fopen(path, "re");
	ASSERT_NE(NULL, f)
		TH_LOG("%s is not there", path);
	EXPECT_EQ(1, fscanf(f, "pages pinned by XPMEM: %lu", &of_process));
	fclose(f);
	close(xem_fd);
	EXPECT_EQ(-1, access(path, F_OK));
	ASSERT_EQ(0, xem_open());
	EXPECT_EQ(0, access(path, F_OK));
}

TEST_HARNESS_MAIN
