// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: peers that lie. Domain 1 (index 0) has two children: the liar (index
 * 1) and an honest one (index 2), unless a test says otherwise.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "tree.h"

#define LIAR	1
#define HONEST	2

/* A message of the liar, as it would be if it were honest. */
struct lie {
	struct xemem_wire_header h;
	union {
		u8 bytes[XEMEM_WIRE_MAX];
		struct xemem_wire_get get;
		struct xemem_wire_attach attach;
		struct xemem_wire_publish publish;
		struct xemem_wire_news news;
		struct xemem_wire_join join;
		struct xemem_wire_id id;
	};
} __packed __aligned(8);

static void begin(struct sim *sim, struct lie *lie, u16 type, u32 size)
{
	memset(lie, 0, sizeof(*lie));
	lie->h.magic = cpu_to_le32(XEMEM_WIRE_MAGIC);
	lie->h.version = cpu_to_le16(XEMEM_WIRE_VERSION);
	lie->h.type = cpu_to_le16(type);
	lie->h.size = cpu_to_le32(size);
	lie->h.hops = XEMEM_WIRE_HOPS;
	lie->h.source = cpu_to_le32(sim_id(sim, LIAR));
	lie->h.target = cpu_to_le32(XEMEM_DOMAIN_FIRST);
	/* Not too far from what it would say itself. */
	lie->h.request = cpu_to_le64(20 + sim->noted++);
	if (!(type & XEMEM_WIRE_REPLY))
		lie->h.oldest = lie->h.request;
}

static void begin_get(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_GET, sizeof(lie->get));
	lie->get.segid = cpu_to_le64(sim_segid(0, 0));
}

/* What its parent makes of it. */
static int say(struct sim *sim, const struct lie *lie)
{
	return xemem_link_receive(sim->domains[0].down[LIAR].link, lie,
				  sizeof(lie->h) + le32_to_cpu(lie->h.size));
}

struct lie_case {
	const char *what;
	void (*change)(struct sim *sim, struct lie *lie);
	int err;
};

static void honest(struct sim *sim, struct lie *lie)
{
}

static void magic(struct sim *sim, struct lie *lie)
{
	lie->h.magic = 0;
}

static void version_old(struct sim *sim, struct lie *lie)
{
	lie->h.version = 0;
}

static void version_new(struct sim *sim, struct lie *lie)
{
	lie->h.version = cpu_to_le16(XEMEM_WIRE_VERSION + 1);
}

static void type_none(struct sim *sim, struct lie *lie)
{
	lie->h.type = 0;
}

static void type_high(struct sim *sim, struct lie *lie)
{
	lie->h.type = cpu_to_le16(XEMEM_WIRE_TYPES);
}

static void type_reply(struct sim *sim, struct lie *lie)
{
	lie->h.type = cpu_to_le16(0x7fff | XEMEM_WIRE_REPLY);
}

static void payload_short(struct sim *sim, struct lie *lie)
{
	lie->h.size = cpu_to_le32(sizeof(lie->get) - 1);
}

static void payload_long(struct sim *sim, struct lie *lie)
{
	lie->h.size = cpu_to_le32(sizeof(lie->get) + 8);
}

static void payload_none(struct sim *sim, struct lie *lie)
{
	lie->h.size = 0;
}

static void hops_none(struct sim *sim, struct lie *lie)
{
	lie->h.hops = 0;
}

static void hops_many(struct sim *sim, struct lie *lie)
{
	lie->h.hops = XEMEM_WIRE_HOPS + 1;
}

static void hops_last(struct sim *sim, struct lie *lie)
{
	lie->h.hops = 1;
	lie->h.target = cpu_to_le32(sim_id(sim, HONEST));
}

static void reserved(struct sim *sim, struct lie *lie)
{
	lie->h.reserved = 1;
}

static void reserved_payload(struct sim *sim, struct lie *lie)
{
	lie->get.reserved = cpu_to_le32(1);
}

static void flags(struct sim *sim, struct lie *lie)
{
	lie->get.flags = cpu_to_le32(0x80000000);
}

static void status(struct sim *sim, struct lie *lie)
{
	lie->h.status = cpu_to_le16(1);
}

