// SPDX-License-Identifier: GPL-2.0
/*
 * Members whose threads leave for calls at full rate, and everything that may
 * be done to them from outside meanwhile.
 *
 * usage: hop_storm SECONDS
 *
 * Two members with one core and four threads each make calls of all sorts, all
 * of which hop. Tormentors, a process each, trace, stop, freeze, signal and
 * move them, change their affinity and policy, take a core of Linux down and
 * up; the members themselves fork and become themselves anew; and one is
 * killed now and then. Every part must have done something, every member must
 * have gone on after it, and all cores must be free at the end.
 */
#include "lwk_common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MEMBERS		2
#define THREADS		4
#define CGROUP		"/sys/fs/cgroup/hop_storm"
#define LINUX_CORE	"/sys/devices/system/cpu/cpu1/online"
#define KILL_EVERY_MS	3000
#define DIE_MS		30000

static struct shared {
	volatile int stop;
	volatile pid_t member[MEMBERS];
	volatile unsigned long calls[MEMBERS];
	volatile unsigned long lives[MEMBERS];
	volatile unsigned long torments[16];
} *shared;

static int number;	/* of this member */

/* Without a message: most of these may fail, when the victim is just dying. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void *call_all(void *arg)
{
	int fds[2], fd;
	char byte = 0;
	void *page;

	if (pipe2(fds, O_CLOEXEC))
		return NULL;
	while (!shared->stop) {
		syscall(SYS_getppid);
		if (write(fds[1], &byte, 1) == 1 && read(fds[0], &byte, 1) != 1)
			break;
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page != MAP_FAILED) {
			*(volatile char *)page = 1;
			munmap(page, 4096);
		}
		fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		poll(NULL, 0, 1);
		__atomic_add_fetch(&shared->calls[number], 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static void fork_once(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Lives until it is killed, or becomes itself anew. */
static int member_lives(void)
{
	const struct sigaction action = { .sa_handler = on_signal,
					  .sa_flags = SA_RESTART };
	pthread_t thread[THREADS];
	int i;

	sigaction(SIGUSR1, &action, NULL);
	__atomic_add_fetch(&shared->lives[number], 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, call_all, NULL);
	for (i = 0; i < 40 && !shared->stop; i++) {
		fork_once();
		usleep(10000);
	}
	return 0;
}

/* In a member: the memory that all share is behind descriptor 3. */
static int member_again(char **argv)
{
	char *again[] = { argv[0], "--member", argv[2], NULL };

	number = atoi(argv[2]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      3, 0);
	if (shared == MAP_FAILED)
		return 1;
	member_lives();
	signal(SIGUSR1, SIG_IGN);
	if (!shared->stop)
		execv("/proc/self/exe", again);	/* from the first thread */
	return 0;
}

static pid_t member_new(int nr)
{
	char text[12];
	char *argv[] = { "hop_storm", "--member", text, NULL };
	mask_t mask;
	struct lwk_join req = lwk_request(&mask, 1);
	pid_t pid = fork();
	int dev;

	if (pid)
		return pid;
	snprintf(text, sizeof(text), "%d", nr);
	signal(SIGUSR1, SIG_IGN);	/* until there is a handler */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	req.flags = LWK_JOIN_WAIT;
	req.timeout_ms = LWK_TIMEOUT_NONE;
	dev = lwk_open();
	if (dev < 0 || ioctl(dev, LWK_IOC_JOIN, &req) || lwk_serve(dev, true))
		_exit(1);
	execv("/proc/self/exe", argv);
	_exit(1);
}

static pid_t victim(void)
{
	return shared->member[rand() % MEMBERS];
}

static int trace(void)
{
	pid_t pid = victim();
	int status, i;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -1;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	for (i = 0; i < 5; i++) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return 0;
		if (ptrace(i % 2 ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, pid, 0,
			   0))
			break;
	}
	/* One that dies cannot be left, and is a zombie until it is waited for. */
	while (ptrace(PTRACE_DETACH, pid, 0, 0)) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			break;
	}
	return 0;
}

static int stop(void)
{
	pid_t pid = victim();

	if (kill(pid, SIGSTOP))
		return -1;
	usleep(rand() % 2000);
	return kill(pid, SIGCONT);
}

static int signal_it(void)
{
	return kill(victim(), SIGUSR1);
}

/* Both LWK cores: one is its own, and the other one must be refused. */
static int set_affinity(void)
{
	cpu_set_t set;
	pid_t pid = victim();
	int ret = -1;

	for (int core = 0; core < 4; core++) {
		CPU_ZERO(&set);
		CPU_SET(core, &set);
		if (!sched_setaffinity(pid, sizeof(set), &set))
			ret = 0;
	}
	return ret;
}

static int set_policy(void)
{
	struct sched_param param = { .sched_priority = 1 };
	pid_t pid = victim();

	if (sched_setscheduler(pid, SCHED_RR, &param))
		return -1;
	param.sched_priority = 0;
	return sched_setscheduler(pid, SCHED_OTHER, &param);
}

static int change_group(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", victim());
	return write_file(rand() % 2 ? CGROUP "/a/cgroup.procs" :
			  CGROUP "/b/cgroup.procs", text);
}

static int freeze_group(void)
{
	const char *file = rand() % 2 ? CGROUP "/a/cgroup.freeze" :
			   CGROUP "/b/cgroup.freeze";
	int ret = write_file(file, "1");

	usleep(rand() % 5000);
	return write_file(file, "0") | ret;
}

