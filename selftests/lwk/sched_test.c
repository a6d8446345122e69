// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduling class: what a process on LWK cores sees and how its threads
 * share them. Needs an enclave of two cores or more.
 */
#include "lwk_common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <linux/sched.h>

#include "../kselftest_harness.h"

FIXTURE(class)
{
	int cores[2];
};

/* The two lowest cores of the enclave, in a list such as "2-3" or "2,5". */
FIXTURE_SETUP(class)
{
	char list[512], *rest;

	ASSERT_TRUE(lwk_all_free());
	lwk_read("cores", list, sizeof(list));
	self->cores[0] = strtol(list, &rest, 10);
	ASSERT_NE('\0', *rest);
	self->cores[1] = *rest == '-' ? self->cores[0] + 1 : atoi(rest + 1);
}

FIXTURE_TEARDOWN(class)
{
	EXPECT_TRUE(lwk_all_free());
}

static int affinity_is(int a, int b)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	return CPU_ISSET(a, &set) && CPU_ISSET(b, &set) &&
	       CPU_COUNT(&set) == (a == b ? 1 : 2);
}

static int set_affinity(int a, int b)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(a, &set);
	CPU_SET(b, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* A process sees its cores and no others, and is on one of them. */
static int view(void *arg)
{
	int *cores = arg;

	CHECK(!lwk_join_nr(2));
	CHECK(affinity_is(cores[0], cores[1]));
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 2);
	CHECK(sched_getcpu() == cores[0]);
	return 0;
}

TEST_F(class, view)
{
	EXPECT_EQ(0, in_child(view, self->cores));
}

/* Within the reservation anything goes, outside nothing does. */
static int affinity(void *arg)
{
	int *cores = arg;

	CHECK(!lwk_join_nr(2));
	for (int i = 0; i < 10; i++) {
		CHECK(!set_affinity(cores[1], cores[1]));
		CHECK(sched_getcpu() == cores[1]);
		sleep_ms(1);
		CHECK(sched_getcpu() == cores[1]);
		CHECK(!set_affinity(cores[0], cores[0]));
		CHECK(sched_getcpu() == cores[0]);
	}
	CHECK(set_affinity(0, 0) == -1 && errno == EINVAL);
	CHECK(affinity_is(cores[0], cores[0]));
	/* Partly outside: what is inside, as with a cpuset. */
	CHECK(!set_affinity(0, cores[1]));
	CHECK(affinity_is(cores[1], cores[1]));
	CHECK(sched_getcpu() == cores[1]);
	return 0;
}

TEST_F(class, affinity)
{
	EXPECT_EQ(0, in_child(affinity, self->cores));
}

static int affinity_one(void *arg)
{
	int *cores = arg;

	CHECK(!lwk_join_nr(1));
	CHECK(affinity_is(cores[0], cores[0]));
	CHECK(set_affinity(cores[1], cores[1]) == -1 && errno == EINVAL);
	CHECK(sched_getcpu() == cores[0]);
	return 0;
}

TEST_F(class, affinity_one)
{
	EXPECT_EQ(0, in_child(affinity_one, self->cores));
}

/* A task of Linux cannot come here, by whatever door. */
TEST_F(class, outsider)
{
	cpu_set_t set;

	EXPECT_EQ(-1, set_affinity(self->cores[0], self->cores[1]));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, set_affinity(0, self->cores[0]));
	EXPECT_TRUE(affinity_is(0, 0));

	/* All cores there are: those of Linux. */
	memset(&set, 0xff, sizeof(set));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(set), &set));
	EXPECT_FALSE(CPU_ISSET(self->cores[0], &set));
	EXPECT_FALSE(CPU_ISSET(self->cores[1], &set));
}

struct place {
	atomic_int ready, go;
	int cpu[8];
};

struct placed {
	struct place *place;
	int index;
};

