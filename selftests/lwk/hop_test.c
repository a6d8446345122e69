// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that leave the core: what a program sees of it (nothing), what
 * others may do to it meanwhile, and what is counted.
 */
#include "lwk_member.h"

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "../kselftest_harness.h"

#define CALLS		1000
#define THREADS		8
#define NOBODY		65534
#define SETTLE_MS	300

static void set_bit(__u64 *words, int bit)
{
	words[bit / 64] |= 1ULL << bit % 64;
}

/* 0 or -errno. */
static int set_policy(int dev, struct lwk_policy *policy)
{
	policy->size = sizeof(*policy);
	return ioctl(dev, LWK_IOC_POLICY, policy) ? -errno : 0;
}

static int hop_one(int nr, bool hop)
{
	struct lwk_policy policy = { };

	set_bit(hop ? policy.hop : policy.local, nr);
	return set_policy(member_dev, &policy);
}

FIXTURE(hop)
{
	struct member member;
	int core[2];
};

FIXTURE_SETUP(hop)
{
	ASSERT_TRUE(lwk_all_free());
	ASSERT_TRUE(lwk_two_cores(self->core));
}

FIXTURE_TEARDOWN(hop)
{
	if (!lwk_all_free())
		sleep_ms(SETTLE_MS);
	EXPECT_TRUE(lwk_all_free());
}

static int joined(unsigned int nr, int (*work)(void))
{
	member_dev = lwk_open();
	if (member_dev < 0 || member_join(member_dev, nr, 0))
		return 127;
	return work();
}

static int joined_1(void *work)
{
	return joined(1, work);
}

static int joined_2(void *work)
{
	return joined(2, work);
}

static bool on_core_of(const cpu_set_t *set)
{
	return CPU_ISSET(sched_getcpu(), set);
}

/* Wherever the call itself is served, it tells of the LWK core. */
static int same_view(void)
{
	char line[256], list[32];
	cpu_set_t set;
	FILE *status;
	int core = sched_getcpu();
	bool found = false;

	CHECK(!lwk_serve(member_dev, true));
	for (int i = 0; i < CALLS; i++) {
		CHECK(syscall(SYS_getppid) == getppid());
		CHECK(sched_getcpu() == core);
	}
	CHECK(!sched_getaffinity(0, sizeof(set), &set));
	CHECK(CPU_COUNT(&set) == 1 && CPU_ISSET(core, &set));
	snprintf(list, sizeof(list), "Cpus_allowed_list:\t%d\n", core);
	status = fopen("/proc/self/status", "r");
	CHECK(status);
	while (fgets(line, sizeof(line), status))
		found |= !strcmp(line, list);
	fclose(status);
	CHECK(found);
	return 0;
}

TEST_F(hop, same_view)
{
	EXPECT_EQ(0, in_child(joined_1, same_view));
}

/* Each call is counted once, where it was served. */
static int counted(void)
{
	struct lwk_call_count before, after;

	CHECK(!hop_one(SYS_getppid, true));
	before = lwk_count_of(member_dev, SYS_getppid);
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	after = lwk_count_of(member_dev, SYS_getppid);
	CHECK(after.hops - before.hops == CALLS);
	CHECK(after.local == before.local);
	CHECK(after.ns > before.ns && after.worst);

	CHECK(!hop_one(SYS_getppid, false));
	before = after;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	after = lwk_count_of(member_dev, SYS_getppid);
	CHECK(after.local - before.local == CALLS);
	CHECK(after.hops == before.hops);
	return 0;
}

TEST_F(hop, counted)
{
	unsigned long hops = lwk_counter("hops");

	EXPECT_EQ(0, in_child(joined_1, counted));
	EXPECT_LE(hops + CALLS, lwk_counter("hops"));
}

/* Children of one that is away are at home from the start. */
static int children(void)
{
	int core = sched_getcpu();
	pid_t pid;

	CHECK(!lwk_serve(member_dev, true));
	for (int i = 0; i < 20; i++) {
		pid = i % 2 ? fork() : vfork();
		CHECK(pid >= 0);
		if (!pid)
			_exit(sched_getcpu() == core ? 0 : 1);
		CHECK(wait_status(pid) == 0);
		CHECK(sched_getcpu() == core);
	}
	return 0;
}

TEST_F(hop, children)
{
	EXPECT_EQ(0, in_child(joined_1, children));
}

static void *call_often(void *arg)
{
	cpu_set_t *set = arg;

	for (int i = 0; i < CALLS; i++) {
		syscall(SYS_getppid);
		if (!on_core_of(set))
			return (void *)1;
	}
	return NULL;
}

/* More threads than cores to serve them, and than cores to run them. */
static int crowd(void)
{
	pthread_t thread[THREADS];
	void *wrong;
	cpu_set_t set;

	CHECK(!sched_getaffinity(0, sizeof(set), &set));
	CHECK(!lwk_serve(member_dev, true));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&thread[i], NULL, call_often, &set));
	for (int i = 0; i < THREADS; i++) {
		CHECK(!pthread_join(thread[i], &wrong));
		CHECK(!wrong);
	}
	return 0;
}

