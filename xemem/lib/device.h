/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/* The one descriptor of /dev/xpmem that a process has. */
#ifndef XPMEM_DEVICE_H
#define XPMEM_DEVICE_H

#define XPMEM_DEVICE_PATH	"/dev/xpmem"

/* Not for programs. */
#define XPMEM_HIDDEN		__attribute__((visibility("hidden")))

/* The descriptor, opened if need be; -1 with errno. It is only for show. */
XPMEM_HIDDEN int xpmem_device_fd(void);

/*
 * ioctl(2). Where the kernel has lost the process, opens the device again, and
 * repeats the request once.
 */
XPMEM_HIDDEN int xpmem_device_ioctl(unsigned int cmd, void *arg);

#endif /* XPMEM_DEVICE_H */
