// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/xemem.h>

#include "attach.h"

#define DEVICE		"/dev/xpmem"

static int request(unsigned long number, void *arg, const char *name)
{
	static int device = -1;

	if (device < 0)
		device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		return fail(DEVICE);
	return ioctl(device, number, arg) ? fail(name) : 0;
}

int device_make(void *address, size_t len, int64_t *segid)
{
	struct xpmem_ioc_make req = {
		.vaddr = (uintptr_t)address,
		.size = len,
		.permit_type = XPMEM_ABI_PERMIT_MODE,
		.permit_value = 0600,
	};

	if (request(XPMEM_IOC_MAKE, &req, "XPMEM_IOC_MAKE"))
		return -1;
	*segid = req.segid;
	return 0;
}

int device_get(int64_t segid, int64_t *apid)
{
	struct xpmem_ioc_get req = {
		.segid = segid,
		.flags = XPMEM_ABI_RDWR,
		.permit_type = XPMEM_ABI_PERMIT_MODE,
	};

	if (request(XPMEM_IOC_GET, &req, "XPMEM_IOC_GET"))
		return -1;
	*apid = req.apid;
	return 0;
}

void *device_attach(int64_t apid, size_t offset, size_t len,
		    unsigned int flags)
{
	struct xemem_attach req = {
		.apid = apid,
		.offset = offset,
		.size = len,
		.flags = flags,
	};

	if (request(XEMEM_IOC_ATTACH, &req, "XEMEM_IOC_ATTACH"))
		return NULL;
	return (void *)(uintptr_t)req.vaddr;
}

int device_detach(void *address)
{
	__u64 vaddr = (uintptr_t)address;

	return request(XPMEM_IOC_DETACH, &vaddr, "XPMEM_IOC_DETACH");
}

int device_release(int64_t apid)
{
	__s64 id = apid;

	return request(XPMEM_IOC_RELEASE, &id, "XPMEM_IOC_RELEASE");
}
