// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever walks through an importer's memory, at his own request or another's,
 * leaves the owner's as it is: as large, as young, where it is, unlocked, with
 * the contents it had. What a call says of an attachment is an error or nothing
 * worse than success.
 *
 * A third process looks: at the owner's smaps, at the frames and nodes of his
 * pages, and at what the kernel has noted of each frame.
 */
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"
#include "xemem_watcher.h"

#ifndef __NR_mseal
#define __NR_mseal	462
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE	67
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};

#define UFFD_FEATURE_MOVE	0x10000
#define UFFDIO_MOVE		_IOWR(UFFDIO, 5, struct uffdio_move)
#endif

/* What the system's headers may not have: of the ioctl of pagemap. */
struct scan_request {
	__u64 size;
	__u64 flags;
	__u64 start;
	__u64 end;
	__u64 walk_end;
	__u64 vec;
	__u64 vec_len;
	__u64 max_pages;
	__u64 category_inverted;
	__u64 category_mask;
	__u64 category_anyof_mask;
	__u64 return_mask;
};

struct scan_region {
	__u64 start;
	__u64 end;
	__u64 categories;
};

#define SCAN		_IOWR('f', 16, struct scan_request)
#define SCAN_WP		1	/* protects what matches */
#define SCAN_ALL	0xff	/* categories */

#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define KSM		"/sys/kernel/mm/ksm/"
#define DAMON		"/sys/kernel/mm/damon/admin/kdamonds/"
#define BALANCING	"/sys/kernel/debug/sched/numa_balancing/"
#define CGROUPS		"/tmp/walker.cgroup"

/* What works behind the back of all gets so long. */
#define SCAN_MS		1000
/* Or until they have been through the importer's memory so often. */
#define SCANS		3
/* Larger than any size, number or age. */
#define MOST		"4294967295"

struct memory {
	const char *name;
	enum memory_kind kind;
	const char *large;	/* the key that holds all of it; or NULL */
};

static const struct memory memories[] = {
	{ "pages of 4 KiB", MEMORY_SMALL, NULL },
	{ "large pages", MEMORY_LARGE, "AnonHugePages" },
	{ "hugetlb", MEMORY_HUGETLB, "Private_Hugetlb" },
	{ "a memfd of large pages", MEMORY_MEMFD, "ShmemPmdMapped" },
	{ "shared memory", MEMORY_SHARED, NULL },
};

