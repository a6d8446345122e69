// SPDX-License-Identifier: GPL-2.0
/*
 * Names, numbers and quotas, with users who do not trust each other: what one
 * has takes neither a name nor time nor a quota from another. Needs root, to
 * be several users.
 */
#include <stdbool.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "../lwk/lwk_meminfo.h"

#define LEN		(4 * PAGE)
#define QUOTAS		"/proc/sys/xemem/"
/* All of the same group. */
#define USER		2000
#define SQUATTER	2001
#define TEAM		3000
/* Ids that USER was given for his user namespaces. */
#define SUBUID		100000
#define SOON_MS		10000
/* Names, and a part of them that is timed. */
#define MANY		12000
#define PART		1000
/* What a tree may cost more than a few names do, on a machine with others. */
#define FACTOR		6
#define REPLACED	2000
#define PF_SUPERPRIV	0x100

/**
 * struct told - what the processes say to each other
 * @name: to make, to look for.
 * @flags: of the request.
 * @owner: whose name, with XEMEM_OWNER.
 * @nr: how many.
 * @timeout_ms: to look for it.
 * @segid: of a segment.
 * @back: what came of it.
 * @first_us, @last_us: how long the first and the last part took.
 * @stop: it is enough.
 */
struct told {
	char name[XEMEM_NAME_MAX];
	volatile unsigned int flags;
	volatile uid_t owner;
	volatile int nr;
	volatile int timeout_ms;
	volatile __s64 segid;
	volatile __s64 back;
	volatile long first_us;
	volatile long last_us;
	volatile bool stop;
};

static struct told *told;
static char *mem;

FIXTURE(names)
{
	struct actor user;
	struct actor squatter;
	struct actor other;
};

FIXTURE_SETUP(names)
{
	if (geteuid())
		SKIP(return, "not root");
	ASSERT_EQ(0, xem_begin());
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	mem = map(LEN, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, mem);
	xem_catch();
	strcpy(told->name, "names.field");
}

FIXTURE_TEARDOWN(names)
{
	actor_end(&self->user);
	actor_end(&self->squatter);
	actor_end(&self->other);
	close(xem_fd);
}

static struct actor_how as_user(uid_t uid)
{
	return (struct actor_how){
		.other_user = true,
		.uid = uid,
		.gid = TEAM,
	};
}

static __s64 make_named(const char *name, unsigned int flags)
{
	struct xemem_make req = xem_request(mem, LEN, name);

	req.flags = flags;
	req.mode = 0644;
	return xem_make_ext(&req);
}

static __s64 look_up_of(const char *name, uid_t owner, int timeout_ms)
{
	struct xemem_lookup req = {
		.timeout_ms = timeout_ms,
		.flags = XEMEM_OWNER,
		.owner = owner,
	};
	long ret;

	snprintf(req.name, sizeof(req.name), "%s", name);
	ret = xem_ioctl(XEMEM_IOC_LOOKUP, &req);
	return ret ? ret : req.segid;
}

static int make_told(void *arg)
{
	told->back = make_named(told->name, told->flags);
	told->segid = told->back;
	return 0;
}

static int look_up_told(void *arg)
{
	told->back = told->flags & XEMEM_OWNER ?
		     look_up_of(told->name, told->owner, told->timeout_ms) :
		     xem_lookup(told->name, told->timeout_ms);
	return 0;
}

static __s64 tell(struct actor *a, int (*fn)(void *))
{
	return actor_do(a, fn, NULL) ? -ECHILD : told->back;
}

