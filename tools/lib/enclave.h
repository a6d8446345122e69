/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What configfs tells about an enclave. It may be unmounted or unreadable:
 * then all of this answers "unknown".
 */
#ifndef LWK_TOOLS_ENCLAVE_H
#define LWK_TOOLS_ENCLAVE_H

#include <stddef.h>
#include <sys/types.h>

#include <hwloc/bitmap.h>

/**
 * struct enclave - an enclave's name, and where enclaves are
 * @root: directory that has one directory per enclave
 * @name: its name
 */
struct enclave {
	const char *root;
	const char *name;
};

/* NULL if @name may be the name of an enclave, else why not. */
const char *enclave_name_error(const char *name);

/* Path of the enclave's directory, for free(); NULL without memory. */
char *enclave_dir(const struct enclave *enclave);

/* Text of the enclave's file @file, for free(); NULL with errno. */
char *enclave_read(const struct enclave *enclave, const char *file);

/* A file that holds a CPU list, for hwloc_bitmap_free(); NULL with errno. */
hwloc_bitmap_t enclave_read_cores(const struct enclave *enclave,
				  const char *file);

/* A file that holds one number; -1: unknown. */
long long enclave_read_number(const struct enclave *enclave,
			      const char *file);

/*
 * The processes that hold cores of the enclave, in @pids for free().
 * Returns how many; 0 also when unknown.
 */
size_t enclave_procs(const struct enclave *enclave, pid_t **pids);

/*
 * Names of all enclaves, sorted, "apps, boot", for free(); an empty text if
 * there are none, NULL when unknown.
 */
char *enclave_names(const char *root);

#endif /* LWK_TOOLS_ENCLAVE_H */