static void *note_cpu(void *arg)
{
	struct placed *p = arg;

	p->place->cpu[p->index] = sched_getcpu();
	atomic_fetch_add(&p->place->ready, 1);
	while (!atomic_load(&p->place->go))
		sleep_ms(1);
	/* Home again after every sleep. */
	if (p->place->cpu[p->index] != sched_getcpu())
		p->place->cpu[p->index] = -1;
	return NULL;
}

/* Threads go to the cores in order, and one per core while there are any. */
static int placement(void *arg)
{
	int *cores = arg;
	struct place place = { 0 };
	struct placed placed[3];
	pthread_t thread[3];

	CHECK(!lwk_join_nr(2));
	for (int i = 0; i < 3; i++) {
		placed[i] = (struct placed){ &place, i };
		CHECK(!pthread_create(&thread[i], NULL, note_cpu, &placed[i]));
		while (atomic_load(&place.ready) <= i)
			sleep_ms(1);
	}
	atomic_store(&place.go, 1);
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(thread[i], NULL));

	/* The first thread is on the first core. */
	CHECK(sched_getcpu() == cores[0]);
	CHECK(place.cpu[0] == cores[1]);
	CHECK(place.cpu[1] == cores[0]);
	CHECK(place.cpu[2] == cores[1]);
	return 0;
}

TEST_F(class, placement)
{
	EXPECT_EQ(0, in_child(placement, self->cores));
}

static int inherited(void *arg)
{
	int *cores = arg;

	CHECK(affinity_is(cores[0], cores[1]));
	CHECK(sched_getcpu() == cores[1]);
	return 0;
}

/* A child is a member like its parent, on the next core. */
static int inherit(void *arg)
{
	CHECK(!lwk_join_nr(2));
	CHECK(!in_child(inherited, arg));
	return 0;
}

TEST_F(class, inherit)
{
	EXPECT_EQ(0, in_child(inherit, self->cores));
}

/* The cores are held while any descendant lives, even as an orphan. */
static int orphan(void *arg)
{
	CHECK(!lwk_join_nr(1));
	if (!fork()) {
		sleep_ms(300);
		_exit(0);
	}
	return 0;
}

TEST_F(class, orphan)
{
	ASSERT_EQ(0, in_child(orphan, NULL));
	EXPECT_FALSE(lwk_all_free());
	for (int i = 0; i < 100 && !lwk_all_free(); i++)
		sleep_ms(50);
}

static int left(void *arg)
{
	cpu_set_t *before = arg, now;

	CHECK(!sched_getaffinity(0, sizeof(now), &now));
	CHECK(CPU_EQUAL(before, &now));
	CHECK(CPU_ISSET(sched_getcpu(), before));
	/* And may come in by itself. */
	CHECK(lwk_join_nr(1) == 0);
	return 0;
}

static int no_inherit(void *arg)
{
	cpu_set_t before;
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	struct place place = { .go = 1 };
	struct placed placed = { &place, 0 };
	pthread_t thread;

	(void)arg;
	req.flags = LWK_JOIN_NO_INHERIT;
	CHECK(!set_affinity(0, 0));
	CHECK(!sched_getaffinity(0, sizeof(before), &before));
	CHECK(!lwk_ioctl_join(&req));
	CHECK(!in_child(left, &before));

	/* Threads stay. */
	CHECK(!pthread_create(&thread, NULL, note_cpu, &placed));
	CHECK(!pthread_join(thread, NULL));
	CHECK(place.cpu[0] == sched_getcpu());
	return 0;
}

TEST_F(class, no_inherit)
{
	EXPECT_EQ(0, in_child(no_inherit, self->cores));
}

