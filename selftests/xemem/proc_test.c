// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/xpmem: who reads it keeps nobody from anything, what it says is true,
 * and it is told to those alone whose business it is. What ends leaves nothing
 * behind, in whatever order. Needs root, to be several users.
 */
#include <dirent.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "../kselftest_harness.h"
#include "xemem_actor.h"
#include "xemem_memory.h"
#include "xemem_slab.h"
#include "../lwk/lwk_meminfo.h"

#define PAGES		8
#define LEN		(PAGES * PAGE)
#define USER		2000
#define STRANGER	2001
#define UFFD_FOR_ALL	"/proc/sys/vm/unprivileged_userfaultfd"
/* What nobody should have to wait for. */
#define SOON_MS		5000
#define ROUNDS		400
/* Objects that processors keep for themselves, and what runs meanwhile. */
#define SLAB_SLACK	60

/**
 * struct told - what the processes say to each other
 * @pid: whose file it is.
 * @pages: what it says.
 * @segid: to attach.
 * @back: what came of it.
 */
struct told {
	volatile pid_t pid;
	volatile long pages;
	volatile __s64 segid;
	volatile long back;
};

static struct told *told;
static char *mem;

FIXTURE(proc)
{
	struct actor victim;
	struct actor reader;
	struct actor third;
};

FIXTURE_SETUP(proc)
{
	if (geteuid())
		SKIP(return, "not root");
	ASSERT_EQ(0, xem_begin());
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)told);
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	xem_catch();
}

FIXTURE_TEARDOWN(proc)
{
	/* First who may keep the others. */
	actor_end(&self->reader);
	actor_end(&self->victim);
	actor_end(&self->third);
	close(xem_fd);
}

static struct actor_how as_user(uid_t uid, bool no_device)
{
	return (struct actor_how){
		.other_user = true,
		.uid = uid,
		.gid = uid,
		.no_device = no_device,
	};
}

/* As it would be without a change of its user. */
static int be_seen(void *arg)
{
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	return 0;
}

static int open_file_of(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), XEM_PROC "%d", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What the file of a process says, or -errno. */
static long pages_of(pid_t pid)
{
	int fd = open_file_of(pid);
	char text[128] = "";
	long pages = -EIO;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		pages = -errno;
	else
		sscanf(text, "pages pinned by XPMEM: %ld\n", &pages);
	close(fd);
	return pages;
}

static int read_told(void *arg)
{
	told->back = pages_of(told->pid);
	return 0;
}

static void *read_for_ever(void *page)
{
	int fd = open_file_of(told->pid);

	told->back = fd < 0 ? fd : 0;
	if (fd >= 0)
		read(fd, page, PAGE);
	return NULL;
}

/* A page that nobody ever provides. */
static char *missing_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page = map(PAGE, PROT_READ | PROT_WRITE);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (*uffd < 0 || page == MAP_FAILED ||
	    ioctl(*uffd, UFFDIO_API, &api))
		return NULL;
	reg.range.start = (uintptr_t)page;
	reg.range.len = PAGE;
	return ioctl(*uffd, UFFDIO_REGISTER, &reg) ? NULL : page;
}

/* @back: 1: a thread is in the midst of a read that does not end. */
static int begin_to_read(void *arg)
{
	struct pollfd p = { .events = POLLIN };
	pthread_t thread;
	char *page;

	page = missing_page(&p.fd);
	CHECK(page);
	told->back = 1;
	CHECK(!pthread_create(&thread, NULL, read_for_ever, page));
	if (poll(&p, 1, SOON_MS) == 1)
		told->back = 1;
	return 0;
}

static int open_device(void *arg)
{
	return -xem_open();
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Killed by SIGKILL, it is gone in time; that is how long, or -1. */
static long time_to_die(struct actor *a)
{
	long begin = now_ms();
	int status;

	kill(a->pid, SIGKILL);
	while (now_ms() - begin < SOON_MS) {
		if (waitpid(a->pid, &status, WNOHANG) == a->pid) {
			a->pid = 0;
			return now_ms() - begin;
		}
		sleep_ms(1);
	}
	return -1;
}

static void stuck_reader(struct __test_metadata *_metadata,
			 FIXTURE_DATA(proc) *self, uid_t uid)
{
	ASSERT_EQ(0, actor_start(&self->victim, as_user(USER, false)));
	ASSERT_EQ(0, actor_do(&self->victim, be_seen, NULL));
	ASSERT_EQ(0, actor_start(&self->reader, as_user(uid, true)));
	ASSERT_EQ(0, actor_start(&self->third, as_user(USER, true)));
	self->third.patience_ms = SOON_MS;
	told->pid = self->victim.pid;
	ASSERT_EQ(0, actor_do(&self->reader, begin_to_read, NULL));
	if (told->back < 0) {
		EXPECT_EQ(-EACCES, told->back);
		TH_LOG("uid %d may not read it at all", uid);
		return;
	}
	EXPECT_EQ(1, told->back);
	EXPECT_LE(0, time_to_die(&self->victim))
		TH_LOG("a process waits for who reads its file");
	EXPECT_EQ(0, actor_do(&self->third, open_device, NULL))
		TH_LOG("nobody can open the device");
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->reader, SIGKILL));
}

