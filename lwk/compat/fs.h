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

/* A dentry_operations.d_revalidate of that name; its arguments are not used. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define D_REVALIDATE(name) \
	int name(struct dentry *dentry, unsigned int flags)
#else
#define D_REVALIDATE(name) \
	int name(struct inode *dir, const struct qstr *qstr, \
		 struct dentry *dentry, unsigned int flags)
#endif

#endif /* LWK_COMPAT_FS_H */
