// SPDX-License-Identifier: GPL-2.0
/*
 * An owner in the storm: makes and removes segments of its memory, and does
 * with this memory what programs do, without a thought of who has it attached.
 */
#include "storm.h"

#define OWNER_TURNS	400
/* One word of a page says whose it is. */
#define WORD(addr)	(*(volatile __u64 *)(addr))

/*
 * Nothing is mapped anywhere else once the two are there: it could get into a
 * hole of the arena, with a pattern that is not for there.
 */
static char *arena;
static char *annex;
static __u64 me;

static char *part(unsigned long nr)
{
	return arena + nr * STORM_PART;
}

/* The pattern of this process, for where it is to be in the end. */
static void write_for(char *p, char *final, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		WORD(p + i) = storm_word(me, (uintptr_t)final + i);
}

static void map_part(char *p)
{
	static const enum memory_kind kinds[] = { MEMORY_SMALL, MEMORY_LARGE,
						  MEMORY_LARGE, MEMORY_MEMFD };

	if (memory_at(p, kinds[storm_rand(4)], STORM_PART) == MAP_FAILED)
		return;
	if (storm_rand(8))
		write_for(p, p, STORM_PART);
}

static bool known_part(const char *p)
{
	const __u64 value = WORD(p);

	return !value || value == storm_word(me, (uintptr_t)p);
}

/* What is one's own is nobody else's: who wrote there had no right to. */
static void verify_part(char *p)
{
	int sig = sigsetjmp(xem_jump, 0);

	if (!sig) {
		xem_guarded = 1;
		for (size_t i = 0; i < STORM_PART; i += PAGE) {
			if (known_part(p + i))
				continue;
			fprintf(stderr, "# owner %llu finds %#llx at %p, not %#llx\n",
				me, WORD(p + i), p + i,
				storm_word(me, (uintptr_t)p + i));
			storm_count(STORM_WRONG, 1);
			break;
		}
	}
	xem_guarded = 0;
}

static void clear_annex(void)
{
	mmap(annex, STORM_PART, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	     MAP_FIXED | MAP_NORESERVE, -1, 0);
}

/* Moved out of the segment; a hole stays. */
static void move_away(char *p)
{
	mremap(p, STORM_PART, STORM_PART, MREMAP_MAYMOVE | MREMAP_FIXED, annex);
	clear_annex();
}

/* Moved into it, with the pattern that belongs there. */
static void move_here(char *p)
{
	if (memory_at(annex, storm_rand(2) ? MEMORY_SMALL : MEMORY_LARGE,
		      STORM_PART) != MAP_FAILED) {
		write_for(annex, p, STORM_PART);
		mremap(annex, STORM_PART, STORM_PART,
		       MREMAP_MAYMOVE | MREMAP_FIXED, p);
	}
	clear_annex();
}

/* A child that writes what must be seen nowhere. */
static void fork_child(void)
{
	pid_t pid = fork();

	if (pid) {
		storm_count(STORM_FORKS, pid > 0);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	me = storm_serial();
	for (int i = 0; i < STORM_PARTS; i++) {
		char *p = part(i);

		/* Shared memory is the parent's, too. */
		if (mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p)
			write_for(p, p, PAGE);
	}
	usleep(storm_rand(20000));
	_exit(0);
}

/*
 * As fork_child(), but the pages are shared until one of the two writes: what
 * was mapped before is all private.
 */
static void fork_and_rewrite(char *p)
{
	pid_t pid;

	if (memory_at(p, MEMORY_SMALL, STORM_PART) == MAP_FAILED)
		return;
	write_for(p, p, STORM_PART);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		me = storm_serial();
		write_for(p, p, STORM_PART);
		_exit(0);
	}
	storm_count(STORM_FORKS, pid > 0);
	write_for(p, p, STORM_PART);
}

static void forget(struct storm_segment *s)
{
	__s64 segid = s->segid;

	if (!segid)
		return;
	__atomic_store_n(&s->segid, 0, __ATOMIC_SEQ_CST);
	xem_remove(segid);
	storm_count(STORM_REMOVES, 1);
}

/* Whole parts, a page, or all of the address space. */
static void make(struct storm_segment *s)
{
	unsigned long first = storm_rand(STORM_ARENA / PAGE);
	unsigned long pages = 1 + storm_rand(STORM_ARENA / PAGE - first);
	bool all = !storm_rand(4);
	__s64 segid;

	forget(s);
	s->serial = me;
	s->addr = all ? 0 : (uintptr_t)arena + first * PAGE;
	s->size = all ? (uintptr_t)arena + STORM_ARENA : pages * PAGE;
	segid = all ? xem_make(NULL, -1UL, 0666) :
		      xem_make((char *)s->addr, s->size, 0666);
	if (segid <= 0)
		return;
	storm_count(STORM_MAKES, 1);
	__atomic_store_n(&s->segid, segid, __ATOMIC_SEQ_CST);
}

static void forget_all(int slot)
{
	for (int i = 0; i < STORM_SEGMENTS; i++)
		__atomic_store_n(&storm->segments[slot][i].segid, 0,
				 __ATOMIC_SEQ_CST);
}

/* Closing any descriptor takes all segments along. */
static void close_and_open(int slot)
{
	int second = open(XEM_DEV, O_RDWR | O_CLOEXEC);

	forget_all(slot);
	close(xem_fd);
	storm_count(STORM_CLOSES, 1);
	if (second >= 0)
		close(second);
	xem_open();
}

static void split(char *p)
{
	unsigned long at = storm_rand(STORM_PART / PAGE) * PAGE;

	if (storm_rand(2))
		munmap(p + at, PAGE);
	else
		madvise(p, STORM_PART, MADV_HUGEPAGE);
}

static void protect(char *p)
{
	mprotect(p, STORM_PART, PROT_READ);
	sched_yield();
	mprotect(p, STORM_PART, PROT_READ | PROT_WRITE);
}

static void turn(int slot)
{
	struct storm_segment *s =
		&storm->segments[slot][storm_rand(STORM_SEGMENTS)];
	char *p = part(storm_rand(STORM_PARTS));

	switch (storm_rand(16)) {
	case 0: munmap(p, STORM_PART); break;
	case 1: madvise(p, STORM_PART, MADV_DONTNEED); break;
	case 2: madvise(p, storm_rand(STORM_PART) & -PAGE, MADV_DONTNEED); break;
	case 3: move_away(p); break;
	case 4: move_here(p); break;
	case 5: fork_child(); break;
	case 6: fork_and_rewrite(p); break;
	case 7: split(p); break;
	case 8: protect(p); break;
	case 9: forget(s); break;
	case 10: case 11: verify_part(p); break;
	case 12: map_part(p); break;
	default: make(s); break;
	}
}

void storm_owner(int slot, __u64 serial)
{
	me = serial;
	xem_catch();
	forget_all(slot);
	arena = memory_reserve(STORM_ARENA);
	annex = memory_reserve(STORM_PART);
	if (arena == MAP_FAILED || annex == MAP_FAILED || xem_open()) {
		perror("# owner");
		_exit(1);
	}
	for (int i = 0; i < STORM_PARTS; i++)
		map_part(part(i));
	for (int i = 0; i < OWNER_TURNS && !storm->stop; i++) {
		turn(slot);
		if (!storm_rand(50))
			close_and_open(slot);
		if (!storm_rand(100))
			storm_exec(slot);
	}
	_exit(0);
}
