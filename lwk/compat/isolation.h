/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Isolation of cores, and who sends them broadcasts.
 */
#ifndef LWK_COMPAT_ISOLATION_H
#define LWK_COMPAT_ISOLATION_H

#include <linux/sched/isolation.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
/* Changed attributes of kernel mappings have a flush of their own. */
#define LWK_CPA_FLUSH	"__cpa_flush_tlb"
#else
/* All that nohz_full= implies is one type of housekeeping. */
#define HK_TYPE_SCHED	HK_TYPE_KERNEL_NOISE
/* They are flushed as all others. */
#define LWK_CPA_FLUSH	"do_kernel_range_flush"
#endif

#endif /* LWK_COMPAT_ISOLATION_H */
