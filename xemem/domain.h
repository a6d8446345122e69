/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM: the objects of the link layer. All state of a domain hangs on its
 * struct, so that tests have many of them in one kernel.
 *
 *	domain ---- links, each to a neighbour
 *	       ---- nodes: which link leads to whom, and who has died
 *	       ---- peers: whom we have business with
 *			---- requests to them, under way or waiting
 *			---- grants and exports: what they have of ours
 *			---- imports: what we have of theirs
 *	       ---- names of our segments; in domain 1, of everybody's
 *
 * There is one lock, and callbacks are never called under it: what is to be
 * done without it is a job, and whoever drops the lock does the jobs first, if
 * nobody does them already.
 */
#ifndef _XEMEM_DOMAIN_H
#define _XEMEM_DOMAIN_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "link.h"
#include "wire.h"

/**
 * struct xemem_job - something to be done without the lock
 * @node: in the domain's list.
 * @run: does it; may free the job.
 */
struct xemem_job {
	struct list_head node;
	void (*run)(struct xemem_domain *d, struct xemem_job *job);
};

/**
 * struct xemem_range - pages that somebody was assigned
 * @node: in a list.
 * @first: page frame number.
 * @pages: how many.
 */
struct xemem_range {
	struct list_head node;
	u64 first;
	u64 pages;
};

/**
 * struct xemem_ranges - all pages that somebody was assigned
 * @list: of struct xemem_range; they do not overlap.
 * @nr: how many.
 */
struct xemem_ranges {
	struct list_head list;
	unsigned int nr;
};

/**
 * struct xemem_stats - what a domain counts
 * @objects: all that it has allocated and not freed.
 * @sent: messages.
 * @received: messages, for whomever.
 * @forwarded: messages.
 * @refused: messages that were not believed.
 * @requests: under way or waiting.
 * @grants: permits that others have.
 * @exports: attachments that others have.
 * @imports: attachments that it has.
 */
struct xemem_stats {
	atomic_t objects;
	u64 sent;
	u64 received;
	u64 forwarded;
	u64 refused;
	unsigned int requests;
	unsigned int grants;
	unsigned int exports;
	unsigned int imports;
};

/**
 * struct xemem_domain - a kernel that has segments, or attaches others'
 * @ops: what it is made of.
 * @context: for them.
 * @lock: protects all the rest, and all that hangs on it.
 * @jobs: to be done by whoever drops the lock.
 * @working: somebody does them.
 * @id: its number; 0: none yet.
 * @memory: what it was assigned, with what it has given to others.
 * @links: all of them, by their node.
 * @nr_links: how many.
 * @parent: the way to domain 1, or NULL.
 * @next_key: for the next link.
 * @nodes: other domains, by number: those behind children, the newly dead, and
 *	in domain 1 all.
 * @nr_nodes: how many.
 * @next_id: in domain 1: for the next domain.
 * @dead: the newly dead, in the order of their death.
 * @deaths: so far.
 * @unmapping: attachments of domains that are dead, but of whose death there
 *	are no news yet.
 * @graves: memory of dead children that may still be mapped somewhere.
 * @peers: by number.
 * @nr_peers: how many.
 * @next_number: for permits and attachments of segments of ours.
 * @names: of our segments.
 * @nr_names: how many.
 * @epoch: of the directory, as far as we know.
 * @entries: in domain 1: the directory.
 * @grace: in domain 1: until then it takes old names only.
 * @due: when something is to be done.
 * @armed: when it is known to be ticked.
 * @hello: a domain without a number asks for one then.
 * @hello_ms: how long it waits for the answer.
 * @stats: what is counted.
 */
struct xemem_domain {
	const struct xemem_domain_ops *ops;
	void *context;
	struct mutex lock;	/* see above */
	struct list_head jobs;
	bool working;
	u32 id;
	struct xemem_ranges memory;
	struct list_head links;
	unsigned int nr_links;
	struct xemem_link *parent;
	u64 next_key;
	struct xarray nodes;
	unsigned int nr_nodes;
	u32 next_id;
	struct list_head dead;
	u64 deaths;
	unsigned int unmapping;
	struct list_head graves;
	struct xarray peers;
	unsigned int nr_peers;
	u64 next_number;
	struct list_head names;
	unsigned int nr_names;
	u64 epoch;
	struct list_head entries;
	u64 grace;
	u64 due;
	u64 armed;
	u64 hello;
	u32 hello_ms;
	struct xemem_stats stats;
};

