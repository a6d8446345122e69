// SPDX-License-Identifier: GPL-2.0
/*
 * What is taken back, from whom, and who waits for it: an attachment may be
 * split, moved in vain, or sealed; its owner may change memory without end;
 * and notifiers of others come after it. Nothing stale is seen, nobody hangs.
 */
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#define PAGES		16
#define ATTACHMENTS	10
#define MAPPINGS	500
#define ROUND_MS	20000
#define BUSY_THREADS	4

#ifndef MPOL_MF_MOVE
#define MPOL_MF_MOVE	2
#endif

/* The owner's pages move from node to node until it is told to stop. */
static void *migrator(void *arg)
{
	void *pages[PAGES];
	int nodes[PAGES], status[PAGES], node = 0;

	for (int i = 0; i < PAGES; i++)
		pages[i] = scene->addr + i * PAGE;
	while (!scene->stop) {
		node = !node;
		for (int i = 0; i < PAGES; i++) {
			nodes[i] = node;
			/* What nobody writes to is moved without a copy. */
			scene->addr[i * PAGE]++;
		}
		if (!syscall(SYS_move_pages, 0, (unsigned long)PAGES, pages,
			     nodes, status, MPOL_MF_MOVE))
			scene->number++;
	}
	return NULL;
}

/* All mappings' locks are taken then: many mappings take longer. */
static int map_much(void)
{
	int fd = memfd_create("much", MFD_CLOEXEC);

	CHECK(fd >= 0 && !ftruncate(fd, 2 * PAGE));
	for (int i = 0; i < MAPPINGS; i++)
		CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
			   i % 2 ? PAGE : 0) != MAP_FAILED);
	return 0;
}

static int use_kvm(void)
{
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	CHECK(dev >= 0);
	CHECK(ioctl(dev, KVM_CREATE_VM, 0) >= 0);
	return 0;
}

/* A second export: the importer's memory gets a notifier of its own. */
static int use_export(void)
{
	char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(own != MAP_FAILED);
	CHECK(xem_make(own, PAGE, 0600) > 0);
	return 0;
}

/* An importer that attaches first, and then has itself notified. */
static int register_late(int (*use)(void))
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, xem_open());
	apid = xem_get(scene->segid, XPMEM_ABI_RDONLY);
	CHECK(apid > 0);
	for (int i = 0; i < ATTACHMENTS; i++) {
		p = xem_attach_ext(apid, 0, scene->size,
				   XEMEM_LAZY | XEMEM_READ);
		CHECK_EQ(0, xem_error(p));
		CHECK_EQ(0, xem_peek(p));
	}
	CHECK_EQ(0, map_much());
	return use();
}

/* In a process of its own; 0: it ended in time, and well. */
static int in_time(int (*use)(void))
{
	long end = now_ms() + ROUND_MS;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(register_late(use));
	while (!waitpid(pid, &status, WNOHANG)) {
		if (now_ms() > end) {
			fprintf(stderr, "# it hangs\n");
			kill(pid, SIGKILL);
			return 1;
		}
		sleep_ms(1);
	}
	CHECK_EQ(0, status);
	return 0;
}

static int rounds(int normal)
{
	const char *s = getenv("XEMEM_ROUNDS");

	return s ? atoi(s) : normal;
}

/*
 * The importers are children of the owner: what it had before is on the same
 * reverse mappings as what they have.
 */
static int owner_is_registered_with(void *arg)
{
	int (*use)(void) = arg;
	pthread_t thread;
	int bad = 0;

	scene->number = 0;
	scene->stop = 0;
	CHECK(!pthread_create(&thread, NULL, migrator, NULL));
	for (int i = 0; i < rounds(40) && !bad; i++)
		bad = in_time(use);
	scene->stop = 1;
	/* It may hang itself. */
	if (bad)
		return bad;
	CHECK(!pthread_join(thread, NULL));
	CHECK(scene->number > 0);
	return 0;
}

static int beside_migration(struct actor *owner, int (*use)(void))
{
	scene->kind = MEMORY_SMALL;
	scene->size = PAGES * PAGE;
	CHECK_EQ(0, actor_do(owner, owner_share, NULL));
	owner->patience_ms = 1000L * PAIR_SECONDS;
	return actor_do(owner, owner_is_registered_with, use);
}

