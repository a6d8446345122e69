// SPDX-License-Identifier: GPL-2.0
/*
 * Included by debt.c: does this kernel have what is to be deferred? Booted
 * with lwkcpus=.
 */
#include <kunit/test.h>

static void all_broadcasts_are_known(struct kunit *test)
{
	size_t i;

	if (!lwk_enabled())
		kunit_skip(test, "no LWK cores");
	for (i = 0; i < ARRAY_SIZE(broadcasts); i++)
		KUNIT_EXPECT_NE_MSG(test, broadcasts[i].func, 0UL,
				    "%s has another name, or several",
				    broadcasts[i].name);
}

static void works_that_exist_are_known(struct kunit *test)
{
	size_t i;

	if (!lwk_enabled())
		kunit_skip(test, "no LWK cores");
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		if (!strcmp(works[i].name, "klp_sync") &&
		    !IS_ENABLED(CONFIG_LIVEPATCH))
			continue;
		KUNIT_EXPECT_NE_MSG(test, works[i].func, 0UL,
				    "%s has another name, or several",
				    works[i].name);
	}
}

/* What is missing must not be taken for a call of NULL. */
static void nothing_is_never_deferred(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, find(broadcasts, ARRAY_SIZE(broadcasts),
				     NULL));
	KUNIT_EXPECT_NULL(test, find(works, ARRAY_SIZE(works), NULL));
}

/* This core runs the test, so it is not in user mode. */
static void a_core_in_the_kernel_is_told(struct kunit *test)
{
	preempt_disable();
	KUNIT_EXPECT_FALSE(test, in_user_mode(smp_processor_id()));
	preempt_enable();
}

static struct kunit_case debt_cases[] = {
	KUNIT_CASE(all_broadcasts_are_known),
	KUNIT_CASE(works_that_exist_are_known),
	KUNIT_CASE(nothing_is_never_deferred),
	KUNIT_CASE(a_core_in_the_kernel_is_told),
	{ }
};

static struct kunit_suite debt_suite = {
	.name = "lwk_debt",
	.test_cases = debt_cases,
};

kunit_test_suite(debt_suite);
