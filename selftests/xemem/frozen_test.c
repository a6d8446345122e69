// SPDX-License-Identifier: GPL-2.0
/*
 * A frozen segment shows memory as it was when the segment was made, while the
 * owner goes on writing, unmaps it, or ends; and is gone with the last
 * attachment.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#define LEN		(16 * MIB)
/* What the producer updates, and how often somebody looks at it. */
#define ARRAY		(64 * MIB)
#define ARRAY_WORDS	(ARRAY / sizeof(__u64))
#define SNAPSHOTS	10
/* Fewer, where so many would take longer; but so many at least. */
#define WATCH_MS	100000
#define SNAPSHOTS_LEAST	3
/* Generations without snapshots, to compare with. */
#define ALONE		5
/* Snapshots of LEN bytes, one after the other; all are to come back. */
#define ROUNDS		8UL
#define SLACK		(LEN / 4)

static __s64 make_frozen(char *addr, size_t size)
{
	struct xemem_make req = xem_request(addr, size, "");

	req.flags = XEMEM_FROZEN;
	return xem_make_ext(&req);
}

static int freeze(void *arg)
{
	scene->segid = make_frozen(scene->addr, scene->size);
	CHECK(scene->segid > 0);
	return 0;
}

/* A snapshot of memory of @kind with pattern 1, attached; NULL if not. */
static char *snapshot(struct actor *owner, enum memory_kind kind,
		      unsigned int flags)
{
	__s64 apid;
	char *p;

	scene->kind = kind;
	scene->size = LEN;
	if (actor_do(owner, owner_allocate, NULL) || actor_do(owner, freeze, NULL))
		return NULL;
	apid = xem_get(scene->segid, XPMEM_ABI_RDONLY);
	p = xem_attach_ext(apid, 0, LEN, flags | XEMEM_READ);
	if (apid > 0 && !xem_error(p))
		return p;
	fprintf(stderr, "# get: %lld, attach: %ld\n", (long long)apid,
		xem_error(p));
	return NULL;
}

/* A kernel without it says so, and refuses. */
#define NEED_FROZEN() do {						\
	if (!(xem_features() & XEMEM_HAS_FROZEN))			\
		SKIP(return, "no frozen segments");			\
} while (0)

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Another one in each generation, and in each place. */
static __u64 array_word(__u64 generation, size_t place)
{
	return generation * 0x9e3779b97f4a7c15ULL + place;
}

static void update_array(__u64 generation)
{
	volatile __u64 *array = (__u64 *)scene->addr;

	for (size_t i = 0; i < ARRAY_WORDS; i++)
		array[i] = array_word(generation, i);
}

static int check_array(const char *p, __u64 generation)
{
	const volatile __u64 *array = (const __u64 *)p;

	for (size_t i = 0; i < ARRAY_WORDS; i++) {
		if (array[i] == array_word(generation, i))
			continue;
		fprintf(stderr, "# torn: word %zu is %#llx, not %#llx of generation %llu\n",
			i, array[i], array_word(generation, i), generation);
		return 1;
	}
	return 0;
}

/* A segment of what is there now, in place of the one before. */
static int renew_segment(void)
{
	if (scene->segid)
		CHECK_EQ(0, xem_remove(scene->segid));
	scene->segid = make_frozen(scene->addr, ARRAY);
	CHECK(scene->segid > 0);
	return 0;
}

/* In one run: what a generation takes now, and what it took alone. */
static void print_slowdown(__u64 alone_ns, __u64 ns, __u64 generations)
{
	double alone = (double)alone_ns / ALONE;

	fprintf(stderr, "# %lu MiB, %s: %ld snapshots of %llu generations, slowdown %.2f (a generation takes %.3f ms, alone %.3f ms; a snapshot costs %.3f ms)\n",
		ARRAY / MIB, memory_names[scene->kind], scene->number,
		generations, ns / alone / generations, ns / 1e6 / generations,
		alone / 1e6,
		(ns - alone * generations) / 1e6 / scene->number);
}

