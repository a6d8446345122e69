// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "insitu.h"

#define LARGE_PAGE	(2UL << 20)
#define SMALL_PAGE	4096

void *memory_make(size_t bytes)
{
	size_t room = (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	char *p = mmap(NULL, room + LARGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		err(1, "%zu bytes of memory", bytes);
	head = -(uintptr_t)p & (LARGE_PAGE - 1);
	if (head)
		munmap(p, head);
	munmap(p + head + room, LARGE_PAGE - head);
	p += head;
	/* Where there are no large pages at all, it changes nothing. */
	madvise(p, room, MADV_HUGEPAGE);
	/* It is zero; what counts is that it is there. */
	for (size_t at = 0; at < bytes; at += SMALL_PAGE)
		*(volatile char *)(p + at) = 0;
	return p;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

const char *peer_name(const char *run, const char *what)
{
	static char name[XEMEM_NAME_MAX];
	int length = snprintf(name, sizeof(name), "%s.%s", run, what);

	if (length >= XEMEM_NAME_MAX)
		errx(2, "--name: '%s' is too long for the name of a segment",
		     run);
	return name;
}

xpmem_apid_t peer_find(const char *run, const char *what, int flags)
{
	const char *name = peer_name(run, what);
	xpmem_segid_t segid = xemem_lookup(name, PATIENCE_MS);
	xpmem_apid_t apid;

	if (segid < 0)
		err(1, "segment %s", name);
	apid = xpmem_get(segid, flags, XPMEM_PERMIT_MODE, NULL);
	if (apid < 0)
		err(1, "permit for segment %s", name);
	return apid;
}

int bell_make(void)
{
	int bell = eventfd(0, EFD_CLOEXEC);

	if (bell < 0)
		err(1, "eventfd");
	return bell;
}

uint64_t bell_wait(int bell)
{
	struct pollfd wait = { .fd = bell, .events = POLLIN };
	eventfd_t rings;
	int ready;

	do {
		ready = poll(&wait, 1, PATIENCE_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		err(1, "poll");
	if (!ready)
		errx(1, "the other program has not rung for %d s",
		     PATIENCE_MS / 1000);
	if (eventfd_read(bell, &rings))
		err(1, "bell");
	return rings;
}

void bell_ring(xpmem_apid_t apid)
{
	if (xemem_ring(apid))
		err(1, "ring the bell of the other program");
}

void xemem_required(uint64_t features)
{
	struct xemem_query query;

	if (xemem_query(&query))
		err(2, "/dev/xpmem: not usable: boot a kernel with CONFIG_XEMEM=y");
	if ((query.features & features) != features)
		errx(2, "/dev/xpmem: this kernel has not all of what is needed: features %#llx of %#llx",
		     (unsigned long long)query.features,
		     (unsigned long long)features);
}

/*
 * Not memcpy(), and the Makefile keeps the compiler from calling it: with the C
 * library's an emulator goes byte by byte.
 */
void words_copy(void *to, const void *from, size_t bytes)
{
	const uint64_t *word = from;
	uint64_t *target = to;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		target[i] = word[i];
}

uint64_t words_sum(const void *data, size_t bytes)
{
	const uint64_t *word = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		sum += word[i];
	return sum;
}
