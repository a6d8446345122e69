// SPDX-License-Identifier: GPL-2.0
/*
 * What an owner tells all its importers in one call, and what its end tells
 * them. Needs root, to be several users.
 */
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "../lwk/lwk_meminfo.h"

#define OWNER		2000
#define STRANGER	2001
#define TEAM		3000
#define IMPORTERS	3

/**
 * struct told - what the processes say to each other
 * @segid: of the owner's segment.
 * @back: what came of it.
 * @rings: that an importer has counted.
 */
struct told {
	volatile __s64 segid;
	volatile long back;
	volatile long rings;
};

static struct told *told;
static char *mem;
/* Of each importer. */
static __s64 apid;
static int bell = -1;

FIXTURE(notice)
{
	struct actor owner;
	struct actor importer[IMPORTERS];
};

static struct actor_how as_user(uid_t uid)
{
	return (struct actor_how){
		.other_user = true,
		.uid = uid,
		.gid = TEAM,
	};
}

static int make(void *arg)
{
	told->segid = xem_make(mem, PAGE, 0666);
	CHECK(told->segid > 0);
	return 0;
}

static long set_notice(__s64 apid, int fd)
{
	struct xemem_notice notice = { .apid = apid, .eventfd = fd };

	return xem_ioctl(XEMEM_IOC_NOTICE, &notice);
}

static int listen_told(void *arg)
{
	apid = xem_get(told->segid, XPMEM_ABI_RDONLY);
	CHECK(apid > 0);
	bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	CHECK_EQ(0, set_notice(apid, bell));
	return 0;
}

FIXTURE_SETUP(notice)
{
	if (geteuid())
		SKIP(return, "not root");
	ASSERT_EQ(0, xem_begin());
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	mem = map(PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, actor_start(&self->owner, as_user(OWNER)));
	ASSERT_EQ(0, actor_do(&self->owner, make, NULL));
	for (int i = 0; i < IMPORTERS; i++) {
		ASSERT_EQ(0, actor_start(&self->importer[i],
					 as_user(STRANGER)));
		ASSERT_EQ(0, actor_do(&self->importer[i], listen_told, NULL));
	}
}

FIXTURE_TEARDOWN(notice)
{
	actor_end(&self->owner);
	for (int i = 0; i < IMPORTERS; i++)
		actor_end(&self->importer[i]);
	close(xem_fd);
}

static int ring_all(void *arg)
{
	__s64 segid = told->segid;

	told->back = xem_ioctl(XEMEM_IOC_RING_ALL, &segid);
	return 0;
}

static int remove_it(void *arg)
{
	CHECK_EQ(0, xem_remove(told->segid));
	return 0;
}

/* Waits for the first ring, unless there is to be none. */
static int count(void *arg)
{
	struct pollfd p = { .fd = bell, .events = POLLIN };
	__u64 n = 0;

	poll(&p, 1, arg ? MEMBER_PATIENCE_MS : 100);
	told->rings = read(bell, &n, sizeof(n)) == sizeof(n) ? n : 0;
	return 0;
}

static long rings(struct actor *importer, bool wait)
{
	return actor_do(importer, count, wait ? mem : NULL) ? -1 : told->rings;
}

/* One call, and all of them hear it. */
TEST_F(notice, ring_all)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, actor_do(&self->owner, ring_all, NULL));
		EXPECT_EQ(0, told->back);
	}
	for (int i = 0; i < IMPORTERS; i++)
		EXPECT_EQ(3, rings(&self->importer[i], true));
	/* Nobody but the owner tells them. */
	ASSERT_EQ(0, actor_do(&self->importer[0], ring_all, NULL));
	EXPECT_EQ(-EACCES, told->back);
	EXPECT_EQ(0, rings(&self->importer[1], false));
}

/* It is removed. */
TEST_F(notice, removed)
{
	ASSERT_EQ(0, actor_do(&self->owner, remove_it, NULL));
	for (int i = 0; i < IMPORTERS; i++)
		EXPECT_EQ(1, rings(&self->importer[i], true));
	ASSERT_EQ(0, actor_do(&self->owner, ring_all, NULL));
	EXPECT_EQ(-ENOENT, told->back);
}

/* Its owner is killed. */
TEST_F(notice, owner_dies)
{
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->owner, SIGKILL));
	for (int i = 0; i < IMPORTERS; i++)
		EXPECT_EQ(1, rings(&self->importer[i], true));
}

static int change(void *arg)
{
	int second = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	CHECK_EQ(-EBADF, set_notice(apid, 100000));
	CHECK_EQ(-EINVAL, set_notice(apid, xem_fd));
	CHECK_EQ(-EINVAL, set_notice(apid, -2));
	CHECK_EQ(-EINVAL, set_notice(0, bell));
	CHECK_EQ(-ENOENT, set_notice(apid ^ 1, bell));
	CHECK_EQ(0, set_notice(apid, second));
	dup2(second, bell);
	close(second);
	return 0;
}

static int stop_listening(void *arg)
{
	CHECK_EQ(0, set_notice(apid, -1));
	CHECK_EQ(0, set_notice(apid, -1));
	return 0;
}

static int release_it(void *arg)
{
	CHECK_EQ(0, xem_release(apid));
	CHECK_EQ(-ENOENT, set_notice(apid, bell));
	return 0;
}

/* Another one, none any more, no permit any more, no process any more. */
TEST_F(notice, changes)
{
	ASSERT_EQ(0, actor_do(&self->importer[0], change, NULL));
	ASSERT_EQ(0, actor_do(&self->importer[1], stop_listening, NULL));
	ASSERT_EQ(0, actor_do(&self->importer[2], release_it, NULL));
	ASSERT_EQ(0, actor_do(&self->owner, ring_all, NULL));
	EXPECT_EQ(0, told->back);
	EXPECT_EQ(1, rings(&self->importer[0], true));
	EXPECT_EQ(0, rings(&self->importer[1], false));
	EXPECT_EQ(0, rings(&self->importer[2], false));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->importer[0], SIGKILL));
	ASSERT_EQ(0, actor_do(&self->owner, ring_all, NULL));
	EXPECT_EQ(0, told->back);
}

static int set_late(void *arg)
{
	told->back = set_notice(apid, bell);
	return 0;
}

/* There is nothing to hear of. */
TEST_F(notice, after_the_end)
{
	ASSERT_EQ(0, actor_do(&self->owner, remove_it, NULL));
	ASSERT_EQ(0, actor_do(&self->importer[0], set_late, NULL));
	EXPECT_EQ(-ENOENT, told->back);
}

TEST_HARNESS_MAIN
