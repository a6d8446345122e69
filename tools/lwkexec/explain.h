/* SPDX-License-Identifier: GPL-2.0 */
/* Refusals of the kernel, told to people: what, why, and the way out. */
#ifndef LWKEXEC_EXPLAIN_H
#define LWKEXEC_EXPLAIN_H

#include "join.h"

/* The device could not be opened, for the reason @error (an errno value). */
void explain_device(int error);

/* There is no account of interruptions, for the reason @error. */
void explain_stats(int error);

/* join_enclave() has returned @error. */
void explain_join(int error, const struct request *request,
		  const struct reservation *reservation);

/* The name of the enclave cannot be one, because of @why. */
void explain_name(const struct request *request, const char *why);

/* The enclave's cores cannot be read, for the reason @error. */
void explain_cores_unknown(const struct request *request, int error);

/* Why the kernel does not serve calls as it was told to. */
void explain_calls(int error);

#endif /* LWKEXEC_EXPLAIN_H */
