// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment names addresses, not pages: it shows what the owner has there
 * now, or costs SIGBUS where he has nothing; whatever he or the kernel did
 * with the pages meanwhile. What the importer does with it is his own affair.
 */
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* Instead of a seed: nothing is there. */
#define BUS		(~0ULL)
#define KSM		"/sys/kernel/mm/ksm/"
#define KSM_WAIT_MS	10000
#define BALANCING	"/proc/sys/kernel/numa_balancing"
/* Linux goes through memory every second or so, and less often later. */
#define BALANCE_MS	40000
/* A wait that is one, not a slow machine. */
#define SOME_MS		300

static const unsigned int modes[] = { XEMEM_LAZY, XEMEM_EAGER };

/**
 * struct change - something that happens to the owner's memory
 * @make_it: what the owner does.
 * @kind: of memory.
 * @size: of it.
 * @seed: the pattern that is there afterwards; 0: zeroes; BUS: nothing.
 */
struct change {
	int (*make_it)(void *arg);
	enum memory_kind kind;
	size_t size;
	__u64 seed;
};

static int disown_memory(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	munmap(scene->addr, scene->size);
	return 0;
}

/* Reading and writing are SIGBUS: by turns, as faults of LWK cores take long. */
static int all_gone(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		CHECK_EQ(SIGBUS, i % (2 * PAGE) ? xem_store(p + i, 1) :
						  xem_peek(p + i));
	CHECK_EQ(SIGBUS, xem_store(p, 1));
	return 0;
}

/* It shows @seed, and what is written there the owner sees. */
static int all_there(struct actor *owner, char *p, const struct change *c)
{
	CHECK_EQ(0, xem_wrong(p, c->size, c->seed));
	xem_fill(p, c->size, 9);
	scene->seed = 9;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	CHECK_EQ(0, xem_wrong(p, c->size, 9));
	return 0;
}

static int follow_once(struct actor *owner, const struct change *c,
		       unsigned int mode)
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, actor_do(owner, owner_share, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	p = xem_attach_ext(apid, 0, c->size, mode);
	CHECK_EQ(0, xem_error(p));
	CHECK_EQ(0, xem_wrong(p, c->size, 1));
	CHECK_EQ(0, actor_do(owner, c->make_it, NULL));
	if (c->seed == BUS)
		CHECK_EQ(0, all_gone(p, c->size));
	else
		CHECK_EQ(0, all_there(owner, p, c));
	CHECK_EQ(0, xem_detach(p));
	CHECK_EQ(0, xem_release(apid));
	return actor_do(owner, disown_memory, NULL);
}

static int follow(struct actor *owner, struct change c)
{
	int bad = 0;

	scene->kind = c.kind;
	scene->size = c.size;
	for (int i = 0; i < 2; i++) {
		if (!follow_once(owner, &c, modes[i]))
			continue;
		fprintf(stderr, "# with %s, %s\n", memory_names[c.kind],
			mode_name(modes[i]));
		bad = 1;
	}
	return bad;
}

/* For small and for large pages. */
static int follow_anonymous(struct actor *owner, int (*make_it)(void *),
			    __u64 seed)
{
	struct change c = { make_it, MEMORY_SMALL, 16 * PAGE, seed };
	int bad = follow(owner, c);

	c.kind = MEMORY_LARGE;
	c.size = 2 * LARGE;
	return bad | follow(owner, c);
}

static int unmap(void *arg)
{
	CHECK(!munmap(scene->addr, scene->size));
	return 0;
}

PAIR_TEST(munmap)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, unmap, BUS));
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			unmap, MEMORY_MEMFD, LARGE, BUS }));
}

static int map_anew(void *arg)
{
	char *p;

	CHECK(!munmap(scene->addr, scene->size));
	p = memory_at(scene->addr, scene->kind, scene->size);
	CHECK(p == scene->addr);
	xem_fill(p, scene->size, 2);
	return 0;
}

PAIR_TEST(map_anew)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, map_anew, 2));
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			map_anew, MEMORY_MEMFD, LARGE, 2 }));
}

/* Something else is put over it, without munmap. */
static int map_over(void *arg)
{
	char *p = memory_at(scene->addr, MEMORY_MEMFD, scene->size);

	CHECK(p == scene->addr);
	xem_fill(p, scene->size, 3);
	return 0;
}