/* Who comes first takes the name from nobody. */
TEST_F(names, squatter)
{
	__s64 squatted, real, found;

	if (!(xem_features() & XEMEM_HAS_OWNER))
		TH_LOG("names are not their users'");
	ASSERT_EQ(0, actor_start(&self->squatter, as_user(SQUATTER)));
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	squatted = tell(&self->squatter, make_told);
	ASSERT_LT(0, squatted);
	real = tell(&self->user, make_told);
	EXPECT_LT(0, real)
		TH_LOG("errno %d: the name is taken", -(int)real);
	/* A second one of one's own is refused. */
	EXPECT_EQ(-EEXIST, tell(&self->user, make_told));
	/* One's own goes first; for others, who was there before. */
	EXPECT_EQ(squatted, tell(&self->squatter, look_up_told));
	EXPECT_EQ(real, tell(&self->user, look_up_told));
	EXPECT_EQ(squatted, xem_lookup(told->name, 0));
	/* Who knows whom he wants says so. */
	EXPECT_EQ(real, look_up_of(told->name, USER, 0));
	EXPECT_EQ(squatted, look_up_of(told->name, SQUATTER, 0));
	EXPECT_EQ(-ENOENT, look_up_of(told->name, 0, 0));
	EXPECT_EQ(-EINVAL, look_up_of(told->name, -1, 0));
	/* The squatter has no way to replace another's. */
	told->flags = XEMEM_REPLACE;
	found = tell(&self->squatter, make_told);
	EXPECT_LT(0, found);
	EXPECT_EQ(real, look_up_of(told->name, USER, 0));
	EXPECT_EQ(found, look_up_of(told->name, SQUATTER, 0));
	actor_kill(&self->squatter, SIGKILL);
	EXPECT_EQ(real, xem_lookup(told->name, 0));
	EXPECT_EQ(-ENOENT, look_up_of(told->name, SQUATTER, 0));
}

/* Who waits for one user's is not content with another's. */
TEST_F(names, wait_for_an_owner)
{
	ASSERT_EQ(0, actor_start(&self->squatter, as_user(SQUATTER)));
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	ASSERT_EQ(0, actor_start(&self->other, as_user(SQUATTER)));
	told->flags = XEMEM_OWNER;
	told->owner = USER;
	told->timeout_ms = SOON_MS;
	actor_post(&self->other, look_up_told, NULL);
	EXPECT_TRUE(actor_waits(&self->other, 200));
	told->flags = 0;
	EXPECT_EQ(0, actor_do(&self->squatter, make_told, NULL));
	EXPECT_TRUE(actor_waits(&self->other, 200));
	EXPECT_EQ(0, actor_do(&self->user, make_told, NULL));
	EXPECT_EQ(0, actor_wait(&self->other));
	EXPECT_LT(0, told->segid);
	EXPECT_EQ(told->segid, told->back);
}

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long make_part(int from, int nr, const char *prefix)
{
	char name[XEMEM_NAME_MAX];
	long begin = now_us();

	for (int i = from; i < from + nr; i++) {
		snprintf(name, sizeof(name), "%s/%d", prefix, i);
		if (make_named(name, 0) < 0)
			return -errno;
	}
	return now_us() - begin;
}

static long look_up_part(int nr)
{
	long begin = now_us();

	for (int i = 0; i < nr; i++)
		xem_lookup("names.none", 0);
	return now_us() - begin;
}

static int make_names(void *arg)
{
	told->first_us = make_part(0, PART, "names.many");
	for (int i = PART; i < MANY - PART; i += PART)
		CHECK(make_part(i, PART, "names.many") > 0);
	told->last_us = make_part(MANY - PART, PART, "names.many");
	return 0;
}

/* As long as the first of them, within what caches and others cost. */
TEST_F_TIMEOUT(names, many, 300)
{
	long before, after;

	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	self->user.patience_ms = 280000;
	before = look_up_part(PART);
	ASSERT_EQ(0, actor_do(&self->user, make_names, NULL));
	after = look_up_part(PART);
	TH_LOG("%d names: the first %d in %ld us, the last in %ld us", MANY,
	       PART, told->first_us, told->last_us);
	TH_LOG("a lookup: %ld ns, then %ld ns", before * 1000 / PART,
	       after * 1000 / PART);
	EXPECT_LT(0, told->first_us);
	EXPECT_GE(FACTOR * told->first_us, told->last_us);
	EXPECT_GE(FACTOR * before, after);
}

/* How often a process was woken from a wait. */
static unsigned long switches(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return value_of(path, "voluntary_ctxt_switches");
}

