// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 half of boot-time isolation.
 */
#include <linux/init.h>
#include <asm/tsc.h>

#include "../internal.h"

/**
 * lwk_arch_isolate - imply what silence needs of this architecture
 *
 * tsc=reliable: the watchdog of the TSC is a timer that visits every core,
 * and a TSC in doubt keeps the tick alive on all of them. A machine whose
 * TSC is not to be trusted says so itself or by tsc=unstable, which is
 * evaluated later and wins.
 *
 * Context: boot, before the TSC is set up.
 */
void __init lwk_arch_isolate(void)
{
	tsc_clocksource_reliable = 1;
}
