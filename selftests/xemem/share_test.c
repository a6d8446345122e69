// SPDX-License-Identifier: GPL-2.0
/*
 * What one process writes another one reads, both ways: of any kind of memory
 * and size, mapped at once or as it is touched, on Linux and on LWK cores; and
 * nobody gets to write what its owner cannot.
 */
#include <stdbool.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#define GIB		(1024 * MIB)
/* The attachment lies as the source does, up to this. */
#define CONGRUENT	LARGE
/* So often at most while one attachment is looked at. */
#define MOVES		10

static const unsigned int modes[] = { XEMEM_LAZY, XEMEM_EAGER };

/* New memory of the kind and size that the scene says; 2: there is none. */
static int own_memory(void *arg)
{
	scene->addr = memory_new(scene->kind, scene->size);
	if (scene->addr == MAP_FAILED && scene->kind == MEMORY_HUGETLB)
		return 2;
	CHECK(scene->addr != MAP_FAILED);
	scene->seed = 1;
	CHECK_EQ(0, owner_fill(NULL));
	return owner_make(NULL);
}

static int disown_memory(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	CHECK(!munmap(scene->addr, scene->size));
	return 0;
}

/* All of the scene's memory, at *@p. */
static int attach_all(int permit, unsigned int flags, __s64 *apid, char **p)
{
	*apid = xem_get(scene->segid, permit);
	CHECK(*apid > 0);
	*p = xem_attach_ext(*apid, 0, scene->size, flags);
	CHECK_EQ(0, xem_error(*p));
	return 0;
}

/* There and back and there, through one attachment. */
static int exchange(struct actor *owner, unsigned int mode)
{
	size_t size = scene->size, step = scene->step ?: XEM_STEP;
	__s64 apid;
	char *p;

	CHECK_EQ(0, attach_all(XPMEM_ABI_RDWR, mode, &apid, &p));
	CHECK_EQ(0, xem_wrong_every(step, p, size, 1));
	xem_fill_every(step, p, size, 2);
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	scene->seed = 3;
	CHECK_EQ(0, actor_do(owner, owner_fill, NULL));
	CHECK_EQ(0, xem_wrong_every(step, p, size, 3));
	CHECK_EQ(0, xem_detach(p + size / 2));
	CHECK_EQ(SIGSEGV, xem_peek(p));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

/* 0, 1 or, if there is no such memory, 2. */
static int share(struct actor *owner, enum memory_kind kind, size_t size,
		 unsigned int mode)
{
	int ret;

	scene->kind = kind;
	scene->size = size;
	ret = actor_do(owner, own_memory, NULL);
	if (ret)
		return ret;
	ret = exchange(owner, mode);
	if (ret)
		fprintf(stderr, "# %zu KiB of %s, %s\n", size >> 10,
			memory_names[kind], mode_name(mode));
	return actor_do(owner, disown_memory, NULL) ?: ret;
}

/* As touch(), reading. */
static long touch_read(const volatile char *p, size_t len)
{
	long before = faults();

	for (size_t i = 0; i < len; i += PAGE)
		(void)p[i];
	return faults() - before;
}

static bool fits(size_t size)
{
	return value_of("/proc/meminfo", "MemAvailable") >
	       (size + size / 4) >> 10;
}

static int share_sizes(struct actor *owner, enum memory_kind kind)
{
	static const size_t sizes[] = { PAGE, 5 * PAGE, LARGE,
					LARGE + 3 * PAGE, BIG };
	int ret, bad = 0;

	for (int i = 0; i < 5; i++) {
		if (kind == MEMORY_HUGETLB && sizes[i] % LARGE)
			continue;
		for (int j = 0; j < 2; j++) {
			ret = share(owner, kind, sizes[i], modes[j]);
			if (ret == 2)
				return 2;
			bad |= ret;
		}
	}
	return bad;
}

PAIR_TEST(small_pages)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_SMALL));
}

PAIR_TEST(large_pages)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_LARGE));
}

PAIR_TEST(shared_anonymous)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_SHARED));
}

PAIR_TEST(memfd)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_MEMFD));
}

PAIR_TEST(file)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_TMPFS));
}

