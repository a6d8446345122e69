// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of a file system on a RAM disk: files written and removed, the
 * system synchronised, the file system mounted and unmounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storm.h"

#define DISK		"/dev/ram0"
#define FILE_BYTES	(128 * KIB)
#define UMOUNT_PATIENCE	1000

static char mount_point[64];

static int copy_image(const char *path)
{
	int from, to, ret = -1;
	struct stat st;
	off_t done = 0;

	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return skip("%s", path);
	/* Fails when somebody has mounted it. */
	to = open(DISK, O_WRONLY | O_EXCL | O_CLOEXEC);
	if (to < 0) {
		ret = errno == ENOENT || errno == ENXIO ? skip(DISK) :
							  fail(DISK);
	} else if (fstat(from, &st)) {
		ret = fail("%s", path);
	} else {
		while (done < st.st_size &&
		       sendfile(to, from, &done, st.st_size - done) > 0)
			;
		ret = done < st.st_size || fsync(to) ?
			fail("%s: cannot copy it to " DISK, path) : 0;
		close(to);
	}
	close(from);
	return ret;
}

/* The first storm that wants the disk fills it. */
static int disk_prepare(void)
{
	char path[512];
	int ret = 0;

	snprintf(path, sizeof(path), "%s/disk.img", storm_dir);
	shared_lock();
	if (!*shared_disk_ready())
		ret = copy_image(path);
	if (!ret)
		*shared_disk_ready() = true;
	shared_unlock();
	return ret;
}

static int disk_mount(void)
{
	if (mount(DISK, mount_point, "ext4", MS_NOATIME,
		  "noinit_itable"))
		return errno == ENODEV ? skip("no ext4") :
					 fail("%s: mount of " DISK, mount_point);
	return 0;
}

/* What works on files there may still be about to close them. */
static int disk_umount(void)
{
	int patience = UMOUNT_PATIENCE;

	while (umount(mount_point)) {
		if (errno != EBUSY || !--patience)
			return fail("%s: umount", mount_point);
		pause_us(1000);
	}
	return 0;
}

static int files_setup(void)
{
	if (disk_prepare())
		return -1;
	snprintf(mount_point, sizeof(mount_point), "/tmp/storm-disk-%d",
		 getpid());
	if (mkdir(mount_point, 0700))
		return fail("%s", mount_point);
	return disk_mount();
}

static void files_undo(void)
{
	if (!*mount_point)
		return;
	if (umount(mount_point) && errno != EINVAL)
		umount2(mount_point, MNT_DETACH);
	rmdir(mount_point);
}

/* Writes, syncs and reads back a file. */
static int write_file(const char *path)
{
	static char data[FILE_BYTES], back[FILE_BYTES];
	static unsigned char fill;
	int fd, ret = 0;

	memset(data, ++fill, sizeof(data));
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail("%s", path);
	if (write(fd, data, sizeof(data)) != sizeof(data) || fsync(fd))
		ret = fail("%s: write", path);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (!ret && pread(fd, back, sizeof(back), 0) != sizeof(back))
		ret = fail("%s: read", path);
	errno = 0;
	if (!ret && memcmp(data, back, sizeof(back)))
		ret = fail("%s: other data than written", path);
	close(fd);
	return ret;
}

static long file_step(void)
{
	char path[96], other[96];

	snprintf(path, sizeof(path), "%s/file-%d", mount_point, getpid());
	snprintf(other, sizeof(other), "%s/other-%d", mount_point, getpid());
	if (write_file(path))
		return -1;
	if (rename(path, other))
		return fail("%s: rename", path);
	if (truncate(other, PAGE_BYTES))
		return fail("%s: truncate", other);
	if (unlink(other))
		return fail("%s: unlink", other);
	return 4;
}

static int sync_all(void)
{
	int fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail("%s", mount_point);
	ret = syncfs(fd);
	close(fd);
	if (ret)
		return fail("%s: syncfs", mount_point);
	sync();
	return 0;
}

/* Something dirty, everything written back, the file system gone and back. */
static long sync_step(void)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/dirty-%d", mount_point, getpid());
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail("%s", path);
	if (ftruncate(fd, 0) || write(fd, path, sizeof(path)) != sizeof(path)) {
		close(fd);
		return fail("%s: write", path);
	}
	close(fd);
	if (sync_all() || disk_umount() || disk_mount())
		return -1;
	if (unlink(path))
		return fail("%s: lost by the remount", path);
	return 4;
}

const struct storm file_storms[] = {
	{
		.name = "file-io",
		.what = "files of ext4 written, synced, renamed, removed",
		.setup = files_setup,
		.step = file_step,
		.undo = files_undo,
	},
	{
		.name = "sync",
		.what = "sync, syncfs, umount and mount of ext4",
		.setup = files_setup,
		.step = sync_step,
		.undo = files_undo,
	},
	{ }
};