static void request_none(struct sim *sim, struct lie *lie)
{
	lie->h.request = 0;
}

static void oldest_none(struct sim *sim, struct lie *lie)
{
	lie->h.oldest = 0;
}

static void oldest_later(struct sim *sim, struct lie *lie)
{
	lie->h.oldest = cpu_to_le64(U64_MAX);
}

static void from_nobody(struct sim *sim, struct lie *lie)
{
	lie->h.source = 0;
}

static void from_first(struct sim *sim, struct lie *lie)
{
	lie->h.source = cpu_to_le32(XEMEM_DOMAIN_FIRST);
}

static void from_sibling(struct sim *sim, struct lie *lie)
{
	lie->h.source = cpu_to_le32(sim_id(sim, HONEST));
}

static void from_none(struct sim *sim, struct lie *lie)
{
	lie->h.source = cpu_to_le32(999);
}

static void to_none(struct sim *sim, struct lie *lie)
{
	lie->h.target = cpu_to_le32(999);
}

static void to_self(struct sim *sim, struct lie *lie)
{
	lie->h.target = lie->h.source;
}

static void hello_named(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_HELLO, 0);
}

static void reply_unasked(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_GET | XEMEM_WIRE_REPLY,
	      sizeof(struct xemem_wire_permit));
}

static void reply_oldest(struct sim *sim, struct lie *lie)
{
	reply_unasked(sim, lie);
	lie->h.oldest = cpu_to_le64(1);
}

static void error_payload(struct sim *sim, struct lie *lie)
{
	reply_unasked(sim, lie);
	lie->h.status = cpu_to_le16(ENOENT);
}

static void welcome(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_HELLO | XEMEM_WIRE_REPLY,
	      sizeof(struct xemem_wire_welcome));
	lie->bytes[8] = 77;
}

static void attach_none(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_ATTACH, sizeof(lie->attach));
}

static void attach_overflow(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_ATTACH, sizeof(lie->attach));
	lie->attach.first = cpu_to_le64(2);
	lie->attach.pages = cpu_to_le64(U64_MAX);
}

static void name_endless(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_PUBLISH, sizeof(lie->publish));
	lie->publish.segid = cpu_to_le64(1);
	memset(lie->publish.name, 'a', sizeof(lie->publish.name));
}

static void name_tail(struct sim *sim, struct lie *lie)
{
	name_endless(sim, lie);
	lie->publish.name[1] = 0;
}

static void news_many(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_NEWS, sizeof(lie->news));
	lie->news.nr = cpu_to_le32(XEMEM_WIRE_DEAD + 1);
}

static void extents_none(struct sim *sim, struct lie *lie)
{
	begin(sim, lie, XEMEM_WIRE_EXTENTS | XEMEM_WIRE_REPLY,
	      sizeof(struct xemem_wire_where));
}

static void extents_short(struct sim *sim, struct lie *lie)
{
	struct xemem_wire_where *where = (void *)lie->bytes;

	begin(sim, lie, XEMEM_WIRE_EXTENTS | XEMEM_WIRE_REPLY,
	      sizeof(*where) + sizeof(struct xemem_wire_extent));
	where->nr = cpu_to_le32(2);
}

static void extents_many(struct sim *sim, struct lie *lie)
{
	struct xemem_wire_where *where = (void *)lie->bytes;

	begin(sim, lie, XEMEM_WIRE_EXTENTS | XEMEM_WIRE_REPLY,
	      sizeof(*where) + sizeof(struct xemem_wire_extent));
	where->nr = cpu_to_le32(U32_MAX);
}

