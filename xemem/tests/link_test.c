// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: segments across trees of domains, over good and over bad links.
 */
#include <linux/slab.h>

#include "tree.h"

/* Make, get, attach, detach, release, remove; in a chain of three. */
static void life_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_chain, 1);
	struct sim_page *segment = &sim->pages[sim->domains[2].first +
					       SIM_SEGMENT];
	struct xemem_call found, got, att;

	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 2, 1, "solver/field"));
	KUNIT_EXPECT_EQ(test, 0, sim_lookup(sim, 0, "solver/field", &found));
	KUNIT_EXPECT_EQ(test, found.domain, sim_id(sim, 2));
	KUNIT_EXPECT_EQ(test, found.segid, sim_segid(2, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 0, 2, 1, true, &got));
	KUNIT_EXPECT_EQ(test, got.pages, SIM_SEGMENT);
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, 0, 2, got.permit, 8, 16, &att));
	KUNIT_EXPECT_EQ(test, segment[7].mapped, 0);
	KUNIT_EXPECT_EQ(test, segment[8].mapped, 1);
	KUNIT_EXPECT_EQ(test, segment[23].mapped, 1);
	KUNIT_EXPECT_EQ(test, segment[24].mapped, 0);
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_detach(sim->domains[0].d, sim_id(sim, 2),
					    att.attachment));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			xemem_import_detach(sim->domains[0].d, sim_id(sim, 2),
					    att.attachment));
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[2].d->stats.exports);
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_release(sim->domains[0].d, sim_id(sim, 2),
					     got.permit));
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[2].d->stats.grants);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			sim_attach(sim, 0, 2, got.permit, 0, 1, &att));
	sim->domains[2].gone[1] = true;
	KUNIT_EXPECT_EQ(test, 0,
			xemem_export_remove(sim->domains[2].d,
					    sim_segid(2, 1)));
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			sim_lookup(sim, 0, "solver/field", &found));
	KUNIT_EXPECT_EQ(test, -ENOENT, sim_get(sim, 0, 2, 1, true, &got));
	sim_end(sim);
}

/* What is refused, and with which error. */
static void refuse_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_domain *d = sim->domains[1].d;
	struct xemem_call got, att;
	struct sim_call *c;
	u32 owner = sim_id(sim, 2);

	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 1, 2, 0, false, &got));
	c = sim_call(sim);
	KUNIT_EXPECT_EQ(test, -EACCES,
			sim_wait(sim, c,
				 xemem_import_attach(d, owner, got.permit, 0, 1,
						     true, &c->call)));
	c = sim_call(sim);
	KUNIT_EXPECT_EQ(test, -EACCES,
			sim_wait(sim, c,
				 xemem_import_get(d, owner, sim_segid(2, 0),
						  true, 7, 7, &c->call)));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			sim_attach(sim, 1, 2, got.permit, SIM_SEGMENT, 1,
				   &att));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			sim_attach(sim, 1, 2, got.permit, 1, SIM_SEGMENT,
				   &att));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			sim_attach(sim, 1, 2, got.permit, 2, U64_MAX, &att));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			sim_attach(sim, 1, 2, got.permit, 0, 0, &att));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			sim_attach(sim, 1, 2, got.permit + 1, 0, 1, &att));
	/* The permit is domain 1's, not of who knows its number. */
	KUNIT_EXPECT_EQ(test, -ENOENT,
			sim_attach(sim, 0, 2, got.permit, 0, 1, &att));
	c = sim_call(sim);
	KUNIT_EXPECT_EQ(test, -EHOSTUNREACH,
			sim_wait(sim, c, xemem_import_get(d, 999, 1, false, 0,
							  0, &c->call)));
	c = sim_call(sim);
	KUNIT_EXPECT_EQ(test, -EHOSTUNREACH,
			sim_wait(sim, c,
				 xemem_import_get(d, sim_id(sim, 1), 1, false,
						  0, 0, &c->call)));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_publish(sim, 1, 0, ""));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_publish(sim, 1, 0, "a b"));
	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 1, 0, "a"));
	KUNIT_EXPECT_EQ(test, -EEXIST, sim_publish(sim, 2, 0, "a"));
	KUNIT_EXPECT_EQ(test, -EEXIST, sim_publish(sim, 0, 0, "a"));
	KUNIT_EXPECT_EQ(test, -EEXIST, sim_publish(sim, 1, 0, "b"));
	KUNIT_EXPECT_EQ(test, -ENOENT, xemem_directory_unpublish(d, 77));
	sim_end(sim);
}

