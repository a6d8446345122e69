// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory is memory of Linux: others read and write it, files in /proc tell
 * the truth about it, limits and cgroups count it, and a page with a defect is
 * lost alone. Needs an enclave of two cores or more, a pool of 256 MiB or more,
 * and root.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "../kselftest_harness.h"
#include "lwk_meminfo.h"

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE	67
#endif

#define SIZE		(8 * MIB)
#define GROUP		"/sys/fs/cgroup/lwk_memory"
#define NOBODY		65534
/* Bits of /proc/PID/pagemap, Documentation/admin-guide/mm/pagemap.rst. */
#define PM_PRESENT	0x8000000000000000ULL
#define PM_FRAME	0x007fffffffffffffULL
#define BLOCKS		"/sys/devices/system/memory"

/* The same address in the test and in the member that it forks. */
static char *volatile *shared;

/* The member's memory, known to the process that watches it. */
static int share_and_wait(void *arg)
{
	char *p = map(SIZE, PROT_READ | PROT_WRITE);

	CHECK(p != MAP_FAILED);
	memset(p, 0x11, SIZE);
	*shared = p;
	member_ready();
	while (!member_page->stop)
		sleep_ms(1);
	/* What the others have written. */
	CHECK(p[1] == 0x22 && p[LARGE] == 0x33 && p[SIZE - 1] == 0x44);
	return 0;
}

static bool start_sharing(struct member *m)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared != MAP_FAILED &&
	       member_start(m, 2, 0, share_and_wait, NULL);
}

/* Copies a byte to or from @pid. */
typedef bool (*copy_fn)(pid_t pid, char *address, char *byte, bool write);

static bool copy_by_vm(pid_t pid, char *address, char *byte, bool write)
{
	struct iovec here = { byte, 1 }, there = { address, 1 };

	return (write ? process_vm_writev : process_vm_readv)
		(pid, &here, 1, &there, 1, 0) == 1;
}

static bool copy_by_file(pid_t pid, char *address, char *byte, bool write)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	len = write ? pwrite(fd, byte, 1, (off_t)address) :
		      pread(fd, byte, 1, (off_t)address);
	close(fd);
	return len == 1;
}

static bool copy_by_ptrace(pid_t pid, char *address, char *byte, bool write)
{
	unsigned long *word = (unsigned long *)((long)address & -8L);
	unsigned int shift = (long)address % 8 * 8;
	unsigned long value;
	bool ok;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		return false;
	waitpid(pid, NULL, __WALL);
	errno = 0;
	value = ptrace(PTRACE_PEEKDATA, pid, word, 0);
	ok = !errno;
	if (write) {
		value &= ~(0xffUL << shift);
		value |= (unsigned long)(unsigned char)*byte << shift;
		ok = ok && !ptrace(PTRACE_POKEDATA, pid, word, value);
	} else {
		*byte = value >> shift;
	}
	return !ptrace(PTRACE_DETACH, pid, 0, 0) && ok;
}

TEST_F(memory, others_read_and_write)
{
	const copy_fn copy[] = { copy_by_vm, copy_by_file, copy_by_ptrace };
	const size_t offset[] = { 1, LARGE, SIZE - 1 };
	const char value[] = { 0x22, 0x33, 0x44 };
	struct member m;
	char byte;

	ASSERT_TRUE(start_sharing(&m));
	for (int i = 0; i < 3; i++) {
		char *p = *shared + offset[i];

		byte = 0;
		EXPECT_TRUE(copy[i](m.pid, p, &byte, false));
		EXPECT_EQ(0x11, byte);
		byte = value[i];
		EXPECT_TRUE(copy[i](m.pid, p, &byte, true));
	}
	EXPECT_EQ(0, member_end(&m));
	munmap((void *)shared, 4096);
}

/* The number of lines of /proc/self/maps that lie in a range. */
static int mappings(const char *p, size_t len)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512];
	int nr = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    start < (unsigned long)p + len && end > (unsigned long)p)
			nr++;
	if (f)
		fclose(f);
	return nr;
}

/* How many pages of a range are present. */
static long present(const char *p, size_t len)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;
	long nr = 0;

	for (size_t i = 0; i < len; i += 4096)
		if (pread(fd, &entry, 8, ((size_t)p + i) / 4096 * 8) == 8 &&
		    entry & PM_PRESENT)
			nr++;
	close(fd);
	return nr;
}

