// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: deaths at every moment, silence, and a directory that begins anew.
 */
#include "tree.h"

/* Of 0 - 1 - 2 and 1 - 3: 3 attaches memory of 2 by way of 1. */
static int fork_parent(struct sim *sim, unsigned int i)
{
	return i > 1 ? 1 : 0;
}

/* A domain dies after so many messages of this. */
static void one_death(struct kunit *test, unsigned int who, unsigned int after)
{
	struct sim *sim = sim_create(test, 4, fork_parent, 1 + after);
	struct sim_call *get = sim_call(sim), *attach = sim_call(sim);
	struct sim_call *name = sim_call(sim);
	u32 owner = sim_id(sim, 2);

	after += sim->delivered;
	KUNIT_EXPECT_EQ(test, 0,
			xemem_directory_publish(sim->domains[2].d,
						sim_segid(2, 0), "a",
						&name->call));
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_get(sim->domains[3].d, owner,
					 sim_segid(2, 0), true, 0, 0,
					 &get->call));
	while (!get->done && sim->delivered < after)
		sim_step(sim, 1);
	if (get->done && !get->err)
		attach->done = !!xemem_import_attach(sim->domains[3].d, owner,
						     get->call.permit, 0, 9,
						     true, &attach->call);
	else
		attach->done = 1;
	while (!attach->done && sim->delivered < after)
		sim_step(sim, 1);
	if (attach->done && sim->delivered < after)
		xemem_export_revoke(sim->domains[2].d, sim_segid(2, 0), 0, 1);
	if (sim->delivered < after)
		sim_step(sim, after - sim->delivered);
	sim_kill(sim, who);
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 1, name->done);
	KUNIT_EXPECT_EQ(test, 1, get->done);
	KUNIT_EXPECT_EQ(test, 1, attach->done);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[0].d->stats.imports);
	sim_end(sim);
}

static void every_step_test(struct kunit *test)
{
	unsigned int who, after;

	for (who = 1; who < 4; who++)
		for (after = 0; after < 24; after++)
			one_death(test, who, after);
}

/* Memory of the dead is its parent's when the last has unmapped it. */
static void returned_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 4, fork_parent, 1);
	struct xemem_call got, att;
	struct sim_domain *parent = &sim->domains[1];

	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 0, 2, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0, sim_attach(sim, 0, 2, got.permit, 0, 4, &att));
	/* Domain 1 hears of it late. */
	sim->mute = 0;
	sim_kill(sim, 2);
	sim_run(sim, XEMEM_STUCK_MS + 1000);
	KUNIT_EXPECT_EQ(test, 0, parent->returned);
	KUNIT_EXPECT_EQ(test, 1, parent->stuck);
	KUNIT_EXPECT_EQ(test, -ERANGE,
			xemem_link_assign(parent->down[3].link,
					  sim->domains[2].first, 1));
	sim->mute = -1;
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, SIM_PAGES, parent->returned);
	sim_end(sim);
}

