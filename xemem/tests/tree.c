// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated domains in a tree.
 *
 * What must hold is checked where it could break: at each map, that the page is
 * of who says so; at each unpin, that nobody has it mapped any more; when the
 * memory of a dead domain comes back, the same.
 */
#include <linux/slab.h>

#include "tree.h"

struct sim_message {
	struct list_head node;
	struct sim_end *to;
	u64 at;
	size_t bytes;
	u8 data[] __aligned(8);
};

u32 sim_below(struct sim *sim, u32 n)
{
	return n ? prandom_u32_state(&sim->rnd) % n : 0;
}

u32 sim_id(struct sim *sim, unsigned int i)
{
	return xemem_domain_id(sim->domains[i].d);
}

u64 sim_segid(unsigned int i, unsigned int k)
{
	/* More than 32 bits. */
	return ((u64)(i + 1) << 33) + k + 1;
}

static int index_of(struct sim *sim, u32 id)
{
	unsigned int i;

	for (i = 0; i < sim->nr; i++)
		if (sim->domains[i].id == id)
			return i;
	return -1;
}

/* Links */

static void queue(struct sim *sim, struct sim_end *to, const void *data,
		  size_t bytes)
{
	struct sim_message *m = kzalloc(struct_size(m, data, bytes),
					GFP_KERNEL);
	struct sim_message *before;

	KUNIT_ASSERT_NOT_NULL(sim->test, m);
	m->to = to;
	m->at = sim->now + 1 + sim_below(sim, sim->faults.delay);
	m->bytes = bytes;
	memcpy(m->data, data, bytes);
	list_for_each_entry_reverse(before, &sim->flying, node)
		if (before->at <= m->at)
			break;
	list_add(&m->node, &before->node);
}

int sim_send(struct sim *sim, struct sim_end *from, const void *data,
	     size_t bytes)
{
	if (!from->other || from->at->dead)
		return -ENOTCONN;
	if (sim_below(sim, 1000) < sim->faults.lose)
		return 0;
	queue(sim, from->other, data, bytes);
	if (sim_below(sim, 1000) < sim->faults.repeat)
		queue(sim, from->other, data, bytes);
	return 0;
}

