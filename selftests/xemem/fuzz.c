// SPDX-License-Identifier: GPL-2.0
/*
 * All requests to /dev/xpmem with arguments that are random, or nearly right,
 * by threads of an unprivileged process, while another thread unmaps what the
 * arguments are in. Says how many calls returned what; the kernel's log says
 * whether it was right. Ends on the invariant.
 *
 * usage: fuzz SECONDS [SEED]
 */
#include "xemem_common.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#define THREADS		4
/*
 * A process of the fuzzer, at most; its mappings may be a ruin before. Most
 * die young: each is killed in the middle of something.
 */
#define LIFE_MS		2000
#define YOUTH_MS	200
#define END_MS		30000
#define BUFFERS		16
#define BUFFER		(4 * PAGE)
#define ARENA		(8UL << 20)
/* Few, for what a process has given out is of little use after it. */
#define IDS		8
#define REQUESTS	(9 + 16)
/* Numbers up to 2004 and what is beyond them: 0 is success. */
#define ERRNOS		2008

enum { SEGMENT, PERMIT, KINDS };

/**
 * struct totals - of all processes
 * @calls: by request and errno.
 * @ended: processes by signal; 0: by itself.
 * @ids: the last that were given out, to all processes: segments, permits.
 */
static struct totals {
	unsigned long calls[REQUESTS][ERRNOS];
	unsigned long ended[65];
	__s64 ids[KINDS][IDS];
} *totals;

static const unsigned long sized[] = {
	XEMEM_IOC_QUERY, XEMEM_IOC_MAKE, XEMEM_IOC_ATTACH, XEMEM_IOC_LOOKUP,
	XEMEM_IOC_LIST, XEMEM_IOC_BELL, XEMEM_IOC_RING, XEMEM_IOC_ACL,
	XEMEM_IOC_NOTICE, XEMEM_IOC_RING_ALL,
};

static char *buffers;
static char *arena;
static volatile int fd;
static __thread __u64 random_state;

static __u64 random_word(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state ^ random_state >> 29;
}

static unsigned long below(unsigned long limit)
{
	return (random_word() >> 20) % limit;
}

/* Numbers at which mistakes are made. */
static __u64 odd_number(void)
{
	static const __u64 odd[] = {
		0, 1, -1ULL, 7, PAGE - 1, PAGE, PAGE + 1, INT32_MAX,
		1ULL << 31, UINT32_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63,
		-PAGE, 0x7ffffffff000, 0x7fffffffe000, 1ULL << 47, -4095ULL,
	};

	if (below(4))
		return odd[below(sizeof(odd) / sizeof(*odd))];
	return random_word() >> below(64);
}

/* Of @kind as a rule, else of another, or of none. */
static __s64 some_id(int kind)
{
	if (!below(8))
		return odd_number();
	if (!below(8))
		kind = !kind;
	return totals->ids[kind][below(IDS)];
}

static void keep_id(int kind, __s64 id)
{
	totals->ids[kind][below(IDS)] = id;
}

/* Mostly somewhere in the arena, which is there to be attached and exported. */
static __u64 some_address(void)
{
	switch (below(8)) {
	case 0: return odd_number();
	case 1: return 0;
	case 2: return (uintptr_t)buffers + below(BUFFERS * BUFFER);
	default: return (uintptr_t)arena + (below(ARENA) & -PAGE);
	}
}

static __u64 some_size(void)
{
	switch (below(4)) {
	case 0: return odd_number();
	case 1: return ARENA;
	default: return (1 + below(64)) * PAGE;
	}
}

static __u32 some_flags(void)
{
	return below(4) ? below(8) : odd_number();
}

static void some_name(char *name)
{
	if (below(8))
		snprintf(name, XEMEM_NAME_MAX, "fuzz.%lu", below(8));
	else
		for (int i = 0; i < XEMEM_NAME_MAX; i++)
			name[i] = random_word();
}