TEST_F(hop, crowd)
{
	EXPECT_EQ(0, in_child(joined_2, crowd));
}

/* Real-time members are served as real-time tasks, and come home, too. */
static int real_time(void)
{
	const struct sched_param param = { .sched_priority = 10 };
	int core = sched_getcpu();

	CHECK(!lwk_serve(member_dev, true));
	CHECK(!sched_setscheduler(0, SCHED_FIFO, &param));
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	CHECK(sched_getcpu() == core);
	sleep_ms(10);
	CHECK(sched_getcpu() == core);
	return 0;
}

TEST_F(hop, real_time)
{
	EXPECT_EQ(0, in_child(joined_1, real_time));
}

static int pipes[2];

/* Waits in a call, on a core of Linux, until somebody writes. */
static int wait_in_call(void *arg)
{
	char byte;

	close(pipes[1]);
	member_ready();
	while (read(pipes[0], &byte, 1) == 1) {
		member_page->core = sched_getcpu();
		member_page->done++;
	}
	return 0;
}

static bool call_ends(FIXTURE_DATA(hop) *self)
{
	int done = self->member.page->done;

	return write(pipes[1], "", 1) == 1 &&
	       member_wait(&self->member.page->done, done + 1);
}

static int set_core(pid_t pid, int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

static int core_allowed(pid_t pid)
{
	cpu_set_t set;

	if (sched_getaffinity(pid, sizeof(set), &set) || CPU_COUNT(&set) != 1)
		return -1;
	for (int core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &set))
			return core;
	return -1;
}

/* Others change its affinity while it is away. */
TEST_F(hop, affinity_while_away)
{
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_TRUE(member_start(&self->member, 2, 0, wait_in_call, NULL));
	close(pipes[0]);
	pid = self->member.pid;
	sleep_ms(SETTLE_MS);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, set_core(pid, self->core[i]));
		EXPECT_EQ(self->core[i], core_allowed(pid));
		ASSERT_TRUE(call_ends(self));
		EXPECT_EQ(self->core[i], self->member.page->core);
		sleep_ms(SETTLE_MS);
	}
	/* A core of Linux is none of its cores. */
	EXPECT_EQ(-EINVAL, set_core(pid, 0));
	EXPECT_EQ(self->core[1], core_allowed(pid));
	close(pipes[1]);
	EXPECT_EQ(0, wait_status(pid));
}

/* Stopped, continued and killed in the middle of a call. */
TEST_F(hop, signals_while_away)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_TRUE(member_start(&self->member, 1, 0, wait_in_call, NULL));
	close(pipes[0]);
	pid = self->member.pid;
	sleep_ms(SETTLE_MS);
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(call_ends(self));
	EXPECT_NE(0, self->member.page->core);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, wait_status(pid));
	close(pipes[1]);
}

static int spin(void *arg)
{
	member_ready();
	member_spin(&member_page->stop);
	return 0;
}

/* A tracer sees every stop; between them the program runs at home. */
TEST_F(hop, traced)
{
	int status;
	pid_t pid;

	ASSERT_TRUE(member_start(&self->member, 1, 0, spin, NULL));
	pid = self->member.pid;
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, pid, 0, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSTOPPED(status));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(SIGTRAP, WSTOPSIG(status));
	}
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
	EXPECT_EQ(0, member_end(&self->member));
}

static int as_nobody(void *arg)
{
	struct lwk_policy policy = { .pid = *(pid_t *)arg };

	if (setgid(NOBODY) || setuid(NOBODY))
		return 127;
	return -set_policy(lwk_open(), &policy);
}

TEST_F(hop, policy_errors)
{
	struct lwk_policy policy = { };
	int dev = lwk_open();

	EXPECT_EQ(-ENODATA, set_policy(dev, &policy));
	policy.pid = getpid();
	EXPECT_EQ(-ESRCH, set_policy(dev, &policy));
	policy.pid = -1;
	EXPECT_EQ(-ESRCH, set_policy(dev, &policy));
	policy.pid = 0;
	set_bit(policy.hop, 1);
	set_bit(policy.local, 1);
	EXPECT_EQ(-EINVAL, set_policy(dev, &policy));
	policy.size = sizeof(policy) - 8;
	EXPECT_EQ(-1, ioctl(dev, LWK_IOC_POLICY, &policy));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(dev, LWK_IOC_POLICY, 16));
	EXPECT_EQ(EFAULT, errno);
	close(dev);
}

/* The same user may, another one may not, also while it is away. */
TEST_F(hop, policy_of_others)
{
	struct lwk_policy policy = { };
	int dev = lwk_open();

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_TRUE(member_start(&self->member, 1, 0, wait_in_call, NULL));
	close(pipes[0]);
	policy.pid = self->member.pid;
	EXPECT_EQ(EPERM, in_child(as_nobody, &self->member.pid));
	set_bit(policy.local, SYS_read);
	EXPECT_EQ(0, set_policy(dev, &policy));
	EXPECT_NE(0, policy.local[0] & 1ULL << SYS_read);
	ASSERT_TRUE(call_ends(self));
	ASSERT_TRUE(call_ends(self));
	EXPECT_LE(1, lwk_count_of(self->member.dev, SYS_read).local);
	close(pipes[1]);
	EXPECT_EQ(0, wait_status(self->member.pid));
	close(dev);
}