static const struct lie_case lie_cases[] = {
	{ "nothing wrong", honest, 0 },
	{ "magic", magic, -EBADMSG },
	{ "version 0", version_old, -EPROTONOSUPPORT },
	{ "the next version", version_new, -EPROTONOSUPPORT },
	{ "type 0", type_none, -EBADMSG },
	{ "the type behind the last", type_high, -EBADMSG },
	{ "a reply of no type", type_reply, -EBADMSG },
	{ "payload too short", payload_short, -EMSGSIZE },
	{ "payload too long", payload_long, -EMSGSIZE },
	{ "no payload", payload_none, -EMSGSIZE },
	{ "no hops", hops_none, -EBADMSG },
	{ "too many hops", hops_many, -EBADMSG },
	{ "the last hop", hops_last, -ELOOP },
	{ "reserved field", reserved, -EBADMSG },
	{ "reserved field of the payload", reserved_payload, -EBADMSG },
	{ "unknown flag", flags, -EBADMSG },
	{ "status of a request", status, -EBADMSG },
	{ "request 0", request_none, -EBADMSG },
	{ "oldest 0", oldest_none, -EBADMSG },
	{ "oldest later than itself", oldest_later, -EBADMSG },
	{ "from nobody", from_nobody, -EXDEV },
	{ "from domain 1 itself", from_first, -EXDEV },
	{ "from a sibling", from_sibling, -EXDEV },
	{ "from a domain that is not", from_none, -EXDEV },
	{ "to a domain that is not", to_none, -EHOSTUNREACH },
	{ "to who says it", to_self, -EHOSTUNREACH },
	{ "a hello with a number", hello_named, -EBADMSG },
	{ "a reply nobody has asked for", reply_unasked, -ENOMSG },
	{ "a reply with oldest", reply_oldest, -EBADMSG },
	{ "a refusal with payload", error_payload, -EMSGSIZE },
	{ "a number for its parent", welcome, -ENOMSG },
	{ "attach of no pages", attach_none, -EBADMSG },
	{ "attach that overflows", attach_overflow, -EBADMSG },
	{ "a name without end", name_endless, -EBADMSG },
	{ "something behind a name", name_tail, -EBADMSG },
	{ "too many dead", news_many, -EBADMSG },
	{ "no extents", extents_none, -EBADMSG },
	{ "fewer extents than said", extents_short, -EMSGSIZE },
	{ "more extents than can be", extents_many, -EBADMSG },
};

static void lie_desc(const struct lie_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lie, lie_cases, lie_desc);

static void lie_test(struct kunit *test)
{
	const struct lie_case *c = test->param_value;
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	u64 refused = sim->domains[0].d->stats.refused;

	KUNIT_ASSERT_NOT_NULL(test, lie);
	begin_get(sim, lie);
	c->change(sim, lie);
	KUNIT_EXPECT_EQ(test, c->err, say(sim, lie));
	KUNIT_EXPECT_EQ(test, refused + !!c->err,
			sim->domains[0].d->stats.refused);
	if (c->err)
		KUNIT_EXPECT_EQ(test, 0, sim->domains[0].d->stats.grants);
	sim_kill(sim, LIAR);
	sim_end(sim);
}

/* Lengths that the transport reports, whatever the header says. */
static void length_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_link *link = sim->domains[0].down[LIAR].link;
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	size_t right = sizeof(lie->h) + sizeof(lie->get), bytes;

	KUNIT_ASSERT_NOT_NULL(test, lie);
	begin_get(sim, lie);
	for (bytes = 0; bytes <= sizeof(*lie); bytes++)
		if (bytes != right)
			KUNIT_EXPECT_EQ(test, -EMSGSIZE,
					xemem_link_receive(link, lie, bytes));
	KUNIT_EXPECT_EQ(test, 0, xemem_link_receive(link, lie, right));
	sim_kill(sim, LIAR);
	sim_end(sim);
}

/* Extents that the liar, who owns what is attached, has no right to. */
struct extent_case {
	const char *what;
	s64 first; /* from the liar's own first page */
	u64 pages;
	u32 order;
	bool absolute;
};

static const struct extent_case extent_cases[] = {
	{ "the page before its own", -1, 16, 0 },
	{ "all of domain 1", 0, 16, 0, true },
	{ "the page behind its own", SIM_PAGES - 15, 16, 0 },
	{ "of its sibling", SIM_PAGES, 16, 0 },
	{ "no pages", 0, 0, 0 },
	{ "as many as there are numbers", 0, U64_MAX, 0 },
	{ "that overflow", 0, U64_MAX - SIM_PAGES + 2, 0 },
	{ "that begin at the end", XEMEM_WIRE_PFN_END, 16, 0, true },
	{ "that begin behind all", -16, 16, 0, true },
	{ "of no order", 0, 16, XEMEM_WIRE_ORDER_MAX + 1 },
	{ "of an order beyond shifts", 0, 16, 64 },
	{ "not aligned to their order", 8, 16, 4 },
	{ "fewer than their order", 0, 16, 5 },
};