static int some_fd(void)
{
	return below(4) ? (int)below(16) : (int)odd_number();
}

static __u32 zero_mostly(void)
{
	return below(16) ? 0 : odd_number();
}

static void fill_make(void *p)
{
	struct xpmem_ioc_make req = {
		.vaddr = some_address(),
		.size = below(4) ? some_size() : -1ULL,
		.permit_type = below(8) ? 1 : odd_number(),
		.permit_value = below(8) ? below(01000) : odd_number(),
	};

	if (req.size == -1ULL && below(2))
		req.vaddr = 0;
	memcpy(p, &req, sizeof(req));
}

static void fill_get(void *p)
{
	struct xpmem_ioc_get req = {
		.segid = some_id(SEGMENT),
		.flags = below(2) ? 1 + below(2) : some_flags(),
		.permit_type = below(8) ? 1 : odd_number(),
		.permit_value = below(8) ? 0 : odd_number(),
	};

	memcpy(p, &req, sizeof(req));
}

static void fill_attach(void *p)
{
	struct xpmem_ioc_attach req = {
		.apid = some_id(PERMIT),
		.offset = below(2) ? below(16) * PAGE : some_address(),
		.size = some_size(),
		.vaddr = below(2) ? 0 : some_address(),
		.fd = some_fd(),
		.flags = zero_mostly(),
	};

	memcpy(p, &req, sizeof(req));
}

static void fill_segment(void *p)
{
	__s64 id = some_id(SEGMENT);

	memcpy(p, &id, sizeof(id));
}

static void fill_permit(void *p)
{
	__s64 id = some_id(PERMIT);

	memcpy(p, &id, sizeof(id));
}

static void fill_address(void *p)
{
	__u64 vaddr = some_address();

	memcpy(p, &vaddr, sizeof(vaddr));
}

static void fill_make_ext(void *p)
{
	struct xemem_make req = {
		.vaddr = some_address(),
		.size = some_size(),
		.mode = below(8) ? below(01000) : odd_number(),
		.flags = below(2) ? 0 : some_flags(),
		.bell = below(2) ? -1 : some_fd(),
		.reserved = { zero_mostly() },
	};

	if (below(2))
		some_name(req.name);
	if (req.name[0] && below(2))
		req.flags |= XEMEM_REPLACE;
	memcpy(p, &req, sizeof(req));
}

static void fill_attach_ext(void *p)
{
	struct xemem_attach req = {
		.apid = some_id(PERMIT),
		.offset = below(2) ? below(16) * PAGE : some_address(),
		.size = some_size(),
		.vaddr = below(2) ? 0 : some_address(),
		.flags = some_flags(),
		.reserved = { zero_mostly() },
	};

	memcpy(p, &req, sizeof(req));
}

static void fill_lookup(void *p)
{
	struct xemem_lookup req = {
		.timeout_ms = below(64) ? (__s32)below(20) : (__s32)odd_number(),
		.flags = below(2) ? below(2) : some_flags(),
		.segid = below(2) ? getuid() : odd_number(),
	};

	some_name(req.name);
	memcpy(p, &req, sizeof(req));
}

static void fill_bell(void *p)
{
	struct xemem_bell req = { some_id(SEGMENT), some_fd(), zero_mostly() };

	memcpy(p, &req, sizeof(req));
}

static void fill_notice(void *p)
{
	struct xemem_notice req = { some_id(PERMIT), some_fd(), zero_mostly() };

	memcpy(p, &req, sizeof(req));
}

static void fill_acl(void *p)
{
	struct xemem_acl_entry *entries = (void *)(buffers + BUFFER);
	struct xemem_acl req = {
		.segid = some_id(SEGMENT),
		.entries = below(4) ? (uintptr_t)entries : some_address(),
		.nr = below(4) ? below(4) : odd_number(),
		.reserved = { zero_mostly() },
	};

	for (int i = 0; i < 4; i++)
		entries[i] = (struct xemem_acl_entry){
			below(3), odd_number(), below(4), zero_mostly()
		};
	memcpy(p, &req, sizeof(req));
}