/* Whoever it is: neither the process nor anybody else waits for him. */
TEST_F_TIMEOUT(proc, reader_of_another_user, 120)
{
	if (!write_file(UFFD_FOR_ALL, "1"))
		SKIP(return, "no " UFFD_FOR_ALL);
	stuck_reader(_metadata, self, STRANGER);
	write_file(UFFD_FOR_ALL, "0");
}

TEST_F_TIMEOUT(proc, reader_of_the_same_user, 120)
{
	if (!write_file(UFFD_FOR_ALL, "1"))
		SKIP(return, "no " UFFD_FOR_ALL);
	stuck_reader(_metadata, self, USER);
	write_file(UFFD_FOR_ALL, "0");
}

/* Pages that attachments show, and no longer than they do. */
TEST_F(proc, pages)
{
	unsigned long pinned, unpinned, before;
	__s64 segid = xem_make(mem, LEN, 0600), apid;
	char *p, *q;

	apid = xem_get(segid, XPMEM_ABI_RDWR);
	ASSERT_LT(0, apid);
	EXPECT_EQ(0, pages_of(getpid()));
	ASSERT_TRUE(xem_pages(&before, &unpinned));
	p = xem_attach_ext(apid, 0, LEN, XEMEM_LAZY);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(0, pages_of(getpid()));
	EXPECT_EQ(0, xem_peek(p));
	EXPECT_LE(1, pages_of(getpid()));
	EXPECT_GE(PAGES, pages_of(getpid()));
	q = xem_attach_ext(apid, 0, LEN, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(q));
	EXPECT_EQ(0, xem_detach(p));
	EXPECT_EQ(PAGES, pages_of(getpid()));
	ASSERT_TRUE(xem_pages(&pinned, &unpinned));
	EXPECT_LE(before + PAGES, pinned);
	/* What the owner takes away is not shown. */
	EXPECT_EQ(0, madvise(mem, 2 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(PAGES - 2, pages_of(getpid()));
	EXPECT_EQ(0, munmap(q, 3 * PAGE));
	EXPECT_EQ(PAGES - 3, pages_of(getpid()));
	EXPECT_EQ(0, xem_release(apid));
	EXPECT_EQ(0, pages_of(getpid()));
	EXPECT_TRUE(xem_all_unpinned(SOON_MS));
}

/* In large pages they are as many. */
TEST_F(proc, large_pages)
{
	char *large = memory_reserve(2 * MIB);
	__s64 segid, apid;
	char *p;

	ASSERT_NE(MAP_FAILED, large);
	ASSERT_EQ(large, memory_at(large, MEMORY_LARGE, 2 * MIB));
	xem_fill(large, 2 * MIB, 1);
	segid = xem_make(large, 2 * MIB, 0600);
	apid = xem_get(segid, XPMEM_ABI_RDWR);
	p = xem_attach_ext(apid, 0, 2 * MIB, XEMEM_EAGER);
	ASSERT_EQ(0, xem_error(p));
	EXPECT_EQ(512, pages_of(getpid()));
	EXPECT_EQ(0, xem_release(apid));
}

/* It is the business of those who may look at the process. */
TEST_F(proc, strangers)
{
	ASSERT_EQ(0, actor_start(&self->victim, as_user(USER, false)));
	ASSERT_EQ(0, actor_start(&self->reader, as_user(STRANGER, true)));
	ASSERT_EQ(0, actor_start(&self->third, as_user(USER, true)));
	told->pid = self->victim.pid;
	EXPECT_EQ(0, actor_do(&self->reader, read_told, NULL));
	EXPECT_EQ(-EACCES, told->back);
	EXPECT_EQ(0, actor_do(&self->third, read_told, NULL));
	EXPECT_EQ(-EACCES, told->back)
		TH_LOG("the victim has changed its user");
	ASSERT_EQ(0, actor_do(&self->victim, be_seen, NULL));
	EXPECT_EQ(0, actor_do(&self->third, read_told, NULL));
	EXPECT_EQ(0, told->back);
	EXPECT_EQ(0, actor_do(&self->victim, read_told, NULL));
	EXPECT_EQ(0, told->back);
	EXPECT_EQ(0, pages_of(told->pid));
}

/* Files of processes in the directory: how many; @own is among them. */
static int files(bool *own)
{
	DIR *dir = opendir(XEM_PROC);
	struct dirent *entry;
	int n = 0;

	*own = false;
	while (dir && (entry = readdir(dir))) {
		if (atoi(entry->d_name) > 0)
			n++;
		if (atoi(entry->d_name) == getpid())
			*own = true;
	}
	if (dir)
		closedir(dir);
	return n;
}

TEST_F(proc, directory)
{
	char name[64];
	bool own;
	int fd;

	EXPECT_EQ(1, files(&own));
	EXPECT_TRUE(own);
	ASSERT_EQ(0, actor_start(&self->victim, as_user(USER, false)));
	EXPECT_EQ(2, files(&own));
	fd = open_file_of(self->victim.pid);
	EXPECT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, actor_kill(&self->victim, SIGKILL));
	EXPECT_EQ(1, files(&own));
	/* Of a process that is gone, it says what it has: nothing. */
	EXPECT_LT(0, read(fd, name, sizeof(name)));
	EXPECT_EQ(0, strncmp(name, "pages pinned by XPMEM: 0\n", 25));
	close(fd);
	EXPECT_EQ(-ENOENT, open_file_of(self->victim.pid));
	EXPECT_EQ(-ENOENT, open_file_of(1));
	EXPECT_EQ(-1, open(XEM_PROC "01", O_RDONLY));
	EXPECT_EQ(-1, open(XEM_PROC "none", O_RDONLY));
	EXPECT_EQ(-1, open(XEM_PROC "4294967297", O_RDONLY));
	close(xem_fd);
	EXPECT_EQ(0, files(&own));
	EXPECT_EQ(-ENOENT, open_file_of(getpid()));
}

/* The first process of a PID namespace of its own, with a /proc of it. */
static int first_process(void *arg)
{
	bool own;

	CHECK(!mount("proc", "/proc", "proc", 0, NULL));
	CHECK_EQ(1, getpid());
	CHECK_EQ(0, files(&own));
	CHECK_EQ(-ENOENT, pages_of(1));
	CHECK_EQ(0, xem_open());
	CHECK_EQ(1, files(&own));
	CHECK(own);
	CHECK_EQ(0, pages_of(1));
	return 0;
}

static int in_pid_namespace(void *arg)
{
	CHECK(!unshare(CLONE_NEWPID | CLONE_NEWNS));
	CHECK(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	return in_child(first_process, NULL);
}

/* Numbers are those of the namespace whose /proc it is. */
TEST_F(proc, pid_namespace)
{
	EXPECT_EQ(0, in_child(in_pid_namespace, NULL));
}

/* Objects of a slab cache that are in use; -1: there is none of that name. */
static long slab(const char *cache)
{
	size_t len = strlen(cache);
	char line[512], dir[128];
	long n = -1;
	FILE *f;

	/* What was freed counts as used as long as KASAN keeps it. */
	snprintf(dir, sizeof(dir), SLAB_DIR "%s", cache);
	slab_shrink(dir);
	f = fopen("/proc/slabinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, cache, len) && line[len] == ' ')
			sscanf(line + len, "%ld", &n);
	if (f)
		fclose(f);
	return n;
}

static volatile bool going;

static void *make_many(void *arg)
{
	int fd = *(int *)arg;
	struct xpmem_ioc_make req;

	do {
		req = (struct xpmem_ioc_make){
			.vaddr = (uintptr_t)mem,
			.size = PAGE,
			.permit_type = XPMEM_ABI_PERMIT_MODE,
			.permit_value = 0600,
		};
		going = true;
	} while (!ioctl(fd, XPMEM_IOC_MAKE, &req));
	return NULL;
}

/*
 * Makes by the descriptor that it inherited, while it closes its own: what is
 * made after that is nobody's.
 */
static int close_while_making(void *arg)
{
	pthread_t threads[3];
	int own = open(XEM_DEV, O_RDWR | O_CLOEXEC);

	CHECK(own >= 0);
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&threads[i], NULL, make_many, &xem_fd));
	while (!going)
		;
	for (volatile int i = *(int *)arg * 7919 % 3000; i > 0; i--)
		;
	close(own);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int race_told(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		CHECK_EQ(0, in_child(close_while_making, &i));
	return 0;
}

TEST_F_TIMEOUT(proc, closed_while_made, 300)
{
	long mms, spaces;

	/* Inherited from here, so that no child's end is the end of the file. */
	ASSERT_EQ(0, actor_start(&self->victim, as_user(USER, false)));
	self->victim.patience_ms = 280000;
	mms = slab("mm_struct");
	spaces = slab("xemem_space");
	ASSERT_LE(0, mms);
	ASSERT_LE(0, spaces);
	EXPECT_EQ(0, actor_do(&self->victim, race_told, NULL));
	/* Some are freed after a grace period, with a delay. */
	for (int i = 0; i < 100 && (slab("mm_struct") > mms + SLAB_SLACK ||
				    slab("xemem_space") > spaces + SLAB_SLACK);
	     i++)
		sleep_ms(100);
	TH_LOG("mm_struct %ld, then %ld; xemem_space %ld, then %ld", mms,
	       slab("mm_struct"), spaces, slab("xemem_space"));
	EXPECT_GE(mms + SLAB_SLACK, slab("mm_struct"));
	EXPECT_GE(spaces + SLAB_SLACK, slab("xemem_space"));
}

TEST_HARNESS_MAIN