/* Names of others wake nobody. */
TEST_F(names, wakes_none_but_its_own)
{
	unsigned long before;

	ASSERT_EQ(0, actor_start(&self->other, as_user(USER)));
	ASSERT_EQ(0, actor_start(&self->squatter, as_user(SQUATTER)));
	told->timeout_ms = -1;
	actor_post(&self->other, look_up_told, NULL);
	ASSERT_TRUE(actor_waits(&self->other, 200));
	before = switches(self->other.pid);
	EXPECT_LT(0, before);
	ASSERT_LT(0, make_part(0, 200, "names.other"));
	/* The last of them, if any woke it. */
	EXPECT_TRUE(actor_waits(&self->other, 200));
	EXPECT_GE(before + 1, switches(self->other.pid));
	ASSERT_LT(0, make_named(told->name, 0));
	EXPECT_EQ(0, actor_wait(&self->other));
	EXPECT_LT(0, told->back);
}

/* New versions, one after the other; the old ones go later. */
static int replace_told(void *arg)
{
	__s64 old[2] = { 0, told->segid };
	__s64 segid = 0;

	for (int i = 0; i < REPLACED; i++) {
		segid = make_named(told->name, XEMEM_REPLACE);
		if (segid < 0)
			break;
		if (old[0] > 0)
			CHECK_EQ(0, xem_remove(old[0]));
		old[0] = old[1];
		old[1] = segid;
	}
	told->back = segid;
	told->stop = true;
	return 0;
}

/* Who looks, or waits, always finds one. */
TEST_F_TIMEOUT(names, replace, 120)
{
	long looks = 0, missed = 0, changed = 0;
	__s64 segid, last = 0;

	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	ASSERT_LT(0, tell(&self->user, make_told));
	actor_post(&self->user, replace_told, NULL);
	while (!told->stop) {
		segid = xem_lookup(told->name, 0);
		missed += segid <= 0;
		changed += segid != last;
		last = segid;
		looks++;
	}
	EXPECT_EQ(0, actor_wait(&self->user));
	EXPECT_LT(0, told->back)
		TH_LOG("errno %d", -(int)told->back);
	EXPECT_EQ(0, missed);
	TH_LOG("%ld looks, %ld changes", looks, changed);
	EXPECT_EQ(told->back, xem_lookup(told->name, 0));
}

static bool describe(__s64 segid, struct xemem_segment_info *info)
{
	memset(info, 0, sizeof(*info));
	while (!xem_ioctl(XEMEM_IOC_LIST, info))
		if (info->segid == segid)
			return true;
	return false;
}

/* What was replaced is as good as before, but for its name. */
TEST_F(names, replaced)
{
	struct xemem_segment_info info;
	__s64 old = make_named(told->name, 0), new;

	ASSERT_LT(0, old);
	new = make_named(told->name, XEMEM_REPLACE);
	ASSERT_LT(0, new);
	EXPECT_NE(old, new);
	EXPECT_EQ(new, xem_lookup(told->name, 0));
	EXPECT_LT(0, xem_get(old, XPMEM_ABI_RDONLY));
	ASSERT_TRUE(describe(old, &info));
	EXPECT_STREQ("", info.name);
	ASSERT_TRUE(describe(new, &info));
	EXPECT_STREQ(told->name, info.name);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(0, xem_remove(old));
	EXPECT_EQ(new, xem_lookup(told->name, 0));
	EXPECT_EQ(0, xem_remove(new));
	EXPECT_EQ(-ENOENT, xem_lookup(told->name, 0));
	/* There need not be one, but a name there must be. */
	EXPECT_LT(0, make_named(told->name, XEMEM_REPLACE));
	EXPECT_EQ(-EINVAL, make_named("", XEMEM_REPLACE));
}

static bool quota_set(const char *name, const char *value)
{
	char path[128];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), QUOTAS "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, value, strlen(value)) == strlen(value);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* @nr at most, with a name if one was told; how many there were. */
static int make_some(void *arg)
{
	char name[XEMEM_NAME_MAX] = "";
	static int number;
	__s64 ret = 0;
	int i;

	for (i = 0; i < told->nr; i++) {
		if (told->name[0])
			snprintf(name, sizeof(name), "names.%d.%d", getpid(),
				 number++);
		ret = make_named(name, 0);
		if (ret < 0)
			break;
	}
	told->back = i;
	told->segid = ret;
	return 0;
}

static __s64 shared;	/* a segment of the first process */

static int get_some(void *arg)
{
	__s64 ret = 0;
	int i;

	for (i = 0; i < told->nr; i++) {
		ret = xem_get(shared, XPMEM_ABI_RDONLY);
		if (ret < 0)
			break;
	}
	told->back = i;
	told->segid = ret;
	return 0;
}

