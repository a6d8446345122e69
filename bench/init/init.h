/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the noise lab: what its parts offer each other.
 *
 * Functions that can fail return 0, or -1 after a message on the console.
 */
#ifndef BENCH_INIT_H
#define BENCH_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Cores of the lab machine. */
#define STORM_CORES	"0-1"
#define STORM_MASK	"3"
#define NEIGHBOUR_CORE	2
#define SUBJECT_CORE	3

enum subject { SUBJECT_LWK, SUBJECT_TUNED, SUBJECT_PLAIN };

/**
 * struct request - what the kernel's command line asks for
 * @subject: lab.subject=lwk|tuned|plain
 * @storm: lab.storm=NAME of the storm program, empty for a quiet machine
 * @program: lab.program=NAME below /bin, with commas for blanks
 * @seconds: lab.seconds=S of storm or of quiet
 */
struct request {
	enum subject subject;
	char storm[64];
	char program[256];
	double seconds;
};

/* Kinds of interrupts that one core took. */
#define INTERRUPTS_MAX	64

struct interrupts {
	size_t count;
	struct {
		char name[32];
		uint64_t value;
	} kinds[INTERRUPTS_MAX];
};

/* console.c */
int fail(const char *what);
int fail_with(const char *what, const char *value, const char *reason);
int read_text(const char *path, char *text, size_t size);
int write_text(const char *path, const char *text);

/* machine.c */
int machine_mount(void);
int machine_open_port(void);
int machine_pin(pid_t pid, int first, int last);
int machine_settle(void);

/* request.c */
int request_read(struct request *request);

/* tune.c: all that Linux offers to keep the isolated cores quiet. */
int tune(void);

/* slices.c: bound the time for which one virtual CPU holds the emulator. */
int slices_bound(void);

/* interrupts.c */
int interrupts_read(struct interrupts *now, int core);
void interrupts_report(int port, const struct interrupts *before,
		       const struct interrupts *after);

/* subject.c: the program that is measured. */
int subject_start(const struct request *request);
int subject_stop(void);

/* storm.c: what the other cores do meanwhile. */
int storm_run(const struct request *request, int port);

#endif
