// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment is memory of a virtual machine: what the machine writes there
 * is its owner's, and what the owner has there is what the machine reads, also
 * after the owner has changed it. Where there is nothing, or nothing any more,
 * the machine stops.
 *
 * The machine has a processor and two slots of memory: its own, and the
 * attachment. All it does is to copy.
 */
#include <linux/kvm.h>
#include <stdbool.h>
#include <sys/time.h>

#include "../kselftest_harness.h"
#include "xemem_pair.h"

#define LEN		(2 * XEM_LARGE)
#define GENERATIONS	300
/* Where its own memory is in the machine, and what of it. */
#define OWN_SIZE	(2 * LEN)
#define CODE		0x1000UL
#define BUFFER		LEN
/* Where the attachment is. */
#define SHARED		0x40000000UL
#define PORT		0x10
#define INTERRUPTS_ON	0x0200UL
/* A wait that is one, not a slow machine. */
#define SOME_US		300000
#define KVM_STAT	"/sys/kernel/debug/kvm/"

/* rep movsl; out %al, $PORT */
static const unsigned char code[] = { 0xf3, 0xa5, 0xe6, PORT };

/**
 * struct machine - a virtual machine of one processor
 * @kvm: the device.
 * @vm: the machine.
 * @vcpu: its processor.
 * @flags: of the processor, besides those that are always set.
 * @run: what the processor tells.
 * @run_size: bytes there.
 * @own: its own memory.
 */
struct machine {
	int kvm;
	int vm;
	int vcpu;
	__u64 flags;
	struct kvm_run *run;
	size_t run_size;
	char *own;
};

static struct machine machine;

/* The attachment, in the importer, and the permit it was made by. */
static char *here;
static __s64 apid;

static const enum memory_kind kinds[] = { MEMORY_SMALL, MEMORY_LARGE,
					  MEMORY_MEMFD };

static bool no_kvm(void)
{
	return access("/dev/kvm", R_OK | W_OK);
}

