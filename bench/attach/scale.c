// SPDX-License-Identifier: GPL-2.0
/*
 * What many attachments cost: the first and the last, their release, and their
 * owner when it unmaps what nobody has attached.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/sample.h"
#include "attach.h"

#define FEW		10000UL
#define MANY		100000UL
/* So many of the first, of the last, and of pages that are unmapped. */
#define PART		100UL
#define PAGES		9
/*
 * What attaching leaves to other cores, callbacks of RCU above all, is over by
 * then. Their instructions count, too, and a call may have to wait for them.
 */
#define SETTLE_US	500000
/*
 * A grace period of RCU that ends while all are released lets another core free
 * some already, which counts, too: one time in three. So the least of some.
 */
#define RELEASES	7
/* Each in a mapping of its own, and some more. */
#define MAPPINGS	"300000"

/* What the process that attaches has found out, in memory shared with it. */
struct found {
	uint64_t first;
	uint64_t last;
	uint64_t release;
};

static struct found *found;

static int attach_all(const struct importer *importer, int64_t apid,
		      size_t count)
{
	static uint64_t first[PART], last[PART], start;

	for (size_t i = 0; i < count; i++) {
		start = sample_now();
		if (!device_attach(apid, i * SMALL_PAGE, SMALL_PAGE,
				   importer_flags(importer)))
			return -1;
		start = sample_now() - start;
		if (i < PART)
			first[i] = start;
		last[i % PART] = start;
	}
	found->first = sample_median(first, PART);
	found->last = sample_median(last, PART);
	return 0;
}

/* Says when it has attached, and releases when it is told to. */
static int be_importer(const struct importer *importer,
		       const struct owner *owner, size_t count, int answers,
		       int commands)
{
	uint64_t start;
	int64_t apid;
	char byte = 0;

	if (importer_enter(importer->lwk) || device_get(owner->segid, &apid) ||
	    attach_all(importer, apid, count) || usleep(SETTLE_US))
		return -1;
	if (write(answers, &byte, 1) != 1 || read(commands, &byte, 1) != 1)
		return fail("pipe");
	start = sample_now();
	if (device_release(apid))
		return -1;
	found->release = sample_now() - start;
	return 0;
}

/* Of the pages behind those that are attached. */
static int unmap_pages(struct owner *owner, uint64_t *insns)
{
	uint64_t all[PAGES];

	for (int i = 0; i < PAGES; i++)
		if (owner_unmap_page(owner, &all[i]))
			return -1;
	*insns = sample_median(all, PAGES);
	return 0;
}

/* @unmap: with so many attachments; NULL: not wanted. */
static int with_attachments(const struct importer *importer,
			    struct owner *owner, size_t count, uint64_t *unmap)
{
	int answers[2], commands[2], status;
	char byte = 0;
	pid_t pid;

	if (pipe(answers) || pipe(commands))
		return fail("pipe");
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (!pid) {
		close(answers[0]);
		close(commands[1]);
		_exit(be_importer(importer, owner, count, answers[1],
				  commands[0]) ? 1 : 0);
	}
	close(answers[1]);
	close(commands[0]);
	if (read(answers[0], &byte, 1) != 1 ||
	    (unmap && unmap_pages(owner, unmap)) ||
	    write(commands[1], &byte, 1) != 1)
		return fail_with("scale", importer->name, "failed");
	close(answers[0]);
	close(commands[1]);
	if (waitpid(pid, &status, 0) != pid || status)
		return fail_with("scale", importer->name, "failed");
	return 0;
}

static void report(int port, const char *name, const struct importer *importer,
		   uint64_t insns)
{
	dprintf(port, "xemem.%s.%s.insn %llu\n", name, importer->name,
		(unsigned long long)insns);
}

/* Keeps the least. */
static int release(const struct importer *importer, struct owner *owner,
		   size_t count, uint64_t *unmap, uint64_t *least)
{
	if (with_attachments(importer, owner, count, unmap))
		return -1;
	if (found->release < *least)
		*least = found->release;
	return 0;
}

static int measure(const struct importer *importer, struct owner *owner,
		   int port)
{
	uint64_t few = UINT64_MAX, many = UINT64_MAX, without, with;

	for (int i = 0; i < RELEASES; i++)
		if (release(importer, owner, FEW, NULL, &few) ||
		    (!i && unmap_pages(owner, &without)) ||
		    release(importer, owner, MANY, i ? NULL : &with, &many))
			return -1;
	report(port, "release_10k", importer, few);
	report(port, "first_of_100k", importer, found->first);
	report(port, "last_of_100k", importer, found->last);
	report(port, "release_100k", importer, many);
	report(port, "munmap_none", importer, without);
	report(port, "munmap_100k", importer, with);
	return 0;
}

static int set_up(void)
{
	if (found)
		return 0;
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (found == MAP_FAILED)
		return fail("mmap");
	return write_text("/proc/sys/vm/max_map_count", MAPPINGS) ?
	       fail("max_map_count") : 0;
}

int scale_measure(const struct importer *importer, int port)
{
	const struct wanted wanted = {
		.len = (MANY * SMALL_PAGE / LARGE_PAGE + 2) * LARGE_PAGE,
		.lwk = !importer->lwk,
	};
	struct owner owner;

	if (importer->way != WAY_EAGER && importer->way != WAY_LAZY)
		return 0;
	if (set_up() || owner_start(&owner, &wanted) ||
	    measure(importer, &owner, port))
		return -1;
	return owner_stop(&owner);
}
