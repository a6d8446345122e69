// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#define PAGE_BYTES	4096
#define STACK_BYTES	(16 * PAGE_BYTES)
#define FILE_NAME	"/tmp/file"
#define RAM_DIR		"/tmp/ram"
#define RAM_FILE	RAM_DIR "/file"

static int file;
static char page[PAGE_BYTES];
static _Alignas(16) char stack[STACK_BYTES];

static long run_getppid(void)
{
	return call(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static int begin_file(void)
{
	file = open(FILE_NAME, O_RDWR | O_CREAT, 0600);
	return file < 0 ? fail(FILE_NAME) : 0;
}

/* Over the same page of the file again and again. */
static long run_write(void)
{
	return call(SYS_pwrite64, file, (long)page, PAGE_BYTES, 0, 0, 0);
}

static long run_open_close(void)
{
	long fd = call(SYS_openat, AT_FDCWD, (long)FILE_NAME, O_RDONLY, 0, 0,
		       0);

	return fd < 0 ? fd : call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static long run_mmap_munmap(void)
{
	long map = call(SYS_mmap, 0, PAGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map < 0 && map > -PAGE_BYTES ? map :
	       call(SYS_munmap, map, PAGE_BYTES, 0, 0, 0, 0);
}

/* A thread that does nothing but end, which its parent waits for. */
static long run_clone_join(void)
{
	static volatile int alive;
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			   CLONE_THREAD | CLONE_SYSVSEM |
			   CLONE_CHILD_CLEARTID;
	register long r10 asm("r10") = (long)&alive;
	register long r8 asm("r8") = 0;
	long ret;

	alive = 1;
	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "mov %[exit], %%eax\n\t"
		     "xor %%edi, %%edi\n\t"
		     "syscall\n"
		     "1:"
		     : "=a" (ret)
		     : "a" (SYS_clone), "D" (flags),
		       "S" (stack + STACK_BYTES), "d" (0), "r" (r10),
		       "r" (r8), [exit] "i" (SYS_exit)
		     : "rcx", "r11", "memory");
	while (ret > 0 && alive)
		call(SYS_futex, (long)&alive, FUTEX_WAIT, 1, 0, 0, 0);
	return ret;
}

static char *mapped;

static int begin_anon(void)
{
	mapped = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mapped == MAP_FAILED ? fail("mmap") : 0;
}

/* In the page cache, of a file system that is not the one of shared memory. */
static int begin_mapped_file(void)
{
	int fd = open(RAM_FILE, O_RDWR);

	if (fd < 0) {
		if (mkdir(RAM_DIR, 0755) || mount("ram", RAM_DIR, "ramfs", 0, 0))
			return fail(RAM_DIR);
		fd = open(RAM_FILE, O_RDWR | O_CREAT, 0600);
	}
	if (fd < 0 || pwrite(fd, page, PAGE_BYTES, 0) != PAGE_BYTES)
		return fail(RAM_FILE);
	mapped = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	return mapped == MAP_FAILED ? fail("mmap") : 0;
}

static void unmap(void)
{
	call(SYS_madvise, (long)mapped, PAGE_BYTES, MADV_DONTNEED, 0, 0, 0);
}

static long run_write_page(void)
{
	*(volatile char *)mapped = 1;
	return 0;
}

static long run_read_page(void)
{
	return *(volatile char *)mapped;
}

const struct op ops[] = {
	{ "syscall.getppid", NULL, NULL, run_getppid, SAMPLES, EVERYWHERE },
	{ "syscall.write_4k", begin_file, NULL, run_write, SAMPLES,
	  EVERYWHERE },
	{ "syscall.openat_close", begin_file, NULL, run_open_close, SAMPLES,
	  EVERYWHERE },
	{ "syscall.mmap_munmap", NULL, NULL, run_mmap_munmap, SAMPLES,
	  EVERYWHERE },
	{ "syscall.clone_join", NULL, NULL, run_clone_join, SAMPLES,
	  EVERYWHERE },
	{ "fault.anon", begin_anon, unmap, run_write_page, SAMPLES,
	  EVERYWHERE },
	{ "fault.file", begin_mapped_file, unmap, run_read_page, SAMPLES,
	  EVERYWHERE },
};

const size_t nr_ops = sizeof(ops) / sizeof(ops[0]);