/* Several processes of a user have together what one may have. */
static void one_quota(struct __test_metadata *_metadata,
		      FIXTURE_DATA(names) *self, int (*some)(void *))
{
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	ASSERT_EQ(0, actor_start(&self->other, as_user(USER)));
	ASSERT_EQ(0, actor_start(&self->squatter, as_user(SQUATTER)));
	told->nr = 6;
	EXPECT_EQ(6, tell(&self->user, some));
	EXPECT_EQ(4, tell(&self->other, some));
	EXPECT_EQ(-EDQUOT, told->segid);
	/* It is nothing to another one, and root has none. */
	EXPECT_EQ(6, tell(&self->squatter, some));
	told->nr = 20;
	EXPECT_EQ(0, some(NULL));
	EXPECT_EQ(20, told->back);
	/* What ends is given back, however. */
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->user, SIGKILL));
	EXPECT_EQ(6, tell(&self->other, some));
	EXPECT_EQ(-EDQUOT, told->segid);
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->other, SIGKILL));
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	EXPECT_EQ(10, tell(&self->user, some));
}

TEST_F(names, quota_of_segments)
{
	ASSERT_TRUE(quota_set("segments_max", "10"));
	told->name[0] = '\0';
	one_quota(_metadata, self, make_some);
	EXPECT_TRUE(quota_set("segments_max", "65536"));
}

TEST_F(names, quota_of_names)
{
	ASSERT_TRUE(quota_set("names_max", "10"));
	one_quota(_metadata, self, make_some);
	EXPECT_TRUE(quota_set("names_max", "32768"));
}

TEST_F(names, quota_of_permits)
{
	shared = xem_make(mem, LEN, 0644);
	ASSERT_LT(0, shared);
	ASSERT_TRUE(quota_set("permits_max", "10"));
	one_quota(_metadata, self, get_some);
	EXPECT_TRUE(quota_set("permits_max", "1048576"));
}

/* At the limit, a name can change hands, for it is but one. */
static int replace_at_limit(void *arg)
{
	told->nr = 10;
	CHECK_EQ(0, make_some(NULL));
	CHECK_EQ(3, told->back);
	CHECK(make_named("names.3", XEMEM_REPLACE) == -EDQUOT);
	snprintf(told->name, sizeof(told->name), "names.%d.0", getpid());
	CHECK(make_named(told->name, XEMEM_REPLACE) > 0);
	CHECK(make_named(told->name, XEMEM_REPLACE) > 0);
	CHECK(make_named("", 0) > 0);
	return 0;
}

TEST_F(names, replace_at_the_limit)
{
	ASSERT_TRUE(quota_set("names_max", "3"));
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	EXPECT_EQ(0, actor_do(&self->user, replace_at_limit, NULL));
	EXPECT_TRUE(quota_set("names_max", "32768"));
}

static int enter_user_namespace(void *arg)
{
	close(xem_fd);
	told->back = unshare(CLONE_NEWUSER) ? -errno : 0;
	return 0;
}

/* Each a user of its own, of those that USER was given. */
static int make_as_subuser(void *arg)
{
	uid_t uid = *(uid_t *)arg;

	CHECK(!setresuid(uid, uid, uid));
	CHECK_EQ(0, xem_open());
	return make_some(NULL);
}

static int make_as_subusers(void *arg)
{
	long sum = 0;

	for (uid_t uid = 1; uid <= 5; uid++) {
		pid_t pid = fork();

		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			told->stop = false;
			if (make_as_subuser(&uid))
				told->back = -1;
			told->stop = true;
			pause();
		}
		while (!told->stop)
			sleep_ms(1);
		told->stop = false;
		CHECK(told->back >= 0);
		sum += told->back;
	}
	told->back = sum;
	return 0;
}

/* Who has many ids in a namespace of his own has one quota. */
TEST_F(names, quota_of_a_user_namespace)
{
	char path[64], ids[128];
	int fd;

	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	told->name[0] = '\0';
	told->stop = false;
	ASSERT_EQ(0, actor_do(&self->user, enter_user_namespace, NULL));
	if (told->back)
		SKIP(return, "no user namespaces: errno %d", -(int)told->back);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", self->user.pid);
	snprintf(ids, sizeof(ids), "0 %d 1\n1 %d 10\n", USER, SUBUID);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(strlen(ids), write(fd, ids, strlen(ids)));
	close(fd);
	told->nr = 8;
	ASSERT_TRUE(quota_set("segments_max", "10"));
	EXPECT_EQ(10, tell(&self->user, make_as_subusers));
	EXPECT_TRUE(quota_set("segments_max", "65536"));
}

