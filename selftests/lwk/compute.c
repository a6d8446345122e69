// SPDX-License-Identifier: GPL-2.0
/*
 * Computes on an LWK core while a command runs on Linux, then tells what took
 * it out of user mode meanwhile.
 *
 * usage: compute CORE FILE COMMAND [ARGUMENT...]
 *
 * Writes to FILE: "KIND FOREIGN OWN" for each kind of interruption, then
 * "turns N" and "signals N": what its loop did, and signals that it handled.
 * The command finds the process in the variable COMPUTE_<CORE>. Exit status:
 * that of the command, or 125 if there was nobody who computed.
 */
#include "lwk_member.h"

#define SETTLE_MS	1000

/* As struct lwk_kind numbers them, and the account names them. */
static const char * const kinds[LWK_NR_KINDS] = {
	"timer", "call", "tlb", "resched", "irq_work", "device", "nmi",
	"other", "fault",
};

/* All memory is there, and stays: what Linux does for lack of it is none. */
static int work(void *arg)
{
	(void)arg;
	signal(SIGUSR1, member_handler);
	if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
		perror("compute: mlockall");
		return 1;
	}
	member_ready();
	member_spin(&member_page->stop);
	return 0;
}

static int run(char **argv, int core, pid_t pid)
{
	char name[32], value[32];
	pid_t child = fork();

	if (child)
		return child < 0 ? 125 : wait_status(child);
	snprintf(name, sizeof(name), "COMPUTE_%d", core);
	snprintf(value, sizeof(value), "%d", pid);
	setenv(name, value, 1);
	execvp(argv[0], argv);
	fprintf(stderr, "compute: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int report(const char *path, const struct lwk_stats *before,
		  const struct lwk_stats *after, unsigned long turns,
		  int signals)
{
	FILE *f = fopen(path, "w");
	int kind;

	for (kind = 0; f && kind < LWK_NR_KINDS; kind++)
		fprintf(f, "%s %llu %llu\n", kinds[kind],
			after->foreign[kind] - before->foreign[kind],
			after->own[kind] - before->own[kind]);
	if (f && fprintf(f, "turns %lu\nsignals %d\n", turns, signals) > 0 &&
	    !fclose(f))
		return 0;
	fprintf(stderr, "compute: %s: %s\n", path, strerror(errno));
	return -1;
}

int main(int argc, char **argv)
{
	struct lwk_stats before, after;
	struct member m;
	unsigned long turns;
	int core, status, signals;

	if (argc < 4) {
		fputs("usage: compute CORE FILE COMMAND [ARGUMENT...]\n",
		      stderr);
		return 125;
	}
	core = atoi(argv[1]);
	if (!member_start(&m, 0, core, work, NULL)) {
		fprintf(stderr, "compute: core %d: cannot compute there\n",
			core);
		return 125;
	}
	/* The tick may go on for a moment after its last call. */
	sleep_ms(SETTLE_MS);
	if (lwk_stats_of(m.dev, &before)) {
		perror("compute: LWK_IOC_STATS");
		return 125;
	}
	turns = m.page->turns;
	signals = m.page->signals;
	status = run(argv + 3, core, m.pid);
	turns = m.page->turns - turns;
	signals = m.page->signals - signals;
	if (lwk_stats_of(m.dev, &after) ||
	    report(argv[2], &before, &after, turns, signals) || member_end(&m))
		return 125;
	return status;
}