/* Extents of many messages, and the owner takes it back. */
static void revoke_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 4, sim_random, 3);
	struct xemem_call got, att;
	unsigned int i;

	sim->fragments = 1;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 0, sim_get(sim, i, 3, 0, false, &got));
		KUNIT_EXPECT_EQ(test, 0,
				sim_attach(sim, i, 3, got.permit, 16 * i, 16,
					   &att));
	}
	KUNIT_EXPECT_EQ(test, 0,
			xemem_export_revoke(sim->domains[3].d, sim_segid(3, 0),
					    48, 16));
	KUNIT_EXPECT_EQ(test, 0,
			xemem_export_revoke(sim->domains[3].d, sim_segid(3, 1),
					    0, SIM_SEGMENT));
	KUNIT_EXPECT_EQ(test, 2,
			xemem_export_revoke(sim->domains[3].d, sim_segid(3, 0),
					    15, 2));
	/* Not before the importers have said so. */
	KUNIT_EXPECT_EQ(test, 3, sim->domains[3].d->stats.exports);
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[3].d->stats.exports);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[2].d->stats.imports);
	sim_end(sim);
}

/* More extents than a message holds. */
static int many_pages(void *context, struct xemem_pin *pin)
{
	struct sim_domain *sd = context;
	u32 i;

	pin->extents = kcalloc(400, sizeof(*pin->extents), GFP_KERNEL);
	if (!pin->extents)
		return -ENOMEM;
	for (i = 0; i < 400; i++) {
		pin->extents[i].first = sd->first + i % SIM_SEGMENT;
		pin->extents[i].pages = 1;
	}
	pin->nr = 400;
	return 0;
}

static int many_permit(void *context, u64 segid, u32 domain, u32 uid, u32 gid,
		       bool write, u64 *pages)
{
	*pages = 400;
	return 0;
}

static void many_unpin(void *context, struct xemem_pin *pin)
{
	kfree(pin->extents);
}

static void extents_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 2, sim_chain, 1);
	struct xemem_domain_ops ops = *sim->domains[1].d->ops;
	const struct xemem_domain_ops *before = sim->domains[1].d->ops;
	struct xemem_call got, att;
	unsigned int delivered;

	ops.permit = many_permit;
	ops.pin = many_pages;
	ops.unpin = many_unpin;
	sim->domains[1].d->ops = &ops;
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 0, 1, 0, false, &got));
	delivered = sim->delivered;
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, 0, 1, got.permit, 0, 400, &att));
	/* ATTACH, three times EXTENTS, and replies. */
	KUNIT_EXPECT_EQ(test, sim->delivered - delivered, 8);
	KUNIT_EXPECT_EQ(test, sim->pages[sim->domains[1].first].mapped, 7);
	KUNIT_EXPECT_EQ(test, 0,
			xemem_import_detach(sim->domains[0].d, sim_id(sim, 1),
					    att.attachment));
	sim_settle(sim);
	sim->domains[1].d->ops = before;
	sim_end(sim);
}

/* After a lookup, the directory is not asked any more: 2 - 1 - 3, not by 0. */
static int bypass_parent(struct sim *sim, unsigned int i)
{
	return i > 1 ? 1 : 0;
}