/*
 * Generation after generation of the whole array, and a segment of each that
 * somebody wants; on to the next at once, so that most is rewritten while it is
 * read.
 */
static int produce(void *arg)
{
	__u64 generation = 1, begin = now_ns(), middle;

	for (; generation <= ALONE; generation++)
		update_array(generation);
	middle = now_ns();
	for (; !scene->stop; generation++) {
		update_array(generation);
		if (scene->seed)
			continue;
		CHECK_EQ(0, renew_segment());
		scene->number++;
		/* Last: it is the sign that there is one. */
		scene->seed = generation;
	}
	print_slowdown(middle - begin, now_ns() - middle,
		       generation - ALONE - 1);
	CHECK_EQ(0, xem_remove(scene->segid));
	CHECK(!munmap(scene->addr, ARRAY));
	return 0;
}

static int consume(__u64 generation, unsigned int mode)
{
	__s64 apid = xem_get(scene->segid, XPMEM_ABI_RDONLY);
	char *p;

	CHECK(apid > 0);
	p = xem_attach_ext(apid, 0, ARRAY, mode | XEMEM_READ);
	CHECK_EQ(0, xem_error(p));
	/* Twice: it does not change. */
	CHECK_EQ(0, check_array(p, generation));
	CHECK_EQ(0, check_array(p, generation));
	CHECK_EQ(0, xem_detach(p));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

static int next_snapshot(struct actor *owner)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	scene->seed = 0;
	while (!scene->seed && now_ms() < end) {
		CHECK(owner->page->turn != 2);
		sleep_ms(1);
	}
	CHECK(scene->seed);
	return 0;
}

static int watch(struct actor *owner, enum memory_kind kind)
{
	long end = now_ms() + WATCH_MS;
	int seen = 0;

	scene->kind = kind;
	scene->size = ARRAY;
	scene->segid = 0;
	scene->number = 0;
	scene->stop = 0;
	scene->seed = 1;
	CHECK_EQ(0, actor_do(owner, owner_allocate, NULL));
	actor_post(owner, produce, NULL);
	while (seen < SNAPSHOTS &&
	       (seen < SNAPSHOTS_LEAST || now_ms() < end)) {
		CHECK_EQ(0, next_snapshot(owner));
		CHECK_EQ(0, consume(scene->seed,
				    seen & 1 ? XEMEM_EAGER : XEMEM_LAZY));
		seen++;
	}
	scene->stop = 1;
	CHECK_EQ(0, actor_wait(owner));
	CHECK_EQ(seen, scene->number);
	return 0;
}

PAIR_TEST(producer)
{
	NEED_FROZEN();
	EXPECT_EQ(0, watch(&self->owner, MEMORY_SMALL));
	EXPECT_EQ(0, watch(&self->owner, MEMORY_LARGE));
}

