// SPDX-License-Identifier: GPL-2.0
/*
 * A broadcast that was deferred is paid for before the core can tell: code is
 * patched and mappings change while a member computes in user mode, then the
 * member enters the kernel by one door, and the kernel looks (debt_probe.c).
 *
 * Needs CONFIG_LWK_DEBT_PROBE and debugfs.
 */
#include "lwk_common.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include "../kselftest_harness.h"

#define PROBE_DIR	"/sys/kernel/debug/lwk_debt/"
#define PAGE		4096
#define PRIME_PAGE	0
#define LOOK_PAGE	1
#define PAGES		2
/* Long enough to be in user mode, and to compute there for a while. */
#define SETTLE_MS	200
#define COMPUTE_MS	1000
#define TIMER_MS	"4000"
#define DEADLINE_MS	60000
#define TIMEOUT_S	300
/* What the probe says, see debt_probe.c. */
#define STALE_MAPPING	2

enum order { COMPUTE, CALL, FAULT, END };

/* Between the test and the member; its loop reads nothing else. */
struct shared {
	volatile int order;
	volatile int ready;
	volatile unsigned long turns;
};

FIXTURE(debt)
{
	struct shared *shared;
	pid_t member;
	int cpu;
};

FIXTURE_VARIANT(debt)
{
	const char *door;
};

FIXTURE_VARIANT_ADD(debt, call) { .door = "call" };
FIXTURE_VARIANT_ADD(debt, fault) { .door = "fault" };
FIXTURE_VARIANT_ADD(debt, signal) { .door = "signal" };
FIXTURE_VARIANT_ADD(debt, nmi) { .door = "nmi" };
FIXTURE_VARIANT_ADD(debt, timer) { .door = "timer" };

static int probe_open(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), PROBE_DIR "%s", file);
	return open(path, flags | O_CLOEXEC);
}

static int probe_write(const char *file, const char *text)
{
	int fd = probe_open(file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -errno;
}

static int probe_write_cpu(const char *file, int cpu)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", cpu);
	return probe_write(file, text);
}

/* Looks through @door so far, and what the last one saw. */
static int probe_result(const char *door, unsigned int *looks,
			unsigned int *stale)
{
	FILE *f = fopen(PROBE_DIR "result", "re");
	int found = -1;
	char name[16];

	if (!f)
		return -errno;
	while (found && fscanf(f, "%15s %u %u", name, looks, stale) == 3) {
		if (!strcmp(name, door))
			found = 0;
	}
	fclose(f);
	return found;
}

