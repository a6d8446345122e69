// SPDX-License-Identifier: GPL-2.0
/*
 * An importer in the storm: gets permits of whatever is offered, attaches,
 * reads and writes, and lets go in every way there is.
 */
#include "storm.h"

#define IMPORTER_TURNS	2000
#define ATTACHMENTS	16
#define TOUCHES		64

/**
 * struct attachment - one, and whose memory it should show
 * @here: NULL: none.
 * @size: bytes.
 * @apid: permit.
 * @serial: of the owner.
 * @there: address in the owner.
 * @writable: it may be written.
 * @holes: some of it was unmapped here, and cannot be touched.
 */
struct attachment {
	char *here;
	size_t size;
	__s64 apid;
	__u64 serial;
	__u64 there;
	bool writable;
	bool holes;
};

static struct attachment attached[ATTACHMENTS];
static __u64 me;
/* A file in memory, to and from which attachments are written and read. */
static int scratch;

/* A segment that is offered, as a whole; false if there is none. */
static bool choose(struct storm_segment *found)
{
	struct storm_segment *s =
		&storm->segments[storm_rand(STORM_OWNERS)]
				[storm_rand(STORM_SEGMENTS)];

	found->segid = __atomic_load_n(&s->segid, __ATOMIC_SEQ_CST);
	if (!found->segid)
		return false;
	found->serial = __atomic_load_n(&s->serial, __ATOMIC_SEQ_CST);
	found->addr = __atomic_load_n(&s->addr, __ATOMIC_SEQ_CST);
	found->size = __atomic_load_n(&s->size, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&s->segid, __ATOMIC_SEQ_CST) == found->segid;
}

/* At a place of our own, or of the kernel's. */
static char *attach_at(__s64 apid, __u64 offset, size_t size)
{
	char *place = memory_reserve(size), *p;

	if (place == MAP_FAILED)
		return NULL;
	p = xem_attach_at(apid, offset, size, place);
	if (xem_error(p))
		munmap(place, size);
	return p;
}

static char *attach_somehow(struct attachment *a, __u64 offset)
{
	switch (storm_rand(8)) {
	case 0: case 1:
		return xem_attach_ext(a->apid, offset, a->size, XEMEM_EAGER);
	case 2: case 3:
		return xem_attach_ext(a->apid, offset, a->size, XEMEM_LAZY);
	case 4:
		a->writable = false;
		return xem_attach_ext(a->apid, offset, a->size, XEMEM_READ);
	case 5:
		return attach_at(a->apid, offset, a->size);
	default:
		return xem_attach(a->apid, offset, a->size);
	}
}

/* A range of it: somewhere in what its owner uses. */
static void attach(struct attachment *a, const struct storm_segment *s)
{
	bool write = storm_rand(4);
	__u64 first = s->addr ? 0 : s->size - STORM_ARENA;
	unsigned long pages = (s->size - first) / PAGE;
	unsigned long at = storm_rand(pages);

	memset(a, 0, sizeof(*a));
	a->apid = xem_get(s->segid, write ? XPMEM_ABI_RDWR : XPMEM_ABI_RDONLY);
	if (a->apid <= 0)
		return;
	storm_count(STORM_GETS, 1);
	a->serial = s->serial;
	a->there = s->addr + first + at * PAGE;
	a->size = (1 + storm_rand(pages - at)) * PAGE;
	a->writable = write;
	a->here = attach_somehow(a, first + at * PAGE);
	if (!a->here || xem_error(a->here)) {
		a->here = NULL;
		xem_release(a->apid);
		return;
	}
	storm_count(STORM_ATTACHES, 1);
}

static void wrong(const struct attachment *a, size_t at, __u64 value)
{
	fprintf(stderr, "# importer %llu finds %#llx at %p (+%#zx of %#zx), not %#llx of owner %llu at %#llx\n",
		me, value, a->here + at, at, a->size,
		storm_word(a->serial, a->there + at), a->serial, a->there + at);
	storm_count(STORM_WRONG, 1);
}

/*
 * A system call touches it, in which we may be killed. 0, or a signal: which of
 * the two it would have been is not said.
 */
static int load_by_call(const char *p, __u64 *value)
{
	storm_count(STORM_CALLS, 1);
	return pwrite(scratch, p, sizeof(*value), 0) == sizeof(*value) &&
	       pread(scratch, value, sizeof(*value), 0) == sizeof(*value) ?
	       0 : SIGBUS;
}

static int store_by_call(char *p, __u64 value)
{
	storm_count(STORM_CALLS, 1);
	return pwrite(scratch, &value, sizeof(value), 0) == sizeof(value) &&
	       pread(scratch, p, sizeof(value), 0) == sizeof(value) ?
	       0 : SIGBUS;
}

