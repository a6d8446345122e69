// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "noise.h"

static struct control own_control;
struct control *control = &own_control;

/* How the threads of one run begin together. */
static atomic_uint ready;
static unsigned int expected;

struct start {
	struct worker *worker;
	const struct settings *settings;
	void (*measure)(struct worker *worker);
};

static void share_control(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "--control: %s", path);
	control = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, 0);
	if (control == MAP_FAILED)
		err(1, "--control: %s", path);
	close(fd);
}

static uint64_t *make_samples(size_t room)
{
	uint64_t *samples;

	samples = mmap(NULL, room * sizeof(*samples), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (samples == MAP_FAILED)
		err(1, "%zu samples", room);
	/* Populated pages may still be read-only. */
	memset(samples, 1, room * sizeof(*samples));
	return samples;
}

struct worker *workers_make(const struct settings *settings, size_t room)
{
	struct worker *workers;

	if (settings->control)
		share_control(settings->control);
	workers = calloc(settings->nr_workers, sizeof(*workers));
	if (!workers)
		err(1, "%u workers", settings->nr_workers);
	for (unsigned int i = 0; i < settings->nr_workers; i++) {
		workers[i].number = i;
		workers[i].room = room;
		workers[i].samples = make_samples(room);
	}
	return workers;
}

static void pin(struct worker *worker, const struct settings *settings)
{
	int core = settings->cores[worker->number];
	size_t bytes = CPU_ALLOC_SIZE(core + 1);
	cpu_set_t *set = CPU_ALLOC(core + 1);

	if (!set)
		err(1, "core %d", core);
	CPU_ZERO_S(bytes, set);
	CPU_SET_S(core, bytes, set);
	if (sched_setaffinity(0, bytes, set))
		err(1, "core %d", core);
	CPU_FREE(set);
}

/*
 * Everybody is on its core and has its memory; nobody sleeps, so that no
 * wakeup and no scheduling falls into the measured part.
 */
static void begin_together(void)
{
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < expected)
		;
}

static void *work(void *argument)
{
	struct start *start = argument;
	struct worker *worker = start->worker;

	if (start->settings->nr_cores)
		pin(worker, start->settings);
	worker->core = sched_getcpu();
	begin_together();
	start->measure(worker);
	return NULL;
}

void workers_run(const struct settings *settings, struct worker *workers,
		 void (*measure)(struct worker *worker))
{
	unsigned int count = settings->nr_workers;
	pthread_t *threads = calloc(count, sizeof(*threads));
	struct start *starts = calloc(count, sizeof(*starts));
	int error;

	if (!threads || !starts)
		err(1, "%u workers", count);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		warn("memory stays unlocked, pages may be taken away: mlockall");
	expected = count;
	atomic_store(&ready, 0);
	for (unsigned int i = 0; i < count; i++)
		starts[i] = (struct start){ &workers[i], settings, measure };
	for (unsigned int i = 1; i < count; i++) {
		error = pthread_create(&threads[i], NULL, work, &starts[i]);
		if (error)
			errx(1, "thread %u: %s", i, strerror(error));
	}
	work(&starts[0]);
	for (unsigned int i = 1; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	free(starts);
}
