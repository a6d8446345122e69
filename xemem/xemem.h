/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XEMEM: objects, and the order of locks.
 *
 *	process ----> space <---- segment <---- permit <---- attachment
 *	(who has       (an address   (a range     (the right   (a mapping)
 *	the device)    space)        of it)       to attach)
 *
 * Each arrow is a reference, but for that of the process, whose segments and
 * permits end with it.
 *
 * A space is an inode whose contents are an address space: offset X shows what
 * the owner has at address X at that moment. Attachments are shared mappings of
 * that file. Each mapping is a piece of its attachment, which Linux may split
 * and cut, but not move; a tree of pieces knows what is shown where (watch.c).
 * Their entries in page tables have no reference to a page and no reverse
 * mapping: they are cut before the owner loses the page, when its address space
 * announces that, and come back with the next touch (fault.c).
 *
 * Order of locks; two mmap_locks are never waited for together:
 *
 *	process->lock
 *	segment->notices_lock
 *	permit->lock
 *	mmap_lock of the attaching process
 *	mmap_lock of the owner			only tried
 *	that of subscriptions to address spaces	see watch.c
 *	whatever memory management holds when it announces a change: locks of
 *	  reverse mappings, of files' mappings, of pages; reclaim
 *	the owner's announcement (mmu_notifier_invalidate_range_start())
 *	watch->sem				nothing is allocated under it
 *	xemem_subscribers			also under all locks of an mm
 *	announcement to those who have attached	second level, see watch.c
 *	lock of a page table
 *	watch->lock
 *
 * Announcements to those who have attached go to their other subscribers, such
 * as KVM; ours have nothing to cut then, so there is no third level. What
 * mm_take_all_locks() takes is never waited for under watch->sem.
 *
 * Under the lock of names (name.c) and that of accounts (quota.c), no other one
 * is taken but that of a wait queue.
 */
#ifndef _XEMEM_H
#define _XEMEM_H

#include <linux/fs.h>
#include <linux/interval_tree.h>
#include <linux/ipc.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <linux/xemem.h>
#include <uapi/linux/xemem.h>

struct eventfd_ctx;
struct ipc_namespace;
struct xemem_bill;
struct xemem_payer;
struct xemem_account;
struct xemem_name;

/* Changes are counted by 2 MiB, or what a page table maps, in so many counts. */
#define XEMEM_WATCH_BLOCKS	64

/**
 * struct xemem_watch - who shows which memory of an owner
 * @counter: knows when memory of the owner is changing.
 * @cutter: cuts what others show of it, before.
 * @refs: of the notifiers.
 * @dead: the owner's address space has ended.
 * @maker: whose segments show it, or NULL: nobody's any more; under @lock.
 * @sem: a piece that is in @pieces while it is held for reading has its page
 *	tables; changes of @pieces.
 * @lock: what is read under it before an entry is made, and changed under it
 *	before entries are cut: @seq, segment->removed, permit->ended. Changes
 *	of @pieces, too.
 * @seq: moves whenever something changes that a piece shows.
 * @tree: of changes of @pieces, for those who have no lock.
 * @pieces: all of them, by their addresses in the space; freed after a grace
 *	period.
 * @wait: for changes to end.
 * @changing: how many changes are under way: by block, and of many at once.
 */
struct xemem_watch {
	struct mmu_notifier counter;
	struct mmu_notifier cutter;
	refcount_t refs;
	bool dead;
	struct xemem_process *maker;
	struct rw_semaphore sem;
	spinlock_t lock;	/* see above */
	unsigned long seq;
	seqcount_spinlock_t tree;
	struct rb_root_cached pieces;
	wait_queue_head_t wait;
	atomic_t changing[XEMEM_WATCH_BLOCKS + 1];
};

/**
 * struct xemem_space - an address space that others attach
 * @inode: its reference count is the space's.
 * @watch: who shows what; not of a space without @mm.
 * @mm: of the owner, with a reference to the struct.
 * @frozen: nobody runs there: it was copied.
 * @bill: who pays for it, if it was.
 * @prune: frees what nobody has attached any more; with a reference.
 * @holds: the space is the user of @mm that keeps its memory.
 */
struct xemem_space {
	struct inode inode;
	struct xemem_watch *watch;
	struct mm_struct *mm;
	bool frozen;
	struct xemem_bill *bill;
	struct work_struct prune;
	bool holds;
};