static int end_send(struct xemem_link *link, const void *message, size_t bytes)
{
	struct sim_end *from = xemem_link_private(link);
	struct sim *sim = from->at->sim;
	u8 *copy;
	int err = 0;

	KUNIT_EXPECT_LE(sim->test, bytes, XEMEM_WIRE_MAX);
	if ((int)from->at->index == sim->mute)
		return 0;
	copy = kmemdup(message, bytes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(sim->test, copy);
	if (!sim->tap || sim->tap(sim, from, copy, bytes))
		err = sim_send(sim, from, copy, bytes);
	kfree(copy);
	return err;
}

static const struct xemem_link_ops end_ops = { .send = end_send };

static void deliver(struct sim *sim, struct sim_message *m)
{
	list_del(&m->node);
	sim->delivered++;
	if (m->to->link && !m->to->at->dead)
		sim->last = xemem_link_receive(m->to->link, m->data, m->bytes);
	kfree(m);
}

/* Time */

static struct sim_domain *earliest(struct sim *sim)
{
	struct sim_domain *first = NULL;
	unsigned int i;

	for (i = 0; i < sim->nr; i++)
		if (!sim->domains[i].dead &&
		    (!first || sim->domains[i].wake < first->wake))
			first = &sim->domains[i];
	return first;
}

/* The next thing that happens, not later than @until; false: there is none. */
static bool step(struct sim *sim, u64 until)
{
	struct sim_domain *sd = earliest(sim);
	struct sim_message *m;
	u64 at;

	m = list_first_entry_or_null(&sim->flying, struct sim_message, node);
	at = min(m ? m->at : U64_MAX, sd ? sd->wake : U64_MAX);
	if (at > until)
		return false;
	sim->now = max(sim->now, at);
	if (m && m->at == at) {
		deliver(sim, m);
	} else {
		sd->wake = U64_MAX;
		xemem_domain_tick(sd->d);
	}
	return true;
}

void sim_run(struct sim *sim, u64 ms)
{
	u64 until = sim->now + ms;

	while (step(sim, until))
		;
	sim->now = until;
}

void sim_step(struct sim *sim, unsigned int messages)
{
	unsigned int end = sim->delivered + messages;

	while (sim->delivered < end && step(sim, sim->now + 1000))
		;
}

static bool is_quiet(struct sim *sim)
{
	unsigned int i;

	if (!list_empty(&sim->flying))
		return false;
	for (i = 0; i < sim->nr; i++)
		if (!sim->domains[i].dead &&
		    (sim->domains[i].d->stats.requests ||
		     !sim_id(sim, i)))
			return false;
	return true;
}

/* Until nobody waits for anything, which must come. */
void sim_settle(struct sim *sim)
{
	u64 limit = sim->now + 600 * 1000;

	while (!is_quiet(sim) && step(sim, limit))
		;
	KUNIT_ASSERT_TRUE_MSG(sim->test, is_quiet(sim),
			      "requests never answered");
}

/* Memory */

static u64 op_now(void *context)
{
	return ((struct sim_domain *)context)->sim->now;
}

static void op_wake(void *context, u64 at)
{
	struct sim_domain *sd = context;

	sd->wake = min(sd->wake, at);
}

static int op_permit(void *context, u64 segid, u32 domain, u32 uid, u32 gid,
		     bool write, u64 *pages)
{
	struct sim_domain *sd = context;
	unsigned int k;

	for (k = 0; k < SIM_SEGMENTS; k++)
		if (sim_segid(sd->index, k) == segid && !sd->gone[k])
			break;
	if (k == SIM_SEGMENTS)
		return -ENOENT;
	/* User 7 of whatever domain may read only. */
	if (write && uid == 7)
		return -EACCES;
	*pages = SIM_SEGMENT;
	return 0;
}

/* In extents of so many pages. */
static int op_pin(void *context, struct xemem_pin *pin)
{
	struct sim_domain *sd = context;
	struct sim *sim = sd->sim;
	u64 segment = (pin->segid - 1) & 0xff, page;
	u32 run = sim->fragments ?: SIM_SEGMENT, i;

	pin->extents = kcalloc(pin->pages, sizeof(*pin->extents), GFP_KERNEL);
	if (!pin->extents)
		return -ENOMEM;
	for (i = 0; i < pin->pages; i++) {
		page = sd->first + segment * SIM_SEGMENT + pin->first + i;
		if (i % run == 0) {
			pin->extents[pin->nr].first = page;
			pin->nr++;
		}
		pin->extents[pin->nr - 1].pages++;
		sim->pages[page].pins++;
	}
	return 0;
}

static void op_unpin(void *context, struct xemem_pin *pin)
{
	struct sim_domain *sd = context;
	struct sim_page *page;
	u64 segment = (pin->segid - 1) & 0xff;
	u64 i;

	for (i = 0; i < pin->pages; i++) {
		page = &sd->sim->pages[sd->first + segment * SIM_SEGMENT +
				       pin->first + i];
		page->pins--;
		if (!sd->dead)
			KUNIT_EXPECT_LE_MSG(sd->sim->test, page->mapped,
					    page->pins,
					    "unpinned, but still mapped");
	}
	kfree(pin->extents);
}

static void count(struct sim_domain *sd, const struct xemem_map *map, int by)
{
	u32 i;
	u64 p;

	for (i = 0; i < map->nr; i++)
		for (p = 0; p < map->extents[i].pages; p++)
			sd->sim->pages[map->extents[i].first + p].mapped += by;
}

static int op_map(void *context, struct xemem_map *map)
{
	struct sim_domain *sd = context;
	struct sim *sim = sd->sim;
	struct sim_map *m = kzalloc(sizeof(*m), GFP_KERNEL);
	u32 i;
	u64 p;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < map->nr; i++)
		for (p = 0; p < map->extents[i].pages; p++)
			KUNIT_EXPECT_EQ_MSG(sim->test,
					    sim->pages[map->extents[i].first +
						       p].owner,
					    index_of(sim, map->domain),
					    "mapped, but not the owner's");
	m->map = map;
	map->private = m;
	list_add_tail(&m->node, &sd->maps);
	count(sd, map, 1);
	return 0;
}