static void bypass_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 4, bypass_parent, 1);
	struct xemem_call found, got, att;
	u64 received;

	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, 3, 0, "a"));
	KUNIT_EXPECT_EQ(test, 0, sim_lookup(sim, 2, "a", &found));
	sim_settle(sim);
	received = sim->domains[0].d->stats.received;
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 2, 3, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0, sim_attach(sim, 2, 3, got.permit, 0, 4, &att));
	KUNIT_EXPECT_EQ(test, 1,
			xemem_export_remove(sim->domains[3].d,
					    sim_segid(3, 1)) +
				xemem_export_revoke(sim->domains[3].d,
						    sim_segid(3, 0), 0, 1));
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, received, sim->domains[0].d->stats.received);
	sim_end(sim);
}

/* Random work in random trees. */
struct tree_case {
	const char *shape;
	int (*parent)(struct sim *sim, unsigned int i);
	unsigned int nr;
	unsigned int lose;
	unsigned int repeat;
	unsigned int delay;
	u64 seed;
};

static const struct tree_case tree_cases[] = {
	{ "chain", sim_chain, 2, 0, 0, 1, 11 },
	{ "chain", sim_chain, 2, 300, 300, 500, 12 },
	{ "chain", sim_chain, 5, 100, 200, 300, 13 },
	{ "chain", sim_chain, 40, 5, 20, 10, 14 },
	{ "star", sim_star, 8, 200, 200, 200, 15 },
	{ "star", sim_star, 40, 100, 100, 100, 16 },
	{ "random", sim_random, 6, 150, 300, 400, 17 },
	{ "random", sim_random, 12, 100, 200, 900, 18 },
	{ "random", sim_random, 25, 50, 100, 200, 19 },
	{ "random", sim_random, 40, 50, 200, 100, 20 },
	{ "random", sim_random, 40, 100, 100, 30, 21 },
};

static void tree_desc(const struct tree_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE,
		 "%s of %u, %u/1000 lost, %u/1000 repeated, up to %u ms, seed %llu",
		 c->shape, c->nr, c->lose, c->repeat, c->delay, c->seed);
}

KUNIT_ARRAY_PARAM(tree, tree_cases, tree_desc);

/* What somebody has, or had. */
struct thing {
	unsigned int who;
	unsigned int owner;
	struct sim_call *get;
	struct sim_call *attach;
};

#define THINGS 32

static bool alive(struct sim *sim, const struct thing *t)
{
	return !sim->domains[t->who].dead && !sim->domains[t->owner].dead;
}

static void ask(struct sim *sim, struct thing *t)
{
	u64 segid;
	int err;

	t->who = sim_below(sim, sim->nr);
	t->owner = sim_below(sim, sim->nr);
	if (!alive(sim, t) || t->who == t->owner)
		return;
	t->get = sim_call(sim);
	t->attach = NULL;
	segid = sim_segid(t->owner, sim_below(sim, SIM_SEGMENTS));
	err = xemem_import_get(sim->domains[t->who].d, sim_id(sim, t->owner),
			       segid, sim_below(sim, 2), sim_below(sim, 8), 0,
			       &t->get->call);
	if (err) {
		t->get->done = 1;
		t->get = NULL;
	}
}

static void go_on(struct sim *sim, struct thing *t)
{
	struct xemem_domain *d = sim->domains[t->who].d;
	u64 first = sim_below(sim, SIM_SEGMENT);
	u64 pages = 1 + sim_below(sim, SIM_SEGMENT - first);
	int err;

	if (!alive(sim, t) || (t->get->done && t->get->err) ||
	    (t->attach && t->attach->done && t->attach->err)) {
		t->get = NULL;
	} else if (t->get->done && !t->attach) {
		t->attach = sim_call(sim);
		err = xemem_import_attach(d, sim_id(sim, t->owner),
					  t->get->call.permit, first, pages,
					  false, &t->attach->call);
		if (err) {
			t->attach->done = 1;
			t->get = NULL;
		}
	} else if (t->attach && t->attach->done) {
		if (sim_below(sim, 2))
			xemem_import_detach(d, sim_id(sim, t->owner),
					    t->attach->call.attachment);
		if (sim_below(sim, 2))
			xemem_import_release(d, sim_id(sim, t->owner),
					     t->get->call.permit);
		t->get = NULL;
	}
}

