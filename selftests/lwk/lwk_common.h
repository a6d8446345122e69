/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C tests of the LWK share: a request to join, the enclave's files.
 */
#ifndef _SELFTESTS_LWK_COMMON_H
#define _SELFTESTS_LWK_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/lwk.h>

#define ENCLAVE_DIR	"/sys/kernel/config/lwk/boot/"

/* Masks large enough for any kernel. */
#define MASK_CPUS	8192
typedef struct { __u64 bits[MASK_CPUS / 64]; } mask_t;

/* A child says what is wrong, and where, and ends with status 1. */
#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: %s (errno %d)\n",		\
			__func__, __LINE__, #cond, errno);		\
		return 1;						\
	}								\
} while (0)

static inline int lwk_open(void)
{
	return open("/dev/lwk", O_RDWR | O_CLOEXEC);
}

static inline struct lwk_join lwk_request(mask_t *mask, unsigned int nr)
{
	struct lwk_join req = {
		.size = sizeof(req),
		.enclave = LWK_ENCLAVE_BOOT,
		.nr_cores = nr,
		.quantum_us = LWK_QUANTUM_DEFAULT,
		.cpumask = (unsigned long)mask,
		.cpumask_len = sizeof(*mask),
	};

	memset(mask, 0, sizeof(*mask));
	return req;
}

/* 0 or -errno. */
static inline int lwk_ioctl_join(struct lwk_join *req)
{
	int fd = lwk_open();
	int ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, LWK_IOC_JOIN, req) ? -errno : 0;
	close(fd);
	return ret;
}

/* Joins with @nr cores of the kernel's choice. 0 or -errno. */
static inline int lwk_join_nr(unsigned int nr)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, nr);

	return lwk_ioctl_join(&req);
}

/*
 * From now on all calls of the reservation joined through @dev are served on
 * its cores, or all of them hop. 0 or -errno.
 */
static inline int lwk_serve(int dev, bool hop)
{
	struct lwk_policy policy = { .size = sizeof(policy) };

	memset(hop ? policy.hop : policy.local, 0xff, sizeof(policy.hop));
	return ioctl(dev, LWK_IOC_POLICY, &policy) ? -errno : 0;
}

/* What was counted of call @nr of the reservation joined through @dev. */
static inline struct lwk_call_count lwk_count_of(int dev, unsigned int nr)
{
	static struct lwk_call_count counts[LWK_CALLS];
	struct lwk_counts req = {
		.size = sizeof(req),
		.nr = LWK_CALLS,
		.counts = (unsigned long)counts,
	};

	memset(counts, 0, sizeof(counts));
	if (ioctl(dev, LWK_IOC_COUNTS, &req))
		perror("# LWK_IOC_COUNTS");
	return counts[nr];
}

static inline void lwk_read(const char *file, char *buf, size_t size)
{
	char path[128];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s%s", ENCLAVE_DIR, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* The invariant on which every test ends: all cores are free again. */
static inline bool lwk_all_free(void)
{
	char cores[512], free_cores[512];

	lwk_read("cores", cores, sizeof(cores));
	lwk_read("free_cores", free_cores, sizeof(free_cores));
	if (cores[0] && !strcmp(cores, free_cores))
		return true;
	fprintf(stderr, "# cores %s, free %s\n", cores, free_cores);
	return false;
}

static inline void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static inline long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Exit status of a child, or 128 + signal. */
static inline int wait_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* Runs @fn in a child and returns what it returns (0..127). */
static inline int in_child(int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(fn(arg));
	return wait_status(pid);
}

#endif /* _SELFTESTS_LWK_COMMON_H */
