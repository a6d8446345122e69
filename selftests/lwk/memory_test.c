// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: a member's is there before it is touched, in large pages, comes
 * from the pool and returns there, and is otherwise as everybody's. Needs an
 * enclave of two cores or more, a pool of 256 MiB or more, and root.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "lwk_meminfo.h"

static int map_and_touch(void *arg)
{
	unsigned long before;
	char *p;

	member_ready();
	before = lwk_free_kb();
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(touch(p, BIG) == 0);
	CHECK(before - lwk_free_kb() >= BIG >> 10);
	CHECK(of_mapping(p, "AnonHugePages") >= (BIG - LARGE) >> 10);
	CHECK(of_mapping(p, "Rss") >= BIG >> 10);
	CHECK(!munmap(p, BIG));
	return 0;
}

TEST_F(memory, mmap)
{
	EXPECT_EQ(0, in_member(map_and_touch, NULL));
}

/* Not a large page in it, and none needed. */
static int map_small(void *arg)
{
	char *p;

	member_ready();
	for (int i = 0; i < 200; i++) {
		p = map(12288, PROT_READ | PROT_WRITE);
		CHECK(p != MAP_FAILED);
		CHECK(touch(p, 12288) == 0);
		CHECK(!munmap(p + 4096, 4096));
	}
	return 0;
}

TEST_F(memory, small)
{
	EXPECT_EQ(0, in_member(map_small, NULL));
}

static int grow_heap(void *arg)
{
	char *start = sbrk(0);

	member_ready();
	for (int i = 0; i < 100; i++) {
		char *p = sbrk(640 << 10);

		CHECK(p != (void *)-1);
		CHECK(touch(p, 640 << 10) == 0);
	}
	CHECK(!brk(start));
	return 0;
}

TEST_F(memory, brk)
{
	EXPECT_EQ(0, in_member(grow_heap, NULL));
}

static void *use_stack(void *arg)
{
	volatile char stack[4 * MIB];

	return (void *)touch(stack, sizeof(stack));
}

static int thread_stack(void *arg)
{
	pthread_t thread;
	void *ret;

	member_ready();
	CHECK(!pthread_create(&thread, NULL, use_stack, NULL));
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	return 0;
}

TEST_F(memory, thread_stack)
{
	EXPECT_EQ(0, in_member(thread_stack, NULL));
}

static int protect(void *arg)
{
	char *p;

	member_ready();
	p = map(BIG, PROT_NONE);
	CHECK(p != MAP_FAILED);
	CHECK(of_mapping(p, "Rss") == 0);
	CHECK(!mprotect(p + MIB, BIG / 2, PROT_READ | PROT_WRITE));
	CHECK(touch(p + MIB, BIG / 2) == 0);
	CHECK(!mprotect(p + MIB + 4096, 4096, PROT_READ));
	CHECK(p[MIB] == 1 && p[MIB + 8192] == 1);
	return 0;
}

TEST_F(memory, mprotect)
{
	EXPECT_EQ(0, in_member(protect, NULL));
}

static int move(void *arg)
{
	char *p, *q;

	member_ready();
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	p[0] = 7;
	q = mremap(p, BIG, 2 * BIG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[0] == 7);
	CHECK(touch(q + BIG, BIG) == 0);
	return 0;
}

TEST_F(memory, mremap)
{
	EXPECT_EQ(0, in_member(move, NULL));
}

/* What is said to be sparse is not there before it is touched. */
static int sparse(void *arg)
{
	char *p;

	member_ready();
	p = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK(of_mapping(p, "Rss") == 0);
	p[1UL << 39] = 1;
	CHECK(of_mapping(p, "Rss") > 0);
	return 0;
}

TEST_F(memory, noreserve)
{
	EXPECT_EQ(0, in_member(sparse, NULL));
}

static int leave_secret(void *arg)
{
	char *p;

	member_ready();
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset(p, 0xa5, BIG);
	raise(SIGKILL);
	return 1;
}

static int find_secret(void *arg)
{
	size_t len = *(size_t *)arg;
	char *p;

	member_ready();
	p = map(len, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(all_zero(p, len));
	return 0;
}

/* Before and after there was time to clear it, as large pages and as small. */
TEST_F_TIMEOUT(memory, secret, 300)
{
	size_t all = self->free_kb / 4 * 3 << 10;
	size_t small = 4096;

	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(128 + SIGKILL, in_member(leave_secret, NULL));
		EXPECT_EQ(0, in_member(find_secret, i % 2 ? &all : &small));
	}
}

static int fork_and_write(void *arg)
{
	char *p;
	pid_t pid;

	member_ready();
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset(p, 1, BIG);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		memset(p, 2, BIG / 2);
		_exit(p[0] != 2 || p[BIG - 1] != 1);
	}
	CHECK(!wait_status(pid));
	CHECK(p[0] == 1 && p[BIG - 1] == 1);
	CHECK(!madvise(p + LARGE, LARGE, MADV_DONTNEED));
	CHECK(all_zero(p + LARGE, LARGE) && p[0] == 1);
	return 0;
}

TEST_F(memory, fork)
{
	EXPECT_EQ(0, in_member(fork_and_write, NULL));
}

static int take_all(void *arg)
{
	char *p;

	member_ready();
	p = map(lwk_free_kb() * 2 << 10, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(value_of("/proc/meminfo", "LwkHugeFree") == 0);
	/* Linux gives the rest, but not before it is touched. */
	CHECK(of_mapping(p, "Rss") <= value_of("/proc/meminfo", "LwkTotal"));
	return 0;
}

/* More than there is comes from Linux. */
TEST_F_TIMEOUT(memory, beyond, 120)
{
	if (value_of("/proc/meminfo", "MemAvailable") < 2 * self->free_kb)
		SKIP(return, "Linux has too little memory");
	EXPECT_EQ(0, in_member(take_all, NULL));
}

/* A task of Linux gets none. */
TEST_F(memory, of_linux)
{
	char *p = map(BIG, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, p);
	memset(p, 1, BIG);
	EXPECT_EQ(self->free_kb, lwk_free_kb());
	munmap(p, BIG);
}

static int join_with(__u64 memory)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	req.memory = memory;
	return -lwk_ioctl_join(&req);
}

static int join_odd(void *arg)
{
	return join_with(LARGE + 4096);
}

static int join_too_much(void *arg)
{
	return join_with((value_of("/proc/meminfo", "LwkTotal") << 10) + LARGE);
}

static int join_huge(void *arg)
{
	return join_with(-(__u64)LARGE);
}

static int join_all(void *arg)
{
	CHECK(!join_with(value_of("/proc/meminfo", "LwkTotal") << 10));
	CHECK(in_child(join_odd, NULL) == EINVAL ||
	      in_child(join_odd, NULL) == EEXIST);
	return 0;
}

TEST_F(memory, reservation)
{
	EXPECT_EQ(EINVAL, in_child(join_odd, NULL));
	EXPECT_EQ(ENOSPC, in_child(join_too_much, NULL));
	EXPECT_EQ(ENOSPC, in_child(join_huge, NULL));
	/* Twice: the first one gave it back. */
	EXPECT_EQ(0, in_child(join_all, NULL));
	EXPECT_EQ(0, in_child(join_all, NULL));
}

TEST_HARNESS_MAIN
