// SPDX-License-Identifier: GPL-2.0
#include <linux/xemem.h>

#include "../init/join.h"
#include "attach.h"

const struct importer importers[] = {
	{ .name = "eager", .way = WAY_EAGER, .lwk = true },
	{ .name = "lazy", .way = WAY_LAZY, .lwk = true },
	{ .name = "shm", .way = WAY_SHM, .lwk = true },
	{ .name = "vm_readv", .way = WAY_READV, .lwk = true },
	{ .name = "eager_linux", .way = WAY_EAGER },
	{ .name = "lazy_linux", .way = WAY_LAZY },
	{ .name = "shm_linux", .way = WAY_SHM },
	{ .name = "vm_readv_linux", .way = WAY_READV },
};

const size_t nr_importers = sizeof(importers) / sizeof(importers[0]);

int importer_enter(bool lwk)
{
	if (lwk)
		return join_core(CORE_LWK) < 0 ? -1 : 0;
	return machine_pin(0, CORE_ISOLATED, CORE_ISOLATED) ? fail("pin") : 0;
}

unsigned int importer_flags(const struct importer *importer)
{
	return importer->way == WAY_EAGER ? XEMEM_EAGER : XEMEM_LAZY;
}
