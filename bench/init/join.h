/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_INIT_JOIN_H
#define BENCH_INIT_JOIN_H

/*
 * Reserves @core of the enclave that boot made, and moves there. Returns the
 * device through which that was done, or a negative number after a message.
 */
int join_core(int core);

#endif /* BENCH_INIT_JOIN_H */