FIXTURE(watch)
{
	struct actor owner;
};

FIXTURE_SETUP(watch)
{
	struct actor_how how = { };

	slab_begin();
	ASSERT_EQ(0, xem_begin());
	scene = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)scene);
	xem_catch();
	ASSERT_EQ(0, actor_start(&self->owner, how));
}

FIXTURE_TEARDOWN(watch)
{
	actor_end(&self->owner);
	close(xem_fd);
	EXPECT_TRUE(slab_is_level(RETURN_MS));
}

#define WATCH_TEST(name)	TEST_F_TIMEOUT(watch, name, PAIR_SECONDS)

WATCH_TEST(export_after_attach)
{
	EXPECT_EQ(0, beside_migration(&self->owner, use_export));
}

WATCH_TEST(kvm_after_attach)
{
	if (access("/dev/kvm", R_OK | W_OK))
		SKIP(return, "no /dev/kvm");
	EXPECT_EQ(0, beside_migration(&self->owner, use_kvm));
}

/* The owner has new pages, with the pattern scene->seed. */
static int owner_renews(void *arg)
{
	CHECK(!madvise(scene->addr, scene->size, MADV_DONTNEED));
	return owner_fill(arg);
}

/* Pages @first to @last of the attachment @p show the pattern @seed. */
static int shows(char *p, int first, int last, __u64 seed)
{
	__u64 got;

	for (int i = first; i <= last; i++) {
		CHECK_EQ(0, xem_load(p + i * PAGE, &got));
		CHECK_EQ(xem_word(seed, i * PAGE), got);
	}
	return 0;
}