static void extent_desc(const struct extent_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(extent, extent_cases, extent_desc);

/* What the liar answers to who asks for the extents of an attachment. */
static bool is_lie(const struct sim_end *from,
		   const struct xemem_wire_header *h)
{
	return from->at->index == LIAR &&
	       le16_to_cpu(h->type) == (XEMEM_WIRE_EXTENTS | XEMEM_WIRE_REPLY);
}

static bool tap_extents(struct sim *sim, struct sim_end *from, void *data,
			size_t bytes)
{
	const struct extent_case *c = sim->test->param_value;
	struct xemem_wire_header *h = data;
	struct xemem_wire_where *where = (void *)(h + 1);
	struct xemem_wire_extent *e = (void *)(where + 1);

	if (!is_lie(from, h))
		return true;
	e->first = cpu_to_le64((c->absolute ? 0 : from->at->first) + c->first);
	e->pages = cpu_to_le64(c->pages);
	e->order = cpu_to_le32(c->order);
	sim->noted++;
	return true;
}

/* Once to domain 1 itself, once to a child, past domain 1. */
static void extent_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_call got, att;
	unsigned int who;

	for (who = 0; who <= HONEST; who += HONEST) {
		KUNIT_EXPECT_EQ(test, 0,
				sim_get(sim, who, LIAR, 0, false, &got));
		sim->tap = tap_extents;
		KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
				sim_attach(sim, who, LIAR, got.permit, 0, 16,
					   &att));
		KUNIT_EXPECT_EQ(test, -ERANGE, sim->last);
		KUNIT_EXPECT_TRUE(test, list_empty(&sim->domains[who].maps));
		sim->tap = NULL;
		sim_settle(sim);
	}
	KUNIT_EXPECT_GT(test, sim->noted, 10);
	sim_end(sim);
}

/* More pages than were asked for, or extents of another attachment. */
static bool tap_where(struct sim *sim, struct sim_end *from, void *data,
		      size_t bytes)
{
	struct xemem_wire_header *h = data;
	struct xemem_wire_where *where = (void *)(h + 1);
	struct xemem_wire_extent *e = (void *)(where + 1);

	if (!is_lie(from, h))
		return true;
	switch (sim->noted++) {
	case 0:
		e->pages = cpu_to_le64(17);
		break;
	case 1:
		e->pages = cpu_to_le64(15);
		break;
	case 2:
		where->attachment = 0;
		break;
	case 3:
		where->index = cpu_to_le32(1);
		break;
	}
	return true;
}

static void contradict_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_call got, att;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, HONEST, LIAR, 0, false, &got));
	sim->tap = tap_where;
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, -EBADMSG,
				    sim_attach(sim, HONEST, LIAR, got.permit, 0,
					       16, &att),
				    "case %u", i);
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, HONEST, LIAR, got.permit, 0, 16, &att));
	sim_end(sim);
}

/* Numbers of what is somebody else's. */
static void other_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	struct xemem_call got, att, mine;
	static const u16 types[] = { XEMEM_WIRE_DETACH, XEMEM_WIRE_RELEASE,
				     XEMEM_WIRE_REVOKE, XEMEM_WIRE_UNPUBLISH };
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, lie);
	/* The honest one has something of domain 1, and the other way round. */
	KUNIT_EXPECT_EQ(test, 0, sim_publish(sim, HONEST, 0, "a"));
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, HONEST, 0, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, HONEST, 0, got.permit, 0, 4, &att));
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, 0, HONEST, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, 0, HONEST, got.permit, 0, 4, &mine));
	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (n = 0; n < 20; n++) {
			begin(sim, lie, types[i], sizeof(lie->id));
			lie->id.id =
				cpu_to_le64(n < 19 ? n : sim_segid(HONEST, 0));
			KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
		}
	begin(sim, lie, XEMEM_WIRE_NEWS, sizeof(lie->news));
	lie->news.nr = cpu_to_le32(3);
	lie->news.epoch = cpu_to_le64(99);
	lie->news.dead[0] = cpu_to_le32(sim_id(sim, HONEST));
	lie->news.dead[1] = cpu_to_le32(XEMEM_DOMAIN_FIRST);
	lie->news.dead[2] = cpu_to_le32(999);
	KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[0].d->epoch);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[0].d->stats.exports);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[0].d->stats.imports);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[HONEST].d->stats.imports);
	KUNIT_EXPECT_EQ(test, 0, sim_lookup(sim, 0, "a", &got));
	sim_kill(sim, LIAR);
	sim_end(sim);
}

