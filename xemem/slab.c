// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: caches for its objects, each kind in one of its own, so that
 * /proc/slabinfo says how many there are.
 */
#include <linux/init.h>
#include <linux/slab.h>

#include "bill.h"
#include "xemem.h"

struct kmem_cache *xemem_caches[XEMEM_KINDS] __ro_after_init;

struct kind {
	const char *name;
	unsigned int size;
};

static const struct kind kinds[XEMEM_KINDS] __initconst = {
	[XEMEM_PROCESS] = { "xemem_process", sizeof(struct xemem_process) },
	[XEMEM_SEGMENT] = { "xemem_segment", sizeof(struct xemem_segment) },
	[XEMEM_PERMIT] = { "xemem_permit", sizeof(struct xemem_permit) },
	[XEMEM_ATTACHMENT] = {
		"xemem_attachment", sizeof(struct xemem_attachment)
	},
	[XEMEM_PIECE] = { "xemem_piece", sizeof(struct xemem_piece) },
	[XEMEM_WATCH] = { "xemem_watch", sizeof(struct xemem_watch) },
	[XEMEM_PAYER] = { "xemem_payer", sizeof(struct xemem_payer) },
	[XEMEM_BILL] = { "xemem_bill", sizeof(struct xemem_bill) },
};

/**
 * xemem_slab_init - be ready for the first object
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init xemem_slab_init(void)
{
	int i;

	for (i = 0; i < XEMEM_KINDS; i++) {
		xemem_caches[i] = kmem_cache_create(kinds[i].name,
						    kinds[i].size, 0,
						    SLAB_ACCOUNT |
						    SLAB_NO_MERGE, NULL);
		if (!xemem_caches[i])
			goto undo;
	}
	return 0;
undo:
	while (i--)
		kmem_cache_destroy(xemem_caches[i]);
	return -ENOMEM;
}