/**
 * struct xemem_node - another domain, and the way there
 * @id: its number.
 * @link: the way; NULL if it is dead.
 * @parent: in domain 1: who has made it.
 * @join: in domain 1: number of the parent's request.
 * @dead: it is; kept for XEMEM_LINGER_MS, in which its last messages arrive.
 * @death: the how manieth.
 * @from: link that has told; need not be told.
 * @mapped: attachments of its memory that are being unmapped here.
 * @expires: when it is forgotten.
 * @dying: in the list of the dead.
 */
struct xemem_node {
	u32 id;
	struct xemem_link *link;
	u32 parent;
	u64 join;
	bool dead;
	u64 death;
	struct xemem_link *from;
	unsigned int mapped;
	u64 expires;
	struct list_head dying;
};

/**
 * struct xemem_grave - memory that a dead child was assigned
 * @job: tells the owner.
 * @node: in the domain's list.
 * @memory: the pages.
 * @death: all that died with it are known where that death is.
 */
struct xemem_grave {
	struct xemem_job job;
	struct list_head node;
	struct xemem_ranges memory;
	u64 death;
};

/* Payload of the longest request. */
#define XEMEM_REQUEST_PAYLOAD	sizeof(struct xemem_wire_news)

/**
 * struct xemem_request - something that another domain was asked
 * @node: in its peer's list of those under way, or of those that wait.
 * @peer: whom; NULL: it is over, or has not begun.
 * @flying: it is under way.
 * @type: of the message.
 * @id: its number.
 * @began: when.
 * @due: when it is sent again.
 * @wait_ms: how long it waits for an answer.
 * @patience_ms: after that, @late is called; 0: never.
 * @answered: it is over: -errno, or 0 and the payload. Under the lock.
 * @late: it is not; called once, under the lock.
 * @stubborn: a refusal is no answer.
 * @size: of @payload.
 * @payload: of the message.
 */
struct xemem_request {
	struct list_head node;
	struct xemem_peer *peer;
	bool flying;
	u16 type;
	u64 id;
	u64 began;
	u64 due;
	u32 wait_ms;
	u32 patience_ms;
	bool stubborn;
	void (*answered)(struct xemem_domain *d, struct xemem_request *r,
			 int err, const void *payload, u32 size);
	void (*late)(struct xemem_domain *d, struct xemem_request *r);
	u32 size;
	u8 payload[XEMEM_REQUEST_PAYLOAD] __aligned(8);
};

/**
 * struct xemem_peer - another domain that we have business with
 * @id: its number.
 * @next: number of the next request to it.
 * @flying: requests to it that are under way, oldest first.
 * @waiting: requests to it that wait for room.
 * @nr: how many of both.
 * @floor: all its requests with smaller numbers are over.
 * @outcome: of its requests from @floor on, by number modulo the window: 0: not
 *	seen; 1: served; else 1 + errno of the refusal.
 * @grants: permits that it has.
 * @nr_grants: how many.
 * @exports: attachments that it has.
 * @nr_exports: how many.
 * @imports: attachments that we have of it.
 */
struct xemem_peer {
	u32 id;
	u64 next;
	struct list_head flying;
	struct list_head waiting;
	unsigned int nr;
	u64 floor;
	u8 outcome[XEMEM_WIRE_WINDOW];
	struct list_head grants;
	unsigned int nr_grants;
	struct list_head exports;
	unsigned int nr_exports;
	struct list_head imports;
};

/**
 * struct xemem_join - a child is to get its number
 * @request: to domain 1.
 * @link: of the child; NULL if it has gone meanwhile.
 */
struct xemem_join {
	struct xemem_request request;
	struct xemem_link *link;
};

/**
 * struct xemem_link - the way to a neighbour
 * @domain: whose link it is.
 * @ops: the transport.
 * @private: for it.
 * @role: what is at the other end.
 * @key: no other link has it.
 * @node: in the domain's list.
 * @refs: of the domain, and of messages to be sent.
 * @gone: no reference is left.
 * @peer: number of the neighbour; 0: not known yet.
 * @greeted: number of the child's HELLO.
 * @memory: of a child and all that is behind it.
 * @grave: for @memory, when the link is removed.
 * @join: asks for a number for the child, or NULL.
 * @news: tells what has happened.
 * @told: of deaths up to that one nothing is mapped any more there and behind.
 * @telling: what @told will be.
 * @told_epoch: the epoch that is known there.
 * @telling_epoch: what @told_epoch will be.
 * @heard: number of the neighbour's news that are not acknowledged yet; 0: none.
 * @heard_dead: domains they are about.
 * @heard_nr: how many.
 */
