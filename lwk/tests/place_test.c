// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: which cores a process gets, and which its threads. Included by
 * place.c.
 */
#include <kunit/test.h>
#include <linux/slab.h>

/* Cores are chosen in order, never more than there are, never a busy one. */
static void pick_cores_test(struct kunit *test)
{
	struct cpumask *free = kunit_kzalloc(test, sizeof(*free), GFP_KERNEL);
	struct cpumask *out = kunit_kzalloc(test, sizeof(*out), GFP_KERNEL);
	unsigned int total = num_online_cpus();
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, free);
	KUNIT_ASSERT_NOT_NULL(test, out);

	KUNIT_EXPECT_EQ(test, lwk_pick_cores(free, 1, out), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_empty(out));

	cpumask_copy(free, cpu_online_mask);
	for (nr = 1; nr <= total; nr++) {
		KUNIT_EXPECT_EQ(test, lwk_pick_cores(free, nr, out), nr);
		KUNIT_EXPECT_EQ(test, cpumask_weight(out), nr);
		KUNIT_EXPECT_TRUE(test, cpumask_subset(out, free));
	}
	KUNIT_EXPECT_EQ(test, lwk_pick_cores(free, total + 1, out), total);
}

/* What fits into one node is not spread, and goes where it fits best. */
static void pick_node_test(struct kunit *test)
{
	struct cpumask *free = kunit_kzalloc(test, sizeof(*free), GFP_KERNEL);
	struct cpumask *out = kunit_kzalloc(test, sizeof(*out), GFP_KERNEL);
	const struct cpumask *a, *b;
	int first, second;

	KUNIT_ASSERT_NOT_NULL(test, free);
	KUNIT_ASSERT_NOT_NULL(test, out);
	first = first_online_node;
	second = next_online_node(first);
	if (second >= MAX_NUMNODES)
		kunit_skip(test, "needs two nodes");
	a = cpumask_of_node(first);
	b = cpumask_of_node(second);
	if (cpumask_weight(a) < 2 || cpumask_weight(b) < 2)
		kunit_skip(test, "needs two cores per node");

	/* One core left of the first node, the whole second. */
	cpumask_copy(free, b);
	__cpumask_set_cpu(cpumask_first(a), free);

	KUNIT_EXPECT_EQ(test, lwk_pick_cores(free, 1, out), 1);
	KUNIT_EXPECT_TRUE(test, cpumask_subset(out, a));
	KUNIT_EXPECT_EQ(test, lwk_pick_cores(free, 2, out), 2);
	KUNIT_EXPECT_TRUE(test, cpumask_subset(out, b));
}

static struct lwk_rsv *fake_rsv(struct kunit *test, unsigned int nr)
{
	struct lwk_rsv *rsv;
	unsigned int i;

	rsv = kunit_kzalloc(test, struct_size(rsv, slots, nr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rsv);
	raw_spin_lock_init(&rsv->lock);
	rsv->nr_slots = nr;
	for (i = 0; i < nr; i++)
		rsv->slots[i].cpu = i;
	return rsv;
}

static int pick(struct lwk_rsv *rsv, const struct cpumask *allowed)
{
	struct lwk_slot *slot;

	guard(raw_spinlock_irqsave)(&rsv->lock);
	slot = lwk_pick_slot(rsv, allowed);
	if (!slot)
		return -1;
	slot->threads++;
	return slot->cpu;
}

/* Threads go one per core in order, and round again when all have one. */
static void pick_slot_test(struct kunit *test)
{
	struct cpumask *allowed = kunit_kzalloc(test, sizeof(*allowed),
						GFP_KERNEL);
	struct lwk_rsv *rsv = fake_rsv(test, 3);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, allowed);
	bitmap_set(cpumask_bits(allowed), 0, 3);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, pick(rsv, allowed), i % 3);

	/* The core that became empty is next, wherever it stands. */
	rsv->slots[2].threads = 0;
	KUNIT_EXPECT_EQ(test, pick(rsv, allowed), 2);
}

/* A thread that may use some of the cores gets none of the others. */
static void pick_slot_allowed_test(struct kunit *test)
{
	struct cpumask *allowed = kunit_kzalloc(test, sizeof(*allowed),
						GFP_KERNEL);
	struct lwk_rsv *rsv = fake_rsv(test, 3);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, allowed);
	KUNIT_EXPECT_EQ(test, pick(rsv, allowed), -1);
	__cpumask_set_cpu(1, allowed);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, pick(rsv, allowed), 1);
}

static struct kunit_case place_test_cases[] = {
	KUNIT_CASE(pick_cores_test),
	KUNIT_CASE(pick_node_test),
	KUNIT_CASE(pick_slot_test),
	KUNIT_CASE(pick_slot_allowed_test),
	{}
};

static struct kunit_suite place_suite = {
	.name = "lwk_place",
	.test_cases = place_test_cases,
};

kunit_test_suite(place_suite);
