// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of programs and filters that user space gives to the kernel, with
 * and without the compiler that turns them into machine code.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define JIT		"/proc/sys/net/core/bpf_jit_enable"
#define INSNS_SHORT	2
/* The machine code of the long one takes several pages. */
#define INSNS_LONG	2000

static bool jited;
static int pair[2] = { -1, -1 };

static int program_load(enum bpf_prog_type type, unsigned int insns)
{
	static struct bpf_insn insn[INSNS_LONG];
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insn,
		.insn_cnt = insns,
		.license = (uintptr_t)"GPL",
	};
	unsigned int i;

	/* r0 = 0; r0 += 1 ...; return */
	for (i = 0; i < insns; i++)
		insn[i] = (struct bpf_insn) {
			.code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = 1 };
	insn[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
	insn[insns - 1] = (struct bpf_insn) { .code = BPF_JMP | BPF_EXIT };
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static uint32_t program_jited(int fd)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {
		.info.bpf_fd = fd,
		.info.info = (uintptr_t)&info,
		.info.info_len = sizeof(info),
	};

	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return 0;
	return info.jited_prog_len;
}

static int programs_setup(const char *jit)
{
	int fd = program_load(BPF_PROG_TYPE_SOCKET_FILTER, INSNS_SHORT);

	if (fd < 0)
		return skip("bpf(2)");
	close(fd);
	/* A kernel with JIT_ALWAYS_ON refuses 0 and always compiles. */
	if (setting_put(JIT, jit) && errno != EINVAL)
		return skip(JIT);
	return 0;
}

static int bpf_load_setup(void)
{
	return programs_setup("0");
}

static long bpf_load_step(void)
{
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_TRACEPOINT,
	};
	static unsigned int turn;
	enum bpf_prog_type type = types[turn / 2 % ARRAY_SIZE(types)];
	int fd = program_load(type, turn & 1 ? INSNS_LONG : INSNS_SHORT);

	turn++;
	if (fd >= 0)
		return close(fd) ? -1 : 1;
	/* A kernel may have been built without one of the types. */
	if (errno != EINVAL || type == BPF_PROG_TYPE_SOCKET_FILTER)
		return fail("bpf(2): load a program of type %d", type);
	return 0;
}

static int bpf_jit_setup(void)
{
	if (programs_setup("1"))
		return -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return fail("socketpair");
	return 0;
}

/* The program runs, too: it cuts each packet to its own result. */
static int packet_through(void)
{
	char packet[64] = "", back[64];

	if (send(pair[0], packet, sizeof(packet), MSG_DONTWAIT) < 0)
		return fail("send");
	if (recv(pair[1], back, sizeof(back), MSG_DONTWAIT) < 1)
		return fail("a packet did not pass the filter");
	return 0;
}

static long bpf_jit_step(void)
{
	static unsigned int turn;
	int fd, ret;

	file_put(JIT, "1");
	fd = program_load(BPF_PROG_TYPE_SOCKET_FILTER,
			  turn++ & 1 ? INSNS_LONG : INSNS_SHORT + 1);
	if (fd < 0)
		return fail("bpf(2): load");
	jited |= program_jited(fd);
	ret = setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd));
	close(fd);
	if (ret)
		return fail("SO_ATTACH_BPF");
	if (packet_through())
		return -1;
	if (setsockopt(pair[1], SOL_SOCKET, SO_DETACH_BPF, &ret, sizeof(ret)))
		return fail("SO_DETACH_BPF");
	return 1;
}

static int bpf_jit_check(void)
{
	return jited ? 0 : fail("no program was compiled");
}

static void bpf_jit_undo(void)
{
	close(pair[0]);
	close(pair[1]);
}

/* Allow everything, after @insns loads of the call's number. */
static int seccomp_install(unsigned int insns)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	struct sock_fprog program = { .len = insns, .filter = filter };
	unsigned int i;

	for (i = 0; i + 1 < insns; i++)
		filter[i] = (struct sock_filter)
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr));
	filter[i] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#define FILTERS_PER_CHILD	4

static int seccomp_child(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < FILTERS_PER_CHILD; i++)
		if (seccomp_install(2 + i * 200))
			return -1;
	return 0;
}

static int seccomp_setup(void)
{
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
		    &(uint32_t){ SECCOMP_RET_ALLOW }))
		return skip("seccomp");
	if (setting_put(JIT, "0") && errno != EINVAL && errno != ENOENT)
		return fail(JIT);
	return 0;
}

static long seccomp_step(void)
{
	static unsigned int turn;
	int status;

	if (turn++ % 16 == 0)
		file_put(JIT, turn & 16 ? "1" : "0");
	status = child_run(seccomp_child, NULL);
	if (status)
		return fail("seccomp: a filter was refused");
	return FILTERS_PER_CHILD;
}

static int tap = -1, source = -1;

static int socket_filter_setup(void)
{
	tap = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (tap < 0)
		return skip("packet socket");
	/* A frame that nobody answers, so the device need not be up. */
	source = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (source < 0)
		return fail("socket");
	return 0;
}

/* Time stamps of packets are behind a static key. */
static int stamps(int on)
{
	return setsockopt(source, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
}

static long socket_filter_step(void)
{
	struct sock_filter filter[64];
	struct sock_fprog program = { .filter = filter };
	static unsigned int turn;
	int none = 0, fd;

	program.len = 1 + turn++ % ARRAY_SIZE(filter);
	for (int i = 0; i < program.len; i++)
		filter[i] = (struct sock_filter)
			BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0);
	filter[program.len - 1] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, 0xffff);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0)
		return fail("packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) ||
	    setsockopt(tap, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)))
		return fail("SO_ATTACH_FILTER");
	if (stamps(1) || stamps(0))
		return fail("SO_TIMESTAMP");
	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)))
		return fail("SO_DETACH_FILTER");
	close(fd);
	return 2;
}

static void socket_filter_undo(void)
{
	close(tap);
	close(source);
}

const struct storm bpf_storms[] = {
	{
		.name = "bpf-load",
		.what = "BPF programs loaded and unloaded, interpreted",
		.setup = bpf_load_setup,
		.step = bpf_load_step,
	},
	{
		.name = "bpf-jit",
		.what = "BPF programs compiled, attached to a socket, unloaded",
		.setup = bpf_jit_setup,
		.step = bpf_jit_step,
		.check = bpf_jit_check,
		.undo = bpf_jit_undo,
	},
	{
		.name = "seccomp",
		.what = "filters of short-lived processes, with JIT and without",
		.setup = seccomp_setup,
		.step = seccomp_step,
	},
	{
		.name = "socket-filter",
		.what = "filters of packet sockets, time stamps on and off",
		.setup = socket_filter_setup,
		.step = socket_filter_step,
		.undo = socket_filter_undo,
	},
	{ }
};