static bool tap_revoke(struct sim *sim, struct sim_end *from, void *data,
		       size_t bytes)
{
	struct xemem_wire_header *h = data;

	if (from->at->index != LIAR ||
	    le16_to_cpu(h->type) != (XEMEM_WIRE_REVOKE | XEMEM_WIRE_REPLY))
		return true;
	/* Half of them not at all, half as a refusal. */
	h->status = cpu_to_le16(EPERM);
	return sim->noted++ & 1;
}

/* It keeps what it has; the pages wait until it is dead. */
static void keep_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_call got, att;

	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, LIAR, HONEST, 0, false, &got));
	KUNIT_EXPECT_EQ(test, 0,
			sim_attach(sim, LIAR, HONEST, got.permit, 0, 4, &att));
	sim->tap = tap_revoke;
	KUNIT_EXPECT_EQ(test, 1,
			xemem_export_remove(sim->domains[HONEST].d,
					    sim_segid(HONEST, 0)));
	sim_run(sim, 3600 * 1000);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[HONEST].d->stats.exports);
	KUNIT_EXPECT_EQ(test, 1, sim->domains[HONEST].stuck);
	KUNIT_EXPECT_GT(test, sim->noted, 100);
	sim_kill(sim, LIAR);
	sim_settle(sim);
	KUNIT_EXPECT_EQ(test, 0, sim->domains[HONEST].d->stats.exports);
	sim_end(sim);
}

/* A copy of a request that made something, after that is gone. */
static void replay_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct xemem_domain *first = sim->domains[0].d;
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	struct lie *later = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lie);
	KUNIT_ASSERT_NOT_NULL(test, later);
	begin_get(sim, lie);
	KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	KUNIT_EXPECT_EQ(test, 1, first->stats.grants);
	KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	KUNIT_EXPECT_EQ(test, 1, first->stats.grants);
	begin(sim, later, XEMEM_WIRE_RELEASE, sizeof(later->id));
	later->h.oldest = lie->h.oldest;
	later->id.id = cpu_to_le64(1);
	KUNIT_EXPECT_EQ(test, 0, say(sim, later));
	KUNIT_EXPECT_EQ(test, 0, first->stats.grants);
	KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	KUNIT_EXPECT_EQ(test, 0, first->stats.grants);
	/* And after everything before it was said to be over. */
	later->h.oldest = later->h.request;
	KUNIT_EXPECT_EQ(test, 0, say(sim, later));
	KUNIT_EXPECT_EQ(test, -ESTALE, say(sim, lie));
	KUNIT_EXPECT_EQ(test, 0, first->stats.grants);
	sim_kill(sim, LIAR);
	sim_end(sim);
}

/* More of everything than anybody needs. */
static void flood_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 3, sim_star, 1);
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	struct xemem_domain *first = sim->domains[0].d;
	struct xemem_call got;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, lie);
	/* Nobody reads its answers. */
	sim->faults.lose = 1000;
	for (i = 0; i < 2 * XEMEM_GRANTS_MAX; i++) {
		begin_get(sim, lie);
		KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	}
	KUNIT_EXPECT_EQ(test, XEMEM_GRANTS_MAX, first->stats.grants);
	for (i = 0; i < 2 * XEMEM_BEHIND_MAX; i++) {
		begin(sim, lie, XEMEM_WIRE_JOIN, sizeof(lie->join));
		lie->join.key = cpu_to_le64(i);
		KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	}
	KUNIT_EXPECT_LE(test, first->nr_nodes, XEMEM_BEHIND_MAX + 1);
	for (i = 0; i < XEMEM_NAMES_MAX / 16; i++) {
		begin(sim, lie, XEMEM_WIRE_PUBLISH, sizeof(lie->publish));
		lie->publish.segid = cpu_to_le64(i + 1);
		snprintf(lie->publish.name, XEMEM_WIRE_NAME, "n%u", i);
		KUNIT_EXPECT_EQ(test, 0, say(sim, lie));
	}
	KUNIT_EXPECT_LT(test, atomic_read(&first->stats.objects), 10000);
	sim->faults.lose = 0;
	/* The others are served. */
	KUNIT_EXPECT_EQ(test, 0, sim_get(sim, HONEST, 0, 0, false, &got));
	sim_kill(sim, LIAR);
	sim_settle(sim);
	KUNIT_EXPECT_TRUE(test, list_empty(&first->entries));
	KUNIT_EXPECT_EQ(test, 1, first->stats.grants);
	sim_end(sim);
}