/* Writes from the first to the last word, again and again. */
static void *write_on(void *arg)
{
	for (__u64 i = 1; !scene->stop; i++) {
		for (size_t at = 0; at < LEN; at += XEM_STEP)
			*(volatile __u64 *)(scene->addr + at) = i;
		__atomic_store_n(&scene->number, i, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static int freeze_while_writing(void *arg)
{
	pthread_t thread;

	scene->addr = memory_new(scene->kind, LEN);
	CHECK(scene->addr != MAP_FAILED);
	scene->stop = 0;
	scene->number = 0;
	CHECK(!pthread_create(&thread, NULL, write_on, NULL));
	while (!scene->number)
		sleep_ms(1);
	scene->segid = make_frozen(scene->addr, LEN);
	scene->stop = 1;
	CHECK(!pthread_join(thread, NULL));
	CHECK(scene->segid > 0);
	return 0;
}

/*
 * One moment, not several: what the thread wrote first is there if what it
 * wrote later is. So values never rise from one word to the next, and fall by
 * one in one place.
 */
static int not_torn(const char *p)
{
	__u64 first = *(const __u64 *)p, last = first, value;

	for (size_t at = 0; at < LEN; at += XEM_STEP) {
		value = *(const __u64 *)(p + at);
		if (value > last || first - value > 1) {
			fprintf(stderr, "# +%#zx: %llu after %llu, first %llu\n",
				at, value, last, first);
			return 1;
		}
		last = value;
	}
	return 0;
}

PAIR_TEST(one_moment)
{
	NEED_FROZEN();
	for (int i = 0; i < 10; i++) {
		__s64 apid;
		char *p;

		scene->kind = i & 1 ? MEMORY_LARGE : MEMORY_SMALL;
		scene->size = LEN;
		ASSERT_EQ(0, actor_do(&self->owner, freeze_while_writing,
				      NULL));
		apid = xem_get(scene->segid, XPMEM_ABI_RDONLY);
		p = xem_attach_ext(apid, 0, LEN, XEMEM_READ);
		ASSERT_EQ(0, xem_error(p));
		EXPECT_EQ(0, not_torn(p));
		EXPECT_EQ(0, xem_release(apid));
		EXPECT_EQ(0, actor_do(&self->owner, owner_remove, NULL));
	}
}

static int rewrite_and_unmap(void *arg)
{
	xem_fill(scene->addr, scene->size / 2, 2);
	CHECK(!munmap(scene->addr, scene->size));
	return 0;
}

static int unmap_and_remove(void *arg)
{
	munmap(scene->addr, scene->size);
	xem_remove(scene->segid);
	return 0;
}

PAIR_TEST(owner_unmaps)
{
	const unsigned int modes[] = { XEMEM_LAZY, XEMEM_EAGER };

	NEED_FROZEN();
	for (int i = 0; i < 4; i++) {
		char *p = snapshot(&self->owner,
				   i / 2 ? MEMORY_LARGE : MEMORY_SMALL,
				   modes[i & 1]);

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, actor_do(&self->owner, rewrite_and_unmap, NULL));
		EXPECT_EQ(0, xem_wrong(p, LEN, 1));
		EXPECT_EQ(0, xem_detach(p));
	}
}

/*
 * When the owner dies, a part was swapped out, a part was never touched by
 * anybody, and nothing but the first page by the importer.
 */
static int share_thirds(void *arg)
{
	scene->addr = memory_new(scene->kind, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr, scene->size / 2, 1);
	/* Without swap, it stays. */
	CHECK(!madvise(scene->addr, scene->size / 4, MADV_PAGEOUT));
	return freeze(arg);
}

static char *attach_frozen(unsigned int mode)
{
	__s64 apid = xem_get(scene->segid, XPMEM_ABI_RDONLY);

	return apid < 0 ? (char *)apid :
	       xem_attach_ext(apid, 0, scene->size, mode | XEMEM_READ);
}

PAIR_TEST(owner_dies)
{
	char *p;

	NEED_FROZEN();
	scene->kind = MEMORY_LARGE;
	scene->size = LEN;
	ASSERT_EQ(0, actor_do(&self->owner, share_thirds, NULL));
	p = attach_frozen(XEMEM_LAZY);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, xem_wrong(p, PAGE, 1));
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->owner, SIGKILL));
	EXPECT_EQ(0, xem_wrong(p, LEN / 2, 1));
	EXPECT_EQ(0, xem_wrong(p + LEN / 2, LEN / 2, 0));
	EXPECT_EQ(0, xem_detach(p));
}

/* What is shared, or hugetlb: a copy, which later writes do not change. */
PAIR_TEST(any_kind)
{
	NEED_FROZEN();
	for (int kind = 0; kind < MEMORY_KINDS; kind++) {
		char *p = snapshot(&self->owner, kind,
				   kind & 1 ? XEMEM_EAGER : XEMEM_LAZY);

		ASSERT_NE(NULL, p)
			TH_LOG("%s", memory_names[kind]);
		EXPECT_EQ(0, actor_do(&self->owner, rewrite_and_unmap, NULL));
		EXPECT_EQ(0, xem_wrong(p, LEN, 1))
			TH_LOG("%s", memory_names[kind]);
		EXPECT_EQ(0, xem_detach(p));
		EXPECT_EQ(0, actor_do(&self->owner, owner_remove, NULL));
	}
}

