// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets a permit, who does not, and what a segment may be called: modes,
 * lists, namespaces, quotas, names, bells. Needs root.
 */
#include <dirent.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "../lwk/lwk_meminfo.h"

#define LEN		(4 * PAGE)
#define STACK		(16 * PAGE)
#define QUOTAS		"/proc/sys/xemem/"
#define QUOTA_TRIES	100000
/* The creator; one of his group; a stranger. */
#define OWNER		2000
#define FRIEND		2001
#define STRANGER	2002
#define TEAM		3000
#define NO_TEAM		3001
/* A wait that is one, and how much longer it may take on a slow machine. */
#define SOME_MS		300

/**
 * struct told - what two processes say to each other
 * @segid: of the owner's segment.
 * @mode: it is to have.
 * @name: it is to have.
 * @flags: to get it with.
 * @timeout_ms: to look for it.
 * @back: what came of it.
 */
struct told {
	volatile __s64 segid;
	volatile int mode;
	char name[XEMEM_NAME_MAX];
	volatile int flags;
	volatile int timeout_ms;
	volatile __s64 back;
	volatile __s64 apid;
	volatile int bell;
};

static struct told *told;
static char *mem;

FIXTURE(permit)
{
	struct actor owner;
	struct actor other;
};

FIXTURE_SETUP(permit)
{
	if (geteuid())
		SKIP(return, "not root");
	ASSERT_EQ(0, xem_begin());
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	mem = map(LEN, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, mem);
	xem_fill(mem, LEN, 1);
	xem_catch();
}

FIXTURE_TEARDOWN(permit)
{
	actor_end(&self->owner);
	actor_end(&self->other);
	close(xem_fd);
	EXPECT_TRUE(xem_all_unpinned(RETURN_MS));
}

static struct actor_how as_user(uid_t uid, gid_t gid)
{
	return (struct actor_how){
		.other_user = true,
		.uid = uid,
		.gid = gid,
	};
}

/* A segment with the mode, and the name if there is one, that were told. */
static int make_told(void *arg)
{
	struct xemem_make req = xem_request(mem, LEN, told->name);

	req.mode = told->mode;
	told->segid = told->name[0] ? xem_make_ext(&req) :
				      xem_make(mem, LEN, told->mode);
	CHECK(told->segid > 0);
	return 0;
}

static int remove_told(void *arg)
{
	CHECK_EQ(0, xem_remove(told->segid));
	return 0;
}