PAIR_TEST(map_over)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, map_over, 3));
}

static int move_away(void *arg)
{
	char *to = memory_reserve(scene->size);

	scene->number = (long)mremap(scene->addr, scene->size, scene->size,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK_EQ(to, scene->number);
	CHECK_EQ(0, xem_wrong(to, scene->size, 1));
	CHECK(!munmap(to, scene->size));
	return 0;
}

static int move_here(void *arg)
{
	char *from = memory_new(scene->kind, scene->size);

	CHECK(from != MAP_FAILED);
	xem_fill(from, scene->size, 4);
	CHECK(mremap(from, scene->size, scene->size,
		     MREMAP_MAYMOVE | MREMAP_FIXED, scene->addr) ==
	      scene->addr);
	return 0;
}

PAIR_TEST(mremap)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, move_away, BUS));
	EXPECT_EQ(0, follow_anonymous(&self->owner, move_here, 4));
}

static int dont_need(void *arg)
{
	CHECK(!madvise(scene->addr, scene->size, MADV_DONTNEED));
	return 0;
}

/* In a part of the large pages, too. */
static int dont_need_odd(void *arg)
{
	size_t head = PAGE + LARGE / 2;

	CHECK(!madvise(scene->addr, head, MADV_DONTNEED));
	CHECK_EQ(0, xem_wrong(scene->addr, head, 0));
	CHECK(!madvise(scene->addr + head, scene->size - head, MADV_DONTNEED));
	return 0;
}

static int remove_pages(void *arg)
{
	CHECK(!madvise(scene->addr, scene->size, MADV_REMOVE));
	return 0;
}

PAIR_TEST(dontneed)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, dont_need, 0));
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			dont_need_odd, MEMORY_LARGE, 2 * LARGE, 0 }));
	/* Shared memory keeps what was in it until it is removed. */
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			dont_need, MEMORY_MEMFD, LARGE, 1 }));
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			remove_pages, MEMORY_MEMFD, LARGE, 0 }));
}

static int truncate_source(void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (long)scene->addr, (long)scene->addr + scene->size);
	CHECK(!truncate(path, 0));
	return 0;
}

PAIR_TEST(truncate)
{
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			truncate_source, MEMORY_MEMFD, LARGE, BUS }));
}

/* A child that has what its parent had at the fork, and wants to keep it. */
static int fork_child(void)
{
	int pid;

	scene->stop = 0;
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!scene->stop)
		sleep_ms(1);
	_exit(xem_wrong(scene->addr, scene->size, 1) != 0);
}

static int join_child(void)
{
	scene->stop = 1;
	CHECK_EQ(0, wait_status(scene->number));
	return 0;
}

/* The owner gets a page of his own, and that is the one that counts. */
static int fork_and_write(void *arg)
{
	scene->number = fork_child();
	CHECK(scene->number > 0);
	xem_fill(scene->addr, scene->size, 2);
	return join_child();
}

PAIR_TEST(fork_and_write_of_the_owner)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, fork_and_write, 2));
}

static int write_in_child(void *arg)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		xem_fill(scene->addr, scene->size, 6);
		_exit(xem_wrong(scene->addr, scene->size, 6) != 0);
	}
	CHECK_EQ(0, wait_status(pid));
	return 0;
}

PAIR_TEST(fork_and_write_of_the_child)
{
	EXPECT_EQ(0, follow_anonymous(&self->owner, write_in_child, 1));
}

static int fork_only(void *arg)
{
	scene->number = fork_child();
	CHECK(scene->number > 0);
	return 0;
}

static int join_forked(void *arg)
{
	CHECK_EQ(0, xem_wrong(scene->addr, scene->size, scene->seed));
	return join_child();
}

