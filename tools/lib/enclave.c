// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/lwk.h>

#include "cpulist.h"
#include "enclave.h"
#include "textfile.h"

const char *enclave_name_error(const char *name)
{
	if (!*name)
		return "it is empty";
	if (strlen(name) >= LWK_NAME_MAX)
		return "it is too long";
	if (name[0] == '.' || strchr(name, '/'))
		return "it has a '/' or begins with '.'";
	return NULL;
}

char *enclave_dir(const struct enclave *enclave)
{
	char *path;

	if (asprintf(&path, "%s/%s", enclave->root, enclave->name) < 0)
		return NULL;
	return path;
}

char *enclave_read(const struct enclave *enclave, const char *file)
{
	char *path, *text;
	int error;

	if (asprintf(&path, "%s/%s/%s", enclave->root, enclave->name,
		     file) < 0)
		return NULL;
	text = textfile_read(path);
	error = errno;
	free(path);
	errno = error;
	return text;
}

hwloc_bitmap_t enclave_read_cores(const struct enclave *enclave,
				  const char *file)
{
	char *text = enclave_read(enclave, file);
	struct cpulist_error error;
	hwloc_bitmap_t set = NULL;

	if (text)
		set = hwloc_bitmap_alloc();
	if (set && cpulist_parse(text, set, &error) < 0) {
		hwloc_bitmap_free(set);
		set = NULL;
		errno = EINVAL;
	}
	free(text);
	return set;
}

long long enclave_read_number(const struct enclave *enclave,
			      const char *file)
{
	char *text = enclave_read(enclave, file);
	long long value = -1;
	char *end;

	if (text && *text) {
		errno = 0;
		value = strtoll(text, &end, 10);
		if (*end || errno || value < 0)
			value = -1;
	}
	free(text);
	return value;
}

size_t enclave_procs(const struct enclave *enclave, pid_t **pids)
{
	char *text = enclave_read(enclave, "procs");
	size_t nr = 0;
	char *p, *end;
	long pid;

	*pids = NULL;
	if (!text)
		return 0;
	/* A line is two bytes at least: this is room enough. */
	*pids = calloc(strlen(text) / 2 + 1, sizeof(**pids));
	for (p = text; *pids && *p; p = end) {
		pid = strtol(p, &end, 10);
		if (end == p)
			break;
		(*pids)[nr++] = (pid_t)pid;
	}
	free(text);
	return nr;
}

static int is_enclave(const struct dirent *entry)
{
	if (entry->d_name[0] == '.')
		return 0;
	return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
}

char *enclave_names(const char *root)
{
	struct dirent **entries;
	char *names = NULL;
	size_t size = 0;
	FILE *stream;
	int i, nr;

	nr = scandir(root, &entries, is_enclave, alphasort);
	if (nr < 0)
		return NULL;
	stream = open_memstream(&names, &size);
	for (i = 0; i < nr; i++) {
		if (stream)
			fprintf(stream, "%s%s", i ? ", " : "",
				entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (stream)
		fclose(stream);
	return names;
}
