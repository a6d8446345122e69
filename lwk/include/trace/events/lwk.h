/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lwk

#if !defined(_TRACE_LWK_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LWK_H

#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

/* A valid request to join got its cores, or why it did not. */
TRACE_EVENT(lwk_join,
	TP_PROTO(const char *enclave, unsigned int nr,
		 const struct cpumask *cores, int err),
	TP_ARGS(enclave, nr, cores, err),

	TP_STRUCT__entry(
		__string(enclave, enclave)
		__field(unsigned int, nr)
		__cpumask(cores)
		__field(int, err)
	),

	TP_fast_assign(
		__assign_str(enclave);
		__entry->nr = nr;
		__assign_cpumask(cores, cpumask_bits(cores));
		__entry->err = err;
	),

	TP_printk("enclave=%s nr=%u cores=%s err=%d", __get_str(enclave),
		  __entry->nr, __get_cpumask(cores), __entry->err)
);

/* The last member of a reservation has exited, its cores are free. */
TRACE_EVENT(lwk_release,
	TP_PROTO(const char *enclave, const struct cpumask *cores),
	TP_ARGS(enclave, cores),

	TP_STRUCT__entry(
		__string(enclave, enclave)
		__cpumask(cores)
	),

	TP_fast_assign(
		__assign_str(enclave);
		__assign_cpumask(cores, cpumask_bits(cores));
	),

	TP_printk("enclave=%s cores=%s", __get_str(enclave),
		  __get_cpumask(cores))
);

/* A new thread has been given its home. */
TRACE_EVENT(lwk_place,
	TP_PROTO(const struct task_struct *p, int home),
	TP_ARGS(p, home),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(int, home)
	),

	TP_fast_assign(
		__entry->pid = p->pid;
		__entry->home = home;
	),

	TP_printk("pid=%d home=%d", __entry->pid, __entry->home)
);

/* A task has been pushed from one core to another. */
TRACE_EVENT(lwk_move,
	TP_PROTO(const struct task_struct *p, int from, int to),
	TP_ARGS(p, from, to),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(int, from)
		__field(int, to)
	),

	TP_fast_assign(
		__entry->pid = p->pid;
		__entry->from = from;
		__entry->to = to;
	),

	TP_printk("pid=%d from=%d to=%d", __entry->pid, __entry->from,
		  __entry->to)
);

/* 0: signal, 1: call, 2: page fault. */
#define show_hop_cause(cause)						\
	__print_symbolic(cause, { 0, "signal" }, { 1, "call" }, { 2, "fault" })

/* A member left its core for a call (-1: a signal), and is served now. */
TRACE_EVENT(lwk_hop,
	TP_PROTO(int call, int from, int to),
	TP_ARGS(call, from, to),

	TP_STRUCT__entry(
		__field(int, call)
		__field(int, cause)
		__field(int, from)
		__field(int, to)
	),

	TP_fast_assign(
		__entry->call = call;
		__entry->cause = (call >= 0) + (call >= LWK_CALLS_FAULT);
		__entry->from = from;
		__entry->to = to;
	),

	TP_printk("call=%d cause=%s from=%d to=%d", __entry->call,
		  show_hop_cause(__entry->cause), __entry->from, __entry->to)
);

/* It has been served and is home again, so long after it left. */
TRACE_EVENT(lwk_home,
	TP_PROTO(int call, int from, int to, u64 ns),
	TP_ARGS(call, from, to, ns),

	TP_STRUCT__entry(
		__field(int, call)
		__field(int, cause)
		__field(int, from)
		__field(int, to)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->call = call;
		__entry->cause = (call >= 0) + (call >= LWK_CALLS_FAULT);
		__entry->from = from;
		__entry->to = to;
		__entry->ns = ns;
	),

	TP_printk("call=%d cause=%s from=%d to=%d ns=%llu", __entry->call,
		  show_hop_cause(__entry->cause), __entry->from, __entry->to, __entry->ns)
);

/* User mode of an LWK core was interrupted; traced on that core. */
TRACE_EVENT(lwk_disturb,
	TP_PROTO(const char *kind, bool own, int from, void *func),
	TP_ARGS(kind, own, from, func),

	TP_STRUCT__entry(
		__string(kind, kind)
		__field(bool, own)
		__field(int, from)
		__field(void *, func)
	),

	TP_fast_assign(
		__assign_str(kind);
		__entry->own = own;
		__entry->from = from;
		__entry->func = func;
	),

	TP_printk("kind=%s own=%d from=%d function=%ps", __get_str(kind),
		  __entry->own, __entry->from, __entry->func)
);

#endif /* _TRACE_LWK_H */

#include <trace/define_trace.h>