static bool in_numa_maps(const char *p, const char *what)
{
	FILE *f = fopen("/proc/self/numa_maps", "re");
	unsigned long start;
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%lx", &start) == 1 &&
			start == (unsigned long)p && strstr(line, what);
	if (f)
		fclose(f);
	return found;
}

static int look_at_files(void *arg)
{
	char *p, *room;

	member_ready();
	room = map(4 * SIZE, PROT_NONE);
	CHECK(room != MAP_FAILED);
	p = room + SIZE;
	/* Two that touch are one. */
	for (int i = 0; i < 2; i++)
		CHECK(mmap(p + i * SIZE / 2, SIZE / 2, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		      MAP_FAILED);
	CHECK(mappings(p, SIZE) == 1);
	CHECK(present(p, SIZE) == SIZE / 4096);
	CHECK(in_numa_maps(p, "anon=2048"));
	CHECK(of_mapping(p, "Rss") == SIZE >> 10 && of_mapping(p, "Pss") == SIZE >> 10);
	CHECK(of_mapping(p, "Swap") == 0 && of_mapping(p, "Locked") == 0);
	CHECK(value_of("/proc/self/status", "VmLck") == 0);
	CHECK(!madvise(p + LARGE + 4096, 4096, MADV_DONTNEED));
	CHECK(present(p, SIZE) == SIZE / 4096 - 1);
	CHECK(!munmap(p + LARGE, 4096));
	CHECK(mappings(p, SIZE) == 2);
	return 0;
}

TEST_F(memory, files_in_proc)
{
	EXPECT_EQ(0, in_member(look_at_files, NULL));
}

/* A mapping beyond @limit is refused, one within is not. */
static bool limited(int resource, size_t limit)
{
	struct rlimit rlimit, old;
	char *p;

	if (getrlimit(resource, &old))
		return false;
	rlimit = (struct rlimit){ limit, old.rlim_max };
	if (setrlimit(resource, &rlimit))
		return false;
	p = map(2 * limit, PROT_READ | PROT_WRITE);
	if (p != MAP_FAILED || errno != ENOMEM)
		return false;
	return !setrlimit(resource, &old);
}

static int meet_limits(void *arg)
{
	struct rlimit none = { 0, 0 };
	char *p;

	member_ready();
	CHECK(limited(RLIMIT_AS, 1UL << 30));
	CHECK(limited(RLIMIT_DATA, 128 * MIB));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &none) && !setuid(NOBODY));
	/* Not locked, though it cannot be reclaimed. */
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED && of_mapping(p, "Rss") == SIZE >> 10);
	CHECK(mlock(p, SIZE) && errno == EPERM);
	return 0;
}

TEST_F(memory, limits)
{
	EXPECT_EQ(0, in_member(meet_limits, NULL));
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static long charged(void)
{
	char text[32] = "";
	int fd = open(GROUP "/memory.current", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) < 0)
		*text = 0;
	close(fd);
	return atol(text);
}

static int be_charged(void *arg)
{
	long before;
	char *p;

	CHECK(write_to(GROUP "/cgroup.procs", "0"));
	member_ready();
	before = charged();
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(charged() - before >= (long)BIG);
	CHECK(!munmap(p, BIG));
	CHECK(write_to(GROUP "/memory.max", "33554432"));
	p = map(BIG, PROT_READ | PROT_WRITE);
	if (p != MAP_FAILED)
		memset(p, 1, BIG);
	return 1;
}

TEST_F(memory, cgroup)
{
	ASSERT_TRUE(write_to("/sys/fs/cgroup/cgroup.subtree_control",
			     "+memory"));
	ASSERT_TRUE(!mkdir(GROUP, 0755) || errno == EEXIST);
	/* What is beyond the limit of its group kills it. */
	EXPECT_EQ(128 + SIGKILL, in_member(be_charged, NULL));
	EXPECT_EQ(0, rmdir(GROUP));
}

/* The page frame at an address, which only root is told. */
static unsigned long frame_of(const char *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (long)p / 4096 * 8) != 8)
		entry = 0;
	close(fd);
	return entry & PM_PRESENT ? entry & PM_FRAME : 0;
}

