// SPDX-License-Identifier: GPL-2.0
/*
 * Very many hops: are they counted, is their time accounted, does anything
 * leak; and does everybody get on when one core of Linux serves many?
 *
 * usage: hop_many count NUMBER | fair SECONDS
 */
#include "lwk_common.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CORES		2
#define THREADS		8
#define SERVER		0	/* lwkcpus=0.2-3 */
#define WARM_UP		20000
#define LEAK_KB		2048

static struct {
	volatile int stop;
	volatile unsigned long turns[THREADS];
} *shared;

static unsigned long each;	/* turns of a thread; 0: until it is stopped */

static unsigned long number_in(const char *path, const char *key)
{
	unsigned long value = 0;
	char line[256];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = strtoul(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static unsigned long enclave_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), ENCLAVE_DIR "stats/%s", name);
	return number_in(path, "");
}

static void *hop_on(void *arg)
{
	volatile unsigned long *turns = arg;

	while (each ? *turns < each : !shared->stop) {
		syscall(SYS_getppid);
		++*turns;
	}
	return NULL;
}

/* utime and stime of this process in /proc, in seconds. */
static double proc_seconds(void)
{
	unsigned long user = 0, system = 0;
	char text[1024], *p;
	FILE *f = fopen("/proc/self/stat", "r");

	if (f && fgets(text, sizeof(text), f)) {
		p = strrchr(text, ')');
		if (!p || sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
				 &user, &system) != 2)
			perror("# /proc/self/stat");
	}
	if (f)
		fclose(f);
	return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

static double clock_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool run_threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, hop_on,
				   (void *)&shared->turns[i]))
			return false;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return true;
}

/*
 * No more time than has passed, on the LWK cores and on the server. Whoever
 * waits for a core or is between two has none.
 */
static bool times_right(double elapsed)
{
	double clock = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	double proc = proc_seconds();
	double difference = proc > clock ? proc - clock : clock - proc;

	printf("# elapsed %.2f s, CPU time %.2f s, in /proc %.2f s\n", elapsed,
	       clock, proc);
	return difference < 0.1 + clock / 100 && clock <= elapsed * (CORES + 1) + 0.1 &&
	       clock >= elapsed / 4;
}

/* In a child, which joins. */
static int count_hops(void)
{
	double start = clock_seconds(CLOCK_MONOTONIC);
	struct lwk_call_count count;
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, CORES);
	int dev = lwk_open();

	if (dev < 0 || ioctl(dev, LWK_IOC_JOIN, &req) || lwk_serve(dev, true) ||
	    !run_threads())
		return 1;
	if (!times_right(clock_seconds(CLOCK_MONOTONIC) - start))
		return 2;
	count = lwk_count_of(dev, SYS_getppid);
	printf("# hops %llu, local %llu, mean %llu ns, worst %llu ns\n",
	       count.hops, count.local, count.ns / count.hops, count.worst);
	fflush(stdout);
	return count.hops + count.local == each * THREADS &&
	       count.local <= count.hops / 1000 ? 0 : 3;
}

static int wait_for(pid_t pid)
{
	return pid < 0 ? -1 : wait_status(pid);
}

static int count_in_child(unsigned long number)
{
	pid_t pid;

	memset((void *)shared, 0, sizeof(*shared));
	each = number / THREADS;
	fflush(NULL);
	pid = fork();
	if (!pid)
		exit(count_hops());
	return wait_for(pid);
}

struct memory {
	unsigned long slab_kb;
	unsigned long stack_kb;
	unsigned long percpu_kb;
	unsigned long threads;
};

static struct memory memory_now(void)
{
	/* What waits for a grace period, or for a timer of Linux. */
	sleep_ms(3000);
	return (struct memory) {
		.slab_kb = number_in("/proc/meminfo", "SUnreclaim:"),
		.stack_kb = number_in("/proc/meminfo", "KernelStack:"),
		.percpu_kb = number_in("/proc/meminfo", "Percpu:"),
		.threads = number_in("/proc/vmstat", "nr_kernel_stack "),
	};
}

static bool grew(const char *what, unsigned long before, unsigned long after,
		 unsigned long limit)
{
	printf("# %s: %lu, then %lu\n", what, before, after);
	return after > before + limit;
}

static int count(unsigned long number)
{
	unsigned long hops, local, signals, faults;
	struct memory before, after;
	int bad;

	if (count_in_child(WARM_UP))
		return 1;
	before = memory_now();
	hops = enclave_stat("hops");
	local = enclave_stat("refused");
	signals = enclave_stat("signals");
	faults = enclave_stat("fault_hops");
	bad = count_in_child(number);
	after = memory_now();
	hops = enclave_stat("hops") - hops;
	printf("# the enclave: hops %lu, refused %lu, signals %lu, faults %lu\n",
	       hops, enclave_stat("refused") - local,
	       enclave_stat("signals") - signals,
	       enclave_stat("fault_hops") - faults);
	/* Besides those that were counted it makes some to begin and to end. */
	bad |= hops + enclave_stat("refused") - local < number ||
	       hops > number + 1000;
	bad |= grew("slab kB", before.slab_kb, after.slab_kb, LEAK_KB);
	bad |= grew("stack kB", before.stack_kb, after.stack_kb, LEAK_KB / 8);
	bad |= grew("percpu kB", before.percpu_kb, after.percpu_kb,
		    LEAK_KB / 8);
	return bad;
}

/* A task of Linux that computes on the core that serves. Seconds it got. */
static double compute_beside(double seconds)
{
	double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
	double start = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(SERVER, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return 0;
	while (clock_seconds(CLOCK_MONOTONIC) < end)
		;
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static int hop_until_stopped(void)
{
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, CORES);
	int dev = lwk_open();

	if (dev < 0 || ioctl(dev, LWK_IOC_JOIN, &req) || lwk_serve(dev, true))
		return 1;
	return run_threads() ? 0 : 1;
}

static int fair(double seconds)
{
	unsigned long least = ~0UL, most = 0;
	double got;
	pid_t pid = fork();

	if (!pid)
		_exit(hop_until_stopped());
	while (!shared->turns[THREADS - 1])
		sleep_ms(10);
	memset((void *)shared->turns, 0, sizeof(shared->turns));
	got = compute_beside(seconds);
	for (int i = 0; i < THREADS; i++) {
		unsigned long turns = shared->turns[i];

		printf("# thread %d: %lu hops\n", i, turns);
		least = turns < least ? turns : least;
		most = turns > most ? turns : most;
	}
	shared->stop = 1;
	printf("# the task of Linux: %.2f of %.2f s\n", got, seconds);
	/* One of two that compete for the core at a time, of nine at worst. */
	return wait_for(pid) || least < 10 || least < most / 3 ||
	       got < seconds / (THREADS + 2) || got > seconds * 0.98;
}

int main(int argc, char **argv)
{
	int bad;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc != 3 || atol(argv[2]) < THREADS / 4 || shared == MAP_FAILED) {
		fprintf(stderr, "usage: hop_many count NUMBER | fair SECONDS\n");
		return 2;
	}
	if (!strcmp(argv[1], "count"))
		bad = count(strtoul(argv[2], NULL, 10));
	else
		bad = fair(atof(argv[2]));
	sleep_ms(300);
	return bad || !lwk_all_free();
}
