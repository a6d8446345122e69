// SPDX-License-Identifier: GPL-2.0
/*
 * Starts lwkexec over and over and kills it with SIGKILL at a random moment:
 * before it has asked for cores, in the middle of moving there, in exec, or
 * while its program runs and forks. Ends on the invariant.
 *
 * usage: kill_storm RUNS [SEED]
 */
#include "lwk_common.h"

#include <spawn.h>

extern char **environ;

static pid_t start(char *cores)
{
	char *argv[] = { "lwkexec", "-n", cores, "sh", "-c",
			 "while :; do (:); done", NULL };
	pid_t pid;
	posix_spawnattr_t attr;

	/* A group of its own, so that its children can be killed as well. */
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, 0);
	if (posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ)) {
		perror("lwkexec");
		exit(1);
	}
	posix_spawnattr_destroy(&attr);
	return pid;
}

/* Group after group, all but the leader first, or the leader first. */
static void kill_all(pid_t pid, int leader_first)
{
	if (leader_first)
		kill(pid, SIGKILL);
	kill(-pid, SIGKILL);
	if (wait_status(pid) < 0)
		exit(1);
	/* Orphans that were forked meanwhile. */
	kill(-pid, SIGKILL);
}

static long long joins_so_far(void)
{
	char buf[32];

	lwk_read("stats/joins", buf, sizeof(buf));
	return atoll(buf);
}

/* Milliseconds from start to the join, the second time (the first reads
 * programs from disk).
 */
static long time_to_join(void)
{
	long begin = 0;

	for (int i = 0; i < 2; i++) {
		long long before = joins_so_far();
		pid_t pid = start("1");

		begin = now_ms();
		while (joins_so_far() == before && now_ms() - begin < 60000)
			sleep_ms(1);
		begin = now_ms() - begin;
		kill_all(pid, 0);
	}
	return begin;
}

int main(int argc, char **argv)
{
	long runs = argc > 1 ? atol(argv[1]) : 100;
	long window = 1000 * 4 * time_to_join();
	long long before = joins_so_far(), joined;

	srand48(argc > 2 ? atol(argv[2]) : 1);
	/* Two at a time. */
	for (long i = 0; i < runs; i += 2) {
		pid_t a = start("1");
		pid_t b = start("1");

		/* Skewed to early moments, where all the work is. */
		usleep(drand48() * drand48() * window);
		kill_all(a, i & 2);
		usleep(drand48() * drand48() * window / 10);
		kill_all(b, i & 4);
	}

	for (int i = 0; i < 100 && !lwk_all_free(); i++)
		sleep_ms(100);
	joined = joins_so_far() - before;
	printf("# %ld runs within %ld ms, %lld joined before they were killed\n",
	       runs, window / 1000, joined);
	if (!lwk_all_free()) {
		puts("cores are still reserved");
		return 1;
	}
	/* Neither few nor all: the moments were random. */
	return joined < runs / 10 || joined > runs - runs / 20;
}