static void name(struct sim *sim)
{
	struct sim_domain *sd = &sim->domains[sim_below(sim, sim->nr)];
	struct sim_call *c;
	char text[16];
	int err;

	if (sd->dead)
		return;
	snprintf(text, sizeof(text), "n%u", sim_below(sim, 20));
	switch (sim_below(sim, 3)) {
	case 0:
		xemem_directory_unpublish(sd->d, sim_segid(sd->index, 0));
		return;
	case 1:
		c = sim_call(sim);
		err = xemem_directory_publish(sd->d, sim_segid(sd->index, 0),
					      text, &c->call);
		break;
	default:
		c = sim_call(sim);
		err = xemem_directory_lookup(sd->d, text, &c->call);
	}
	if (err)
		c->done = 1;
}

static void take_back(struct sim *sim)
{
	struct sim_domain *sd = &sim->domains[sim_below(sim, sim->nr)];

	if (!sd->dead)
		xemem_export_revoke(sd->d,
				    sim_segid(sd->index,
					      sim_below(sim, SIM_SEGMENTS)),
				    sim_below(sim, SIM_SEGMENT), 8);
}

static void work(struct sim *sim, unsigned int rounds, unsigned int deaths)
{
	struct thing *things = kcalloc(THINGS, sizeof(*things), GFP_KERNEL);
	struct thing *t;

	KUNIT_ASSERT_NOT_NULL(sim->test, things);
	while (rounds--) {
		t = &things[sim_below(sim, THINGS)];
		if (t->get)
			go_on(sim, t);
		else
			ask(sim, t);
		if (!sim_below(sim, 8))
			name(sim);
		if (!sim_below(sim, 12))
			take_back(sim);
		if (!sim_below(sim, 200))
			xemem_directory_restart(sim->domains[0].d);
		if (deaths && !sim_below(sim, rounds / deaths + 2)) {
			sim_kill(sim, 1 + sim_below(sim, sim->nr - 1));
			deaths--;
		}
		sim_run(sim, sim_below(sim, 100));
	}
	kfree(things);
}

static void run_tree(struct kunit *test, unsigned int rounds,
		     unsigned int deaths)
{
	const struct tree_case *c = test->param_value;
	struct sim *sim = sim_create(test, c->nr, c->parent, c->seed);

	sim->fragments = 7;
	sim->faults.lose = c->lose;
	sim->faults.repeat = c->repeat;
	sim->faults.delay = c->delay;
	work(sim, rounds, deaths);
	sim_end(sim);
}

static void tree_test(struct kunit *test)
{
	run_tree(test, 1000, 0);
}

static void death_test(struct kunit *test)
{
	const struct tree_case *c = test->param_value;

	run_tree(test, 1000, c->nr / 3 + 1);
}

/* Numbers are given, though messages that ask for them are lost. */
static int lossy_parent(struct sim *sim, unsigned int i)
{
	sim->faults.lose = 100;
	sim->faults.delay = 300;
	sim->faults.repeat = 300;
	return sim_random(sim, i);
}

static void join_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 25, lossy_parent, 5);
	unsigned int i, k;

	for (i = 0; i < sim->nr; i++)
		for (k = 0; k < i; k++)
			KUNIT_EXPECT_NE(test, sim_id(sim, i), sim_id(sim, k));
	sim_end(sim);
}

static struct kunit_case link_tests[] = {
	KUNIT_CASE(life_test),
	KUNIT_CASE(refuse_test),
	KUNIT_CASE(revoke_test),
	KUNIT_CASE(extents_test),
	KUNIT_CASE(bypass_test),
	KUNIT_CASE(join_test),
	KUNIT_CASE_PARAM(tree_test, tree_gen_params),
	KUNIT_CASE_PARAM(death_test, tree_gen_params),
	{}
};

static struct kunit_suite link_suite = {
	.name = "xemem_link",
	.test_cases = link_tests,
};

kunit_test_suite(link_suite);