/* Holes, and rights of its own in the middle: it falls to pieces. */
static int fall_to_pieces(char *p, char **mine)
{
	CHECK(!munmap(p, PAGE));
	CHECK(!munmap(p + 5 * PAGE, 2 * PAGE));
	CHECK(!mprotect(p + 10 * PAGE, PAGE, PROT_READ));
	CHECK(!munmap(p + 15 * PAGE, PAGE));
	*mine = mmap(p + 5 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(*mine == p + 5 * PAGE);
	xem_fill(*mine, 2 * PAGE, 77);
	return 0;
}

static int follow_in_pieces(struct actor *owner, char *p)
{
	char *mine;

	CHECK_EQ(0, shows(p, 0, PAGES - 1, 1));
	CHECK_EQ(0, fall_to_pieces(p, &mine));
	for (int i = 2; i < 6; i++) {
		scene->seed = i;
		CHECK_EQ(0, actor_do(owner, owner_renews, NULL));
		CHECK_EQ(0, shows(p, 1, 4, i));
		CHECK_EQ(0, shows(p, 7, 14, i));
		CHECK_EQ(0, xem_wrong(mine, 2 * PAGE, 77));
	}
	CHECK_EQ(SIGSEGV, xem_store(p + 10 * PAGE, 1));
	CHECK_EQ(0, actor_do(owner, owner_remove, NULL));
	CHECK_EQ(SIGBUS, xem_peek(p + PAGE));
	CHECK_EQ(SIGBUS, xem_peek(p + 10 * PAGE));
	CHECK_EQ(SIGBUS, xem_peek(p + 14 * PAGE));
	CHECK_EQ(0, xem_wrong(mine, 2 * PAGE, 77));
	return 0;
}

WATCH_TEST(pieces)
{
	__s64 apid;
	char *p;

	ASSERT_EQ(0, pair_meet(&self->owner, MEMORY_SMALL, PAGES * PAGE, &p,
			       &apid));
	EXPECT_EQ(0, follow_in_pieces(&self->owner, p));
}

/* A count in each page, in pages that are new each time. */
static int owner_counts(void *arg)
{
	while (!scene->stop) {
		CHECK(!madvise(scene->addr, scene->size, MADV_DONTNEED));
		scene->number++;
		for (int i = 0; i < PAGES; i++)
			*(volatile long *)(scene->addr + i * PAGE) =
				scene->number;
	}
	return 0;
}

/* What is read is no older than what was counted before the owner began anew. */
static int not_stale(const char *p, int page)
{
	long before = scene->number - 1;
	__u64 got;

	if (xem_load(p + page * PAGE, &got))
		return 0;
	/* 0: it is new, and not written yet. */
	CHECK(!got || (long)got >= before);
	return 0;
}

static void *mover(void *arg)
{
	char *p = arg;
	char *there = mmap(NULL, PAGES * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved;

	while (!scene->stop) {
		moved = mremap(p, PAGES * PAGE, PAGES * PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, there);
		if (moved != MAP_FAILED)
			return moved;
		moved = mremap(p + 4 * PAGE, 2 * PAGE, 2 * PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, there);
		if (moved != MAP_FAILED)
			return moved;
	}
	return NULL;
}

static int move_in_vain(struct actor *owner, char *p, int ms)
{
	long end = now_ms() + ms;
	pthread_t thread;
	void *moved;
	int bad = 0;

	scene->number = 0;
	scene->stop = 0;
	actor_post(owner, owner_counts, NULL);
	CHECK(!pthread_create(&thread, NULL, mover, p));
	while (now_ms() < end && !bad)
		for (int i = 0; i < PAGES && !bad; i++)
			bad = not_stale(p, i);
	scene->stop = 1;
	CHECK_EQ(0, actor_wait(owner));
	CHECK(!pthread_join(thread, &moved));
	CHECK(!moved);
	CHECK(scene->number > 10);
	for (int i = 0; i < PAGES; i++) {
		__u64 got;

		CHECK_EQ(0, xem_load(p + i * PAGE, &got));
		CHECK_EQ(scene->number, got);
	}
	return bad;
}

WATCH_TEST(moved_in_vain)
{
	__s64 apid;
	char *p;

	ASSERT_EQ(0, pair_meet(&self->owner, MEMORY_SMALL, PAGES * PAGE, &p,
			       &apid));
	EXPECT_EQ(0, move_in_vain(&self->owner, p, 3000));
}

static void *changer(void *arg)
{
	while (!scene->stop)
		madvise(scene->addr, scene->size, MADV_DONTNEED);
	return NULL;
}

/* So that its memory is changing at any moment. */
static int owner_changes(void *arg)
{
	pthread_t threads[BUSY_THREADS];

	for (int i = 0; i < BUSY_THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, changer, NULL));
	while (!scene->stop)
		xem_fill(scene->addr, scene->size, 1);
	for (int i = 0; i < BUSY_THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	return 0;
}

static int touch_on_and_on(void)
{
	__s64 apid;
	char *p;

	CHECK_EQ(0, xem_open());
	apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(apid > 0);
	for (;;) {
		p = xem_attach_ext(apid, 0, scene->size, XEMEM_LAZY);
		CHECK_EQ(0, xem_error(p));
		for (size_t i = 0; i < scene->size; i += PAGE)
			CHECK_EQ(0, xem_store(p + i, 1));
		CHECK_EQ(0, xem_detach(p));
	}
}

/* Whoever has it attached can be killed, all the while. */
static int killed_meanwhile(struct actor *owner)
{
	struct actor victim = { };
	int ret = 0;

	scene->kind = MEMORY_SMALL;
	scene->size = 64UL << 20;
	CHECK_EQ(0, actor_do(owner, owner_share, NULL));
	scene->stop = 0;
	actor_post(owner, owner_changes, NULL);
	for (int i = 0; i < 20 && !ret; i++) {
		fflush(NULL);
		victim.pid = fork();
		CHECK(victim.pid >= 0);
		if (!victim.pid)
			_exit(touch_on_and_on());
		sleep_ms(50 + i * 10);
		ret = actor_kill(&victim, SIGKILL) != 128 + SIGKILL;
	}
	scene->stop = 1;
	CHECK_EQ(0, actor_wait(owner));
	return ret;
}

WATCH_TEST(killed_while_it_changes)
{
	EXPECT_EQ(0, killed_meanwhile(&self->owner));
}

TEST_HARNESS_MAIN
