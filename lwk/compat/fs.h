/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files, by the names of the newest release that is supported.
 */
#ifndef LWK_COMPAT_FS_H
#define LWK_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define inode_just_drop		generic_delete_inode
#endif

#endif /* LWK_COMPAT_FS_H */