/**
 * struct xemem_process - a process that has opened the device
 * @kref: of files, and of requests under way.
 * @tgid: its number, which it is found by.
 * @pid: of it, with a reference.
 * @account: what it has counts there, with a reference.
 * @payer: its address space, as one that pays, with a reference.
 * @mm: its address space, with a reference to the struct; another one after
 *	exec, which then is not the one that has opened the device.
 * @end_work: its address space has ended, and it has not.
 * @lock: protects the rest.
 * @segments: its segments, by their node.
 * @permits: its permits, by their node.
 * @space: for its segments; NULL before the first one.
 * @ended: there are none any more, and will be none.
 * @pages: that its attachments showed when they were last counted.
 */
struct xemem_process {
	struct kref kref;
	pid_t tgid;
	struct pid *pid;
	struct xemem_account *account;
	struct xemem_payer *payer;
	struct mm_struct *mm;
	struct work_struct end_work;
	struct mutex lock;	/* the rest */
	struct list_head segments;
	struct list_head permits;
	struct xemem_space *space;
	bool ended;
	unsigned long pages;
};

/**
 * struct xemem_acl_list - who may get a segment besides its mode
 * @rcu: freed after a grace period.
 * @nr: length of @entries.
 * @entries: as the user has it, but for ids, which are global.
 */
struct xemem_acl_list {
	struct rcu_head rcu;
	unsigned int nr;
	struct xemem_acl_entry entries[] __counted_by(nr);
};

/**
 * struct xemem_segment - a range of a space that others may attach
 * @kref: of its process, its permits, and of requests under way.
 * @rcu: freed after a grace period.
 * @segid: its number (number.c).
 * @perm: who has made it, and who may get it.
 * @ns: where it is known, with a reference.
 * @pid: of who has made it.
 * @process: whose it is; compared, never followed, once it is removed.
 * @account: that of the process, with a reference.
 * @space: with a reference; NULL if it has but a bell.
 * @start: first address.
 * @size: bytes.
 * @flags: XEMEM_FROZEN, XEMEM_NO_PIN.
 * @whole: all addresses behind @start, so that most are nothing.
 * @ended: it cannot be found any more.
 * @removed: nothing is shown any more; under watch->lock, and under the
 *	process's.
 * @node: in its process's list.
 * @name: or NULL; with the next two it is name.c's.
 * @named: in the list of the name.
 * @by_owner: in the tree of the name.
 * @bell: what is rung, or NULL; under the lock of @perm.
 * @notices_lock: protects @notices.
 * @notices: permits with a bell, by their noticed.
 * @acl: or NULL; under RCU, changed under the process's lock.
 * @permits: how many there are.
 * @attachments: how many there are.
 * @bytes: in them.
 * @faults: so far.
 */
struct xemem_segment {
	struct kref kref;
	struct rcu_head rcu;
	s64 segid;
	struct kern_ipc_perm perm;
	struct ipc_namespace *ns;
	struct pid *pid;
	struct xemem_process *process;
	struct xemem_account *account;
	struct xemem_space *space;
	unsigned long start;
	unsigned long size;
	u32 flags;
	bool whole;
	bool ended;
	bool removed;
	struct list_head node;
	struct xemem_name *name;
	struct list_head named;
	struct rb_node by_owner;
	struct eventfd_ctx *bell;
	struct mutex notices_lock;	/* notices */
	struct list_head notices;
	struct xemem_acl_list __rcu *acl;
	atomic64_t permits;
	atomic64_t attachments;
	atomic64_t bytes;
	atomic64_t faults;
};

/**
 * struct xemem_holder - a permit with which frozen memory is attached
 * @node: in its bill; under the bill's lock, as the rest.
 * @pages: in its attachments.
 * @paid: pages that its process pays for.
 */
struct xemem_holder {
	struct list_head node;
	unsigned long pages;
	unsigned long paid;
};

/**
 * struct xemem_permit - a process may attach a segment
 * @kref: of its process, its attachments, and of requests under way.
 * @apid: its number (number.c).
 * @segment: with a reference.
 * @process: whose it is, with a reference.
 * @write: to write, too.
 * @ended: nothing is attached any more; under watch->lock, if there is one.
 * @node: in its process's list.
 * @notice: what the segment's owner rings, or NULL; with the next one under the
 *	segment's notices_lock.
 * @noticed: in the segment's list.
 * @lock: one attaches at a time; protects @attaching, @file.
 * @file: what is mapped; NULL before the first time.
 * @attaching: what is to be mapped by the task that holds the lock.
 * @room: the address below which a small attachment is likely to fit; a guess,
 *	without a lock.
 * @holder: of frozen memory.
 * @list_lock: protects @attachments.
 * @attachments: all of them, by their node.
 */
