// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction counts and page faults of memory, by whose it is and how it
 * comes.
 *
 * Runs as init of the deterministic lab (bench/lab), where the TSC advances by
 * the instructions of all CPUs together. Each sample is a process of its own.
 * Writes "name value" lines to the second serial port, medians, then
 * "end STATUS", and powers off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <linux/perf_event.h>

#include "../programs/marker.h"
#include "backing.h"

#define SAMPLES		5
/* In which memory that was given back is cleared, and so on. */
#define REST_US		1500000
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define HUGEPAGES	"/proc/sys/vm/nr_hugepages"

/* What a sample has found out, in memory that is shared with it. */
struct sample {
	uint64_t insns;
	uint64_t faults;
};

static struct sample *shared;

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/*
 * Of this process and those that it forks, in user mode. What getrusage(2)
 * counts includes pages that a call has mapped in advance.
 */
static int count_faults(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.inherit = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? fail("perf_event_open") : fd;
}

/* The counter costs instructions, so that faults have a sample of their own. */
static int measure_faults(const struct memory_case *c,
			  enum subject_kind subject)
{
	uint64_t before, after;
	int fd = count_faults();

	if (fd < 0 || read(fd, &before, sizeof(before)) != sizeof(before) ||
	    c->run(subject) ||
	    read(fd, &after, sizeof(after)) != sizeof(after))
		return -1;
	shared->faults = after - before;
	return 0;
}

static int measure(const struct memory_case *c, enum subject_kind subject,
		   bool faults)
{
	uint64_t start;

	/* Its page is here before it counts. */
	shared->insns = 0;
	if (subject_enter(subject) || usleep(100000) ||
	    (c->prepare && c->prepare(subject)))
		return -1;
	if (faults)
		return measure_faults(c, subject);
	start = rdtsc();
	if (c->run(subject))
		return -1;
	shared->insns = rdtsc() - start;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure_case(const struct memory_case *c,
			enum subject_kind subject, int port)
{
	uint64_t insns[SAMPLES];
	int status;
	pid_t pid;

	for (int i = 0; i <= SAMPLES; i++) {
		usleep(REST_US);
		pid = fork();
		if (pid < 0)
			return fail("fork");
		if (!pid)
			_exit(measure(c, subject, i == SAMPLES) ? 1 : 0);
		if (waitpid(pid, &status, 0) != pid || status)
			return fail_with(c->name, subject_names[subject],
					 "failed");
		if (i < SAMPLES)
			insns[i] = shared->insns;
	}
	qsort(insns, SAMPLES, sizeof(insns[0]), compare);
	dprintf(port, "memory.%s.%s.insn %llu\n", c->name,
		subject_names[subject],
		(unsigned long long)insns[SAMPLES / 2]);
	dprintf(port, "memory.%s.%s.faults %llu\n", c->name,
		subject_names[subject],
		(unsigned long long)shared->faults);
	return 0;
}

/* khugepaged is no part of any subject. */
static int set_up(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fail("mmap");
	if (write_text(THP "enabled", "always") ||
	    write_text(THP "khugepaged/defrag", "0") ||
	    write_text(HUGEPAGES, "640"))
		return -1;
	return 0;
}

static int measure_all(const struct choice *choice, int port)
{
	for (size_t i = 0; i < nr_cases; i++) {
		if (!(choice->cases & 1U << i))
			continue;
		for (int s = 0; s < SUBJECTS; s++) {
			if (!(choice->subjects & ~cases[i].not_for & 1U << s))
				continue;
			if (measure_case(&cases[i], s, port))
				return -1;
		}
	}
	return 0;
}

int main(void)
{
	struct choice choice;
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr,
			"backing-init: runs as init of bench/lab only\n");
		return 2;
	}
	port = machine_mount() ? -1 : machine_open_port();
	if (port >= 0) {
		status = choice_read(&choice) ||
			 machine_pin(0, CORE_OTHERS, CORE_OTHERS) ||
			 machine_settle() || set_up() ||
			 measure_all(&choice, port) ? 1 : 0;
		dprintf(port, "end %d\n", status);
		tcdrain(port);
	}
	marker_end();
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