PAIR_TEST(private_mapping)
{
	EXPECT_EQ(0, share_sizes(&self->owner, MEMORY_PRIVATE_FILE));
}

PAIR_TEST(hugetlb)
{
	int ret = share_sizes(&self->owner, MEMORY_HUGETLB);

	if (ret == 2)
		SKIP(return, "no pages of hugetlb: see nr_hugepages");
	EXPECT_EQ(0, ret);
}

/*
 * A kernel that looks for mistakes takes minutes to fill so much. Each word and
 * page of what is smaller is looked at above; here one in each seven pages, in
 * all places of a page and all pages of a large one.
 */
TEST_F_TIMEOUT(pair, gigabyte, 10 * PAIR_SECONDS)
{
	self->owner.patience_ms = 2000 * PAIR_SECONDS;
	if (!fits(GIB))
		SKIP(return, "less than 1.25 GiB of memory");
	scene->step = 7 * PAGE + XEM_STEP;
	EXPECT_EQ(0, share(&self->owner, MEMORY_LARGE, GIB, XEMEM_LAZY));
	EXPECT_EQ(0, share(&self->owner, MEMORY_LARGE, GIB, XEMEM_EAGER));
	EXPECT_EQ(0, share(&self->owner, MEMORY_MEMFD, GIB, XEMEM_EAGER));
}

/* By XPMEM's own request: eager or not is the kernel's choice. */
PAIR_TEST(request_of_xpmem)
{
	__s64 apid;
	char *p;

	scene->kind = MEMORY_LARGE;
	scene->size = 2 * LARGE;
	ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	p = xem_attach(apid, LARGE, LARGE);
	ASSERT_EQ(0, xem_error(p));
	for (size_t i = 0; i < LARGE; i += PAGE)
		ASSERT_EQ(xem_word(1, LARGE + i), *(__u64 *)(p + i));
	if (!variant->importer_lwk)
		return;
	EXPECT_EQ(0, touch(xem_attach(apid, 0, LARGE), LARGE))
		TH_LOG("an attachment on an LWK core is not eager");
}

/* Mapped at once but for what is not there. */
static int punch(void *arg)
{
	CHECK(!munmap(scene->addr + PAGE, PAGE));
	return 0;
}

