// SPDX-License-Identifier: GPL-2.0
/*
 * When the last filter on trace events goes, all cores are interrupted to
 * take a buffer away from each. Holding the buffers costs a page for each
 * core.
 */
#include <linux/init.h>
#include <linux/mutex.h>

#include "trace.h"
#include "internal.h"

/* Late boot, process context. */
void __init lwk_hold_event_buffers(void)
{
	guard(mutex)(&event_mutex);
	trace_buffered_event_enable();
}