struct xemem_link {
	struct xemem_domain *domain;
	const struct xemem_link_ops *ops;
	void *private;
	enum xemem_role role;
	u64 key;
	struct list_head node;
	refcount_t refs;
	struct completion gone;
	u32 peer;
	u64 greeted;
	struct xemem_ranges memory;
	struct xemem_grave *grave;
	struct xemem_join *join;
	struct xemem_request news;
	u64 told;
	u64 telling;
	u64 told_epoch;
	u64 telling_epoch;
	u64 heard;
	u32 heard_dead[XEMEM_WIRE_DEAD];
	u32 heard_nr;
};

/**
 * struct xemem_done - a call is over
 * @job: tells its caller.
 * @call: the caller's.
 * @err: how it went.
 */
struct xemem_done {
	struct xemem_job job;
	struct xemem_call *call;
	int err;
};

/**
 * struct xemem_asked - a request of another domain
 * @peer: whose.
 * @link: where it came from.
 * @type: of the message.
 * @id: its number.
 * @payload: of the message; its size is right.
 * @reply: payload of the reply, if it is short.
 * @size: of @reply.
 */
struct xemem_asked {
	struct xemem_peer *peer;
	struct xemem_link *link;
	u16 type;
	u64 id;
	const void *payload;
	u8 reply[16] __aligned(8);
	u32 size;
};

/* domain.c */

void xemem_domain_lock(struct xemem_domain *d);
void xemem_domain_unlock(struct xemem_domain *d);
void xemem_domain_job(struct xemem_domain *d, struct xemem_job *job,
		      void (*run)(struct xemem_domain *d,
				  struct xemem_job *job));
void xemem_domain_due(struct xemem_domain *d, u64 at);
u64 xemem_domain_now(struct xemem_domain *d);
void xemem_domain_stuck(struct xemem_domain *d, u32 id);
void xemem_domain_lost(struct xemem_domain *d, u64 segid);
void *xemem_domain_alloc(struct xemem_domain *d, size_t size);
void xemem_domain_free(struct xemem_domain *d, void *object);

/* node.c: who is where, who has died */

struct xemem_node *xemem_node_find(struct xemem_domain *d, u32 id);
bool xemem_node_is_dead(struct xemem_domain *d, u32 id);
struct xemem_link *xemem_node_route(struct xemem_domain *d, u32 id);
bool xemem_node_is_from(struct xemem_domain *d, u32 id,
			const struct xemem_link *link);
int xemem_node_learn(struct xemem_domain *d, u32 id, struct xemem_link *link);
int xemem_node_join(struct xemem_domain *d, struct xemem_link *link, u32 parent,
		    u64 request, u32 *id);
u32 xemem_node_joined(struct xemem_domain *d, u32 parent, u64 request);
int xemem_node_died(struct xemem_domain *d, u32 id, struct xemem_link *from);
void xemem_node_cut(struct xemem_domain *d, struct xemem_link *link);
void xemem_node_expire(struct xemem_domain *d, u64 now);
void xemem_node_free(struct xemem_domain *d);

/* news.c: what neighbours tell each other */

int xemem_hello_serve(struct xemem_link *link, u64 request);
int xemem_hello_answered(struct xemem_link *link,
			 const struct xemem_wire_header *header,
			 const void *payload);
void xemem_hello_tick(struct xemem_domain *d, u64 now);
int xemem_join_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_join_again(struct xemem_domain *d, struct xemem_asked *q);
void xemem_news_tell(struct xemem_domain *d);
void xemem_news_settle(struct xemem_domain *d);
void xemem_news_unmapped(struct xemem_domain *d, u32 id);
void xemem_grave_dig(struct xemem_domain *d, struct xemem_link *link);
void xemem_grave_free(struct xemem_domain *d);
int xemem_news_serve(struct xemem_domain *d, struct xemem_asked *q);

