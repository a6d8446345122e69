// SPDX-License-Identifier: GPL-2.0
/*
 * Owners and importers that make, remove, get, attach, touch, detach, release,
 * close, unmap, move, fork and exec at random, and are killed at any moment.
 * Nobody may ever read what is not its owner's for that address. Ends on the
 * invariant: nothing hangs, all pages are unpinned, the memory is back.
 *
 * usage: storm [-l CORES] [-s TIMES] SECONDS [SEED]
 *
 * -l CORES: they live on so many LWK cores.
 * -s TIMES: the kernel is so many times slower: they live longer, and are not
 *	said to hang so soon.
 */
#include "storm.h"

#include <dirent.h>
#include <glob.h>
#include <sched.h>

#define STEP_MS		8
/* One of so many steps kills: a process lives for half a second or so. */
#define KILL_ODDS	8
#define LOOK_EVERY_MS	250
/* In state D, without any progress. */
#define STUCK_MS	5000
#define END_MS		60000
#define WATCHED		256
#define SLACK_KB	(48UL << 10)

struct storm *storm;
int storm_fd;
__u64 storm_random;

static pid_t pids[STORM_SLOTS];
static __u64 seed;
static int slow = 1;
static int bad;

/**
 * struct watched - a process that was seen in state D
 * @pid: 0: none.
 * @progress: what it has done so far: ticks and faults.
 * @since: when it was seen first without progress, in ms.
 * @said: has been complained about.
 */
static struct watched {
	pid_t pid;
	unsigned long progress;
	long since;
	bool said;
} watched[WATCHED];

static void fail(const char *what)
{
	printf("# %s\n", what);
	bad = 1;
}

static unsigned long value_kb(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long value = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = strtoul(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static void write_file(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, what, strlen(what)) < 0)
		printf("# %s: %s\n", path, strerror(errno));
	close(fd);
}

/*
 * Free memory in kB, without what is kept just in case: caches, and of what
 * was freed in them empty slabs, and KASAN's quarantine.
 */
static unsigned long free_kb(void)
{
	glob_t slabs;

	/* 4: from now on without a word in the log. */
	write_file("/proc/sys/vm/drop_caches", "4");
	write_file("/proc/sys/vm/drop_caches", "3");
	if (!glob("/sys/kernel/slab/*/shrink", 0, NULL, &slabs)) {
		for (size_t i = 0; i < slabs.gl_pathc; i++)
			write_file(slabs.gl_pathv[i], "1");
		globfree(&slabs);
	}
	return value_kb("MemFree") + value_kb("LwkFree");
}

void storm_live(int slot)
{
	__u64 serial = storm_serial();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	storm_random = seed ^ serial * 0x9e3779b97f4a7c15ULL;
	if (slot < STORM_OWNERS)
		storm_owner(slot, serial);
	storm_importer(slot, serial);
}

void storm_exec(int slot)
{
	char nr[16], fd[16], random[32];

	snprintf(nr, sizeof(nr), "%d", slot);
	snprintf(fd, sizeof(fd), "%d", storm_fd);
	snprintf(random, sizeof(random), "%llu", seed);
	storm_count(STORM_EXECS, 1);
	execl("/proc/self/exe", "storm", "--slot", nr, fd, random, NULL);
	_exit(1);
}

static void start(int slot)
{
	pid_t pid;

	fflush(NULL);
	if (storm_nursery_there())
		pid = storm_nursery_fork(slot);
	else
		pid = fork();
	if (!pid)
		storm_live(slot);
	if (pid < 0) {
		fail("a process cannot be made");
		return;
	}
	pids[slot] = pid;
	storm_count(STORM_PROCESSES, 1);
}

/* Takes those that have ended, grandchildren too. False: nobody is left. */
static bool reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < STORM_SLOTS; i++)
			if (pids[i] == pid)
				pids[i] = 0;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
			printf("# process %d ended by signal %d\n", pid,
			       WTERMSIG(status));
			bad = 1;
		}
	}
	return !pid || errno != ECHILD;
}

/* Of /proc/PID/stat of a process of ours; false for others. */
static bool read_stat(const char *pid, char *state, unsigned long *progress)
{
	unsigned long minor, major, user, sys;
	char path[64], text[512] = "", *rest;
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	rest = fgets(text, sizeof(text), f) ? strrchr(text, ')') : NULL;
	fclose(f);
	good = rest && strstr(text, "(storm)") &&
	       sscanf(rest, ") %c %*d %*d %*d %*d %*d %*u %lu %*u %lu %*u %lu %lu",
		      state, &minor, &major, &user, &sys) == 5;
	if (good)
		*progress = minor + major + user + sys;
	return good;
}

static void complain(pid_t pid)
{
	char line[256], path[64];
	FILE *f;

	printf("# process %d has been in state D for %d ms:\n", pid,
	       STUCK_MS * slow);
	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		printf("#   %s", line);
	if (f)
		fclose(f);
	bad = 1;
}

static void note_stuck(pid_t pid, unsigned long progress)
{
	struct watched *w = &watched[pid % WATCHED];

	if (w->pid != pid || w->progress != progress) {
		*w = (struct watched){ pid, progress, now_ms(), false };
	} else if (now_ms() - w->since > STUCK_MS * slow && !w->said) {
		complain(pid);
		w->said = true;
	}
}