static void fill_random(void *p)
{
	for (int i = 0; i < 16; i++)
		((__u64 *)p)[i] = below(2) ? odd_number() : random_word();
}

/* By request: 0 to 8, then 0x40 and up. */
static void (* const fill[REQUESTS])(void *p) = {
	fill_random, fill_make, fill_segment, fill_get, fill_permit,
	fill_attach, fill_address, fill_random, fill_random,
	fill_random, fill_make_ext, fill_attach_ext, fill_lookup, fill_segment,
	fill_bell, fill_permit, fill_acl, fill_notice, fill_segment,
};

static unsigned long number_of(int request)
{
	unsigned int nr = request - 9;

	if (request < 9)
		return _IO('x', request);
	if (nr < sizeof(sized) / sizeof(*sized) && below(16))
		return sized[nr];
	/* As of another version, or none at all. */
	return _IOC(below(4), 'x', 0x40 + nr, below(256));
}

static void keep_ids(int request, const char *buffer)
{
	__s64 id;

	switch (request) {
	case 1:
		memcpy(&id, buffer + 32, sizeof(id));
		keep_id(SEGMENT, id);
		break;
	case 3:
		memcpy(&id, buffer + 24, sizeof(id));
		keep_id(PERMIT, id);
		break;
	case 10:
		memcpy(&id, buffer + 104, sizeof(id));
		keep_id(SEGMENT, id);
		break;
	}
}

/* A place for the argument: as a rule one that may vanish at any moment. */
static char *some_buffer(void)
{
	unsigned long nr = below(BUFFERS);
	unsigned long at = below(4) ? 0 : below(BUFFER);

	return buffers + nr * BUFFER + at;
}

/* Removals less often than what makes something that can be removed. */
static int some_request(void)
{
	int request;

	do
		request = below(REQUESTS);
	while ((request == 2 || request == 4) && below(4));
	return request;
}

static void one_call(void)
{
	int request = some_request();
	char *buffer = some_buffer();
	long ret;
	int sig = sigsetjmp(xem_jump, 0);

	if (!sig) {
		xem_guarded = 1;
		if (below(8) && fill[request])
			fill[request](buffer);
		else
			fill_random(buffer);
	}
	xem_guarded = 0;
	ret = ioctl(fd, number_of(request), below(32) ? buffer :
					    (char *)odd_number());
	ret = ret < 0 ? errno : 0;
	__atomic_fetch_add(&totals->calls[request][ret < ERRNOS ? ret : ERRNOS - 1], 1,
			   __ATOMIC_RELAXED);
	if (ret || sigsetjmp(xem_jump, 0))
		goto out;
	xem_guarded = 1;
	keep_ids(request, buffer);
out:
	xem_guarded = 0;
}

/* Something in the arena, as others might just be mapping it. */
static void touch(void)
{
	char *p = arena + (below(ARENA) & -8UL);

	if (below(2))
		xem_peek(p);
	else
		xem_store(p, random_word());
}

static void *call(void *seed)
{
	random_state = (uintptr_t)seed;
	for (;;) {
		one_call();
		if (!below(4))
			touch();
	}
	return NULL;
}

static void new_descriptor(void)
{
	int old = fd;

	fd = open(XEM_DEV, O_RDWR | O_CLOEXEC);
	close(old);
}

