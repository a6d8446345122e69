// SPDX-License-Identifier: GPL-2.0
/*
 * The init of the test guest: run one command, report its exit code.
 *
 * scripts/qemu-run boots a kernel whose root is the host's, read-only over 9p,
 * with this program as PID 1, and talks to it through virtio-serial ports:
 *
 *   lwk.cmd  in: the job, see read_job()
 *   lwk.out  out: standard output of the command
 *   lwk.err  out: standard error of the command
 *   lwk.ret  out: the exit code in decimal, the very last thing written
 *
 * No code means that the guest crashed.  On the kernel command line, lwk.shell
 * asks for a shell on the serial console instead of the command, lwk.kmemleak
 * for a search for leaked kernel memory after it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE		"/dev/ttyS0"
#define HOSTNAME	"lwk-guest"
#define HOME_DIR	"/tmp/home"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SHELL		"command -v bash >/dev/null && exec bash; exec sh"
#define PORT_DIR	"/sys/class/virtio-ports"
#define PORT_WAIT_MS	10000
#define KILL_WAIT_MS	3000
#define LEAK_WAIT_S	6	/* kmemleak skips young objects (5 s) */

/* What to run; the strings live in the buffer that read_job() filled. */
struct job {
	char *dir, *work, *module;
	bool dir_required;
	uid_t uid;
	gid_t gid;
	char * const *argv;
};

/* One output of the command on its way to a port. */
struct stream {
	int from, port;
};

static const struct mount {
	const char *type, *dir, *data;
} mounts[] = {
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "devtmpfs", "/dev", "mode=0755" },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", "mode=1777" },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/run", "mode=0755" },
	{ "tmpfs", "/var/tmp", "mode=1777" },
	{ "tmpfs", "/mnt", "mode=0755" },
	{ "configfs", "/sys/kernel/config", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "cgroup2", "/sys/fs/cgroup", NULL },
	{ NULL, NULL, NULL },
};

/* The kernel log, once /dev is there; each message is one write to it. */
static int kmsg = STDERR_FILENO;

static void log_errno(const char *what)
{
	dprintf(kmsg, "lwk-init: %s: %s\n", what, strerror(errno));
}

static noreturn void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* No way to cut the power: QEMU runs with -no-reboot. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

/* The host sees no exit code and reports a crash, with this as the reason. */
static noreturn void fail(const char *what)
{
	log_errno(what);
	power_off();
}

static bool write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

/* Read a short file, less its last newline; empty when that fails. */
static char *read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buf, size - 1);

	close(fd);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static bool on_cmdline(const char *word)
{
	char line[4096];

	return strstr(read_text("/proc/cmdline", line, sizeof(line)), word);
}

static void mount_all(void)
{
	const struct mount *m;

	for (m = mounts; m->type; m++) {
		mkdir(m->dir, 0755);	/* for those in /dev */
		/* The kernel or the host may well lack one. */
		if (mount(m->type, m->dir, m->type, MS_NOSUID, m->data) &&
		    errno != ENODEV && errno != ENOENT)
			log_errno(m->dir);
	}
}

/* Make the directories that lead to @dir, and @dir. */
static void make_path(const char *dir)
{
	char path[4096], *p;

	snprintf(path, sizeof(path), "%s/", dir);
	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

/*
 * The repository, from whose build/ this program was started, may lie below a
 * directory that becomes a tmpfs. Keep it in sight.
 */
static int open_top(const char *self, char *top, size_t size)
{
	char *slash;
	int i;

	snprintf(top, size, "%s", self);
	for (i = 0; i < 2; i++) {
		slash = strrchr(top, '/');
		if (!slash || slash == top)
			return -1;
		*slash = '\0';
	}
	return open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void show_top(int fd, const char *top)
{
	char origin[32];

	if (fd < 0 || !access(top, F_OK))
		return;
	make_path(top);
	snprintf(origin, sizeof(origin), "/proc/self/fd/%d", fd);
	if (mount(origin, top, NULL, MS_BIND, NULL))
		log_errno(top);
}

static void setup_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr))
		log_errno("lo");
	close(fd);
}

