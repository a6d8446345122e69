/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The LWK's part of entry and exit. It defines what <linux/entry-common.h>
 * leaves to architectures and x86 leaves to the default.
 */
#ifndef _LINUX_LWK_ENTRY_H
#define _LINUX_LWK_ENTRY_H

#include <linux/bits.h>
#include <linux/thread_info.h>

struct pt_regs;

#ifdef CONFIG_LWK

/*
 * Both are tested together with bits that Linux tests anyway. They are free
 * there, and below bit 31 so that the tests stay as short as they are.
 */
#define SYSCALL_WORK_BIT_LWK		30
#define SYSCALL_WORK_LWK		BIT(SYSCALL_WORK_BIT_LWK)
#define ARCH_SYSCALL_WORK_ENTER		SYSCALL_WORK_LWK

#define TIF_LWK_HOME			30
#define _TIF_LWK_HOME			BIT(TIF_LWK_HOME)
#define ARCH_EXIT_TO_USER_MODE_WORK	_TIF_LWK_HOME

void __lwk_syscall_enter(const struct pt_regs *regs, long nr,
			 unsigned long work);
void __lwk_go_home(void);

/*
 * A member is about to be served. True if that is all there is to do before
 * the call. Interrupts on, may sleep.
 */
static __always_inline bool lwk_syscall_enter(const struct pt_regs *regs,
					      long nr, unsigned long work)
{
	if (!(work & SYSCALL_WORK_LWK))
		return false;
	__lwk_syscall_enter(regs, nr, work);
	return work == SYSCALL_WORK_LWK;
}

/* All other work has been done. Interrupts on, may sleep. */
static __always_inline void arch_exit_to_user_mode_work(struct pt_regs *regs,
							unsigned long ti_work)
{
	if ((ti_work & _TIF_LWK_HOME) && test_thread_flag(TIF_LWK_HOME))
		__lwk_go_home();
}

#define arch_exit_to_user_mode_work arch_exit_to_user_mode_work

#else /* CONFIG_LWK */

static __always_inline bool lwk_syscall_enter(const struct pt_regs *regs,
					      long nr, unsigned long work)
{
	return false;
}

#endif /* CONFIG_LWK */

#endif /* _LINUX_LWK_ENTRY_H */
