// SPDX-License-Identifier: GPL-2.0
/*
 * The request to join: every errno, and that an error leaves nothing behind.
 */
#include "lwk_common.h"

#include <grp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"

#define NOBODY	65534

FIXTURE(join)
{
	mask_t mask;
	struct lwk_join req;
};

FIXTURE_SETUP(join)
{
	ASSERT_TRUE(lwk_all_free());
	self->req = lwk_request(&self->mask, 1);
}

FIXTURE_TEARDOWN(join)
{
	EXPECT_TRUE(lwk_all_free());
}

static int do_join(void *arg)
{
	return -lwk_ioctl_join(arg);
}

/* In a child, so that a success by mistake is gone when it exits. */
#define EXPECT_JOIN(req, err) EXPECT_EQ(err, in_child(do_join, req))

TEST_F(join, one_core)
{
	EXPECT_JOIN(&self->req, 0);
}

TEST_F(join, size)
{
	struct { struct lwk_join req; __u64 more; } big = { self->req, 0 };

	/* An older program, and one that is older than any. */
	self->req.size = LWK_JOIN_SIZE_VER0;
	EXPECT_JOIN(&self->req, 0);
	self->req.size = LWK_JOIN_SIZE_VER0 - 8;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req.size = 0;
	EXPECT_JOIN(&self->req, EINVAL);

	/* A newer program: fine while it does not use what is newer. */
	big.req.size = sizeof(big);
	EXPECT_JOIN(&big.req, 0);
	big.more = 1;
	EXPECT_JOIN(&big.req, E2BIG);
	big.req.size = 1 << 20;
	EXPECT_JOIN(&big.req, E2BIG);
}

TEST_F(join, fields)
{
	struct lwk_join good = self->req;

	self->req.flags = 1u << 31;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req = good;
	self->req.reserved = 1;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req = good;
	self->req.quantum_us = LWK_QUANTUM_MAX_US + 1;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req = good;
	memset(self->req.enclave, 'x', sizeof(self->req.enclave));
	EXPECT_JOIN(&self->req, EINVAL);
	self->req = good;
	strcpy(self->req.enclave, "nowhere");
	EXPECT_JOIN(&self->req, ENOENT);
}

TEST_F(join, cores)
{
	/* Neither a number nor a list; both; more than there are. */
	self->req.nr_cores = 0;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req.nr_cores = 1;
	self->mask.bits[0] = 1;
	EXPECT_JOIN(&self->req, EINVAL);
	self->mask.bits[0] = 0;
	self->req.nr_cores = 10000;
	EXPECT_JOIN(&self->req, EINVAL);

	/* Core 0 is Linux's; the last bit of the mask is no core at all. */
	self->req.nr_cores = 0;
	self->mask.bits[0] = 1;
	EXPECT_JOIN(&self->req, EINVAL);
	self->mask.bits[0] = 0;
	self->mask.bits[MASK_CPUS / 64 - 1] = 1ULL << 63;
	EXPECT_JOIN(&self->req, EINVAL);
}

TEST_F(join, mask_length)
{
	self->req.cpumask_len = 0;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req.cpumask_len = 7;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req.cpumask_len = 1u << 30;
	EXPECT_JOIN(&self->req, EINVAL);
	self->req.cpumask_len = 0xfffffff8;
	EXPECT_JOIN(&self->req, EINVAL);
}

TEST_F(join, bad_addresses)
{
	int fd = lwk_open();

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, ioctl(fd, LWK_IOC_JOIN, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, LWK_IOC_JOIN, -4096L));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO(LWK_IOC_MAGIC, 0x7f), &self->req));
	EXPECT_EQ(ENOTTY, errno);
	close(fd);

	self->req.cpumask = 0;
	EXPECT_JOIN(&self->req, EFAULT);
	self->req.cpumask = ~0ULL << 12;
	EXPECT_JOIN(&self->req, EFAULT);
}

/* The answer cannot be written: not joined, and the cores are free. */
static int child_readonly(void *arg)
{
	struct lwk_join *req = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	*req = *(struct lwk_join *)arg;
	mprotect(req, 4096, PROT_READ);
	err = -lwk_ioctl_join(req);
	if (!lwk_all_free())
		return 1;
	return err;
}

TEST_F(join, readonly_answer)
{
	EXPECT_EQ(EFAULT, in_child(child_readonly, &self->req));
}

TEST_F(join, dry_run)
{
	char cores[512];

	self->req.flags = LWK_JOIN_DRY_RUN;
	lwk_read("cores", cores, sizeof(cores));
	ASSERT_EQ(0, lwk_ioctl_join(&self->req));
	EXPECT_TRUE(lwk_all_free());
	EXPECT_EQ(1, self->req.nr_cores);
	/* The lowest core, as the list begins with it. */
	EXPECT_NE(0, self->mask.bits[0] & (1ULL << atoi(cores)));
	/* And this process did not move: it may ask again. */
	memset(&self->mask, 0, sizeof(self->mask));
	EXPECT_EQ(0, lwk_ioctl_join(&self->req));
	EXPECT_TRUE(lwk_all_free());
}

static int child_twice(void *arg)
{
	int err = lwk_join_nr(1);

	return err ? 1 : -lwk_ioctl_join(arg);
}

TEST_F(join, twice)
{
	EXPECT_EQ(EEXIST, in_child(child_twice, &self->req));
}

static void *sit(void *arg)
{
	pause();
	return arg;
}

static int child_threaded(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sit, NULL))
		return 1;
	return -lwk_ioctl_join(arg);
}

