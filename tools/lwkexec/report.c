// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/wait.h>

#include <json.h>

#include "callreport.h"
#include "json_output.h"
#include "report.h"

/* Room for the name of a kind. */
#define KIND_MAX	24

/* The names that the kernel uses for them. */
static const char * const kind_names[LWK_NR_KINDS] = {
	[LWK_KIND_TIMER]	= "timer",
	[LWK_KIND_CALL]		= "call",
	[LWK_KIND_TLB]		= "tlb",
	[LWK_KIND_RESCHED]	= "resched",
	[LWK_KIND_IRQ_WORK]	= "irq_work",
	[LWK_KIND_DEVICE]	= "device",
	[LWK_KIND_NMI]		= "nmi",
	[LWK_KIND_OTHER]	= "other",
	[LWK_KIND_FAULT]	= "fault",
};

/* A newer kernel has kinds that we have no name for. */
static const char *kind_name(unsigned int kind, char *buf, size_t size)
{
	if (kind < LWK_NR_KINDS)
		return kind_names[kind];
	snprintf(buf, size, "kind %u", kind);
	return buf;
}

static unsigned int nr_kinds(const struct lwk_stats *stats)
{
	return stats->nr_kinds < LWK_KINDS_MAX ? stats->nr_kinds :
						 LWK_KINDS_MAX;
}

static unsigned long long total(const __u64 *counts, unsigned int nr)
{
	unsigned long long sum = 0;

	while (nr)
		sum += counts[--nr];
	return sum;
}

void report_text(FILE *out, const struct request *request,
		 const struct reservation *reservation)
{
	char *cores = cpulist_format(reservation->cores);
	long long us = join_quantum_us(request);

	fprintf(out, "enclave %s, cores %s, ", request->enclave.name,
		cores ? cores : "?");
	if (us < 0)
		fputs("quantum of the enclave\n", out);
	else if (!us)
		fputs("no quantum\n", out);
	else
		fprintf(out, "quantum %.10g ms\n", (double)us / 1000);
	free(cores);
}

static void report_row(FILE *out, const char *name, unsigned long long foreign,
		       unsigned long long own)
{
	fprintf(out, "%-8s %15llu %15llu\n", name, foreign, own);
}

/* Of a machine without LWK memory there is nothing to say. */
static void report_memory(FILE *out, const struct request *request,
			  const struct lwk_memory *memory)
{
	if (!request->memory && !memory->peak && !memory->of_linux)
		return;
	fprintf(out, "%-8s %15.1f MiB at most, %.1f MiB reserved\n", "memory",
		(double)memory->peak / (1 << 20),
		(double)request->memory / (1 << 20));
	if (memory->of_linux)
		fprintf(out, "%-8s %15.1f MiB besides from Linux\n", "",
			(double)memory->of_linux / (1 << 20));
}

void report_outcome(FILE *out, const struct request *request,
		    const struct reservation *reservation,
		    const struct outcome *outcome)
{
	const struct lwk_stats *stats = &outcome->stats;
	char *cores = cpulist_format(reservation->cores);
	unsigned int nr = nr_kinds(stats);
	char name[KIND_MAX];
	unsigned int kind;

	fprintf(out,
		"lwkexec: interruptions of user mode, enclave %s, cores %s\n",
		request->enclave.name, cores ? cores : "?");
	fprintf(out, "%-8s %15s %15s\n", "kind", "foreign", "own");
	for (kind = 0; kind < nr; kind++)
		report_row(out, kind_name(kind, name, sizeof(name)),
			   stats->foreign[kind], stats->own[kind]);
	report_row(out, "total", total(stats->foreign, nr),
		   total(stats->own, nr));
	fprintf(out, "%-8s %15.3f s\n", "elapsed",
		(double)outcome->elapsed_us / 1e6);
	report_memory(out, request, &outcome->memory);
	report_calls(out, outcome->calls);
	free(cores);
}

static json_object *json_cores(hwloc_const_bitmap_t set)
{
	json_object *array = json_object_new_array();
	int core;

	for (core = hwloc_bitmap_first(set); core >= 0;
	     core = hwloc_bitmap_next(set, core))
		json_object_array_add(array, json_object_new_int(core));
	return array;
}

static json_object *json_strings(char **strings)
{
	json_object *array = json_object_new_array();

	for (; *strings; strings++)
		json_object_array_add(array, json_object_new_string(*strings));
	return array;
}

static void add_number(json_object *object, const char *key,
		       unsigned long long number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static void add_counts(json_object *object, const char *key,
		       unsigned long long foreign, unsigned long long own)
{
	json_object *counts = json_object_new_object();

	add_number(counts, "foreign", foreign);
	add_number(counts, "own", own);
	json_object_object_add(object, key, counts);
}

static json_object *json_interruptions(const struct lwk_stats *stats)
{
	json_object *object = json_object_new_object();
	unsigned int nr = nr_kinds(stats);
	char name[KIND_MAX];
	unsigned int kind;

	for (kind = 0; kind < nr; kind++)
		add_counts(object, kind_name(kind, name, sizeof(name)),
			   stats->foreign[kind], stats->own[kind]);
	add_counts(object, "total", total(stats->foreign, nr),
		   total(stats->own, nr));
	return object;
}

static json_object *json_memory(const struct request *request,
				const struct lwk_memory *memory)
{
	json_object *object = json_object_new_object();

	add_number(object, "reserved", request->memory);
	add_number(object, "peak", memory->peak);
	add_number(object, "of_linux", memory->of_linux);
	return object;
}

/* Exactly one of status and signal is a number. */
static void add_outcome(json_object *object, const struct request *request,
			const struct outcome *outcome)
{
	int status = outcome->status;

	json_object_object_add(object, "status", WIFEXITED(status) ?
			       json_object_new_int(WEXITSTATUS(status)) : NULL);
	json_object_object_add(object, "signal", WIFSIGNALED(status) ?
			       json_object_new_int(WTERMSIG(status)) : NULL);
	json_object_object_add(object, "elapsed_us",
			       json_object_new_int64(outcome->elapsed_us));
	json_object_object_add(object, "interruptions",
			       json_interruptions(&outcome->stats));
	json_object_object_add(object, "memory",
			       json_memory(request, &outcome->memory));
	json_object_object_add(object, "calls",
			       report_calls_json(outcome->calls));
}

int report_json(FILE *out, const struct request *request,
		const struct reservation *reservation, char **command,
		const struct outcome *outcome)
{
	json_object *object = json_object_new_object();
	char *cores = cpulist_format(reservation->cores);
	long long us = join_quantum_us(request);

	if (!object || !cores) {
		json_object_put(object);
		free(cores);
		return -1;
	}
	json_object_object_add(object, "enclave",
			       json_object_new_string(request->enclave.name));
	json_object_object_add(object, "cores", json_object_new_string(cores));
	json_object_object_add(object, "core_numbers",
			       json_cores(reservation->cores));
	json_object_object_add(object, "quantum_us",
			       us < 0 ? NULL : json_object_new_int64(us));
	json_object_object_add(object, "inherit",
			       json_object_new_boolean(!request->no_inherit));
	json_object_object_add(object, "command", json_strings(command));
	if (outcome)
		add_outcome(object, request, outcome);
	json_output(out, object);
	free(cores);
	return 0;
}
