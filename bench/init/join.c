// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/lwk.h>

#include "init.h"
#include "join.h"

int join_core(int core)
{
	uint64_t mask = UINT64_C(1) << core;
	struct lwk_join req = {
		.size = sizeof(req),
		.enclave = LWK_ENCLAVE_BOOT,
		.quantum_us = LWK_QUANTUM_DEFAULT,
		.cpumask_len = sizeof(mask),
		.cpumask = (uintptr_t)&mask,
	};
	int dev = open("/dev/lwk", O_RDWR | O_CLOEXEC);

	if (dev < 0)
		return fail("/dev/lwk");
	if (ioctl(dev, LWK_IOC_JOIN, &req))
		return fail("LWK_IOC_JOIN");
	return dev;
}