/* 0 or -errno. */
static int set_slot(struct machine *m, int slot, __u64 where, void *memory,
		    size_t size, unsigned int flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = where,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

/* Protected mode; segments begin at 0, and have no end. */
static int set_flat(struct machine *m)
{
	struct kvm_segment seg = {
		.limit = 0xffffffff,
		.selector = 8,
		.type = 11,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
	struct kvm_sregs sregs;

	CHECK(!ioctl(m->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cr0 |= 1;
	sregs.cs = seg;
	seg.selector = 16;
	seg.type = 3;
	sregs.ds = seg;
	sregs.es = seg;
	sregs.ss = seg;
	CHECK(!ioctl(m->vcpu, KVM_SET_SREGS, &sregs));
	return 0;
}

/*
 * @apic: so that KVM lets others wait for pages meanwhile, who fault them in
 * for the machine; it does where interrupts could be had.
 */
static int machine_start(struct machine *m, bool apic)
{
	int size;

	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	CHECK(m->kvm >= 0);
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	CHECK(m->vm >= 0);
	CHECK(!apic || !ioctl(m->vm, KVM_CREATE_IRQCHIP, 0));
	m->flags = apic ? INTERRUPTS_ON : 0;
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	CHECK(m->vcpu >= 0);
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	CHECK(size > 0);
	m->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu,
		      0);
	CHECK(m->run != MAP_FAILED);
	m->run_size = size;
	m->own = memory_new(MEMORY_SMALL, OWN_SIZE);
	CHECK(m->own != MAP_FAILED);
	memcpy(m->own + CODE, code, sizeof(code));
	CHECK_EQ(0, set_slot(m, 0, 0, m->own, OWN_SIZE, 0));
	return set_flat(m);
}

static void machine_end(struct machine *m)
{
	/* It is a reference to the machine, too. */
	munmap(m->run, m->run_size);
	munmap(m->own, OWN_SIZE);
	close(m->vcpu);
	close(m->vm);
	close(m->kvm);
}

/*
 * With the first machine of a kind, and after the last one, KVM has code of the
 * kernel patched. QEMU before 8.1 may stumble over that; see qemu-run. So there
 * is always one.
 */
static __attribute__((constructor)) void keep_machines(void)
{
	static struct machine kept[2];

	if (no_kvm())
		return;
	for (int i = 0; i < 2; i++)
		if (machine_start(&kept[i], i))
			exit(1);
}

/*
 * The machine copies. 0 if it came to the end of it; -errno of KVM_RUN; or the
 * other reason for which it stopped.
 */
static int machine_copy(struct machine *m, __u64 to, __u64 from, size_t len)
{
	struct kvm_regs regs = {
		.rip = CODE,
		.rflags = 2 | m->flags,
		.rsi = from,
		.rdi = to,
		.rcx = len / 4,
	};

	if (ioctl(m->vcpu, KVM_SET_REGS, &regs) || ioctl(m->vcpu, KVM_RUN, 0))
		return -errno;
	if (m->run->exit_reason == KVM_EXIT_IO && m->run->io.port == PORT)
		return 0;
	return m->run->exit_reason;
}

static int machine_writes(struct machine *m, __u64 seed)
{
	xem_fill(m->own + BUFFER, LEN, seed);
	return machine_copy(m, SHARED, BUFFER, LEN);
}

/* The machine reads the pattern @seed. */
static int machine_sees(struct machine *m, __u64 seed)
{
	xem_fill(m->own + BUFFER, LEN, ~0ULL);
	CHECK_EQ(0, machine_copy(m, BUFFER, SHARED, LEN));
	CHECK_EQ(0, xem_wrong(m->own + BUFFER, LEN, seed));
	return 0;
}

/* It reads nothing at all at @offset, as there is nothing. */
static int machine_fails(struct machine *m, size_t offset)
{
	__u64 *buffer = (void *)(m->own + BUFFER);

	*buffer = ~0ULL;
	CHECK_EQ(-EFAULT, machine_copy(m, BUFFER, SHARED + offset, 8));
	CHECK_EQ(~0ULL, *buffer);
	return 0;
}

/* Memory of @kind with the pattern 1, and a machine that has it. */
static int meet(struct actor *owner, enum memory_kind kind, bool apic)
{
	CHECK_EQ(0, pair_meet(owner, kind, LEN, &here, &apid));
	CHECK_EQ(0, machine_start(&machine, apic));
	CHECK_EQ(0, set_slot(&machine, 1, SHARED, here, LEN, 0));
	return 0;
}

static int part(struct actor *owner)
{
	machine_end(&machine);
	CHECK_EQ(0, xem_release(apid));
	CHECK_EQ(0, actor_do(owner, owner_remove, NULL));
	return 0;
}

/* With all kinds of memory, each with a machine of its own. */
static int each_kind(struct actor *owner, int (*test)(struct actor *owner),
		     bool apic)
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		CHECK_EQ(0, meet(owner, kinds[i], apic));
		if (test(owner)) {
			fprintf(stderr, "# with %s\n", memory_names[kinds[i]]);
			wrong++;
		}
		CHECK_EQ(0, part(owner));
	}
	return wrong;
}

#define EACH_KIND(test, apic) do {					\
	if (no_kvm())							\
		SKIP(return, "no /dev/kvm: insmod kvm and kvm-amd");	\
	ASSERT_EQ(0, each_kind(&self->owner, test, apic));		\
} while (0)

static int reads_and_writes(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, machine_writes(&machine, 2));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	/* And what the owner writes where the machine already was. */
	scene->seed = 3;
	CHECK_EQ(0, actor_do(owner, owner_fill, NULL));
	CHECK_EQ(0, machine_sees(&machine, 3));
	return 0;
}

PAIR_TEST(reads_and_writes)
{
	EACH_KIND(reads_and_writes, false);
}

/* Before anybody else has touched it. */
static int writes_first(struct actor *owner)
{
	CHECK_EQ(0, machine_writes(&machine, 2));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	return 0;
}

PAIR_TEST(writes_first)
{
	EACH_KIND(writes_first, false);
}

/* Pages of the machine's tables, all machines. -1: not known. */
static long pages_of(const char *size)
{
	char path[64];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), KVM_STAT "%s", size);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

/* LWK memory may be large where small pages were asked for. */
static int count_large(void *arg)
{
	scene->number = of_mapping(scene->addr, "AnonHugePages") /
			(XEM_LARGE >> 10);
	return 0;
}

static int large_pages_stay_large(struct actor *owner)
{
	long own;

	CHECK_EQ(0, actor_do(owner, count_large, NULL));
	CHECK(scene->kind != MEMORY_LARGE ||
	      scene->number == LEN / XEM_LARGE);
	/* The machine's own may be large, too, on an LWK core. */
	CHECK_EQ(0, machine_copy(&machine, BUFFER, BUFFER, LEN));
	own = pages_of("pages_2m");
	CHECK(own >= 0);
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, machine_writes(&machine, 2));
	CHECK_EQ(scene->number, pages_of("pages_2m") - own);
	return 0;
}

PAIR_TEST(large_pages_stay_large)
{
	EACH_KIND(large_pages_stay_large, false);
}

