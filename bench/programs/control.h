/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page that a measuring program shares with whoever starts and stops it, so
 * that neither needs a system call while the time counts.
 */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include <stdint.h>

#define CONTROL_BYTES	4096
#define CONTROL_LINE	128	/* bytes that two cores do not share */

/**
 * struct control - the page
 * @begun: the program measures now; written once, by its first thread
 * @apart: keeps the two out of one cache line
 * @stop: end the measurement; written by the other side
 */
struct control {
	volatile uint32_t begun;
	unsigned char apart[CONTROL_LINE - sizeof(uint32_t)];
	volatile uint32_t stop;
};

#endif