/* Take the block of memory away that holds a page frame. */
static bool offline(unsigned long frame)
{
	unsigned long size = 0;
	char path[64];
	FILE *f = fopen(BLOCKS "/block_size_bytes", "re");

	if (!f)
		return false;
	if (fscanf(f, "%lx", &size) != 1)
		size = 0;
	fclose(f);
	if (!size)
		return false;
	snprintf(path, sizeof(path), BLOCKS "/memory%lu/state",
		 frame * 4096 / size);
	return write_to(path, "offline");
}

static int stay(void *arg)
{
	unsigned long large, small;
	char *p = map(SIZE, PROT_READ | PROT_WRITE);
	char *edge = map(4096, PROT_READ | PROT_WRITE);

	CHECK(p != MAP_FAILED && edge != MAP_FAILED);
	member_ready();
	memset(p, 0x11, SIZE);
	*edge = 0x22;
	large = frame_of(p + LARGE);
	small = frame_of(edge);
	CHECK(large && small);
	CHECK(write_to("/proc/sys/vm/compact_memory", "1"));
	errno = 0;
	CHECK(!offline(large) && errno == EBUSY);
	errno = 0;
	CHECK(!offline(small) && errno == EBUSY);
	CHECK(frame_of(p + LARGE) == large && frame_of(edge) == small);
	CHECK(p[LARGE] == 0x11 && *edge == 0x22);
	return 0;
}

TEST_F(memory, compaction_and_hotplug)
{
	EXPECT_EQ(0, in_member(stay, NULL));
}

static volatile sig_atomic_t bus_errors;
static sigjmp_buf after_bus_error;

static void on_bus_error(int sig)
{
	bus_errors++;
	siglongjmp(after_bus_error, 1);
}

static int lose_a_page(void *arg)
{
	volatile char *p;

	member_ready();
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset((char *)p, 7, SIZE);
	signal(SIGBUS, on_bus_error);
	/* Linux tells who has it, and who touches it. */
	if (!sigsetjmp(after_bus_error, 1))
		madvise((char *)p + LARGE + 8192, 4096, MADV_HWPOISON);
	else if (bus_errors == 1)
		p[LARGE + 8192] = 1;
	CHECK(bus_errors == 2);
	CHECK(p[LARGE + 4096] == 7 && p[LARGE + 12288] == 7);
	return 0;
}

static int use_all(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 2);
	size_t len = *(size_t *)arg;
	char *p;

	req.memory = len;
	CHECK(!lwk_ioctl_join(&req));
	len -= 16 * MIB;
	p = map(len, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(all_zero(p, len));
	return 0;
}

/* One page is lost, and nobody is promised it any more. */
TEST_F(memory, defect)
{
	size_t all = value_of("/proc/meminfo", "LwkTotal") << 10;

	EXPECT_EQ(0, in_member(lose_a_page, NULL));
	EXPECT_EQ(1, in_child(use_all, &all));
	all -= LARGE;
	EXPECT_EQ(0, in_child(use_all, &all));
	EXPECT_EQ(4, self->free_kb - lwk_free_kb());
	self->free_kb -= 4;
}

/* Pages that are all the same, for a while, remain as they are. */
static int offer_to_merge(void *arg)
{
	char *p;

	member_ready();
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset(p, 1, SIZE);
	CHECK(!madvise(p, SIZE, MADV_MERGEABLE));
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(!prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0));
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset(p, 1, SIZE);
	sleep_ms(1000);
	CHECK(of_mapping(p, "AnonHugePages") >= (SIZE - LARGE) >> 10);
	CHECK(value_of("/proc/self/ksm_stat", "ksm_merging_pages") == 0);
	return 0;
}