/* Pages of the owner's memory that are there, mapped or not. */
static long nr_resident(void)
{
	static unsigned char there[LEN / PAGE];
	long nr = 0;

	if (mincore(scene->addr, scene->size, there))
		return -1;
	for (size_t i = 0; i < scene->size / PAGE; i++)
		nr += there[i] & 1;
	return nr;
}

/* Nothing is allocated where there was nothing. */
static int freeze_sparse(void *arg)
{
	long before;

	scene->addr = memory_new(scene->kind, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr + scene->size / 2, LARGE, 1);
	/* On an LWK core it is all there, and full of zeroes. */
	before = nr_resident();
	CHECK(before >= (long)(LARGE / PAGE));
	CHECK_EQ(0, freeze(arg));
	CHECK_EQ(before, nr_resident());
	xem_fill(scene->addr, scene->size, 2);
	return 0;
}

PAIR_TEST(holes)
{
	const enum memory_kind kinds[] = { MEMORY_SHARED, MEMORY_HUGETLB };

	NEED_FROZEN();
	for (int i = 0; i < 2; i++) {
		char *p;

		scene->kind = kinds[i];
		scene->size = LEN;
		ASSERT_EQ(0, actor_do(&self->owner, freeze_sparse, NULL))
			TH_LOG("%s", memory_names[kinds[i]]);
		p = attach_frozen(XEMEM_LAZY);
		ASSERT_EQ(0, xem_error(p));
		EXPECT_EQ(0, xem_wrong(p, LEN / 2, 0));
		EXPECT_EQ(0, xem_wrong(p + LEN / 2, LARGE, 1));
		EXPECT_EQ(0, xem_wrong(p + LEN / 2 + LARGE, LEN / 2 - LARGE,
				       0));
		EXPECT_EQ(0, actor_do(&self->owner, unmap_and_remove, NULL));
		EXPECT_EQ(0, xem_detach(p));
	}
}

/* The owner's mapping stays one, and its pages large. */
static int freeze_a_part(void *arg)
{
	unsigned long large;

	scene->addr = memory_new(MEMORY_LARGE, LEN);
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr, LEN, 1);
	large = of_mapping(scene->addr, "AnonHugePages");
	scene->segid = make_frozen(scene->addr + LARGE / 2, LEN / 2);
	CHECK(scene->segid > 0);
	CHECK_EQ(LEN >> 10, of_mapping(scene->addr, "Size"));
	CHECK_EQ(large, of_mapping(scene->addr, "AnonHugePages"));
	xem_fill(scene->addr, LEN, 2);
	CHECK_EQ(0, xem_wrong(scene->addr, LEN, 2));
	return 0;
}

PAIR_TEST(nothing_is_split)
{
	char *p;

	NEED_FROZEN();
	ASSERT_EQ(0, actor_do(&self->owner, freeze_a_part, NULL));
	scene->size = LEN / 2;
	p = attach_frozen(XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(p));
	for (size_t at = 0; at < LEN / 2; at += XEM_STEP)
		ASSERT_EQ(xem_word(1, at + LARGE / 2), *(__u64 *)(p + at));
}

