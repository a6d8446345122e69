/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xemem

#if !defined(_TRACE_XEMEM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_XEMEM_H

#include <linux/tracepoint.h>

/* A segment can be found, or why it cannot. Its number is 0 then. */
TRACE_EVENT(xemem_make,
	TP_PROTO(s64 segid, unsigned long start, unsigned long size,
		 unsigned int flags, int err),
	TP_ARGS(segid, start, size, flags, err),

	TP_STRUCT__entry(
		__field(s64, segid)
		__field(unsigned long, start)
		__field(unsigned long, size)
		__field(unsigned int, flags)
		__field(int, err)
	),

	TP_fast_assign(
		__entry->segid = segid;
		__entry->start = start;
		__entry->size = size;
		__entry->flags = flags;
		__entry->err = err;
	),

	TP_printk("segid=%llx start=%#lx size=%#lx flags=%#x err=%d",
		  __entry->segid, __entry->start, __entry->size,
		  __entry->flags, __entry->err)
);

/* A segment is gone, on request or with its process. */
TRACE_EVENT(xemem_remove,
	TP_PROTO(s64 segid, u64 attachments),
	TP_ARGS(segid, attachments),

	TP_STRUCT__entry(
		__field(s64, segid)
		__field(u64, attachments)
	),

	TP_fast_assign(
		__entry->segid = segid;
		__entry->attachments = attachments;
	),

	TP_printk("segid=%llx attachments=%llu", __entry->segid,
		  __entry->attachments)
);

/* Who asked for a permit got it, or why he did not. */
TRACE_EVENT(xemem_get,
	TP_PROTO(s64 segid, s64 apid, bool write, int err),
	TP_ARGS(segid, apid, write, err),

	TP_STRUCT__entry(
		__field(s64, segid)
		__field(s64, apid)
		__field(bool, write)
		__field(int, err)
	),

	TP_fast_assign(
		__entry->segid = segid;
		__entry->apid = apid;
		__entry->write = write;
		__entry->err = err;
	),

	TP_printk("segid=%llx apid=%llx %s err=%d", __entry->segid,
		  __entry->apid, __entry->write ? "rw" : "r", __entry->err)
);

/* A permit is gone, on request or with its process. */
TRACE_EVENT(xemem_release,
	TP_PROTO(s64 segid, s64 apid),
	TP_ARGS(segid, apid),

	TP_STRUCT__entry(
		__field(s64, segid)
		__field(s64, apid)
	),

	TP_fast_assign(
		__entry->segid = segid;
		__entry->apid = apid;
	),

	TP_printk("segid=%llx apid=%llx", __entry->segid, __entry->apid)
);

DECLARE_EVENT_CLASS(xemem_attachment,
	TP_PROTO(s64 apid, unsigned long source, unsigned long addr,
		 unsigned long size, int err),
	TP_ARGS(apid, source, addr, size, err),

	TP_STRUCT__entry(
		__field(s64, apid)
		__field(unsigned long, source)
		__field(unsigned long, addr)
		__field(unsigned long, size)
		__field(int, err)
	),

	TP_fast_assign(
		__entry->apid = apid;
		__entry->source = source;
		__entry->addr = addr;
		__entry->size = size;
		__entry->err = err;
	),

	TP_printk("apid=%llx source=%#lx addr=%#lx size=%#lx err=%d",
		  __entry->apid, __entry->source, __entry->addr, __entry->size,
		  __entry->err)
);

/* A valid request to attach has been served. */
DEFINE_EVENT(xemem_attachment, xemem_attach,
	TP_PROTO(s64 apid, unsigned long source, unsigned long addr,
		 unsigned long size, int err),
	TP_ARGS(apid, source, addr, size, err)
);

/* The last part of an attachment is unmapped, by whatever. */
DEFINE_EVENT(xemem_attachment, xemem_detach,
	TP_PROTO(s64 apid, unsigned long source, unsigned long addr,
		 unsigned long size, int err),
	TP_ARGS(apid, source, addr, size, err)
);

/* A touch found no entry; @fault is a VM_FAULT_* mask. */
TRACE_EVENT(xemem_fault,
	TP_PROTO(s64 apid, unsigned long source, unsigned long addr,
		 bool write, unsigned int fault),
	TP_ARGS(apid, source, addr, write, fault),

	TP_STRUCT__entry(
		__field(s64, apid)
		__field(unsigned long, source)
		__field(unsigned long, addr)
		__field(bool, write)
		__field(unsigned int, fault)
	),

	TP_fast_assign(
		__entry->apid = apid;
		__entry->source = source;
		__entry->addr = addr;
		__entry->write = write;
		__entry->fault = fault;
	),

	TP_printk("apid=%llx source=%#lx addr=%#lx %s fault=%#x",
		  __entry->apid, __entry->source, __entry->addr,
		  __entry->write ? "w" : "r", __entry->fault)
);

/* The owner changes memory; entries at @addr, and behind it, went before. */
TRACE_EVENT(xemem_cut,
	TP_PROTO(s64 apid, unsigned long source, unsigned long addr,
		 unsigned long size),
	TP_ARGS(apid, source, addr, size),

	TP_STRUCT__entry(
		__field(s64, apid)
		__field(unsigned long, source)
		__field(unsigned long, addr)
		__field(unsigned long, size)
	),

	TP_fast_assign(
		__entry->apid = apid;
		__entry->source = source;
		__entry->addr = addr;
		__entry->size = size;
	),

	TP_printk("apid=%llx source=%#lx addr=%#lx size=%#lx", __entry->apid,
		  __entry->source, __entry->addr, __entry->size)
);

#endif /* _TRACE_XEMEM_H */

#include <trace/define_trace.h>
