// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: which machines lwkfor= accepts. Included by hardware.c.
 */
#include <kunit/test.h>

/* Eight cores without core 6, on nodes 0 and 2; whatever the test runs on. */
static const struct cpumask *machine(void)
{
	static struct cpumask mask;

	cpumask_clear(&mask);
	bitmap_set(cpumask_bits(&mask), 0, 8);
	__cpumask_clear_cpu(6, &mask);
	return &mask;
}

static int two_nodes(int cpu)
{
	return cpu < 4 ? 0 : 2;
}

static int no_nodes(int cpu)
{
	return NUMA_NO_NODE;
}

struct hardware_case {
	const char *arg;
	int (*node_of)(int cpu);
	const char *why;	/* a word of the reason, NULL: accepted */
};

static const struct hardware_case hardware_cases[] = {
	{ "0-3:4-5,7", two_nodes, NULL },
	{ "3,0-2:7,4-5", two_nodes, NULL },
	{ "0-5,7", no_nodes, NULL },
	{ "0-5,7", two_nodes, "node 0 has cores 0-3, not 0-5,7" },
	{ "0-3:4-7", two_nodes, "node 2 has cores 4-5,7, not 4-7" },
	{ "4-5,7:0-3", two_nodes, "node 0 has" },
	{ "0-3", two_nodes, "node 2 has cores, too: 4-5,7" },
	{ "0-3:4-5,7:8-9", two_nodes, "no node with cores 8-9" },
	{ "0-3:4-5,7:", two_nodes, "no node with" },
	{ "0-3:4-5,7", no_nodes, "node 0 has" },
	{ "", two_nodes, "node 0 has" },
	{ ":", two_nodes, "node 0 has" },
	{ "0-3:99999999", two_nodes, "beyond the last" },
	{ "0-3:four", two_nodes, "not a list" },
};

static void hardware_desc(const struct hardware_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\" on %s", c->arg,
		 c->node_of == two_nodes ? "two nodes" : "none");
}

KUNIT_ARRAY_PARAM(hardware, hardware_cases, hardware_desc);

static void hardware_test(struct kunit *test)
{
	const struct hardware_case *c = test->param_value;
	char why[LWK_WHY_MAX] = "";
	int err;

	if (nr_cpu_ids < 8)
		kunit_skip(test, "needs 8 possible cores (maxcpus)");
	err = lwk_hardware_check(c->arg, machine(), c->node_of, why);
	if (!c->why) {
		KUNIT_EXPECT_EQ_MSG(test, err, 0, "%s", why);
		return;
	}
	KUNIT_EXPECT_EQ(test, err, -EINVAL);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(why, c->why),
				  "reason was: %s", why);
}

static void hardware_long_test(struct kunit *test)
{
	char *arg = kunit_kzalloc(test, 2 * LWK_ARG_MAX, GFP_KERNEL);
	char why[LWK_WHY_MAX] = "";

	KUNIT_ASSERT_NOT_NULL(test, arg);
	memset(arg, '2', 2 * LWK_ARG_MAX - 1);
	KUNIT_EXPECT_EQ(test, lwk_hardware_check(arg, machine(), two_nodes, why),
			-EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, strstr(why, "longer"));
}

static struct kunit_case hardware_test_cases[] = {
	KUNIT_CASE_PARAM(hardware_test, hardware_gen_params),
	KUNIT_CASE(hardware_long_test),
	{}
};

static struct kunit_suite hardware_suite = {
	.name = "lwk_hardware",
	.test_cases = hardware_test_cases,
};

kunit_test_suite(hardware_suite);