static void op_unmap(void *context, struct xemem_map *map)
{
	struct sim_domain *sd = context;
	struct sim_map *m = map->private;

	/* What a dead one has is gone already. */
	if (!sd->dead)
		count(sd, map, -1);
	list_del(&m->node);
	kfree(m);
}

static void op_stuck(void *context, u32 domain)
{
	((struct sim_domain *)context)->stuck++;
}

static void op_lost(void *context, u64 segid)
{
	((struct sim_domain *)context)->lost++;
}

static void op_returned(void *context, u64 first, u64 pages)
{
	struct sim_domain *sd = context;
	struct sim_page *page;
	u64 i;

	/* The dead get nothing. */
	if (sd->dead)
		return;
	for (i = first; i < first + pages; i++) {
		page = &sd->sim->pages[i];
		KUNIT_EXPECT_EQ_MSG(sd->sim->test, page->mapped, 0,
				    "back with the parent, but still mapped");
		page->owner = sd->index;
	}
	sd->returned += pages;
}

static const struct xemem_domain_ops domain_ops = {
	.now = op_now,
	.wake = op_wake,
	.permit = op_permit,
	.pin = op_pin,
	.unpin = op_unpin,
	.map = op_map,
	.unmap = op_unmap,
	.stuck = op_stuck,
	.returned = op_returned,
	.lost = op_lost,
};

/* The tree */

int sim_chain(struct sim *sim, unsigned int i)
{
	return i - 1;
}

int sim_star(struct sim *sim, unsigned int i)
{
	return 0;
}

int sim_random(struct sim *sim, unsigned int i)
{
	return sim_below(sim, i);
}

/* Depth first, so that a domain's memory and its children's is one range. */
static u64 lay_out(struct sim *sim, unsigned int i, u64 first)
{
	struct sim_domain *sd = &sim->domains[i];
	unsigned int k;
	u64 next = first + SIM_PAGES;

	sd->first = first;
	for (k = first; k < next; k++)
		sim->pages[k].owner = i;
	for (k = i + 1; k < sim->nr; k++)
		if (sim->domains[k].parent == (int)i)
			next = lay_out(sim, k, next);
	sd->subtree = next - first;
	return next;
}

static void connect(struct sim *sim, struct sim_domain *sd)
{
	struct sim_domain *parent = &sim->domains[sd->parent];
	struct sim_end *down = &parent->down[sd->index];

	sd->up.at = sd;
	sd->up.other = down;
	down->at = parent;
	down->other = &sd->up;
	down->link = xemem_link_add(parent->d, XEMEM_CHILD, &end_ops, down);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(sim->test, down->link);
	KUNIT_ASSERT_EQ(sim->test, 0, xemem_link_assign(down->link, sd->first,
							sd->subtree));
	sd->up.link = xemem_link_add(sd->d, XEMEM_PARENT, &end_ops, &sd->up);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(sim->test, sd->up.link);
}

static void create_domain(struct sim *sim, unsigned int i)
{
	struct sim_domain *sd = &sim->domains[i];

	sd->wake = U64_MAX;
	sd->d = xemem_domain_create(&domain_ops, sd, !i);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(sim->test, sd->d);
	if (!i)
		return;
	KUNIT_ASSERT_EQ(sim->test, 0,
			xemem_domain_assign(sd->d, sd->first, sd->subtree));
	connect(sim, sd);
}

