/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keep the emulator's other threads, and the host's clock, from the guest.
 */
#ifndef BENCH_PLUGIN_STILL_H
#define BENCH_PLUGIN_STILL_H

/*
 * From here to still_end() the emulator's main loop waits, so one of the
 * guest's CPUs has to have work all the time: it is the main loop that lets
 * time pass for a machine at rest. Called by the thread that runs the CPUs.
 * Without effect unless the plugin was preloaded, too.
 */
void still_begin(void);

/* May come without still_begin(), and more than once. */
void still_end(void);

/*
 * Instead of still_begin(): the main loop waits while any of the guest's CPUs
 * computes, and lets time pass while all rest.
 */
void still_while_busy(void);

#endif
