// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody attaches one page of an owner again and again. What the owner then
 * does to the page costs what others have touched since it last changed it, and
 * not what they have attached.
 */
#include "../kselftest_harness.h"
#include "xemem_common.h"
#include "xemem_slab.h"
#include "../lwk/lwk_meminfo.h"

#define SECONDS		300
#define ATTACHMENTS	20000
#define TRIES		5
/* A change that finds nothing, to one that cuts all, at least. */
#define CHEAPER		3
#define SOON_MS		20000

/**
 * struct told - what the processes say to each other
 * @segid: that was made.
 * @step: how far they are.
 * @wrong: what the importer saw.
 */
struct told {
	volatile __s64 segid;
	volatile int step;
	volatile int wrong;
};

static struct told *told;
static char *page;
static char *shown[ATTACHMENTS];

static bool wait_step(int step)
{
	long end = now_ms() + SECONDS * 1000L / 2;

	while (told->step < step && now_ms() < end)
		sleep_ms(1);
	return told->step >= step;
}

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

/* How long the owner takes to change the page. */
static long change_us(void)
{
	long begin = now_us();

	if (mprotect(page, PAGE, PROT_READ) ||
	    mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		return -1;
	return now_us() - begin;
}

static void see(__u64 seed)
{
	for (int i = 0; i < ATTACHMENTS; i++)
		told->wrong |= xem_wrong(shown[i], 64, seed) != 0;
}

static int import(void)
{
	__s64 apid;

	CHECK_EQ(0, xem_open());
	apid = xem_get(told->segid, XPMEM_ABI_RDONLY);
	CHECK(apid > 0);
	for (int i = 0; i < ATTACHMENTS; i++) {
		shown[i] = xem_attach_ext(apid, 0, PAGE,
					  XEMEM_LAZY | XEMEM_READ);
		CHECK_EQ(0, xem_error(shown[i]));
	}
	see(1);
	told->step = 1;
	CHECK(wait_step(2));
	see(2);
	told->step = 3;
	CHECK(wait_step(4));
	return 0;
}

FIXTURE(crowd)
{
};

FIXTURE_SETUP(crowd)
{
	ASSERT_EQ(0, xem_begin());
	slab_begin();
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	page = map(PAGE, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, page);
}

FIXTURE_TEARDOWN(crowd)
{
	close(xem_fd);
	EXPECT_TRUE(slab_is_level(SOON_MS));
}

TEST_F_TIMEOUT(crowd, one_page, SECONDS)
{
	long first, again, t;
	pid_t pid;

	xem_fill(page, PAGE, 1);
	told->segid = xem_make(page, PAGE, 0644);
	ASSERT_LT(0, told->segid);
	pid = fork();
	if (!pid)
		_exit(import());
	ASSERT_TRUE(wait_step(1));
	first = change_us();
	again = first;
	for (int i = 0; i < TRIES; i++) {
		t = change_us();
		again = t < again ? t : again;
	}
	fprintf(stderr, "# %d attachments: %ld us, then %ld us\n", ATTACHMENTS,
		first, again);
	EXPECT_LT(again * CHEAPER, first);
	/* And nobody sees what was before. */
	xem_fill(page, PAGE, 2);
	told->step = 2;
	EXPECT_TRUE(wait_step(3));
	EXPECT_EQ(0, told->wrong);
	told->step = 4;
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
