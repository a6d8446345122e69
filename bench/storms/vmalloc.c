// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of virtually contiguous kernel memory, as far as user space can
 * have it: maps of BPF, rings of packet sockets, large pipes, semaphore
 * arrays, buffers of readers. Small areas and some above 2 MiB.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/poll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "storm.h"

#define BLOCK_BYTES	(8 * MIB)	/* no page block is as large */
#define STACKS		12		/* more than each CPU caches */
#define FILE_PATH	"/tmp/storm-vmalloc"
#define SEMAPHORES	100000
#define SEM_LIMITS	"/proc/sys/kernel/sem"

static bool able_semaphores;

static int bpf_map(size_t bytes)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = bytes / 8,
		.map_flags = BPF_F_MMAPABLE,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/*
 * One kind of memory each: taken, used, given back. They return the number of
 * operations, 0 where the machine cannot, or -1 after fail().
 */
static int take_map(size_t bytes)
{
	char *p;
	int fd = bpf_map(bytes);

	if (fd < 0)
		return fail("a BPF map of %zu bytes", bytes);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return fail("mmap of a BPF map");
	p[bytes - 1] = 1;
	munmap(p, bytes);
	return 1;
}

static int small_maps(void)
{
	return take_map(2 * PAGE_BYTES) < 0 || take_map(16 * PAGE_BYTES) < 0 ?
		-1 : 2;
}

static int large_map(void)
{
	return take_map(3 * MIB);
}

static int packet_ring(void)
{
	struct tpacket_req request = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = 1,
		.tp_frame_size = 2 * PAGE_BYTES,
		.tp_frame_nr = BLOCK_BYTES / (2 * PAGE_BYTES),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	int ret;

	if (fd < 0)
		return 0;
	ret = setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request,
			 sizeof(request));
	close(fd);
	return ret ? fail("a ring of %lu bytes", BLOCK_BYTES) : 1;
}

static int large_pipe(void)
{
	int end[2], ret;

	if (pipe2(end, O_CLOEXEC))
		return fail("pipe");
	ret = fcntl(end[0], F_SETPIPE_SZ, MIB);
	close(end[0]);
	close(end[1]);
	return ret < 0 ? fail("F_SETPIPE_SZ") : 1;
}

static int asleep(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* Kernel stacks: more at the same time than are kept for reuse. */
static int stacks(void)
{
	pid_t pid[STACKS];
	int i;

	for (i = 0; i < STACKS; i++) {
		pid[i] = child_start(asleep, NULL);
		if (pid[i] < 0)
			break;
	}
	if (i < STACKS) {
		while (i--)
			child_kill(pid[i]);
		return -1;
	}
	while (i--)
		child_kill(pid[i]);
	return STACKS;
}

static int attribute(void)
{
	static char value[60 * KIB];
	int fd, ret;

	fd = open(FILE_PATH, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(FILE_PATH);
	ret = fsetxattr(fd, "trusted.storm", value, sizeof(value), 0);
	if (!ret && fgetxattr(fd, "trusted.storm", value, sizeof(value)) < 0)
		ret = -1;
	close(fd);
	if (ret && errno != EOPNOTSUPP && errno != ENOSPC)
		return fail(FILE_PATH ": fsetxattr");
	return !ret;
}

/* An array above the largest block of pages. */
static int semaphores(void)
{
	int id;

	if (!able_semaphores)
		return 0;
	id = semget(IPC_PRIVATE, SEMAPHORES, 0600);
	if (id < 0)
		return fail("semget: %d", SEMAPHORES);
	if (semctl(id, 0, IPC_RMID))
		return fail("IPC_RMID");
	return 1;
}

static int vectors(void)
{
	static struct iovec vec[1024];
	static char byte[1024];
	int fd, i;
	ssize_t n;

	fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("/proc/self/smaps");
	for (i = 0; i < 1024; i++)
		vec[i] = (struct iovec){ byte + i, 1 };
	n = readv(fd, vec, 1024);
	close(fd);
	return n < 1 ? fail("readv") : 1;
}

static long used_kib(void)
{
	return file_number("/proc/meminfo", "VmallocUsed");
}

static long used_before, used_with_map = -1;

static int vmalloc_setup(void)
{
	int fd;

	used_before = used_kib();
	fd = bpf_map(4 * MIB);
	if (fd < 0)
		return skip("bpf(2)");
	used_with_map = used_kib();
	close(fd);
	able_semaphores = !setting_put(SEM_LIMITS,
				       "128000 1024000000 500 32000");
	return 0;
}

static long vmalloc_step(void)
{
	static int (*const kinds[])(void) = {
		small_maps, large_map, packet_ring, large_pipe, stacks,
		attribute, semaphores, vectors,
	};
	long sum = 0;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(kinds) && !stopping(); i++) {
		n = kinds[i]();
		if (n < 0)
			return -1;
		sum += n;
	}
	return sum;
}

static int vmalloc_check(void)
{
	errno = 0;
	if (used_with_map < used_before + 2048)
		return fail("a map of 4 MiB did not show in VmallocUsed");
	return 0;
}

static void vmalloc_undo(void)
{
	unlink(FILE_PATH);
}

const struct storm vmalloc_storms[] = {
	{
		.name = "vmalloc",
		.what = "virtually contiguous memory, small and above 2 MiB",
		.setup = vmalloc_setup,
		.step = vmalloc_step,
		.check = vmalloc_check,
		.undo = vmalloc_undo,
	},
	{ }
};