/* Fields that are right often enough to come far. */
static void scramble(struct sim *sim, struct lie *lie)
{
	static const u32 sizes[] = { 0, 8, 16, 24, 32, 64, 80, 128, 40 };
	u32 type = 1 + sim_below(sim, XEMEM_WIRE_TYPES - 1), i;

	begin(sim, lie, type, sizes[sim_below(sim, ARRAY_SIZE(sizes))]);
	/* That it has unmapped what it has mapped it may say: it has nothing. */
	if (sim_below(sim, 2))
		lie->h.type |= cpu_to_le16(XEMEM_WIRE_REPLY);
	if (lie->h.type & cpu_to_le16(XEMEM_WIRE_REPLY))
		lie->h.oldest = 0;
	lie->h.target = cpu_to_le32(sim_below(sim, 5));
	lie->h.request = cpu_to_le64(1 + sim_below(sim, 80));
	if (lie->h.oldest)
		lie->h.oldest = cpu_to_le64(1 + sim_below(sim, 40));
	if (!sim_below(sim, 4))
		lie->h.source = cpu_to_le32(sim_below(sim, 5));
	for (i = 0; i < 128; i += 1 + sim_below(sim, 8))
		lie->bytes[i] = sim_below(sim, 3) ? sim_below(sim, 4) :
						    sim_below(sim, 256);
	if (!sim_below(sim, 2))
		memset(lie->bytes + 12, 0, 116);
}

static void fuzz_test(struct kunit *test)
{
	struct sim *sim = sim_create(test, 4, sim_star, 1);
	struct lie *lie = kunit_kzalloc(test, sizeof(*lie), GFP_KERNEL);
	unsigned int i, good = 0;
	struct xemem_call got, att;

	KUNIT_ASSERT_NOT_NULL(test, lie);
	for (i = 0; i < 20000; i++) {
		scramble(sim, lie);
		good += !say(sim, lie);
		if (!(i % 100)) {
			if (!sim_get(sim, HONEST, 3, 0, false, &got))
				sim_attach(sim, HONEST, 3, got.permit, 0, 9,
					   &att);
			xemem_export_revoke(sim->domains[3].d, sim_segid(3, 0),
					    0, 4);
			sim_run(sim, 50);
		}
	}
	kunit_info(test, "%u of %u were believed\n", good, i);
	KUNIT_EXPECT_GT(test, good, 200);
	KUNIT_EXPECT_GT(test, i - good, 200);
	KUNIT_EXPECT_GT(test,
			sim->domains[HONEST].d->stats.imports +
				sim->domains[3].d->stats.grants,
			100);
	sim_kill(sim, LIAR);
	sim_end(sim);
}

static struct kunit_case hostile_tests[] = {
	KUNIT_CASE_PARAM(lie_test, lie_gen_params),
	KUNIT_CASE(length_test),
	KUNIT_CASE_PARAM(extent_test, extent_gen_params),
	KUNIT_CASE(contradict_test),
	KUNIT_CASE(other_test),
	KUNIT_CASE(keep_test),
	KUNIT_CASE(replay_test),
	KUNIT_CASE(flood_test),
	KUNIT_CASE(fuzz_test),
	{}
};

static struct kunit_suite hostile_suite = {
	.name = "xemem_hostile",
	.test_cases = hostile_tests,
};

kunit_test_suite(hostile_suite);
