// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment is ordinary memory for the kernel: futexes, direct input and
 * output, fixed buffers, pipes, other processes and debuggers take it as an
 * operand.
 *
 * XEMEM_DISK=DEVICE: a block device whose first MiB may be overwritten, for
 * direct input and output.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"
#include "xemem_ring.h"

#define LEN		(256UL << 10)
#define ROUNDS		200
#define WAIT_S		20
/* Larger than a pipe would hold at once without help. */
#define PIPE_PART	(16 * PAGE)

/**
 * struct meeting - at the start of the shared memory
 * @lock: taken by both.
 * @turned: @turn has changed.
 * @turn: whose turn it is, 0: the owner's.
 * @count: raised under @lock.
 * @word: a futex.
 */
struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t turned;
	int turn;
	long count;
	volatile int word;
};

/* The attachment, in the importer. */
static char *here;

static int meet(struct actor *owner, enum memory_kind kind)
{
	__s64 apid;

	return pair_meet(owner, kind, LEN, &here, &apid);
}

static long futex(volatile int *p, int op, int value)
{
	struct timespec t = { .tv_sec = WAIT_S };

	return syscall(SYS_futex, p, op, value, &t, NULL, 0) < 0 ? -errno : 0;
}

/* Waits until the word is not @old any more. */
static int futex_wait_change(volatile int *word, int old)
{
	long ret = 0;

	while (*word == old && ret != -ETIMEDOUT && ret != -EFAULT)
		ret = futex(word, FUTEX_WAIT, old);
	CHECK(*word != old);
	CHECK(ret != -ETIMEDOUT);
	CHECK(ret != -EFAULT);
	return 0;
}

static int futex_owner(void *arg)
{
	struct meeting *m = (void *)scene->addr;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(0, futex_wait_change(&m->word, 2 * i));
		m->word = 2 * i + 2;
		CHECK(futex(&m->word, FUTEX_WAKE, 1) >= 0);
	}
	return 0;
}

static int futex_importer(struct actor *owner)
{
	struct meeting *m = (void *)here;

	m->word = 0;
	actor_post(owner, futex_owner, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		/* Let it fall asleep, at times. */
		if (i % 20 == 0)
			sleep_ms(20);
		m->word = 2 * i + 1;
		CHECK(futex(&m->word, FUTEX_WAKE, 1) >= 0);
		CHECK_EQ(0, futex_wait_change(&m->word, 2 * i + 1));
	}
	return actor_wait(owner);
}

PAIR_TEST(futex_of_a_memfd)
{
	ASSERT_EQ(0, meet(&self->owner, MEMORY_MEMFD));
	EXPECT_EQ(0, futex_importer(&self->owner));
}

/* There a futex is known by the process, unless the kernel is told better. */
PAIR_TEST(futex_of_private_memory)
{
	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL));
	EXPECT_EQ(0, futex_importer(&self->owner));
	ASSERT_EQ(0, meet(&self->owner, MEMORY_LARGE));
	EXPECT_EQ(0, futex_importer(&self->owner));
}

static int prepare_meeting(void *arg)
{
	struct meeting *m = (void *)scene->addr;
	pthread_mutexattr_t mutex_attr;
	pthread_condattr_t cond_attr;

	memset(m, 0, sizeof(*m));
	CHECK(!pthread_mutexattr_init(&mutex_attr));
	CHECK(!pthread_mutexattr_setpshared(&mutex_attr,
					    PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_mutex_init(&m->lock, &mutex_attr));
	CHECK(!pthread_condattr_init(&cond_attr));
	CHECK(!pthread_condattr_setpshared(&cond_attr,
					   PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_cond_init(&m->turned, &cond_attr));
	return 0;
}

/* Takes turns: @me is 0 or 1. */
static int take_turns(struct meeting *m, int me)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2 * WAIT_S;
	for (int i = 0; i < ROUNDS && !ret; i++) {
		ret = pthread_mutex_timedlock(&m->lock, &until);
		if (ret)
			break;
		while (m->turn != me && !ret)
			ret = pthread_cond_timedwait(&m->turned, &m->lock,
						     &until);
		m->count++;
		m->turn = !me;
		pthread_cond_broadcast(&m->turned);
		pthread_mutex_unlock(&m->lock);
	}
	CHECK_EQ(0, ret);
	return 0;
}

static int take_turns_owner(void *arg)
{
	return take_turns((void *)scene->addr, 0);
}

static int mutex_importer(struct actor *owner)
{
	struct meeting *m = (void *)here;

	CHECK_EQ(0, actor_do(owner, prepare_meeting, NULL));
	actor_post(owner, take_turns_owner, NULL);
	CHECK_EQ(0, take_turns(m, 1));
	CHECK_EQ(0, actor_wait(owner));
	CHECK_EQ(2 * ROUNDS, m->count);
	return 0;
}

PAIR_TEST(mutex_of_a_memfd)
{
	ASSERT_EQ(0, meet(&self->owner, MEMORY_MEMFD));
	EXPECT_EQ(0, mutex_importer(&self->owner));
}

PAIR_TEST(mutex_of_private_memory)
{
	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL));
	EXPECT_EQ(0, mutex_importer(&self->owner));
}

