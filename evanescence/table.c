// SPDX-License-Identifier: GPL-2.0
/*
 * The table of calls, and what is in force of it.
 */
#include <linux/slab.h>
#include <linux/unistd.h>
#include <asm/unistd_32_ia32.h>

#include "evanescence.h"

struct lwk_call {
	const char *name;
	const char *residue;
	bool local;
};

#define LOCAL	true
#define HOP	false
#define LWK_CALL(_name, _where, _residue)				\
	[__NR_##_name] = {						\
		.name = #_name, .residue = _residue, .local = _where	\
	},
#define LWK_CALL_32(_name, _where, _residue)				\
	[LWK_CALLS_64 + __NR_ia32_##_name] = {				\
		.name = #_name, .residue = _residue, .local = _where	\
	},

#define LWK_CALL_FAULT(_name, _which, _where, _residue)			\
	[LWK_CALLS_FAULT + (_which)] = {					\
		.name = _name, .residue = _residue, .local = _where	\
	},

static const struct lwk_call calls[LWK_CALLS] = {
#include "calls.h"
};

/**
 * lwk_calls_default - which calls hop unless somebody says otherwise
 * @hop: set for those.
 *
 * Context: any.
 */
void lwk_calls_default(unsigned long *hop)
{
	unsigned int i;

	for (i = 0; i < LWK_CALLS; i++)
		__assign_bit(i, hop, !calls[i].local);
}

/* Marks the calls of @name, of both ABIs, in @found. */
static int find_calls(const char *name, unsigned long *found)
{
	int err = -EINVAL;
	unsigned int i;

	if (!strcmp(name, "all")) {
		bitmap_fill(found, LWK_CALLS);
		return 0;
	}
	for (i = 0; i < LWK_CALLS; i++) {
		if (!calls[i].name || strcmp(calls[i].name, name))
			continue;
		__set_bit(i, found);
		err = 0;
	}
	return err;
}

/**
 * lwk_calls_change - say where some calls are served
 * @hop: calls that hop.
 * @names: their names, separated by commas or white space; "all" for all.
 * @hops: do they hop?
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL, and nothing has changed, if one of the names is not in
 * the table or there is none; -ENOMEM.
 */
int lwk_calls_change(unsigned long *hop, const char *names, bool hops)
{
	char *copy __free(kfree) = kstrdup(names, GFP_KERNEL);
	DECLARE_BITMAP(found, LWK_CALLS) = { };
	char *rest = copy, *name;
	unsigned int i;
	int err;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&rest, ", \t\n"))) {
		err = *name ? find_calls(name, found) : 0;
		if (err)
			return err;
	}
	if (bitmap_empty(found, LWK_CALLS))
		return -EINVAL;
	for_each_set_bit(i, found, LWK_CALLS)
		assign_bit(i, hop, hops);
	return 0;
}

/**
 * lwk_calls_list - print the table as it is in force
 * @hop: calls that hop.
 * @buf: where to, or NULL to learn how much room it takes.
 * @size: room at @buf; all of it is filled.
 *
 * Context: process context.
 * Return: bytes.
 */
ssize_t lwk_calls_list(const unsigned long *hop, char *buf, size_t size)
{
	bool narrow;
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < LWK_CALLS; i++) {
		if (!calls[i].name)
			continue;
		narrow = i >= LWK_CALLS_64 && i < LWK_CALLS_FAULT;
		/* As long for both: it may change between two readings. */
		len += lwk_print(buf, size, len, "%s%s %-5s %s\n",
				 calls[i].name, narrow ? "/32" : "",
				 test_bit(i, hop) ? "hop" : "local",
				 calls[i].residue);
	}
	if (buf && len < size)
		memset(buf + len, '\n', size - len);
	/* One more than the text: it is terminated while it is written. */
	return buf ? size : len + 1;
}

/**
 * lwk_rsv_attend - the calls that hop have changed
 * @rsv: the reservation.
 *
 * Context: any.
 */
void lwk_rsv_attend(struct lwk_rsv *rsv)
{
	static const DECLARE_BITMAP(memory_calls, LWK_CALLS) = {
		IS_ENABLED(CONFIG_LWK_MEMORY) ? LWK_MEMORY_CALLS : 0
	};

	bitmap_or(rsv->attend, rsv->hop, memory_calls, LWK_CALLS);
}

/**
 * lwk_rsv_set_calls - say for some calls where they are served
 * @rsv: the reservation.
 * @policy: local and hop: what to change; becomes all that is in force.
 *
 * Context: any.
 */
void lwk_rsv_set_calls(struct lwk_rsv *rsv, struct lwk_policy *policy)
{
	unsigned int i;

	for (i = 0; i < LWK_CALLS; i++) {
		u64 bit = BIT_ULL(i % 64);

		if (policy->hop[i / 64] & bit)
			set_bit(i, rsv->hop);
		else if (policy->local[i / 64] & bit)
			clear_bit(i, rsv->hop);
	}
	lwk_rsv_attend(rsv);
	bitmap_to_arr64(policy->hop, rsv->hop, LWK_CALLS);
	for (i = 0; i < LWK_CALLS_WORDS; i++)
		policy->local[i] = ~policy->hop[i];
}

/**
 * lwk_rsv_count - add up what was counted on all cores
 * @rsv: the reservation.
 * @call: index of the call.
 * @sum: the result.
 *
 * Context: any.
 */
void lwk_rsv_count(const struct lwk_rsv *rsv, unsigned int call,
		   struct lwk_call_count *sum)
{
	const struct lwk_tally *t;
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < rsv->nr_slots; i++) {
		t = &rsv->slots[i].tallies[call];
		sum->local += local64_read(&t->local);
		sum->hops += READ_ONCE(t->hops);
		sum->ns += READ_ONCE(t->ns);
		sum->worst = max(sum->worst, READ_ONCE(t->worst));
	}
}

/**
 * lwk_totals_add - add up all calls of a core
 * @totals: increased.
 * @tallies: of its reservation, or NULL.
 *
 * Context: any.
 */
void lwk_totals_add(struct lwk_totals *totals, const struct lwk_tally *tallies)
{
	unsigned int i;

	for (i = 0; tallies && i < LWK_CALLS_FAULT; i++) {
		totals->local += local64_read(&tallies[i].local);
		totals->hops += READ_ONCE(tallies[i].hops);
	}
	for (; tallies && i < LWK_CALLS; i++) {
		totals->fault_local += local64_read(&tallies[i].local);
		totals->fault_hops += READ_ONCE(tallies[i].hops);
	}
}
