// SPDX-License-Identifier: GPL-2.0
/*
 * Frozen memory is on somebody's account: the maker's memory cgroup, limits and
 * place in the queue of the OOM killer; after removal, that of who has it
 * attached. Whoever made it may be gone.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "xemem_memory.h"
#include "../lwk/lwk_meminfo.h"

#define SECONDS		300
#define LEN		(64 * MIB)
/* What is free, but not given back yet; counters of each CPU. */
#define SLACK_KB	(8L << 10)

#define MAX_PATH	"/proc/sys/xemem/frozen_pages_max"
#define COMMIT_PATH	"/proc/sys/vm/overcommit_memory"
#define CGROUPS		"/sys/fs/cgroup/"
#define GROUP		CGROUPS "xemem_maker"
#define OTHER_GROUP	CGROUPS "xemem_other"

/* What processes say to each other. */
struct talk {
	char *volatile addr;
	volatile __s64 segid;
	volatile long number;
	volatile int step;
};

static struct talk *talk;

static __s64 freeze(char *addr, size_t size)
{
	struct xemem_make req = xem_request(addr, size, "");

	req.flags = XEMEM_FROZEN;
	req.mode = 0666;
	return xem_make_ext(&req);
}

static int write_to(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = write(fd, value, strlen(value));
	close(fd);
	CHECK(n == strlen(value));
	return 0;
}

static int write_number(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	return write_to(path, text);
}

static long read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 10);
}

static long badness_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score", pid);
	return read_number(path);
}

/* A score that so much memory makes, at least. */
static long score_of(size_t size)
{
	long kb = value_of("/proc/meminfo", "MemTotal") +
		  value_of("/proc/meminfo", "SwapTotal");

	return (size >> 10) * 1000 / kb * 2 / 3 * 3 / 4;
}

FIXTURE(pay)
{
	struct actor maker;
};

FIXTURE_SETUP(pay)
{
	struct actor_how how = { };

	ASSERT_EQ(0, xem_begin());
	if (!(xem_features() & XEMEM_HAS_FROZEN))
		SKIP(return, "no frozen segments");
	talk = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)talk);
	xem_catch();
	ASSERT_EQ(0, actor_start(&self->maker, how));
}

FIXTURE_TEARDOWN(pay)
{
	actor_end(&self->maker);
	close(xem_fd);
}

#define PAY_TEST(name)	TEST_F_TIMEOUT(pay, name, SECONDS)

static int allocate(void *arg)
{
	talk->addr = memory_new(MEMORY_SMALL, LEN);
	CHECK(talk->addr != MAP_FAILED);
	xem_fill(talk->addr, LEN, 1);
	return 0;
}

/* A version of its own: nothing is shared with the maker afterwards. */
static int freeze_and_rewrite(void *arg)
{
	talk->segid = freeze(talk->addr, LEN);
	CHECK(talk->segid > 0);
	xem_fill(talk->addr, LEN, 2);
	return 0;
}

static int freeze_and_unmap(void *arg)
{
	CHECK_EQ(0, allocate(NULL));
	talk->segid = freeze(talk->addr, LEN);
	CHECK(talk->segid > 0);
	CHECK(!munmap(talk->addr, LEN));
	return 0;
}

static int remove_it(void *arg)
{
	CHECK_EQ(0, xem_remove(talk->segid));
	return 0;
}

static char *attach(__s64 *apid)
{
	*apid = xem_get(talk->segid, XPMEM_ABI_RDONLY);
	return *apid < 0 ? (char *)*apid :
	       xem_attach_ext(*apid, 0, LEN, XEMEM_LAZY | XEMEM_READ);
}

/*
 * Half of it is written. The thread that freezes ends, and so does the process;
 * what they were is not used any more (a kernel with slub_debug=P sees it).
 */
static void *freeze_thread(void *arg)
{
	talk->segid = freeze(talk->addr, LEN);
	return NULL;
}

static int freeze_in_thread(void *written)
{
	pthread_t thread;

	talk->addr = memory_new(MEMORY_SMALL, LEN);
	CHECK(talk->addr != MAP_FAILED);
	xem_fill(talk->addr, (size_t)written, 1);
	CHECK(!pthread_create(&thread, NULL, freeze_thread, NULL));
	CHECK(!pthread_join(thread, NULL));
	CHECK(talk->segid > 0);
	return 0;
}

/* So many tasks that what is free is used again. */
static int nothing(void *arg)
{
	return 0;
}

static int churn_tasks(void)
{
	/* A grace period or two. */
	sleep_ms(500);
	for (int i = 0; i < 300; i++)
		CHECK_EQ(0, in_child(nothing, NULL));
	return 0;
}

