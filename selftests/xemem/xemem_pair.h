/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FIXTURE(pair): an owner, which is another process, and an importer, which is
 * the test itself, each on a Linux or on an LWK core. Included after
 * kselftest_harness.h.
 */
#ifndef _SELFTESTS_XEMEM_PAIR_H
#define _SELFTESTS_XEMEM_PAIR_H

#include "xemem_actor.h"
#include "xemem_memory.h"
#include "xemem_slab.h"
#include "../lwk/lwk_meminfo.h"

#define PAIR_SECONDS	300
#define PAIR_TEST(name)	TEST_F_TIMEOUT(pair, name, PAIR_SECONDS)

/**
 * struct scene - shared by owner and importer
 * @addr: memory of the owner.
 * @size: bytes there.
 * @segid: a segment of it.
 * @kind: what kind of memory, for those who make it.
 * @seed: of the pattern that is there.
 * @step: bytes from one word of it to the next; 0: XEM_STEP.
 * @number: what the test likes.
 * @stop: end a loop.
 */
struct scene {
	char *volatile addr;
	volatile size_t size;
	volatile __s64 segid;
	volatile int kind;
	volatile __u64 seed;
	volatile size_t step;
	volatile long number;
	volatile int stop;
};

static struct scene *scene;

/* On Linux in any case, for tests that set the first one before they begin. */
static bool pair_has_watcher;
static struct actor pair_watcher;

FIXTURE(pair)
{
	struct actor owner;
};

FIXTURE_VARIANT(pair)
{
	bool owner_lwk;
	bool importer_lwk;
};

FIXTURE_VARIANT_ADD(pair, linux_linux)
{
};

FIXTURE_VARIANT_ADD(pair, linux_lwk)
{
	.importer_lwk = true,
};

FIXTURE_VARIANT_ADD(pair, lwk_linux)
{
	.owner_lwk = true,
};

FIXTURE_VARIANT_ADD(pair, lwk_lwk)
{
	.owner_lwk = true,
	.importer_lwk = true,
};

static inline bool pair_cores_free(void)
{
	long end = now_ms() + RETURN_MS;
	char cores[512], unused[512];

	/* As lwk_all_free(), which says each time that they are not. */
	do {
		lwk_read("cores", cores, sizeof(cores));
		lwk_read("free_cores", unused, sizeof(unused));
		if (!strcmp(cores, unused))
			return true;
		sleep_ms(20);
	} while (now_ms() < end);
	return lwk_all_free();
}

FIXTURE_SETUP(pair)
{
	struct actor_how how = { .lwk = variant->owner_lwk };

	if ((variant->owner_lwk || variant->importer_lwk) && !actor_has_lwk())
		SKIP(return, "no LWK cores: boot with lwkcpus=");
	if (actor_has_lwk())
		ASSERT_TRUE(pair_cores_free());
	slab_begin();
	ASSERT_EQ(0, xem_begin());
	scene = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)scene);
	xem_catch();
	/* Before this process joins: its children would be members, too. */
	if (pair_has_watcher) {
		ASSERT_EQ(0, actor_start(&pair_watcher, (struct actor_how){
				.no_device = true }));
	}
	ASSERT_EQ(0, actor_start(&self->owner, how));
	if (variant->importer_lwk)
		ASSERT_EQ(0, actor_join());
}

FIXTURE_TEARDOWN(pair)
{
	actor_end(&self->owner);
	actor_end(&pair_watcher);
	close(xem_fd);
	EXPECT_TRUE(slab_is_level(RETURN_MS));
}

/* The owner's memory is a segment that all may read and write. */
static inline int owner_make(void *arg)
{
	scene->segid = xem_make(scene->addr, scene->size, 0666);
	CHECK(scene->segid > 0);
	return 0;
}

/* Memory of the kind and size of the scene, with the pattern 1; no segment. */
static inline int owner_allocate(void *arg)
{
	scene->addr = memory_new(scene->kind, scene->size);
	CHECK(scene->addr != MAP_FAILED);
	xem_fill(scene->addr, scene->size, 1);
	return 0;
}

static inline int owner_share(void *arg)
{
	CHECK_EQ(0, owner_allocate(arg));
	return owner_make(arg);
}

/* The importer's @here: such memory, lazily, as nothing has touched it yet. */
static inline int pair_meet(struct actor *owner, enum memory_kind kind,
			    size_t size, char **here, __s64 *apid)
{
	scene->kind = kind;
	scene->size = size;
	CHECK_EQ(0, actor_do(owner, owner_share, NULL));
	*apid = xem_get(scene->segid, XPMEM_ABI_RDWR);
	CHECK(*apid > 0);
	*here = xem_attach_ext(*apid, 0, size, XEMEM_LAZY);
	CHECK_EQ(0, xem_error(*here));
	return 0;
}

static inline int owner_remove(void *arg)
{
	CHECK_EQ(0, xem_remove(scene->segid));
	return 0;
}

/* The owner writes the pattern @seed of the scene. */
static inline int owner_fill(void *arg)
{
	xem_fill_every(scene->step ?: XEM_STEP, scene->addr, scene->size,
		       scene->seed);
	return 0;
}

static inline int owner_verify(void *arg)
{
	CHECK_EQ(0, xem_wrong_every(scene->step ?: XEM_STEP, scene->addr,
				    scene->size, scene->seed));
	return 0;
}

static inline const char *mode_name(unsigned int flags)
{
	return flags & XEMEM_EAGER ? "eager" : "lazy";
}

#endif /* _SELFTESTS_XEMEM_PAIR_H */
