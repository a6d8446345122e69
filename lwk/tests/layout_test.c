// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what lwkcpus= accepts and what it says when it does not.
 * Included by layout.c.
 */
#include <kunit/test.h>

/* A machine of eight cores without core 6, whatever the test runs on. */
static const struct cpumask *machine(void)
{
	static struct cpumask mask;

	cpumask_clear(&mask);
	bitmap_set(cpumask_bits(&mask), 0, 8);
	__cpumask_clear_cpu(6, &mask);
	return &mask;
}

struct layout_case {
	const char *arg;
	const char *cores;	/* NULL: refused */
	const char *syscall;	/* or a word of the reason */
};

static const struct layout_case layout_cases[] = {
	{ "2-3", "2-3", "" },
	{ "1", "1", "" },
	{ "0.2-3", "2-3", "0" },
	{ "0.2-3:1.4-5", "2-5", "0-1" },
	{ "0.2,3:0.5,7", "2-3,5,7", "0" },
	{ "2-3:4", "2-4", "" },
	{ "0,1.2-5,7", "2-5,7", "0-1" },
	{ "", NULL, "no LWK core" },
	{ "0.", NULL, "no LWK core" },
	{ "2:", NULL, "no LWK core" },
	{ ":", NULL, "no LWK core" },
	{ "0", NULL, "core 0 boots" },
	{ "0-3", NULL, "core 0 boots" },
	{ "0-5,7", NULL, "left to Linux" },
	{ "6", NULL, "core 6 does not exist" },
	{ "2-6", NULL, "core 6 does not exist" },
	{ "6.2", NULL, "core 6 does not exist" },
	{ "2:99999999", NULL, "beyond the last" },
	{ "2-3:3-4", NULL, "core 3 is in two groups" },
	{ "2.2-3", NULL, "both an LWK core and a syscall core" },
	{ "3.4:0.3", NULL, "both an LWK core and a syscall core" },
	{ "two", NULL, "not a list" },
	{ "3-2", NULL, "not a list" },
	{ "2,,x", NULL, "not a list" },
	{ "2;3", NULL, "not a list" },
	{ "-1", NULL, "not a list" },
	{ "0.1.2", NULL, "not a list" },
};

static void layout_desc(const struct layout_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\"", c->arg);
}

KUNIT_ARRAY_PARAM(layout, layout_cases, layout_desc);

static void expect_list(struct kunit *test, const struct cpumask *mask,
			const char *list)
{
	char buf[64];

	scnprintf(buf, sizeof(buf), "%*pbl", cpumask_pr_args(mask));
	KUNIT_EXPECT_STREQ(test, buf, list);
}

static void layout_test(struct kunit *test)
{
	const struct layout_case *c = test->param_value;
	struct lwk_layout *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, l);
	if (nr_cpu_ids < 8)
		kunit_skip(test, "needs 8 possible cores (maxcpus)");

	err = lwk_layout_parse(c->arg, machine(), 0, l);
	if (c->cores) {
		KUNIT_ASSERT_EQ_MSG(test, err, 0, "%s", l->why);
		expect_list(test, &l->cores, c->cores);
		expect_list(test, &l->syscall_cores, c->syscall);
	} else {
		KUNIT_EXPECT_EQ(test, err, -EINVAL);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(l->why, c->syscall),
					  "reason was: %s", l->why);
	}
}

/* An argument longer than any buffer is refused, not cut. */
static void layout_long_test(struct kunit *test)
{
	struct lwk_layout *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	char *arg = kunit_kzalloc(test, 2 * LWK_ARG_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	KUNIT_ASSERT_NOT_NULL(test, arg);
	memset(arg, '2', 2 * LWK_ARG_MAX - 1);
	KUNIT_EXPECT_EQ(test, lwk_layout_parse(arg, machine(), 0, l), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, strstr(l->why, "longer"));
}

static struct kunit_case layout_test_cases[] = {
	KUNIT_CASE_PARAM(layout_test, layout_gen_params),
	KUNIT_CASE(layout_long_test),
	{}
};

static struct kunit_suite layout_suite = {
	.name = "lwk_layout",
	.test_cases = layout_test_cases,
};

kunit_test_suite(layout_suite);
