// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/xemem.h>

#include "fake-device.h"

#define DESCRIPTORS	1024

struct fake fake = { .version = XPMEM_ABI_VERSION, .segments = 3 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t met;
	bool is_device[DESCRIPTORS];
	int open;	/* how many of them */
	int waiting;	/* who has found no state */
	pid_t owner;	/* the process that has state */
} state = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .met = PTHREAD_COND_INITIALIZER,
};

static const struct xemem_segment_info segments[] = {
	{
		.segid = 0x1000004d2, .vaddr = 0x7f0000000000,
		.size = 64 << 20, .uid = 0, .gid = 5, .mode = 0640,
		.permits = 2, .attachments = 3, .bytes = (64 << 20) + 4096,
		.faults = 33, .name = "cg/field",
	}, {
		.segid = 0x2000004d2, .size = ~0ULL, .uid = 4294967294,
		.mode = 0600, .flags = XEMEM_FROZEN | 1U << 9,
	}, {
		.segid = 0x3000004d2, .mode = 0666, .name = "bell",
	},
};

static void lock(void)
{
	pthread_mutex_lock(&state.lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&state.lock);
}

__attribute__((constructor))
static void watch_forks(void)
{
	pthread_atfork(lock, unlock, unlock);
}

__attribute__((constructor))
static void read_environment(void)
{
	static const struct {
		const char *name;
		int *value;
	} numbers[] = {
		{ "FAKE_OPEN", &fake.open },
		{ "FAKE_PLAIN", &fake.plain },
		{ "FAKE_ERROR", &fake.error },
		{ "FAKE_VERSION", &fake.version },
		{ "FAKE_AFTER", &fake.after },
		{ "FAKE_PID", &fake.pid },
		{ "FAKE_SEGMENTS", &fake.segments },
	};
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		text = getenv(numbers[i].name);
		if (text)
			*numbers[i].value = atoi(text);
	}
}

void fake_lose(void)
{
	state.owner = 0;
	state.waiting = 0;
}

uint64_t fake_field(unsigned int offset, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, fake.arg + offset, size);
	return value;
}

static bool is_device(int fd)
{
	return fd >= 0 && fd < DESCRIPTORS && state.is_device[fd];
}

static int open_fake(int flags)
{
	int fd;

	errno = fake.open;
	if (errno)
		return -1;
	fd = memfd_create("xpmem", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0)
		return -1;
	lock();
	state.is_device[fd] = true;
	state.open++;
	state.owner = getpid();
	fake.opens++;
	fake.flags = flags;
	if (state.open > fake.most)
		fake.most = state.open;
	unlock();
	return fd;
}

/* Nobody here makes a file by it, so there is no mode. */
int open(const char *path, int flags, ...)
{
	if (!strcmp(path, "/dev/xpmem"))
		return open_fake(flags);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags);
}

int close(int fd)
{
	lock();
	if (is_device(fd)) {
		state.is_device[fd] = false;
		state.open--;
		fake.closes++;
		if (state.owner == getpid())
			state.owner = 0;
	}
	unlock();
	return (int)syscall(SYS_close, fd);
}