struct sim *sim_create(struct kunit *test, unsigned int nr,
		       int (*parent)(struct sim *sim, unsigned int i), u64 seed)
{
	struct sim *sim = kvzalloc(sizeof(*sim), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, sim);
	sim->test = test;
	sim->nr = nr;
	sim->mute = -1;
	sim->now = 1000;
	prandom_seed_state(&sim->rnd, seed);
	INIT_LIST_HEAD(&sim->flying);
	INIT_LIST_HEAD(&sim->calls);
	for (i = 0; i < nr; i++) {
		sim->domains[i].sim = sim;
		sim->domains[i].index = i;
		sim->domains[i].parent = i ? parent(sim, i) : -1;
		INIT_LIST_HEAD(&sim->domains[i].maps);
	}
	lay_out(sim, 0, 0);
	for (i = 0; i < nr; i++)
		create_domain(sim, i);
	sim_settle(sim);
	for (i = 0; i < nr; i++)
		sim->domains[i].id = sim_id(sim, i);
	return sim;
}

static bool is_behind(struct sim *sim, int i, int above)
{
	for (; i >= 0; i = sim->domains[i].parent)
		if (i == above)
			return true;
	return false;
}

static void drop_messages(struct sim *sim, struct sim_domain *sd)
{
	struct sim_message *m, *next;

	list_for_each_entry_safe(m, next, &sim->flying, node)
		if (m->to->at == sd) {
			list_del(&m->node);
			kfree(m);
		}
}

/* It does not run any more, and has nothing mapped. */
static void stop(struct sim *sim, struct sim_domain *sd)
{
	struct sim_map *m;

	list_for_each_entry(m, &sd->maps, node)
		count(sd, m->map, -1);
	sd->dead = true;
	drop_messages(sim, sd);
}

static void bury(struct sim *sim, struct sim_domain *sd)
{
	unsigned int i;

	for (i = 0; i < sim->nr; i++)
		if (sd->down[i].link) {
			KUNIT_EXPECT_EQ(sim->test, 0, xemem_link_remove(sd->down[i].link));
			sd->down[i].link = NULL;
		}
	if (sd->up.link)
		KUNIT_EXPECT_EQ(sim->test, 0, xemem_link_remove(sd->up.link));
	sd->up.link = NULL;
	KUNIT_EXPECT_EQ(sim->test, 0, sd->d->stats.requests);
	KUNIT_EXPECT_EQ(sim->test, 0, sd->d->stats.grants);
	KUNIT_EXPECT_EQ(sim->test, 0, sd->d->stats.exports);
	KUNIT_EXPECT_EQ(sim->test, 0, sd->d->stats.imports);
	xemem_domain_destroy(sd->d);
	sd->d = NULL;
}

/* With all that is behind it; its parent has seen to that. */
void sim_kill(struct sim *sim, unsigned int i)
{
	struct sim_domain *sd = &sim->domains[i];
	struct sim_end *down;
	int k;

	if (sd->dead)
		return;
	for (k = sim->nr - 1; k >= (int)i; k--)
		if (is_behind(sim, k, i) && !sim->domains[k].dead)
			stop(sim, &sim->domains[k]);
	for (k = sim->nr - 1; k >= (int)i; k--)
		if (is_behind(sim, k, i) && sim->domains[k].d)
			bury(sim, &sim->domains[k]);
	if (sd->parent < 0)
		return;
	down = &sim->domains[sd->parent].down[i];
	if (down->link)
		KUNIT_EXPECT_EQ(sim->test, 0, xemem_link_remove(down->link));
	down->link = NULL;
}

static void check_clean(struct sim *sim)
{
	struct kunit *test = sim->test;
	struct sim_domain *sd;
	unsigned int i;

	for (i = 0; i < sim->nr; i++) {
		sd = &sim->domains[i];
		if (sd->dead)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, 0, sd->d->stats.requests, "of %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, sd->d->stats.grants, "of %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, sd->d->stats.exports, "of %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, sd->d->stats.imports, "of %u", i);
		KUNIT_EXPECT_TRUE(test, list_empty(&sd->d->graves));
	}
	for (i = 0; i < sim->nr * SIM_PAGES; i++) {
		KUNIT_EXPECT_EQ_MSG(test, 0, sim->pages[i].pins, "page %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, sim->pages[i].mapped, "page %u",
				    i);
		KUNIT_EXPECT_FALSE_MSG(test,
				       sim->domains[sim->pages[i].owner].dead,
				       "page %u is a dead one's", i);
	}
}