struct xemem_permit {
	struct kref kref;
	s64 apid;
	struct xemem_segment *segment;
	struct xemem_process *process;
	bool write;
	bool ended;
	struct list_head node;
	struct eventfd_ctx *notice;
	struct list_head noticed;
	struct mutex lock;	/* attaching, file */
	struct file *file;
	struct xemem_attachment *attaching;
	unsigned long room;
	struct xemem_holder holder;
	spinlock_t list_lock;	/* attachments */
	struct list_head attachments;
};

/**
 * struct xemem_attachment - a mapping of a part of a segment
 * @kref: one for each of its pieces: parts of it may have been unmapped.
 * @write: to write, too, now or ever.
 * @lasting: nothing is shown that the owner's next write would replace.
 * @purged: and nothing is left of what was before.
 * @small: there are, or were, entries of small pages.
 * @permit: with a reference.
 * @by: task that is mapping it.
 * @start: its address.
 * @size: bytes.
 * @source: its address in the space.
 * @node: in the permit's list.
 * @spare: a piece for the next split; under mmap_lock for writing.
 *
 * Some have a hundred thousand of them: 72 bytes, and no more.
 */
struct xemem_attachment {
	struct kref kref;
	bool write;
	bool lasting;
	bool purged;
	bool small;
	struct xemem_permit *permit;
	const struct task_struct *by;
	unsigned long start;
	unsigned long size;
	unsigned long source;
	struct list_head node;
	struct xemem_piece *spare;
};

static_assert(sizeof(struct xemem_attachment) <= 72);

/**
 * struct xemem_piece - what is left of an attachment, in one VMA
 * @node: its addresses in the space; in watch->pieces, as long as it has page
 *	tables.
 * @kref: of its VMA, and of one that it is moved to in vain.
 * @vma: its VMA.
 * @att: with a reference.
 * @shown: there are entries, or there were when it was last cut: set under
 *	watch->lock, cleared while all of it is changing.
 * @rcu: freed after a grace period.
 */
struct xemem_piece {
	struct interval_tree_node node;
	struct kref kref;
	struct vm_area_struct *vma;
	struct xemem_attachment *att;
	bool shown;
	struct rcu_head rcu;
};

/* What @vma, an attachment, is a piece of. */
static inline struct xemem_attachment *
xemem_attachment_of(const struct vm_area_struct *vma)
{
	const struct xemem_piece *piece = vma->vm_private_data;

	return piece->att;
}

/* slab.c */

enum xemem_kind {
	XEMEM_PROCESS,
	XEMEM_SEGMENT,
	XEMEM_PERMIT,
	XEMEM_ATTACHMENT,
	XEMEM_PIECE,
	XEMEM_WATCH,
	XEMEM_PAYER,
	XEMEM_BILL,
	XEMEM_KINDS
};

extern struct kmem_cache *xemem_caches[XEMEM_KINDS];
int xemem_slab_init(void);

/* Process context, may sleep. All zeroes, charged to current's memory cgroup. */
static inline void *xemem_new(enum xemem_kind kind)
{
	return kmem_cache_zalloc(xemem_caches[kind], GFP_KERNEL);
}

/* Any context. @object may be NULL. */
static inline void xemem_free(enum xemem_kind kind, void *object)
{
	if (object)
		kmem_cache_free(xemem_caches[kind], object);
}

/*
 * A bit of an address space's flags that Linux does not use, and that a child
 * does not inherit: something was attached there.
 */
#define XEMEM_MMF_ATTACHES	63

static_assert(XEMEM_MMF_ATTACHES < BITS_PER_LONG);

/* process.c */

int xemem_process_open(struct file *file);
void xemem_process_release(struct file *file);
void xemem_process_flush(void);
struct xemem_process *xemem_process_get(void);
struct xemem_process *xemem_process_find(struct pid *pid);
struct xemem_process *xemem_process_from(unsigned long tgid);
void xemem_process_put(struct xemem_process *p);
void xemem_process_orphan(struct xemem_process *p);

