// SPDX-License-Identifier: GPL-2.0
/* Calls: each name and each group means something, in both ABIs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "calls.h"
#include "tap.h"

static bool has(const __u64 *set, unsigned int index)
{
	return set[index / 64] & 1ULL << index % 64;
}

static unsigned int size_of(const __u64 *set)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < LWK_CALLS; i++)
		nr += has(set, i);
	return nr;
}

static void name_is(unsigned int index, const char *want)
{
	char *name = calls_name(index);

	is_str(name, want, "a number has its name");
	free(name);
}

static void test_groups(void)
{
	char *groups = strdup(calls_groups()), *rest = groups, *group;
	struct calls_policy policy;
	char word[64];

	while ((group = strsep(&rest, " "))) {
		memset(&policy, 0, sizeof(policy));
		ok(!calls_set(&policy, true, group, word, sizeof(word)) &&
		   size_of(policy.hop) > 1 && !size_of(policy.local),
		   "group %s", group);
	}
	free(groups);
}

int main(void)
{
	struct calls_policy policy = { 0 }, before;
	char word[8];

	tap_plan(28);
	ok(!calls_any(&policy), "nothing said");
	ok(!calls_set(&policy, true, "read,openat", word, sizeof(word)),
	   "two names");
	ok(has(policy.hop, SYS_read) && has(policy.hop, SYS_openat), "64 bits");
	ok(has(policy.hop, LWK_CALLS_64 + 3), "32 bits");
	ok(size_of(policy.hop) == 4 && !size_of(policy.local), "no more");
	ok(calls_any(&policy), "something said");

	before = policy;
	ok(calls_set(&policy, false, "read,unheardofcall", word,
		     sizeof(word)) == -EINVAL, "an unknown name");
	is_str(word, "unheard", "is told, as far as there is room");
	ok(!memcmp(&before, &policy, sizeof(policy)), "and changes nothing");
	ok(calls_set(&policy, false, "", word, sizeof(word)) == -EINVAL,
	   "no name");

	ok(!calls_set(&policy, false, "read", word, sizeof(word)), "later");
	ok(has(policy.local, SYS_read) && !has(policy.hop, SYS_read), "wins");
	calls_set_all(&policy, false);
	ok(size_of(policy.local) == LWK_CALLS && !size_of(policy.hop), "all");

	name_is(SYS_openat, "openat");
	name_is(LWK_CALLS_64 + 3, "read/32");
	name_is(LWK_CALLS_FAULT + LWK_FAULT_ANON, "fault_anon");
	memset(&policy, 0, sizeof(policy));
	ok(!calls_set(&policy, true, "fault_file", word, sizeof(word)) &&
	   has(policy.hop, LWK_CALLS_FAULT + LWK_FAULT_FILE), "page faults");
	ok(size_of(policy.hop) == 1, "of one kind");
	test_groups();
	return tap_status();
}