/* A domain that says nothing: callers are told, pages wait for its end. */
static void silence_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct sim_call *late[3] = { sim_call(sim), sim_call(sim),
				     sim_call(sim) };
	struct xemem_call got, att;

	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 2, 1, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0, sim_attach(sim, 2, 1, got.permit, 0, 4, &att));
	sim->mute = 2;
	KUNIT_EXPECT_EQ(test, 1,
			xemem_export_revoke(sim->domains[1].d, sim_segid(1, 0),
					    0, 4));
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_get(sim->domains[1].d, sim_id(sim, 2),
					 sim_segid(2, 0), false, 0, 0,
					 &late[0]->call));
	sim_run(sim, XEMEM_TIMEOUT_MS - 1);
	KUNIT_EXPECT_EQ(test, 0, late[0]->done);
	sim_run(sim, 2);
	KUNIT_EXPECT_EQ(test, 1, late[0]->done);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, late[0]->err);
	KUNIT_EXPECT_EQ(test, sim->domains[1].stuck, 1);
	/* It has unmapped it, but the owner does not know. */
	KUNIT_EXPECT_EQ(test, 1, sim->domains[1].d->stats.exports);
	/* Retries become rare. */
	KUNIT_EXPECT_LT(test, sim->domains[1].d->stats.sent, 60);
	/* It speaks again: what the first call has made is undone. */
	sim->mute = -1;
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[2].d->stats.grants);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[1].d->stats.exports);
	/* Now for good; the attachment comes too late, too. */
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 1, 2, 0, false, &got));
	sim->mute = 2;
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_attach(sim->domains[1].d, sim_id(sim, 2),
					    got.permit, 0, 1, false,
					    &late[1]->call));
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_get(sim->domains[1].d, sim_id(sim, 2),
					 sim_segid(2, 0), false, 0, 0,
					 &late[2]->call));
	sim_run(sim, 100);
	sim_kill(sim, 2);
	sim_run(sim, 1);
	KUNIT_EXPECT_EQ(test, -EHOSTUNREACH, late[2]->done ? late[2]->err : 0);
	sim_end(sim);
}

/* Names come back; nobody takes one away meanwhile. */
static void restart_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 12, sim_random, 6);
	struct xemem_call found, got, att;
	struct sim_call *thief = sim_call(sim);
	char text[16];
	unsigned int i;

	for (i = 0; i < sim->nr; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, i, 0, text));
	}
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 3, 7, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0, sim_attach(sim, 3, 7, got.permit, 0, 4, &att));
	xemem_directory_restart(sim->domains[0].d);
	KUNIT_EXPECT_EQ(test, 0,
			xemem_directory_publish(sim->domains[1].d,
						sim_segid(1, 1), "n5",
						&thief->call));
	KUNIT_EXPECT_EQ(test, 0, sim_lookup(sim, 2, "n7", &found));
	KUNIT_EXPECT_EQ(test, found.domain, sim_id(sim, 7));
	/* What is attached stays so. */
	KUNIT_EXPECT_EQ(test, 1, sim->domains[3].d->stats.imports);
	KUNIT_EXPECT_EQ(test, 0, thief->done);
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, -EEXIST, thief->err);
	for (i = 0; i < sim->nr; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		KUNIT_EXPECT_EQ(test, 0,
				sim_lookup(sim, sim->nr - 1 - i, text, &found));
		KUNIT_EXPECT_EQ(test, found.domain, sim_id(sim, i));
		KUNIT_EXPECT_EQ(test, 0, sim->domains[i].lost);
	}
	sim_end(sim);
}

/* A name whose owner was not heard in time is lost, and the owner told. */
static void lost_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_call found;

	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 1, 0, "a"));
	sim->mute = 1;
	xemem_directory_restart(sim->domains[0].d);
	sim_run(sim, XEMEM_GRACE_MS + 1);
	KUNIT_EXPECT_EQ(test, -ENOENT, sim_lookup(sim, 2, "a", &found));
	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 2, 0, "a"));
	sim->mute = -1;
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[1].lost);
	KUNIT_EXPECT_EQ(test, 0, sim_lookup(sim, 1, "a", &found));
	KUNIT_EXPECT_EQ(test, found.domain, sim_id(sim, 2));
	sim_end(sim);
}

/* A name of the dead is free. */
static void dead_name_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_chain, 1);
	struct xemem_call found;

	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 2, 0, "a"));
	sim_kill(sim, 2);
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, -ENOENT, sim_lookup(sim, 1, "a", &found));
	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 1, 0, "a"));
	sim_end(sim);
}

static struct kunit_case life_tests[] = { KUNIT_CASE(every_step_test),
					  KUNIT_CASE(returned_test),
					  KUNIT_CASE(silence_test),
					  KUNIT_CASE(restart_test),
					  KUNIT_CASE(lost_test),
					  KUNIT_CASE(dead_name_test),
					  {} };

static struct kunit_suite life_suite = {
	.name = "xemem_life",
	.test_cases = life_tests,
};

kunit_test_suite(life_suite);
