// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of waiting for the other CPUs: grace periods and memory barriers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define EXPEDITED	"/sys/kernel/rcu_expedited"
#define NORMAL		"/sys/kernel/rcu_normal"
#define THREADS		2

static char point[64];

static int barrier(int command, unsigned int flags)
{
	return syscall(SYS_membarrier, command, flags, 0);
}

static int rcu_setup(void)
{
	snprintf(point, sizeof(point), "/tmp/storm-rcu-%d", getpid());
	if (mkdir(point, 0700))
		return fail("%s", point);
	if (setting_put(EXPEDITED, "1") && errno != ENOENT)
		return fail(EXPEDITED);
	return 0;
}

/* Waits for an expedited grace period, then for all callbacks. */
static int mount_once(int flags)
{
	if (mount("storm", point, "tmpfs", 0, "size=64k"))
		return fail("%s: mount", point);
	if (umount2(point, flags))
		return fail("%s: umount", point);
	return 0;
}

static int new_namespaces(void *arg)
{
	(void)arg;
	return unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS);
}

/* A packet socket must not vanish under the receive path. */
static int socket_once(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int watch_once(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		return 0;
	inotify_add_watch(fd, point, IN_CREATE);
	close(fd);
	return 1;
}

static long rcu_step(void)
{
	static unsigned int turn;
	long done = 2;

	if (turn++ % 8 == 0)
		file_put(EXPEDITED, turn & 8 ? "0" : "1");
	if (mount_once(0) || mount_once(MNT_DETACH))
		return -1;
	if (child_run(new_namespaces, NULL))
		return fail("unshare");
	done += socket_once() + watch_once();
	/* Refused where some CPU runs without its tick. */
	if (!barrier(MEMBARRIER_CMD_GLOBAL, 0))
		done++;
	return done + 1;
}

static void rcu_undo(void)
{
	umount2(point, MNT_DETACH);
	rmdir(point);
}

static const struct {
	int registration, command;
} kinds[] = {
	{ MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
	  MEMBARRIER_CMD_GLOBAL_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
	  MEMBARRIER_CMD_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
	  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
	  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ },
};

static atomic_bool ready;

/* Somebody must run for a barrier to have someone to reach. */
static void *spin(void *arg)
{
	pin_to(storm_cpu((uintptr_t)arg));
	ready = true;
	for (;;) {
		for (volatile int i = 0; i < 20000; i++)
			;
		sched_yield();
	}
	return NULL;
}

static int barrier_turn(unsigned int member)
{
	pthread_t thread;
	size_t i;

	(void)member;
	if (!ready) {
		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			if (barrier(kinds[i].registration, 0))
				return fail("membarrier: registration %#x",
					    kinds[i].registration);
		for (i = 0; i < THREADS; i++)
			if (pthread_create(&thread, NULL, spin, (void *)i))
				return fail("pthread_create");
		while (!ready)
			pause_us(1000);
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (barrier(kinds[i].command, 0))
			return fail("membarrier: command %#x",
				    kinds[i].command);
	return i + !barrier(MEMBARRIER_CMD_GLOBAL, 0);
}

static int membarrier_setup(void)
{
	if (barrier(MEMBARRIER_CMD_QUERY, 0) < 0)
		return skip("membarrier");
	return crew_start(1, barrier_turn);
}

const struct storm rcu_storms[] = {
	{
		.name = "rcu-expedited",
		.what = "grace periods: mounts, namespaces, sockets",
		.setup = rcu_setup,
		.step = rcu_step,
		.undo = rcu_undo,
	},
	{
		.name = "membarrier",
		.what = "memory barriers of every kind",
		.setup = membarrier_setup,
		.step = crew_step,
	},
	{ }
};