static int core_down(void)
{
	int ret = write_file(LINUX_CORE, "0");

	usleep(100000);
	ret |= write_file(LINUX_CORE, "1");
	usleep(100000);
	return ret;
}

/*
 * Not "stack": where frames have pointers, Linux reads registers on the stack
 * of a task that may run meanwhile, and KASAN takes that for a fault.
 */
static int read_proc(void)
{
	static const char * const files[] = { "stat", "status", "syscall",
					      "wchan", "maps" };
	char path[64], text[4096];
	int fd, n = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", victim(),
			 files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n |= read(fd, text, sizeof(text)) > 0;
		close(fd);
	}
	return n ? 0 : -1;
}

static const struct {
	const char *name;
	int (*do_it)(void);
	unsigned int rest_us;
} torments[] = {
	{ "trace", trace, 1000 },
	{ "stop", stop, 1000 },
	{ "signal", signal_it, 200 },
	{ "affinity", set_affinity, 500 },
	{ "policy", set_policy, 1000 },
	{ "cgroup", change_group, 2000 },
	{ "freeze", freeze_group, 10000 },
	{ "proc", read_proc, 1000 },
	{ "hotplug", core_down, 300000 },
};

#define TORMENTS (sizeof(torments) / sizeof(torments[0]))

static pid_t torment(size_t nr)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	srand(nr);
	while (!shared->stop) {
		if (!torments[nr].do_it())
			shared->torments[nr]++;
		usleep(torments[nr].rest_us);
	}
	_exit(0);
}

/* What keeps the threads of @pid? */
static void show_threads(pid_t pid)
{
	char text[128];

	fprintf(stderr, "# process %d does not die\n", pid);
	snprintf(text, sizeof(text),
		 "cd /proc/%d/task && grep -H . */status */stack >&2", pid);
	if (system(text))
		fprintf(stderr, "# its threads cannot be shown\n");
}

/* Waits for one that has been killed; a stopped or frozen one dies, too. */
static bool reap(pid_t pid)
{
	long end = now_ms() + DIE_MS;

	while (now_ms() < end) {
		if (waitpid(pid, NULL, WNOHANG))
			return true;
		usleep(1000);
	}
	show_threads(pid);
	return false;
}

/* Those that have ended by themselves or were killed come again. */
static bool look_after_members(long *killed)
{
	for (int i = 0; i < MEMBERS; i++) {
		if (now_ms() > *killed + KILL_EVERY_MS && rand() % 2) {
			*killed = now_ms();
			kill(shared->member[i], SIGKILL);
			if (!reap(shared->member[i]))
				return false;
			shared->member[i] = member_new(i);
		} else if (waitpid(shared->member[i], NULL, WNOHANG) > 0) {
			shared->member[i] = member_new(i);
		}
		if (shared->member[i] < 0)
			return false;
	}
	return true;
}

static bool prepare(void)
{
	int fd = memfd_create("hop_storm", 0);

	if (fd < 0 || ftruncate(fd, sizeof(*shared)) || dup2(fd, 3) != 3)
		return false;
	if (fd != 3)
		close(fd);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      3, 0);
	mkdir(CGROUP, 0755);
	return shared != MAP_FAILED && !mkdir(CGROUP "/a", 0755) &&
	       !mkdir(CGROUP "/b", 0755);
}

static bool all_done(void)
{
	bool done = true;

	for (size_t i = 0; i < TORMENTS; i++) {
		printf("# %s: %lu\n", torments[i].name, shared->torments[i]);
		done &= shared->torments[i] > 0;
	}
	for (int i = 0; i < MEMBERS; i++) {
		printf("# member %d: %lu turns in %lu lives\n", i,
		       shared->calls[i], shared->lives[i]);
		done &= shared->calls[i] > 0 && shared->lives[i] > 1;
	}
	return done;
}

static bool storm(long seconds)
{
	long end = now_ms() + seconds * 1000, killed = now_ms();
	pid_t tormentor[TORMENTS];
	bool fine = true;

	for (int i = 0; i < MEMBERS; i++)
		shared->member[i] = member_new(i);
	for (size_t i = 0; i < TORMENTS; i++)
		tormentor[i] = torment(i);
	while (fine && now_ms() < end) {
		fine = look_after_members(&killed);
		usleep(10000);
	}
	shared->stop = 1;
	for (size_t i = 0; i < TORMENTS; i++)
		fine &= reap(tormentor[i]);
	for (int i = 0; i < MEMBERS; i++) {
		kill(shared->member[i], SIGKILL);
		fine &= reap(shared->member[i]);
	}
	return fine;
}

static bool tidy(void)
{
	write_file(LINUX_CORE, "1");
	return !rmdir(CGROUP "/a") && !rmdir(CGROUP "/b") && !rmdir(CGROUP);
}

int main(int argc, char **argv)
{
	bool fine;

	if (argc == 3 && !strcmp(argv[1], "--member"))
		return member_again(argv);
	if (argc != 2 || atol(argv[1]) <= 0) {
		fprintf(stderr, "usage: hop_storm SECONDS\n");
		return 2;
	}
	if (!prepare()) {
		perror("hop_storm");
		return 1;
	}
	fine = storm(atol(argv[1]));
	fine &= all_done();
	fine &= tidy();
	sleep_ms(500);
	return fine && lwk_all_free() ? 0 : 1;
}
