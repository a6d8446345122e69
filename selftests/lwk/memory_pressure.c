// SPDX-License-Identifier: GPL-2.0
/*
 * Linux runs out of memory beside a member that has more than anybody: the
 * member lives on and finds what it wrote, and not one page that Linux
 * allocates is the LWK's, though some are free there.
 *
 * usage: memory_pressure [over]
 *
 * over: the member may have memory of Linux, too, which makes it the victim.
 *
 * Exit status: 0 as above, 1 not so, 3 the member was killed.
 */
#include "lwk_common.h"

#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB		(1024UL * 1024)
#define LARGE		(2 * MIB)
#define PAGE		4096UL
/* Of the pool that remains free, and for what a program is made of. */
#define REST		(32 * MIB)
#define RUNS_MAX	16
#define EVENT		"/sys/kernel/tracing/events/kmem/mm_page_alloc/"
#define PFN_MASK	0x7fffffffffffffULL

/**
 * struct watch - shared by all processes
 * @nr: length of @run.
 * @run: page frames of the pool, from and to.
 * @rounds: how often the member has read its memory.
 * @wrong: pages in which something else was.
 */
struct watch {
	unsigned int nr;
	struct run {
		uint64_t from;
		uint64_t to;
	} run[RUNS_MAX];
	volatile unsigned long rounds;
	volatile unsigned long wrong;
};

static struct watch *watch;

static unsigned long value_of(const char *path, const char *format)
{
	FILE *f = fopen(path, "re");
	unsigned long value = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &value) == 1)
			break;
	if (f)
		fclose(f);
	return value;
}

static void write_to(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		err(1, "%s: \"%s\"", path, text);
}

static void join(size_t memory, unsigned int flags)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	req.memory = memory;
	req.flags = flags;
	if (lwk_ioctl_join(&req))
		err(1, "LWK_IOC_JOIN with %zu bytes", memory);
}

static char *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap of %zu bytes", len);
	return p;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Whole pageblocks are in the pool: rounds outward, and joins. */
static void make_runs(uint64_t *pfn, size_t nr)
{
	const uint64_t block = LARGE / PAGE;
	struct run *last = NULL;

	qsort(pfn, nr, sizeof(*pfn), by_number);
	for (size_t i = 0; i < nr; i++) {
		uint64_t from = pfn[i] & -block;

		if (!last || from > last->to) {
			if (watch->nr == RUNS_MAX)
				errx(1, "the pool has more than %d parts",
				     RUNS_MAX);
			last = &watch->run[watch->nr++];
			last->from = from;
		}
		last->to = from + block;
	}
}

/* A member takes all there is and looks where it is. */
static void survey(size_t all)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t nr = (all - REST / 2) / PAGE, i;
	uint64_t *pfn;
	char *p;

	pfn = malloc(nr * sizeof(*pfn));
	join(all, 0);
	p = map(nr * PAGE);
	if (!pfn || pread(fd, pfn, nr * sizeof(*pfn),
			  (size_t)p / PAGE * sizeof(*pfn)) !=
	    (ssize_t)(nr * sizeof(*pfn)))
		err(1, "pagemap");
	for (i = 0; i < nr; i++)
		pfn[i] &= PFN_MASK;
	make_runs(pfn, nr);
	_exit(0);
}

static pid_t start(void (*work)(size_t), size_t arg)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		work(arg);
		_exit(1);
	}
	return pid;
}

static unsigned int member_flags;

/* Holds most of the pool, and looks at it again and again. */
static void hold(size_t all)
{
	size_t len = all - 2 * REST, i;
	volatile unsigned long *p;

	join(all - REST, member_flags);
	p = (void *)map(len);
	for (i = 0; i < len / 8; i += PAGE / 8)
		p[i] = i ^ 0x5a5a;
	for (;;) {
		for (i = 0; i < len / 8; i += PAGE / 8)
			watch->wrong += p[i] != (i ^ 0x5a5a);
		watch->rounds++;
	}
}

/* Takes memory of Linux until somebody stops it. */
static void hog(size_t unused)
{
	(void)unused;
	for (;;)
		memset(map(MIB), 1, MIB);
}

/* All pages that Linux allocates from the pool are traced, and only these. */
static void watch_linux(void)
{
	char filter[RUNS_MAX * 64] = "";
	unsigned int i;

	for (i = 0; i < watch->nr; i++)
		sprintf(filter + strlen(filter),
			"%s(pfn >= %llu && pfn < %llu)", i ? " || " : "",
			(unsigned long long)watch->run[i].from,
			(unsigned long long)watch->run[i].to);
	write_to("/sys/kernel/tracing/trace", "");
	write_to(EVENT "filter", filter);
	write_to(EVENT "enable", "1");
}

static unsigned long traced(void)
{
	FILE *f = fopen("/sys/kernel/tracing/trace", "re");
	unsigned long nr = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		nr += *line != '#';
	if (f)
		fclose(f);
	return nr;
}

/* Would it be seen? A page of Linux, with the filter turned around. */
static bool tracing_works(void)
{
	bool seen;

	write_to(EVENT "filter", "pfn > 0");
	memset(map(MIB), 1, MIB);
	seen = traced();
	write_to(EVENT "enable", "0");
	return seen;
}

static void wait_rounds(unsigned long nr)
{
	unsigned long goal = watch->rounds + nr;

	while (watch->rounds < goal)
		sleep_ms(10);
}

/* Until the OOM killer has run. */
static void press(void)
{
	int status;

	if (waitpid(start(hog, 0), &status, 0) < 0 || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		errx(1, "the hog was not killed: status %#x", status);
}

static void survive(pid_t member)
{
	unsigned long pages;

	press();
	if (waitpid(member, NULL, WNOHANG)) {
		warnx("the member was killed");
		exit(3);
	}
	wait_rounds(2);
	pages = traced();
	printf("%u runs of page frames, %lu rounds, %lu wrong, %lu pages of the LWK for Linux\n",
	       watch->nr, watch->rounds, watch->wrong, pages);
	if (watch->wrong || pages || !tracing_works())
		errx(1, "this is not how it should be");
}

int main(int argc, char **argv)
{
	size_t all = value_of("/proc/meminfo", "LwkFree: %lu") << 10;
	pid_t member;

	if (argc == 2 && !strcmp(argv[1], "over"))
		member_flags = LWK_JOIN_MEMORY_OVER;
	else if (argc != 1)
		errx(2, "usage: memory_pressure [over]");
	watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch == MAP_FAILED || all <= 4 * REST)
		errx(1, "not enough LWK memory");
	waitpid(start(survey, all), NULL, 0);
	if (!watch->nr)
		errx(1, "nothing is known of the pool");
	while (value_of("/proc/meminfo", "LwkFree: %lu") << 10 != all)
		sleep_ms(10);
	watch_linux();
	member = start(hold, all);
	while (!watch->rounds)
		sleep_ms(10);
	survive(member);
	kill(member, SIGKILL);
	waitpid(member, NULL, 0);
	while (value_of("/proc/meminfo", "LwkFree: %lu") << 10 != all)
		sleep_ms(10);
	return 0;
}
