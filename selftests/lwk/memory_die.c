// SPDX-License-Identifier: GPL-2.0
/*
 * Members that die with their memory full of a pattern, again and again: the
 * next one finds zeroes, and the pool is whole.
 *
 * usage: memory_die ROUNDS MEGABYTES
 *
 * A round is two processes with a reservation: one that is killed, runs out of
 * its own memory, or uses a bad address, in turn; and one that looks. Exit
 * status 1 if a page was not zero, if one ended otherwise, or if the pool is not
 * whole after a round.
 */
#include "lwk_common.h"

#include <err.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PATTERN		0xa5
/* What a process that has ended may leave behind for a while. */
#define RETURN_MS	20000

enum { KILLED, OWN_OOM, BAD_ADDRESS, LOOKS };
static const int wanted[] = {
	[KILLED] = SIGKILL, [OWN_OOM] = SIGKILL, [BAD_ADDRESS] = SIGSEGV,
	[LOOKS] = 0,
};

static size_t size;
/* Read each time, so that the compiler does not know better. */
static char * volatile bad_address = (char *)16;

static unsigned long free_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kb = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "LwkFree: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static void join(void)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);

	req.memory = size + (4 << 20);
	if (lwk_ioctl_join(&req))
		err(1, "join");
}

static char *map(size_t len, int flags)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static void live(int kind)
{
	struct rlimit none = { 0 };
	volatile char *sparse;
	char *p;

	setrlimit(RLIMIT_CORE, &none);
	join();
	p = map(size, 0);
	if (kind == LOOKS)
		_exit(*p || memcmp(p, p + 1, size - 1) ? 1 : 0);
	memset(p, PATTERN, size);
	switch (kind) {
	case KILLED:
		raise(SIGKILL);
		break;
	case OWN_OOM:
		/* Sparse, so that no call fails: more than there is. */
		sparse = map(1UL << 40, MAP_NORESERVE);
		for (size_t i = 0; i < 1UL << 40; i += 4096)
			sparse[i] = PATTERN;
		break;
	case BAD_ADDRESS:
		*bad_address = 1;
		break;
	}
	_exit(2);
}

static void one(int kind, unsigned long round)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		live(kind);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (WIFSIGNALED(status) ? WTERMSIG(status) != wanted[kind] :
	    wanted[kind] || WEXITSTATUS(status))
		errx(1, "round %lu: kind %d ended with status %#x", round, kind,
		     status);
}

static void whole_again(unsigned long before, unsigned long round)
{
	long end = now_ms() + RETURN_MS;

	while (free_kb() != before) {
		if (now_ms() > end)
			errx(1, "round %lu: %lu of %lu kB are back", round,
			     free_kb(), before);
		sleep_ms(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long round, rounds, before = free_kb();

	if (argc != 3)
		errx(2, "usage: memory_die ROUNDS MEGABYTES");
	rounds = strtoul(argv[1], NULL, 10);
	size = strtoul(argv[2], NULL, 10) << 20;
	for (round = 0; round < rounds; round++) {
		one(round % LOOKS, round);
		one(LOOKS, round);
		whole_again(before, round);
	}
	printf("%lu rounds, %lu kB free before and after\n", rounds, before);
	return 0;
}