/* space.c */

struct xemem_space *xemem_space_create(struct mm_struct *mm);
void xemem_space_put(struct xemem_space *space);
void xemem_space_drop(struct xemem_space *space, bool wait);
void xemem_clear(struct vm_area_struct *vma);
struct file *xemem_space_file(struct xemem_space *space,
			      struct xemem_permit *permit);
int xemem_space_init(void);

/* watch.c */

struct xemem_watch *xemem_watch_create(struct mm_struct *mm);
void xemem_watch_set_maker(struct xemem_watch *watch, struct xemem_process *p);
bool xemem_watch_gap(struct xemem_watch *watch, unsigned long *start,
		     unsigned long *end);
void xemem_watch_end(struct xemem_watch *watch);
void xemem_watch_put(struct xemem_watch *watch);
void xemem_watch_add(struct xemem_watch *watch, struct xemem_piece *piece);
void xemem_watch_remove(struct xemem_watch *watch, struct xemem_piece *piece);
void xemem_watch_split(struct xemem_watch *watch, struct xemem_piece *piece,
		       struct xemem_piece *other, unsigned long start,
		       unsigned long last);
int xemem_watch_begin(struct xemem_watch *watch, unsigned long start,
		      unsigned long end, unsigned long *seq);
int xemem_watch_wait(struct xemem_watch *watch, unsigned long start,
		     unsigned long end);
void xemem_watch_forbid(struct xemem_watch *watch, bool *flag);
void xemem_watch_cut(struct xemem_watch *watch,
		     const struct xemem_segment *segment,
		     const struct xemem_permit *permit);

/**
 * xemem_watch_lock - an entry is to be made from what was seen
 * @watch: of the space.
 * @seq: from xemem_watch_begin(), before the owner was looked at.
 *
 * Until xemem_watch_unlock() it is true, and nobody can be told otherwise
 * before the lock of the page table is free again: so he finds the entry.
 *
 * Context: under the lock of the page table.
 * Return: true; or false: it is not true any more, and nothing is locked.
 */
static inline bool xemem_watch_lock(struct xemem_watch *watch,
				    unsigned long seq)
{
	spin_lock(&watch->lock);
	if (watch->seq == seq)
		return true;
	spin_unlock(&watch->lock);
	return false;
}

/**
 * xemem_watch_unlock - an entry was made
 * @watch: of the space.
 *
 * Context: after xemem_watch_lock() was true.
 */
static inline void xemem_watch_unlock(struct xemem_watch *watch)
{
	spin_unlock(&watch->lock);
}

/* segment.c */

struct xemem_segment *xemem_segment_find(s64 segid);
void xemem_segment_put(struct xemem_segment *segment);
void xemem_segment_end(struct xemem_segment *segment);
void xemem_segment_detached(struct xemem_segment *segment);
int xemem_segment_make(struct xemem_process *p, struct xemem_make *req);
int xemem_segment_remove(struct xemem_process *p, s64 segid);
struct xemem_segment *xemem_segment_after(s64 segid);
void xemem_segment_describe(struct xemem_segment *segment,
			    struct xemem_segment_info *info);

/* bell.c */

int xemem_bell_set(struct xemem_process *p, s64 segid, int fd);
int xemem_bell_ring(struct xemem_process *p, s64 apid);
int xemem_notice_set(struct xemem_process *p, s64 apid, int fd);
void xemem_notice_end(struct xemem_permit *permit);
void xemem_notice_all(struct xemem_segment *segment);
int xemem_notice_ring(struct xemem_process *p, s64 segid);

/* permit.c */

int xemem_permit_get(struct xemem_process *p, struct xpmem_ioc_get *req);
struct xemem_permit *xemem_permit_find(struct xemem_process *p, s64 apid);
void xemem_permit_put(struct xemem_permit *permit);
void xemem_permit_end(struct xemem_permit *permit);
int xemem_permit_release(struct xemem_process *p, s64 apid);
struct xemem_permit *xemem_permit_next(struct xemem_permit *permit);

/* attach.c */

int xemem_attach(struct xemem_process *p, struct xemem_attach *req);
int xemem_detach(unsigned long address);
void xemem_detach_all(struct xemem_permit *permit);
void xemem_attachment_put(struct xemem_attachment *att);
struct xemem_attachment *xemem_attachment_next(struct xemem_permit *permit,
					       struct xemem_attachment *att);