static void setup_system(const char *self)
{
	char top[4096];
	int fd;

	umask(022);
	fd = open_top(self, top, sizeof(top));
	mount_all();
	show_top(fd, top);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		kmsg = fd;
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		log_errno("links in /dev");
	if (sethostname(HOSTNAME, strlen(HOSTNAME)))
		log_errno("hostname");
	setup_loopback();
	clearenv();
	setenv("PATH", PATH, 1);
	setenv("HOME", HOME_DIR, 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("TERM", "linux", 1);
}

/* There is no udev to make links by name. */
static int find_port(const char *name, int flags)
{
	char path[320], text[64];
	DIR *dir = opendir(PORT_DIR);
	struct dirent *de;
	int fd = -1;

	if (!dir)
		return -1;
	while (fd < 0 && (de = readdir(dir))) {
		snprintf(path, sizeof(path), PORT_DIR "/%s/name", de->d_name);
		if (strcmp(read_text(path, text, sizeof(text)), name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", de->d_name);
		fd = open(path, flags | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

/* The names arrive some time after the device. */
static int open_port(const char *name, int flags)
{
	int ms, fd;

	for (ms = 0; (fd = find_port(name, flags)) < 0; ms += 10) {
		if (ms >= PORT_WAIT_MS)
			fail(name);
		usleep(10000);
	}
	return fd;
}

/* Read NUL-terminated records until the one that is "."; set *@end to that. */
static char *read_records(int fd, char **end)
{
	size_t len = 0, size = 65536, done = 0;
	char *buf = malloc(size), *nul;
	ssize_t n;

	while (buf) {
		n = read(fd, buf + len, size - len);
		if (n < 0)
			fail("lwk.cmd");
		if (!n)	/* the host has not connected yet */
			usleep(10000);
		len += n;
		while ((nul = memchr(buf + done, '\0', len - done))) {
			*end = buf + done;
			if (!strcmp(*end, "."))
				return buf;
			done = nul + 1 - buf;
		}
		if (len == size)
			buf = realloc(buf, size *= 2);
	}
	fail("job");
}

/*
 * The first character of a record says what the rest of it is: "a" an argument,
 * "e" VAR=VALUE, "u" UID:GID, "w" the working directory, "d" the same but only
 * if it exists, "W" the directory of the writable share, "m" a module's file.
 */
static void read_job(struct job *job)
{
	int fd = open_port("lwk.cmd", O_RDONLY);
	char *end, *rec = read_records(fd, &end);
	char **argv;

	close(fd);
	argv = calloc(end - rec + 1, sizeof(*argv));
	if (!argv)
		fail("job");
	job->argv = argv;
	for (; rec < end; rec += strlen(rec) + 1) {
		switch (*rec) {
		case 'a':
			*argv++ = rec + 1;
			break;
		case 'e':
			putenv(rec + 1);
			break;
		case 'u':
			if (sscanf(rec + 1, "%u:%u", &job->uid, &job->gid) != 2)
				fail(rec);
			break;
		case 'w':
		case 'd':
			job->dir = rec + 1;
			job->dir_required = *rec == 'w';
			break;
		case 'W':
			job->work = rec + 1;
			break;
		case 'm':
			job->module = rec + 1;
			break;
		}
	}
}

/*
 * Mount the writable share; a tmpfs may hide its place, so make that.
 *
 * Without a cache: with one, what a program appends may read as zeroes for good
 * if another reads the file at that moment, as one does who waits for a line.
 * Seen on 6.12, with cache=mmap: 14 files of 60.
 */
static void mount_work(const char *dir)
{
	make_path(dir);
	if (mount("lwk.work", dir, "9p", MS_NOSUID | MS_NODEV,
		  "trans=virtio,version=9p2000.L,cache=none,msize=262144"))
		fail(dir);
}

static void load(const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		log_errno(module);
	close(fd);
}

static noreturn void become(const struct job *job, int in, int out, int err)
{
	sigset_t none;

	setsid();
	if (isatty(in))
		ioctl(in, TIOCSCTTY, 0);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (job->uid && (setgroups(1, &job->gid) || setgid(job->gid) ||
			 setuid(job->uid))) {
		perror("lwk-init: setuid");
		_exit(126);
	}
	if (job->dir && chdir(job->dir) && job->dir_required) {
		perror(job->dir);
		_exit(126);
	}
	execvp(job->argv[0], job->argv);
	fprintf(stderr, "lwk-init: %s: %s\n", job->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start(const struct job *job, int in, int out, int err)
{
	pid_t pid;

	if (fchown(in, job->uid, job->gid) || fchown(out, job->uid, job->gid) ||
	    fchown(err, job->uid, job->gid))
		log_errno("owner of the standard files");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid)
		become(job, in, out, err);
	close(in);
	close(out);
	close(err);
	return pid;
}

/*
 * The command writes to pipes, as it would anywhere else: a port takes short
 * writes only and cannot be opened again by way of /dev/stdout.
 */
static pid_t start_command(const struct job *job, struct stream st[2])
{
	int out[2], err[2], in = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		fail("pipe");
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	st[0].from = out[0];
	st[1].from = err[0];
	return start(job, in, out[1], err[1]);
}

static pid_t start_shell(struct job *job, int port)
{
	static char * const argv[] = { "sh", "-c", SHELL, NULL };
	int tty = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC);

	job->argv = argv;
	/* From here on the console loses no input: the host may send it. */
	if (tty < 0 || !write_all(port, "ready\n", 6))
		fail(CONSOLE);
	return start(job, tty, tty, tty);
}

/* Pass on some of what is there; false when there is nothing. */
static bool pump(struct stream *st)
{
	static char buf[65536];
	ssize_t n;

	if (st->from < 0)
		return false;
	n = read(st->from, buf, sizeof(buf));
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n > 0 && write_all(st->port, buf, n))
		return true;
	close(st->from);
	st->from = -1;
	return false;
}

static void on_child(int sig)
{
	(void)sig;	/* only there to end ppoll() */
}

/* The caller has blocked SIGCHLD; adopted orphans are reaped on the way. */
static int wait_command(pid_t pid, struct stream st[2])
{
	struct pollfd pfd[2];
	sigset_t none;
	int status, i;
	pid_t dead;

	sigemptyset(&none);
	for (;;) {
		dead = waitpid(-1, &status, WNOHANG);
		if (dead == pid)
			break;
		for (i = 0; i < 2; i++) {
			pump(&st[i]);
			pfd[i] = (struct pollfd){ st[i].from, POLLIN, 0 };
		}
		if (!dead && ppoll(pfd, 2, NULL, &none) < 0 && errno != EINTR)
			fail("ppoll");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* Whatever the command left behind ends here, so that it is tested too. */
static void kill_rest(void)
{
	pid_t dead;
	int ms = 0;

	kill(-1, SIGKILL);
	while ((dead = waitpid(-1, NULL, WNOHANG)) >= 0 && ms < KILL_WAIT_MS) {
		if (dead)
			continue;
		usleep(10000);
		ms += 10;
	}
	if (dead >= 0)
		dprintf(kmsg, "lwk-init: processes survive SIGKILL\n");
}

static void check_leaks(void)
{
	int fd = open(KMEMLEAK, O_RDWR | O_CLOEXEC);
	char line[512];
	FILE *f;

	if (write(fd, "scan", 4) < 0)	/* a kernel without kmemleak */
		return;
	sleep(LEAK_WAIT_S);
	if (write(fd, "scan", 4) < 0)
		log_errno(KMEMLEAK);
	f = fdopen(fd, "r");
	if (!f || !fgets(line, sizeof(line), f))
		return;
	dprintf(kmsg, "<4>kmemleak: unreferenced objects\n");
	do {
		dprintf(kmsg, "<4>kmemleak: %s", line);
	} while (fgets(line, sizeof(line), f));
}

int main(int argc, char **argv)
{
	struct stream st[2] = { { -1, -1 }, { -1, -1 } };
	struct job job = { 0 };
	int code, ret;
	sigset_t chld;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGCHLD, on_child);
	setup_system(argc ? argv[0] : "");
	st[0].port = open_port("lwk.out", O_WRONLY);
	st[1].port = open_port("lwk.err", O_WRONLY);
	ret = open_port("lwk.ret", O_WRONLY);
	read_job(&job);
	if (job.module)
		load(job.module);
	if (job.work)
		mount_work(job.work);
	if (mkdir(HOME_DIR, 0755) || chown(HOME_DIR, job.uid, job.gid))
		log_errno(HOME_DIR);
	if (on_cmdline("lwk.shell"))
		pid = start_shell(&job, st[0].port);
	else if (job.argv[0])
		pid = start_command(&job, st);
	else
		fail("no command");
	code = wait_command(pid, st);
	kill_rest();
	while (pump(&st[0]) || pump(&st[1]))
		;
	if (on_cmdline("lwk.kmemleak"))
		check_leaks();
	sync();
	if (job.work && umount(job.work))
		log_errno(job.work);
	/* The host runs the port without delay: what is written has arrived. */
	dprintf(ret, "%d\n", code);
	power_off();
}