/* To another process, and to the disk, past the page cache. */
static int send(const char *p)
{
	static _Alignas(4096) char buf[LEN];
	struct iovec local = { buf, LEN }, remote = { (char *)p, LEN };
	const char *disk = getenv("XEMEM_DISK");
	int fd;

	CHECK_EQ(LEN, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	CHECK_EQ(0, xem_wrong(buf, LEN, 1));
	if (!disk)
		return 0;
	fd = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(LEN, pwrite(fd, p, LEN, 0));
	memset(buf, 0, LEN);
	CHECK_EQ(LEN, pread(fd, buf, LEN, 0));
	close(fd);
	CHECK_EQ(0, xem_wrong(buf, LEN, 1));
	return 0;
}

static void *rewrite(void *arg)
{
	while (!scene->stop)
		xem_fill(scene->addr, scene->size, 2);
	return NULL;
}

static pthread_t rewriter;

/* Returns while it goes on. */
static int start_rewriting(void *arg)
{
	scene->stop = 0;
	CHECK(!pthread_create(&rewriter, NULL, rewrite, NULL));
	return 0;
}

static int stop_and_remove(void *arg)
{
	scene->stop = 1;
	CHECK(!pthread_join(rewriter, NULL));
	return unmap_and_remove(arg);
}

/* Operands of whatever pins pages, while the maker writes, and without him. */
PAIR_TEST(operands)
{
	const enum memory_kind kinds[] = {
		MEMORY_SMALL, MEMORY_LARGE, MEMORY_SHARED,
	};

	NEED_FROZEN();
	for (int i = 0; i < 3; i++) {
		char *p = snapshot(&self->owner, kinds[i], XEMEM_EAGER);

		ASSERT_NE(NULL, p);
		EXPECT_EQ(0, send(p));
		EXPECT_EQ(0, actor_do(&self->owner, start_rewriting, NULL));
		for (int j = 0; j < 3; j++)
			EXPECT_EQ(0, send(p));
		EXPECT_EQ(0, actor_do(&self->owner, stop_and_remove, NULL));
		EXPECT_EQ(0, send(p));
		EXPECT_EQ(0, xem_wrong(p, LEN, 1));
		EXPECT_EQ(0, xem_detach(p));
	}
}

/* Nobody writes what is not to change. */
PAIR_TEST(no_writing)
{
	__s64 apid;
	char *p;

	NEED_FROZEN();
	p = snapshot(&self->owner, MEMORY_SMALL, XEMEM_EAGER);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(SIGSEGV, xem_store(p, 1));
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	TH_LOG("get to write: %lld", (long long)apid);
	if (apid > 0) {
		EXPECT_EQ(-EACCES, xem_error(xem_attach_ext(apid, 0, PAGE, 0)));
		EXPECT_EQ(-EACCES, xem_error(xem_attach(apid, 0, PAGE)));
	} else {
		EXPECT_EQ(-EACCES, apid);
	}
	EXPECT_EQ(0, xem_wrong(p, LEN, 1));
}

/* The owner has his memory, a child of his too: three versions. */
static int fork_and_rewrite(void *arg)
{
	pid_t pid;

	xem_fill(scene->addr, scene->size, 2);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		xem_fill(scene->addr, scene->size / 2, 3);
		_exit(xem_wrong(scene->addr, scene->size / 2, 3) != 0);
	}
	CHECK_EQ(0, wait_status(pid));
	CHECK_EQ(0, xem_wrong(scene->addr, scene->size, 2));
	return 0;
}

PAIR_TEST(fork)
{
	char *p;

	NEED_FROZEN();
	p = snapshot(&self->owner, MEMORY_LARGE, XEMEM_LAZY);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, actor_do(&self->owner, fork_and_rewrite, NULL));
	EXPECT_EQ(0, xem_wrong(p, LEN, 1));
}

/**
 * struct settled - memory of the machine, in KiB
 * @anon: mapped somewhere, of no file.
 * @free: of Linux and of the LWK, or easily made so. Kernels that look for
 *	mistakes keep much of what was freed.
 */
struct settled {
	long anon;
	long free;
};

static struct settled settle(void)
{
	sleep_ms(200);
	return (struct settled){
		.anon = value_of("/proc/meminfo", "AnonPages"),
		.free = value_of("/proc/meminfo", "MemAvailable") +
			lwk_free_kb(),
	};
}

