// SPDX-License-Identifier: GPL-2.0
/*
 * The interface to the byte: numbers and offsets are written down here once
 * more, from the table of XPMEM's interface, so that no edit of a header
 * changes them unseen. What does not hold does not compile.
 */
#include <assert.h>
#include <stddef.h>

#include <linux/xemem.h>

#include "tap.h"
#include "xpmem.h"

#define AT(type, field, offset) \
	static_assert(offsetof(struct type, field) == (offset), #type)
#define SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)
#define IS(number, value) static_assert((number) == (value), #number)

AT(xpmem_ioc_make, vaddr, 0);
AT(xpmem_ioc_make, size, 8);
AT(xpmem_ioc_make, permit_type, 16);
AT(xpmem_ioc_make, permit_value, 24);
AT(xpmem_ioc_make, segid, 32);
SIZE(xpmem_ioc_make, 40);

AT(xpmem_ioc_get, segid, 0);
AT(xpmem_ioc_get, flags, 8);
AT(xpmem_ioc_get, permit_type, 12);
AT(xpmem_ioc_get, permit_value, 16);
AT(xpmem_ioc_get, apid, 24);
SIZE(xpmem_ioc_get, 32);

AT(xpmem_ioc_attach, apid, 0);
AT(xpmem_ioc_attach, offset, 8);
AT(xpmem_ioc_attach, size, 16);
AT(xpmem_ioc_attach, vaddr, 24);
AT(xpmem_ioc_attach, fd, 32);
AT(xpmem_ioc_attach, flags, 36);
SIZE(xpmem_ioc_attach, 40);

IS(XPMEM_IOC_VERSION, 0x7800);
IS(XPMEM_IOC_MAKE, 0x7801);
IS(XPMEM_IOC_REMOVE, 0x7802);
IS(XPMEM_IOC_GET, 0x7803);
IS(XPMEM_IOC_RELEASE, 0x7804);
IS(XPMEM_IOC_ATTACH, 0x7805);
IS(XPMEM_IOC_DETACH, 0x7806);
IS(XPMEM_IOC_FORK_BEGIN, 0x7807);
IS(XPMEM_IOC_FORK_END, 0x7808);

/* The extensions have no implicit holes, on no architecture. */
SIZE(xemem_query, 32);
AT(xemem_make, name, 24);
AT(xemem_make, bell, 88);
AT(xemem_make, segid, 104);
SIZE(xemem_make, 112);
AT(xemem_attach, flags, 32);
SIZE(xemem_attach, 48);
AT(xemem_lookup, timeout_ms, 64);
AT(xemem_lookup, segid, 72);
SIZE(xemem_lookup, 80);
AT(xemem_segment_info, permits, 48);
AT(xemem_segment_info, name, 112);
SIZE(xemem_segment_info, 176);
SIZE(xemem_bell, 16);
SIZE(xemem_acl_entry, 16);
SIZE(xemem_acl, 32);
IS(XEMEM_IOC_QUERY, 0x80207840);
IS(XEMEM_IOC_MAKE, 0xc0707841);
IS(XEMEM_IOC_ATTACH, 0xc0307842);
IS(XEMEM_IOC_LOOKUP, 0xc0507843);
IS(XEMEM_IOC_LIST, 0xc0b07844);
IS(XEMEM_IOC_BELL, 0x40107845);
IS(XEMEM_IOC_RING, 0x40087846);
IS(XEMEM_IOC_ACL, 0x40207847);

/* What programs are compiled with. */
AT(xpmem_addr, apid, 0);
AT(xpmem_addr, offset, 8);
SIZE(xpmem_addr, 16);
static_assert(sizeof(xpmem_segid_t) == 8 && (xpmem_segid_t)-1 < 0, "segid");
static_assert(sizeof(xpmem_apid_t) == 8 && (xpmem_apid_t)-1 < 0, "apid");
IS(XPMEM_MAXADDR_SIZE, (size_t)-1);
IS(XPMEM_RDONLY, 1);
IS(XPMEM_RDWR, 2);
IS(XPMEM_PERMIT_MODE, 1);
IS(XPMEM_ERRNO_NOPROC, 2004);

int main(void)
{
	tap_plan(1);
	ok(true, "numbers, sizes and offsets are XPMEM's");
	return tap_status();
}