PAIR_TEST(hole)
{
	__s64 apid;
	char *p;

	scene->kind = MEMORY_SMALL;
	scene->size = 4 * PAGE;
	ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
	ASSERT_EQ(0, actor_do(&self->owner, punch, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	p = xem_attach(apid, 0, 4 * PAGE);
	ASSERT_EQ(0, xem_error(p))
		TH_LOG("XPMEM's attach does not look whether memory is there");
	EXPECT_EQ(0, xem_wrong(p, PAGE, 1));
	EXPECT_EQ(SIGBUS, xem_peek(p + PAGE));
	EXPECT_EQ(0, xem_peek(p + 2 * PAGE));
	p = xem_attach_ext(apid, 0, 4 * PAGE, XEMEM_EAGER);
	TH_LOG("eager attach over a hole: %ld", xem_error(p));
	if (!xem_error(p))
		EXPECT_EQ(SIGBUS, xem_peek(p + PAGE));
}

/* A permit to read, or a wish to read only: the kernel keeps it. */
static int read_only(int permit, unsigned int flags)
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, attach_all(permit, flags, &apid, &p));
	CHECK_EQ(0, xem_wrong(p, scene->size, 1));
	CHECK_EQ(SIGSEGV, xem_store(p, 7));
	CHECK_EQ(-1, mprotect(p, scene->size, PROT_READ | PROT_WRITE));
	CHECK_EQ(EACCES, errno);
	CHECK_EQ(SIGSEGV, xem_store(p + scene->size - 8, 7));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

PAIR_TEST(read_only)
{
	static const enum memory_kind kinds[] = { MEMORY_SMALL, MEMORY_LARGE,
						  MEMORY_MEMFD };

	scene->size = LARGE;
	for (int i = 0; i < 6; i++) {
		unsigned int mode = modes[i & 1];

		scene->kind = kinds[i / 2];
		ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
		EXPECT_EQ(0, read_only(XPMEM_ABI_RDONLY, mode));
		EXPECT_EQ(0, read_only(XPMEM_ABI_RDONLY, mode | XEMEM_READ));
		EXPECT_EQ(0, read_only(XPMEM_ABI_RDWR, mode | XEMEM_READ));
		EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

static int protect_source(void *arg)
{
	CHECK(!mprotect(scene->addr, scene->size, PROT_READ));
	return 0;
}

/* What the owner cannot write nobody can, however he turns it. */
static int write_protected(unsigned int mode)
{
	size_t size = scene->size;
	__s64 apid;
	char *p;

	CHECK_EQ(0, attach_all(XPMEM_ABI_RDWR, mode, &apid, &p));
	/* Before it was read, and after. */
	CHECK_EQ(SIGBUS, xem_store(p + PAGE, 7));
	CHECK_EQ(0, xem_wrong(p, size, 1));
	CHECK_EQ(SIGBUS, xem_store(p, 7));
	CHECK(!mprotect(p, size, PROT_READ));
	CHECK_EQ(0, xem_wrong(p, size, 1));
	CHECK(!mprotect(p, size, PROT_READ | PROT_WRITE));
	CHECK_EQ(SIGBUS, xem_store(p + 2 * PAGE, 7));
	CHECK_EQ(0, xem_wrong(p, size, 1));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

PAIR_TEST(source_without_write)
{
	scene->size = LARGE;
	for (int kind = 0; kind < MEMORY_HUGETLB; kind++) {
		scene->kind = kind;
		ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
		ASSERT_EQ(0, actor_do(&self->owner, protect_source, NULL));
		for (int i = 0; i < 2; i++) {
			EXPECT_EQ(0, write_protected(modes[i]))
				TH_LOG("%s, %s", memory_names[kind],
				       mode_name(modes[i]));
		}
		EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* The same addresses, with nothing there yet. */
static int empty(void *arg)
{
	CHECK(memory_at(scene->addr, scene->kind, scene->size) != MAP_FAILED);
	return 0;
}

static int forbid_reading(void *arg)
{
	CHECK(!mprotect(scene->addr, scene->size, PROT_WRITE));
	return 0;
}

/* No processor that writes to memory cannot read it: XPMEM shows it, too. */
static int write_only(int permit, unsigned int mode)
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, attach_all(permit, mode, &apid, &p));
	CHECK_EQ(0, xem_wrong(p, scene->size, scene->seed));
	CHECK_EQ(permit == XPMEM_ABI_RDWR ? 0 : SIGSEGV,
		 xem_store(p, xem_word(scene->seed, 0)));
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

PAIR_TEST(source_without_read)
{
	scene->size = LARGE;
	/* Filled before, or by the first touch. */
	for (int i = 0; i < 4 * MEMORY_HUGETLB; i++) {
		int permit = i & 1 ? XPMEM_ABI_RDWR : XPMEM_ABI_RDONLY;

		scene->kind = i / 4;
		ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
		if (i & 2) {
			scene->seed = 0;
			ASSERT_EQ(0, actor_do(&self->owner, empty, NULL));
		}
		ASSERT_EQ(0, actor_do(&self->owner, forbid_reading, NULL));
		EXPECT_EQ(0, write_only(permit, modes[i & 1]))
			TH_LOG("%s, %s", memory_names[scene->kind],
			       permit == XPMEM_ABI_RDWR ? "write" : "read");
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* Of all of it, then of one half, so that large entries are split. */
static int give_up_and_take_back(unsigned int mode)
{
	size_t size = scene->size;
	__s64 apid;
	char *p;

	CHECK_EQ(0, attach_all(XPMEM_ABI_RDWR, mode, &apid, &p));
	for (size_t from = 0; from < size; from += size / 2) {
		CHECK(!mprotect(p + from, size - from, PROT_READ));
		CHECK_EQ(0, xem_wrong(p, size, scene->seed));
		CHECK_EQ(SIGSEGV, xem_store(p + size - 8, 7));
		CHECK(!mprotect(p + from, size - from, PROT_READ | PROT_WRITE));
		scene->seed++;
		xem_fill(p, size, scene->seed);
	}
	CHECK_EQ(0, xem_release(apid));
	return 0;
}

PAIR_TEST(importer_without_write)
{
	int ret;

	scene->size = 2 * LARGE;
	for (int i = 0; i < 2 * MEMORY_KINDS; i++) {
		scene->kind = i / 2;
		ret = actor_do(&self->owner, own_memory, NULL);
		/* No hugetlb. */
		if (ret == 2)
			continue;
		ASSERT_EQ(0, ret);
		EXPECT_EQ(0, give_up_and_take_back(modes[i & 1]))
			TH_LOG("%s, %s", memory_names[scene->kind],
			       mode_name(modes[i & 1]));
		EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* Memory that was never touched: the zero page is everybody's. */
static int own_untouched(void *arg)
{
	volatile char sum = 0;

	scene->addr = memory_new(MEMORY_SMALL, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	for (size_t i = 0; i < scene->size; i += 2 * PAGE)
		sum += scene->addr[i];
	CHECK_EQ(0, sum);
	return owner_make(NULL);
}

PAIR_TEST(untouched)
{
	char *mine = map(LARGE, PROT_READ | PROT_WRITE);

	madvise(mine, LARGE, MADV_NOHUGEPAGE);
	scene->size = LARGE;
	for (int i = 0; i < 2; i++) {
		__s64 apid;
		char *p;

		ASSERT_EQ(0, actor_do(&self->owner, own_untouched, NULL));
		apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
		ASSERT_LT(0, apid);
		p = xem_attach_ext(apid, 0, LARGE, modes[i]);
		ASSERT_EQ(0, xem_error(p));
		EXPECT_EQ(0, xem_wrong(p, LARGE, 0));
		xem_fill(p, LARGE, 5);
		scene->seed = 5;
		EXPECT_EQ(0, actor_do(&self->owner, owner_verify, NULL));
		EXPECT_EQ(0, xem_wrong(mine, LARGE, 0))
			TH_LOG("the zero page was written");
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* The importer writes a private mapping: the file does not change. */
static int own_file(void *arg)
{
	char *copy;
	int fd = memory_file(MEMORY_TMPFS, scene->size);

	CHECK(fd >= 0);
	copy = mmap(NULL, scene->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	CHECK(copy != MAP_FAILED);
	xem_fill(copy, scene->size, 1);
	scene->number = (long)copy;
	scene->addr = mmap(NULL, scene->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE, fd, 0);
	CHECK(scene->addr != MAP_FAILED);
	close(fd);
	return owner_make(NULL);
}

static int file_unchanged(void *arg)
{
	CHECK_EQ(0, xem_wrong((char *)scene->number, scene->size, 1));
	CHECK_EQ(0, xem_wrong(scene->addr, scene->size, 8));
	CHECK(!munmap((char *)scene->number, scene->size));
	return 0;
}

PAIR_TEST(file_is_not_written)
{
	scene->size = LARGE;
	for (int i = 0; i < 2; i++) {
		__s64 apid;
		char *p;

		ASSERT_EQ(0, actor_do(&self->owner, own_file, NULL));
		apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
		p = xem_attach_ext(apid, 0, scene->size, modes[i]);
		ASSERT_EQ(0, xem_error(p));
		EXPECT_EQ(0, xem_wrong(p, scene->size, 1));
		xem_fill(p, scene->size, 8);
		EXPECT_EQ(0, actor_do(&self->owner, file_unchanged, NULL));
		EXPECT_EQ(0, xem_wrong(p, scene->size, 8));
		EXPECT_EQ(0, actor_do(&self->owner, disown_memory, NULL));
	}
}

/* As MPI libraries do it: all of the address space, offset is the address. */
static int own_everything(void *arg)
{
	CHECK_EQ(0, owner_allocate(NULL));
	scene->segid = xem_make(NULL, -1UL, 0600);
	CHECK(scene->segid > 0);
	return 0;
}

PAIR_TEST(whole_address_space)
{
	char *p[16];
	__s64 apid;

	scene->kind = MEMORY_LARGE;
	scene->size = 16 * MIB;
	ASSERT_EQ(0, actor_do(&self->owner, own_everything, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	for (int i = 0; i < 16; i++) {
		p[i] = xem_attach(apid, (__s64)scene->addr + i * MIB, MIB);
		ASSERT_EQ(0, xem_error(p[i]));
		for (size_t at = 0; at < MIB; at += PAGE)
			ASSERT_EQ(xem_word(1, i * MIB + at),
				  *(__u64 *)(p[i] + at));
	}
	/* All of it at once is more than anybody can touch, but no error. */
	EXPECT_EQ(-EINVAL, xem_error(xem_attach(apid, 0, -1UL)));
	EXPECT_EQ(0, xem_error(xem_attach(apid, 0, GIB)));
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(0, xem_detach(p[i] + i * PAGE));
}

/* An attachment can have large pages where the source does. */
static int congruent(__s64 apid, unsigned int mode)
{
	const size_t offset[] = { 0, PAGE, MIB + 3 * PAGE, LARGE - PAGE };

	for (int i = 0; i < 4; i++) {
		char *p = xem_attach_ext(apid, offset[i], 4 * LARGE, mode);
		uintptr_t source = (uintptr_t)scene->addr + offset[i];

		CHECK_EQ(0, xem_error(p));
		CHECK_EQ(source % CONGRUENT, (uintptr_t)p % CONGRUENT);
		CHECK_EQ(0, xem_detach(p));
	}
	return 0;
}

PAIR_TEST(congruence)
{
	__s64 apid;

	scene->kind = MEMORY_LARGE;
	scene->size = 8 * LARGE;
	ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	EXPECT_EQ(0, congruent(apid, XEMEM_LAZY));
	EXPECT_EQ(0, congruent(apid, XEMEM_EAGER));
}

/* Times that Linux put other pages in place of some, for its own reasons. */
static unsigned long moved(void)
{
	return value_of("/proc/vmstat", "pgmigrate_success") +
	       value_of("/proc/vmstat", "thp_collapse_alloc");
}

/*
 * Faults after an eager attachment; negative: an error. What compaction moves
 * while it is attached costs one, and is tried again.
 */
static long eager_faults(__s64 apid, unsigned int flags)
{
	unsigned long before;
	long nr = -1;
	char *p;

	for (int i = 0; i < MOVES; i++) {
		before = moved();
		p = xem_attach_ext(apid, 0, BIG, XEMEM_EAGER | flags);
		if (xem_error(p))
			return xem_error(p);
		nr = flags & XEMEM_READ ? touch_read(p, BIG) : touch(p, BIG);
		CHECK(!xem_detach(p));
		if (!nr || moved() == before)
			break;
		fprintf(stderr, "# %ld faults while Linux moved pages\n", nr);
	}
	return nr;
}

static int count_large(void *arg)
{
	scene->number = of_mapping(scene->addr, "AnonHugePages") << 10;
	return 0;
}

/* Eager: no fault. Lazy: at most one for each large page of the source. */
PAIR_TEST(faults)
{
	__s64 apid;
	char *p;

	scene->kind = MEMORY_LARGE;
	scene->size = BIG;
	ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
	ASSERT_EQ(0, actor_do(&self->owner, count_large, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	EXPECT_EQ(0, eager_faults(apid, 0));
	EXPECT_EQ(0, eager_faults(apid, XEMEM_READ));
	if (scene->number < BIG) {
		TH_LOG("lazy not tried: only %ld of 64 MiB are large pages",
		       scene->number >> 20);
		return;
	}
	p = xem_attach_ext(apid, 0, BIG, XEMEM_LAZY);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_GE(BIG / LARGE, touch(p, BIG));
	EXPECT_EQ(0, touch(p, BIG));
}

/* Small pages, eager: no fault either. */
PAIR_TEST(faults_of_small_pages)
{
	__s64 apid;
	char *p;

	scene->kind = MEMORY_SMALL;
	scene->size = BIG;
	ASSERT_EQ(0, actor_do(&self->owner, own_memory, NULL));
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	EXPECT_EQ(0, eager_faults(apid, 0));
	p = xem_attach_ext(apid, 0, BIG, XEMEM_LAZY);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_GT(BIG / PAGE, touch(p, BIG))
		TH_LOG("a fault for each page: none are mapped around");
}

TEST_HARNESS_MAIN