/* extent.c */

void xemem_ranges_init(struct xemem_ranges *ranges);
int xemem_ranges_add(struct xemem_domain *d, struct xemem_ranges *ranges,
		     u64 first, u64 pages);
bool xemem_ranges_contain(const struct xemem_ranges *ranges, u64 first,
			  u64 pages);
bool xemem_ranges_meet(const struct xemem_ranges *ranges, u64 first, u64 pages);
void xemem_ranges_free(struct xemem_domain *d, struct xemem_ranges *ranges);
int xemem_extent_check(const struct xemem_link *link,
		       const struct xemem_extent *e);
int xemem_extent_check_own(const struct xemem_domain *d,
			   const struct xemem_extent *e);
void xemem_extent_get(struct xemem_extent *e,
		      const struct xemem_wire_extent *wire);
void xemem_extent_put(struct xemem_wire_extent *wire,
		      const struct xemem_extent *e);

/* link.c */

void xemem_link_post(struct xemem_domain *d, struct xemem_link *link,
		     const struct xemem_wire_header *header,
		     const void *payload);
void xemem_link_send(struct xemem_domain *d, struct xemem_wire_header *header,
		     const void *payload, u32 size);
void xemem_link_free(struct xemem_link *link);

/* message.c: what is looked at before anything is believed */

int xemem_message_check(const void *message, size_t bytes);
int xemem_message_check_extents(const struct xemem_link *link,
				const void *message);
bool xemem_message_is_name(const char *name);

/* remote.c: requests to others */

struct xemem_peer *xemem_peer_find(struct xemem_domain *d, u32 id);
struct xemem_peer *xemem_peer_get(struct xemem_domain *d, u32 id);
void xemem_peer_died(struct xemem_domain *d, u32 id);
void xemem_peer_free(struct xemem_domain *d);
int xemem_request_start(struct xemem_domain *d, struct xemem_request *r,
			u32 target, u16 type, const void *payload, u32 size);
bool xemem_request_is_idle(const struct xemem_request *r);
void xemem_request_cancel(struct xemem_domain *d, struct xemem_request *r);
void xemem_request_tick(struct xemem_domain *d, u64 now);
int xemem_request_answered(struct xemem_domain *d,
			   const struct xemem_wire_header *header,
			   const void *payload);
void xemem_reply(struct xemem_domain *d, u32 target, u16 type, u64 request,
		 int err, const void *payload, u32 size);
int xemem_request_ask(struct xemem_domain *d, struct xemem_request *r,
		      u32 target, u16 type, const void *payload, u32 size);
struct xemem_done *xemem_done_alloc(struct xemem_domain *d,
				    struct xemem_call *call);
void xemem_done(struct xemem_domain *d, struct xemem_done *done, int err);

/* serve.c: others' requests to us */

int xemem_serve(struct xemem_link *link, const struct xemem_wire_header *header,
		const void *payload);
void xemem_serve_over(struct xemem_domain *d, struct xemem_peer *peer, u16 type,
		      u64 id, int err, const void *reply, u32 size);

/* directory.c */

int xemem_publish_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_publish_again(struct xemem_domain *d, struct xemem_asked *q);
int xemem_unpublish_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_lookup_serve(struct xemem_domain *d, struct xemem_asked *q);
void xemem_directory_died(struct xemem_domain *d, u32 id);
void xemem_directory_replay(struct xemem_domain *d, u64 epoch);
void xemem_directory_withdraw(struct xemem_domain *d, u64 segid);
void xemem_directory_free(struct xemem_domain *d);

/* export.c */

int xemem_get_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_get_again(struct xemem_domain *d, struct xemem_asked *q);
int xemem_release_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_attach_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_attach_again(struct xemem_domain *d, struct xemem_asked *q);
int xemem_extents_serve(struct xemem_domain *d, struct xemem_asked *q);
int xemem_detach_serve(struct xemem_domain *d, struct xemem_asked *q);
bool xemem_export_has(struct xemem_domain *d, u64 first, u64 pages);
void xemem_export_died(struct xemem_domain *d, struct xemem_peer *peer);

/* import.c */

int xemem_revoke_serve(struct xemem_domain *d, struct xemem_asked *q);
void xemem_import_died(struct xemem_domain *d, struct xemem_peer *peer);

#endif /* _XEMEM_DOMAIN_H */
