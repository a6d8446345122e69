// SPDX-License-Identifier: GPL-2.0
/* libxemem: what arrives in the kernel, and what comes back. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fake-device.h"
#include "tap.h"
#include "xemem.h"

#define LONGEST	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void test_no_device(void)
{
	struct xemem_segment_info segment = { 0 };

	fake.open = ENOENT;
	ok(xemem_lookup("here", 0) == -1 && errno == ENODEV,
	   "no device is not: no such segment");
	ok(xemem_next(&segment) == -1 && errno == ENODEV,
	   "... nor the end of the list");
	fake.open = EACCES;
	ok(xemem_ring(FAKE_APID) == -1 && errno == EACCES,
	   "a device of others");
	fake.open = 0;
}

static void test_make(void)
{
	void *address = (void *)0x7f0011223000;

	ok(xemem_make(address, 0x5000, 0640, "cg/field", 7, XEMEM_FROZEN) ==
	   FAKE_SEGID, "make");
	ok(fake.cmd == XEMEM_IOC_MAKE && fake_field(0, 8) == 0x7f0011223000 &&
	   fake_field(8, 8) == 0x5000 && fake_field(16, 4) == 0640 &&
	   fake_field(20, 4) == 1 && fake_field(88, 4) == 7,
	   "... each argument at its place");
	is_str((char *)fake.arg + 24, "cg/field", "... the name, too");
	ok(!fake_field(92, 8) && !fake_field(100, 4), "... the rest is 0");
	ok(xemem_make(NULL, 0, 0600, NULL, -1, 0) == FAKE_SEGID &&
	   !fake.arg[24] && fake_field(88, 4) == 0xffffffff,
	   "make without name or bell");
	ok(xemem_make(NULL, 4096, 0600, LONGEST, -1, 0) == FAKE_SEGID,
	   "make with the longest name");
	is_str((char *)fake.arg + 24, LONGEST, "... that arrives");
	fake.requests = 0;
	ok(xemem_make(NULL, 4096, 0600, LONGEST "f", -1, 0) == -1 &&
	   errno == ENAMETOOLONG && !fake.requests, "make with a longer one");
}

static void test_attach(void)
{
	struct xpmem_addr addr = { .apid = FAKE_APID, .offset = 0x3000 };

	ok(xemem_attach(addr, 0x5000, (void *)0x10000,
			XEMEM_EAGER | XEMEM_READ) == (void *)FAKE_ADDRESS,
	   "attach");
	ok(fake.cmd == XEMEM_IOC_ATTACH && fake_field(0, 8) == FAKE_APID &&
	   fake_field(8, 8) == 0x3000 && fake_field(16, 8) == 0x5000 &&
	   fake_field(24, 8) == 0x10000 && fake_field(32, 4) == 5 &&
	   !fake_field(36, 4) && !fake_field(40, 8),
	   "... each argument at its place");
	fake.error = EFAULT;
	ok(xemem_attach(addr, 4096, NULL, 0) == (void *)-1 && errno == EFAULT,
	   "attach fails");
	fake.error = 0;
}

static void test_lookup(void)
{
	ok(xemem_lookup("here", 0) == FAKE_SEGID, "lookup");
	ok(fake.cmd == XEMEM_IOC_LOOKUP && !fake_field(64, 8) &&
	   !strcmp((char *)fake.arg, "here"),
	   "... each argument at its place, without waiting");
	ok(xemem_lookup("none", 0) == -1 && errno == ENOENT, "lookup in vain");
	ok(xemem_lookup_of("here", FAKE_OWNER, 0) == FAKE_SEGID,
	   "lookup of a user's");
	ok(fake_field(68, 4) == XEMEM_OWNER && fake_field(72, 4) == FAKE_OWNER,
	   "... whose number is at its place");
	ok(xemem_lookup_of("here", 0, 0) == -1 && errno == ENOENT,
	   "lookup of another user's");
	fake.lookups = 0;
	ok(xemem_lookup("none", 30) == -1 && errno == ETIMEDOUT,
	   "lookup for 30 ms in vain");
	ok(fake.lookups == 1 && fake_field(64, 4) <= 30 &&
	   fake_field(64, 4) >= 20, "... which the kernel waits");
	fake.lookups = 0;
	fake.after = 3;
	ok(xemem_lookup("late", -1) == FAKE_SEGID && fake.lookups == 3,
	   "lookup for ever, and it comes");
	ok(fake_field(64, 4) == 1000, "... in portions");
	fake.lookups = 0;
	ok(xemem_lookup("late", 60000) == FAKE_SEGID && fake.lookups == 3 &&
	   fake_field(64, 4) == 1000, "lookup for a minute, and it comes");
	fake.error = EINTR;
	ok(xemem_lookup("here", -1) == -1 && errno == EINTR,
	   "lookup, and a signal");
	fake.error = 0;
	ok(xemem_lookup("here", -2) == -1 && errno == EINVAL,
	   "lookup for a negative time");
	ok(xemem_lookup(LONGEST "f", 0) == -1 && errno == ENAMETOOLONG,
	   "lookup of a name that is too long");
}

static void test_list(void)
{
	struct xemem_segment_info segment = { 0 };

	ok(xemem_next(&segment) == 1 && segment.segid == 0x1000004d2,
	   "the first in the list");
	is_str(segment.name, "cg/field", "... with its name");
	ok(xemem_next(&segment) == 1 && segment.segid == 0x2000004d2,
	   "the second");
	ok(fake_field(0, 8) == 0x1000004d2 && !fake_field(16, 8) &&
	   !fake.arg[112], "... asked for by the first, and nothing else");
	ok(xemem_next(&segment) == 1 && xemem_next(&segment) == 0,
	   "the third is the last");
	ok(segment.segid == 0x3000004d2, "... and stays");
	fake.error = EPERM;
	ok(xemem_next(&segment) == -1 && errno == EPERM, "no list");
	fake.error = 0;
}

static void test_others(void)
{
	struct xemem_acl_entry entries[2] = {
		{ .kind = XEMEM_ACL_GROUP, .id = 5, .rights = XPMEM_RDWR },
	};
	struct xemem_query query;

	ok(!xemem_query(&query) && query.domain == 1 &&
	   query.features & XEMEM_HAS_NAMES, "query");
	ok(!xemem_bell(FAKE_SEGID, 9) && fake.cmd == XEMEM_IOC_BELL &&
	   fake_field(0, 8) == FAKE_SEGID && fake_field(8, 4) == 9 &&
	   !fake_field(12, 4), "bell");
	ok(!xemem_ring(FAKE_APID) && fake.cmd == XEMEM_IOC_RING &&
	   fake_field(0, 8) == FAKE_APID, "ring");
	ok(!xemem_acl(FAKE_SEGID, entries, 2) && fake.cmd == XEMEM_IOC_ACL &&
	   fake_field(0, 8) == FAKE_SEGID &&
	   fake_field(8, 8) == (uintptr_t)entries && fake_field(16, 4) == 2 &&
	   !fake_field(20, 8), "acl");
	fake.error = ENOTTY;
	ok(xemem_query(&query) == -1 && errno == ENOTTY, "XPMEM alone");
	fake.error = 0;
	ok(fake.opens == 1 && !fake.closes && !xpmem_init() && fake.opens == 1,
	   "one descriptor, also for libxpmem");
}

int main(void)
{
	tap_plan(41);
	test_no_device();
	test_make();
	test_attach();
	test_lookup();
	test_list();
	test_others();
	return tap_status();
}