/* None comes again, and the list is in the order in which they were made. */
TEST_F(names, numbers)
{
	struct xemem_segment_info info = {};
	__s64 before = 0, segid;
	bool seen = false;

	for (int i = 0; i < 5000; i++) {
		segid = xem_make(mem, PAGE, 0600);
		ASSERT_LT(before, segid);
		EXPECT_EQ(getpid(), (pid_t)segid);
		EXPECT_EQ(-ENOENT, xem_get(segid ^ 1, XPMEM_ABI_RDONLY));
		EXPECT_EQ(-ENOENT, xem_get(segid ^ 1 << 25, XPMEM_ABI_RDONLY));
		ASSERT_EQ(0, xem_remove(segid));
		EXPECT_EQ(-ENOENT, xem_get(segid, XPMEM_ABI_RDONLY));
		before = segid;
	}
	segid = xem_make(mem, PAGE, 0600);
	before = 0;
	while (!xem_ioctl(XEMEM_IOC_LIST, &info)) {
		EXPECT_LT(before, info.segid);
		before = info.segid;
		seen |= info.segid == segid;
	}
	EXPECT_TRUE(seen);
}

static int list_elsewhere(void *arg)
{
	struct xemem_segment_info info = {};
	__s64 own;

	close(xem_fd);
	CHECK(!unshare(CLONE_NEWIPC));
	CHECK_EQ(0, xem_open());
	CHECK_EQ(-ENOENT, xem_ioctl(XEMEM_IOC_LIST, &info));
	own = xem_make(mem, PAGE, 0600);
	CHECK(own > 0);
	info.segid = 0;
	CHECK_EQ(0, xem_ioctl(XEMEM_IOC_LIST, &info));
	CHECK_EQ(own, info.segid);
	CHECK_EQ(-ENOENT, xem_ioctl(XEMEM_IOC_LIST, &info));
	return 0;
}

/* With many of another namespace before it. */
TEST_F(names, list_of_a_namespace)
{
	for (int i = 0; i < 1000; i++)
		ASSERT_LT(0, xem_make(mem, PAGE, 0600));
	EXPECT_EQ(0, in_child(list_elsewhere, NULL));
}

static bool used_a_privilege(void)
{
	FILE *f = fopen("/proc/self/stat", "re");
	unsigned int flags = 0;

	if (f && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		flags = ~0U;
	if (f)
		fclose(f);
	return flags & PF_SUPERPRIV;
}

/* By an entry of the list (@nr is 1), or by a capability. */
static int get_by(void *arg)
{
	__s64 apid;

	close(xem_fd);
	CHECK_EQ(0, xem_open());
	CHECK(!used_a_privilege());
	apid = xem_get(told->segid, XPMEM_ABI_RDONLY);
	CHECK(apid > 0);
	CHECK_EQ(!told->nr, used_a_privilege());
	return 0;
}

static int set_list(void *arg)
{
	struct xemem_acl_entry root = {
		.kind = XEMEM_ACL_USER,
		.rights = XPMEM_ABI_RDONLY,
	};
	struct xemem_acl acl = {
		.segid = told->segid,
		.entries = (uintptr_t)&root,
		.nr = 1,
	};

	root.rights = told->nr ? XPMEM_ABI_RDONLY : 0;
	told->back = xem_ioctl(XEMEM_IOC_ACL, &acl);
	return 0;
}

/* What an entry grants uses no capability, so none is denied or recorded. */
TEST_F(names, granted_without_a_capability)
{
	ASSERT_EQ(0, actor_start(&self->user, as_user(USER)));
	ASSERT_LT(0, tell(&self->user, make_told));
	for (int i = 0; i < 2; i++) {
		told->nr = i;
		EXPECT_EQ(0, tell(&self->user, set_list));
		EXPECT_EQ(0, in_child(get_by, NULL));
	}
}

TEST_HARNESS_MAIN
