// SPDX-License-Identifier: GPL-2.0
/*
 * The account of interruptions: each kind is counted once, for the right
 * core, as the process's own or not; and what is refused for the sake of
 * silence. Needs an enclave of two cores or more, and root.
 */
#include "lwk_member.h"

#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"

#define DISTURBANCES	ENCLAVE_DIR "disturbances"
#define PERF_FILE	ENCLAVE_DIR "perf"
#define NOBODY		65534
#define PAGE		4096
#define TIMES		10
/* More pages than a process touches by the way. */
#define MANY		500
/* What a start leaves behind on a core is over by then. */
#define SETTLE_MS	500

/* A line of the file disturbances. */
struct line {
	int cpu, own, from;
	char kind[16], function[128];
	unsigned long long count;
};

static bool next_line(FILE *f, struct line *l)
{
	return fscanf(f, " cpu=%d kind=%15s own=%d from=%d function=%127s count=%llu",
		      &l->cpu, l->kind, &l->own, &l->from, l->function,
		      &l->count) == 6;
}

/* The sum of all lines like @like; its last one is put there. */
static unsigned long long listed(struct line *like)
{
	FILE *f = fopen(DISTURBANCES, "re");
	unsigned long long sum = 0;
	struct line l;

	while (f && next_line(f, &l)) {
		if (l.cpu != like->cpu || l.own != like->own ||
		    l.from != like->from || strcmp(l.kind, like->kind))
			continue;
		strcpy(like->function, l.function);
		sum += l.count;
	}
	if (f)
		fclose(f);
	return sum;
}

