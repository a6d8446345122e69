// SPDX-License-Identifier: GPL-2.0
/*
 * Where frozen memory counts: in the address space that it was made of,
 * whichever process or thread has made it, and no longer than that address space
 * is there; then where it is attached, and only what is. And it is memory as it
 * was, no larger than what it was made of. Verdicts are numbers of Linux's own.
 */
#include <sched.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "xemem_common.h"
#include "xemem_memory.h"
#include "xemem_slab.h"
#include "../lwk/lwk_meminfo.h"

#define SECONDS		120
#define LEN		(64 * MIB)
#define LEN_KB		((long)(LEN >> 10))
/* Counters of each CPU, and what the kernel has for a space besides. */
#define SLACK_KB	(4L << 10)
#define SOON_MS		10000
#define STACK		(64 << 10)
#define PATH		"/tmp/xemem_frozen_where"

/**
 * struct told - what the processes say to each other
 * @segid: that was made.
 * @step: how far they are.
 * @status: of who had to do something.
 * @kb: resident in shared memory, meanwhile.
 */
struct told {
	volatile __s64 segid;
	volatile int step;
	volatile int status;
	volatile long kb;
};

static struct told *told;
static char *mem;
static _Alignas(16) char stack[STACK];

static long shmem_kb(void)
{
	return value_of("/proc/self/status", "RssShmem");
}

static long anon_kb(void)
{
	return value_of("/proc/meminfo", "AnonPages");
}

static bool wait_step(int step)
{
	long end = now_ms() + SOON_MS;

	while (told->step < step && now_ms() < end)
		sleep_ms(1);
	return told->step >= step;
}

/* Is @value() at most @most, soon? */
static bool falls_to(long (*value)(void), long most)
{
	long end = now_ms() + SOON_MS;

	while (value() > most) {
		if (now_ms() > end) {
			fprintf(stderr, "# %ld kB, not %ld\n", value(), most);
			return false;
		}
		sleep_ms(20);
	}
	return true;
}

static __s64 freeze(const void *addr, size_t size)
{
	struct xemem_make req = xem_request(addr, size, "");

	req.flags = XEMEM_FROZEN;
	req.mode = 0666;
	return xem_make_ext(&req);
}

FIXTURE(where)
{
	long anon;
	long shmem;
};

FIXTURE_SETUP(where)
{
	ASSERT_EQ(0, xem_begin());
	if (!(xem_features() & XEMEM_HAS_FROZEN))
		SKIP(return, "no frozen segments");
	slab_begin();
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	memset(told, 0, sizeof(*told));
	xem_catch();
	mem = memory_new(MEMORY_SMALL, LEN);
	ASSERT_NE(MAP_FAILED, mem);
	xem_fill(mem, LEN, 1);
	self->anon = anon_kb();
	self->shmem = shmem_kb();
}

FIXTURE_TEARDOWN(where)
{
	if (xem_fd >= 0)
		close(xem_fd);
	EXPECT_TRUE(slab_is_level(SOON_MS));
	unlink(PATH);
}

#define WHERE_TEST(name)	TEST_F_TIMEOUT(where, name, SECONDS)

WHERE_TEST(maker)
{
	__s64 segid = freeze(mem, LEN);

	ASSERT_LT(0, segid);
	EXPECT_LE(self->shmem + LEN_KB - SLACK_KB, shmem_kb());
	ASSERT_EQ(0, xem_remove(segid));
	EXPECT_TRUE(falls_to(shmem_kb, self->shmem + SLACK_KB));
}

/* It opens the device itself, and is gone before its parent runs again. */
static int freeze_and_exit(void *arg)
{
	xem_open();
	told->segid = freeze(mem, LEN);
	told->kb = shmem_kb();
	_exit(told->segid < 0);
}

static int run(int flags, int (*fn)(void *))
{
	pid_t pid = clone(fn, stack + STACK, flags | SIGCHLD, NULL);
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return status;
}

/* What it has frozen is its parent's as long as it lives: both have the memory. */
WHERE_TEST(child_of_vfork)
{
	int fd = xem_fd;

	EXPECT_EQ(0, run(CLONE_VM | CLONE_VFORK, freeze_and_exit));
	EXPECT_LE(self->shmem + LEN_KB - SLACK_KB, told->kb);
	xem_fd = fd;
	EXPECT_TRUE(falls_to(shmem_kb, self->shmem + SLACK_KB));
	EXPECT_TRUE(falls_to(anon_kb, self->anon + SLACK_KB));
}

