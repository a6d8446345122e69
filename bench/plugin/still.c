// SPDX-License-Identifier: GPL-2.0
/*
 * With -icount one thread runs the guest's CPUs, each for a number of
 * instructions. Two other threads can cut such a turn short, after as many
 * instructions as the host's speed happened to allow, and from then on the
 * turns of all CPUs are others:
 *
 * - The main loop wakes up for each timer of the guest. If it sees one due
 *   before the CPUs' thread does, it interrupts a CPU from outside. It only
 *   has to come by where all CPUs rest, so it waits while one computes.
 * - Memory that the emulator frees after a grace period is freed by a thread
 *   that makes the running CPU stop, so that the period ends. It collects for
 *   some time before. It may collect for good: it is kilobytes.
 *
 * The emulator also fits the size of its TLBs to what was used in the last
 * 100 ms of the host. A miss sets accessed bits that the guest may see.
 *
 * Preloaded (LD_PRELOAD), these three take the place of libc's and GLib's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "still.h"

/* A guest that hangs at rest needs the main loop to be told to end. */
#define GIVE_UP_S	600

static atomic_bool still;
static sem_t ended;

static bool is_main_loop(void)
{
	return gettid() == getpid();
}

static void *libc_function(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "excursions: %s: %s\n", name, dlerror());
		abort();
	}
	return function;
}

/* A signal, such as the one that ends the emulator, ends the wait, too. */
static void wait_for_end(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += GIVE_UP_S;
	while (atomic_load(&still)) {
		if (!sem_clockwait(&ended, CLOCK_MONOTONIC, &until))
			continue;
		fprintf(stderr, "excursions: the main loop runs again (%s): this run may not repeat\n",
			errno == EINTR ? "a signal" : "it has waited for 600 s");
		still_end();
	}
}

PLUGIN_EXPORT int ppoll(struct pollfd *fds, nfds_t count,
			const struct timespec *timeout, const sigset_t *mask)
{
	static typeof(ppoll) *libc_ppoll;

	if (!libc_ppoll)
		libc_ppoll = libc_function("ppoll");
	if (is_main_loop())
		wait_for_end();
	return libc_ppoll(fds, count, timeout, mask);
}

/* The TLBs' clock stands. The main loop keeps the host's time. */
PLUGIN_EXPORT int gettimeofday(struct timeval *now, void *zone)
{
	static typeof(gettimeofday) *libc_gettimeofday;

	if (!libc_gettimeofday)
		libc_gettimeofday = libc_function("gettimeofday");
	if (is_main_loop())
		return libc_gettimeofday(now, zone);
	*now = (struct timeval){ .tv_sec = 1 };
	return 0;
}

/* Only the thread that frees memory collects by this, for good. */
PLUGIN_EXPORT void g_usleep(unsigned long microseconds)
{
	const struct timespec time = {
		.tv_sec = microseconds / 1000000,
		.tv_nsec = microseconds % 1000000 * 1000,
	};

	while (!is_main_loop())
		pause();
	nanosleep(&time, NULL);
}

void still_begin(void)
{
	atomic_store(&still, true);
}

void still_end(void)
{
	if (atomic_exchange(&still, false))
		sem_post(&ended);
}