static bool is_back(const struct settled *before, const struct settled *now)
{
	return now->anon <= before->anon + (long)(SLACK >> 10) &&
	       now->free >= before->free - (long)(ROUNDS * LEN / 2 >> 10);
}

static bool comes_back(struct settled before)
{
	long end = now_ms() + RETURN_MS;
	struct settled now = settle();

	while (!is_back(&before, &now) && now_ms() < end)
		now = settle();
	if (is_back(&before, &now))
		return true;
	fprintf(stderr, "# %ld KiB free, %ld before; %ld KiB mapped, %ld before\n",
		now.free, before.free, now.anon, before.anon);
	return false;
}

/* The last attachment takes the memory along. */
PAIR_TEST(memory_is_freed)
{
	struct settled before;

	NEED_FROZEN();
	before = settle();
	for (int i = 0; i < ROUNDS; i++) {
		char *p = snapshot(&self->owner, MEMORY_LARGE, XEMEM_EAGER);

		ASSERT_NE(NULL, p);
		ASSERT_EQ(0, xem_wrong(p, LEN, 1));
		ASSERT_EQ(0, actor_do(&self->owner, unmap_and_remove, NULL));
		ASSERT_EQ(0, xem_detach(p));
	}
	EXPECT_TRUE(comes_back(before));
}

/* A snapshot that nobody attached goes with its segment. */
PAIR_TEST(memory_is_freed_without_attachment)
{
	struct settled before;

	NEED_FROZEN();
	before = settle();
	scene->kind = MEMORY_LARGE;
	scene->size = LEN;
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, actor_do(&self->owner, owner_allocate, NULL));
		ASSERT_EQ(0, actor_do(&self->owner, freeze, NULL));
		ASSERT_EQ(0, actor_do(&self->owner, unmap_and_remove, NULL));
	}
	EXPECT_TRUE(comes_back(before));
}

static bool is_worthless(char *p)
{
	return xem_peek(p) == SIGBUS && !mprotect(p, PAGE, PROT_NONE) &&
	       mremap(p, LEN, 2 * LEN, MREMAP_MAYMOVE) == MAP_FAILED;
}

/* A child that has inherited an attachment, and stays; or 1. */
static pid_t inherit(char *p)
{
	int to_parent[2];
	pid_t pid;
	char ok = 0;

	CHECK(!pipe(to_parent));
	CHECK(!madvise(p, LEN, MADV_DOFORK));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		ok = is_worthless(p);
		if (write(to_parent[1], &ok, 1) == 1)
			pause();
		_exit(1);
	}
	close(to_parent[1]);
	CHECK(read(to_parent[0], &ok, 1) == 1 && ok);
	close(to_parent[0]);
	return pid;
}

/* What a child of the importer inherits keeps nothing, and shows nothing. */
PAIR_TEST(memory_is_freed_with_heirs)
{
	pid_t heirs[ROUNDS] = {};
	struct settled before;

	NEED_FROZEN();
	before = settle();
	for (int i = 0; i < ROUNDS; i++) {
		char *p = snapshot(&self->owner, MEMORY_LARGE, XEMEM_EAGER);

		ASSERT_NE(NULL, p);
		heirs[i] = inherit(p);
		ASSERT_LT(1, heirs[i]);
		ASSERT_EQ(0, actor_do(&self->owner, unmap_and_remove, NULL));
		ASSERT_EQ(0, xem_detach(p));
	}
	EXPECT_TRUE(comes_back(before));
	for (int i = 0; i < ROUNDS; i++) {
		kill(heirs[i], SIGKILL);
		EXPECT_EQ(128 + SIGKILL, wait_status(heirs[i]));
	}
}

PAIR_TEST(nothing_to_freeze)
{
	struct xemem_make req = xem_request(NULL, 0, "");

	NEED_FROZEN();
	req.flags = XEMEM_FROZEN;
	EXPECT_EQ(-EINVAL, xem_make_ext(&req));
}

TEST_HARNESS_MAIN