static void end_calls(struct sim *sim)
{
	struct sim_call *c, *next;

	list_for_each_entry_safe(c, next, &sim->calls, node) {
		KUNIT_EXPECT_EQ_MSG(sim->test, 1, c->done,
				    "a call was told so often");
		list_del(&c->node);
		kfree(c);
	}
}

/* No more faults; all segments end; nothing is left; nor are domains. */
void sim_end(struct sim *sim)
{
	struct sim_faults none = {};
	unsigned int i, k;

	sim->faults = none;
	sim->tap = NULL;
	sim->mute = -1;
	sim_settle(sim);
	for (i = 0; i < sim->nr; i++)
		for (k = 0; k < SIM_SEGMENTS && !sim->domains[i].dead; k++) {
			sim->domains[i].gone[k] = true;
			xemem_export_remove(sim->domains[i].d, sim_segid(i, k));
		}
	sim_settle(sim);
	check_clean(sim);
	/* The dead are forgotten. */
	sim_run(sim, XEMEM_LINGER_MS + XEMEM_TIMEOUT_MS);
	for (i = 0; i < sim->nr; i++)
		if (!sim->domains[i].dead)
			KUNIT_EXPECT_TRUE_MSG(sim->test,
					      list_empty(&sim->domains[i].d->dead),
					      "%u remembers the dead", i);
	for (i = 1; i < sim->nr; i++)
		sim_kill(sim, i);
	sim_settle(sim);
	check_clean(sim);
	KUNIT_EXPECT_EQ(sim->test, sim->domains[0].d->nr_peers, 0);
	sim_kill(sim, 0);
	end_calls(sim);
	while (!list_empty(&sim->flying)) {
		struct sim_message *m = list_first_entry(&sim->flying,
							 struct sim_message,
							 node);
		list_del(&m->node);
		kfree(m);
	}
	kvfree(sim);
}

/* Calls */

static void call_done(struct xemem_call *call, int err)
{
	struct sim_call *c = container_of(call, struct sim_call, call);

	c->err = err;
	c->done++;
}

struct sim_call *sim_call(struct sim *sim)
{
	struct sim_call *c = kzalloc(sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(sim->test, c);
	c->call.done = call_done;
	c->sim = sim;
	list_add_tail(&c->node, &sim->calls);
	return c;
}

/* @err: what the call has returned. */
int sim_wait(struct sim *sim, struct sim_call *c, int err)
{
	u64 limit = sim->now + 2 * XEMEM_TIMEOUT_MS;

	if (err) {
		c->done++;
		return err;
	}
	while (!c->done && step(sim, limit))
		;
	return c->done ? c->err : -EINPROGRESS;
}

int sim_publish(struct sim *sim, unsigned int i, unsigned int k,
		const char *name)
{
	struct sim_call *c = sim_call(sim);

	return sim_wait(sim, c, xemem_directory_publish(sim->domains[i].d,
							sim_segid(i, k), name,
							&c->call));
}

int sim_lookup(struct sim *sim, unsigned int i, const char *name,
	       struct xemem_call *out)
{
	struct sim_call *c = sim_call(sim);
	int err;

	err = sim_wait(sim, c, xemem_directory_lookup(sim->domains[i].d, name,
						      &c->call));
	*out = c->call;
	return err;
}

int sim_get(struct sim *sim, unsigned int i, unsigned int owner, unsigned int k,
	    bool write, struct xemem_call *out)
{
	struct sim_call *c = sim_call(sim);
	int err;

	err = xemem_import_get(sim->domains[i].d, sim_id(sim, owner),
			       sim_segid(owner, k), write, 0, 0, &c->call);
	err = sim_wait(sim, c, err);
	*out = c->call;
	return err;
}

int sim_attach(struct sim *sim, unsigned int i, unsigned int owner, u64 permit,
	       u64 first, u64 pages, struct xemem_call *out)
{
	struct sim_call *c = sim_call(sim);
	int err;

	err = xemem_import_attach(sim->domains[i].d, sim_id(sim, owner), permit,
				  first, pages, false, &c->call);
	err = sim_wait(sim, c, err);
	*out = c->call;
	return err;
}
