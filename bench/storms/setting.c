// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the kernel: reading, writing, and putting back what was there.
 *
 * The list of what to put back lies in memory that all processes of a run
 * share: of several storms that turn the same knob, the first saves its value,
 * and the outermost process restores it when all have ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storm.h"

#define SETTINGS_MAX	256
#define PATH_BYTES	160
#define TEXT_BYTES	128

struct setting {
	char path[PATH_BYTES];
	char text[TEXT_BYTES];
};

static struct shared {
	pthread_mutex_t lock;
	bool disk_ready;
	unsigned int count;
	struct setting setting[SETTINGS_MAX];
} *shared;

void *shared_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		fail("%zu bytes of shared memory", bytes);
		return NULL;
	}
	return p;
}

int settings_init(void)
{
	pthread_mutexattr_t attr;

	shared = shared_memory(sizeof(*shared));
	if (!shared)
		return -1;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &attr);
	return 0;
}

void shared_lock(void)
{
	/* One who died inside leaves a list that is good up to its count. */
	if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->lock);
}

void shared_unlock(void)
{
	pthread_mutex_unlock(&shared->lock);
}

bool *shared_disk_ready(void)
{
	return &shared->disk_ready;
}

int file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

int file_get(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;
	int error;

	buf[0] = '\0';
	if (fd < 0)
		return -1;
	while (len + 1 < size) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	error = errno;
	close(fd);
	errno = error;
	buf[len] = '\0';
	return n < 0 ? -1 : (int)len;
}

/* The number after @key at the start of a line, or of the whole file. */
long file_number(const char *path, const char *key)
{
	static char buf[64 * KIB];
	size_t len;
	char *line;

	if (file_get(path, buf, sizeof(buf)) < 0)
		return -1;
	if (!key)
		return strtol(buf, NULL, 10);
	len = strlen(key);
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && strchr(" :\t", line[len]))
			return strtol(line + len + 1, NULL, 10);
	}
	errno = ENODATA;
	return -1;
}

long vm_counter(const char *name)
{
	return file_number("/proc/vmstat", name);
}

/* Files that list all choices mark the present one by brackets. */
static void chosen(char *text)
{
	char *from = strpbrk(text, "[("), *to;

	text[strcspn(text, "\n")] = '\0';
	if (!from)
		return;
	to = strpbrk(from, "])");
	if (!to)
		return;
	*to = '\0';
	memmove(text, from + 1, strlen(from + 1) + 1);
}

/*
 * At the end, @text is to be written to @path. Several for one path are
 * written the last one first, so what was saved first prevails.
 */
int setting_undo(const char *path, const char *text)
{
	struct setting *s;
	int ret = 0;

	shared_lock();
	for (s = shared->setting; s < shared->setting + shared->count; s++)
		if (!strcmp(s->path, path) && !strcmp(s->text, text))
			goto out;
	if (shared->count == SETTINGS_MAX || strlen(path) >= PATH_BYTES ||
	    strlen(text) >= TEXT_BYTES) {
		errno = ENOSPC;
		ret = -1;
		goto out;
	}
	strcpy(s->path, path);
	strcpy(s->text, text);
	shared->count++;
out:
	shared_unlock();
	return ret;
}

static bool setting_known(const char *path)
{
	unsigned int i, count = shared->count;

	for (i = 0; i < count; i++)
		if (!strcmp(shared->setting[i].path, path))
			return true;
	return false;
}

/* Notes the present value of @path, if nobody has yet. */
int setting_save(const char *path)
{
	char old[1024];

	if (setting_known(path))
		return 0;
	if (file_get(path, old, sizeof(old)) < 0)
		return -1;
	chosen(old);
	return setting_undo(path, old);
}

/* What cannot be written need not be written back either. */
static void setting_forget(const char *path)
{
	struct setting *s, *end;

	shared_lock();
	end = shared->setting + shared->count;
	for (s = shared->setting; s < end; s++) {
		if (strcmp(s->path, path))
			continue;
		memmove(s, s + 1, (char *)end - (char *)(s + 1));
		shared->count--;
		break;
	}
	shared_unlock();
}

int setting_put(const char *path, const char *text)
{
	bool known = setting_known(path);
	int error;

	if (setting_save(path))
		return -1;
	if (!file_put(path, text))
		return 0;
	error = errno;
	if (!known)
		setting_forget(path);
	errno = error;
	return -1;
}

/* The last one first: a later setting may stand on an earlier one. */
void settings_restore(void)
{
	struct setting *s;

	while (shared->count) {
		s = &shared->setting[--shared->count];
		if (file_put(s->path, s->text))
			fail("%s: cannot write back %s", s->path, s->text);
	}
}
