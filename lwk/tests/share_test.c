// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what lwkmem= accepts and what it says when it does not.
 * Included by share.c.
 */
#include <kunit/test.h>

#include <linux/slab.h>

struct share_case {
	const char *arg;
	unsigned long mib[3];	/* of node 0, 1 and 3 */
	const char *why;	/* a word of the reason, or NULL: accepted */
};

static const struct share_case share_cases[] = {
	{ "6M", { 2, 2, 2 } },
	{ "2M", { 2, 0, 0 } },
	{ "1G", { 342, 342, 340 } },
	{ "0:512M,1:1G", { 512, 1024, 0 } },
	{ "3:2048k", { 0, 0, 2 } },
	{ "", { }, "not a size" },
	{ "0", { }, "no multiple" },
	{ "3M", { }, "no multiple" },
	{ "4096", { }, "no multiple" },
	{ "lots", { }, "not a size" },
	{ "-2M", { }, "not a size" },
	{ "2M,4M", { }, "not a size" },
	{ "2:2M", { }, "node 2 does not exist" },
	{ "99999:2M", { }, "node 99999 does not exist" },
	{ "0:2M,0:4M", { }, "named twice" },
	{ "0:2M,", { }, "not NODE:SIZE" },
	{ "0:2M,4M", { }, "not NODE:SIZE" },
	{ "zero:2M", { }, "not NODE:SIZE" },
	{ "0:", { }, "not a size" },
	{ ":2M", { }, "not NODE:SIZE" },
};

static void share_desc(const struct share_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\"", c->arg);
}

KUNIT_ARRAY_PARAM(share, share_cases, share_desc);

static void share_test(struct kunit *test)
{
	const struct share_case *c = test->param_value;
	struct lwk_share *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	nodemask_t nodes = NODE_MASK_NONE;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, s);
	if (MAX_NUMNODES < 4)
		kunit_skip(test, "needs four possible nodes (CONFIG_NODES_SHIFT)");
	node_set(0, nodes);
	node_set(1, nodes);
	node_set(3, nodes);
	err = lwk_share_parse(c->arg, &nodes, s);
	if (c->why) {
		KUNIT_EXPECT_EQ(test, err, -EINVAL);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(s->why, c->why),
					  "says \"%s\"", s->why);
		return;
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, s->pages[0], c->mib[0] << (20 - PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, s->pages[1], c->mib[1] << (20 - PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, s->pages[2], 0);
	KUNIT_EXPECT_EQ(test, s->pages[3], c->mib[2] << (20 - PAGE_SHIFT));
}

static struct kunit_case share_tests[] = {
	KUNIT_CASE_PARAM(share_test, share_gen_params),
	{}
};

static struct kunit_suite share_suite = {
	.name = "lwk_share",
	.test_cases = share_tests,
};

kunit_test_suite(share_suite);