/* 0 or -errno in @back; what it got is used, and given back. */
static int get_told(void *arg)
{
	__s64 apid = xem_get(told->segid, told->flags);
	char *p;

	told->back = apid < 0 ? apid : 0;
	if (apid < 0)
		return 0;
	p = xem_attach(apid, 0, LEN);
	CHECK_EQ(0, xem_error(p));
	CHECK_EQ(0, xem_peek(p));
	CHECK_EQ(told->flags == XPMEM_ABI_RDWR ? 0 : SIGSEGV,
		 xem_store(p, xem_word(1, 0)));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

/* What the other one gets with @flags: 0 or -errno; 1: it went wrong. */
static int got(struct actor *other, int flags)
{
	told->flags = flags;
	if (actor_do(other, get_told, NULL))
		return 1;
	return told->back;
}

/* @r, @w: whether who is @uid, @gid may read and write. */
struct mode_case {
	int mode;
	uid_t uid;
	gid_t gid;
	bool r;
	bool w;
};

static const struct mode_case mode_cases[] = {
	{ 0600, OWNER, NO_TEAM, true, true },
	{ 0400, OWNER, TEAM, true, false },
	{ 0200, OWNER, TEAM, false, false },
	{ 0000, OWNER, TEAM, false, false },
	/* The first class that fits decides, as for System V memory. */
	{ 0066, OWNER, TEAM, false, false },
	{ 0606, FRIEND, TEAM, false, false },
	{ 0660, FRIEND, TEAM, true, true },
	{ 0640, FRIEND, TEAM, true, false },
	{ 0600, FRIEND, TEAM, false, false },
	{ 0666, STRANGER, NO_TEAM, true, true },
	{ 0664, STRANGER, NO_TEAM, true, false },
	{ 0662, STRANGER, NO_TEAM, false, false },
	{ 0660, STRANGER, NO_TEAM, false, false },
	/* Executing means nothing. */
	{ 0771, STRANGER, NO_TEAM, false, false },
	{ 0777, STRANGER, NO_TEAM, true, true },
};

static int try_mode(struct actor *owner, const struct mode_case *c)
{
	struct actor other = {};
	int r, zero, w;

	told->mode = c->mode;
	CHECK_EQ(0, actor_do(owner, make_told, NULL));
	CHECK_EQ(0, actor_start(&other, as_user(c->uid, c->gid)));
	r = got(&other, XPMEM_ABI_RDONLY);
	zero = got(&other, 0);
	w = got(&other, XPMEM_ABI_RDWR);
	actor_end(&other);
	CHECK_EQ(0, actor_do(owner, remove_told, NULL));
	CHECK_EQ(c->r ? 0 : -EACCES, r);
	CHECK_EQ(c->r ? 0 : -EACCES, zero);
	CHECK_EQ(c->w ? 0 : -EACCES, w);
	return 0;
}

TEST_F_TIMEOUT(permit, modes, 120)
{
	ASSERT_EQ(0, actor_start(&self->owner, as_user(OWNER, TEAM)));
	for (size_t i = 0; i < sizeof(mode_cases) / sizeof(*mode_cases); i++) {
		EXPECT_EQ(0, try_mode(&self->owner, &mode_cases[i]))
			TH_LOG("mode %#o, uid %d, gid %d", mode_cases[i].mode,
			       mode_cases[i].uid, mode_cases[i].gid);
	}
}

/* What root makes is not everybody's. */
TEST_F(permit, made_by_root)
{
	ASSERT_EQ(0, actor_start(&self->other, as_user(STRANGER, TEAM)));
	told->segid = xem_make(mem, LEN, 0600);
	ASSERT_LT(0, told->segid);
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDWR));
	told->segid = xem_make(mem, LEN, 0604);
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDONLY));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDWR));
}

/* A capability of the bounding set, of this process, gone. */
static int drop_capability(void *arg)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	CHECK(!syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1U << CAP_IPC_OWNER);
	data[0].permitted &= ~(1U << CAP_IPC_OWNER);
	CHECK(!syscall(SYS_capset, &head, data));
	return 0;
}

TEST_F(permit, cap_ipc_owner)
{
	told->mode = 0600;
	ASSERT_EQ(0, actor_start(&self->owner, as_user(OWNER, TEAM)));
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	ASSERT_EQ(0, actor_do(&self->owner, make_told, NULL));
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, actor_do(&self->other, drop_capability, NULL));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDWR));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
}

static int enter_user_namespace(void *arg)
{
	told->back = unshare(CLONE_NEWUSER) ? -errno : 0;
	return 0;
}

/* All capabilities in a namespace of one's own are none over others. */
TEST_F(permit, user_namespace)
{
	told->mode = 0600;
	ASSERT_EQ(0, actor_start(&self->owner, as_user(OWNER, TEAM)));
	ASSERT_EQ(0, actor_start(&self->other, as_user(STRANGER, NO_TEAM)));
	ASSERT_EQ(0, actor_do(&self->owner, make_told, NULL));
	ASSERT_EQ(0, actor_do(&self->other, enter_user_namespace, NULL));
	if (told->back)
		SKIP(return, "no user namespaces: errno %d", -(int)told->back);
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
}

/* As if the device had not been opened before. */
static int enter_ipc_namespace(void *arg)
{
	close(xem_fd);
	CHECK(!unshare(CLONE_NEWIPC));
	CHECK_EQ(0, xem_open());
	return 0;
}

