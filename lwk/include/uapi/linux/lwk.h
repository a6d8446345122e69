/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * User interface of the lightweight kernel: ioctls on /dev/lwk.
 *
 * Everything else (which cores an enclave has, who runs there, counters) is
 * one value per file below /sys/kernel/config/lwk/, see
 * Documentation/ABI/testing/configfs-lwk.
 */
#ifndef _UAPI_LINUX_LWK_H
#define _UAPI_LINUX_LWK_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Longest name of an enclave, with its terminating NUL. */
#define LWK_NAME_MAX		32

/* Name of the enclave that the boot parameter lwkcpus= makes. */
#define LWK_ENCLAVE_BOOT	"boot"

/* Round robin quantum: longest, and "as the enclave has it". */
#define LWK_QUANTUM_MAX_US	10000000U
#define LWK_QUANTUM_DEFAULT	0xffffffffU

/* With LWK_JOIN_WAIT: wait for as long as it takes. */
#define LWK_TIMEOUT_NONE	0xffffffffU

/* What memory is reserved in: bytes of a large page. */
#define LWK_MEMORY_UNIT		(2U << 20)

/**
 * enum lwk_join_flags - how to join
 * @LWK_JOIN_WAIT: when cores are held by others, wait up to @timeout_ms.
 * @LWK_JOIN_NO_INHERIT: processes forked by this one leave the LWK and run
 *	where the caller ran before; its threads stay.
 * @LWK_JOIN_DRY_RUN: check all, report the cores, reserve nothing.
 * @LWK_JOIN_MEMORY_OVER: beyond @memory and what is spare, take memory of
 *	Linux; without it, a process that was promised memory is killed when it
 *	touches more than there is. Without @memory it is always so.
 * @LWK_JOIN_NO_LOCK_TEXT: do not lock the text of programs, see mlock(2); else
 *	it is where RLIMIT_MEMLOCK is unlimited.
 */
enum lwk_join_flags {
	LWK_JOIN_WAIT		= 1 << 0,
	LWK_JOIN_NO_INHERIT	= 1 << 1,
	LWK_JOIN_DRY_RUN	= 1 << 2,
	LWK_JOIN_MEMORY_OVER	= 1 << 3,
	LWK_JOIN_NO_LOCK_TEXT	= 1 << 4,
};

/**
 * enum lwk_region - parts of an address space
 * @LWK_REGION_HEAP: what brk(2) moves the end of.
 * @LWK_REGION_STACK: the stack of the first thread.
 * @LWK_REGION_ANON: other anonymous memory, stacks of threads too.
 * @LWK_REGION_DATA: data of executable files, and what they zero at their end.
 * @LWK_NR_REGIONS: number of them.
 */
enum lwk_region {
	LWK_REGION_HEAP,
	LWK_REGION_STACK,
	LWK_REGION_ANON,
	LWK_REGION_DATA,
	LWK_NR_REGIONS
};

/* &struct lwk_region_policy: pages, when they come, and from where. */
#define LWK_PAGES_LARGE		0	/* 2 MiB where they fit */
#define LWK_PAGES_SMALL		1	/* 4 KiB */
#define LWK_PAGES_GIGANTIC	2	/* 1 GiB, of hugetlbfs; else 2 MiB */
#define LWK_FAULT_EAGER		0	/* by the call */
#define LWK_FAULT_LAZY		1	/* when touched */
#define LWK_NUMA_LOCAL		0	/* the node of the thread's core */
#define LWK_NUMA_INTERLEAVE	1	/* page by page */
#define LWK_NUMA_BIND		2	/* no others */

/**
 * struct lwk_region_policy - memory of a region
 * @pages: LWK_PAGES_LARGE, LWK_PAGES_SMALL, or, for LWK_REGION_ANON alone,
 *	LWK_PAGES_GIGANTIC, which new private mappings of 1 GiB or more get as
 *	far as hugetlbfs has any.
 * @fault: LWK_FAULT_EAGER or LWK_FAULT_LAZY.
 * @numa: LWK_NUMA_LOCAL, LWK_NUMA_INTERLEAVE or LWK_NUMA_BIND. What the
 *	program says by mbind(2) or set_mempolicy(2) is stronger.
 * @reserved: zero.
 * @nodes: a bit for each node, for LWK_NUMA_INTERLEAVE (none: all nodes) and
 *	LWK_NUMA_BIND (at least one); else zero.
 */
struct lwk_region_policy {
	__u8 pages;
	__u8 fault;
	__u8 numa;
	__u8 reserved[5];
	__aligned_u64 nodes;
};