TEST_F(join, threaded)
{
	EXPECT_EQ(EINVAL, in_child(child_threaded, &self->req));
}

struct dl_attr {
	__u32 size, policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 runtime, deadline, period;
};

static int child_deadline(void *arg)
{
	struct dl_attr attr = {
		.size = sizeof(attr), .policy = 6,
		.runtime = 1000000, .deadline = 100000000, .period = 100000000,
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		return 1;
	return -lwk_ioctl_join(arg);
}

TEST_F(join, deadline)
{
	EXPECT_EQ(EINVAL, in_child(child_deadline, &self->req));
}

static int become_nobody(void)
{
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY);
}

static int child_nobody(void *arg)
{
	return become_nobody() ? 1 : -lwk_ioctl_join(arg);
}

/* The owner of the directory decides, and nothing else. */
TEST_F(join, permission)
{
	char before[32], after[32];

	lwk_read("stats/denied", before, sizeof(before));
	EXPECT_EQ(EACCES, in_child(child_nobody, &self->req));
	lwk_read("stats/denied", after, sizeof(after));
	EXPECT_EQ(atoll(before) + 1, atoll(after));

	ASSERT_EQ(0, chown(ENCLAVE_DIR, NOBODY, -1));
	EXPECT_EQ(0, in_child(child_nobody, &self->req));
	ASSERT_EQ(0, chown(ENCLAVE_DIR, 0, NOBODY));
	EXPECT_EQ(EACCES, in_child(child_nobody, &self->req));
	ASSERT_EQ(0, chmod(ENCLAVE_DIR, 0775));
	EXPECT_EQ(0, in_child(child_nobody, &self->req));
	ASSERT_EQ(0, chmod(ENCLAVE_DIR, 0755));
	ASSERT_EQ(0, chown(ENCLAVE_DIR, 0, 0));
	EXPECT_EQ(EACCES, in_child(child_nobody, &self->req));
}

/* Root of a user namespace is nobody here. */
static int child_userns(void *arg)
{
	if (become_nobody() || unshare(CLONE_NEWUSER))
		return 1;
	return -lwk_ioctl_join(arg);
}

TEST_F(join, user_namespace)
{
	int ret = in_child(child_userns, &self->req);

	EXPECT_EQ(EACCES, ret);
}

/* A child that holds @nr cores until it is killed. Returns after it joined. */
static pid_t hold(unsigned int nr)
{
	int fds[2];
	char c = 1;
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		c = -lwk_join_nr(nr);
		if (write(fds[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(fds[0], &c, 1) != 1 || c)
		pid = -1;
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static unsigned int nr_cores(void)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	unsigned int nr = 1;

	req.flags = LWK_JOIN_DRY_RUN;
	for (;;) {
		memset(&mask, 0, sizeof(mask));
		req.nr_cores = nr + 1;
		if (lwk_ioctl_join(&req))
			return nr;
		nr++;
	}
}

TEST_F(join, busy)
{
	unsigned int all = nr_cores();
	pid_t pid = hold(all);
	long start;

	ASSERT_LT(0, pid);
	EXPECT_EQ(-EBUSY, lwk_ioctl_join(&self->req));
	EXPECT_EQ(pid, self->req.holder);

	self->req.flags = LWK_JOIN_WAIT;
	self->req.timeout_ms = 200;
	start = now_ms();
	EXPECT_EQ(-ETIMEDOUT, lwk_ioctl_join(&self->req));
	EXPECT_LE(190, now_ms() - start);
	EXPECT_EQ(pid, self->req.holder);

	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, wait_status(pid));
}

static int child_wait(void *arg)
{
	struct lwk_join *req = arg;

	req->flags = LWK_JOIN_WAIT;
	req->timeout_ms = LWK_TIMEOUT_NONE;
	return -lwk_ioctl_join(req);
}

/* Who waits gets the cores when they are free. */
TEST_F(join, wait)
{
	pid_t holder = hold(nr_cores());
	pid_t waiter;

	ASSERT_LT(0, holder);
	waiter = fork();
	if (!waiter)
		_exit(child_wait(&self->req));
	sleep_ms(200);
	EXPECT_EQ(0, waitpid(waiter, NULL, WNOHANG));
	kill(holder, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, wait_status(holder));
	EXPECT_EQ(0, wait_status(waiter));
}

static void on_alarm(int sig)
{
}

static int child_interrupted(void *arg)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	ualarm(100000, 0);
	return child_wait(arg);
}

TEST_F(join, wait_signal)
{
	pid_t holder = hold(nr_cores());

	ASSERT_LT(0, holder);
	EXPECT_EQ(EINTR, in_child(child_interrupted, &self->req));
	kill(holder, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, wait_status(holder));
}

/* Any way to die gives the cores back before wait() returns. */
static int die_by(void *arg)
{
	int sig = *(int *)arg;

	if (lwk_join_nr(1))
		return 1;
	prctl(PR_SET_DUMPABLE, 0);
	raise(sig);
	return 2;
}

TEST_F(join, deaths)
{
	static int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT };

	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(128 + signals[i], in_child(die_by, &signals[i]));
		EXPECT_TRUE(lwk_all_free());
	}
}

/* A killer for want of memory is a killer like any other. */
static int eat_memory(void *arg)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, "1000", 4) != 4 || lwk_join_nr(1))
		return 1;
	for (;;) {
		char *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			       -1, 0);

		if (p == MAP_FAILED)
			return 2;
	}
}

TEST_F_TIMEOUT(join, out_of_memory, 120)
{
	EXPECT_EQ(128 + SIGKILL, in_child(eat_memory, NULL));
}

TEST_HARNESS_MAIN