/* To the disk and back, past the page cache, by the kinds of memory. */
static int direct(struct actor *owner, const char *disk, enum memory_kind kind)
{
	int fd = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(0, meet(owner, kind));
	CHECK_EQ(LEN, pwrite(fd, here, LEN, 0));
	xem_fill(here, LEN, 2);
	CHECK_EQ(LEN, pread(fd, here, LEN, 0));
	CHECK_EQ(0, xem_wrong(here, LEN, 1));
	scene->seed = 1;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	close(fd);
	return 0;
}

PAIR_TEST(direct_io)
{
	const char *disk = getenv("XEMEM_DISK");

	if (!disk)
		SKIP(return, "no XEMEM_DISK=DEVICE to overwrite");
	for (int kind = 0; kind < MEMORY_HUGETLB; kind++) {
		EXPECT_EQ(0, direct(&self->owner, disk, kind))
			TH_LOG("%s of %s", disk, memory_names[kind]);
	}
}

static int fixed_buffer(struct actor *owner, struct ring *r,
			enum memory_kind kind)
{
	int fd = memory_file(MEMORY_TMPFS, LEN);

	CHECK_EQ(0, meet(owner, kind));
	CHECK_EQ(0, ring_register(r, here, LEN));
	CHECK_EQ(LEN, ring_do(r, IORING_OP_WRITE_FIXED, fd, here, LEN));
	xem_fill(here, LEN, 2);
	CHECK_EQ(LEN, ring_do(r, IORING_OP_READ_FIXED, fd, here, LEN));
	CHECK_EQ(0, ring_unregister(r));
	CHECK_EQ(0, xem_wrong(here, LEN, 1));
	scene->seed = 1;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	close(fd);
	return 0;
}

PAIR_TEST(io_uring)
{
	struct ring r;
	int ret = ring_open(&r);

	if (ret == 2)
		SKIP(return, "no io_uring: errno %d", errno);
	ASSERT_EQ(0, ret);
	for (int kind = 0; kind < MEMORY_HUGETLB; kind++) {
		EXPECT_EQ(0, fixed_buffer(&self->owner, &r, kind))
			TH_LOG("%s", memory_names[kind]);
	}
}

/* Pages go into a pipe by reference. */
PAIR_TEST(vmsplice)
{
	char *copy = map(LEN, PROT_READ | PROT_WRITE);
	int fd[2];

	ASSERT_EQ(0, meet(&self->owner, MEMORY_LARGE));
	ASSERT_EQ(0, pipe(fd));
	ASSERT_LE(PIPE_PART, fcntl(fd[1], F_SETPIPE_SZ, PIPE_PART));
	for (size_t at = 0; at < LEN; at += PIPE_PART) {
		struct iovec v = { here + at, PIPE_PART };

		ASSERT_EQ(PIPE_PART, vmsplice(fd[1], &v, 1, 0));
		ASSERT_EQ(PIPE_PART, read(fd[0], copy + at, PIPE_PART));
	}
	EXPECT_EQ(0, xem_wrong(copy, LEN, 1));
}

PAIR_TEST(read_and_write)
{
	int fd = memory_file(MEMORY_TMPFS, LEN);

	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL));
	ASSERT_EQ(LEN, pwrite(fd, here, LEN, 0));
	xem_fill(here, LEN, 4);
	ASSERT_EQ(LEN, pread(fd, here, LEN, 0));
	scene->seed = 1;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
}

/*
 * Others who look into the importer. It is a process of its own here, as one
 * cannot trace oneself.
 */
static int attach_third(void *arg)
{
	__s64 apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	char *p;

	CHECK(apid > 0);
	p = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(p));
	scene->number = (long)p;
	return 0;
}