/**
 * struct lwk_join - reserve cores of an enclave and move there
 * @size: in: sizeof(struct lwk_join) as the caller knows it. A larger struct
 *	is taken if what the kernel does not know is zero (else E2BIG).
 * @flags: in: &enum lwk_join_flags.
 * @enclave: in: name of the enclave, NUL-terminated.
 * @nr_cores: in: number of cores wanted; the kernel chooses. Zero with a
 *	@cpumask. out: number of cores reserved.
 * @quantum_us: in: microseconds after which a thread gives way to another
 *	one *on the same core*; 0 = never, LWK_QUANTUM_DEFAULT = as the
 *	enclave's quantum_us says.
 * @timeout_ms: in: with LWK_JOIN_WAIT: milliseconds, or LWK_TIMEOUT_NONE.
 * @cpumask_len: in: bytes at @cpumask, a multiple of 8; at least enough for
 *	the largest core number of the machine.
 * @cpumask: in: address of the cores wanted, in the format of
 *	sched_setaffinity(2); all zero with @nr_cores. out: cores reserved.
 * @holder: out: after EBUSY and ETIMEDOUT, a process that holds a wanted core
 *	(with @nr_cores: any core of the enclave), as the caller's pid
 *	namespace numbers it; 0 if it has no number there.
 * @reserved: zero.
 * @memory: in: bytes of LWK memory that nobody else shall get while the
 *	reservation lasts, a multiple of LWK_MEMORY_UNIT. The processes in it
 *	may use more if there is more.
 * @regions: in: how their memory is to be, by &enum lwk_region. All zero: in
 *	large pages, mapped by the call, from the nearest node.
 *
 * One atomic request: after any error nothing is reserved and the caller is
 * where it was. On success the calling process runs on the reserved cores;
 * the cores are free again when the last thread of the reservation has
 * exited.
 *
 * Errors: EINVAL: too small a struct, an unknown flag, a name without its
 * end, no or two ways of naming cores, a core that is not the enclave's or
 * more cores than it has, an invalid quantum, mask length, amount of memory or
 * policy for a region, a node without memory, a caller with more than one
 * thread, with a deadline policy or with a fixed affinity.
 * ENOENT: no such enclave. EACCES: the caller may not write to the enclave's
 * directory (or what a security module says). EEXIST: the caller runs in an
 * enclave already. ENOSPC: there is less LWK memory, or others were promised
 * it. EBUSY: cores are held by others. ETIMEDOUT: and still were at the end of
 * the wait. EINTR: a signal came while waiting. E2BIG, EFAULT,
 * ENOMEM.
 */
struct lwk_join {
	__u32 size;
	__u32 flags;
	char enclave[LWK_NAME_MAX];
	__u32 nr_cores;
	__u32 quantum_us;
	__u32 timeout_ms;
	__u32 cpumask_len;
	__aligned_u64 cpumask;
	__s32 holder;
	__u32 reserved;
	__aligned_u64 memory;
	struct lwk_region_policy regions[LWK_NR_REGIONS];
};

#define LWK_JOIN_SIZE_VER0	72	/* the first published struct */
#define LWK_JOIN_SIZE_VER1	144	/* with memory */

/**
 * enum lwk_kind - what took a core out of user mode
 * @LWK_KIND_TIMER: the local timer.
 * @LWK_KIND_CALL: a function call from another core.
 * @LWK_KIND_TLB: the same, to flush mappings of the process.
 * @LWK_KIND_RESCHED: another core woke or signalled a task here.
 * @LWK_KIND_IRQ_WORK: deferred work in interrupt context.
 * @LWK_KIND_DEVICE: a device.
 * @LWK_KIND_NMI: a non-maskable interrupt; counted wherever it hit.
 * @LWK_KIND_OTHER: another one (machine check, thermal, spurious).
 * @LWK_NR_IRQ_KINDS: kinds above are interrupts.
 * @LWK_KIND_FAULT: an exception of the program, a page fault for instance.
 * @LWK_NR_KINDS: number of kinds.
 */
enum lwk_kind {
	LWK_KIND_TIMER,
	LWK_KIND_CALL,
	LWK_KIND_TLB,
	LWK_KIND_RESCHED,
	LWK_KIND_IRQ_WORK,
	LWK_KIND_DEVICE,
	LWK_KIND_NMI,
	LWK_KIND_OTHER,
	LWK_NR_IRQ_KINDS,
	LWK_KIND_FAULT = LWK_NR_IRQ_KINDS,
	LWK_NR_KINDS
};

/* Room for kinds to come. */
#define LWK_KINDS_MAX		16

/**
 * struct lwk_stats - what happened to a reservation
 * @size: in: sizeof(struct lwk_stats) as the caller knows it. A larger struct
 *	is taken if what the kernel does not know is zero (else E2BIG).
 * @nr_kinds: out: number of kinds that this kernel knows.
 * @foreign: out: interruptions of user mode by &enum lwk_kind, which no task
 *	of the reservation caused.
 * @own: out: those which one of them did.
 *
 * Of the last reservation that was joined through the same open file; it may
 * have ended since.
 *
 * Errors: EINVAL: too small a struct. ENODATA: no reservation was joined
 * through this file. E2BIG, EFAULT.
 */
struct lwk_stats {
	__u32 size;
	__u32 nr_kinds;
	__aligned_u64 foreign[LWK_KINDS_MAX];
	__aligned_u64 own[LWK_KINDS_MAX];
};

#define LWK_STATS_SIZE_VER0	264	/* the first published struct */

