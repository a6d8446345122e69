// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cpulist.h"
#include "memory.h"
#include "number.h"

/* struct lwk_region_policy has a bit for each. */
#define NODES_MAX	64

#define GIGANTIC_PAGES "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

static const char * const region_names[LWK_NR_REGIONS] = {
	[LWK_REGION_HEAP]	= "heap",
	[LWK_REGION_STACK]	= "stack",
	[LWK_REGION_ANON]	= "anon",
	[LWK_REGION_DATA]	= "data",
};

/* How many the pool of hugetlbfs has, in use or not. */
static unsigned long gigantic_pages(void)
{
	FILE *f = fopen(GIGANTIC_PAGES, "re");
	unsigned long nr = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &nr) != 1)
		nr = 0;
	fclose(f);
	return nr;
}

/* The regions that @text begins with: [*first, *last]. Returns the rest. */
static const char *parse_region(const char *text, unsigned int *first,
				unsigned int *last)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < LWK_NR_REGIONS; i++) {
		len = strlen(region_names[i]);
		if (strncmp(text, region_names[i], len) || text[len] != ':')
			continue;
		*first = i;
		*last = i;
		return text + len + 1;
	}
	*first = 0;
	*last = LWK_NR_REGIONS - 1;
	return text;
}

void memory_set_size(struct request *request, const char *text)
{
	switch (number_parse_bytes(text, &request->memory)) {
	case 0:
		break;
	case -ERANGE:
		errx(EXIT_LWKEXEC, "-m '%s': out of range", text);
	default:
		errx(EXIT_LWKEXEC,
		     "-m '%s': not a size: give one such as 512m or 4g", text);
	}
	if (!request->memory || request->memory % LWK_MEMORY_UNIT)
		errx(EXIT_LWKEXEC,
		     "-m '%s': not a multiple of 2 MiB, which is a large page",
		     text);
}

void memory_set_over(struct request *request, const char *text)
{
	request->memory_over = !strcmp(text, "linux");
	if (!request->memory_over && strcmp(text, "fail"))
		errx(EXIT_LWKEXEC, "--mem-over=%s: give fail or linux", text);
}

/* Mappings may have them, and other memory what is next. */
static void set_gigantic(struct request *request, const char *text,
			 unsigned int first, unsigned int last)
{
	if (first == last && first != LWK_REGION_ANON)
		errx(EXIT_LWKEXEC, "--pages=%s: only mappings can have pages of 1 GiB: give 1g or anon:1g",
		     text);
	if (!gigantic_pages())
		errx(EXIT_LWKEXEC, "--pages=%s: this machine has no pages of 1 GiB: boot with hugepagesz=1G hugepages=N",
		     text);
	for (; first <= last; first++)
		request->regions[first].pages = LWK_PAGES_LARGE;
	request->regions[LWK_REGION_ANON].pages = LWK_PAGES_GIGANTIC;
}

void memory_set_pages(struct request *request, const char *text)
{
	unsigned int first, last;
	const char *value = parse_region(text, &first, &last);
	uint8_t pages;

	if (!strcmp(value, "1g")) {
		set_gigantic(request, text, first, last);
		return;
	}
	if (!strcmp(value, "2m"))
		pages = LWK_PAGES_LARGE;
	else if (!strcmp(value, "4k"))
		pages = LWK_PAGES_SMALL;
	else
		errx(EXIT_LWKEXEC,
		     "--pages=%s: give 1g, 2m or 4k, or such as heap:4k", text);
	for (; first <= last; first++)
		request->regions[first].pages = pages;
}

void memory_set_fault(struct request *request, const char *text)
{
	unsigned int first, last;
	const char *value = parse_region(text, &first, &last);
	uint8_t fault;

	if (!strcmp(value, "eager"))
		fault = LWK_FAULT_EAGER;
	else if (!strcmp(value, "lazy"))
		fault = LWK_FAULT_LAZY;
	else
		errx(EXIT_LWKEXEC,
		     "--fault=%s: give eager or lazy, or such as anon:lazy",
		     text);
	for (; first <= last; first++)
		request->regions[first].fault = fault;
}

static uint64_t parse_nodes(const char *text, const char *list)
{
	struct cpulist_error error;
	unsigned long nodes = 0;
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	if (!set)
		err(EXIT_LWKEXEC, NULL);
	if (!*list)
		errx(EXIT_LWKEXEC, "--numa=%s: no node at all: give some, such as bind:0-1",
		     text);
	if (cpulist_parse(list, set, &error) < 0)
		errx(EXIT_LWKEXEC, "--numa=%s: %s, at '%s': give nodes such as bind:0-1",
		     text, error.why, error.at);
	if (hwloc_bitmap_last(set) >= NODES_MAX)
		errx(EXIT_LWKEXEC, "--numa=%s: no node above %d", text,
		     NODES_MAX - 1);
	nodes = hwloc_bitmap_to_ulong(set);
	hwloc_bitmap_free(set);
	return nodes;
}

void memory_set_numa(struct request *request, const char *text)
{
	unsigned int first, last;
	const char *value = parse_region(text, &first, &last);
	uint64_t nodes = 0;
	uint8_t numa;

	if (!strcmp(value, "local")) {
		numa = LWK_NUMA_LOCAL;
	} else if (!strcmp(value, "interleave")) {
		numa = LWK_NUMA_INTERLEAVE;
	} else if (!strncmp(value, "interleave:", 11)) {
		numa = LWK_NUMA_INTERLEAVE;
		nodes = parse_nodes(text, value + 11);
	} else if (!strncmp(value, "bind:", 5)) {
		numa = LWK_NUMA_BIND;
		nodes = parse_nodes(text, value + 5);
	} else {
		errx(EXIT_LWKEXEC,
		     "--numa=%s: give local, interleave or bind:NODES, or such as heap:local",
		     text);
	}
	for (; first <= last; first++) {
		request->regions[first].numa = numa;
		request->regions[first].nodes = nodes;
	}
}

void memory_set_lock_text(struct request *request, const char *text)
{
	request->no_lock_text = !strcmp(text, "no");
	if (!request->no_lock_text && strcmp(text, "yes"))
		errx(EXIT_LWKEXEC, "--lock-text=%s: give yes or no", text);
}

void memory_limit(const struct request *request)
{
	struct rlimit limit;

	if (!request->memory || request->memory_over)
		return;
	if (getrlimit(RLIMIT_DATA, &limit) < 0)
		err(EXIT_LWKEXEC, "-m: RLIMIT_DATA");
	/* A lower limit stays. */
	if (limit.rlim_cur <= request->memory)
		return;
	limit.rlim_cur = request->memory;
	if (setrlimit(RLIMIT_DATA, &limit) < 0)
		err(EXIT_LWKEXEC, "-m: RLIMIT_DATA");
}
