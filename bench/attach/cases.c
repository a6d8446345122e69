// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../init/sample.h"
#include "attach.h"

/*
 * Memory that an owner has given back is cleared in it. The next one would not
 * find all of it in large pages before that, nor would a sample be alone.
 */
#define OWNER_REST_US	1500000
#define REST_US		100000
#define SAMPLES		3

/* One figure: a case of a subject, and an owner for it. */
struct job {
	const struct attach_case *c;
	const struct importer *importer;
	const struct owner *owner;
};

/* What prepare() leaves to run(). */
static int64_t apid;
static int fd;
static char *place;

static int read_remote(const struct owner *owner)
{
	struct iovec local = { .iov_base = place, .iov_len = owner->len };
	struct iovec remote = {
		.iov_base = owner->address,
		.iov_len = owner->len,
	};
	ssize_t n = process_vm_readv(owner->pid, &local, 1, &remote, 1, 0);

	return n == (ssize_t)owner->len ? 0 : fail("process_vm_readv");
}

static int begin(const struct importer *importer, const struct owner *owner)
{
	if (importer->way == WAY_READV)
		return read_remote(owner);
	if (importer->way == WAY_SHM) {
		place = mmap(NULL, owner->len, PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
		return place == MAP_FAILED ? fail("mmap") : 0;
	}
	place = device_attach(apid, 0, owner->len, importer_flags(importer));
	return place ? 0 : -1;
}

/* One word of each small page: the owner has written a 1 there. */
static int touch(const struct owner *owner)
{
	size_t ones = 0;

	for (size_t i = 0; i < owner->len; i += SMALL_PAGE)
		ones += *(volatile int *)(place + i);
	return ones == owner->len / SMALL_PAGE ? 0 :
	       fail_with("memory", "of the owner", "is not what is seen");
}

static int begin_and_touch(const struct job *job)
{
	return begin(job->importer, job->owner) ? -1 : touch(job->owner);
}

/* The right, the file, or memory to read into: that is had once. */
static int get_ready(const struct importer *importer, const struct owner *owner)
{
	if (importer->way == WAY_SHM) {
		fd = open(owner->path, O_RDWR | O_CLOEXEC);
		return fd < 0 ? fail(owner->path) : 0;
	}
	if (importer->way == WAY_READV) {
		place = mmap(NULL, owner->len, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		return place == MAP_FAILED ? fail("mmap") : 0;
	}
	return device_get(owner->segid, &apid);
}

static int prepare(const void *arg)
{
	const struct job *job = arg;

	if (importer_enter(job->importer->lwk) ||
	    get_ready(job->importer, job->owner) || usleep(REST_US))
		return -1;
	return job->c->detach ? begin_and_touch(job) : 0;
}

static int run(const void *arg)
{
	const struct job *job = arg;

	if (!job->c->detach)
		return begin_and_touch(job);
	if (job->importer->way == WAY_SHM)
		return munmap(place, job->owner->len) ? fail("munmap") : 0;
	return device_detach(place);
}

const struct attach_case cases[] = {
	{ .name = "attach_64m_2m", .len = 64 * MIB, .large = true },
	{ .name = "attach_64m_4k", .len = 64 * MIB },
	{ .name = "attach_1g_2m", .len = GIB, .large = true },
	{ .name = "attach_1g_4k", .len = GIB },
	{ .name = "detach_64m_2m", .len = 64 * MIB, .large = true,
	  .detach = true },
	{ .name = "detach_64m_4k", .len = 64 * MIB, .detach = true },
	{ .name = "detach_1g_2m", .len = GIB, .large = true, .detach = true },
	{ .name = "detach_1g_4k", .len = GIB, .detach = true },
};

const size_t nr_cases = sizeof(cases) / sizeof(cases[0]);

int case_measure(const struct attach_case *c, const struct importer *importer,
		 int port)
{
	const struct wanted wanted = {
		.len = c->len,
		.large = c->large,
		.file = importer->way == WAY_SHM,
		.lwk = !importer->lwk,
	};
	struct owner owner;
	const struct job job = {
		.c = c,
		.importer = importer,
		.owner = &owner,
	};
	const struct sample sample = {
		.count = SAMPLES,
		.rest_us = REST_US,
		.prepare = prepare,
		.run = run,
		.arg = &job,
	};
	char prefix[64];

	/* There is nothing to detach. */
	if (c->detach && importer->way == WAY_READV)
		return 0;
	snprintf(prefix, sizeof(prefix), "xemem.%s.%s", c->name, importer->name);
	if (usleep(OWNER_REST_US) || owner_start(&owner, &wanted) ||
	    usleep(OWNER_REST_US) || sample_measure(&sample, prefix, port))
		return -1;
	return owner_stop(&owner);
}
