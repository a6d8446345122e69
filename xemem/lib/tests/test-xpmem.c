// SPDX-License-Identifier: GPL-2.0
/* libxpmem: what arrives in the kernel, byte by byte, and what comes back. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "fake-device.h"
#include "tap.h"
#include "xpmem.h"

#define ADDRESS		((void *)0x7f0011223000)
#define MODE		((void *)0640)

/* The last request, and the bytes from @end on, which nobody may have sent. */
static bool asked(unsigned int cmd, unsigned int end)
{
	return fake.cmd == cmd &&
	       fake_field(end, 8) == 0xeeeeeeeeeeeeeeeeULL;
}

/* errno of the call before. */
static bool failed(bool is_failure, int error)
{
	return is_failure && errno == error;
}

static void test_open(void)
{
	fake.open = ENOENT;
	ok(failed(xpmem_version() == -1, ENOENT), "no device");
	ok(failed(xpmem_init() == -1, ENOENT), "no device at init");
	fake.open = 0;
	fake.plain = 1;
	ok(failed(xpmem_version() == -1, ENODEV), "an ordinary file");
	ok(fake.opens == 1 && fake.closes == 1, "... that is closed");
	fake.plain = 0;
	ok(xpmem_version() == 0x27004, "version, as the kernel returns it");
	ok(asked(0x7800, 0) && fake.opens == 2, "... and nothing else");
	ok(fake.flags == (O_RDWR | O_CLOEXEC), "closed on exec from the start");
	ok(!xpmem_init() && fake.opens == 2, "init once it is open");
	fake.version = -EIO;
	ok(failed(xpmem_version() == -1, EIO), "no version");
}

static void test_segment(void)
{
	ok(xpmem_make(ADDRESS, 0x5000, XPMEM_PERMIT_MODE, MODE) == FAKE_SEGID,
	   "make");
	ok(asked(0x7801, 40) && fake_field(0, 8) == 0x7f0011223000 &&
	   fake_field(8, 8) == 0x5000 && fake_field(16, 8) == 1 &&
	   fake_field(24, 8) == 0640 && !fake_field(32, 8),
	   "... each argument at its place");
	ok(xpmem_make(NULL, XPMEM_MAXADDR_SIZE, 1, (void *)0666) ==
	   FAKE_SEGID && !fake_field(0, 8) && fake_field(8, 8) == UINT64_MAX,
	   "make of the whole address space");
	ok(!xpmem_remove(FAKE_SEGID), "remove");
	ok(asked(0x7802, 8) && fake_field(0, 8) == FAKE_SEGID,
	   "... at its place");
}

static void test_permit(void)
{
	ok(xpmem_get(FAKE_SEGID, XPMEM_RDWR, 1, MODE) == FAKE_APID, "get");
	ok(asked(0x7803, 32) && fake_field(0, 8) == FAKE_SEGID &&
	   fake_field(8, 4) == 2 && fake_field(12, 4) == 1 &&
	   !fake_field(24, 8), "... each argument at its place");
	ok(!fake_field(16, 8), "... and no permit value, whatever the caller's");
	ok(!xpmem_release(FAKE_APID), "release");
	ok(asked(0x7804, 8) && fake_field(0, 8) == FAKE_APID,
	   "... at its place");
}

static void test_attachment(void)
{
	struct xpmem_addr addr = {
		.apid = FAKE_APID, .offset = 0x7f0011223000,
	};

	ok(xpmem_attach(addr, 0x5001, NULL) == (void *)FAKE_ADDRESS, "attach");
	ok(asked(0x7805, 40) && fake_field(0, 8) == FAKE_APID &&
	   fake_field(8, 8) == 0x7f0011223000 && fake_field(16, 8) == 0x5001 &&
	   !fake_field(24, 8), "... each argument at its place");
	ok(fake_field(32, 4) == (uint64_t)fake.fd && !fake_field(36, 4),
	   "... with the device's descriptor, and no flags");
	xpmem_attach(addr, 0x1000, ADDRESS);
	ok(fake_field(24, 8) == 0x7f0011223000, "attach at an address");
	ok(!xpmem_detach((void *)FAKE_ADDRESS), "detach");
	ok(asked(0x7806, 8) && fake_field(0, 8) == FAKE_ADDRESS,
	   "... at its place");
}

static void test_errors(void)
{
	struct xpmem_addr addr = { .apid = FAKE_APID };
	int requests = fake.requests;

	fake.error = EACCES;
	ok(failed(xpmem_make(NULL, 1, 1, NULL) == -1, EACCES), "make fails");
	ok(failed(xpmem_remove(1) == -1, EACCES), "remove fails");
	ok(failed(xpmem_get(1, 1, 1, NULL) == -1, EACCES), "get fails");
	ok(failed(xpmem_release(1) == -1, EACCES), "release fails");
	ok(failed(xpmem_attach(addr, 1, NULL) == (void *)-1, EACCES),
	   "attach fails");
	ok(failed(xpmem_detach(NULL) == -1, EACCES), "detach fails");
	ok(fake.requests == requests + 6, "each is asked once");
	fake.error = 0;
	ok(failed(xpmem_ioctl(0x7877, NULL) == -1, ENOTTY), "unknown request");
	ok(fake.opens == 2 && fake.closes == 1, "one descriptor for all");
}

int main(void)
{
	tap_plan(34);
	test_open();
	test_segment();
	test_permit();
	test_attachment();
	test_errors();
	return tap_status();
}