static long involuntary(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

struct spin {
	atomic_ulong count[2];
	atomic_int ready;
	atomic_int stop;
	bool yields;
};

struct spinner {
	struct spin *spin;
	int index;
};

static void *spin_here(void *arg)
{
	struct spinner *s = arg;

	/* The first one should not run while the second one is made. */
	atomic_fetch_add(&s->spin->ready, 1);
	while (atomic_load(&s->spin->ready) < 2)
		sched_yield();
	while (!atomic_load(&s->spin->stop)) {
		atomic_fetch_add(&s->spin->count[s->index], 1);
		if (s->spin->yields)
			sched_yield();
	}
	return NULL;
}

/* Two threads and the one that watches them share a core for @ms. */
static int share_core(struct spin *spin, unsigned int quantum_us, long ms)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	struct spinner spinners[2] = { { spin, 0 }, { spin, 1 } };
	pthread_t thread[2];
	long end;

	req.quantum_us = quantum_us;
	CHECK(!lwk_ioctl_join(&req));
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&thread[i], NULL, spin_here,
				      &spinners[i]));
	end = now_ms() + ms;
	while (now_ms() < end)
		sched_yield();
	atomic_store(&spin->stop, 1);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_join(thread[i], NULL));
	return 0;
}

/* Yielding really hands the core over, without any quantum. */
static int yielding(void *arg)
{
	struct spin spin = { .yields = true };
	unsigned long a, b;

	(void)arg;
	CHECK(!share_core(&spin, 0, 200));
	a = spin.count[0];
	b = spin.count[1];
	CHECK(a > 10 && b > 10);
	CHECK(a < b + b / 4 + 10 && b < a + a / 4 + 10);
	return 0;
}

TEST_F(class, yield)
{
	EXPECT_EQ(0, in_child(yielding, NULL));
}

/* With a quantum, threads that never yield take turns. */
static int round_robin(void *arg)
{
	struct spin spin = { 0 };
	char before[32], after[32];

	(void)arg;
	lwk_read("stats/rotations", before, sizeof(before));
	CHECK(!share_core(&spin, 5000, 400));
	lwk_read("stats/rotations", after, sizeof(after));
	CHECK(spin.count[0] > 10 && spin.count[1] > 10);
	CHECK(atoll(after) >= atoll(before) + 10);
	CHECK(involuntary() >= 10);
	return 0;
}

TEST_F(class, round_robin)
{
	EXPECT_EQ(0, in_child(round_robin, NULL));
}

static int quantum_of_self(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	struct timespec t;

	(void)arg;
	req.quantum_us = 40000;
	CHECK(!lwk_ioctl_join(&req));
	CHECK(!sched_rr_get_interval(0, &t));
	CHECK(t.tv_sec == 0 && t.tv_nsec == 40000000);
	return 0;
}

TEST_F(class, rr_interval)
{
	EXPECT_EQ(0, in_child(quantum_of_self, NULL));
}

struct run {
	atomic_int started, stop;
};

static void *run_to_block(void *arg)
{
	struct run *run = arg;

	atomic_store(&run->started, 1);
	while (!atomic_load(&run->stop))
		;
	return NULL;
}

/*
 * Without a quantum a thread runs until it blocks: the other one on the core,
 * which wakes up meanwhile, must wait.
 */
static void *stop_later(void *arg)
{
	struct run *run = arg;

	sleep_ms(50);
	atomic_store(&run->stop, 1);
	return NULL;
}

static int run_alone(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 2);
	struct run run = { 0 };
	pthread_t spinner, stopper;
	int *cores = arg;
	long before;

	req.quantum_us = 0;
	CHECK(!lwk_ioctl_join(&req));
	/* Order of placement: this thread, stopper, spinner. */
	CHECK(!pthread_create(&stopper, NULL, stop_later, &run));
	CHECK(!set_affinity(cores[0], cores[0]));
	CHECK(!pthread_create(&spinner, NULL, run_to_block, &run));
	while (!atomic_load(&run.started))
		sched_yield();
	/* The spinner has this core until the stopper on the other stops it. */
	before = now_ms();
	sched_yield();
	CHECK(atomic_load(&run.stop));
	CHECK(now_ms() - before < 10000);
	CHECK(!pthread_join(spinner, NULL));
	CHECK(!pthread_join(stopper, NULL));
	return 0;
}