/* 0 or an error number. */
static int write_to(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* The function is one of the kernel's, not a number. */
static bool named(const struct line *l)
{
	return *l->function && !strchr("0123456789", *l->function);
}

/* For a reader of the test's output. */
static void show_account(void)
{
	FILE *f = fopen(DISTURBANCES, "re");
	char text[256];

	while (f && fgets(text, sizeof(text), f)) {
		if (*text != '\n')
			fprintf(stderr, "# %s", text);
	}
	if (f)
		fclose(f);
}

static int on_core(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

FIXTURE(disturb)
{
	struct member member;
	struct lwk_stats before, after;
	int core[2];
};

FIXTURE_SETUP(disturb)
{
	ASSERT_TRUE(lwk_all_free());
	ASSERT_TRUE(lwk_two_cores(self->core));
}

FIXTURE_TEARDOWN(disturb)
{
	if (!lwk_all_free())
		sleep_ms(SETTLE_MS);
	EXPECT_TRUE(lwk_all_free());
}

static unsigned long long foreign(const FIXTURE_DATA(disturb) *self, int kind)
{
	return self->after.foreign[kind] - self->before.foreign[kind];
}

static unsigned long long own(const FIXTURE_DATA(disturb) *self, int kind)
{
	return self->after.own[kind] - self->before.own[kind];
}

/* Shows all there is to see if there are not @want. */
static unsigned long long all_foreign(const FIXTURE_DATA(disturb) *self,
				      unsigned long long want)
{
	unsigned long long sum = 0;
	int kind;

	for (kind = 0; kind < LWK_NR_KINDS; kind++)
		sum += foreign(self, kind);
	if (sum != want) {
		for (kind = 0; kind < LWK_NR_KINDS; kind++)
			fprintf(stderr, "# kind %d: foreign %llu own %llu\n",
				kind, foreign(self, kind), own(self, kind));
		show_account();
	}
	return sum;
}

/* Starts @work on @nr cores and reads the account when it is at rest. */
static bool begin(FIXTURE_DATA(disturb) *self, unsigned int nr,
		  int (*work)(void *))
{
	if (!member_start(&self->member, nr, self->core[1], work, NULL))
		return false;
	sleep_ms(SETTLE_MS);
	return !lwk_stats_of(self->member.dev, &self->before);
}

/* Lets it do its part, which must have been without anything foreign. */
static bool part_done(FIXTURE_DATA(disturb) *self)
{
	bool done = member_go(&self->member);

	return !lwk_stats_of(self->member.dev, &self->after) && done;
}

/* In the page's go: enough has been counted. */
#define SEEN		2
/* Of so many, one at least finds it in user mode. */
#define FEW		5

/*
 * Lets it do its part until TIMES of its own have been counted: what arrives
 * while it is in the kernel, as it may be for long where the host is busy,
 * interrupts nobody and is not.
 */
static bool part_counted(FIXTURE_DATA(disturb) *self,
			 unsigned long long (*counted)(const FIXTURE_DATA(disturb) *))
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	self->member.page->go = 1;
	do {
		sleep_ms(10);
		if (lwk_stats_of(self->member.dev, &self->after))
			return false;
	} while (counted(self) < TIMES && now_ms() < end);
	self->member.page->go = SEEN;
	return member_wait(&self->member.page->done, 1) &&
	       !lwk_stats_of(self->member.dev, &self->after);
}

static int spin(void *arg)
{
	signal(SIGUSR1, member_handler);
	member_ready();
	member_spin(&member_page->stop);
	return 0;
}

/* A signal of another process: one line, from here, by the one who woke. */
TEST_F(disturb, foreign_signal)
{
	struct line line = { .cpu = self->core[1], .kind = "resched" };
	unsigned long long listed_before;
	unsigned long disturbed;
	long resched;

	ASSERT_TRUE(begin(self, 0, spin));
	ASSERT_EQ(self->core[1], self->member.page->core);
	ASSERT_EQ(0, on_core(0));
	listed_before = listed(&line);
	disturbed = lwk_counter("disturbed");
	resched = lwk_interrupts("RES:", self->core[1]);

	ASSERT_EQ(0, kill(self->member.pid, SIGUSR1));
	ASSERT_TRUE(member_wait(&self->member.page->signals, 1));
	ASSERT_EQ(0, lwk_stats_of(self->member.dev, &self->after));

	EXPECT_EQ(1, foreign(self, LWK_KIND_RESCHED));
	EXPECT_EQ(1, all_foreign(self, 1));
	EXPECT_EQ(0, own(self, LWK_KIND_RESCHED));
	EXPECT_EQ(listed_before + 1, listed(&line));
	EXPECT_TRUE(named(&line));
	EXPECT_EQ(disturbed + 1, lwk_counter("disturbed"));
	/* The task that comes home after its signal may find the core halted. */
	EXPECT_LE(resched + 1, lwk_interrupts("RES:", self->core[1]));
	EXPECT_GE(resched + 2, lwk_interrupts("RES:", self->core[1]));
	EXPECT_EQ(0, member_end(&self->member));
}

/* Nothing happens, and nothing is counted. */
TEST_F(disturb, nothing)
{
	unsigned long turns;

	ASSERT_TRUE(begin(self, 0, spin));
	turns = self->member.page->turns;
	sleep_ms(1000);
	ASSERT_EQ(0, lwk_stats_of(self->member.dev, &self->after));
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_LT(turns, self->member.page->turns);
	EXPECT_EQ(0, member_end(&self->member));
}

#define CORE_1		"/sys/devices/system/cpu/cpu1/online"

/* Core 1 goes off line and back, so many times. */
static bool core_1_goes(int times)
{
	int err = 0;

	while (!err && times--)
		err = write_to(CORE_1, "0") ?: write_to(CORE_1, "1");
	return !err;
}

/*
 * Each time, the other cores are told that they should tick, and are stopped.
 * One tick may be under way by then. Nobody is told where something else wants
 * ticks already, so it goes on until they were told often enough.
 */
TEST_F(disturb, core_goes)
{
	bool done = true;

	if (self->core[0] <= 1 || !core_1_goes(1))
		SKIP(return, "core 1 cannot go off line");
	ASSERT_EQ(0, on_core(0));
	ASSERT_TRUE(begin(self, 0, spin));
	self->after = self->before;
	for (int i = 0; done && i < 2 * TIMES &&
	     foreign(self, LWK_KIND_RESCHED) < TIMES; i++) {
		done = core_1_goes(1);
		ASSERT_EQ(0, lwk_stats_of(self->member.dev, &self->after));
	}
	EXPECT_TRUE(done);
	EXPECT_LE(TIMES, foreign(self, LWK_KIND_RESCHED));
	EXPECT_GE(TIMES, foreign(self, LWK_KIND_TIMER));
	EXPECT_EQ(0, own(self, LWK_KIND_TIMER));
	EXPECT_EQ(0, member_end(&self->member));
}

static void *spin_thread(void *arg)
{
	volatile int *running = arg;

	*running = 1;
	while (!member_page->stop)
		;
	return NULL;
}

/* A second thread computes on the other core while this one does @part. */
static int beside_thread(int (*part)(void))
{
	volatile int running = 0;
	pthread_t thread;

	/* It is a member's core that interrupts the other one. */
	CHECK(!lwk_serve(member_dev, false));
	CHECK(!pthread_create(&thread, NULL, spin_thread, (void *)&running));
	while (!running)
		;
	member_ready();
	member_spin(&member_page->go);
	if (part())
		return 1;
	member_page->done = 1;
	member_spin(&member_page->stop);
	CHECK(!pthread_join(thread, NULL));
	return 0;
}

static int unmap(void)
{
	for (int i = 0; i < TIMES; i++) {
		char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			       -1, 0);

		CHECK(p != MAP_FAILED);
		*p = 1;
		CHECK(!munmap(p, PAGE));
	}
	return 0;
}