static int drop(void *arg)
{
	CHECK(!madvise(scene->addr, LEN, MADV_DONTNEED));
	/* A file still has what was there. */
	if (scene->kind == MEMORY_MEMFD)
		CHECK(!madvise(scene->addr, LEN, MADV_REMOVE));
	return 0;
}

static int follows_madvise(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, actor_do(owner, drop, NULL));
	CHECK_EQ(0, machine_sees(&machine, 0));
	CHECK_EQ(0, machine_writes(&machine, 2));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	return 0;
}

PAIR_TEST(follows_madvise)
{
	EACH_KIND(follows_madvise, false);
}

/* Other pages with the pattern @seed, in the same place; some or all. */
static int move_there(void *arg)
{
	char *other = memory_new(scene->kind, LEN);

	CHECK(other != MAP_FAILED);
	xem_fill(other, LEN, scene->seed);
	CHECK(mremap(other, scene->size, scene->size,
		     MREMAP_MAYMOVE | MREMAP_FIXED, scene->addr) ==
	      scene->addr);
	return 0;
}

static int follows_mremap(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	scene->seed = 2;
	scene->size = LEN;
	CHECK_EQ(0, actor_do(owner, move_there, NULL));
	CHECK_EQ(0, machine_sees(&machine, 2));
	/* Now a page of it, which may be a part of a large one. */
	scene->seed = 3;
	scene->size = PAGE;
	CHECK_EQ(0, actor_do(owner, move_there, NULL));
	CHECK_EQ(0, machine_copy(&machine, BUFFER, SHARED, LEN));
	CHECK_EQ(0, xem_wrong(machine.own + BUFFER, PAGE, 3));
	CHECK_EQ(xem_word(2, PAGE),
		 *(__u64 *)(machine.own + BUFFER + PAGE));
	scene->size = LEN;
	return 0;
}

PAIR_TEST(follows_mremap)
{
	EACH_KIND(follows_mremap, false);
}

/* The child has what was there; what the owner has now is its own. */
static int fork_and_fill(void *arg)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (!child) {
		/* The test may fail before it ends this one. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	xem_fill(scene->addr, LEN, scene->seed);
	scene->number = child;
	return 0;
}

static int end_child(void *arg)
{
	kill(scene->number, SIGKILL);
	CHECK_EQ(scene->number, waitpid(scene->number, NULL, 0));
	return 0;
}

static int follows_fork(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, fork_and_fill, NULL));
	CHECK_EQ(0, machine_sees(&machine, 2));
	CHECK_EQ(0, machine_writes(&machine, 3));
	scene->seed = 3;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	CHECK_EQ(0, actor_do(owner, end_child, NULL));
	return 0;
}

PAIR_TEST(follows_fork)
{
	EACH_KIND(follows_fork, false);
}

/* Each generation is another page, which replaces the last one. */
static int generate(void *arg)
{
	__u64 *p;

	for (long i = 1; i <= GENERATIONS; i++) {
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		*p = i;
		CHECK(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     scene->addr) == scene->addr);
		/* From now on no older one is to be seen. */
		__atomic_store_n(&scene->number, i, __ATOMIC_SEQ_CST);
		sleep_ms(1);
	}
	return 0;
}

static int never_sees_old_pages(struct actor *owner)
{
	volatile __u64 *got = (void *)(machine.own + BUFFER);
	long seen = 0, holes = 0, oldest;
	int ret;

	scene->number = 0;
	actor_post(owner, generate, NULL);
	do {
		oldest = __atomic_load_n(&scene->number, __ATOMIC_SEQ_CST);
		*got = 0;
		ret = machine_copy(&machine, BUFFER, SHARED, 8);
		/* The place is empty for a moment. */
		if (ret == -EFAULT) {
			holes++;
			continue;
		}
		CHECK_EQ(0, ret);
		CHECK(!oldest || (*got >= oldest && *got <= GENERATIONS));
		seen++;
	} while (oldest < GENERATIONS && owner->page->turn != 2);
	CHECK_EQ(0, actor_wait(owner));
	printf("# %ld times a page, %ld times none\n", seen, holes);
	CHECK(seen > 0);
	return 0;
}

PAIR_TEST(never_sees_old_pages)
{
	EACH_KIND(never_sees_old_pages, false);
}

static int unmap_half(void *arg)
{
	CHECK(!munmap(scene->addr, XEM_LARGE));
	return 0;
}

static int stops_where_nothing_is(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, actor_do(owner, unmap_half, NULL));
	CHECK_EQ(0, machine_fails(&machine, 0));
	CHECK_EQ(0, machine_fails(&machine, XEM_LARGE - 8));
	/* The rest is there as before. */
	CHECK_EQ(0, machine_copy(&machine, BUFFER, SHARED + XEM_LARGE, 8));
	CHECK_EQ(xem_word(1, XEM_LARGE), *(__u64 *)(machine.own + BUFFER));
	return 0;
}

