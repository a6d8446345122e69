// SPDX-License-Identifier: GPL-2.0
/*
 * Many small mappings: how many succeed, and why the next one did not.
 *
 * usage: map_many NUMBER same|apart
 *
 * same: such as merge with their neighbours. apart: such as do not, since
 * every other one cannot be written; their number has a limit. Prints one line;
 * exit status 1 if one that succeeded does not hold what was written.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	4096UL

static int *map(unsigned long i, int apart)
{
	int prot = PROT_READ | (apart && i % 2 ? 0 : PROT_WRITE);

	return mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	unsigned long number, i, bad = 0;
	int apart, **maps;

	if (argc != 3)
		errx(2, "usage: map_many NUMBER same|apart");
	number = strtoul(argv[1], NULL, 10);
	apart = !strcmp(argv[2], "apart");
	maps = calloc(number, sizeof(*maps));
	if (!maps)
		err(1, "calloc");
	for (i = 0; i < number; i++) {
		errno = 0;
		maps[i] = map(i, apart);
		if (maps[i] == MAP_FAILED)
			break;
		if (!apart || i % 2 == 0)
			*maps[i] = (int)i + 1;
	}
	printf("%lu mapped, %s\n", i, strerror(errno));
	while (i) {
		i--;
		if (*maps[i] != (!apart || i % 2 == 0 ? (int)i + 1 : 0))
			bad++;
		if (munmap(maps[i], PAGE))
			bad++;
	}
	if (bad)
		errx(1, "%lu are not as they were written", bad);
	return 0;
}