static int freeze_own_and_exit(void *arg)
{
	char *own = memory_new(MEMORY_SMALL, LEN);

	if (own == MAP_FAILED)
		_exit(1);
	xem_fill(own, LEN, 2);
	mem = own;
	return freeze_and_exit(NULL);
}

/* A file that stays open keeps nothing. */
WHERE_TEST(files_are_shared)
{
	EXPECT_EQ(0, run(CLONE_FILES, freeze_own_and_exit));
	EXPECT_LT(0, told->segid);
	EXPECT_TRUE(falls_to(anon_kb, self->anon + SLACK_KB));
}

static int freeze_and_execute(void *arg)
{
	char *own = memory_new(MEMORY_SMALL, LEN);

	/* That of the parent's is closed by exec, and this one is not. */
	close(xem_fd);
	xem_fd = open(XEM_DEV, O_RDWR);
	if (own == MAP_FAILED || xem_fd < 0)
		_exit(1);
	xem_fill(own, LEN, 2);
	told->segid = freeze(own, LEN);
	execlp("sleep", "sleep", "1000", NULL);
	_exit(2);
}

/* Does it execute another program by now? */
static bool has_executed(pid_t pid)
{
	long end = now_ms() + SOON_MS;
	char path[64], name[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	while (strcmp(name, "sleep") && now_ms() < end) {
		sleep_ms(1);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%15s", name) != 1)
			name[0] = 0;
		if (f)
			fclose(f);
	}
	return !strcmp(name, "sleep");
}

WHERE_TEST(executed)
{
	pid_t pid = fork();

	if (!pid)
		freeze_and_execute(NULL);
	ASSERT_TRUE(has_executed(pid));
	EXPECT_LT(0, told->segid);
	EXPECT_TRUE(falls_to(anon_kb, self->anon + SLACK_KB));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Attaches one page, and stays; says how much is resident there. */
static void import_page(void)
{
	char *page;

	xem_open();
	page = xem_attach(xem_get(told->segid, XPMEM_ABI_RDONLY), LEN / 2,
			  PAGE);
	told->status = xem_error(page) || xem_peek(page);
	told->kb = shmem_kb();
	told->step = 1;
	wait_step(3);
	told->status |= xem_wrong(page, PAGE, 3);
	told->kb = shmem_kb() - told->kb;
	told->step = 4;
	wait_step(5);
	_exit(0);
}

/* The maker's only copy is the frozen one. */
static void make_and_exit(void)
{
	char *own = memory_new(MEMORY_SMALL, LEN);

	xem_open();
	xem_fill(own, LEN, 2);
	xem_fill(own + LEN / 2, PAGE, 3);
	told->segid = freeze(own, LEN);
	munmap(own, LEN);
	wait_step(2);
	_exit(0);
}

/* Who has a page of a stranger's attached pays for a page. */
WHERE_TEST(stranger_has_a_page)
{
	pid_t maker = fork(), importer;

	if (!maker)
		make_and_exit();
	while (!told->segid && kill(maker, 0) == 0)
		sleep_ms(1);
	ASSERT_LT(0, told->segid);
	importer = fork();
	if (!importer)
		import_page();
	ASSERT_TRUE(wait_step(1));
	EXPECT_LE(self->anon + LEN_KB - SLACK_KB, anon_kb());
	told->step = 2;
	ASSERT_EQ(maker, waitpid(maker, NULL, 0));
	EXPECT_TRUE(falls_to(anon_kb, self->anon + SLACK_KB));
	told->step = 3;
	EXPECT_TRUE(wait_step(4));
	EXPECT_EQ(0, told->status);
	EXPECT_GE(SLACK_KB, told->kb);
	EXPECT_LT(0, told->kb);
	told->step = 5;
	ASSERT_EQ(importer, waitpid(importer, NULL, 0));
}

/* One small page in each large one stays that. */
WHERE_TEST(sparse)
{
	int fd = memfd_create("sparse", MFD_CLOEXEC);
	char *file, byte = 1;
	__s64 segid;

	ASSERT_EQ(0, ftruncate(fd, LEN));
	for (size_t i = 0; i < LEN; i += 2 * MIB)
		ASSERT_EQ(1, pwrite(fd, &byte, 1, i));
	file = memory_reserve(LEN);
	ASSERT_EQ(file, mmap(file, LEN, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, fd, 0));
	madvise(file, LEN, MADV_HUGEPAGE);
	segid = freeze(file, LEN);
	ASSERT_LT(0, segid);
	EXPECT_GE(self->anon + SLACK_KB, anon_kb());
	EXPECT_GE(self->shmem + SLACK_KB, shmem_kb());
	close(fd);
	munmap(file, LEN);
	ASSERT_EQ(0, xem_remove(segid));
}

/* What the file gets afterwards is not seen, what the owner had written is. */
WHERE_TEST(private_file)
{
	int fd = open(PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *own, *shown, page[PAGE];
	__s64 segid;

	ASSERT_LE(0, fd);
	for (__u64 i = 0; i < 8; i++) {
		xem_fill(page, PAGE, 10 + i);
		ASSERT_EQ(PAGE, write(fd, page, PAGE));
	}
	/* Two pages behind the end. */
	own = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, own);
	xem_fill(own + 2 * PAGE, PAGE, 20);
	segid = freeze(own, 10 * PAGE);
	ASSERT_LT(0, segid);
	xem_fill(page, PAGE, 30);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(PAGE, pwrite(fd, page, PAGE, i * PAGE));
	EXPECT_EQ(0, xem_wrong(own, PAGE, 30));
	/* Of a page that the owner has written, too: he loses it. */
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_NE(0, xem_peek(own + 2 * PAGE));
	ASSERT_EQ(0, ftruncate(fd, 10 * PAGE));
	shown = xem_attach(xem_get(segid, XPMEM_ABI_RDONLY), 0, 10 * PAGE);
	ASSERT_EQ(0, xem_error(shown));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0, xem_wrong(shown + i * PAGE, PAGE,
				       i == 2 ? 20 : 10 + i));
	EXPECT_NE(0, xem_peek(shown + 8 * PAGE));
	EXPECT_NE(0, xem_peek(shown + 9 * PAGE));
	xem_detach(shown);
	close(fd);
	munmap(own, 10 * PAGE);
}

/* To look at nothing costs tables of pages, and they count. */
WHERE_TEST(tables)
{
	const size_t size = 16UL << 30;
	char *hole = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__s64 segid = freeze(hole, size);
	char *shown;
	long kb;

	ASSERT_LT(0, segid);
	shown = xem_attach(xem_get(segid, XPMEM_ABI_RDONLY), 0, size);
	ASSERT_EQ(0, xem_error(shown));
	kb = shmem_kb();
	for (size_t i = 0; i < size; i += 2 * MIB)
		ASSERT_EQ(0, xem_peek(shown + i));
	EXPECT_LE(kb + (long)(size / (2 * MIB) * 4) - SLACK_KB, shmem_kb());
	xem_detach(shown);
	munmap(hole, size);
}

#define HOLE		(16UL << 30)

/* Has nothing but addresses, and freezes them. */
static void make_hole(void)
{
	char *hole = mmap(NULL, HOLE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	xem_open();
	told->segid = freeze(hole, HOLE);
	wait_step(1);
	_exit(0);
}

/* If its maker is gone, those pay who look. */
WHERE_TEST(tables_after_the_end)
{
	pid_t maker = fork();
	char *shown;
	__s64 apid;
	long kb;

	if (!maker)
		make_hole();
	while (!told->segid && kill(maker, 0) == 0)
		sleep_ms(1);
	ASSERT_LT(0, told->segid);
	apid = xem_get(told->segid, XPMEM_ABI_RDONLY);
	shown = xem_attach(apid, 0, HOLE);
	ASSERT_EQ(0, xem_error(shown));
	told->step = 1;
	ASSERT_EQ(maker, waitpid(maker, NULL, 0));
	EXPECT_EQ(-ENOENT, xem_error(xem_attach(apid, 0, PAGE)));
	kb = shmem_kb();
	for (size_t i = 0; i < HOLE; i += 2 * MIB)
		ASSERT_EQ(0, xem_peek(shown + i));
	EXPECT_LE(kb + (long)(HOLE / (2 * MIB) * 4) - SLACK_KB, shmem_kb());
	xem_detach(shown);
	EXPECT_TRUE(falls_to(shmem_kb, self->shmem + SLACK_KB));
}

TEST_HARNESS_MAIN
