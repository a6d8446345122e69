// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

#include "calls.h"

/* Named as strace(1) names them. */
static const char * const file_calls[] = {
	"access", "acct", "chdir", "chmod", "chown", "chroot", "creat",
	"execve", "execveat", "faccessat", "faccessat2", "fchmodat",
	"fchmodat2", "fchownat", "fspick", "futimesat", "getcwd", "getxattr",
	"inotify_add_watch", "lchown", "lgetxattr", "link", "linkat",
	"listxattr", "llistxattr", "lremovexattr", "lsetxattr", "lstat",
	"mkdir", "mkdirat", "mknod", "mknodat", "mount", "mount_setattr",
	"move_mount", "name_to_handle_at", "newfstatat", "open", "open_tree",
	"openat", "openat2", "pivot_root", "quotactl", "readlink", "readlinkat",
	"removexattr", "rename", "renameat", "renameat2", "rmdir", "setxattr",
	"stat", "statfs", "statx", "swapoff", "swapon", "symlink", "symlinkat",
	"truncate", "umount2", "unlink", "unlinkat", "uselib", "utime",
	"utimensat", "utimes", NULL
};

static const char * const desc_calls[] = {
	"close", "close_range", "copy_file_range", "dup", "dup2", "dup3",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "fadvise64",
	"fallocate", "fanotify_init", "fanotify_mark", "fchdir", "fchmod",
	"fchown", "fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock",
	"fremovexattr", "fsconfig", "fsetxattr", "fsmount", "fstat", "fstatfs",
	"fsync", "ftruncate", "getdents", "getdents64", "inotify_init",
	"inotify_init1", "inotify_rm_watch", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "ioctl", "lseek", "memfd_create",
	"mq_open", "pidfd_getfd", "pidfd_open", "pipe", "pipe2", "poll",
	"ppoll", "pread64", "preadv", "preadv2", "pselect6", "pwrite64",
	"pwritev", "pwritev2", "read", "readahead", "readv", "select",
	"sendfile", "signalfd", "signalfd4", "splice", "sync_file_range",
	"syncfs", "tee", "timerfd_create", "timerfd_gettime", "timerfd_settime",
	"userfaultfd", "vmsplice", "write", "writev", NULL
};

static const char * const net_calls[] = {
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg",
	"sendmsg", "sendto", "setsockopt", "shutdown", "socket", "socketpair",
	NULL
};

static const char * const memory_calls[] = {
	"brk", "get_mempolicy", "madvise", "mbind", "migrate_pages", "mincore",
	"mlock", "mlock2", "mlockall", "mmap", "move_pages", "mprotect",
	"mremap", "mseal", "msync", "munlock", "munlockall", "munmap",
	"pkey_alloc", "pkey_free", "pkey_mprotect", "process_madvise",
	"process_mrelease", "remap_file_pages", "set_mempolicy",
	"set_mempolicy_home_node", NULL
};

static const char * const process_calls[] = {
	"clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork",
	"kill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
	"tgkill", "tkill", "unshare", "vfork", "wait4", "waitid", NULL
};

static const char * const signal_calls[] = {
	"kill", "pause", "pidfd_send_signal", "rt_sigaction", "rt_sigpending",
	"rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack", "signalfd",
	"signalfd4", "tgkill", "tkill", NULL
};

static const char * const ipc_calls[] = {
	"msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop",
	"semtimedop", "shmat", "shmctl", "shmdt", "shmget", NULL
};

static const char * const creds_calls[] = {
	"capget", "capset", "getegid", "geteuid", "getgid", "getgroups",
	"getresgid", "getresuid", "getuid", "prctl", "setfsgid", "setfsuid",
	"setgid", "setgroups", "setregid", "setresgid", "setresuid", "setreuid",
	"setuid", NULL
};

static const char * const clock_calls[] = {
	"adjtimex", "clock_adjtime", "clock_getres", "clock_gettime",
	"clock_settime", "gettimeofday", "settimeofday", "time", NULL
};

static const char * const fault_calls[] = {
	"fault_anon", "fault_file", NULL
};

