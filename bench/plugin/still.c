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
 * Preloaded (LD_PRELOAD), these take the place of libc's and GLib's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
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

/* What the CPUs' thread waits for while all CPUs rest. */
static pthread_cond_t *_Atomic resting;
static atomic_bool only_at_rest;
static sem_t rested;

static bool is_main_loop(void)
{
	return gettid() == getpid();
}

static void *libc_function(const char *name, const char *version)
{
	void *function = dlvsym(RTLD_NEXT, name, version);

	if (!function) {
		fprintf(stderr, "excursions: %s: %s\n", name, dlerror());
		abort();
	}
	return function;
}

/* A signal, such as the one that ends the emulator, ends the wait, too. */
static bool wait_for(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += GIVE_UP_S;
	if (!sem_clockwait(sem, CLOCK_MONOTONIC, &until))
		return true;
	fprintf(stderr, "still: the main loop runs again (%s): this run may not repeat\n",
		errno == EINTR ? "a signal" : "it has waited for 600 s");
	return false;
}

static void wait_for_end(void)
{
	while (atomic_load(&still))
		if (!wait_for(&ended))
			still_end();
}

/* From then on no CPU runs until the main loop has seen to the timers. */
static void wait_for_rest(void)
{
	while (atomic_load(&only_at_rest) && !atomic_load(&resting))
		if (!wait_for(&rested))
			still_end();
}

PLUGIN_EXPORT int ppoll(struct pollfd *fds, nfds_t count,
			const struct timespec *timeout, const sigset_t *mask)
{
	static typeof(ppoll) *libc_ppoll;
	int ready;

	if (!libc_ppoll)
		libc_ppoll = libc_function("ppoll", "GLIBC_2.4");
	if (is_main_loop())
		wait_for_end();
	ready = libc_ppoll(fds, count, timeout, mask);
	if (is_main_loop())
		wait_for_rest();
	return ready;
}

/* Of the other threads, only that of the CPUs waits so: when all rest. */
PLUGIN_EXPORT int pthread_cond_wait(pthread_cond_t *cond,
				    pthread_mutex_t *mutex)
{
	static typeof(pthread_cond_wait) *libc_wait;
	int error;

	if (!libc_wait)
		libc_wait = libc_function("pthread_cond_wait", "GLIBC_2.3.2");
	if (is_main_loop())
		return libc_wait(cond, mutex);
	atomic_store(&resting, cond);
	if (atomic_load(&only_at_rest))
		sem_post(&rested);
	error = libc_wait(cond, mutex);
	atomic_store(&resting, NULL);
	return error;
}

/* The main loop has work for the CPUs, whose thread may not know yet. */
PLUGIN_EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
	static typeof(pthread_cond_broadcast) *libc_broadcast;
	pthread_cond_t *expected = cond;

	if (!libc_broadcast)
		libc_broadcast = libc_function("pthread_cond_broadcast",
					       "GLIBC_2.3.2");
	atomic_compare_exchange_strong(&resting, &expected, NULL);
	return libc_broadcast(cond);
}

/* The TLBs' clock stands. The main loop keeps the host's time. */
PLUGIN_EXPORT int gettimeofday(struct timeval *now, void *zone)
{
	static typeof(gettimeofday) *libc_gettimeofday;

	if (!libc_gettimeofday)
		libc_gettimeofday = libc_function("gettimeofday",
						  "GLIBC_2.2.5");
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
	if (atomic_exchange(&only_at_rest, false))
		sem_post(&rested);
}

void still_while_busy(void)
{
	atomic_store(&only_at_rest, true);
}