static int look_up(void *arg)
{
	told->back = xem_lookup(told->name, told->timeout_ms);
	return 0;
}

TEST_F(permit, ipc_namespace)
{
	told->mode = 0666;
	snprintf(told->name, sizeof(told->name), "permit.ipc");
	ASSERT_EQ(0, make_told(NULL));
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, actor_do(&self->other, look_up, NULL));
	EXPECT_EQ(told->segid, told->back);
	ASSERT_EQ(0, actor_do(&self->other, enter_ipc_namespace, NULL));
	EXPECT_EQ(-ENOENT, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, actor_do(&self->other, look_up, NULL));
	EXPECT_EQ(-ENOENT, told->back);
}

static int use_foreign_apid(void *arg)
{
	__s64 apid = told->apid;

	CHECK_EQ(-EACCES, xem_error(xem_attach(apid, 0, PAGE)));
	CHECK_EQ(-EACCES, xem_error(xem_attach_ext(apid, 0, PAGE,
						   XEMEM_READ)));
	CHECK_EQ(-EACCES, xem_release(apid));
	CHECK_EQ(-EACCES, xem_ioctl(XEMEM_IOC_RING, &apid));
	CHECK_EQ(-EACCES, xem_remove(told->segid));
	return 0;
}

/* A permit is its process's, whatever the other one could get. */
TEST_F(permit, foreign_apid)
{
	told->segid = xem_make(mem, LEN, 0666);
	told->apid = xem_get(told->segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, told->apid);
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	EXPECT_EQ(0, actor_do(&self->other, use_foreign_apid, NULL));
	EXPECT_EQ(0, xem_release(told->apid));
}

static int set_acl(__s64 segid, const struct xemem_acl_entry *entries,
		   unsigned int nr)
{
	struct xemem_acl acl = {
		.segid = segid,
		.entries = (uintptr_t)entries,
		.nr = nr,
	};

	return xem_ioctl(XEMEM_IOC_ACL, &acl);
}

static int set_acl_told(void *arg)
{
	told->back = set_acl(told->segid, NULL, 0);
	return 0;
}

/* The first entry that fits decides, then the mode. */
TEST_F(permit, acl)
{
	const struct xemem_acl_entry may_read[] = {
		{ .kind = XEMEM_ACL_USER, .id = OWNER, .rights = 2 },
		{ .kind = XEMEM_ACL_USER, .id = STRANGER, .rights = 1 },
		{ .kind = XEMEM_ACL_USER, .id = STRANGER, .rights = 2 },
	};
	const struct xemem_acl_entry team_may[] = {
		{ .kind = XEMEM_ACL_GROUP, .id = TEAM, .rights = 2 },
	};
	const struct xemem_acl_entry may_not[] = {
		{ .kind = XEMEM_ACL_USER, .id = STRANGER, .rights = 0 },
		{ .kind = XEMEM_ACL_GROUP, .id = TEAM, .rights = 2 },
	};

	if (!(xem_features() & XEMEM_HAS_ACL))
		SKIP(return, "no lists");
	ASSERT_EQ(0, actor_start(&self->other, as_user(STRANGER, TEAM)));
	told->segid = xem_make(mem, LEN, 0600);
	ASSERT_EQ(0, set_acl(told->segid, may_read, 3));
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDONLY));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, set_acl(told->segid, team_may, 1));
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, set_acl(told->segid, may_not, 2));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
	ASSERT_EQ(0, set_acl(told->segid, NULL, 0));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
	told->segid = xem_make(mem, LEN, 0666);
	EXPECT_EQ(0, got(&self->other, XPMEM_ABI_RDWR));
	ASSERT_EQ(0, set_acl(told->segid, may_not, 1));
	EXPECT_EQ(-EACCES, got(&self->other, XPMEM_ABI_RDONLY));
	ASSERT_EQ(0, actor_do(&self->other, set_acl_told, NULL));
	EXPECT_EQ(-EACCES, told->back);
	EXPECT_EQ(-ENOENT, set_acl(0x3ffffffeLL << 32 | 0x7ffffffe, NULL, 0));
}