static unsigned long lwk_stat(const char *name)
{
	char file[64], text[64];

	snprintf(file, sizeof(file), "stats/%s", name);
	lwk_read(file, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

/* Interrupts of the kinds that other cores send, on @cpu so far. */
static unsigned long irqs_of(int cpu)
{
	static const char * const kinds[] = { "LOC:", "RES:", "CAL:", "TLB:",
					      "IWI:", };
	unsigned long sum = 0, n;
	char line[4096], *p;
	FILE *f = fopen("/proc/interrupts", "re");
	size_t i;
	int c;

	while (f && fgets(line, sizeof(line), f)) {
		p = strtok(line, " ");
		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			if (!p || strcmp(p, kinds[i]))
				continue;
			for (c = 0, n = 0; c <= cpu; c++)
				n = strtoul(strtok(NULL, " ") ?: "0", NULL, 10);
			sum += n;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

static void on_signal(int sig)
{
}

/* What the core itself sees is to be seen, so no call leaves it. */
static int join_one_core(void)
{
	int dev = lwk_open();
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	if (dev < 0 || ioctl(dev, LWK_IOC_JOIN, &req))
		return -1;
	return lwk_serve(dev, false);
}

/* Joins, looks once so that all is cached, and computes. */
static void member(struct shared *s, const char *door)
{
	int call = probe_open("call", O_RDONLY);
	int map = probe_open("map", O_RDONLY);
	volatile char *page;
	int timer, order;
	char c;

	/* A failed assertion leaves without a word. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, map, 0);
	if (call < 0 || page == MAP_FAILED || join_one_core())
		_exit(1);
	signal(SIGUSR1, on_signal);
	page[PRIME_PAGE * PAGE];
	if (!strcmp(door, "timer")) {
		timer = probe_open("timer", O_WRONLY);
		if (write(timer, TIMER_MS, strlen(TIMER_MS)) < 0)
			_exit(1);
	}
	if (read(call, &c, 1))
		_exit(1);
	s->ready = sched_getcpu() + 1;

	while ((order = s->order) != END) {
		s->turns++;
		if (order == COMPUTE)
			continue;
		if (order == CALL && read(call, &c, 1))
			_exit(1);
		if (order == FAULT)
			page[LOOK_PAGE * PAGE];
		/* The test gives one order, and END when this is done. */
		s->order = COMPUTE;
	}
	_exit(0);
}

static bool wait_for(volatile int *what, int value, bool differs)
{
	long end = now_ms() + DEADLINE_MS;

	while ((*what == value) == differs && now_ms() < end)
		sleep_ms(10);
	return (*what == value) != differs;
}

static void open_door(struct shared *s, const char *door, int cpu, pid_t pid)
{
	if (!strcmp(door, "call"))
		s->order = CALL;
	else if (!strcmp(door, "fault"))
		s->order = FAULT;
	else if (!strcmp(door, "signal"))
		kill(pid, SIGUSR1);
	else if (!strcmp(door, "nmi"))
		probe_write_cpu("nmi", cpu);
}

static bool wait_look(const char *door, unsigned int before,
		      unsigned int *stale)
{
	long end = now_ms() + DEADLINE_MS;
	unsigned int looks = before;

	while (looks == before && now_ms() < end) {
		sleep_ms(10);
		if (probe_result(door, &looks, stale))
			return false;
	}
	return looks == before + 1;
}

FIXTURE_SETUP(debt)
{
	if (access(PROBE_DIR "change", W_OK))
		SKIP(return, "no CONFIG_LWK_DEBT_PROBE");
	ASSERT_TRUE(lwk_all_free());
	self->shared = mmap(NULL, sizeof(*self->shared),
			    PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	self->member = fork();
	if (!self->member)
		member(self->shared, variant->door);
	ASSERT_TRUE(wait_for(&self->shared->ready, 0, true));
	self->cpu = self->shared->ready - 1;
	sleep_ms(SETTLE_MS);
}

FIXTURE_TEARDOWN(debt)
{
	self->shared->order = END;
	EXPECT_EQ(0, wait_status(self->member));
	EXPECT_TRUE(lwk_all_free());
}

/* Changes, and nothing of it reaches the member. */
static void change_unnoticed(struct __test_metadata *_metadata, int cpu)
{
	unsigned long deferred = lwk_stat("deferred");
	unsigned long before = irqs_of(cpu);

	EXPECT_EQ(0, probe_write("change", "1"));
	EXPECT_EQ(before, irqs_of(cpu));
	EXPECT_LT(deferred, lwk_stat("deferred"));
}

TEST_F_TIMEOUT(debt, paid, TIMEOUT_S)
{
	unsigned int looks, stale;
	unsigned long paid, turns;

	ASSERT_EQ(0, probe_result(variant->door, &looks, &stale));
	change_unnoticed(_metadata, self->cpu);
	turns = self->shared->turns;
	paid = lwk_stat("paid");
	sleep_ms(COMPUTE_MS);
	EXPECT_LT(turns, self->shared->turns);
	EXPECT_EQ(paid, lwk_stat("paid"));

	open_door(self->shared, variant->door, self->cpu, self->member);
	ASSERT_TRUE(wait_look(variant->door, looks, &stale));
	EXPECT_EQ(0, stale);
	EXPECT_LT(paid, lwk_stat("paid"));
}

/*
 * The test can fail: without the debt the member uses the old mapping, unless
 * the machine happens to flush it on the way in.
 */
TEST_F_TIMEOUT(debt, forgotten, TIMEOUT_S)
{
	unsigned int looks, stale;

	if (strcmp(variant->door, "call"))
		SKIP(return, "one door is enough");
	ASSERT_EQ(0, probe_result(variant->door, &looks, &stale));
	change_unnoticed(_metadata, self->cpu);
	ASSERT_EQ(0, probe_write_cpu("forget", self->cpu));
	open_door(self->shared, variant->door, self->cpu, self->member);
	ASSERT_TRUE(wait_look(variant->door, looks, &stale));
	if (!stale)
		SKIP(return, "this machine flushes on every entry");
	EXPECT_EQ(STALE_MAPPING, stale & STALE_MAPPING);
}

TEST_HARNESS_MAIN