/* Takes away what the others use, and puts it back. */
static void *disturb(void *seed)
{
	const int prot[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

	random_state = (uintptr_t)seed;
	for (;;) {
		char *p = buffers + below(BUFFERS) * BUFFER;
		char *q = arena + (below(ARENA) & -PAGE);

		switch (below(8)) {
		case 0: munmap(p, BUFFER); break;
		case 1: mprotect(p, BUFFER, prot[below(3)]); break;
		case 2: madvise(q, PAGE * below(16), MADV_DONTNEED); break;
		case 3: munmap(q, PAGE); break;
		case 4: if (!below(64)) new_descriptor(); break;
		case 5: if (!fork()) _exit(0); break;
		default:
			mmap(p, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
		usleep(below(200));
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return NULL;
}

/* Until it is killed, or has ruined itself. */
static void live(__u64 seed)
{
	const size_t used = BUFFERS * BUFFER + ARENA;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What is read or written beyond the end hits nothing of ours. */
	buffers = mmap(NULL, used + 2 * ARENA, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	fd = open(XEM_DEV, O_RDWR | O_CLOEXEC);
	if (buffers == MAP_FAILED || fd < 0 ||
	    mprotect(buffers, used, PROT_READ | PROT_WRITE))
		_exit(1);
	arena = buffers + BUFFERS * BUFFER;
	memset(arena, 1, ARENA / 2);
	for (int i = 0; i < 4; i++)
		eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	xem_catch();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, call,
				   (void *)(uintptr_t)(seed + i)))
			_exit(1);
	disturb((void *)(uintptr_t)(seed + THREADS));
}

/* True if it ended within @ms. */
static bool ended(pid_t pid, long ms, int *status)
{
	long end = now_ms() + ms;

	do {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		sleep_ms(2);
	} while (now_ms() < end);
	return false;
}

/* One process after the other, each for a random time. 0 or 1. */
static int fuzz(long seconds, __u64 seed)
{
	long end = now_ms() + seconds * 1000;
	int status;

	random_state = seed;
	while (now_ms() < end) {
		__u64 own = random_word();
		pid_t pid = fork();

		if (pid < 0) {
			perror("# fork");
			return 1;
		}
		if (!pid)
			live(own);
		if (!ended(pid, 50 + below(below(8) ? YOUTH_MS : LIFE_MS),
			   &status)) {
			kill(pid, SIGKILL);
			if (!ended(pid, END_MS, &status)) {
				printf("# process %d does not die\n", pid);
				return 1;
			}
		}
		totals->ended[WIFSIGNALED(status) ? WTERMSIG(status) : 0]++;
	}
	return 0;
}

static void print_totals(void)
{
	unsigned long all = 0, good = 0;

	for (int i = 0; i < REQUESTS; i++) {
		printf("# %#04x:", i < 9 ? i : 0x40 + i - 9);
		for (int j = 0; j < ERRNOS; j++) {
			unsigned long nr = totals->calls[i][j];

			if (nr)
				printf(" %s %lu", j == XPMEM_ABI_NOPROC ?
				       "NOPROC" : j ? strerrorname_np(j) ?: "?" :
				       "0", nr);
			all += nr;
			good += j ? 0 : nr;
		}
		putchar('\n');
	}
	printf("fuzz: %lu calls, %lu of them succeeded; processes ended by:",
	       all, good);
	for (int i = 0; i < 65; i++)
		if (totals->ended[i])
			printf(" %s %lu", i ? sigabbrev_np(i) ?: "?" : "exit",
			       totals->ended[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 0;
	__u64 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (__u64)time(NULL);
	int bad;

	if (seconds <= 0 || argc > 3) {
		fputs("usage: fuzz SECONDS [SEED]\n", stderr);
		return 2;
	}
	printf("# seed %llu\n", seed);
	fflush(NULL);
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED || xem_begin()) {
		perror("fuzz: " XEM_DEV);
		return 1;
	}
	close(xem_fd);
	if (!geteuid() && xem_become(NOBODY, NOBODY)) {
		perror("fuzz: setresuid");
		return 1;
	}
	bad = fuzz(seconds, seed);
	print_totals();
	if (!totals->calls[1][0] || !totals->calls[3][0] ||
	    !totals->calls[5][0]) {
		puts("# not one segment was made, got and attached");
		bad = 1;
	}
	return bad || !xem_all_unpinned(END_MS);
}
