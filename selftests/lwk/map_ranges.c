// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of 8 MiB when a part of it is unmapped, protected, or given
 * back: one line for each part whose ends are near the ends of large pages.
 * On any core, and with whosever memory, the lines are the same.
 *
 * Each tells the mappings, what smaps says about them, and a digest of which
 * pages can be read by another process, and of what they hold.
 *
 * usage: map_ranges [NEAR]
 *
 * NEAR: so many small pages before and behind each end (default 1, at most 8).
 * Exit status 1 if a call fails.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE		4096UL
#define LARGE		(2UL << 20)
#define LEN		(4 * LARGE)
#define NEAR_MAX	8
/* So many pages are two operands each for one call (UIO_MAXIOV). */
#define AT_ONCE		512
#define SPARSE		16
/* Where nothing else is, so that addresses are the same everywhere. */
#define BASE		((char *)0x200000000000)

enum { UNMAP, READ_ONLY, NO_ACCESS, GIVE_BACK, KINDS };
static const char * const kinds[KINDS] = {
	"munmap", "mprotect_read", "mprotect_none", "madvise_dontneed",
};

static uint64_t digest;

static void add(uint64_t value)
{
	/* FNV-1a, by words. */
	digest = (digest ^ value) * 0x100000001b3;
}

/* The first and the last word of each page. */
static void fill(void)
{
	for (size_t at = 0; at < LEN; at += PAGE) {
		*(uint64_t *)(BASE + at) = at + 1;
		*(uint64_t *)(BASE + at + PAGE - 8) = at + 2;
	}
}

/*
 * Reads what pages there are from page @i on into @words, and returns how
 * many; where the first of them is not to be read, that is none.
 */
static size_t read_pages(size_t i, uint64_t (*words)[2])
{
	struct iovec to = { .iov_base = words, .iov_len = AT_ONCE * 16 };
	struct iovec from[2 * AT_ONCE];
	ssize_t got;

	for (size_t j = 0; j < AT_ONCE; j++) {
		char *page = BASE + (i + j) * PAGE;

		from[2 * j] = (struct iovec){ page, 8 };
		from[2 * j + 1] = (struct iovec){ page + PAGE - 8, 8 };
	}
	got = process_vm_readv(getpid(), &to, 1, from, 2 * AT_ONCE, 0);
	return got > 0 ? got / 16 : 0;
}

/* Of what cannot be read, a call is made for one page in SPARSE. */
static void digest_contents(size_t to)
{
	uint64_t words[AT_ONCE][2];

	digest = 0xcbf29ce484222325;
	for (size_t i = 0; i < LEN / PAGE;) {
		size_t n = read_pages(i, words);

		if (!n) {
			memset(words, 0xff, sizeof(words));
			n = i + SPARSE <= to / PAGE ? SPARSE : 1;
		}
		if (n > LEN / PAGE - i)
			errx(1, "there is memory behind the region");
		for (size_t j = 0; j < n; j++) {
			add(words[j][0]);
			add(words[j][1]);
		}
		i += n;
	}
}

/* Mappings of the region, with what is the same for all kinds of memory. */
static void print_mappings(void)
{
	static const char * const keys[] = { "Size:", "Rss:", "Anonymous:" };
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end, value;
	bool here = false;
	char line[512], perms[8];

	if (!f)
		err(1, "/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s ", &start, &end, perms) == 3) {
			here = start >= (unsigned long)BASE &&
			       end <= (unsigned long)BASE + LEN;
			if (here)
				printf(" [%lx-%lx %s", start - (long)BASE,
				       end - (long)BASE, perms);
			continue;
		}
		for (size_t i = 0; here && i < 3; i++)
			if (!strncmp(line, keys[i], strlen(keys[i])) &&
			    sscanf(line + strlen(keys[i]), "%lu", &value) == 1)
				printf(" %lu%s", value, i == 2 ? "]" : "");
	}
	fclose(f);
}

static int change(int kind, char *start, size_t len)
{
	switch (kind) {
	case UNMAP:
		return munmap(start, len);
	case READ_ONLY:
		return mprotect(start, len, PROT_READ);
	case NO_ACCESS:
		return mprotect(start, len, PROT_NONE);
	default:
		return madvise(start, len, MADV_DONTNEED);
	}
}

/* All is as before in the end, so that what was apart is one again. */
static void mend(int kind, char *start, size_t len)
{
	if (kind == UNMAP &&
	    mmap(start, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
	    start)
		err(1, "mmap");
	if (mprotect(BASE, LEN, PROT_READ | PROT_WRITE))
		err(1, "mprotect");
	fill();
	print_mappings();
	digest_contents(0);
	printf(" %016lx\n", (unsigned long)digest);
	if (munmap(BASE, LEN))
		err(1, "munmap");
}

static void try(int kind, size_t from, size_t to)
{
	if (mmap(BASE, LEN, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
	    BASE)
		err(1, "mmap");
	fill();
	if (change(kind, BASE + from, to - from))
		err(1, "%s", kinds[kind]);
	printf("%s %lx %lx", kinds[kind], from, to);
	print_mappings();
	digest_contents(to);
	printf(" %016lx, mended", (unsigned long)digest);
	mend(kind, BASE + from, to - from);
}

/* Around each end of a large page, in order; returns how many. */
static size_t find_ends(size_t *ends, long near)
{
	size_t n = 0;

	for (long end = 0; end <= (long)LEN; end += LARGE)
		for (long i = -near; i <= near; i++)
			if (end + i * (long)PAGE >= 0 &&
			    end + i * (long)PAGE <= (long)LEN)
				ends[n++] = end + i * PAGE;
	return n;
}

int main(int argc, char **argv)
{
	long near = argc > 1 ? atol(argv[1]) : 1;
	size_t ends[5 * (2 * NEAR_MAX + 1)], n;

	if (argc > 2 || near < 0 || near > NEAR_MAX)
		errx(2, "usage: map_ranges [NEAR]");
	n = find_ends(ends, near);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; j < n; j++)
				try(kind, ends[i], ends[j]);
	return fflush(stdout) ? 1 : 0;
}
