// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backing.h"

#define HEAP_STEPS	100
#define STACK_SIZE	(8 * MIB)
/* Below what the thread and its start use themselves. */
#define STACK_TOUCHED	(STACK_SIZE - 64 * KIB)

static char *mapped;

/* One word of each small page. */
static void touch(volatile char *start, size_t len)
{
	for (size_t i = 0; i < len; i += SMALL_PAGE)
		start[i] = 1;
}

static int map_and_touch(enum subject_kind subject, size_t len)
{
	char *start = subject_map(subject, len, 0);

	if (!start)
		return -1;
	touch(start, len);
	return 0;
}

static int touch_64m(enum subject_kind subject)
{
	return map_and_touch(subject, 64 * MIB);
}

static int touch_1g(enum subject_kind subject)
{
	return map_and_touch(subject, GIB);
}

/* By system calls: sbrk() of the C library does the same. */
static int grow_heap(enum subject_kind subject)
{
	size_t step = 64 * MIB / HEAP_STEPS / SMALL_PAGE * SMALL_PAGE;
	char *start;

	for (int i = 0; i < HEAP_STEPS; i++) {
		start = sbrk(step);
		if (start == (void *)-1)
			return fail("sbrk");
		if (subject_grown(subject, start, step))
			return -1;
		touch(start, step);
	}
	return 0;
}

static void *use_stack(void *arg)
{
	volatile char stack[STACK_TOUCHED];

	/* From the top: that is how stacks grow. */
	for (size_t i = sizeof(stack); i >= SMALL_PAGE; i -= SMALL_PAGE)
		stack[i - 1] = 1;
	return arg;
}

/* As the C library maps it, but for who must be asked for large pages. */
static int thread_stack(enum subject_kind subject)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *stack;

	if (pthread_attr_init(&attr))
		return fail("pthread_attr_init");
	if (subject == POPULATE || subject == HUGETLB) {
		stack = subject_map(subject, STACK_SIZE, MAP_STACK);
		if (!stack || pthread_attr_setstack(&attr, stack, STACK_SIZE))
			return fail("pthread_attr_setstack");
	} else if (pthread_attr_setstacksize(&attr, STACK_SIZE)) {
		return fail("pthread_attr_setstacksize");
	}
	if (pthread_create(&thread, &attr, use_stack, NULL) ||
	    pthread_join(thread, NULL))
		return fail("pthread_create");
	return 0;
}

static int prepare_64m(enum subject_kind subject)
{
	mapped = subject_map(subject, 64 * MIB, 0);
	if (!mapped)
		return -1;
	touch(mapped, 64 * MIB);
	return 0;
}

static int unmap_64m(enum subject_kind subject)
{
	(void)subject;
	return munmap(mapped, 64 * MIB) ? fail("munmap") : 0;
}

static int prepare_512m(enum subject_kind subject)
{
	return map_and_touch(subject, 512 * MIB);
}

static int fork_and_exit(enum subject_kind subject)
{
	pid_t child = fork();

	(void)subject;
	if (child < 0)
		return fail("fork");
	if (!child)
		_exit(0);
	return waitpid(child, NULL, 0) == child ? 0 : fail("waitpid");
}

const struct memory_case cases[] = {
	{ .name = "mmap_touch_64m", .run = touch_64m },
	{ .name = "mmap_touch_1g", .run = touch_1g },
	{ .name = "brk_64m", .run = grow_heap, .not_for = 1 << HUGETLB },
	{ .name = "thread_stack_8m", .run = thread_stack },
	{ .name = "munmap_64m", .prepare = prepare_64m, .run = unmap_64m },
	{ .name = "fork_exit_512m", .prepare = prepare_512m,
	  .run = fork_and_exit },
};

const size_t nr_cases = sizeof(cases) / sizeof(cases[0]);
