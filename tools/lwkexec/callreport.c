// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "callreport.h"
#include "calls.h"

static unsigned long long calls_of(const struct lwk_call_count *count)
{
	return count->local + count->hops;
}

static unsigned long long mean_of(const struct lwk_call_count *count)
{
	return count->hops ? count->ns / count->hops : 0;
}

static const struct lwk_call_count *all;

/* By time away, then by number of calls, then by number. */
static int before(const void *a, const void *b)
{
	unsigned int i = *(const unsigned int *)a;
	unsigned int j = *(const unsigned int *)b;

	if (all[i].ns != all[j].ns)
		return all[i].ns < all[j].ns ? 1 : -1;
	if (calls_of(&all[i]) != calls_of(&all[j]))
		return calls_of(&all[i]) < calls_of(&all[j]) ? 1 : -1;
	return i < j ? -1 : 1;
}

/* Those that were made, sorted. Returns how many. */
static unsigned int sort_made(const struct lwk_call_count *counts,
			      unsigned int made[LWK_CALLS])
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < LWK_CALLS; i++)
		if (calls_of(&counts[i]))
			made[nr++] = i;
	all = counts;
	qsort(made, nr, sizeof(*made), before);
	return nr;
}

static void add(struct lwk_call_count *sum, const struct lwk_call_count *count)
{
	sum->local += count->local;
	sum->hops += count->hops;
	sum->ns += count->ns;
	if (count->worst > sum->worst)
		sum->worst = count->worst;
}

static void row(FILE *out, const struct lwk_call_count *count,
		const char *name)
{
	fprintf(out, "%12llu %12llu %12llu %12.1f %12.1f %s\n",
		calls_of(count), (unsigned long long)count->local,
		(unsigned long long)count->hops, (double)mean_of(count) / 1e3,
		(double)count->worst / 1e3, name);
}

void report_calls(FILE *out, const struct lwk_call_count *counts)
{
	struct lwk_call_count sum = { 0 };
	unsigned int made[LWK_CALLS];
	unsigned int nr = sort_made(counts, made);

	fprintf(out, "%12s %12s %12s %12s %12s %s\n", "calls", "local",
		"hopped", "mean us", "worst us", "call");
	for (unsigned int i = 0; i < nr; i++) {
		char *name = calls_name(made[i]);

		row(out, &counts[made[i]], name ? name : "?");
		add(&sum, &counts[made[i]]);
		free(name);
	}
	row(out, &sum, "total");
}

static json_object *json_count(const struct lwk_call_count *count)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "calls",
			       json_object_new_uint64(calls_of(count)));
	json_object_object_add(object, "local",
			       json_object_new_uint64(count->local));
	json_object_object_add(object, "hopped",
			       json_object_new_uint64(count->hops));
	json_object_object_add(object, "mean_ns",
			       json_object_new_uint64(mean_of(count)));
	json_object_object_add(object, "worst_ns",
			       json_object_new_uint64(count->worst));
	return object;
}

json_object *report_calls_json(const struct lwk_call_count *counts)
{
	json_object *object = json_object_new_object();
	unsigned int made[LWK_CALLS];
	unsigned int nr = sort_made(counts, made);

	for (unsigned int i = 0; i < nr; i++) {
		char *name = calls_name(made[i]);

		if (name)
			json_object_object_add(object, name,
					       json_count(&counts[made[i]]));
		free(name);
	}
	return object;
}