static int unmaps(void *arg)
{
	return beside_thread(unmap);
}

TEST_F(disturb, own_shootdown)
{
	struct line line = {
		.cpu = self->core[1], .kind = "tlb", .own = 1,
		.from = self->core[0],
	};
	unsigned long long before = listed(&line);

	ASSERT_TRUE(begin(self, 2, unmaps));
	EXPECT_TRUE(part_done(self));
	EXPECT_LE(TIMES, own(self, LWK_KIND_TLB));
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_LE(before + TIMES, listed(&line));
	EXPECT_TRUE(named(&line));
	EXPECT_EQ(0, member_end(&self->member));
}

static int barrier(void)
{
	CHECK(!syscall(SYS_membarrier,
		       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	for (int i = 0; i < TIMES; i++)
		CHECK(!syscall(SYS_membarrier,
			       MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	return 0;
}

static int barriers(void *arg)
{
	return beside_thread(barrier);
}

TEST_F(disturb, own_membarrier)
{
	struct line line = {
		.cpu = self->core[1], .kind = "call", .own = 1,
		.from = self->core[0],
	};
	unsigned long long before = listed(&line);

	ASSERT_TRUE(begin(self, 2, barriers));
	EXPECT_TRUE(part_done(self));
	EXPECT_LE(TIMES, own(self, LWK_KIND_CALL));
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_LE(before + TIMES, listed(&line));
	EXPECT_EQ(0, member_end(&self->member));
}

static int signal_self(void)
{
	sigset_t set;

	/* The other thread has it unblocked. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!pthread_sigmask(SIG_BLOCK, &set, NULL));
	while (member_page->go != SEEN) {
		int before = member_page->signals;

		CHECK(!kill(getpid(), SIGUSR1));
		while (member_page->signals == before)
			;
		/* Out of the handler, and in user mode again. */
		sleep_ms(20);
	}
	return 0;
}

static int signals_self(void *arg)
{
	signal(SIGUSR1, member_handler);
	return beside_thread(signal_self);
}

static unsigned long long rescheds(const FIXTURE_DATA(disturb) *self)
{
	return own(self, LWK_KIND_RESCHED);
}

TEST_F(disturb, own_signal)
{
	ASSERT_TRUE(begin(self, 2, signals_self));
	EXPECT_TRUE(part_counted(self, rescheds));
	EXPECT_LE(TIMES, rescheds(self));
	EXPECT_GE(FEW * rescheds(self), self->member.page->signals);
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_EQ(0, member_end(&self->member));
}

static int timed(void *arg)
{
	struct itimerspec every = {
		.it_value.tv_nsec = 20000000, .it_interval.tv_nsec = 20000000,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
	};
	timer_t timer;

	signal(SIGUSR1, member_handler);
	CHECK(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	member_ready();
	member_spin(&member_page->go);
	CHECK(!timer_settime(timer, 0, &every, NULL));
	while (member_page->go != SEEN)
		;
	CHECK(!timer_delete(timer));
	member_page->done = 1;
	member_spin(&member_page->stop);
	return 0;
}

static unsigned long long expiries(const FIXTURE_DATA(disturb) *self)
{
	return own(self, LWK_KIND_TIMER) + own(self, LWK_KIND_RESCHED);
}

/* Wherever the timer was, its expiry is the process's own doing. */
TEST_F(disturb, own_timer)
{
	ASSERT_TRUE(begin(self, 0, timed));
	EXPECT_TRUE(part_counted(self, expiries));
	EXPECT_LE(TIMES, expiries(self));
	EXPECT_GE(FEW * expiries(self), self->member.page->signals);
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_EQ(0, member_end(&self->member));
}

static int touch(void *arg)
{
	char *p = mmap(NULL, TIMES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(!madvise(p, TIMES * PAGE, MADV_NOHUGEPAGE));
	member_ready();
	member_spin(&member_page->go);
	for (int i = 0; i < TIMES; i++)
		((volatile char *)p)[i * PAGE] = 1;
	member_page->done = 1;
	member_spin(&member_page->stop);
	return 0;
}

TEST_F(disturb, own_faults)
{
	ASSERT_TRUE(begin(self, 0, touch));
	EXPECT_TRUE(part_done(self));
	EXPECT_LE(TIMES, own(self, LWK_KIND_FAULT));
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_EQ(0, member_end(&self->member));
}

/* A large file that no page of is in memory; the C library will do. */
static volatile char *cold_file(size_t *size)
{
	char path[512], line[1024];
	FILE *f = fopen("/proc/self/maps", "re");
	struct stat st;
	void *p;
	int fd;

	*path = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "libc.so") || strstr(line, "libc-"))
			sscanf(line, "%*s %*s %*s %*s %*s %511s", path);
	}
	if (f)
		fclose(f);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return NULL;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	*size = st.st_size;
	return p == MAP_FAILED ? NULL : p;
}

static int touch_cold(void *arg)
{
	volatile char *p;
	size_t size;

	p = cold_file(&size);
	CHECK(p);
	member_ready();
	member_spin(&member_page->go);
	for (size_t i = 0; i < size; i += PAGE)
		p[i];
	member_page->done = 1;
	member_spin(&member_page->stop);
	return 0;
}

/* What wakes a fault that waits for a disk does not interrupt user mode. */
TEST_F(disturb, fault_that_waits)
{
	ASSERT_TRUE(begin(self, 0, touch_cold));
	EXPECT_TRUE(part_done(self));
	EXPECT_LE(1, own(self, LWK_KIND_FAULT));
	EXPECT_EQ(0, all_foreign(self, 0));
	EXPECT_EQ(0, member_end(&self->member));
}

static bool in_list(int core, const char *list)
{
	int from, to;

	for (; list; list = strchr(list, ','), list += !!list) {
		if (sscanf(list, "%d-%d", &from, &to) == 1)
			to = from;
		if (from <= core && core <= to)
			return true;
	}
	return false;
}

/* The account is of the enclave's cores only, and each line makes sense. */
TEST_F(disturb, lines)
{
	char cores[512];
	struct line l;
	int nr = 0;
	FILE *f;

	ASSERT_TRUE(begin(self, 2, unmaps));
	EXPECT_TRUE(part_done(self));
	EXPECT_EQ(0, member_end(&self->member));
	lwk_read("cores", cores, sizeof(cores));
	f = fopen(DISTURBANCES, "re");
	ASSERT_NE(NULL, f);
	for (; next_line(f, &l); nr++) {
		EXPECT_TRUE(in_list(l.cpu, cores));
		EXPECT_TRUE(l.own == 0 || l.own == 1);
		EXPECT_LE(-1, l.from);
		EXPECT_LT(0, l.count);
	}
	EXPECT_TRUE(feof(f));
	fclose(f);
	EXPECT_LT(0, nr);
}

/* The ioctl. */

static int stats_error(int fd, void *arg)
{
	return ioctl(fd, LWK_IOC_STATS, arg) ? errno : 0;
}

TEST(stats_errors)
{
	struct {
		struct lwk_stats stats;
		__u64 more;
	} large = { .stats.size = sizeof(large) };
	struct lwk_stats stats = { .size = LWK_STATS_SIZE_VER0 };
	static const __u32 small[] = { 0, 4, 8, LWK_STATS_SIZE_VER0 - 1 };
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = lwk_open();
	size_t i;

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, pages);
	EXPECT_EQ(LWK_STATS_SIZE_VER0, sizeof(stats));
	EXPECT_EQ(ENODATA, stats_error(fd, &stats));
	for (i = 0; i < sizeof(small) / sizeof(*small); i++) {
		stats.size = small[i];
		EXPECT_EQ(EINVAL, stats_error(fd, &stats));
	}
	stats.size = PAGE + 8;
	EXPECT_EQ(E2BIG, stats_error(fd, &stats));
	EXPECT_EQ(ENODATA, stats_error(fd, &large));
	large.more = 1;
	EXPECT_EQ(E2BIG, stats_error(fd, &large));

	EXPECT_EQ(EFAULT, stats_error(fd, NULL));
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	*(__u32 *)(pages + PAGE - 8) = LWK_STATS_SIZE_VER0;
	EXPECT_EQ(EFAULT, stats_error(fd, pages + PAGE - 8));
	EXPECT_EQ(EFAULT, stats_error(fd, pages + PAGE));

	EXPECT_EQ(-1, ioctl(fd, _IO(LWK_IOC_MAGIC, 0x7f), &stats));
	EXPECT_EQ(ENOTTY, errno);
	close(fd);
	munmap(pages, PAGE);
}

static int join_and_touch(void *arg)
{
	int dev = *(int *)arg;
	char *p;

	CHECK(!member_join(dev, 1, 0));
	p = mmap(NULL, MANY * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!madvise(p, MANY * PAGE, MADV_NOHUGEPAGE));
	for (int i = 0; i < MANY; i++)
		((volatile char *)p)[i * PAGE] = 1;
	return 0;
}

static int join_only(void *arg)
{
	return member_join(*(int *)arg, 1, 0) ? 1 : 0;
}

static int join_too_many(void *arg)
{
	return member_join(*(int *)arg, MASK_CPUS, 0) != -EINVAL;
}

/* What a reservation suffered is known after its end, until the next one. */
TEST_F(disturb, stats_of_the_dead)
{
	struct {
		struct lwk_stats stats;
		__u64 more;
	} large = { .stats.size = sizeof(large) };
	struct lwk_stats *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int dev = lwk_open(), other = lwk_open();
	struct lwk_stats first, again;
	__u64 faults;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, in_child(join_and_touch, &dev));
	ASSERT_EQ(0, lwk_stats_of(dev, &first));
	EXPECT_EQ(LWK_NR_KINDS, first.nr_kinds);
	EXPECT_LE(MANY, first.own[LWK_KIND_FAULT]);
	sleep_ms(100);
	ASSERT_EQ(0, lwk_stats_of(dev, &again));
	EXPECT_EQ(0, memcmp(&first, &again, sizeof(first)));
	EXPECT_EQ(-ENODATA, lwk_stats_of(other, &again));

	EXPECT_EQ(0, stats_error(dev, &large));
	EXPECT_EQ(sizeof(large), large.stats.size);
	faults = large.stats.own[LWK_KIND_FAULT];
	EXPECT_EQ(first.own[LWK_KIND_FAULT], faults);

	*page = (struct lwk_stats){ .size = sizeof(*page) };
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(EFAULT, stats_error(dev, page));

	/* A request that fails does not replace it, one that succeeds does. */
	ASSERT_EQ(0, in_child(join_too_many, &dev));
	ASSERT_EQ(0, lwk_stats_of(dev, &again));
	EXPECT_EQ(0, memcmp(&first, &again, sizeof(first)));
	ASSERT_EQ(0, in_child(join_only, &dev));
	ASSERT_EQ(0, lwk_stats_of(dev, &again));
	EXPECT_GT(MANY, again.own[LWK_KIND_FAULT]);
	munmap(page, PAGE);
	close(dev);
	close(other);
}