/* The importer writes what is shared by owner and child: the owner's only. */
PAIR_TEST(fork_and_write_of_the_importer)
{
	scene->size = LARGE;
	for (int i = 0; i < 4; i++) {
		__s64 apid;
		char *p;

		scene->kind = i & 1 ? MEMORY_LARGE : MEMORY_SMALL;
		ASSERT_EQ(0, actor_do(&self->owner, owner_share, NULL));
		apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
		p = xem_attach_ext(apid, 0, LARGE, modes[i / 2]);
		ASSERT_EQ(0, xem_error(p));
		xem_fill(p, LARGE, 1);
		ASSERT_EQ(0, actor_do(&self->owner, fork_only, NULL));
		EXPECT_EQ(0, xem_wrong(p, LARGE, 1));
		xem_fill(p, LARGE, 7);
		scene->seed = 7;
		EXPECT_EQ(0, actor_do(&self->owner, join_forked, NULL));
		EXPECT_EQ(0, xem_wrong(p, LARGE, 7));
		ASSERT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* Two attachments, as the owner dies but once. */
static int attach_both(struct actor *owner, char *p[2])
{
	__s64 apid;

	scene->kind = MEMORY_LARGE;
	scene->size = LARGE + 4 * PAGE;
	CHECK_EQ(0, actor_do(owner, owner_share, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	for (int i = 0; i < 2; i++) {
		p[i] = xem_attach_ext(apid, 0, scene->size, modes[i]);
		CHECK_EQ(0, xem_error(p[i]));
		CHECK_EQ(0, xem_wrong(p[i], scene->size, 1));
	}
	return 0;
}

static int exec_sleep(void *arg)
{
	execl("/bin/sleep", "sleep", "600", NULL);
	return 1;
}

static int end_quietly(void *arg)
{
	_exit(0);
}

static bool gone_in_time(char *p)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	while (xem_peek(p) != SIGBUS && now_ms() < end)
		sleep_ms(1);
	return xem_peek(p) == SIGBUS;
}

static int owner_is_gone(char *p[2])
{
	CHECK(gone_in_time(p[0]));
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(0, all_gone(p[i], scene->size));
		CHECK_EQ(0, xem_detach(p[i]));
	}
	CHECK_EQ(-ENOENT, xem_get(scene->segid, XPMEM_ABI_RDWR));
	return 0;
}

PAIR_TEST(exec)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	actor_post(&self->owner, exec_sleep, NULL);
	EXPECT_EQ(0, owner_is_gone(p));
	EXPECT_EQ(0, kill(self->owner.pid, 0));
}

PAIR_TEST(exit)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	actor_post(&self->owner, end_quietly, NULL);
	EXPECT_EQ(0, owner_is_gone(p));
}

PAIR_TEST(kill)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->owner, SIGKILL));
	EXPECT_EQ(0, owner_is_gone(p));
}

static int protect(void *arg)
{
	CHECK(!mprotect(scene->addr, scene->size, scene->number));
	return 0;
}

PAIR_TEST(mprotect)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	scene->number = PROT_READ;
	ASSERT_EQ(0, actor_do(&self->owner, protect, NULL));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(SIGBUS, xem_store(p[i], 1));
		EXPECT_EQ(0, xem_wrong(p[i], scene->size, 1));
		EXPECT_EQ(SIGBUS, xem_store(p[i], 1));
	}
	scene->number = PROT_NONE;
	ASSERT_EQ(0, actor_do(&self->owner, protect, NULL));
	EXPECT_EQ(0, all_gone(p[0], scene->size));
	EXPECT_EQ(0, all_gone(p[1], scene->size));
	scene->number = PROT_READ | PROT_WRITE;
	ASSERT_EQ(0, actor_do(&self->owner, protect, NULL));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, xem_wrong(p[i], scene->size, i ? 8 : 1));
		xem_fill(p[i], scene->size, 8);
	}
	scene->seed = 8;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
}

/* What the kernel may or may not do; the memory has to be right anyway. */
static int collapse(void *arg)
{
	CHECK(!madvise(scene->addr, scene->size, MADV_HUGEPAGE));
	scene->number = madvise(scene->addr, scene->size, MADV_COLLAPSE) ?
			errno : 0;
	xem_fill(scene->addr, scene->size, 2);
	return 0;
}

PAIR_TEST(collapse)
{
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			collapse, MEMORY_SMALL, 2 * LARGE, 2 }));
	TH_LOG("MADV_COLLAPSE: errno %ld", scene->number);
}

static int punch(void *arg)
{
	CHECK(!munmap(scene->addr + LARGE / 2, 3 * PAGE));
	CHECK(!mprotect(scene->addr + PAGE, PAGE, PROT_READ));
	return 0;
}