/* Until it is refused. */
static int make_many(void *arg)
{
	told->back = 0;
	for (long i = 0; i < QUOTA_TRIES && told->back >= 0; i++)
		told->back = xem_make(mem, PAGE, 0600);
	return 0;
}

/* The file of the quota that has @word in its name; false if none has. */
static bool quota_file(const char *word, char *path, size_t size)
{
	DIR *dir = opendir(QUOTAS);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		found = strstr(entry->d_name, word);
		if (found)
			snprintf(path, size, QUOTAS "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool quota_swap(const char *path, const char *value, char *old,
		       size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	n = read(fd, old, size - 1);
	old[n > 0 ? n : 0] = '\0';
	n = pwrite(fd, value, strlen(value), 0);
	close(fd);
	return n == strlen(value);
}

TEST_F_TIMEOUT(permit, quota_of_segments, 120)
{
	char path[512], old[64], ignored[64];

	if (!quota_file("segment", path, sizeof(path)))
		SKIP(return, "no " QUOTAS "*segment*");
	ASSERT_EQ(0, actor_start(&self->other, as_user(STRANGER, TEAM)));
	ASSERT_TRUE(quota_swap(path, "10", old, sizeof(old)));
	EXPECT_EQ(0, actor_do(&self->other, make_many, NULL));
	EXPECT_TRUE(quota_swap(path, old, ignored, sizeof(ignored)));
	TH_LOG("%s of 10: errno %d", path, -(int)told->back);
	EXPECT_TRUE(told->back == -EDQUOT || told->back == -ENOSPC ||
		    told->back == -EAGAIN || told->back == -EBUSY ||
		    told->back == -ENOMEM || told->back == -EMFILE);
}

static __s64 make_named(const char *name)
{
	struct xemem_make req = xem_request(mem, LEN, name);

	return xem_make_ext(&req);
}

TEST_F(permit, names)
{
	__s64 segid = make_named("permit.a-b_C/9");

	ASSERT_LT(0, segid);
	EXPECT_EQ(segid, xem_lookup("permit.a-b_C/9", 0));
	EXPECT_EQ(-EEXIST, make_named("permit.a-b_C/9"));
	EXPECT_EQ(-ENOENT, xem_lookup("permit.a-b_C", 0));
	EXPECT_EQ(-ENOENT, xem_lookup("permit.a-b_c/9", 0));
	/* None has the empty name, and any number of segments have none. */
	EXPECT_EQ(-EINVAL, xem_lookup("", 0));
	EXPECT_LT(0, make_named(""));
	EXPECT_LT(0, make_named(""));
	EXPECT_EQ(0, xem_remove(segid));
	EXPECT_EQ(-ENOENT, xem_lookup("permit.a-b_C/9", 0));
	EXPECT_LT(0, make_named("permit.a-b_C/9"));
}

TEST_F(permit, names_that_are_none)
{
	static const char * const names[] = {
		"a b", "a\n", "\303\244", "a*", "a:b", "\177", "a@b", "\\",
	};
	struct xemem_make req = xem_request(mem, LEN, "");
	struct xemem_lookup lookup = {};

	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(-EINVAL, make_named(names[i]))
			TH_LOG("\"%s\"", names[i]);
		EXPECT_EQ(-EINVAL, xem_lookup(names[i], 0));
	}
	/* No NUL. */
	memset(req.name, 'a', sizeof(req.name));
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	memset(lookup.name, 'a', sizeof(lookup.name));
	EXPECT_EQ(-EINVAL, xem_ioctl(XEMEM_IOC_LOOKUP, &lookup));
	/* The longest one. */
	req.name[XEMEM_NAME_MAX - 1] = '\0';
	EXPECT_LT(0, xem_make_ext(&req));
}