TEST_F(class, run_to_block)
{
	EXPECT_EQ(0, in_child(run_alone, self->cores));
}

/* Policies are remembered, and change neither the core nor the class. */
static int policies(void *arg)
{
	struct sched_param fifo = { .sched_priority = 10 }, other = { 0 };
	int *cores = arg;

	CHECK(!lwk_join_nr(1));
	CHECK(!setpriority(PRIO_PROCESS, 0, 5));
	CHECK(getpriority(PRIO_PROCESS, 0) == 5);
	CHECK(!sched_setscheduler(0, SCHED_FIFO, &fifo));
	CHECK(sched_getscheduler(0) == SCHED_FIFO);
	sleep_ms(5);
	CHECK(sched_getcpu() == cores[0]);
	CHECK(!sched_setscheduler(0, SCHED_BATCH, &other));
	CHECK(!sched_setscheduler(0, SCHED_OTHER, &other));
	sleep_ms(5);
	CHECK(sched_getcpu() == cores[0]);
	return 0;
}

TEST_F(class, policies)
{
	EXPECT_EQ(0, in_child(policies, self->cores));
}

/*
 * Kernel threads of the core make progress while a thread computes there:
 * this file makes the kernel wait for a work item on every core.
 */
static int bound_work(void *arg)
{
	pid_t parent = getpid();
	int *spins;
	int fd;

	(void)arg;
	spins = mmap(NULL, sizeof(*spins), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(spins != MAP_FAILED);
	CHECK(!lwk_join_nr(1));
	if (!fork()) {
		__atomic_store_n(spins, 1, __ATOMIC_RELEASE);
		/* Spin beside a parent that blocks in the write. */
		while (getppid() == parent)
			;
		_exit(0);
	}
	while (!__atomic_load_n(spins, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	CHECK(fd >= 0);
	CHECK(write(fd, "1", 1) == 1);
	return 0;
}

TEST_F_TIMEOUT(class, bound_work, 60)
{
	EXPECT_EQ(0, in_child(bound_work, NULL));
	for (int i = 0; i < 100 && !lwk_all_free(); i++)
		sleep_ms(50);
}

static int exec_self(void *arg)
{
	char *argv[] = { "sh", "-c", arg, NULL };

	CHECK(!lwk_join_nr(2));
	execv("/bin/sh", argv);
	return 1;
}

/* exec and vfork change nothing: nproc is two processes away. */
TEST_F(class, exec)
{
	EXPECT_EQ(0, in_child(exec_self, "test $(nproc) = 2"));
}

/* A thread other than the first calls exec. */
static void *exec_true(void *arg)
{
	char *argv[] = { "true", NULL };

	(void)arg;
	execv("/bin/true", argv);
	return NULL;
}

static int exec_thread(void *arg)
{
	pthread_t thread;

	(void)arg;
	CHECK(!lwk_join_nr(2));
	CHECK(!pthread_create(&thread, NULL, exec_true, NULL));
	pthread_join(thread, NULL);
	return 1;
}

TEST_F(class, exec_thread)
{
	EXPECT_EQ(0, in_child(exec_thread, NULL));
}

/* More processes than cores, all dying in disorder. */
static int storm(void *arg)
{
	(void)arg;
	CHECK(!lwk_join_nr(2));
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			fork();
			for (volatile int j = 0; j < i * 1000; j++)
				;
			_exit(0);
		}
		if (i % 3 == 0)
			kill(pid, SIGKILL);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

TEST_F(class, fork_storm)
{
	EXPECT_EQ(0, in_child(storm, NULL));
	for (int i = 0; i < 100 && !lwk_all_free(); i++)
		sleep_ms(50);
}

TEST_HARNESS_MAIN