/* Small parts go missing of a large page, and the rest is as it was. */
PAIR_TEST(split)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	ASSERT_EQ(0, actor_do(&self->owner, punch, NULL));
	for (int i = 0; i < 2; i++) {
		char *q = p[i] + LARGE / 2;

		EXPECT_EQ(0, xem_wrong(p[i], LARGE / 2, 1));
		EXPECT_EQ(0, all_gone(q, 3 * PAGE));
		EXPECT_EQ(0, xem_peek(q + 3 * PAGE));
		EXPECT_EQ(SIGBUS, xem_store(p[i] + PAGE, 1));
		EXPECT_EQ(0, xem_store(p[i], xem_word(1, 0)));
	}
}

/* All pages to the other node, and back. */
static int move_pages(void *arg)
{
	size_t nr = scene->size / PAGE;
	void **pages = calloc(nr, sizeof(*pages));
	int *nodes = calloc(nr, sizeof(*nodes));
	int *status = calloc(nr, sizeof(*status));
	long ret;

	CHECK(pages && nodes && status);
	for (int to = 1; to >= 0; to--) {
		for (size_t i = 0; i < nr; i++) {
			pages[i] = scene->addr + i * PAGE;
			nodes[i] = to;
		}
		ret = syscall(SYS_move_pages, 0, nr, pages, nodes, status,
			      MPOL_MF_MOVE);
		scene->number = ret < 0 ? -errno : ret;
		xem_fill(scene->addr, scene->size, 3 - to);
	}
	free(pages);
	free(nodes);
	free(status);
	return 0;
}

PAIR_TEST(migrate)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "one node");
	EXPECT_EQ(0, follow_anonymous(&self->owner, move_pages, 3));
	EXPECT_EQ(0, follow(&self->owner, (struct change){
			move_pages, MEMORY_MEMFD, LARGE, 3 }));
	TH_LOG("move_pages: %ld pages not moved, or errno", scene->number);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n == strlen(text) ? 0 : -1;
}

static unsigned long number_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	return strtoul(text, NULL, 10);
}

/* Far memory, large and small pages, is marked while its owner runs elsewhere. */
static int be_marked(void *arg)
{
	unsigned long far = 1 << 1;
	long end, before;

	CHECK(!syscall(SYS_set_mempolicy, MPOL_BIND, &far, 8 * sizeof(far)));
	scene->addr = memory_new(MEMORY_LARGE, 2 * LARGE);
	CHECK(scene->addr != MAP_FAILED);
	CHECK(memory_at(scene->addr + LARGE, MEMORY_SMALL, LARGE) != MAP_FAILED);
	xem_fill(scene->addr, 2 * LARGE, 1);
	CHECK(!syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	before = memory_scans();
	CHECK(before >= 0);
	end = now_ms() + BALANCE_MS;
	/* At first it but gets to know new memory. */
	while (memory_scans() < before + 2 && now_ms() < end)
		;
	CHECK(memory_scans() >= before + 2);
	return owner_make(NULL);
}

/* It is there all the same. The owner's next touch may be long after. */
PAIR_TEST(numa_balancing)
{
	char old[2] = { '0' + number_in(BALANCING) }, *p;

	if (variant->owner_lwk)
		SKIP(return, "memory of members is not balanced");
	if (access("/sys/devices/system/node/node1", F_OK) ||
	    write_file(BALANCING, "1"))
		SKIP(return, "one node, no balancing, or not root");
	scene->size = 2 * LARGE;
	EXPECT_EQ(0, actor_do(&self->owner, be_marked, NULL));
	for (int flags = XPMEM_ABI_RDONLY; flags <= XPMEM_ABI_RDWR; flags++) {
		p = xem_attach(xem_get(scene->segid, flags), 0, scene->size);
		EXPECT_EQ(0, xem_error(p));
		EXPECT_EQ(0, xem_wrong(p, scene->size, 1));
	}
	xem_fill(p, scene->size, 2);
	scene->seed = 2;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
	write_file(BALANCING, old);
}

static int compact(void *arg)
{
	CHECK(!write_file("/proc/sys/vm/compact_memory", "1"));
	CHECK_EQ(0, xem_wrong(scene->addr, scene->size, 1));
	xem_fill(scene->addr, scene->size, 2);
	return 0;
}

PAIR_TEST(compaction)
{
	if (access("/proc/sys/vm/compact_memory", W_OK))
		SKIP(return, "no compaction, or not root");
	EXPECT_EQ(0, follow_anonymous(&self->owner, compact, 2));
}

static bool have_swap(void)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[256];
	int lines = 0;

	while (f && fgets(line, sizeof(line), f))
		lines++;
	if (f)
		fclose(f);
	return lines > 1;
}

