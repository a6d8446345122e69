// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "textfile.h"

static char *read_proc(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return textfile_read(path);
}

char *process_name(pid_t pid)
{
	char *name = read_proc(pid, "comm");
	char *p;

	for (p = name; p && *p; p++) {
		if (!isprint((unsigned char)*p))
			*p = '?';
	}
	return name;
}

char *process_cores(pid_t pid)
{
	static const char key[] = "\nCpus_allowed_list:";
	char *status = read_proc(pid, "status");
	char *cores = NULL;
	char *p;

	p = status ? strstr(status, key) : NULL;
	if (p) {
		p += strlen(key);
		p += strspn(p, " \t");
		cores = strndup(p, strcspn(p, "\n"));
	}
	free(status);
	return cores;
}
