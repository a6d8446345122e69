// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/sample.h"
#include "attach.h"

#define SMALL_PATH	SMALL_FILES "/memory"
#define LARGE_PATH	LARGE_FILES "/memory"

/* All that is fixed, so that others need not ask. */
static const char *path_of(const struct wanted *wanted)
{
	if (!wanted->file)
		return NULL;
	return wanted->large ? LARGE_PATH : SMALL_PATH;
}

static int open_file(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, len))
		return fail(path);
	return fd;
}

/* Where all of it can be in large pages. */
static char *find_place(size_t len)
{
	char *start = mmap(NULL, len + LARGE_PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		return start;
	return start + (-(uintptr_t)start & (LARGE_PAGE - 1));
}

/*
 * What is not to be in large pages must say so before there is anything, and on
 * an LWK core memory is there as soon as it can be used.
 */
static char *map(const struct wanted *wanted)
{
	int advice = wanted->large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	char *start;

	if (wanted->file) {
		flags = MAP_SHARED;
		fd = open_file(path_of(wanted), wanted->len);
		if (fd < 0)
			return NULL;
	}
	start = find_place(wanted->len);
	if (start != MAP_FAILED)
		start = mmap(start, wanted->len, PROT_NONE, flags | MAP_FIXED,
			     fd, 0);
	if (start == MAP_FAILED || madvise(start, wanted->len, advice) ||
	    mprotect(start, wanted->len, PROT_READ | PROT_WRITE)) {
		fail("memory");
		return NULL;
	}
	for (size_t i = 0; i < wanted->len; i += SMALL_PAGE)
		*(volatile int *)(start + i) = 1;
	return start;
}

/* The process itself: each byte that it reads is a command. */
static int serve(struct owner *owner, int commands, int answers)
{
	uint64_t insns;
	char command;

	while (read(commands, &command, 1) == 1) {
		owner->len -= SMALL_PAGE;
		insns = sample_now();
		if (munmap(owner->address + owner->len, SMALL_PAGE))
			return fail("munmap");
		insns = sample_now() - insns;
		if (write(answers, &insns, sizeof(insns)) != sizeof(insns))
			return fail("answer");
	}
	return 0;
}

static int be_owner(struct owner *owner, const struct wanted *wanted,
		    int commands, int answers)
{
	if (importer_enter(wanted->lwk))
		return -1;
	owner->address = map(wanted);
	if (!owner->address ||
	    device_make(owner->address, wanted->len, &owner->segid))
		return -1;
	if (write(answers, owner, sizeof(*owner)) != sizeof(*owner))
		return fail("answer");
	return serve(owner, commands, answers);
}

int owner_start(struct owner *owner, const struct wanted *wanted)
{
	struct owner answer = { .len = wanted->len };
	int commands[2], answers[2];

	if (pipe2(commands, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		return fail("pipe");
	owner->pid = fork();
	if (owner->pid < 0)
		return fail("fork");
	if (!owner->pid) {
		close(commands[1]);
		close(answers[0]);
		_exit(be_owner(&answer, wanted, commands[0], answers[1]) ?
		      1 : 0);
	}
	close(commands[0]);
	close(answers[1]);
	owner->commands = commands[1];
	owner->answers = answers[0];
	if (read(owner->answers, &answer, sizeof(answer)) != sizeof(answer))
		return fail("owner");
	owner->address = answer.address;
	owner->len = answer.len;
	owner->segid = answer.segid;
	owner->path = path_of(wanted);
	return 0;
}

int owner_unmap_page(struct owner *owner, uint64_t *insns)
{
	if (write(owner->commands, "", 1) != 1 ||
	    read(owner->answers, insns, sizeof(*insns)) != sizeof(*insns))
		return fail("owner");
	owner->len -= SMALL_PAGE;
	return 0;
}

int owner_stop(struct owner *owner)
{
	int status;

	close(owner->commands);
	close(owner->answers);
	if (waitpid(owner->pid, &status, 0) != owner->pid || status)
		return fail_with("owner", "end", "failed");
	return owner->path && unlink(owner->path) ? fail(owner->path) : 0;
}
