// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has no state of the process: after a fork, or because somebody
 * closed a descriptor of the device. The library opens it again, once, and
 * never holds two descriptors, as to close one of them ends the state.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-device.h"
#include "tap.h"
#include "xemem.h"

#define THREADS		4

static bool make_works(void)
{
	return xpmem_make(NULL, XPMEM_MAXADDR_SIZE, XPMEM_PERMIT_MODE,
			  (void *)0600) == FAKE_SEGID;
}

static bool child_succeeds(void (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		child();
		_exit(EXIT_FAILURE);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void work_in_child(void)
{
	bool works;

	works = make_works() && fake.opens == 2 && fake.closes == 1 &&
		fake.most == 1 && make_works() && fake.opens == 2;
	_exit(works ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void *make_in_thread(void *unused)
{
	(void)unused;
	return make_works() ? make_in_thread : NULL;
}

static void *wait_in_thread(void *unused)
{
	(void)unused;
	xemem_lookup("never", -1);
	return NULL;
}

static void test_retry(void)
{
	ok(make_works() && fake.opens == 1, "make, with state");
	fake_lose();
	ok(make_works(), "make, without");
	ok(fake.opens == 2 && fake.closes == 1 && fake.most == 1,
	   "... the old descriptor goes before the new one comes");
	fake_lose();
	ok(xpmem_get(1, XPMEM_RDWR, XPMEM_PERMIT_MODE, NULL) == FAKE_APID &&
	   fake.opens == 3, "get, without");
	fake_lose();
	ok(xemem_make(NULL, 4096, 0600, "name", -1, 0) == FAKE_SEGID &&
	   fake.opens == 4, "make with a name, without");

	fake.requests = 0;
	fake.lost = 2;
	errno = 0;
	ok(!make_works() && errno == XPMEM_ERRNO_NOPROC,
	   "a kernel that never has state is asked twice");
	ok(fake.requests == 2 && fake.opens == 5 && fake.closes == 4,
	   "... and the device opened once more");
	ok(make_works() && fake.opens == 5, "... and is of use afterwards");

	fake_lose();
	fake.open = EMFILE;
	ok(!make_works() && errno == EMFILE, "no descriptor is left");
	fake.open = 0;
	ok(make_works() && fake.opens == 6, "... and then there is one");
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	int succeeded = 0;
	void *ret;
	int i;

	fake_lose();
	fake.opens = 0;
	fake.closes = 0;
	fake.most = 0;
	/* All of them find out before one does anything about it. */
	fake.meet = THREADS;
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, make_in_thread, NULL);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ret);
		succeeded += !!ret;
	}
	fake.meet = 0;
	ok(succeeded == THREADS, "make in %d threads at once", THREADS);
	ok(fake.opens == 1 && fake.closes == 1 && fake.most == 1,
	   "... of which one opens the device");
}

static void test_waiting(void)
{
	pthread_t threads[THREADS];
	int i;

	fake.lookups = 0;
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, wait_in_thread, NULL);
	while (__atomic_load_n(&fake.lookups, __ATOMIC_RELAXED) < 3 * THREADS)
		usleep(1000);
	fake_lose();
	ok(make_works(), "make while %d threads wait for ever", THREADS);
	fake.opens = 1;
	fake.closes = 0;
	ok(child_succeeds(work_in_child), "make in a child without these");
	fake.error = ENOTTY;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	fake.error = 0;
}

int main(void)
{
	/* A lock that is never released ends the test, not whoever runs it. */
	alarm(60);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	tap_plan(16);
	ok(make_works(), "make in the parent");
	ok(child_succeeds(work_in_child), "make in the child");
	fake.opens = 1;
	test_retry();
	test_threads();
	test_waiting();
	return tap_status();
}