PAY_TEST(maker_is_gone)
{
	__s64 apid;
	char *p;

	ASSERT_EQ(0, actor_do(&self->maker, freeze_in_thread,
			      (void *)(LEN / 2)));
	p = attach(&apid);
	ASSERT_EQ(0, xem_error(p));
	ASSERT_EQ(0, churn_tasks());
	EXPECT_EQ(0, xem_wrong(p, LEN / 4, 1));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->maker, SIGKILL));
	ASSERT_EQ(0, churn_tasks());
	EXPECT_EQ(0, xem_wrong(p, LEN / 2, 1));
	EXPECT_EQ(0, xem_wrong(p + LEN / 2, LEN / 2, 0));
	EXPECT_EQ(0, xem_release(apid));
}

/* The OOM killer's own opinion, which nobody has to die for. */
PAY_TEST(score)
{
	long enough = score_of(LEN), before, mine;
	__s64 apid;
	char *p;

	ASSERT_EQ(0, actor_do(&self->maker, allocate, NULL));
	before = badness_of(self->maker.pid);
	mine = badness_of(getpid());
	ASSERT_EQ(0, actor_do(&self->maker, freeze_and_rewrite, NULL));
	TH_LOG("maker %ld, then %ld; %ld is enough", before,
	       badness_of(self->maker.pid), enough);
	EXPECT_LE(before + enough, badness_of(self->maker.pid));

	p = attach(&apid);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, xem_wrong(p, LEN, 1));
	EXPECT_GT(mine + enough, badness_of(getpid()));
	/* Now nobody gives it back but the importer. */
	ASSERT_EQ(0, actor_do(&self->maker, remove_it, NULL));
	TH_LOG("maker %ld after removal; importer %ld, then %ld",
	       badness_of(self->maker.pid), mine, badness_of(getpid()));
	EXPECT_GT(before + enough, badness_of(self->maker.pid));
	EXPECT_LE(mine + enough, badness_of(getpid()));
	EXPECT_EQ(0, xem_detach(p));
	EXPECT_GT(mine + enough, badness_of(getpid()));
}

static long committed_kb(void)
{
	return value_of("/proc/meminfo", "Committed_AS");
}

/* As fork() would commit it, until it goes. */
PAY_TEST(commit_limit)
{
	long before, then;

	ASSERT_EQ(0, actor_do(&self->maker, allocate, NULL));
	before = committed_kb();
	ASSERT_EQ(0, actor_do(&self->maker, freeze_and_rewrite, NULL));
	then = committed_kb();
	TH_LOG("%ld KiB committed, then %ld", before, then);
	EXPECT_LE(before + (long)(LEN >> 10) - SLACK_KB, then);
	ASSERT_EQ(0, actor_do(&self->maker, remove_it, NULL));
	EXPECT_GT(before + SLACK_KB, committed_kb());
}

/* Without an end: what is there may be frozen again and again. */
static int freeze_until_refused(void *arg)
{
	long most = (long)arg;

	for (talk->number = 0; talk->number < most; talk->number++) {
		talk->segid = freeze(talk->addr, LEN);
		if (talk->segid < 0)
			break;
	}
	return 0;
}

PAY_TEST(overcommit_never)
{
	long total = value_of("/proc/meminfo", "MemTotal");
	long most = total / (LEN >> 10) + 16;
	int ret;

	ASSERT_EQ(0, actor_do(&self->maker, allocate, NULL));
	ASSERT_EQ(0, write_to(COMMIT_PATH, "2"));
	ret = actor_do(&self->maker, freeze_until_refused, (void *)most);
	EXPECT_EQ(0, write_to(COMMIT_PATH, "0"));
	ASSERT_EQ(0, ret);
	TH_LOG("%ld of %ld, then %lld", talk->number, most, talk->segid);
	EXPECT_EQ(-ENOMEM, talk->segid);
}

static int limit_address_space(void *arg)
{
	long kb = value_of("/proc/self/status", "VmSize");
	struct rlimit limit = { (kb << 10) + 5 * LEN / 2, RLIM_INFINITY };

	CHECK(!setrlimit(RLIMIT_AS, &limit));
	return 0;
}

/* What a process has and what it has frozen, together. */
PAY_TEST(address_space)
{
	ASSERT_EQ(0, actor_do(&self->maker, allocate, NULL));
	ASSERT_EQ(0, actor_do(&self->maker, limit_address_space, NULL));
	ASSERT_EQ(0, actor_do(&self->maker, freeze_until_refused, (void *)8));
	EXPECT_EQ(2, talk->number);
	EXPECT_EQ(-ENOMEM, talk->segid);
}