PAIR_TEST(stops_where_nothing_is)
{
	EACH_KIND(stops_where_nothing_is, false);
}

static int remove_and_remake(void *arg)
{
	CHECK_EQ(0, owner_remove(NULL));
	return owner_make(NULL);
}

static int stops_when_it_is_removed(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	/* Another segment of the same memory is none of the machine's. */
	CHECK_EQ(0, actor_do(owner, remove_and_remake, NULL));
	for (size_t at = 0; at < LEN; at += XEM_LARGE / 2)
		CHECK_EQ(0, machine_fails(&machine, at));
	CHECK_EQ(-EFAULT, machine_copy(&machine, SHARED, BUFFER, 8));
	return 0;
}

PAIR_TEST(stops_when_it_is_removed)
{
	EACH_KIND(stops_when_it_is_removed, false);
}

static int stops_when_it_is_detached(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, xem_detach(here));
	CHECK_EQ(0, machine_fails(&machine, 0));
	CHECK_EQ(0, machine_fails(&machine, XEM_LARGE));
	return 0;
}

PAIR_TEST(stops_when_it_is_detached)
{
	EACH_KIND(stops_when_it_is_detached, false);
}

/* A permit to read is not one for the machine to write. */
static int reads_by_a_permit_to_read(struct actor *owner)
{
	__s64 reader = xem_get(scene->segid, XPMEM_ABI_RDONLY);
	char *p;

	CHECK(reader > 0);
	p = xem_attach_ext(reader, 0, LEN, XEMEM_LAZY | XEMEM_READ);
	CHECK_EQ(0, xem_error(p));
	CHECK_EQ(0, set_slot(&machine, 1, SHARED, p, 0, 0));
	CHECK_EQ(0, set_slot(&machine, 1, SHARED, p, LEN, 0));
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(-EFAULT, machine_copy(&machine, SHARED, BUFFER, 8));
	CHECK_EQ(0, set_slot(&machine, 1, SHARED, p, 0, 0));
	CHECK_EQ(0, set_slot(&machine, 1, SHARED, p, LEN, KVM_MEM_READONLY));
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(KVM_EXIT_MMIO, machine_copy(&machine, SHARED, BUFFER, 8));
	scene->seed = 1;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	CHECK_EQ(0, xem_release(reader));
	return 0;
}

PAIR_TEST(reads_by_a_permit_to_read)
{
	EACH_KIND(reads_by_a_permit_to_read, false);
}

/* Faults that a kernel thread takes for the machine, whose memory it is not. */
static int others_fault_for_it(struct actor *owner)
{
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, actor_do(owner, drop, NULL));
	CHECK_EQ(0, machine_writes(&machine, 2));
	scene->seed = 2;
	CHECK_EQ(0, actor_do(owner, owner_verify, NULL));
	CHECK_EQ(0, actor_do(owner, drop, NULL));
	CHECK_EQ(0, machine_sees(&machine, 0));
	return 0;
}

PAIR_TEST(others_fault_for_it)
{
	EACH_KIND(others_fault_for_it, true);
}

static void ring(int sig)
{
}

/*
 * KVM asks such a thread again and again for a page that will never be there,
 * as it does for any memory. Nothing else is seen meanwhile, and the machine
 * can be stopped.
 */
static int waits_for_what_is_removed(struct actor *owner)
{
	struct sigaction action = { .sa_handler = ring };
	/* Again and again: the first one may come too soon. */
	const struct itimerval some = { { 0, SOME_US }, { 0, SOME_US } };
	const struct itimerval none = {};
	__u64 *buffer = (void *)(machine.own + BUFFER);
	int ret;

	CHECK(!sigaction(SIGALRM, &action, NULL));
	CHECK_EQ(0, machine_sees(&machine, 1));
	CHECK_EQ(0, actor_do(owner, remove_and_remake, NULL));
	*buffer = ~0ULL;
	CHECK(!setitimer(ITIMER_REAL, &some, NULL));
	ret = machine_copy(&machine, BUFFER, SHARED, 8);
	CHECK(!setitimer(ITIMER_REAL, &none, NULL));
	CHECK(ret == -EINTR || ret == -EFAULT);
	CHECK_EQ(~0ULL, *buffer);
	return 0;
}

PAIR_TEST(waits_for_what_is_removed)
{
	EACH_KIND(waits_for_what_is_removed, true);
}

TEST_HARNESS_MAIN
