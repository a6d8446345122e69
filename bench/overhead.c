// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction counts of four ordinary Linux paths, measured from user space.
 *
 * Runs as init of the deterministic lab (bench/lab), where the TSC advances by
 * the instructions executed. Writes "name value" lines to the second serial
 * port, closes them with "end STATUS" and powers the machine off. Values are
 * instructions; names with a dot describe the run and are not results.
 *
 * The TSC counts the instructions of all CPUs together, so every figure is a
 * median: the samples that another CPU or a timer tick fell into are outliers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define RESULT_PORT	"/dev/ttyS1"
#define SETTLE_SECONDS	4
#define PAGE_BYTES	4096
#define SAMPLES_MAX	2000
/*
 * Nearly every second fork pays 1.5 % more than the others (page lists, RCU),
 * so the median of single forks would jump between two values. Take several
 * for one sample.
 */
#define FORKS		8

/* Watch each CPU for this long when looking for the quietest. */
#define QUIET_TICKS	20000000
/* One turn of the watching loop is far below this, an interrupt far above. */
#define QUIET_GAP	200

#define LOOP_INSNS	2
#define LOOPS_SHORT	1000
#define LOOPS_LONG	101000
#define CALIBRATION_RUNS 16

struct bench {
	const char *name;
	size_t samples;
	unsigned int operations;	/* of what is counted, in one sample */
	int (*run)(uint64_t *sample, size_t count);
};

/* What turns a difference of two TSC values into instructions. */
struct scale {
	uint64_t insns;			/* executed in @ticks */
	uint64_t ticks;
	uint64_t empty;			/* ticks between two adjacent reads */
};