/* Of a user, in however many processes. */
PAY_TEST(limit_of_a_user)
{
	struct actor_how how = {
		.other_user = true, .uid = NOBODY, .gid = NOBODY,
	};
	struct actor user = {}, same_user = {};
	long old = read_number(MAX_PATH);

	ASSERT_LT(0, old);
	ASSERT_EQ(0, actor_start(&user, how));
	ASSERT_EQ(0, actor_start(&same_user, how));
	ASSERT_EQ(0, write_number(MAX_PATH, 5 * LEN / 2 / PAGE));
	EXPECT_EQ(0, actor_do(&user, allocate, NULL));
	EXPECT_EQ(0, actor_do(&user, freeze_until_refused, (void *)8));
	EXPECT_EQ(2, talk->number);
	EXPECT_EQ(-EDQUOT, talk->segid);
	EXPECT_EQ(0, actor_do(&same_user, allocate, NULL));
	EXPECT_EQ(0, actor_do(&same_user, freeze_until_refused, (void *)8));
	EXPECT_EQ(0, talk->number);
	EXPECT_EQ(-EDQUOT, talk->segid);
	/* Another one's is another's affair, and root may. */
	EXPECT_EQ(0, actor_do(&self->maker, allocate, NULL));
	EXPECT_EQ(0, actor_do(&self->maker, freeze_until_refused, (void *)4));
	EXPECT_EQ(4, talk->number);
	/* And what is given back can be had again. */
	actor_end(&user);
	EXPECT_EQ(0, actor_do(&same_user, freeze_until_refused, (void *)8));
	EXPECT_EQ(2, talk->number);
	EXPECT_EQ(0, write_number(MAX_PATH, old));
	actor_end(&same_user);
}

static long charged_kb(const char *group)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.current", group);
	return read_number(path) >> 10;
}

static int make_group(const char *group)
{
	CHECK(!mkdir(group, 0755) || errno == EEXIST);
	return 0;
}

static int enter(void *arg)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.procs", (const char *)arg);
	return write_number(path, getpid());
}

static bool falls_to(const char *group, long kb)
{
	long end = now_ms() + RETURN_MS;

	while (charged_kb(group) > kb && now_ms() < end)
		sleep_ms(50);
	if (charged_kb(group) <= kb)
		return true;
	fprintf(stderr, "# %s: %ld KiB, not %ld\n", group, charged_kb(group),
		kb);
	return false;
}

/* Where there is less than that, somebody else was charged. */
static int pin_all(const char *p)
{
	static char buf[LEN];
	struct iovec local = { buf, LEN }, remote = { (char *)p, LEN };

	CHECK_EQ(LEN, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	CHECK_EQ(0, xem_wrong(buf, LEN, 1));
	return 0;
}

/* The maker pays for what an importer's touch makes, too. */
PAY_TEST(memory_cgroup)
{
	long before, theirs;
	__s64 apid;
	char *p;

	ASSERT_EQ(0, write_to(CGROUPS "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, make_group(GROUP) | make_group(OTHER_GROUP));
	ASSERT_EQ(0, actor_do(&self->maker, enter, GROUP));
	ASSERT_EQ(0, enter(OTHER_GROUP));
	before = charged_kb(GROUP);
	ASSERT_EQ(0, actor_do(&self->maker, freeze_and_unmap, NULL));
	TH_LOG("%ld KiB, then %ld", before, charged_kb(GROUP));
	EXPECT_LE(before + (long)(LEN >> 10) - SLACK_KB, charged_kb(GROUP));
	ASSERT_EQ(0, actor_do(&self->maker, remove_it, NULL));
	EXPECT_TRUE(falls_to(GROUP, before + SLACK_KB));

	/* What is still the maker's, too, is copied for who pins it. */
	ASSERT_EQ(0, actor_do(&self->maker, freeze_in_thread, (void *)LEN));
	before = charged_kb(GROUP);
	p = attach(&apid);
	ASSERT_EQ(0, xem_error(p));
	theirs = charged_kb(OTHER_GROUP);
	EXPECT_EQ(0, pin_all(p));
	TH_LOG("maker's %ld KiB, then %ld; importer's %ld, then %ld", before,
	       charged_kb(GROUP), theirs, charged_kb(OTHER_GROUP));
	EXPECT_LE(before + (long)(LEN >> 10) - SLACK_KB, charged_kb(GROUP));
	EXPECT_EQ(0, xem_release(apid));
	EXPECT_EQ(0, enter(CGROUPS));
}

TEST_HARNESS_MAIN