static const struct {
	const char *name;
	const char * const *calls;
} groups[] = {
	{ "%file", file_calls },
	{ "%desc", desc_calls },
	{ "%net", net_calls },
	{ "%memory", memory_calls },
	{ "%process", process_calls },
	{ "%signal", signal_calls },
	{ "%ipc", ipc_calls },
	{ "%creds", creds_calls },
	{ "%clock", clock_calls },
	{ "%fault", fault_calls },
};

/* These are no calls of any ABI. */
static const char * const faults[] = {
	[LWK_FAULT_ANON] = "fault_anon",
	[LWK_FAULT_FILE] = "fault_file",
};

#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

static void set_bit(__u64 *words, unsigned int index)
{
	words[index / 64] |= 1ULL << index % 64;
}

/* 0, or -EINVAL if neither ABI has such a call. */
static int add_call(__u64 *set, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
	int nr32 = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);
	int err = -EINVAL;

	/* Negative: a name of other architectures, or none at all. */
	if (nr >= 0 && nr < LWK_CALLS_64) {
		set_bit(set, nr);
		err = 0;
	}
	if (nr32 >= 0 && nr32 < LWK_CALLS_32) {
		set_bit(set, LWK_CALLS_64 + nr32);
		err = 0;
	}
	for (int i = 0; i < LWK_NR_FAULTS; i++) {
		if (!strcmp(name, faults[i])) {
			set_bit(set, LWK_CALLS_FAULT + i);
			err = 0;
		}
	}
	return err;
}

static int add_word(__u64 *set, const char *name)
{
	if (*name != '%')
		return add_call(set, name);
	for (size_t i = 0; i < NR_GROUPS; i++) {
		if (strcmp(groups[i].name, name))
			continue;
		/* A call that this libseccomp does not know is not there. */
		for (const char * const *call = groups[i].calls; *call; call++)
			add_call(set, *call);
		return 0;
	}
	return -EINVAL;
}

/* All words of @list, separated by commas, or the first unknown one. */
static int add_words(__u64 *set, const char *list, char *word, size_t size)
{
	char name[64];
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (len >= sizeof(name) || add_word(set, name)) {
			snprintf(word, size, "%.*s", (int)len, list);
			return -EINVAL;
		}
		if (!list[len])
			return 0;
	}
}

void calls_set_all(struct calls_policy *policy, bool hop)
{
	memset(policy, 0, sizeof(*policy));
	memset(hop ? policy->hop : policy->local, 0xff, sizeof(policy->hop));
}

int calls_set(struct calls_policy *policy, bool hop, const char *list,
	      char *word, size_t size)
{
	__u64 *yes = hop ? policy->hop : policy->local;
	__u64 *no = hop ? policy->local : policy->hop;
	__u64 set[LWK_CALLS_WORDS] = { 0 };
	int err = add_words(set, list, word, size);

	for (unsigned int i = 0; !err && i < LWK_CALLS_WORDS; i++) {
		yes[i] |= set[i];
		no[i] &= ~set[i];
	}
	return err;
}

bool calls_any(const struct calls_policy *policy)
{
	for (unsigned int i = 0; i < LWK_CALLS_WORDS; i++)
		if (policy->local[i] | policy->hop[i])
			return true;
	return false;
}

char *calls_name(unsigned int index)
{
	bool wide = index < LWK_CALLS_64;
	int nr = wide ? index : index - LWK_CALLS_64;
	char *known = seccomp_syscall_resolve_num_arch(wide ? SCMP_ARCH_X86_64 :
						       SCMP_ARCH_X86, nr);
	char *name;
	int len;

	if (index >= LWK_CALLS_FAULT && index < LWK_CALLS_FAULT + LWK_NR_FAULTS)
		return strdup(faults[index - LWK_CALLS_FAULT]);
	if (known)
		len = asprintf(&name, "%s%s", known, wide ? "" : "/32");
	else
		len = asprintf(&name, "nr %d%s", nr, wide ? "" : "/32");
	free(known);
	return len < 0 ? NULL : name;
}

const char *calls_groups(void)
{
	return "%file %desc %net %memory %process %signal %ipc %creds %clock %fault";
}
