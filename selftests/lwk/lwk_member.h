/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A member in a process of its own, watched from Linux: what it does is seen
 * in a shared page, what interrupts it in the counters of the kernel. Neither
 * disturbs it.
 */
#ifndef _SELFTESTS_LWK_MEMBER_H
#define _SELFTESTS_LWK_MEMBER_H

#include "lwk_common.h"

#include <sys/mman.h>
#include <sys/prctl.h>

/* Much longer than anything takes on the slowest kernel. */
#define MEMBER_PATIENCE_MS	60000

/**
 * struct member_page - between the member and who watches it
 * @core: out: core of the first thread, set before @ready.
 * @ready: out: it has joined, and is in user mode or about to be.
 * @go: in: do what is to be done.
 * @done: out: that has been done.
 * @stop: in: end.
 * @signals: out: signals that were handled.
 * @turns: out: turns of the loop of the first thread.
 */
struct member_page {
	volatile int core;
	volatile int ready;
	volatile int go;
	volatile int done;
	volatile int stop;
	volatile int signals;
	volatile unsigned long turns;
};

struct member {
	struct member_page *page;
	int dev;		/* through which it joined */
	pid_t pid;
};

/* The page of this process, for its handlers and threads; and its device. */
static struct member_page *member_page;
static int member_dev;

/* Joins through @dev: @nr cores, or @core alone if @nr is 0. 0 or -errno. */
static inline int member_join(int dev, unsigned int nr, int core)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, nr);

	if (!nr)
		mask.bits[core / 64] = 1ULL << core % 64;
	return ioctl(dev, LWK_IOC_JOIN, &req) ? -errno : 0;
}

static inline void member_handler(int sig)
{
	(void)sig;
	member_page->signals++;
}

static inline void member_ready(void)
{
	member_page->core = sched_getcpu();
	member_page->ready = 1;
}

/* No call, no page that is not there yet. */
static inline void member_spin(volatile int *until)
{
	while (!*until)
		member_page->turns++;
}

/*
 * Starts a process that joins @nr cores, or @core, and ends with what @work
 * returns (0..127). False if it did not become ready.
 */
static inline bool member_start(struct member *m, unsigned int nr, int core,
				int (*work)(void *arg), void *arg)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	m->dev = lwk_open();
	m->page = mmap(NULL, sizeof(*m->page), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (m->dev < 0 || m->page == MAP_FAILED)
		return false;
	member_page = m->page;
	member_dev = m->dev;
	fflush(NULL);
	m->pid = fork();
	if (!m->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(member_join(m->dev, nr, core) ? 127 : work(arg));
	}
	while (!m->page->ready && now_ms() < end) {
		if (waitpid(m->pid, NULL, WNOHANG))
			return false;
		sleep_ms(1);
	}
	return m->page->ready;
}

/* True if @what of the page came true in time. */
static inline bool member_wait(volatile int *what, int least)
{
	long end = now_ms() + MEMBER_PATIENCE_MS;

	while (*what < least && now_ms() < end)
		sleep_ms(1);
	return *what >= least;
}

/* Has it do its part. */
static inline bool member_go(struct member *m)
{
	m->page->go = 1;
	return member_wait(&m->page->done, 1);
}

/* Exit status as of wait_status(). */
static inline int member_end(struct member *m)
{
	int status;

	m->page->stop = 1;
	status = wait_status(m->pid);
	munmap(m->page, sizeof(*m->page));
	close(m->dev);
	return status;
}

/* What was counted for the reservation that was joined through @dev. */
static inline int lwk_stats_of(int dev, struct lwk_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return ioctl(dev, LWK_IOC_STATS, stats) ? -errno : 0;
}

/* A file of stats/ of the enclave. */
static inline unsigned long lwk_counter(const char *name)
{
	char file[64], text[64];

	snprintf(file, sizeof(file), "stats/%s", name);
	lwk_read(file, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

/* The line @kind of /proc/interrupts, such as "LOC:", for @core; -1 if none. */
static inline long lwk_interrupts(const char *kind, int core)
{
	FILE *f = fopen("/proc/interrupts", "re");
	char line[4096], *word, *rest;
	long count = -1;
	int i;

	while (f && count < 0 && fgets(line, sizeof(line), f)) {
		word = strtok_r(line, " ", &rest);
		if (!word || strcmp(word, kind))
			continue;
		for (i = 0; word && i <= core; i++)
			word = strtok_r(NULL, " ", &rest);
		count = word ? atol(word) : -1;
	}
	if (f)
		fclose(f);
	return count;
}

/* The two lowest cores of a list such as "2-3" or "2,5"; false if fewer. */
static inline bool lwk_two_cores(int core[2])
{
	char list[512], *rest;

	lwk_read("cores", list, sizeof(list));
	core[0] = strtol(list, &rest, 10);
	core[1] = *rest == '-' ? core[0] + 1 : atoi(rest + !!*rest);
	return rest != list && *rest;
}

#endif /* _SELFTESTS_LWK_MEMBER_H */