static int meet_third(struct actor *owner, struct actor *third)
{
	CHECK_EQ(0, meet(owner, MEMORY_LARGE));
	CHECK_EQ(0, actor_start(third, (struct actor_how){}));
	CHECK_EQ(0, actor_do(third, attach_third, NULL));
	return 0;
}

PAIR_TEST(process_vm)
{
	struct actor third = {};
	char *copy = map(LEN, PROT_READ | PROT_WRITE);
	struct iovec local = { copy, LEN }, remote;

	ASSERT_EQ(0, meet_third(&self->owner, &third));
	remote = (struct iovec){ (void *)scene->number, LEN };
	EXPECT_EQ(LEN, process_vm_readv(third.pid, &local, 1, &remote, 1, 0));
	EXPECT_EQ(0, xem_wrong(copy, LEN, 1));
	xem_fill(copy, LEN, 2);
	EXPECT_EQ(LEN, process_vm_writev(third.pid, &local, 1, &remote, 1, 0));
	scene->seed = 2;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
	EXPECT_EQ(0, xem_wrong(here, LEN, 2));
	actor_end(&third);
}

PAIR_TEST(proc_mem)
{
	struct actor third = {};
	char *copy = map(LEN, PROT_READ | PROT_WRITE);
	char path[64];
	int fd;

	ASSERT_EQ(0, meet_third(&self->owner, &third));
	snprintf(path, sizeof(path), "/proc/%d/mem", third.pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(LEN, pread(fd, copy, LEN, scene->number));
	EXPECT_EQ(0, xem_wrong(copy, LEN, 1));
	xem_fill(copy, LEN, 2);
	EXPECT_EQ(LEN, pwrite(fd, copy, LEN, scene->number));
	scene->seed = 2;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
	close(fd);
	actor_end(&third);
}

PAIR_TEST(ptrace)
{
	struct actor third = {};
	char *p;

	ASSERT_EQ(0, meet_third(&self->owner, &third));
	p = (char *)scene->number;
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, third.pid, NULL, NULL));
	ASSERT_EQ(third.pid, waitpid(third.pid, NULL, __WALL));
	EXPECT_EQ(xem_word(1, PAGE),
		  ptrace(PTRACE_PEEKDATA, third.pid, p + PAGE, NULL));
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, third.pid, p + 2 * PAGE, 0x77L));
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, third.pid, NULL, NULL));
	EXPECT_EQ(0x77, *(__u64 *)(here + 2 * PAGE));
	actor_end(&third);
}

/*
 * What is left of the time is written, or is not, after the signal: where
 * nothing has been touched yet.
 */
static int sleep_there(void *arg)
{
	const struct timespec t = { .tv_sec = 2 * PAIR_SECONDS };

	return syscall(SYS_nanosleep, &t, scene->number);
}

static bool falls_asleep(pid_t pid, long patience_ms)
{
	long end = now_ms() + patience_ms;
	char path[64], text[16];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	do {
		f = fopen(path, "re");
		if (!f || !fgets(text, sizeof(text), f))
			text[0] = 0;
		if (f)
			fclose(f);
		if (text[0] && strtol(text, NULL, 10) == SYS_nanosleep)
			return true;
		sleep_ms(1);
	} while (now_ms() < end);
	return false;
}

PAIR_TEST(killed_in_a_call)
{
	struct actor third = {};

	ASSERT_EQ(0, meet_third(&self->owner, &third));
	actor_post(&third, sleep_there, NULL);
	EXPECT_TRUE(falls_asleep(third.pid, MEMBER_PATIENCE_MS));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&third, SIGKILL));
	actor_end(&third);
}

/* What is in use while it is taken away does not become somebody else's. */
static int take_away(void *arg)
{
	CHECK(!munmap(scene->addr, LEN));
	scene->addr = memory_new(MEMORY_SMALL, LEN);
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr, LEN, 3);
	return 0;
}

PAIR_TEST(pipe_outlives_the_source)
{
	struct iovec v;
	char copy[PAGE];
	int fd[2];

	ASSERT_EQ(0, meet(&self->owner, MEMORY_SMALL));
	v = (struct iovec){ here, PAGE };
	ASSERT_EQ(0, pipe(fd));
	ASSERT_EQ(PAGE, vmsplice(fd[1], &v, 1, 0));
	ASSERT_EQ(0, actor_do(&self->owner, take_away, NULL));
	ASSERT_EQ(PAGE, read(fd[0], copy, PAGE));
	EXPECT_EQ(0, xem_wrong(copy, PAGE, 1));
	scene->seed = 3;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
}

TEST_HARNESS_MAIN
