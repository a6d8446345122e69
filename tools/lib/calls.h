/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of system calls, named as users name them: "openat,%net".
 *
 * libseccomp knows the numbers. A name stands for the calls of that name in
 * both ABIs, of 64 and of 32 bits.
 */
#ifndef LWK_TOOLS_CALLS_H
#define LWK_TOOLS_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/lwk.h>

/* Where calls are to be served: the sets of struct lwk_policy. */
struct calls_policy {
	__u64 local[LWK_CALLS_WORDS];
	__u64 hop[LWK_CALLS_WORDS];
};

/* All calls; what was said before is void. */
void calls_set_all(struct calls_policy *policy, bool hop);

/*
 * The calls of @list: names and %groups with commas. Returns 0, or -EINVAL and
 * the first word that is neither at @word (NUL-terminated, cut to @size); then
 * @policy is unchanged.
 */
int calls_set(struct calls_policy *policy, bool hop, const char *list,
	      char *word, size_t size);

/* Has anything been said? */
bool calls_any(const struct calls_policy *policy);

/*
 * The name of call @index of an array of LWK_CALLS, to be freed: "read", or
 * "read/32" of the 32-bit ABI; "nr 999" if it has none. NULL without memory.
 */
char *calls_name(unsigned int index);

/* All names of groups, with commas, for messages. */
const char *calls_groups(void);

#endif /* LWK_TOOLS_CALLS_H */