#define MEMORIES	(sizeof(memories) / sizeof(memories[0]))

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* 0 or -errno. */
static long put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* What a file says, all of it, is of no interest. */
static long swallow(const char *path)
{
	char buf[PAGE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	do
		ret = read(fd, buf, sizeof(buf));
	while (ret > 0);
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Used, as often as makes the kernel believe it. */
static int use_own(void)
{
	static char copy[SIZE];
	struct iovec to = { copy, SIZE }, from = { scene->addr, SIZE };
	int ends[2];

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(SIZE, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
		settle();
	}
	CHECK(!pipe(ends));
	for (size_t at = 0; at < SIZE; at += EVERY * PAGE) {
		from = (struct iovec){ scene->addr + at, PAGE };
		CHECK_EQ(PAGE, vmsplice(ends[1], &from, 1, 0));
		CHECK_EQ(PAGE, read(ends[0], copy, PAGE));
	}
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* Memory number scene->kind of the table; 2: there is none here. */
static int own(void *arg)
{
	const struct memory *m = &memories[scene->kind];

	scene->addr = memory_new(m->kind, SIZE);
	if (scene->addr == MAP_FAILED && m->kind == MEMORY_HUGETLB)
		return 2;
	CHECK(scene->addr != MAP_FAILED);
	scene->size = SIZE;
	if (m->kind == MEMORY_MEMFD)
		madvise(scene->addr, SIZE, MADV_HUGEPAGE);
	xem_fill(scene->addr, SIZE, 1);
	if (m->large && of_mapping(scene->addr, m->large) << 10 < SIZE) {
		munmap(scene->addr, SIZE);
		return 2;
	}
	CHECK_EQ(0, use_own());
	scene->seed = 1;
	return owner_make(NULL);
}

static int disown(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	CHECK(!munmap(scene->addr, SIZE));
	return 0;
}

/* An error that a caller can do something with. */
static bool is_defined(long ret)
{
	return ret >= 0 || ret == -EINVAL || ret == -EIO || ret == -EFAULT ||
	       ret == -EACCES || ret == -EPERM || ret == -EOPNOTSUPP ||
	       ret == -ENOENT || ret == -ENODEV || ret == -EBUSY ||
	       ret == -EBADF || ret == -ENOTTY || ret == -ENOMEM;
}

/* Between two operations. 0, or @what has done harm. */
static int harmless(struct actor *owner, const char *p, const char *what,
		    long ret)
{
	int bad = !is_defined(ret) || xem_wrong(p, SIZE, 1);

	bad |= actor_do(&pair_watcher, unchanged, (void *)(long)owner->pid);
	bad |= actor_do(owner, owner_verify, NULL);
	if (bad)
		fprintf(stderr, "# %s: returned %ld\n", what, ret);
	return bad;
}

/* @how of the attachment @p; what it does is seen after each. */
typedef int (*walk_fn)(struct actor *owner, char *p);

static int walk_one(struct actor *owner, walk_fn walk, int permit)
{
	int ret = actor_do(owner, own, NULL), bad;
	const char *name = memories[scene->kind].name;
	__s64 apid;
	char *p;

	if (ret == 2)
		fprintf(stderr, "# none of this: %s\n", name);
	if (ret)
		return ret != 2;
	CHECK_EQ(0, actor_do(&pair_watcher, see_before,
			     (void *)(long)owner->pid));
	apid = xem_get(scene->segid, permit);
	CHECK(apid > 0);
	p = xem_attach_ext(apid, 0, SIZE, XEMEM_EAGER);
	CHECK_EQ(0, xem_error(p));
	CHECK_EQ(0, xem_wrong(p, SIZE, 1));
	bad = harmless(owner, p, "to attach", 0) || walk(owner, p);
	if (bad)
		fprintf(stderr, "# of %s, to %s\n", name,
			permit == XPMEM_ABI_RDWR ? "write" : "read");
	CHECK_EQ(0, xem_release(apid));
	return actor_do(owner, disown, NULL) | bad;
}

/* Each kind of memory, with each kind of permit. */
static int walk_all(struct actor *owner, walk_fn walk)
{
	int bad = 0;

	put(THP "shmem_enabled", "advise");
	for (size_t i = 0; i < 2 * MEMORIES; i++) {
		scene->kind = i / 2;
		bad |= walk_one(owner, walk,
				i % 2 ? XPMEM_ABI_RDWR : XPMEM_ABI_RDONLY);
	}
	put(THP "shmem_enabled", "never");
	return bad;
}

static const struct {
	const char *name;
	int advice;
} advices[] = {
	{ "MADV_NORMAL", 0 },
	{ "MADV_RANDOM", 1 },
	{ "MADV_SEQUENTIAL", 2 },
	{ "MADV_WILLNEED", 3 },
	{ "MADV_DONTNEED", 4 },
	{ "MADV_FREE", 8 },
	{ "MADV_REMOVE", 9 },
	{ "MADV_DOFORK", 11 },
	{ "MADV_DONTFORK", 10 },
	{ "MADV_MERGEABLE", 12 },
	{ "MADV_UNMERGEABLE", 13 },
	{ "MADV_HUGEPAGE", 14 },
	{ "MADV_NOHUGEPAGE", 15 },
	{ "MADV_DONTDUMP", 16 },
	{ "MADV_DODUMP", 17 },
	{ "MADV_WIPEONFORK", 18 },
	{ "MADV_KEEPONFORK", 19 },
	{ "MADV_COLD", 20 },
	{ "MADV_PAGEOUT", 21 },
	{ "MADV_POPULATE_READ", 22 },
	{ "MADV_POPULATE_WRITE", 23 },
	{ "MADV_DONTNEED_LOCKED", 24 },
	{ "MADV_COLLAPSE", 25 },
	{ "MADV_GUARD_INSTALL", 102 },
	{ "MADV_GUARD_REMOVE", 103 },
};

#define ADVICES	(sizeof(advices) / sizeof(advices[0]))

/* A page in the middle of a large one, then all. */
static int advise(struct actor *owner, char *p)
{
	int bad = 0;
	long ret;

	for (size_t i = 0; i < ADVICES; i++) {
		ret = result(madvise(p + PAGE, PAGE, advices[i].advice));
		if (is_defined(ret))
			ret = result(madvise(p, SIZE, advices[i].advice));
		bad |= harmless(owner, p, advices[i].name, ret);
	}
	return bad;
}

PAIR_TEST(advice)
{
	EXPECT_EQ(0, walk_all(&self->owner, advise));
}

/* Of another process, which the owner is. */
static int advise_importer(void *p)
{
	int pidfd = syscall(SYS_pidfd_open, (pid_t)scene->number, 0);
	struct iovec all = { p, SIZE }, part = { (char *)p + PAGE, PAGE };

	CHECK(pidfd >= 0);
	for (size_t i = 0; i < ADVICES; i++) {
		syscall(SYS_process_madvise, pidfd, &part, 1,
			advices[i].advice, 0);
		syscall(SYS_process_madvise, pidfd, &all, 1, advices[i].advice,
			0);
	}
	close(pidfd);
	return 0;
}

static int be_advised(struct actor *owner, char *p)
{
	scene->number = getpid();
	CHECK_EQ(0, actor_do(owner, advise_importer, p));
	return harmless(owner, p, "process_madvise", 0);
}

PAIR_TEST(advice_from_outside)
{
	EXPECT_EQ(0, walk_all(&self->owner, be_advised));
}

static unsigned long other_node(void)
{
	return 1UL << (scene->number ? 0 : 1);
}

static long bind(char *p, size_t len, unsigned int flags)
{
	unsigned long nodes = other_node();

	return result(syscall(SYS_mbind, p, len, MPOL_BIND, &nodes,
			      8 * sizeof(nodes), flags));
}

static int bind_memory(struct actor *owner, char *p)
{
	static const unsigned int flags[] = {
		0, MPOL_MF_STRICT, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL,
		MPOL_MF_STRICT | MPOL_MF_MOVE,
		MPOL_MF_STRICT | MPOL_MF_MOVE_ALL,
	};
	int bad = 0;

	for (int i = 0; i < 6; i++) {
		bad |= harmless(owner, p, "mbind, of a page",
				bind(p + PAGE, PAGE, flags[i]));
		bad |= harmless(owner, p, "mbind", bind(p, SIZE, flags[i]));
	}
	return bad;
}

/* All that the importer has: what he shares with the owner is not mapped. */
static int migrate_memory(struct actor *owner, char *p)
{
	unsigned long to = other_node(), from = 3 & ~to;
	long ret = result(syscall(SYS_migrate_pages, 0, 8 * sizeof(to), &from,
				  &to));

	return harmless(owner, p, "migrate_pages", ret);
}

static int move_memory(struct actor *owner, char *p, int flags)
{
	void *pages[] = { p, p + PAGE, p + XEM_LARGE, p + SIZE - PAGE };
	int node = other_node() == 1 ? 0 : 1, status[4];
	int nodes[] = { node, node, node, node };
	long ret = result(syscall(SYS_move_pages, 0, 4, pages, nodes, status,
				  flags));

	for (int i = 0; i < 4 && ret >= 0; i++)
		CHECK(status[i] < 0);
	return harmless(owner, p, "move_pages", ret);
}

static int place(struct actor *owner, char *p)
{
	return bind_memory(owner, p) | migrate_memory(owner, p) |
	       move_memory(owner, p, MPOL_MF_MOVE) |
	       move_memory(owner, p, MPOL_MF_MOVE_ALL);
}

static bool has_nodes(void)
{
	return !access("/sys/devices/system/node/node1", F_OK);
}

PAIR_TEST(placement)
{
	if (!has_nodes())
		SKIP(return, "one node");
	EXPECT_EQ(0, walk_all(&self->owner, place));
}

static const char *cgroups(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? CGROUPS :
								  "/sys/fs/cgroup";
}

static long cgroup_put(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", cgroups(), file);
	return put(path, value);
}

static int in_cpuset(struct actor *owner, char *p)
{
	int bad;

	CHECK_EQ(0, cgroup_put("walker/cpuset.mems",
			       scene->number ? "1" : "0"));
	CHECK_EQ(0, cgroup_put("walker/cgroup.procs", "0"));
	CHECK_EQ(0, cgroup_put("walker/cpuset.mems",
			       scene->number ? "0" : "1"));
	sleep_ms(50);
	bad = harmless(owner, p, "a cpuset", 0);
	CHECK_EQ(0, cgroup_put("cgroup.procs", "0"));
	return bad;
}

PAIR_TEST(cpuset)
{
	char path[128];

	if (!has_nodes() || variant->importer_lwk)
		SKIP(return, "one node, or a core that no cpuset has");
	if (cgroups() == (char *)CGROUPS) {
		mkdir(CGROUPS, 0755);
		if (mount("none", CGROUPS, "cgroup2", 0, NULL))
			SKIP(return, "no cgroups");
	}
	snprintf(path, sizeof(path), "%s/walker", cgroups());
	mkdir(path, 0755);
	if (cgroup_put("cgroup.subtree_control", "+cpuset"))
		SKIP(return, "no cpusets");
	EXPECT_EQ(0, walk_all(&self->owner, in_cpuset));
	rmdir(path);
}

static int lock(struct actor *owner, char *p)
{
	int bad = 0;

	bad |= harmless(owner, p, "mlock", result(mlock(p + PAGE, PAGE)));
	bad |= harmless(owner, p, "mlock", result(mlock(p, SIZE)));
	bad |= harmless(owner, p, "munlock", result(munlock(p + PAGE, PAGE)));
	bad |= harmless(owner, p, "munlock", result(munlock(p, SIZE)));
	bad |= harmless(owner, p, "mlock2",
			result(syscall(SYS_mlock2, p, SIZE, 1)));
	bad |= harmless(owner, p, "munlock", result(munlock(p, SIZE)));
	bad |= harmless(owner, p, "mlockall", result(mlockall(MCL_CURRENT)));
	bad |= harmless(owner, p, "munlockall", result(munlockall()));
	return bad;
}

PAIR_TEST(locking)
{
	EXPECT_EQ(0, walk_all(&self->owner, lock));
}

static long scan(char *p, __u64 flags)
{
	struct scan_region regions[16];
	struct scan_request req = {
		.size = sizeof(req),
		.flags = flags,
		.start = (uintptr_t)p,
		.end = (uintptr_t)p + SIZE,
		.vec = (uintptr_t)regions,
		.vec_len = 16,
		.return_mask = SCAN_ALL,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long ret = result(ioctl(fd, SCAN, &req));

	close(fd);
	return ret;
}

static long read_frames(const char *p)
{
	static __u64 entries[PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long ret = result(pread(fd, entries, sizeof(entries),
				(uintptr_t)p / PAGE * 8));

	close(fd);
	return ret;
}

static int look(struct actor *owner, char *p)
{
	static unsigned char there[PAGES];
	static const char * const values[] = { "1", "2", "3", "4" };
	int bad = 0;

	bad |= harmless(owner, p, "mincore", result(mincore(p, SIZE, there)));
	bad |= harmless(owner, p, "pagemap", read_frames(p));
	bad |= harmless(owner, p, "PAGEMAP_SCAN", scan(p, 0));
	bad |= harmless(owner, p, "PAGEMAP_SCAN, to protect", scan(p, SCAN_WP));
	bad |= harmless(owner, p, "smaps", swallow("/proc/self/smaps"));
	bad |= harmless(owner, p, "numa_maps", swallow("/proc/self/numa_maps"));
	for (int i = 0; i < 4; i++)
		bad |= harmless(owner, p, "clear_refs",
				put("/proc/self/clear_refs", values[i]));
	return bad;
}

PAIR_TEST(inspection)
{
	EXPECT_EQ(0, walk_all(&self->owner, look));
}

static int uffd_open(__u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static long uffd_register(int fd, char *p, __u64 mode)
{
	struct uffdio_register req = {
		.range = { (uintptr_t)p, SIZE },
		.mode = mode,
	};

	return result(ioctl(fd, UFFDIO_REGISTER, &req));
}

/* Moves memory out of an attachment. */
static long uffd_move(int fd, char *p)
{
	char *to = memory_new(MEMORY_LARGE, SIZE);
	struct uffdio_move req = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)p,
		.len = SIZE,
	};
	long ret = uffd_register(fd, to, UFFDIO_REGISTER_MODE_MISSING);

	if (!ret)
		ret = result(ioctl(fd, UFFDIO_MOVE, &req));
	munmap(to, SIZE);
	return ret;
}

static int watch(struct actor *owner, char *p)
{
	int fd = uffd_open(0), bad = 0;

	CHECK(fd >= 0);
	/* Any of the modes: missing, write protected, minor. */
	for (__u64 mode = 1; mode <= 4; mode <<= 1) {
		long ret = uffd_register(fd, p, mode);

		CHECK_EQ(-EINVAL, ret);
		bad |= harmless(owner, p, "userfaultfd", ret);
	}
	close(fd);
	fd = uffd_open(UFFD_FEATURE_MOVE);
	if (fd >= 0) {
		long ret = uffd_move(fd, p);

		CHECK_EQ(-EINVAL, ret);
		bad |= harmless(owner, p, "UFFDIO_MOVE", ret);
		close(fd);
	}
	return bad;
}

PAIR_TEST(userfaultfd)
{
	EXPECT_EQ(0, walk_all(&self->owner, watch));
}

static __attribute__((constructor)) void want_watcher(void)
{
	pair_has_watcher = true;
}

/*
 * All of the importer at work, while Linux looks at what he uses; members it
 * leaves alone, which takes a second to see, but once.
 */
static int use_while_scanned(const char *p)
{
	static long patience = SCAN_MS;
	long end = now_ms() + patience, begin = memory_scans();

	do {
		CHECK_EQ(0, xem_wrong(p, SIZE, 1));
	} while (now_ms() < end && memory_scans() < begin + SCANS);
	if (memory_scans() == begin)
		patience = SCAN_MS / 10;
	return 0;
}

static unsigned long merge_scans(void)
{
	FILE *f = fopen(KSM "full_scans", "re");
	unsigned long n = 0;

	if (f) {
		if (fscanf(f, "%lu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static int merge(struct actor *owner, char *p)
{
	long ret = result(madvise(p, SIZE, MADV_MERGEABLE));
	long end = now_ms() + SCAN_MS / 4;
	unsigned long enough;

	/* All that the process has, and will have. */
	prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
	put(KSM "pages_to_scan", "10000");
	enough = merge_scans() + SCANS;
	put(KSM "run", "1");
	while (now_ms() < end && merge_scans() < enough)
		sleep_ms(10);
	put(KSM "run", "2");
	prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0);
	return harmless(owner, p, "KSM", ret);
}

static int balance(struct actor *owner, char *p)
{
	int bad;

	put("/proc/sys/kernel/numa_balancing", "1");
	put(BALANCING "scan_delay_ms", "1");
	put(BALANCING "scan_period_min_ms", "10");
	bad = use_while_scanned(p);
	put("/proc/sys/kernel/numa_balancing", "0");
	return harmless(owner, p, "NUMA balancing", 0) | bad;
}

PAIR_TEST(scanners)
{
	EXPECT_EQ(0, walk_all(&self->owner, merge));
	EXPECT_EQ(0, walk_all(&self->owner, balance));
}

/* A daemon that watches the importer, and acts on all that it finds. */
static int damon(struct actor *owner, char *p, const char *action)
{
	char pid[32], start[32], end[32];
	const char * const settings[][2] = {
		{ "nr_kdamonds", "1" },
		{ "0/contexts/nr_contexts", "1" },
		{ "0/contexts/0/operations", "vaddr" },
		{ "0/contexts/0/targets/nr_targets", "1" },
		{ "0/contexts/0/targets/0/pid_target", pid },
		{ "0/contexts/0/targets/0/regions/nr_regions", "1" },
		{ "0/contexts/0/targets/0/regions/0/start", start },
		{ "0/contexts/0/targets/0/regions/0/end", end },
		{ "0/contexts/0/schemes/nr_schemes", "1" },
		{ "0/contexts/0/schemes/0/action", action },
		{ "0/contexts/0/schemes/0/access_pattern/sz/max", MOST },
		{ "0/contexts/0/schemes/0/access_pattern/nr_accesses/max", MOST },
		{ "0/contexts/0/schemes/0/access_pattern/age/max", MOST },
		{ "0/state", "on" },
	};
	char path[256];
	long ret = 0;

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(start, sizeof(start), "%lu", (unsigned long)p);
	snprintf(end, sizeof(end), "%lu", (unsigned long)p + SIZE);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), DAMON "%s", settings[i][0]);
		ret = put(path, settings[i][1]);
		if (ret) {
			fprintf(stderr, "# %s: %ld\n", path, ret);
			return 1;
		}
	}
	sleep_ms(SCAN_MS / 2);
	put(DAMON "0/state", "off");
	put(DAMON "nr_kdamonds", "0");
	return harmless(owner, p, action, ret);
}

static int be_watched(struct actor *owner, char *p)
{
	return damon(owner, p, "stat") | damon(owner, p, "cold") |
	       damon(owner, p, "pageout") | damon(owner, p, "nohugepage");
}

PAIR_TEST(damon)
{
	if (access(DAMON, F_OK))
		SKIP(return, "no DAMON");
	EXPECT_EQ(0, walk_all(&self->owner, be_watched));
}

/* A sealed mapping stays, and shows nothing any more. 2: nothing is sealed. */
static int seal_here(size_t size, bool by_close)
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, xem_open());
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	p = xem_attach_ext(apid, 0, size, XEMEM_EAGER);
	CHECK_EQ(0, xem_error(p));
	/* Releases before 6.10 have no such call. */
	if (syscall(__NR_mseal, p + PAGE, size - PAGE, 0))
		return 2;
	CHECK_EQ(-EPERM, result(munmap(p, size)));
	CHECK_EQ(0, xem_wrong(p, size, 1));
	if (by_close) {
		close(xem_fd);
		CHECK_EQ(0, xem_open());
	} else {
		CHECK_EQ(0, xem_release(apid));
	}
	CHECK(xem_peek(p));
	/* Each takes long on an LWK core: of large pages not all. */
	for (size_t at = PAGE; at < size; at += size < SIZE ? PAGE : 3 * PAGE)
		CHECK_EQ(SIGBUS, xem_peek(p + at));
	return 0;
}

/* By a process of its own: what is sealed stays until it ends. */
static int seal(struct actor *owner, size_t size, bool by_close)
{
	int status;
	pid_t pid;

	CHECK_EQ(0, actor_do(owner, own, NULL));
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(seal_here(size, by_close));
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status) ?: actor_do(owner, disown, NULL);
}

PAIR_TEST(sealed)
{
	/* Pages of 4 KiB, and large ones. */
	for (int i = 0; i < 8; i++) {
		int ret;

		scene->kind = i / 2 % 2;
		ret = seal(&self->owner, i < 4 ? 16 * PAGE : SIZE, i % 2);
		if (ret == 2)
			SKIP(return, "no mseal");
		EXPECT_EQ(0, ret)
			TH_LOG("%s, %s", memories[scene->kind].name,
			       i % 2 ? "close" : "release");
	}
}

TEST_HARNESS_MAIN