/* perf: who may allow it, and what is refused until then. */

static int write_perf(const char *value)
{
	return write_to(PERF_FILE, value);
}

static bool perf_is(const char *value)
{
	char text[16];

	lwk_read("perf", text, sizeof(text));
	return !strcmp(text, value);
}

static int as_nobody(void *arg)
{
	int *want = arg;
	char text[16];

	CHECK(!setgid(NOBODY) && !setuid(NOBODY));
	lwk_read("perf", text, sizeof(text));
	CHECK(!strcmp(text, "0"));
	CHECK(write_perf("1") == *want);
	return 0;
}

TEST(perf_is_root_only)
{
	int want = EACCES;

	ASSERT_TRUE(perf_is("0"));
	EXPECT_EQ(0, in_child(as_nobody, &want));
	ASSERT_EQ(0, chown(PERF_FILE, NOBODY, NOBODY));
	want = EPERM;
	EXPECT_EQ(0, in_child(as_nobody, &want));
	EXPECT_EQ(0, chown(PERF_FILE, 0, 0));
	EXPECT_EQ(EINVAL, write_perf("maybe"));
	EXPECT_TRUE(perf_is("0"));
}

static int event_open(__u64 config, pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = config,
	};

	return syscall(SYS_perf_event_open, &attr, pid, cpu, -1,
		       PERF_FLAG_FD_CLOEXEC);
}

