// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that its owner has reserved and not touched: an attachment allocates
 * none of it unless asked to, passes over what is not there at once, and what
 * an importer touches is the owner's: from his node, by his policy, and charged
 * to him.
 */
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#define GIB		(1024UL << 20)
#define TIB		(1024UL * GIB)
/* More than the machine has. */
#define HEAP		(32 * GIB)
#define WORDS		16
/* As much as a process can have of it, nearly. */
#define WINDOW		(47 * TIB)
/* Nobody looks at its pages one by one in so long. */
#define WINDOW_MS	(500 * slow())
#define TOUCHED		(16 * MIB)
#define CGROUPS		"/tmp/cgroup"

static int slow(void)
{
	const char *factor = getenv("LWK_SLOW");

	return factor ? atoi(factor) : 1;
}

static long resident_kb(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return value_of(path, "VmRSS");
}

/* A heap, of which few words were ever written. */
static int own_heap(void *arg)
{
	scene->addr = mmap(NULL, scene->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(scene->addr != MAP_FAILED);
	/* Large pages would be touched as a whole. */
	madvise(scene->addr, scene->size, MADV_NOHUGEPAGE);
	for (long i = 0; i < WORDS; i++)
		*(long *)(scene->addr + scene->size / WORDS * i) = 100 + i;
	return owner_make(NULL);
}

static int heap_words(const char *here)
{
	for (long i = 0; i < WORDS; i++)
		CHECK_EQ(100 + i,
			 *(volatile long *)(here + scene->size / WORDS * i));
	return 0;
}

/* By XPMEM's own request: eager or not is the kernel's choice. */
PAIR_TEST(sparse_heap)
{
	__s64 apid;
	char *here;
	long before, nr;

	scene->size = HEAP;
	ASSERT_EQ(0, actor_do(&self->owner, own_heap, NULL));
	before = resident_kb(self->owner.pid);
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	here = xem_attach(apid, 0, HEAP);
	ASSERT_EQ(0, xem_error(here));
	EXPECT_GE(before + 1024, resident_kb(self->owner.pid));
	nr = faults();
	EXPECT_EQ(0, heap_words(here));
	nr = faults() - nr;
	TH_LOG("%ld faults for %d words", nr, WORDS);
	if (variant->importer_lwk)
		EXPECT_EQ(0, nr);
	EXPECT_GE(before + 1024, resident_kb(self->owner.pid));
	/* Who says so gets what is not there yet: it is but touched here. */
	here = xem_attach_ext(apid, 0, TOUCHED, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(here));
	EXPECT_EQ(0, touch(here, TOUCHED));
	EXPECT_LE(before + (long)(TOUCHED >> 10) - 1024,
		  resident_kb(self->owner.pid));
}

/* Every other page is there, and all of them are shared with a child. */
static int own_every_other(void *arg)
{
	scene->addr = memory_new(MEMORY_SMALL, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	for (size_t i = 0; i < scene->size; i += 2 * PAGE)
		*(volatile long *)(scene->addr + i) = i;
	CHECK_EQ(0, owner_make(NULL));
	fflush(NULL);
	scene->number = fork();
	CHECK(scene->number >= 0);
	if (!scene->number) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return 0;
}

static long count_faults(const char *here, size_t from)
{
	long before = faults();

	for (size_t i = from; i < scene->size; i += 2 * PAGE)
		(void)*(volatile const long *)(here + i);
	return faults() - before;
}

PAIR_TEST(every_other_page)
{
	__s64 apid;
	char *here;
	long before;

	scene->size = TOUCHED;
	ASSERT_EQ(0, actor_do(&self->owner, own_every_other, NULL));
	before = resident_kb(self->owner.pid);
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	here = xem_attach(apid, 0, TOUCHED);
	ASSERT_EQ(0, xem_error(here));
	EXPECT_GE(before + 1024, resident_kb(self->owner.pid));
	if (variant->importer_lwk)
		EXPECT_EQ(0, count_faults(here, 0));
	for (size_t i = 0; i < TOUCHED; i += 2 * PAGE)
		ASSERT_EQ(i, *(size_t *)(here + i));
	here = xem_attach_ext(apid, 0, TOUCHED, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(here));
	EXPECT_EQ(0, count_faults(here, 0));
	EXPECT_EQ(0, count_faults(here, PAGE));
}

/* @number: PROT_NONE, or memory that could be read. A page is there, far in. */
static int own_window(void *arg)
{
	char *page;

	scene->addr = mmap(NULL, scene->size, scene->number,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(scene->addr != MAP_FAILED);
	page = scene->addr + scene->size / 2;
	CHECK(!mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	*(long *)page = 77;
	return owner_make(NULL);
}

static int give_up_window(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	CHECK(!munmap(scene->addr, scene->size));
	return 0;
}

static int window(struct actor *owner, int prot)
{
	long start = now_ms(), ms;
	__s64 apid;
	char *here;

	scene->size = WINDOW;
	scene->number = prot;
	CHECK_EQ(0, actor_do(owner, own_window, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	for (int i = 0; i < 2; i++) {
		start = now_ms();
		here = i ? xem_attach_ext(apid, 0, WINDOW, XEMEM_LAZY) :
			   xem_attach(apid, 0, WINDOW);
		CHECK_EQ(0, xem_error(here));
		ms = now_ms() - start;
		CHECK_EQ(77, *(volatile long *)(here + WINDOW / 2));
		start = now_ms();
		CHECK_EQ(0, i ? xem_detach(here) : xem_release(apid));
		fprintf(stderr, "# %s: attached in %ld ms, detached in %ld ms\n",
			prot ? "nothing there" : "not to be read", ms,
			now_ms() - start);
		CHECK(ms < WINDOW_MS);
		CHECK(now_ms() - start < WINDOW_MS);
		if (!i)
			apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	}
	return actor_do(owner, give_up_window, NULL);
}

PAIR_TEST(window)
{
	EXPECT_EQ(0, window(&self->owner, PROT_NONE));
	EXPECT_EQ(0, window(&self->owner, PROT_READ));
}

/* The node of the page at each of these addresses of the owner, or -errno. */
static int where_from(void *arg)
{
	void *page;
	int node;

	for (size_t i = 0; i < scene->size; i += PAGE) {
		page = scene->addr + i;
		node = -1;
		CHECK(!syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0));
		CHECK_EQ(scene->number, node);
	}
	return 0;
}

static int node_of_me(void)
{
	unsigned int node = -1;

	syscall(SYS_getcpu, NULL, &node, NULL);
	return node;
}

static int tell_node(void *arg)
{
	scene->number = node_of_me();
	return 0;
}

/* @seed: the node that the policy of the owner asks for, plus one; 0: none. */
static int own_untouched(void *arg)
{
	unsigned long nodes = scene->seed ? 1UL << (scene->seed - 1) : 0;

	CHECK(!syscall(SYS_set_mempolicy,
		       nodes ? MPOL_BIND : MPOL_DEFAULT, &nodes, 64));
	scene->addr = memory_new(MEMORY_SMALL, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	return owner_make(NULL);
}

/* Touched by who has @policy for @node; it is to be of @want. */
static int touch_from(struct actor *owner, int policy, int node, int want)
{
	unsigned long nodes = node < 0 ? 0 : 1UL << node;
	__s64 apid;
	char *here;

	CHECK_EQ(0, actor_do(owner, own_untouched, NULL));
	CHECK(!syscall(SYS_set_mempolicy, policy, &nodes, 64));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	here = xem_attach_ext(apid, 0, scene->size, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(here));
	xem_fill(here, scene->size, 1);
	scene->number = want;
	CHECK_EQ(0, actor_do(owner, where_from, NULL));
	CHECK_EQ(0, actor_do(owner, give_up_window, NULL));
	/* It is still in force. */
	here = memory_new(MEMORY_SMALL, scene->size);
	xem_fill(here, scene->size, 1);
	scene->addr = here;
	scene->number = node < 0 ? node_of_me() : node;
	CHECK_EQ(0, where_from(NULL));
	munmap(here, scene->size);
	CHECK(!syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	return 0;
}

PAIR_TEST(node)
{
	int his, other;

	if (access("/sys/devices/system/node/node1/cpulist", F_OK))
		SKIP(return, "one node");
	scene->size = 32 * PAGE;
	ASSERT_EQ(0, actor_do(&self->owner, tell_node, NULL));
	his = scene->number;
	other = !his;
	/* An LWK core's memory is what it has reserved. */
	if (variant->importer_lwk || variant->owner_lwk)
		SKIP(return, "by policy, on Linux cores");
	scene->seed = 0;
	EXPECT_EQ(0, touch_from(&self->owner, MPOL_DEFAULT, -1, his));
	EXPECT_EQ(0, touch_from(&self->owner, MPOL_BIND, other, his));
	EXPECT_EQ(0, touch_from(&self->owner, MPOL_PREFERRED, other, his));
	scene->seed = 1 + other;
	EXPECT_EQ(0, touch_from(&self->owner, MPOL_DEFAULT, -1, other));
	EXPECT_EQ(0, touch_from(&self->owner, MPOL_BIND, his, other));
}

/* On an LWK core of another node: from where the owner runs. */
static int touch_home(void *arg)
{
	__s64 apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	char *here = xem_attach_ext(apid, 0, scene->size, XEMEM_LAZY);

	CHECK_EQ(0, xem_error(here));
	xem_fill(here, scene->size, 1);
	return 0;
}

PAIR_TEST(node_of_the_core)
{
	scene->size = 32 * PAGE;
	scene->seed = 0;
	if (variant->owner_lwk)
		SKIP(return, "an LWK core's memory is reserved");
	ASSERT_EQ(0, actor_do(&self->owner, own_untouched, NULL));
	EXPECT_EQ(0, touch_home(NULL));
	ASSERT_EQ(0, actor_do(&self->owner, tell_node, NULL));
	TH_LOG("from node %d, for node %ld", node_of_me(), scene->number);
	EXPECT_EQ(0, actor_do(&self->owner, where_from, NULL));
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return !ok;
}

/* Current's memory is charged there from now on. */
static int enter_group(void *arg)
{
	return write_text(CGROUPS "/xemem/cgroup.procs", "0");
}

static unsigned long charged(void)
{
	unsigned long bytes = 0;
	FILE *f = fopen(CGROUPS "/xemem/memory.current", "re");

	if (f && fscanf(f, "%lu", &bytes) != 1)
		bytes = 0;
	if (f)
		fclose(f);
	return bytes;
}

PAIR_TEST(charge)
{
	unsigned long before;

	if (variant->owner_lwk)
		SKIP(return, "an LWK core's memory is mapped in advance");
	mkdir(CGROUPS, 0700);
	if (access(CGROUPS "/cgroup.procs", F_OK) &&
	    mount("cgroup2", CGROUPS, "cgroup2", 0, NULL))
		SKIP(return, "no cgroups: errno %d", errno);
	if (write_text(CGROUPS "/cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory cgroups: errno %d", errno);
	mkdir(CGROUPS "/xemem", 0700);
	scene->size = TOUCHED;
	scene->seed = 0;
	if (actor_do(&self->owner, enter_group, NULL))
		SKIP(return, "it cannot be entered");
	ASSERT_EQ(0, actor_do(&self->owner, own_untouched, NULL));
	before = charged();
	EXPECT_EQ(0, touch_home(NULL));
	EXPECT_LE(before + TOUCHED * 9 / 10, charged());
	actor_end(&self->owner);
	rmdir(CGROUPS "/xemem");
}

TEST_HARNESS_MAIN