/* Whoever is in state D now, and was when we looked last. */
static void look(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned long progress;
	char state;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !read_stat(entry->d_name, &state, &progress))
			continue;
		if (state == 'D')
			note_stuck(pid, progress);
		else if (watched[pid % WATCHED].pid == pid)
			watched[pid % WATCHED].pid = 0;
	}
	if (dir)
		closedir(dir);
}

/* Or those that are to die would leave no time for it on a slow kernel. */
static void go_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		perror("# SCHED_FIFO");
}

static void rage(long seconds)
{
	long end = now_ms() + seconds * 1000, looked = 0;

	while (now_ms() < end) {
		int slot = storm_rand(STORM_SLOTS);

		reap();
		for (int i = 0; i < STORM_SLOTS; i++)
			if (!pids[i])
				start(i);
		if (!storm_rand(KILL_ODDS * (1 + slow / 4)) && pids[slot] > 0) {
			kill(pids[slot], SIGKILL);
			storm_count(STORM_KILLS, 1);
		}
		if (now_ms() - looked > LOOK_EVERY_MS) {
			look();
			looked = now_ms();
		}
		usleep(storm_rand(1000 * STEP_MS));
	}
}

/* Everybody ends, by SIGKILL, or says where he hangs. */
static void calm(void)
{
	long end = now_ms() + END_MS;

	storm->stop = 1;
	storm_nursery_stop();
	for (int i = 0; i < STORM_SLOTS; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	while (reap() && now_ms() < end) {
		look();
		sleep_ms(20);
	}
	if (reap())
		fail("there are processes that do not end");
}

/* No segment of ours in the list. */
static void check_list(void)
{
	struct xemem_segment_info found = {};
	long nr = 0;

	if (xem_open())
		return fail(XEM_DEV " cannot be opened any more");
	while (!xem_ioctl(XEMEM_IOC_LIST, &found))
		nr++;
	close(xem_fd);
	if (!nr)
		return;
	printf("# %ld segments are left\n", nr);
	bad = 1;
}

static void check_memory(unsigned long before)
{
	long end = now_ms() + END_MS / 2;
	unsigned long now;

	while ((now = free_kb()) + SLACK_KB < before && now_ms() < end)
		sleep_ms(200);
	printf("# free: %lu kB before, %lu kB after\n", before, now);
	if (now + SLACK_KB < before)
		fail("memory is lost");
}

static void print_totals(long seconds)
{
	static const char * const names[STORM_TOTALS] = {
		"processes", "killed", "makes", "removes", "gets", "attaches",
		"detaches", "releases", "closes", "forks", "execs", "touches",
		"by call", "SIGBUS", "wrong",
	};

	printf("storm: seed %llu, %ld s", seed, seconds);
	for (int i = 0; i < STORM_TOTALS; i++)
		printf(", %s %lu", names[i], storm->totals[i]);
	putchar('\n');
	/* A storm in which nothing happened shows nothing. */
	for (int i = 0; i < STORM_SIGBUS; i++) {
		if (storm->totals[i])
			continue;
		printf("# %s: none\n", names[i]);
		bad = 1;
	}
	if (storm->totals[STORM_WRONG])
		fail("somebody saw or had what is not his");
}

static struct storm *map_storm(int fd)
{
	struct storm *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int prepare(void)
{
	storm_fd = memfd_create("storm", 0);
	if (storm_fd < 0 || ftruncate(storm_fd, sizeof(*storm)))
		return -1;
	storm = map_storm(storm_fd);
	/* Orphans of those that are killed come to us. */
	return !storm || prctl(PR_SET_CHILD_SUBREAPER, 1) || xem_begin();
}

/* False: not as it should be. */
static bool read_options(int argc, char **argv, int *cores, long *seconds)
{
	int opt;

	while ((opt = getopt(argc, argv, "l:s:")) != -1) {
		if (opt == 'l' && atoi(optarg) > 0)
			*cores = atoi(optarg);
		else if (opt == 's' && atoi(optarg) > 0)
			slow = atoi(optarg);
		else
			return false;
	}
	*seconds = argc > optind ? atol(argv[optind]) : 0;
	seed = argc > optind + 1 ? strtoull(argv[optind + 1], NULL, 10) :
				   (__u64)time(NULL);
	return *seconds > 0 && argc <= optind + 2;
}

/* After exec: argv[2] is the slot, [3] what is shared, [4] the seed. */
static int go_on(char **argv)
{
	storm_fd = atoi(argv[3]);
	storm = map_storm(storm_fd);
	seed = strtoull(argv[4], NULL, 10);
	if (storm)
		storm_live(atoi(argv[2]));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long before;
	int cores = 0, ret;
	long seconds;

	/* After exec the name would be that of the link. */
	prctl(PR_SET_NAME, "storm");
	if (argc == 5 && !strcmp(argv[1], "--slot"))
		return go_on(argv);
	if (!read_options(argc, argv, &cores, &seconds)) {
		fputs("usage: storm [-l CORES] [-s TIMES] SECONDS [SEED]\n",
		      stderr);
		return 2;
	}
	storm_random = seed;
	if (prepare()) {
		perror("storm: " XEM_DEV);
		return 1;
	}
	close(xem_fd);
	before = free_kb();
	printf("# seed %llu\n", seed);
	ret = cores ? storm_nursery_start(cores) : 0;
	if (ret) {
		printf("# %d LWK cores: %s\n", cores, strerror(-ret));
		return 1;
	}
	go_first();
	rage(seconds);
	calm();
	print_totals(seconds);
	if (!xem_all_unpinned(END_MS / 2))
		fail("pages are still pinned");
	check_list();
	check_memory(before);
	return bad;
}