/* 0 if the event counts, else an error. */
static int event_counts(__u64 config, pid_t pid, int cpu)
{
	int fd = event_open(config, pid, cpu);
	__u64 count = 0;

	if (fd < 0)
		return errno;
	sleep_ms(100);
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	close(fd);
	return count ? 0 : ENODATA;
}

TEST_F(disturb, perf_of_cores)
{
	int core = self->core[1];

	ASSERT_TRUE(perf_is("0"));
	EXPECT_EQ(ENODEV, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1, core));
	EXPECT_EQ(0, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1, 0));
	EXPECT_EQ(0, write_perf("1"));
	EXPECT_TRUE(perf_is("1"));
	EXPECT_EQ(0, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1, core));
	EXPECT_EQ(0, write_perf("0"));
	EXPECT_TRUE(perf_is("0"));
	EXPECT_EQ(ENODEV, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1, core));
	EXPECT_EQ(0, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1, 0));
}

#define FRESH_PAGES	64

/* A member counts its own page faults, which are served on its core. */
static int count_faults(void *arg)
{
	int fd = event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1);
	__u64 before, after;
	volatile char *p;

	member_ready();
	CHECK(fd >= 0);
	p = mmap(NULL, FRESH_PAGES * 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!madvise((void *)p, FRESH_PAGES * 4096, MADV_NOHUGEPAGE));
	CHECK(read(fd, &before, sizeof(before)) == sizeof(before));
	for (int i = 0; i < FRESH_PAGES; i++)
		p[i * 4096] = 1;
	CHECK(read(fd, &after, sizeof(after)) == sizeof(after));
	CHECK(after - before >= FRESH_PAGES);
	return 0;
}

