// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of numbers: they are as XPMEM's, and a stale one names nothing, also
 * where counts end that a user could use up.
 */
#include <kunit/test.h>

#include "../xemem.h"

#define PID	1234

/* Objects are but addresses. */
static void *object(struct xemem_numbers *numbers, unsigned long i)
{
	return (void *)((unsigned long)numbers & ~0xffUL) + 8 * (i % 16);
}

static s64 add(struct kunit *test, struct xemem_numbers *numbers,
	       unsigned long i, pid_t pid)
{
	s64 number = 0;

	KUNIT_ASSERT_EQ(test, 0,
			xemem_number_add(numbers, object(numbers, i), pid,
					 &number));
	KUNIT_EXPECT_GT(test, number, 0);
	KUNIT_EXPECT_GT(test, number >> 32, 0);
	KUNIT_EXPECT_LE(test, number >> 32, INT_MAX >> 1);
	KUNIT_EXPECT_EQ(test, pid, (u32)number & (BIT(22) - 1));
	KUNIT_EXPECT_PTR_EQ(test, object(numbers, i),
			    xemem_number_find(numbers, number));
	return number;
}

/* The first ones are XPMEM's to the bit. */
static void first(struct kunit *test)
{
	struct xemem_numbers numbers = {
		.objects = XARRAY_INIT(numbers.objects, 0),
	};
	unsigned long i;

	xa_init(&numbers.objects);
	for (i = 1; i <= 1000; i++)
		KUNIT_ASSERT_EQ(test, (s64)i << 32 | PID,
				add(test, &numbers, i, PID));
	xa_destroy(&numbers.objects);
}

/* What XPMEM's 30 bits hold is used up: no number comes again. */
static void after_30_bits(struct kunit *test)
{
	struct xemem_numbers numbers = {
		.objects = XARRAY_INIT(numbers.objects, 0),
	};
	s64 old[8], number;
	unsigned long i, j;

	xa_init(&numbers.objects);
	for (i = 0; i < ARRAY_SIZE(old); i++) {
		old[i] = add(test, &numbers, i, PID);
		xemem_number_remove(&numbers, old[i]);
	}
	numbers.last = BIT(30) - 5;
	for (i = 0; i < 100; i++) {
		number = add(test, &numbers, i, PID);
		for (j = 0; j < ARRAY_SIZE(old); j++) {
			KUNIT_EXPECT_NE(test, number, old[j]);
			KUNIT_EXPECT_NULL(test, xemem_number_find(&numbers,
								  old[j]));
		}
	}
	xa_destroy(&numbers.objects);
}

/* The PID makes no number another one's. */
static void same_pid_elsewhere(struct kunit *test)
{
	struct xemem_numbers numbers = {
		.objects = XARRAY_INIT(numbers.objects, 0),
	};
	s64 one, other;

	xa_init(&numbers.objects);
	numbers.last = BIT(35) - 2;
	one = add(test, &numbers, 1, 1);
	other = add(test, &numbers, 2, 1);
	KUNIT_EXPECT_NE(test, one, other);
	xemem_number_remove(&numbers, one);
	KUNIT_EXPECT_NULL(test, xemem_number_find(&numbers, one));
	xa_destroy(&numbers.objects);
}

/* After the last one it begins anew, but not with what is in use. */
static void wrap(struct kunit *test)
{
	struct xemem_numbers numbers = {
		.objects = XARRAY_INIT(numbers.objects, 0),
	};
	s64 kept, number, next = 0;
	unsigned long i, seen = 0;

	xa_init(&numbers.objects);
	kept = add(test, &numbers, 1, PID);
	numbers.last = BIT(40) - 3;
	for (i = 0; i < 10; i++) {
		number = add(test, &numbers, i + 2, PID);
		KUNIT_EXPECT_NE(test, number, kept);
	}
	KUNIT_EXPECT_PTR_EQ(test, object(&numbers, 1),
			    xemem_number_find(&numbers, kept));
	while (xemem_number_next(&numbers, &next))
		seen++;
	KUNIT_EXPECT_EQ(test, 11, seen);
	xa_destroy(&numbers.objects);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(first),
	KUNIT_CASE(after_30_bits),
	KUNIT_CASE(same_pid_elsewhere),
	KUNIT_CASE(wrap),
	{ }
};

static struct kunit_suite suite = {
	.name = "xemem_numbers",
	.test_cases = cases,
};

kunit_test_suite(suite);
