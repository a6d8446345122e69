// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../init/join.h"
#include "backing.h"

const char * const subject_names[SUBJECTS] = {
	[LWK]		= "lwk",
	[LINUX_4K]	= "linux4k",
	[THP_ALWAYS]	= "thp_always",
	[POPULATE]	= "populate",
	[HUGETLB]	= "hugetlb",
};

int subject_enter(enum subject_kind subject)
{
	if (subject == LWK)
		return join_core(CORE_LWK) < 0 ? -1 : 0;
	if (subject == LINUX_4K && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		return fail("PR_SET_THP_DISABLE");
	if (machine_pin(0, CORE_ISOLATED, CORE_ISOLATED))
		return fail("pin");
	return 0;
}

void *subject_map(enum subject_kind subject, size_t len, int flags)
{
	void *start;

	flags |= MAP_PRIVATE | MAP_ANONYMOUS;
	if (subject == POPULATE)
		flags |= MAP_POPULATE;
	if (subject == HUGETLB)
		flags |= MAP_HUGETLB;
	start = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (start != MAP_FAILED)
		return start;
	fail("mmap");
	return NULL;
}

int subject_grown(enum subject_kind subject, void *start, size_t len)
{
	if (subject == POPULATE && madvise(start, len, MADV_POPULATE_WRITE))
		return fail("MADV_POPULATE_WRITE");
	return 0;
}