static int page_out(void *arg)
{
	CHECK(!madvise(scene->addr, scene->size, MADV_PAGEOUT));
	return 0;
}

PAIR_TEST(swap)
{
	if (!have_swap())
		SKIP(return, "no swap");
	EXPECT_EQ(0, follow_anonymous(&self->owner, page_out, 1));
}

/* All pages are the same, so that one is enough. */
static int own_mergeable(void *arg)
{
	scene->addr = memory_new(MEMORY_SMALL, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	memset(scene->addr, 0x5a, scene->size);
	CHECK(!madvise(scene->addr, scene->size, MADV_MERGEABLE));
	return owner_make(NULL);
}

static int write_third(void *arg)
{
	CHECK_EQ(7, scene->addr[0]);
	CHECK_EQ(0x5a, scene->addr[PAGE]);
	scene->addr[2 * PAGE] = 8;
	return 0;
}

/* One page for many: whoever writes gets one of his own, the importer too. */
PAIR_TEST(ksm)
{
	/* Memory of members never is: what takes so long is not to come. */
	long end = now_ms() + KSM_WAIT_MS / (variant->owner_lwk ? 10 : 1);
	__s64 apid;
	char *p;

	if (write_file(KSM "run", "1") ||
	    write_file(KSM "sleep_millisecs", "1"))
		SKIP(return, "no KSM, or not root");
	scene->size = 64 * PAGE;
	ASSERT_EQ(0, actor_do(&self->owner, own_mergeable, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	p = xem_attach_ext(apid, 0, scene->size, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(p));
	while (!number_in(KSM "pages_sharing") && now_ms() < end)
		sleep_ms(20);
	TH_LOG("KSM: %lu pages merged", number_in(KSM "pages_sharing"));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(0x5a, p[i * PAGE]);
	p[0] = 7;
	EXPECT_EQ(0, actor_do(&self->owner, write_third, NULL));
	EXPECT_EQ(7, p[0]);
	EXPECT_EQ(0x5a, p[PAGE]);
	EXPECT_EQ(8, p[2 * PAGE]);
	write_file(KSM "run", "2");
	for (int i = 3; i < 64; i++)
		EXPECT_EQ(0x5a, p[i * PAGE]);
}

/* Pages that the owner provides when they are asked for. */
static int own_userfault(void *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	scene->addr = memory_reserve(scene->size);
	scene->number = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (scene->number < 0)
		return 2;
	CHECK(!ioctl(scene->number, UFFDIO_API, &api));
	CHECK(mmap(scene->addr, scene->size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		   -1, 0) == scene->addr);
	madvise(scene->addr, scene->size, MADV_NOHUGEPAGE);
	reg.range.start = (uintptr_t)scene->addr;
	reg.range.len = scene->size;
	CHECK(!ioctl(scene->number, UFFDIO_REGISTER, &reg));
	return owner_make(NULL);
}

static int provide_first(void *arg)
{
	static char page[PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)scene->addr,
		.src = (uintptr_t)page,
		.len = PAGE,
	};

	xem_fill(page, PAGE, 3);
	CHECK(!ioctl(scene->number, UFFDIO_COPY, &copy));
	return 0;
}

static char *userfault_at;

static int attach_userfault(void *arg)
{
	__s64 apid = xem_get(scene->segid, XPMEM_ABI_RDWR);

	userfault_at = xem_attach_ext(apid, 0, scene->size, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(userfault_at));
	return 0;
}

static int read_userfault(void *arg)
{
	CHECK_EQ(0, xem_wrong(userfault_at + (long)arg, PAGE, 3));
	return 0;
}

PAIR_TEST(userfaultfd)
{
	struct actor third = {};
	int ret;

	scene->size = 4 * PAGE;
	ret = actor_do(&self->owner, own_userfault, NULL);
	if (ret == 2)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, actor_start(&third, (struct actor_how){}));
	ASSERT_EQ(0, actor_do(&third, attach_userfault, NULL));
	actor_post(&third, read_userfault, NULL);
	EXPECT_TRUE(actor_waits(&third, SOME_MS));
	ASSERT_EQ(0, actor_do(&self->owner, provide_first, NULL));
	EXPECT_EQ(0, actor_wait(&third));
	/* Nobody provides the second one. */
	actor_post(&third, read_userfault, (void *)PAGE);
	EXPECT_TRUE(actor_waits(&third, SOME_MS));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&third, SIGKILL));
	actor_end(&third);
}