TEST_F(hop, counts_errors)
{
	struct lwk_call_count one;
	struct lwk_counts req = { .size = sizeof(req), .nr = 1,
				  .counts = (unsigned long)&one };
	int dev = lwk_open();

	EXPECT_EQ(-1, ioctl(dev, LWK_IOC_COUNTS, &req));
	EXPECT_EQ(ENODATA, errno);
	req.nr = LWK_CALLS + 1;
	EXPECT_EQ(-1, ioctl(dev, LWK_IOC_COUNTS, &req));
	EXPECT_EQ(E2BIG, errno);
	close(dev);
}

#define PAGES		256
#define PAGE_BYTES	4096

static struct lwk_call_count faults(enum lwk_fault fault)
{
	return lwk_count_of(member_dev, LWK_CALLS_FAULT + fault);
}

/* Touches so many pages for the first time. */
static int touch(int flags)
{
	const size_t bytes = PAGES * PAGE_BYTES;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(!madvise(p, bytes, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < bytes; i += PAGE_BYTES)
		*(volatile char *)(p + i) = 1;
	CHECK(!munmap(p, bytes));
	return 0;
}

/* Memory comes from the core; what says otherwise is obeyed. */
static int anonymous(void)
{
	const struct lwk_call_count before = faults(LWK_FAULT_ANON);
	struct lwk_call_count after;

	CHECK(!touch(MAP_PRIVATE));
	CHECK(!touch(MAP_SHARED));
	after = faults(LWK_FAULT_ANON);
	CHECK(after.local >= before.local + 2 * PAGES);
	CHECK(after.hops == before.hops);

	CHECK(!hop_one(LWK_CALLS_FAULT + LWK_FAULT_ANON, true));
	CHECK(!touch(MAP_PRIVATE));
	CHECK(!touch(MAP_SHARED));
	CHECK(faults(LWK_FAULT_ANON).hops >= after.hops + 2 * PAGES);
	return 0;
}

TEST_F(hop, fault_anon)
{
	EXPECT_EQ(0, in_child(joined_1, anonymous));
}

/* Of a file that is not that of shared memory. */
static int of_file(void)
{
	const struct lwk_call_count before = faults(LWK_FAULT_FILE);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *p;

	CHECK(fd >= 0);
	p = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED && *(volatile char *)p == 0x7f);
	CHECK(faults(LWK_FAULT_FILE).hops > before.hops);

	CHECK(!munmap(p, PAGE_BYTES));
	CHECK(!hop_one(LWK_CALLS_FAULT + LWK_FAULT_FILE, false));
	p = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED && *(volatile char *)p == 0x7f);
	CHECK(faults(LWK_FAULT_FILE).local > before.local);
	return 0;
}

TEST_F(hop, fault_file)
{
	EXPECT_EQ(0, in_child(joined_1, of_file));
}

/* A fault that cannot be served ends as on any other core, at once. */
static int nowhere(void)
{
	volatile char *volatile nothing = (void *)8;

	*nothing = 1;
	return 0;
}

TEST_F(hop, fault_nowhere)
{
	EXPECT_EQ(128 + SIGSEGV, in_child(joined_1, nowhere));
}

static int say(const char *file, const char *text)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), ENCLAVE_DIR "%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int in_force(struct lwk_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	return set_policy(member_dev, policy);
}

static bool is_local(const struct lwk_policy *policy, int nr)
{
	return policy->local[nr / 64] >> nr % 64 & 1;
}

static int reads_here(void)
{
	struct lwk_policy policy;

	CHECK(!in_force(&policy));
	CHECK(is_local(&policy, SYS_read) && is_local(&policy, SYS_write));
	CHECK(!is_local(&policy, SYS_getpid));
	return 0;
}

static int reads_there(void)
{
	struct lwk_policy policy;

	CHECK(!in_force(&policy));
	CHECK(!is_local(&policy, SYS_read) && !is_local(&policy, SYS_write));
	CHECK(is_local(&policy, SYS_getpid));
	return 0;
}

/* What the enclave says holds for those that join from then on. */
TEST_F(hop, enclave)
{
	EXPECT_EQ(0, in_child(joined_1, reads_there));
	EXPECT_EQ(0, say("calls_local", "read,write\n"));
	EXPECT_EQ(0, say("calls_hop", "getpid"));
	EXPECT_EQ(0, in_child(joined_1, reads_here));
	EXPECT_EQ(EINVAL, say("calls_hop", "read,nonsense"));
	EXPECT_EQ(EINVAL, say("calls_hop", " ,\n"));
	EXPECT_EQ(0, in_child(joined_1, reads_here));
	EXPECT_EQ(0, say("calls_hop", "read write"));
	EXPECT_EQ(0, say("calls_local", "getpid"));
	EXPECT_EQ(0, in_child(joined_1, reads_there));
}

TEST_HARNESS_MAIN