int fstat(int fd, struct stat *st)
{
	int ret = (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);

	if (!ret && is_device(fd) && !fake.plain)
		st->st_mode = S_IFCHR | 0666;
	return ret;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static bool has_state(void)
{
	if (fake.lost > 0) {
		fake.lost--;
		return false;
	}
	if (state.owner == getpid())
		return true;
	state.waiting++;
	pthread_cond_broadcast(&state.met);
	while (state.waiting < fake.meet)
		pthread_cond_wait(&state.met, &state.lock);
	return false;
}

static int look_up(struct xemem_lookup *lookup)
{
	/* An impatient kernel, for the sake of the tests. */
	const struct timespec nap = { .tv_nsec = 1000000 };

	fake.lookups++;
	if (lookup->flags & XEMEM_OWNER) {
		lookup->segid = 0;
		if (fake_field(72, 4) != FAKE_OWNER)
			return fail(lookup->timeout_ms ? ETIMEDOUT : ENOENT);
	}
	if (!strcmp(lookup->name, "late") && fake.lookups == fake.after)
		lookup->segid = FAKE_SEGID;
	if (!strcmp(lookup->name, "here"))
		lookup->segid = FAKE_SEGID;
	if (lookup->segid)
		return 0;
	if (!lookup->timeout_ms)
		return fail(ENOENT);
	unlock();
	nanosleep(&nap, NULL);
	lock();
	return fail(ETIMEDOUT);
}

static int list(struct xemem_segment_info *segment)
{
	int i;

	for (i = 0; i < fake.segments; i++) {
		if (segments[i].segid <= segment->segid)
			continue;
		*segment = segments[i];
		segment->pid = i == 1 ? 0 : fake.pid;
		return 0;
	}
	return fail(ENOENT);
}

static int answer_extension(unsigned int cmd, void *arg)
{
	struct xemem_query *query = arg;
	struct xemem_attach *attach = arg;
	struct xemem_make *make = arg;

	switch (cmd) {
	case XEMEM_IOC_QUERY:
		query->features = XEMEM_HAS_EAGER | XEMEM_HAS_NAMES |
				  XEMEM_HAS_ACL | 1ULL << 40;
		query->domain = 1;
		return 0;
	case XEMEM_IOC_MAKE:
		if (!has_state())
			return fail(XPMEM_ABI_NOPROC);
		make->segid = FAKE_SEGID;
		return 0;
	case XEMEM_IOC_ATTACH:
		attach->vaddr = FAKE_ADDRESS;
		return 0;
	case XEMEM_IOC_LOOKUP:
		return look_up(arg);
	case XEMEM_IOC_LIST:
		return list(arg);
	case XEMEM_IOC_BELL:
	case XEMEM_IOC_RING:
	case XEMEM_IOC_ACL:
		return 0;
	default:
		return fail(ENOTTY);
	}
}

static int answer(unsigned int cmd, void *arg)
{
	struct xpmem_ioc_make *make = arg;
	struct xpmem_ioc_get *get = arg;
	struct xpmem_ioc_attach *attach = arg;

	if (cmd == XPMEM_IOC_VERSION)
		return fake.version < 0 ? fail(-fake.version) : fake.version;
	if (fake.error)
		return fail(fake.error);
	switch (cmd) {
	case XPMEM_IOC_MAKE:
		if (!has_state())
			return fail(XPMEM_ABI_NOPROC);
		make->segid = FAKE_SEGID;
		return 0;
	case XPMEM_IOC_GET:
		if (!has_state())
			return fail(XPMEM_ABI_NOPROC);
		get->apid = FAKE_APID;
		return 0;
	case XPMEM_IOC_ATTACH:
		attach->vaddr = FAKE_ADDRESS;
		return 0;
	case XPMEM_IOC_REMOVE:
	case XPMEM_IOC_RELEASE:
	case XPMEM_IOC_DETACH:
		return 0;
	default:
		return answer_extension(cmd, arg);
	}
}

/* XPMEM's requests do not say how long their arguments are. */
static size_t size_of(unsigned int cmd)
{
	static const size_t sizes[] = { 0, 40, 8, 32, 8, 40, 8 };

	if (_IOC_SIZE(cmd))
		return _IOC_SIZE(cmd);
	return _IOC_NR(cmd) < 7 ? sizes[_IOC_NR(cmd)] : 0;
}

int ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (!is_device(fd))
		return (int)syscall(SYS_ioctl, fd, cmd, arg);
	lock();
	fake.requests++;
	fake.fd = fd;
	fake.cmd = (unsigned int)cmd;
	memset(fake.arg, 0xee, sizeof(fake.arg));
	if (size_of(fake.cmd))
		memcpy(fake.arg, arg, size_of(fake.cmd));
	ret = answer(fake.cmd, arg);
	unlock();
	return ret;
}