static uint64_t samples[SAMPLES_MAX];

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The system calls that are measured go past the C library. */
static inline long sys4(long nr, long a, long b, long c, long d)
{
	register long r10 asm("r10") = d;
	long ret;

	asm volatile("syscall" : "=a" (ret)
		     : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline void loop(uint64_t count)
{
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (count) : : "cc");
}

static int fail(const char *what)
{
	perror(what);
	return -1;
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return fail("sched_setaffinity");
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int run_empty(uint64_t *sample, size_t count)
{
	uint64_t start;

	for (size_t i = 0; i < count; i++) {
		start = rdtsc();
		sample[i] = rdtsc() - start;
	}
	return 0;
}

static int run_getppid(uint64_t *sample, size_t count)
{
	uint64_t start;

	for (size_t i = 0; i < count; i++) {
		start = rdtsc();
		sys4(SYS_getppid, 0, 0, 0, 0);
		sample[i] = rdtsc() - start;
	}
	return 0;
}

/* The other end of the pipes: send back what comes until the writer closes. */
static _Noreturn void echo(int from, int to)
{
	char byte;

	while (sys4(SYS_read, from, (long)&byte, 1, 0) == 1)
		sys4(SYS_write, to, (long)&byte, 1, 0);
	_exit(0);
}

static int bounce(int to, int from, uint64_t *sample, size_t count)
{
	uint64_t start;
	char byte = 0;

	for (size_t i = 0; i < count; i++) {
		start = rdtsc();
		sys4(SYS_write, to, (long)&byte, 1, 0);
		if (sys4(SYS_read, from, (long)&byte, 1, 0) != 1) {
			fprintf(stderr, "pipe: no echo\n");
			return -1;
		}
		sample[i] = rdtsc() - start;
	}
	return 0;
}

/* One sample is there and back: two switches, each with a write and a read. */
static int run_pipe(uint64_t *sample, size_t count)
{
	int there[2], back[2], ret;
	pid_t child;

	if (pipe(there) || pipe(back))
		return fail("pipe");
	child = fork();
	if (child < 0)
		return fail("fork");
	if (!child) {
		close(there[1]);
		close(back[0]);
		echo(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	ret = bounce(there[1], back[0], sample, count);
	close(there[1]);
	close(back[0]);
	if (waitpid(child, NULL, 0) != child)
		return fail("waitpid");
	return ret;
}

static int fork_exit_wait(void)
{
	long child = sys4(SYS_fork, 0, 0, 0, 0);

	if (!child)
		sys4(SYS_exit_group, 0, 0, 0, 0);
	if (child < 0 || sys4(SYS_wait4, child, 0, 0, 0) != child) {
		fprintf(stderr, "fork: child %ld not reaped\n", child);
		return -1;
	}
	return 0;
}

static int run_fork(uint64_t *sample, size_t count)
{
	uint64_t start;

	for (size_t i = 0; i < count; i++) {
		start = rdtsc();
		for (int j = 0; j < FORKS; j++)
			if (fork_exit_wait())
				return -1;
		sample[i] = rdtsc() - start;
	}
	return 0;
}

static int run_fault(uint64_t *sample, size_t count)
{
	size_t bytes = count * PAGE_BYTES;
	volatile char *page;
	uint64_t start;
	char *map;

	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return fail("mmap");
	/* EINVAL says that the kernel has no huge pages to keep away. */
	madvise(map, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++) {
		page = map + i * PAGE_BYTES;
		start = rdtsc();
		*page = 1;
		sample[i] = rdtsc() - start;
	}
	munmap(map, bytes);
	return 0;
}

static const struct bench benches[] = {
	{ "getppid", 2000, 1, run_getppid },
	{ "pipe_switch", 2000, 2, run_pipe },
	{ "fork_exit_wait", 200, FORKS, run_fork },
	{ "anon_fault", 2000, 1, run_fault },
};

#define BENCHES	(sizeof(benches) / sizeof(benches[0]))

/* Leave @count sorted samples behind, taken after a warm-up of a tenth. */
static int collect(int (*run)(uint64_t *, size_t), size_t count)
{
	if (run(samples, count / 10) || run(samples, count))
		return -1;
	qsort(samples, count, sizeof(samples[0]), compare);
	return 0;
}

static uint64_t shortest(uint64_t loops)
{
	uint64_t start, ticks, best = UINT64_MAX;

	for (int i = 0; i < CALIBRATION_RUNS; i++) {
		start = rdtsc();
		loop(loops);
		ticks = rdtsc() - start;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

/*
 * Compare the TSC with a known number of instructions. The difference of two
 * loops leaves out what it takes to start and stop the clock.
 */
static int calibrate(struct scale *scale)
{
	if (collect(run_empty, SAMPLES_MAX))
		return -1;
	scale->empty = samples[SAMPLES_MAX / 2];
	scale->ticks = shortest(LOOPS_LONG) - shortest(LOOPS_SHORT);
	scale->insns = (uint64_t)LOOP_INSNS * (LOOPS_LONG - LOOPS_SHORT);
	return scale->ticks ? 0 : -1;
}

static uint64_t to_insns(const struct scale *scale, uint64_t ticks,
			 unsigned int operations)
{
	if (ticks < scale->empty)
		return 0;
	ticks -= scale->empty;
	return ticks * scale->insns / scale->ticks / operations;
}

/* Ticks that a watching loop on @cpu lost to anything else; < 0 on error. */
static int64_t stolen_ticks(int cpu)
{
	uint64_t start, now, last;
	int64_t stolen = 0;

	if (pin(cpu))
		return -1;
	start = rdtsc();
	last = start;
	while (last - start < QUIET_TICKS) {
		now = rdtsc();
		if (now - last > QUIET_GAP)
			stolen += now - last;
		last = now;
	}
	return stolen;
}

/*
 * Pin to the quietest CPU but CPU 0: it keeps the time for the others, and a
 * fork there costs 0.2 % less, half of what the comparison may differ.
 */
static int pin_quietest(int port)
{
	int64_t stolen, least = INT64_MAX;
	cpu_set_t online;
	int best = -1;

	if (sched_getaffinity(0, sizeof(online), &online))
		return fail("sched_getaffinity");
	for (int cpu = 1; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &online))
			continue;
		stolen = stolen_ticks(cpu);
		if (stolen < 0)
			return -1;
		dprintf(port, "stolen.%d %lld\n", cpu, (long long)stolen);
		if (stolen < least) {
			least = stolen;
			best = cpu;
		}
	}
	if (best < 0) {
		fprintf(stderr, "overhead: needs two CPUs or more\n");
		return -1;
	}
	dprintf(port, "quietest.cpu %d\n", best);
	return pin(best);
}

static int measure(const struct bench *bench, const struct scale *scale,
		   int port)
{
	size_t n = bench->samples;
	unsigned long long low, median, high;

	if (collect(bench->run, n))
		return -1;
	low = to_insns(scale, samples[n / 10], bench->operations);
	median = to_insns(scale, samples[n / 2], bench->operations);
	high = to_insns(scale, samples[n - 1 - n / 10], bench->operations);
	dprintf(port, "%s %llu\n%s.p10 %llu\n%s.p90 %llu\n", bench->name,
		median, bench->name, low, bench->name, high);
	return 0;
}

/* Measure in a child: an ordinary process, and each bench starts afresh. */
static int measure_in_child(const struct bench *bench,
			    const struct scale *scale, int port)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return fail("fork");
	if (!child)
		_exit(measure(bench, scale, port) ? 1 : 0);
	if (waitpid(child, &status, 0) != child)
		return fail("waitpid");
	if (status) {
		fprintf(stderr, "%s: wait status %#x\n", bench->name, status);
		return -1;
	}
	return 0;
}

static int measure_all(int port)
{
	struct timespec settle = { .tv_sec = SETTLE_SECONDS };
	struct scale scale;

	/* clocksource switch, RCU and late kernel threads come to rest */
	nanosleep(&settle, NULL);
	if (pin_quietest(port) || calibrate(&scale))
		return -1;
	dprintf(port, "calibration.insns %llu\ncalibration.ticks %llu\n",
		(unsigned long long)scale.insns,
		(unsigned long long)scale.ticks);
	for (size_t i = 0; i < BENCHES; i++)
		if (measure_in_child(&benches[i], &scale, port))
			return -1;
	return 0;
}

static int open_port(void)
{
	struct termios termios;
	int port;

	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL))
		return fail("mount /dev");
	port = open(RESULT_PORT, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (port < 0)
		return fail(RESULT_PORT);
	if (tcgetattr(port, &termios))
		return fail("tcgetattr");
	cfmakeraw(&termios);
	if (tcsetattr(port, TCSANOW, &termios))
		return fail("tcsetattr");
	return port;
}

int main(void)
{
	int port, status;

	if (getpid() != 1) {
		fprintf(stderr, "overhead: runs as init of bench/lab only\n");
		return 2;
	}
	port = open_port();
	if (port >= 0) {
		status = measure_all(port) ? 1 : 0;
		dprintf(port, "end.tsc %llu\nend %d\n",
			(unsigned long long)rdtsc(), status);
		tcdrain(port);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