extern const struct file_operations xemem_attach_fops;

/* piece.c */

int xemem_piece_prepare(struct xemem_attachment *att);
void xemem_piece_map(struct xemem_attachment *att, struct vm_area_struct *vma);
int xemem_piece_may_split(struct vm_area_struct *vma, unsigned long addr);
void xemem_piece_open(struct vm_area_struct *vma);
void xemem_piece_close(struct vm_area_struct *vma);
void xemem_piece_unmap(struct vm_area_struct *vma);

/* look.c: what the owner has */

/* So many pages are looked at, and mapped, at a time. */
#define XEMEM_VIEW_PAGES	64

/**
 * struct xemem_view - memory of an owner, at one moment
 * @want: in: address that the view is about; there is a page.
 * @peek: in: what the owner has is enough, be it to read only.
 * @lasting: in: nothing that his next write would replace.
 * @watch: in: of the space.
 * @around: nothing may change from here on while it is looked at,
 * @around_end: to here.
 * @start: address of the first of @pages.
 * @nr: how many of them.
 * @shift: of the size of each.
 * @how: to fault in what is not there.
 * @run: so many pages from @want on are his, but have to be faulted in; 0: he
 *	has never touched it.
 * @small: huge, but not to be mapped as such.
 * @pages: page frame number, and whether it may be written.
 */
struct xemem_view {
	unsigned long want;
	struct xemem_watch *watch;
	unsigned long around;
	unsigned long around_end;
	unsigned long start;
	unsigned int nr;
	unsigned int shift;
	unsigned int how;
	unsigned int run;
	bool peek;
	bool lasting;
	bool small;
	struct {
		unsigned long pfn : BITS_PER_LONG - 2;
		unsigned long there : 1;
		unsigned long write : 1;
	} pages[XEMEM_VIEW_PAGES];
};

/* Behind the last page. */
static inline unsigned long xemem_view_end(const struct xemem_view *view)
{
	return view->start + ((unsigned long)view->nr << view->shift);
}

int xemem_look(struct xemem_space *space, struct xemem_view *view,
	       unsigned long start, unsigned long end, bool write, bool fault);
int xemem_fault_in(struct mm_struct *mm, unsigned long start, unsigned long nr,
		   unsigned int how, bool wait);
unsigned long xemem_next(struct mm_struct *mm, unsigned long start,
			 unsigned long end);

/* How xemem_fault_in() takes pages. */
#define XEMEM_HOW_WRITE		BIT(0)	/* to write */
#define XEMEM_HOW_SHARED	BIT(1)	/* frozen: the maker may have it, too */
#define XEMEM_HOW_LASTING	BIT(2)	/* not to be replaced by the next write */
#define XEMEM_HOW_USERFAULT	BIT(3)	/* perhaps by a userfaultfd */

/* place.c: whose memory it is that a touch of the owner's allocates */

/**
 * struct xemem_place - what was current's, while it works for an owner
 * @policy: its memory policy.
 * @mems: the nodes it was allowed then.
 * @memcg: who is charged for its work.
 * @moved: @policy is not in force.
 * @charged: nor is @memcg.
 */
struct xemem_place {
	struct mempolicy *policy;
	nodemask_t mems;
	struct mem_cgroup *memcg;
	bool moved;
	bool charged;
};

void xemem_place_begin(struct xemem_place *place, struct mm_struct *mm);
void xemem_place_end(struct xemem_place *place);

/* young.c */

unsigned long xemem_entry_size(struct mm_struct *mm, unsigned long addr);
bool xemem_piece_test_young(struct mm_struct *mm, unsigned long start,
			    unsigned long end, bool clear);

/* map.c: what the one who attaches has */

int xemem_map(struct vm_area_struct *vma, const struct xemem_view *view,
	      unsigned long seq);

/* map_pud.c: -EEXIST: not as one entry */

#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
int xemem_map_pud(struct vm_area_struct *vma, pud_t *pud, unsigned long addr,
		  const struct xemem_view *view, unsigned long seq);
#else
static inline int xemem_map_pud(struct vm_area_struct *vma, pud_t *pud,
				unsigned long addr,
				const struct xemem_view *view,
				unsigned long seq)
{
	return -EEXIST;
}
#endif

