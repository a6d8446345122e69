// SPDX-License-Identifier: GPL-2.0
/*
 * The emulator runs one virtual CPU after the other. A busy one keeps it until
 * the next timer of the machine is due, up to 100 ms; an interrupt that others
 * wait for would take as long. A timer that interrupts nobody bounds that.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "init.h"

#define HPET_BASE	0xfed00000
#define HPET_BYTES	1024
#define HPET_PERIOD	0x004	/* femtoseconds for one tick */
#define HPET_CONFIG	0x010
#define HPET_CONFIG_ON	1
#define HPET_TIMER2	0x140
#define HPET_TIMER2_AT	0x148
#define TIMER_PERIODIC	0x08
#define TIMER_SET	0x40	/* the next value is the period, too */

#define SLICE_FS	10000000000ULL	/* 10 us */

/* The registers of an HPET are whole words. */
static inline volatile uint32_t *word(void *hpet, unsigned int at)
{
	return (volatile uint32_t *)((char *)hpet + at);
}

int slices_bound(void)
{
	uint32_t period, ticks;
	void *hpet;
	int fd;

	fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return fail("/dev/mem");
	hpet = mmap(NULL, HPET_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    HPET_BASE);
	close(fd);
	if (hpet == MAP_FAILED)
		return fail("/dev/mem: HPET");
	period = *word(hpet, HPET_PERIOD);
	if (!period || period == UINT32_MAX) {
		munmap(hpet, HPET_BYTES);
		return fail_with("/dev/mem", "HPET", "there is none");
	}
	ticks = SLICE_FS / period;
	/* The interrupt enable bit of the timer stays off. */
	*word(hpet, HPET_TIMER2) = TIMER_PERIODIC | TIMER_SET;
	*word(hpet, HPET_TIMER2_AT) = ticks;
	*word(hpet, HPET_TIMER2_AT) = ticks;
	*word(hpet, HPET_CONFIG) = HPET_CONFIG_ON;
	munmap(hpet, HPET_BYTES);
	return 0;
}