/*
 * Calls are numbered as by their ABI, those of 32 bits behind those of 64, and
 * &enum lwk_fault behind them: bit N, or LWK_CALLS_64 + N, or
 * LWK_CALLS_FAULT + N, of an array of 64 bit words.
 */
#define LWK_CALLS_64		512
#define LWK_CALLS_32		512
#define LWK_CALLS_FAULT		(LWK_CALLS_64 + LWK_CALLS_32)
#define LWK_CALLS		(LWK_CALLS_FAULT + 64)
#define LWK_CALLS_WORDS		(LWK_CALLS / 64)

/**
 * enum lwk_fault - page faults, which are counted and steered like calls
 * @LWK_FAULT_ANON: on anonymous memory, or memory of tmpfs and hugetlb, of a
 *	process of which nothing is swapped out.
 * @LWK_FAULT_FILE: all others: on mapped files, of swapped memory, where a
 *	userfaultfd or a device serves them, where nothing is mapped.
 * @LWK_NR_FAULTS: number of both.
 */
enum lwk_fault {
	LWK_FAULT_ANON,
	LWK_FAULT_FILE,
	LWK_NR_FAULTS
};

/**
 * struct lwk_policy - which calls of a reservation leave the core
 * @size: in: sizeof(struct lwk_policy) as the caller knows it. A larger struct
 *	is taken if what the kernel does not know is zero (else E2BIG).
 * @pid: in: a process or thread in the reservation, as the caller's pid
 *	namespace numbers it; 0: the last reservation that was joined through
 *	this file.
 * @local: in: these are served on the LWK core from now on. out: those in
 *	force.
 * @hop: in: these on a core of Linux. out: those in force.
 *
 * A call that is being made is not affected. Who may set the affinity of the
 * process may set this.
 *
 * Errors: EINVAL: too small a struct, or a call in both sets. ESRCH: no such
 * process, or it is in no reservation. ENODATA: no reservation was joined
 * through this file. EPERM: a process of another user. E2BIG, EFAULT.
 */
struct lwk_policy {
	__u32 size;
	__s32 pid;
	__aligned_u64 local[LWK_CALLS_WORDS];
	__aligned_u64 hop[LWK_CALLS_WORDS];
};

#define LWK_POLICY_SIZE_VER0	280	/* the first published struct */

/**
 * struct lwk_call_count - how often a call was made, and where
 * @local: on the LWK core.
 * @hops: on a core of Linux.
 * @ns: nanoseconds from leaving to being home, of all @hops.
 * @worst: of one of them.
 */
struct lwk_call_count {
	__aligned_u64 local;
	__aligned_u64 hops;
	__aligned_u64 ns;
	__aligned_u64 worst;
};

/**
 * struct lwk_counts - what a reservation has called
 * @size: in: sizeof(struct lwk_counts), as above.
 * @nr: in: number of elements at @counts; those that the kernel does not know
 *	are zero.
 * @counts: in: address of an array of struct lwk_call_count, by number as
 *	above.
 *
 * Of the last reservation that was joined through the same open file; it may
 * have ended since.
 *
 * Errors: EINVAL: too small a struct. ENODATA: no reservation was joined
 * through this file. E2BIG: also for more than LWK_CALLS elements. EFAULT.
 */
struct lwk_counts {
	__u32 size;
	__u32 nr;
	__aligned_u64 counts;
};

#define LWK_COUNTS_SIZE_VER0	16	/* the first published struct */

/**
 * struct lwk_memory - LWK memory of a reservation
 * @size: in: sizeof(struct lwk_memory), as above.
 * @reserved: zero.
 * @promised: out: bytes that nobody else gets; 0 when it has ended.
 * @used: out: bytes that its processes have, or which others still hold.
 * @peak: out: the most that it was.
 * @of_linux: out: bytes of Linux that its processes were given, since there was
 *	no LWK memory, in the course of time.
 *
 * Of the last reservation that was joined through the same open file; it may
 * have ended since.
 *
 * Errors: EINVAL: too small a struct. ENODATA: no reservation was joined
 * through this file. E2BIG, EFAULT.
 */
struct lwk_memory {
	__u32 size;
	__u32 reserved;
	__aligned_u64 promised;
	__aligned_u64 used;
	__aligned_u64 peak;
	__aligned_u64 of_linux;
};

#define LWK_MEMORY_SIZE_VER0	40	/* the first published struct */

#define LWK_IOC_MAGIC		0xBE
/* The structs carry their own size, hence no size in the number. */
#define LWK_IOC_JOIN		_IO(LWK_IOC_MAGIC, 0x00)
#define LWK_IOC_STATS		_IO(LWK_IOC_MAGIC, 0x01)
#define LWK_IOC_POLICY		_IO(LWK_IOC_MAGIC, 0x02)
#define LWK_IOC_COUNTS		_IO(LWK_IOC_MAGIC, 0x03)
#define LWK_IOC_MEMORY		_IO(LWK_IOC_MAGIC, 0x04)

#endif /* _UAPI_LINUX_LWK_H */
