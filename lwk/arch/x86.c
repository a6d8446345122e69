// SPDX-License-Identifier: GPL-2.0
/*
 * The x86 half of boot-time isolation, of deferred broadcasts and of the
 * account of interruptions.
 */
#include <linux/init.h>
#include <linux/kernel_stat.h>
#include <asm/hardirq.h>
#include <asm/processor-flags.h>
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

/**
 * lwk_arch_pay - do what another core wanted to interrupt this one for
 * @due: LWK_DEBT_SYNC, LWK_DEBT_TLB.
 *
 * A write to CR4 serialises, and one that changes PGE flushes all mappings,
 * the global ones included. sync_core() is of no use here: it may return by
 * IRET, which would unblock NMIs in the entry of one.
 *
 * Context: kernel entry: no instrumentation, interrupts off, or NMI.
 */
noinstr void lwk_arch_pay(int due)
{
	unsigned long cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	if (due & LWK_DEBT_TLB)
		asm volatile("mov %0, %%cr4" : : "r" (cr4 ^ X86_CR4_PGE) :
			     "memory");
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
}

/**
 * lwk_arch_set_argument - a system call is to be another one
 * @regs: of user mode.
 * @value: its first argument, of 64 bits.
 *
 * Context: entry from user mode.
 */
void lwk_arch_set_argument(struct pt_regs *regs, unsigned long value)
{
	regs->di = value;
}

/**
 * lwk_arch_irq_counts - how many interrupts has this core taken?
 * @count: by &enum lwk_kind; kinds that are not interrupts stay as they are.
 *
 * Context: interrupts off.
 */
void lwk_arch_irq_counts(u32 count[LWK_NR_KINDS])
{
	const irq_cpustat_t *stat = this_cpu_ptr(&irq_stat);

	count[LWK_KIND_TIMER] = stat->apic_timer_irqs;
	count[LWK_KIND_TLB] = stat->irq_tlb_count;
	/* Counted here too, see /proc/interrupts. */
	count[LWK_KIND_CALL] = stat->irq_call_count - stat->irq_tlb_count;
	count[LWK_KIND_RESCHED] = stat->irq_resched_count;
	count[LWK_KIND_IRQ_WORK] = stat->apic_irq_work_irqs;
	count[LWK_KIND_NMI] = stat->__nmi_count;
	count[LWK_KIND_DEVICE] = kstat_this_cpu->irqs_sum;
	count[LWK_KIND_OTHER] = arch_irq_stat_cpu(smp_processor_id()) -
		count[LWK_KIND_TIMER] - stat->irq_call_count -
		count[LWK_KIND_RESCHED] - count[LWK_KIND_IRQ_WORK] -
		count[LWK_KIND_NMI];
}