/* A name dies with its owner. */
TEST_F(permit, name_of_the_dead)
{
	snprintf(told->name, sizeof(told->name), "permit.dead");
	told->mode = 0600;
	ASSERT_EQ(0, actor_start(&self->owner, (struct actor_how){}));
	ASSERT_EQ(0, actor_do(&self->owner, make_told, NULL));
	EXPECT_EQ(told->segid, xem_lookup("permit.dead", 0));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->owner, SIGKILL));
	EXPECT_EQ(-ENOENT, xem_lookup("permit.dead", 0));
	EXPECT_LT(0, make_named("permit.dead"));
}

TEST_F(permit, lookup_waits)
{
	long begin = now_ms();

	EXPECT_EQ(-ETIMEDOUT, xem_lookup("permit.never", SOME_MS));
	EXPECT_LE(SOME_MS - 1, now_ms() - begin);
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	snprintf(told->name, sizeof(told->name), "permit.later");
	told->timeout_ms = MEMBER_PATIENCE_MS;
	actor_post(&self->other, look_up, NULL);
	EXPECT_TRUE(actor_waits(&self->other, SOME_MS));
	/* Another one is not it. */
	EXPECT_LT(0, make_named("permit.other"));
	EXPECT_TRUE(actor_waits(&self->other, SOME_MS));
	told->segid = make_named("permit.later");
	EXPECT_EQ(0, actor_wait(&self->other));
	EXPECT_LT(0, told->segid);
	EXPECT_EQ(told->segid, told->back);
	/* It is there: no wait. */
	told->timeout_ms = -1;
	EXPECT_EQ(0, actor_do(&self->other, look_up, NULL));
	EXPECT_EQ(told->segid, told->back);
}

TEST_F(permit, lookup_is_killable)
{
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	snprintf(told->name, sizeof(told->name), "permit.never");
	told->timeout_ms = -1;
	actor_post(&self->other, look_up, NULL);
	EXPECT_TRUE(actor_waits(&self->other, SOME_MS));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->other, SIGKILL));
}

/**
 * struct heir - who shares an address space with a process that leaves it
 * @parent: leaves.
 * @attached: what it leaves.
 * @ready: it has no file of the device any more; so the last one is the
 *	parent's.
 */
struct heir {
	pid_t parent;
	volatile char *attached;
	volatile bool ready;
};

/* Of the signal for memory that is gone. */
static int outlive(void *arg)
{
	struct heir *heir = arg;

	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	close(xem_fd);
	heir->ready = true;
	while (getppid() == heir->parent)
		sleep_ms(1);
	return *heir->attached;
}

