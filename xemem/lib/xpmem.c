// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/* libxpmem: each function is one request. */
#include <assert.h>
#include <stdint.h>

#include <linux/xemem.h>

#include "device.h"
#include "xpmem.h"

static_assert(sizeof(void *) == 8, "XPMEM has no 32-bit interface");
static_assert(sizeof(off_t) == 8, "struct xpmem_addr has 16 bytes");
/* The numbers of xpmem.h are the kernel's. */
#define SAME(number, kernels) static_assert((number) == (kernels), #number)

SAME(XPMEM_RDONLY, XPMEM_ABI_RDONLY);
SAME(XPMEM_RDWR, XPMEM_ABI_RDWR);
SAME(XPMEM_PERMIT_MODE, XPMEM_ABI_PERMIT_MODE);
SAME(XPMEM_ERRNO_NOPROC, XPMEM_ABI_NOPROC);

int xpmem_init(void)
{
	return xpmem_device_fd() < 0 ? -1 : 0;
}

int xpmem_ioctl(int cmd, void *arg)
{
	return xpmem_device_ioctl((unsigned int)cmd, arg);
}

int xpmem_version(void)
{
	return xpmem_device_ioctl(XPMEM_IOC_VERSION, NULL);
}

xpmem_segid_t xpmem_make(void *vaddr, size_t size, int permit_type,
			 void *permit_value)
{
	struct xpmem_ioc_make make = {
		.vaddr = (uintptr_t)vaddr,
		.size = size,
		.permit_type = permit_type,
		.permit_value = (uintptr_t)permit_value,
	};

	if (xpmem_device_ioctl(XPMEM_IOC_MAKE, &make) < 0)
		return -1;
	return make.segid;
}

int xpmem_remove(xpmem_segid_t segid)
{
	return xpmem_device_ioctl(XPMEM_IOC_REMOVE, &segid);
}

xpmem_apid_t xpmem_get(xpmem_segid_t segid, int flags, int permit_type,
		       void *permit_value)
{
	struct xpmem_ioc_get get = {
		.segid = segid,
		.flags = flags,
		.permit_type = permit_type,
	};

	/* Some callers pass a mode here, which the kernel refuses. */
	(void)permit_value;
	if (xpmem_device_ioctl(XPMEM_IOC_GET, &get) < 0)
		return -1;
	return get.apid;
}

int xpmem_release(xpmem_apid_t apid)
{
	return xpmem_device_ioctl(XPMEM_IOC_RELEASE, &apid);
}

void *xpmem_attach(struct xpmem_addr addr, size_t size, void *vaddr)
{
	struct xpmem_ioc_attach attach = {
		.apid = addr.apid,
		.offset = addr.offset,
		.size = size,
		.vaddr = (uintptr_t)vaddr,
		.fd = xpmem_device_fd(),
	};

	if (attach.fd < 0 || xpmem_device_ioctl(XPMEM_IOC_ATTACH, &attach) < 0)
		return (void *)-1;
	return (void *)(uintptr_t)attach.vaddr;
}

int xpmem_detach(void *vaddr)
{
	__u64 address = (uintptr_t)vaddr;

	return xpmem_device_ioctl(XPMEM_IOC_DETACH, &address);
}