TEST_F(memory, same_page_merging)
{
	ASSERT_TRUE(write_to("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	ASSERT_TRUE(write_to("/sys/kernel/mm/ksm/pages_to_scan", "100000"));
	ASSERT_TRUE(write_to("/sys/kernel/mm/ksm/run", "1"));
	EXPECT_EQ(0, in_member(offer_to_merge, NULL));
	EXPECT_TRUE(write_to("/sys/kernel/mm/ksm/run", "0"));
}

/*
 * Half of each large page is unmapped, and Linux keeps it for later. When there
 * is nothing else, the reservation has it.
 */
static int use_leftovers(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	char *p, *q;

	req.memory = BIG + 16 * MIB;
	CHECK(!lwk_ioctl_join(&req));
	p = map(BIG, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	memset(p, 1, BIG);
	for (size_t i = 0; i < BIG; i += LARGE)
		CHECK(!munmap(p + i + MIB, MIB));
	q = map(BIG / 2, PROT_READ | PROT_WRITE);
	CHECK(q != MAP_FAILED && all_zero(q, BIG / 2));
	CHECK(p[0] == 1 && p[MIB - 1] == 1);
	return 0;
}

static int hold_the_rest(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	req.flags = LWK_JOIN_NO_INHERIT;
	req.memory = *(size_t *)arg;
	CHECK(!lwk_ioctl_join(&req));
	return in_child(use_leftovers, NULL);
}

TEST_F(memory, leftovers)
{
	size_t rest = (self->free_kb << 10) - BIG - 18 * MIB;

	rest &= -LARGE;

	EXPECT_EQ(0, in_child(hold_the_rest, &rest));
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	return fd < 0 || ioctl(fd, UFFDIO_API, &api) ? -1 : fd;
}

/* Serves faults with pages full of 9, until it is told to end. */
static void *serve_faults(void *arg)
{
	static alignas(4096) char page[4096];
	int fd = *(int *)arg;
	struct uffd_msg msg;

	memset(page, 9, sizeof(page));
	while (read(fd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {
			.dst = msg.arg.pagefault.address & -4096ULL,
			.src = (unsigned long)page,
			.len = sizeof(page),
		};

		if (ioctl(fd, UFFDIO_COPY, &copy))
			break;
	}
	return NULL;
}

static int be_served(void *arg)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = open_uffd();
	pthread_t thread;
	char *p;

	CHECK(fd >= 0);
	member_ready();
	CHECK(!pthread_create(&thread, NULL, serve_faults, &fd));
	p = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	/* Touched before: not missing. */
	p[0] = 1;
	p[LARGE + 4096] = 2;
	reg.range.start = (unsigned long)p;
	reg.range.len = SIZE;
	CHECK(!ioctl(fd, UFFDIO_REGISTER, &reg));
	CHECK(p[0] == 1 && p[LARGE + 4096] == 2);
	CHECK(p[2 * LARGE] == 9 && p[SIZE - 1] == 9);
	return 0;
}

TEST_F(memory, userfaultfd)
{
	EXPECT_EQ(0, in_member(be_served, NULL));
}

#define GIB		(1024 * MIB)
#define HUGETLB		"/sys/kernel/mm/hugepages/hugepages-1048576kB/"

static long gigantic_free(void)
{
	FILE *f = fopen(HUGETLB "free_hugepages", "re");
	long nr = 0;

	if (f) {
		if (fscanf(f, "%ld", &nr) != 1)
			nr = 0;
		fclose(f);
	}
	return nr;
}

/* Of 1 GiB as far as there are any, and the rest as always. */
static int use_gigantic(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	size_t len = GIB + SIZE;
	char *p, *q;

	req.regions[LWK_REGION_ANON].pages = LWK_PAGES_GIGANTIC;
	CHECK(!lwk_ioctl_join(&req));
	p = map(len, PROT_READ | PROT_WRITE);
	CHECK(p != MAP_FAILED);
	CHECK(of_mapping(p, "KernelPageSize") == GIB >> 10);
	CHECK(of_mapping(p + GIB, "AnonHugePages") >= (SIZE - LARGE) >> 10);
	CHECK(touch(p, len) == 0);
	/* The last one is gone. */
	q = map(SIZE, PROT_READ | PROT_WRITE);
	CHECK(q != MAP_FAILED && of_mapping(q, "AnonHugePages"));
	CHECK(!munmap(p, len));
	return 0;
}

static int ask_for_gigantic_heap(void *arg)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	req.regions[LWK_REGION_HEAP].pages = LWK_PAGES_GIGANTIC;
	return -lwk_ioctl_join(&req);
}

TEST_F(memory, gigantic)
{
	EXPECT_EQ(EINVAL, in_child(ask_for_gigantic_heap, NULL));
	if (gigantic_free() != 1)
		SKIP(return, "not one page of 1 GiB: boot with hugepagesz=1G hugepages=1");
	EXPECT_EQ(0, in_child(use_gigantic, NULL));
	EXPECT_EQ(1, gigantic_free());
}

TEST_HARNESS_MAIN
