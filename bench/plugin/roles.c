// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "roles.h"

/* A name, or with a star at its end all names that begin so. */
struct rule {
	const char *name;
	uint32_t roles;
};

static const struct rule rules[] = {
	/* the machine stops or boots */
	{ "panic", ROLE_LAST },

	/* calls through pointers, returns, tracing */
	{ "__x86_*", ROLE_CLEAR },
	{ "__fentry__", ROLE_CLEAR },
	{ "ftrace_caller", ROLE_CLEAR },
	{ "ftrace_regs_caller", ROLE_CLEAR },

	/* the way in from the hardware */
	{ "asm_*", ROLE_PLUMBING },
	{ "entry_*", ROLE_PLUMBING },
	{ "error_entry", ROLE_PLUMBING },
	{ "error_return", ROLE_PLUMBING },
	{ "paranoid_*", ROLE_PLUMBING },
	{ "sync_regs", ROLE_PLUMBING },
	{ "fixup_bad_iret", ROLE_PLUMBING },
	{ "swapgs_*", ROLE_PLUMBING },
	{ "do_syscall_64", ROLE_PLUMBING },
	{ "irqentry_*", ROLE_PLUMBING },
	{ "irq_enter*", ROLE_PLUMBING },
	{ "irq_entries_start", ROLE_PLUMBING },
	{ "ct_*", ROLE_PLUMBING },
	{ "__ct_*", ROLE_PLUMBING },
	{ "lwk_kernel_enter*", ROLE_PLUMBING },
	{ "x64_sys_call", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "common_interrupt", ROLE_PLUMBING },
	{ "__common_interrupt", ROLE_PLUMBING },

	/* what calls the functions that others have asked for */
	{ "__flush_smp_call_function_queue", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "irq_work_single", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "__hrtimer_run_queues", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "call_timer_fn", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "__handle_irq_event_percpu", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "process_one_work", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "cpu_stopper_thread", ROLE_PLUMBING | ROLE_DISPATCH },
	{ "handle_softirqs", ROLE_PLUMBING | ROLE_DISPATCH },

	/* and what those call beside them */
	{ "_raw_spin_*", ROLE_PLUMBING },
	{ "llist_*", ROLE_PLUMBING },
	{ "rb_*", ROLE_PLUMBING },
	{ "timerqueue_*", ROLE_PLUMBING },
	{ "__remove_hrtimer", ROLE_PLUMBING },
	{ "enqueue_hrtimer", ROLE_PLUMBING },
	{ "kick_pool", ROLE_PLUMBING },
	{ "sized_strscpy", ROLE_PLUMBING },
	{ "strscpy*", ROLE_PLUMBING },
	{ "native_sched_clock", ROLE_PLUMBING },
	{ "sched_clock*", ROLE_PLUMBING },
	{ "irqtime_*", ROLE_PLUMBING },
	{ "vtime_*", ROLE_PLUMBING },
	{ "csd_*", ROLE_PLUMBING },
	{ "cpu_stop_signal_done", ROLE_PLUMBING },
	{ "wakeup_softirqd", ROLE_PLUMBING },

	/* handlers that only hand on */
	{ "tick_nohz_handler", ROLE_WEAK },
	{ "sched_ttwu_pending", ROLE_WEAK },
	{ "nohz_csd_func", ROLE_WEAK },
	{ "nohz_full_kick_func", ROLE_WEAK },
	{ "run_timer_softirq", ROLE_WEAK },
	{ "tmigr_*", ROLE_WEAK },
	{ "sched_balance_softirq", ROLE_WEAK },
	{ "rcu_core_si", ROLE_WEAK },
	{ "tasklet_*", ROLE_WEAK },
	{ "__x64_sys_*", ROLE_WEAK },

	/* the instructions that make another core stop are in these */
	{ "native_send_call_func_ipi", ROLE_SENDING | ROLE_CALL_MANY },
	{ "native_send_call_func_single_ipi", ROLE_SENDING | ROLE_CALL_ONE },
	{ "native_smp_send_reschedule", ROLE_SENDING | ROLE_RESCHEDULE },
	{ "arch_irq_work_raise", ROLE_SENDING | ROLE_IRQ_WORK },
	{ "nmi_raise_cpu_backtrace", ROLE_SENDING | ROLE_NMI },

	/* and between them and whoever wants it */
	{ "smp_call_*", ROLE_SENDING },
	{ "__smp_call_*", ROLE_SENDING },
	{ "generic_exec_single", ROLE_SENDING },
	{ "send_call_function_*", ROLE_SENDING },
	{ "on_each_cpu*", ROLE_SENDING },
	{ "kick_all_cpus_sync", ROLE_SENDING },
	{ "flush_tlb_*", ROLE_SENDING },
	{ "native_flush_tlb_*", ROLE_SENDING },
	{ "text_poke_sync*", ROLE_SENDING },
	{ "smp_text_poke_sync*", ROLE_SENDING },
	{ "lwk_defer_*", ROLE_SENDING },
	{ "irq_work_queue*", ROLE_SENDING },
	{ "__irq_work_queue*", ROLE_SENDING },
	{ "resched_c*", ROLE_SENDING },
	{ "__resched_c*", ROLE_SENDING },
	{ "check_preempt_*", ROLE_SENDING },
	{ "wakeup_preempt*", ROLE_SENDING },
	{ "kick_process", ROLE_SENDING },
	{ "ttwu_*", ROLE_SENDING },
	{ "__ttwu_*", ROLE_SENDING },
	{ "try_to_wake_up", ROLE_SENDING },
	{ "wake_up_*", ROLE_SENDING },
	{ "__wake_up_*", ROLE_SENDING },
	{ "default_wake_function", ROLE_SENDING },
	{ "autoremove_wake_function", ROLE_SENDING },
	{ "swake_up_*", ROLE_SENDING },
	{ "complete*", ROLE_SENDING },
	{ "kick_pool", ROLE_SENDING },
	{ "insert_work", ROLE_SENDING },
	{ "__queue_work", ROLE_SENDING },
	{ "queue_work_on", ROLE_SENDING },
	{ "__queue_delayed_work", ROLE_SENDING },
	{ "queue_delayed_work_on", ROLE_SENDING },
	{ "schedule_on_each_cpu", ROLE_SENDING },
	{ "cpu_stop_queue_work", ROLE_SENDING },
	{ "__cpu_stop_queue_work", ROLE_SENDING },
	{ "queue_stop_cpus_work", ROLE_SENDING },
	{ "__stop_cpus*", ROLE_SENDING },
	{ "stop_cpus*", ROLE_SENDING },
	{ "stop_machine*", ROLE_SENDING },
	{ "stop_one_cpu*", ROLE_SENDING },
	{ "nmi_trigger_cpumask_backtrace", ROLE_SENDING },
	{ "arch_trigger_cpumask_backtrace", ROLE_SENDING },
};

/* In the order of the sending roles. */
static const char * const entries[ROLE_SEND_KINDS] = {
	"asm_sysvec_call_function",
	"asm_sysvec_call_function_single",
	"asm_sysvec_reschedule_ipi",
	"asm_sysvec_irq_work",
	"asm_exc_nmi",
};

static bool matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(pattern, name, length - 1);
	return !strcmp(pattern, name);
}

uint32_t roles_of(const char *name)
{
	uint32_t roles = 0;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (matches(rules[i].name, name))
			roles |= rules[i].roles;
	return roles;
}

int roles_kind_of_entry(const char *entry)
{
	for (int i = 0; i < ROLE_SEND_KINDS; i++)
		if (!strcmp(entries[i], entry))
			return i;
	return -1;
}
