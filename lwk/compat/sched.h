/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scheduler; after its own header.
 */
#ifndef LWK_COMPAT_SCHED_H
#define LWK_COMPAT_SCHED_H

#include <linux/version.h>

/*
 * Run queue locked, the server stopped and without a runtime. It is not to be
 * started any more; a newer kernel arms its timer whatever runtime it has,
 * and an older one sets up anew what is not known to be a server.
 */
static inline void compat_forbid_server(struct sched_dl_entity *server)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	server->dl_server = 0;
	server->dl_defer = 0;
#endif
}

#endif /* LWK_COMPAT_SCHED_H */