bool xemem_map_begin(struct vm_area_struct *vma,
		     const struct xemem_view *view, unsigned long seq);
void xemem_map_end(const struct xemem_view *view);
void xemem_mark_dirty(unsigned long pfn);

/* fault.c */

int xemem_populate(const struct xemem_attachment *att, bool strict);

/* name.c */

int xemem_name_add(struct xemem_segment *segment, const char *text,
		   bool instead);
void xemem_name_remove(struct xemem_segment *segment);
void xemem_name_of(const struct xemem_segment *segment, char *text);
int xemem_name_lookup(struct xemem_lookup *req);

/* acl.c */

int xemem_acl_set(struct xemem_process *p, const struct xemem_acl *req);
int xemem_acl_check(const struct xemem_segment *segment, bool write);

/* frozen.c */

struct xemem_space *xemem_freeze(struct xemem_process *p, unsigned long start,
				 unsigned long size);
struct vm_area_struct *xemem_copy_vma(struct mm_struct *mm,
				      struct vm_area_struct *vma,
				      struct vm_area_struct *part);

/* duplicate.c */

int xemem_duplicate(struct mm_struct *mm, struct vm_area_struct *vma,
		    struct vm_area_struct *part, struct xemem_bill *bill);
int xemem_leave_files(struct mm_struct *mm, struct xemem_bill *bill);
bool xemem_can_duplicate(const struct vm_area_struct *vma);

/* prune.c */

void xemem_prune(struct xemem_space *space);
void xemem_prune_work(struct work_struct *work);

/* Whose memory cgroup is charged for what @mm has; under RCU. */
static inline void xemem_mm_set_owner(struct mm_struct *mm,
				      struct task_struct *owner)
{
#ifdef CONFIG_MEMCG
	rcu_assign_pointer(mm->owner, owner);
#endif
}

/* quota.c: of each user; more is refused with -EDQUOT */

enum xemem_quota {
	XEMEM_QUOTA_SEGMENTS,
	XEMEM_QUOTA_PERMITS,
	XEMEM_QUOTA_NAMES,
	XEMEM_QUOTA_FROZEN,	/* pages */
	XEMEM_QUOTAS
};

struct xemem_account *xemem_account_get(void);
struct xemem_account *xemem_account_hold(struct xemem_account *a);
void xemem_account_put(struct xemem_account *a);
int xemem_charge(struct xemem_account *account, enum xemem_quota quota);
void xemem_uncharge(struct xemem_account *account, enum xemem_quota quota);
void xemem_charge_many(struct xemem_account *account, enum xemem_quota quota,
		       long nr);
int xemem_charge_check(const struct xemem_account *account,
		       enum xemem_quota quota);
int xemem_quota_init(void);

/* number.c */

/**
 * struct xemem_numbers - all objects of a kind that can be found by number
 * @objects: by the count in their number; its lock protects @last.
 * @last: the last count that was given.
 */
struct xemem_numbers {
	struct xarray objects;
	unsigned long last;
};

int xemem_number_add(struct xemem_numbers *numbers, void *object, pid_t pid,
		     s64 *number);
void xemem_number_remove(struct xemem_numbers *numbers, s64 number);
void *xemem_number_find(struct xemem_numbers *numbers, s64 number);
void *xemem_number_next(struct xemem_numbers *numbers, s64 *number);

/* count.c: pages that are shown */

/**
 * struct xemem_mapped - entries of attachments, by their size
 * @ptes: of 4 KiB.
 * @pmds: of 2 MiB.
 * @puds: of 1 GiB.
 */
struct xemem_mapped {
	unsigned long ptes;
	unsigned long pmds;
	unsigned long puds;
};

DECLARE_PER_CPU(unsigned long, xemem_pages_shown);

/* An entry of @size bytes is made. */
static inline void xemem_count_page(unsigned long size)
{
	this_cpu_add(xemem_pages_shown, size >> PAGE_SHIFT);
}

void xemem_count_vma(struct vm_area_struct *vma, struct xemem_mapped *n);
int xemem_count_process(struct xemem_process *p, bool polite);
unsigned long xemem_count_shown(void);

/* proc.c */

int xemem_proc_init(void);

/* debugfs.c */

#ifdef CONFIG_DEBUG_FS
void xemem_debugfs_init(void);
#else
static inline void xemem_debugfs_init(void) { }
#endif

#endif /* _XEMEM_H */