TEST_F(disturb, perf_of_members)
{
	struct member m;

	ASSERT_TRUE(perf_is("0"));
	ASSERT_TRUE(member_start(&m, 1, 0, count_faults, NULL));
	EXPECT_EQ(0, member_end(&m));
}

/* One that is open when they are forbidden again can still be read, closed. */
TEST_F(disturb, perf_left_open)
{
	__u64 count;
	int fd;

	ASSERT_EQ(0, write_perf("1"));
	fd = event_open(PERF_COUNT_SW_CPU_CLOCK, -1, self->core[1]);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, write_perf("0"));
	EXPECT_LE(0, read(fd, &count, sizeof(count)));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, write_perf("1"));
	EXPECT_EQ(0, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1,
				  self->core[1]));
	EXPECT_EQ(0, write_perf("0"));
}

TEST_F(disturb, perf_of_tasks)
{
	ASSERT_TRUE(begin(self, 0, spin));
	EXPECT_EQ(0, event_counts(PERF_COUNT_SW_TASK_CLOCK,
				  self->member.pid, -1));
	EXPECT_EQ(ENODEV, event_counts(PERF_COUNT_SW_CPU_CLOCK, -1,
				       self->core[1]));
	EXPECT_EQ(0, member_end(&self->member));
}

TEST_HARNESS_MAIN
