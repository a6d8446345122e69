// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the noise lab: one program on one core, a storm on the others.
 *
 * Runs below bench/lab, asked by parameters on the kernel's command line (see
 * struct request). Writes to the second serial port: "operations N" as the
 * storm counts, or "unsupported REASON"; "interrupts.KIND N" for those that
 * the subject's core took meanwhile, as Linux counts them; then "end STATUS".
 * How often and for how long the core was in the kernel is for the emulator's
 * plugin to say (bench/plugin).
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "init/init.h"

static int measure(const struct request *request, int port)
{
	struct interrupts before, after;

	if (subject_start(request) ||
	    interrupts_read(&before, SUBJECT_CORE) ||
	    storm_run(request, port) ||
	    interrupts_read(&after, SUBJECT_CORE) || subject_stop())
		return -1;
	interrupts_report(port, &before, &after);
	return 0;
}

static int prepare(struct request *request)
{
	if (request_read(request))
		return -1;
	/* Nothing of the lab itself runs beside the subject. */
	if (machine_pin(0, 0, 1))
		return fail("pin to cores " STORM_CORES);
	write_text("/proc/self/oom_score_adj", "-1000");
	if (request->subject == SUBJECT_TUNED && tune())
		return -1;
	return machine_settle() || slices_bound() ? -1 : 0;
}

int main(void)
{
	struct request request;
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr, "noise-init: runs as init of bench/lab only\n");
		return 2;
	}
	port = machine_mount() ? -1 : machine_open_port();
	if (port >= 0) {
		status = prepare(&request) || measure(&request, port) ? 1 : 0;
		dprintf(port, "end %d\n", status);
		tcdrain(port);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
