/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for the tests of the libraries and of xemem(1): it defines open(2),
 * fstat(2), ioctl(2) and close(2) for the program that it is linked into.
 *
 * What it knows of XPMEM: to open the device gives the process state, to close
 * any descriptor of it takes the state away, a fork has none, and to make or
 * get without is answered with 2004. A program sets what else it is to answer;
 * FAKE_NAME=NUMBER in the environment sets the member of that name at start.
 */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include <stdint.h>

/* What is in the ids and addresses that it gives. */
#define FAKE_SEGID	0x1234500000042LL
#define FAKE_OWNER	4242
#define FAKE_APID	0x1234600000042LL
#define FAKE_ADDRESS	0x7f1234560000ULL

/**
 * struct fake - what it is to answer, and what it has seen
 * @open: errno of open()
 * @plain: the device is an ordinary file
 * @error: errno of all requests but that for the version
 * @version: answer to that; negative: an errno
 * @lost: so many requests more find no state
 * @meet: who finds no state waits until so many did
 * @after: from which lookup on the name "late" is there; 0: never
 * @pid: owner of the segments in the list
 * @segments: how many there are, at most 3
 * @opens: how often the device was opened
 * @closes: how often it was closed
 * @most: the most descriptors of it at once
 * @flags: those of the last open()
 * @requests: how many there were
 * @lookups: how many of them were that
 * @cmd: the last one
 * @fd: its descriptor
 * @arg: its argument as it came
 */
struct fake {
	int open;
	int plain;
	int error;
	int version;
	int lost;
	int meet;
	int after;
	int pid;
	int segments;
	int opens;
	int closes;
	int most;
	int flags;
	int requests;
	int lookups;
	unsigned int cmd;
	int fd;
	unsigned char arg[256];
};

extern struct fake fake;

/* The process has no state any more. */
void fake_lose(void);

/* Number of @size bytes at @offset of the last argument. */
uint64_t fake_field(unsigned int offset, unsigned int size);

#endif /* FAKE_DEVICE_H */