/*
 * What is read is the owner's for that address, or zero. What is written is
 * the same, so that it is foreign data if it gets anywhere else.
 */
static void touch_page(struct attachment *a, size_t at)
{
	__u64 good = storm_word(a->serial, a->there + at), value = 0;
	bool by_call = !storm_rand(4);
	int sig = by_call ? load_by_call(a->here + at, &value) :
			    xem_load(a->here + at, &value);

	storm_count(STORM_TOUCHES, 1);
	if (!sig && value && value != good)
		wrong(a, at, value);
	if (!sig && a->writable && !storm_rand(4))
		sig = by_call ? store_by_call(a->here + at, good) :
				xem_store(a->here + at, good);
	if (sig == SIGBUS)
		storm_count(STORM_SIGBUS, 1);
	if (sig != SIGSEGV || a->holes)
		return;
	fprintf(stderr, "# importer %llu: SIGSEGV at %p, which is attached\n",
		me, a->here + at);
	storm_count(STORM_WRONG, 1);
}

static void touch(struct attachment *a)
{
	unsigned long pages = a->size / PAGE;

	for (int i = 0; i < TOUCHES; i++)
		touch_page(a, storm_rand(pages) * PAGE);
}

/* It is gone, but for what keeps the place of its holes. */
static void forget(struct attachment *a)
{
	if (a->holes)
		munmap(a->here, a->size);
	a->here = NULL;
}

static void detach(struct attachment *a)
{
	if (storm_rand(4))
		xem_detach(a->here + storm_rand(a->size));
	else
		munmap(a->here, a->size);
	forget(a);
	storm_count(STORM_DETACHES, 1);
	if (storm_rand(2)) {
		xem_release(a->apid);
		storm_count(STORM_RELEASES, 1);
	}
}

static void release(struct attachment *a)
{
	xem_release(a->apid);
	storm_count(STORM_RELEASES, 1);
	/* Pieces that are left would be ours to find; there are none. */
	if (xem_peek(a->here) != SIGSEGV) {
		fprintf(stderr, "# importer %llu: %p is there, given back\n",
			me, a->here);
		storm_count(STORM_WRONG, 1);
	}
	forget(a);
}

/*
 * Part of it goes: head, middle or tail. The place is kept, or another
 * attachment could get there.
 */
static void unmap_part(struct attachment *a)
{
	unsigned long pages = a->size / PAGE;
	unsigned long at = storm_rand(pages);
	size_t size = (1 + storm_rand(pages - at)) * PAGE;

	munmap(a->here + at * PAGE, size);
	mmap(a->here + at * PAGE, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	     MAP_FIXED | MAP_NORESERVE, -1, 0);
	a->holes = true;
}

static void close_and_open(void)
{
	close(xem_fd);
	storm_count(STORM_CLOSES, 1);
	for (int i = 0; i < ATTACHMENTS; i++)
		attached[i].here = NULL;
	xem_open();
}

/* A child has none of the attachments, and takes none along. */
static void fork_child(void)
{
	pid_t pid = fork();

	if (pid) {
		storm_count(STORM_FORKS, pid > 0);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < ATTACHMENTS; i++) {
		if (!attached[i].here || xem_peek(attached[i].here) == SIGSEGV)
			continue;
		fprintf(stderr, "# a child of importer %llu has %p\n", me,
			attached[i].here);
		storm_count(STORM_WRONG, 1);
	}
	if (storm_rand(2))
		close(xem_fd);
	_exit(0);
}

static void turn(void)
{
	struct attachment *a = &attached[storm_rand(ATTACHMENTS)];
	struct storm_segment s;

	if (!a->here) {
		if (choose(&s))
			attach(a, &s);
		else
			sched_yield();
		return;
	}
	switch (storm_rand(16)) {
	case 0: case 1: detach(a); break;
	case 2: release(a); break;
	case 3: unmap_part(a); break;
	default: touch(a); break;
	}
}

void storm_importer(int slot, __u64 serial)
{
	me = serial;
	xem_catch();
	scratch = memfd_create("scratch", MFD_CLOEXEC);
	if (scratch < 0 || xem_open()) {
		perror("# importer");
		_exit(1);
	}
	for (int i = 0; i < IMPORTER_TURNS && !storm->stop; i++) {
		turn();
		if (!storm_rand(300))
			fork_child();
		if (!storm_rand(300))
			close_and_open();
		if (!storm_rand(1000))
			storm_exec(slot);
	}
	_exit(0);
}
