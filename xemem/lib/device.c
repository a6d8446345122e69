// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "xpmem.h"

/*
 * A request holds the lock for reading, because the number of a descriptor
 * that is closed may be some other file's at once. Who opens or closes holds it
 * for writing, and goes first: requests that wait for something overlap.
 */
#define LOCK_INITIALIZER	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP

static struct {
	pthread_rwlock_t lock;
	int fd;
	/* How often it was opened. */
	unsigned int generation;
	bool forks_watched;
} device = { .lock = LOCK_INITIALIZER, .fd = -1 };

/* Threads that held the lock are not there in the child. */
static void after_fork(void)
{
	device.lock = (pthread_rwlock_t)LOCK_INITIALIZER;
}

static void unlock(void)
{
	int error = errno;

	pthread_rwlock_unlock(&device.lock);
	errno = error;
}

/* Returns the descriptor, or -1 with errno. */
static int open_character_device(void)
{
	int fd = open(XPMEM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISCHR(st.st_mode))
		return fd;
	close(fd);
	errno = ENODEV;
	return -1;
}

/* The lock is held for writing. Returns 0, or -1 with errno. */
static int open_device(void)
{
	if (!device.forks_watched)
		device.forks_watched = !pthread_atfork(NULL, NULL, after_fork);
	device.fd = open_character_device();
	if (device.fd < 0)
		return -1;
	device.generation++;
	return 0;
}

/* Returns with the lock held for reading and 0; or without, and -1. */
static int hold_device(void)
{
	int ret;

	for (;;) {
		pthread_rwlock_rdlock(&device.lock);
		if (device.fd >= 0)
			return 0;
		unlock();
		pthread_rwlock_wrlock(&device.lock);
		ret = device.fd < 0 ? open_device() : 0;
		unlock();
		if (ret < 0)
			return -1;
	}
}

/*
 * To close any descriptor of the device ends the process's state, hence the
 * old one goes before the new one comes, and only one thread of those that a
 * lost state has stopped does it. Returns 0, or -1 with errno.
 */
static int open_again(unsigned int generation)
{
	int ret = 0;
	int old;

	pthread_rwlock_wrlock(&device.lock);
	if (device.generation == generation) {
		old = device.fd;
		device.fd = -1;
		if (old >= 0)
			close(old);
		ret = open_device();
	}
	unlock();
	return ret;
}

/* Returns what ioctl(2) does, and which generation was asked. */
static int request(unsigned int cmd, void *arg, unsigned int *generation)
{
	int ret;

	if (hold_device() < 0)
		return -1;
	*generation = device.generation;
	ret = ioctl(device.fd, cmd, arg);
	unlock();
	return ret;
}

int xpmem_device_fd(void)
{
	int fd;

	if (hold_device() < 0)
		return -1;
	fd = device.fd;
	unlock();
	return fd;
}

int xpmem_device_ioctl(unsigned int cmd, void *arg)
{
	unsigned int generation = 0;
	int ret;

	ret = request(cmd, arg, &generation);
	if (ret >= 0 || errno != XPMEM_ERRNO_NOPROC)
		return ret;
	if (open_again(generation) < 0)
		return -1;
	return request(cmd, arg, &generation);
}