PAIR_TEST(remove)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	ASSERT_EQ(0, actor_do(&self->owner, owner_remove, NULL));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, all_gone(p[i], scene->size));
		EXPECT_EQ(0, xem_detach(p[i] + PAGE));
	}
	scene->seed = 1;
	EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
}

/* One's own munmap of head, middle and tail takes these and nothing else. */
PAIR_TEST(importer_unmaps_parts)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	for (int i = 0; i < 2; i++) {
		char *end = p[i] + scene->size;

		EXPECT_EQ(0, munmap(p[i], PAGE));
		EXPECT_EQ(0, munmap(p[i] + LARGE / 2, 2 * PAGE));
		EXPECT_EQ(0, munmap(end - PAGE, PAGE));
		EXPECT_EQ(SIGSEGV, xem_peek(p[i]));
		EXPECT_EQ(SIGSEGV, xem_peek(p[i] + LARGE / 2 + PAGE));
		EXPECT_EQ(SIGSEGV, xem_peek(end - PAGE));
		EXPECT_EQ(0, xem_peek(p[i] + PAGE));
		EXPECT_EQ(0, xem_store(end - 2 * PAGE, 1));
		EXPECT_EQ(0, xem_detach(p[i] + PAGE));
		EXPECT_EQ(SIGSEGV, xem_peek(p[i] + PAGE));
		EXPECT_EQ(0, xem_detach(end - 2 * PAGE));
		EXPECT_EQ(SIGSEGV, xem_peek(end - 2 * PAGE));
	}
}

/* Moving it is refused, or what it then shows follows the owner, too. */
PAIR_TEST(importer_moves)
{
	char *p[2], *q;

	ASSERT_EQ(0, attach_both(&self->owner, p));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(MAP_FAILED, mremap(p[i], scene->size,
					     2 * scene->size, MREMAP_MAYMOVE));
		q = mremap(p[i], scene->size, scene->size,
			   MREMAP_MAYMOVE | MREMAP_FIXED,
			   memory_reserve(scene->size));
		TH_LOG("mremap of an attachment is %s",
		       q == MAP_FAILED ? "refused" : "done");
		if (q != MAP_FAILED)
			p[i] = q;
		EXPECT_EQ(0, xem_wrong(p[i], scene->size, 1));
	}
	ASSERT_EQ(0, actor_do(&self->owner, unmap, NULL));
	EXPECT_EQ(0, all_gone(p[0], scene->size));
	EXPECT_EQ(0, all_gone(p[1], scene->size));
}

static int has_none(void *arg)
{
	char **p = arg;

	CHECK_EQ(SIGSEGV, xem_peek(p[0]));
	CHECK_EQ(SIGSEGV, xem_peek(p[1]));
	return 0;
}

PAIR_TEST(importer_forks)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	EXPECT_EQ(0, in_child(has_none, p));
	EXPECT_EQ(0, xem_wrong(p[0], scene->size, 1));
	EXPECT_EQ(0, xem_wrong(p[1], scene->size, 1));
}

/* Whether the mapping at @at has @flag of the line VmFlags. */
static bool vm_flag(const char *at, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	bool here = false, found = false;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)at &&
			       end > (unsigned long)at;
		else if (here && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	if (f)
		fclose(f);
	return found;
}

/* Not in a core dump, not in a child, not to grow. */
PAIR_TEST(flags_of_the_mapping)
{
	char *p[2];

	ASSERT_EQ(0, attach_both(&self->owner, p));
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(vm_flag(p[i], " dd"));
		EXPECT_TRUE(vm_flag(p[i], " dc"));
		EXPECT_TRUE(vm_flag(p[i], " de"));
		EXPECT_TRUE(vm_flag(p[i], " sh"));
		/* Or who walks through it would walk through the owner's. */
		EXPECT_TRUE(vm_flag(p[i], " pf"));
		EXPECT_FALSE(vm_flag(p[i], " mm"));
		/* Or it could not be an operand. */
		EXPECT_FALSE(vm_flag(p[i], " io"));
	}
}

TEST_HARNESS_MAIN