static int leave(__s64 segid, bool by_exec)
{
	static struct heir heir;
	char *stack = map(STACK, PROT_READ | PROT_WRITE);
	__s64 apid;

	CHECK(stack != MAP_FAILED && !xem_open());
	CHECK(!fcntl(xem_fd, F_SETFD, FD_CLOEXEC));
	apid = xem_get(segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	heir.attached = xem_attach(apid, 0, LEN);
	CHECK(!xem_error((char *)heir.attached));
	CHECK(*heir.attached == 7);
	heir.parent = getpid();
	CHECK(clone(outlive, stack + STACK, CLONE_VM | SIGCHLD, &heir) > 0);
	while (!heir.ready)
		sleep_ms(1);
	if (by_exec)
		execl("/bin/true", "true", NULL);
	return by_exec;
}

static void leave_to_heir(struct __test_metadata *_metadata, bool by_exec)
{
	__s64 segid = xem_make(mem, LEN, 0600);
	int status = -1;
	pid_t pid;

	ASSERT_LT(0, segid);
	mem[0] = 7;
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(leave(segid, by_exec));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* The heir, whose parent is this process now. */
	EXPECT_LT(0, waitpid(-1, &status, 0));
	if (!by_exec || status != SIGSEGV)
		EXPECT_EQ(SIGBUS, status);
	EXPECT_EQ(7, mem[0]);
	EXPECT_EQ(0, xem_remove(segid));
}

/*
 * A permit is the process's, and ends with it, if its memory does or not. A
 * process that exits has none any more that Linux could unmap from: the range
 * stays. Files are closed by exec before it leaves its memory or, up to 6.18.15,
 * after that.
 */
TEST_F(permit, left_by_exit)
{
	leave_to_heir(_metadata, false);
}

TEST_F(permit, left_by_exec)
{
	leave_to_heir(_metadata, true);
}

/* The record of @segid; false if the list ends without it. */
static bool list_finds(__s64 segid, struct xemem_segment_info *found, long *end)
{
	bool seen = false;

	memset(found, 0, sizeof(*found));
	for (long i = 0; i < QUOTA_TRIES; i++) {
		*end = xem_ioctl(XEMEM_IOC_LIST, found);
		if (*end)
			break;
		if (found->segid == segid) {
			seen = true;
			break;
		}
	}
	return seen;
}

TEST_F(permit, list)
{
	struct xemem_segment_info found;
	long end = 0;
	__s64 apid;

	told->segid = make_named("permit.listed");
	ASSERT_LT(0, told->segid);
	apid = xem_get(told->segid, XPMEM_ABI_RDWR);
	ASSERT_EQ(0, xem_error(xem_attach(apid, 0, 2 * PAGE)));
	ASSERT_TRUE(list_finds(told->segid, &found, &end));
	EXPECT_STREQ("permit.listed", found.name);
	EXPECT_EQ((uintptr_t)mem, found.vaddr);
	EXPECT_EQ(LEN, found.size);
	EXPECT_EQ(getpid(), found.pid);
	EXPECT_EQ(0, found.uid);
	EXPECT_EQ(0, found.gid);
	EXPECT_EQ(0600, found.mode);
	EXPECT_EQ(0, found.flags);
	EXPECT_EQ(1, found.permits);
	EXPECT_EQ(1, found.attachments);
	EXPECT_EQ(2 * PAGE, found.bytes);
	EXPECT_EQ(0, found.reserved0 | found.reserved[0] | found.reserved[3]);
	EXPECT_FALSE(list_finds(1, &found, &end));
	EXPECT_EQ(-ENOENT, end)
		TH_LOG("the list ends with something else");
}

static int list_told(void *arg)
{
	struct xemem_segment_info found;
	long end;

	told->back = 0;
	if (list_finds(told->segid, &found, &end))
		told->back = found.vaddr;
	return 0;
}

/* Where it is in its owner is told to those alone who may read it. */
TEST_F(permit, list_hides)
{
	told->segid = xem_make(mem, LEN, 0600);
	ASSERT_EQ(0, actor_start(&self->other, as_user(STRANGER, TEAM)));
	ASSERT_EQ(0, actor_do(&self->other, list_told, NULL));
	EXPECT_EQ(0, told->back);
	told->segid = xem_make(mem, LEN, 0604);
	ASSERT_EQ(0, actor_do(&self->other, list_told, NULL));
	EXPECT_EQ((__s64)mem, told->back);
}

static int get_and_keep(void *arg)
{
	told->apid = xem_get(told->segid, told->flags);
	CHECK(told->apid > 0);
	return 0;
}

/* @timeout_ms times. */
static int ring(void *arg)
{
	__s64 apid = told->apid;

	for (int i = 0; i < told->timeout_ms; i++) {
		told->back = xem_ioctl(XEMEM_IOC_RING, &apid);
		if (told->back)
			break;
	}
	return 0;
}

static bool rings(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents == POLLIN;
}

static __u64 count_of(int fd)
{
	__u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static long set_bell(__s64 segid, int fd)
{
	struct xemem_bell bell = { .segid = segid, .eventfd = fd };

	return xem_ioctl(XEMEM_IOC_BELL, &bell);
}

TEST_F(permit, bell)
{
	struct xemem_make req = xem_request(mem, LEN, "");
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int second = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	req.bell = fd;
	told->segid = xem_make_ext(&req);
	ASSERT_LT(0, told->segid);
	told->flags = XPMEM_ABI_RDWR;
	told->timeout_ms = 3;
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	ASSERT_EQ(0, actor_do(&self->other, get_and_keep, NULL));
	EXPECT_FALSE(rings(fd, 0));
	EXPECT_EQ(0, actor_do(&self->other, ring, NULL));
	EXPECT_EQ(0, told->back);
	/* Three rings are one event, and its count is 3. */
	EXPECT_TRUE(rings(fd, MEMBER_PATIENCE_MS));
	EXPECT_EQ(3, count_of(fd));
	EXPECT_FALSE(rings(fd, 0));
	EXPECT_EQ(0, set_bell(told->segid, second));
	EXPECT_EQ(0, actor_do(&self->other, ring, NULL));
	EXPECT_FALSE(rings(fd, 0));
	EXPECT_EQ(3, count_of(second));
	EXPECT_EQ(0, set_bell(told->segid, -1));
	EXPECT_EQ(0, actor_do(&self->other, ring, NULL));
	EXPECT_GT(0, told->back)
		TH_LOG("a segment without a bell can be rung");
	TH_LOG("no bell: errno %d", -(int)told->back);
	EXPECT_EQ(0, xem_remove(told->segid));
	EXPECT_EQ(0, actor_do(&self->other, ring, NULL));
	EXPECT_GT(0, told->back);
}

static int set_bell_told(void *arg)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	told->back = set_bell(told->segid, fd);
	close(fd);
	return 0;
}

/* An eventfd lives as long as a bell needs it; it is set by the owner. */
TEST_F(permit, bell_errors)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	__s64 none = 0;

	told->segid = xem_make(mem, LEN, 0666);
	told->flags = XPMEM_ABI_RDWR;
	ASSERT_EQ(0, actor_start(&self->other, (struct actor_how){}));
	ASSERT_EQ(0, actor_do(&self->other, set_bell_told, NULL));
	EXPECT_EQ(-EACCES, told->back);
	EXPECT_EQ(-EBADF, set_bell(told->segid, 100000));
	EXPECT_EQ(-EINVAL, set_bell(told->segid, xem_fd));
	EXPECT_EQ(-EINVAL, xem_ioctl(XEMEM_IOC_RING, &none));
	EXPECT_EQ(0, set_bell(told->segid, fd));
	close(fd);
	ASSERT_EQ(0, actor_do(&self->other, get_and_keep, NULL));
	told->timeout_ms = 1;
	EXPECT_EQ(0, actor_do(&self->other, ring, NULL));
	EXPECT_EQ(0, told->back);
}

/* Nothing but a bell: there is nothing to attach. */
TEST_F(permit, bell_only)
{
	struct xemem_make req = xem_request(NULL, 0, "permit.bell");
	__s64 apid;

	req.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	told->segid = xem_make_ext(&req);
	ASSERT_LT(0, told->segid);
	EXPECT_EQ(told->segid, xem_lookup("permit.bell", 0));
	apid = xem_get(told->segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	EXPECT_EQ(-EINVAL, xem_error(xem_attach(apid, 0, PAGE)));
	EXPECT_EQ(-EINVAL, xem_error(xem_attach_ext(apid, 0, 0, 0)));
	EXPECT_EQ(0, xem_ioctl(XEMEM_IOC_RING, &apid));
	EXPECT_EQ(0, xem_ioctl(XEMEM_IOC_RING, &apid));
	EXPECT_TRUE(rings(req.bell, MEMBER_PATIENCE_MS));
	EXPECT_EQ(2, count_of(req.bell));
	/* With an address it makes no sense, and without a bell neither. */
	req = xem_request(mem, 0, "");
	req.bell = eventfd(0, EFD_CLOEXEC);
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
	req = xem_request(NULL, 0, "");
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
}

TEST_HARNESS_MAIN
