/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID 1 of the lab of attachments: what its parts offer each other.
 *
 * Functions that can fail return 0, or -1 after a message on the console.
 */
#ifndef BENCH_ATTACH_H
#define BENCH_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../init/init.h"
#include "../init/table.h"

/* tmpfs with pages of either size. */
#define SMALL_FILES	"/tmp/small"
#define LARGE_FILES	"/tmp/large"

/* device.c: requests to /dev/xpmem, which is opened with the first one */

/* All of [@address, @address + @len) for whoever may write it. */
int device_make(void *address, size_t len, int64_t *segid);
int device_get(int64_t segid, int64_t *apid);
/* NULL is a failure. @flags: of struct xemem_attach. */
void *device_attach(int64_t apid, size_t offset, size_t len,
		    unsigned int flags);
int device_detach(void *address);
int device_release(int64_t apid);

/* owner.c: the process whose memory it is */

/**
 * struct wanted - what memory is to be there for others
 * @len: bytes, a multiple of LARGE_PAGE.
 * @large: in large pages, else in small ones.
 * @file: of a tmpfs, and not anonymous.
 * @lwk: its owner is on the LWK core, with memory of its own, else on the
 *	isolated core.
 */
struct wanted {
	size_t len;
	bool large;
	bool file;
	bool lwk;
};

/**
 * struct owner - a process that waits for commands
 * @pid: its number.
 * @commands: where to write them.
 * @answers: where to read what it answers.
 * @address: of its memory, each page of which begins with a 1.
 * @len: bytes.
 * @segid: all of it.
 * @path: of the file, if it is one.
 */
struct owner {
	pid_t pid;
	int commands;
	int answers;
	char *address;
	size_t len;
	int64_t segid;
	const char *path;
};

int owner_start(struct owner *owner, const struct wanted *wanted);
/* The last page that is left; @insns: what that costs it. */
int owner_unmap_page(struct owner *owner, uint64_t *insns);
int owner_stop(struct owner *owner);

/* importer.c: the process that wants to read it */

enum way { WAY_EAGER, WAY_LAZY, WAY_SHM, WAY_READV };

/**
 * struct importer - who reads, and how
 * @name: of the figure.
 * @way: by which it gets at the memory.
 * @lwk: it is on the LWK core and the owner on Linux's; else the reverse.
 */
struct importer {
	const char *name;
	enum way way;
	bool lwk;
};

extern const struct importer importers[];
extern const size_t nr_importers;

int importer_enter(bool lwk);
/* Flags of struct xemem_attach. */
unsigned int importer_flags(const struct importer *importer);

/* cases.c */

/**
 * struct attach_case - what is measured
 * @name: of the figures, before the subject.
 * @len: of the memory, in bytes.
 * @large: of large pages, else of small ones.
 * @detach: measure the end, else the beginning and the first touch.
 */
struct attach_case {
	const char *name;
	size_t len;
	bool large;
	bool detach;
};

extern const struct attach_case cases[];
extern const size_t nr_cases;

/* Writes figures, unless the subject cannot do it. */
int case_measure(const struct attach_case *c, const struct importer *importer,
		 int port);

/* scale.c: very many attachments of one page each */

int scale_measure(const struct importer *importer, int port);

#endif
