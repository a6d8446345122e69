// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: numbers of segments and permits.
 *
 * As programs for XPMEM know them: positive, a count in the upper half, the
 * number of the process in the lower one, as its own PID namespace has it. A
 * count of 30 bits is used up within an hour; so bits that no number of a
 * process needs continue it. Only the count makes a number unique, so nobody
 * gets another one's by being given the same PID elsewhere.
 */
#include <linux/threads.h>
#include <linux/xarray.h>

#include "xemem.h"

#define PID_BITS	22
#define UPPER_BITS	30	/* XPMEM's are not above INT_MAX >> 1 */
#define COUNT_MAX	(BIT(UPPER_BITS + 32 - PID_BITS) - 1)

static_assert(BIT(PID_BITS) >= PID_MAX_LIMIT);

/* The highest bits of the count are the lower half's. */
static unsigned long count_of(s64 number)
{
	unsigned long upper = number >> 32, lower = (u32)number >> PID_BITS;

	return lower << UPPER_BITS | upper;
}

static s64 make_number(unsigned long count, pid_t pid)
{
	s64 upper = count & (BIT(UPPER_BITS) - 1);

	return upper << 32 | (count >> UPPER_BITS) << PID_BITS | (u32)pid;
}

/* With no bit of the upper half set, it is none. */
static unsigned long count_after(unsigned long count)
{
	if (++count > COUNT_MAX)
		count = 1;
	return count & (BIT(UPPER_BITS) - 1) ? count : count + 1;
}

/**
 * xemem_number_add - number an object
 * @numbers: its kind.
 * @object: can be found from now on.
 * @pid: of the process, in its PID namespace.
 * @number: out; set before the object can be found.
 *
 * A number that was in use comes again after 2^40 others.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int xemem_number_add(struct xemem_numbers *numbers, void *object, pid_t pid,
		     s64 *number)
{
	int err;

	do {
		xa_lock(&numbers->objects);
		numbers->last = count_after(numbers->last);
		*number = make_number(numbers->last, pid);
		err = __xa_insert(&numbers->objects, count_of(*number), object,
				  GFP_KERNEL_ACCOUNT);
		xa_unlock(&numbers->objects);
	} while (err == -EBUSY);
	return err;
}

/**
 * xemem_number_remove - an object cannot be found any more
 * @numbers: its kind.
 * @number: its number.
 *
 * Context: any.
 */
void xemem_number_remove(struct xemem_numbers *numbers, s64 number)
{
	xa_erase(&numbers->objects, count_of(number));
}

/**
 * xemem_number_find - what has a number, or had one of the same count
 * @numbers: its kind.
 * @number: positive.
 *
 * Context: under RCU, or the lock of the numbers.
 * Return: an object whose number is to be compared; or NULL.
 */
void *xemem_number_find(struct xemem_numbers *numbers, s64 number)
{
	return xa_load(&numbers->objects, count_of(number));
}

/**
 * xemem_number_next - the next object, in the order of their making
 * @numbers: its kind.
 * @number: in: of the one before it, or 0; out: one of the same count as the
 *	object's, to go on from.
 *
 * Context: under RCU, or the lock of the numbers.
 * Return: the object; or NULL.
 */
void *xemem_number_next(struct xemem_numbers *numbers, s64 *number)
{
	unsigned long count = count_of(*number);
	void *object;

	object = xa_find_after(&numbers->objects, &count, ULONG_MAX,
			       XA_PRESENT);
	if (object)
		*number = make_number(count, 0);
	return object;
}
