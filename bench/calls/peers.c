// SPDX-License-Identifier: GPL-2.0
/*
 * Other ways to have getppid() served by another core: what programs do today
 * (change the affinity, there and back; ask a process there), and what mOS did
 * (change it within the call).
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <signal.h>
#include <unistd.h>

#include "calls.h"

#define PROBE	"/sys/kernel/debug/lwk_hop/mos_style"

static long set_core(int core)
{
	unsigned long mask = 1UL << core;

	return call(SYS_sched_setaffinity, 0, sizeof(mask), (long)&mask, 0, 0,
		    0);
}

static long run_setaffinity(void)
{
	long ret = set_core(CORE_SERVER);

	if (!ret)
		call(SYS_getppid, 0, 0, 0, 0, 0, 0);
	return ret ? ret : set_core(CORE_ISOLATED);
}

/* Both sides sleep when they have nothing to do. */
static struct mailbox {
	volatile uint32_t request, reply;
	volatile long answer;
} *mailbox;

static void post(volatile uint32_t *word)
{
	(*word)++;
	call(SYS_futex, (long)word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void await(volatile uint32_t *word, uint32_t old)
{
	while (*word == old)
		call(SYS_futex, (long)word, FUTEX_WAIT, old, 0, 0, 0);
}

static void serve_mail(void)
{
	uint32_t seen = 0;

	for (;;) {
		await(&mailbox->request, seen);
		seen++;
		mailbox->answer = call(SYS_getppid, 0, 0, 0, 0, 0, 0);
		post(&mailbox->reply);
	}
}

static int begin_proxy(void)
{
	pid_t child;

	mailbox = mmap(NULL, sizeof(*mailbox), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mailbox == MAP_FAILED)
		return fail("mmap");
	child = fork();
	if (child < 0)
		return fail("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!machine_pin(0, CORE_SERVER, CORE_SERVER))
			serve_mail();
		_exit(1);
	}
	return 0;
}

static long run_proxy(void)
{
	uint32_t reply = mailbox->reply;

	post(&mailbox->request);
	await(&mailbox->reply, reply);
	return mailbox->answer;
}

static int probe;

static int begin_mos_style(void)
{
	probe = open(PROBE, O_WRONLY);
	return probe < 0 ? fail(PROBE) : 0;
}

static long run_mos_style(void)
{
	static const char core[] = { '0' + CORE_SERVER };

	return call(SYS_write, probe, (long)core, sizeof(core), 0, 0, 0);
}

const struct op peers[] = {
	{ "syscall.getppid.setaffinity_roundtrip", NULL, NULL,
	  run_setaffinity, SAMPLES, 1 << ISOLATED },
	{ "syscall.getppid.futex_proxy", begin_proxy, NULL, run_proxy, SAMPLES,
	  1 << ISOLATED },
	{ "syscall.getppid.mos_style", begin_mos_style, NULL, run_mos_style,
	  SAMPLES, 1 << ISOLATED },
};

const size_t nr_peers = sizeof(peers) / sizeof(peers[0]);
