/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Brackets around the time that counts.
 *
 * Each is a no-operation instruction with an unusual displacement. Processors
 * do nothing with it; the emulator's plugin (bench/plugin) knows its bytes.
 */
#ifndef BENCH_MARKER_H
#define BENCH_MARKER_H

#define MARKER_BYTES	8

/* nopl DISPLACEMENT(%rax,%rax,1); the displacement is the last four bytes */
static const unsigned char marker_begin_bytes[MARKER_BYTES] = {
	0x0f, 0x1f, 0x84, 0x00, 0x01, 0x6b, 0x77, 0x4c
};

static const unsigned char marker_end_bytes[MARKER_BYTES] = {
	0x0f, 0x1f, 0x84, 0x00, 0x02, 0x6b, 0x77, 0x4c
};

static const unsigned char marker_step_bytes[MARKER_BYTES] = {
	0x0f, 0x1f, 0x84, 0x00, 0x03, 0x6b, 0x77, 0x4c
};

#if defined(__x86_64__)
static inline void marker_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x01, 0x6b, 0x77, 0x4c"
		     : : : "memory");
}

static inline void marker_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x02, 0x6b, 0x77, 0x4c"
		     : : : "memory");
}

/* One of the operations between the two is done. */
static inline void marker_step(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x03, 0x6b, 0x77, 0x4c"
		     : : : "memory");
}
#else
#error "marker: no harmless instruction is known for this architecture"
#endif

#endif
