// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: the memory of an owner is watched. Whoever has a part of it attached
 * loses his entries before the owner loses a page.
 *
 * The owner's address space announces each change of a range, and its end. It
 * does so in any state of memory management: within a walk of the reverse
 * mapping, in reclaim, under the lock of some file's mappings. So what is taken
 * here is taken nowhere else: a tree of the pieces that are attached, with a
 * lock of its own, which no page is allocated under.
 *
 * A change that no piece overlaps takes no lock: changes are counted, by the
 * blocks of memory that they touch, and the tree is looked at under a sequence
 * count. Nobody makes an entry from what he sees in a block that is changing.
 */
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/tlb.h>

#include <trace/events/xemem.h>
#include "xemem.h"
#include "../../../mm/internal.h"

/* Of a watch. */
#define NOTIFIERS	2

/* A change of so many blocks concerns them all. */
#define WIDE		8
#define ALL		XEMEM_WATCH_BLOCKS

/* Held for reading where entries are cut; see linux/xemem.h. */
struct rw_semaphore xemem_subscribers __cacheline_aligned_in_smp =
	__RWSEM_INITIALIZER(xemem_subscribers);

static struct xemem_watch *watch_of_counter(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct xemem_watch, counter);
}

static struct xemem_watch *watch_of_cutter(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct xemem_watch, cutter);
}

static unsigned long block_of(unsigned long address)
{
	return address >> PMD_SHIFT;
}

static atomic_t *count_of(struct xemem_watch *watch, unsigned long block)
{
	return &watch->changing[block % XEMEM_WATCH_BLOCKS];
}

static void count(struct xemem_watch *watch,
		  const struct mmu_notifier_range *range, int by)
{
	unsigned long block = block_of(range->start);
	unsigned long last = block_of(range->end - 1);

	if (last - block >= WIDE) {
		atomic_add(by, &watch->changing[ALL]);
		return;
	}
	for (; block <= last; block++)
		atomic_add(by, count_of(watch, block));
}

/* Is a change under way in one of the blocks of [@start, @end)? */
static bool is_changing(struct xemem_watch *watch, unsigned long start,
			unsigned long end)
{
	unsigned long block = block_of(start), last = block_of(end - 1);

	if (atomic_read(&watch->changing[ALL]))
		return true;
	for (; block <= last; block++)
		if (atomic_read(count_of(watch, block)))
			return true;
	return false;
}

/**
 * xemem_entry_size - how much one entry of an attachment maps
 * @mm: of who has attached it.
 * @addr: in the attachment.
 *
 * Context: any; the page tables stay.
 * Return: bytes, of the entry that maps @addr, or could map it.
 */
unsigned long xemem_entry_size(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	pud_t *pud, entry;
	p4d_t *p4d;
	pmd_t *pmd;

	if (pgd_none(*pgd))
		return PAGE_SIZE;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return PAGE_SIZE;
	pud = pud_offset(p4d, addr);
	/* Once: it may be cut meanwhile. */
	entry = READ_ONCE(*pud);
	if (pud_leaf(entry))
		return PUD_SIZE;
	if (pud_none(entry))
		return PAGE_SIZE;
	pmd = pmd_offset_lockless(pud, entry, addr);
	return pmd_leaf(pmdp_get_lockless(pmd)) ? PMD_SIZE : PAGE_SIZE;
}

/*
 * The owner's announcement is under way, and this one is within it: lockdep is
 * told of the second level here, and by the end of the announcement itself.
 */
static bool announce(struct mmu_notifier_range *range)
{
	bool done;

	if (!mm_has_notifiers(range->mm))
		return true;
	lock_acquire_exclusive(&__mmu_notifier_invalidate_range_start_map,
			       SINGLE_DEPTH_NESTING, 0, NULL, _THIS_IP_);
	done = !__mmu_notifier_invalidate_range_start(range);
	lock_release(&__mmu_notifier_invalidate_range_start_map, _THIS_IP_);
	return done;
}

static void announce_end(struct mmu_notifier_range *range)
{
	if (mm_has_notifiers(range->mm))
		__mmu_notifier_invalidate_range_end(range);
}

/*
 * Linux splits a large entry of an attachment whose rights are not enough for a
 * write: it clears it and flushes it under the lock of its table. Whoever finds
 * nothing there waits for that lock, lest the page be used after it is gone.
 */
static void wait_for_split(struct mm_struct *mm, unsigned long addr,
			   unsigned long end)
{
	unsigned long next;
	pud_t *pud, entry;
	p4d_t *p4d;
	pgd_t *pgd;
	pmd_t *pmd;

	for (; addr < end; addr = next) {
		pgd = pgd_offset(mm, addr);
		next = pgd_addr_end(addr, end);
		if (pgd_none(*pgd))
			continue;
		p4d = p4d_offset(pgd, addr);
		next = p4d_addr_end(addr, end);
		if (p4d_none(*p4d))
			continue;
		pud = pud_offset(p4d, addr);
		next = pud_addr_end(addr, end);
		entry = READ_ONCE(*pud);
		if (pud_none(entry))
			spin_unlock(pud_lock(mm, pud));
		if (pud_none(entry) || pud_leaf(entry))
			continue;
		pmd = pmd_offset_lockless(pud, entry, addr);
		next = pmd_addr_end(addr, end);
		if (pmd_none(pmdp_get_lockless(pmd)))
			spin_unlock(pmd_lock(mm, pmd));
	}
}

/* Nobody subscribes meanwhile; see linux/xemem.h. */
static bool keep_subscribers(unsigned int flags)
{
	if (!(flags & MMU_NOTIFIER_RANGE_BLOCKABLE))
		return down_read_trylock(&xemem_subscribers);
	down_read(&xemem_subscribers);
	return true;
}

/*
 * Others may run between two page tables, as they may when the OOM reaper walks
 * through the owner's: nothing is waited for.
 */
static void unmap_entries(struct vm_area_struct *vma,
			  struct mmu_notifier_range *range)
{
	bool blockable = mmu_notifier_range_blockable(range);
	struct mmu_gather tlb;

	if (!blockable)
		non_block_end();
	tlb_gather_mmu(&tlb, vma->vm_mm);
	unmap_page_range(&tlb, vma, range->start, range->end, NULL);
	wait_for_split(vma->vm_mm, range->start, range->end);
	announce_end(range);
	tlb_finish_mmu(&tlb);
	if (!blockable)
		non_block_start();
}

/*
 * Cut what one table of tables maps at most: who subscribes, wherever that is,
 * waits for it. This is zap_page_range_single(), for a caller who is being
 * notified himself. Notifiers of those who have attached get their turn, but
 * ours have nothing to do then: an attachment cannot be attached.
 */
static bool cut_part(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, unsigned int flags)
{
	struct mmu_notifier_range range;
	bool done;

	if (!keep_subscribers(flags))
		return false;
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, flags, vma->vm_mm,
				start, end);
	current->lwk.cutting = true;
	done = announce(&range);
	if (done)
		unmap_entries(vma, &range);
	current->lwk.cutting = false;
	up_read(&xemem_subscribers);
	return done;
}

/* Where a part of a mapping ends that is cut at once, if @addr has any table. */
static unsigned long part_end(struct mm_struct *mm, unsigned long addr,
			      unsigned long end, bool *empty)
{
	*empty = pgd_none(*pgd_offset(mm, addr)) ||
		 p4d_none(*p4d_offset(pgd_offset(mm, addr), addr));
	return *empty ? p4d_addr_end(addr, end) : pud_addr_end(addr, end);
}

static bool cut(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	bool empty, done = true;
	unsigned long next;

	/* To split an entry would be announced as if nobody was notified yet. */
	start = ALIGN_DOWN(start, xemem_entry_size(mm, start));
	end = ALIGN(end, xemem_entry_size(mm, end - 1));
	for (; start < end && done; start = next) {
		next = part_end(mm, start, end, &empty);
		if (!empty)
			done = cut_part(vma, start, next, flags);
	}
	return done;
}

/* What of @piece shows addresses of [@start, @last]. */
static bool cut_piece(struct xemem_piece *piece, unsigned long start,
		      unsigned long last, unsigned int flags)
{
	const struct xemem_attachment *att = piece->att;
	unsigned long to = att->start - att->source;

	/* Who attaches a page many times pays for it by as many touches. */
	if (!READ_ONCE(piece->shown))
		return true;
	start = max(start & PAGE_MASK, piece->node.start);
	last = min(last | ~PAGE_MASK, piece->node.last);
	trace_xemem_cut(att->permit->apid, start, start + to, last + 1 - start);
	if (!cut(piece->vma, start + to, last + 1 + to, flags))
		return false;
	/* Until what is announced has ended, nobody makes an entry. */
	if (start == piece->node.start && last == piece->node.last)
		WRITE_ONCE(piece->shown, false);
	return true;
}

/*
 * Does any piece show addresses of [@start, @last]? While the tree changes the
 * answer may be wrong, and is not used. What is removed stays readable, and
 * links of a tree of this kind make no circles: so the way down has an end.
 */
static bool find_piece(struct xemem_watch *watch, unsigned long start,
		       unsigned long last)
{
	struct rb_node *rb = READ_ONCE(watch->pieces.rb_root.rb_node), *left;
	struct interval_tree_node *node;

	while (rb) {
		node = rb_entry(rb, struct interval_tree_node, rb);
		left = READ_ONCE(rb->rb_left);
		/* If none of those on the left overlaps, then none at all. */
		if (left && READ_ONCE(rb_entry(left, struct interval_tree_node,
					       rb)->__subtree_last) >= start) {
			rb = left;
			continue;
		}
		if (READ_ONCE(node->start) > last)
			return false;
		if (READ_ONCE(node->last) >= start)
			return true;
		rb = READ_ONCE(rb->rb_right);
	}
	return false;
}

static bool is_shown(struct xemem_watch *watch, unsigned long start,
		     unsigned long last)
{
	unsigned int seq;
	bool found;

	guard(rcu)();
	do {
		seq = read_seqcount_begin(&watch->tree);
		found = find_piece(watch, start, last);
	} while (read_seqcount_retry(&watch->tree, seq));
	return found;
}

/* What was seen until now is not true any more. */
static void invalidate_views(struct xemem_watch *watch)
{
	spin_lock(&watch->lock);
	watch->seq++;
	spin_unlock(&watch->lock);
}

static bool cut_all(struct xemem_watch *watch, unsigned long start,
		    unsigned long last, unsigned int flags)
{
	struct interval_tree_node *node;
	bool done = true;

	if (!(flags & MMU_NOTIFIER_RANGE_BLOCKABLE)) {
		if (!down_read_trylock(&watch->sem))
			return false;
	} else {
		down_read(&watch->sem);
	}
	for (node = interval_tree_iter_first(&watch->pieces, start, last);
	     node && done; node = interval_tree_iter_next(node, start, last))
		done = cut_piece(container_of(node, struct xemem_piece, node),
				 start, last, flags);
	up_read(&watch->sem);
	return done;
}

/* Always successful, so that its end may be counted, too. */
static int counter_start(struct mmu_notifier *notifier,
			 const struct mmu_notifier_range *range)
{
	count(watch_of_counter(notifier), range, 1);
	/* Pairs with that of xemem_watch_begin(). */
	smp_mb__after_atomic();
	return 0;
}

static void counter_end(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	struct xemem_watch *watch = watch_of_counter(notifier);

	/* Pairs with that of xemem_watch_begin(): what was changed is seen. */
	smp_mb__before_atomic();
	count(watch, range, -1);
	if (wq_has_sleeper(&watch->wait))
		wake_up_all(&watch->wait);
}

static int cutter_start(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	struct xemem_watch *watch = watch_of_cutter(notifier);
	unsigned long last = range->end - 1;

	if (!is_shown(watch, range->start, last))
		return 0;
	/* It was counted before: see xemem_watch_create(). */
	WARN_ON_ONCE(!is_changing(watch, range->start, range->end));
	invalidate_views(watch);
	if (current->lwk.cutting)
		return 0;
	return cut_all(watch, range->start, last, range->flags) ? 0 : -EAGAIN;
}

/* The owner's address space ends; nothing more is announced. */
static void cutter_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct xemem_watch *watch = watch_of_cutter(notifier);

	WRITE_ONCE(watch->dead, true);
	/* Pairs with that of xemem_watch_begin(). */
	smp_wmb();
	scoped_guard(spinlock, &watch->lock)
		if (watch->maker)
			xemem_process_orphan(watch->maker);
	invalidate_views(watch);
	cut_all(watch, 0, ULONG_MAX, MMU_NOTIFIER_RANGE_BLOCKABLE);
	/* Changes under way are not counted down any more. */
	wake_up_all(&watch->wait);
}

/*
 * Was memory of the owner used by who has it attached? The lock of one of the
 * owner's page tables is held, so nothing is waited for; what cannot be asked
 * was not used.
 */
static int test_young(struct mmu_notifier *notifier, unsigned long start,
		      unsigned long end, bool clear)
{
	struct xemem_watch *watch = watch_of_cutter(notifier);
	const struct xemem_attachment *att;
	struct interval_tree_node *node;
	unsigned long first, last, to;
	int young = 0;

	if (!is_shown(watch, start, end - 1) || !down_read_trylock(&watch->sem))
		return 0;
	for (node = interval_tree_iter_first(&watch->pieces, start, end - 1);
	     node && (clear || !young);
	     node = interval_tree_iter_next(node, start, end - 1)) {
		att = container_of(node, struct xemem_piece, node)->att;
		to = att->start - att->source;
		first = max(start, node->start);
		last = min(end - 1, node->last);
		young |= xemem_piece_test_young(att->permit->process->mm,
						first + to, last + to + 1,
						clear);
	}
	up_read(&watch->sem);
	return young;
}

static int cutter_clear_young(struct mmu_notifier *notifier,
			      struct mm_struct *mm, unsigned long start,
			      unsigned long end)
{
	return test_young(notifier, start, end, true);
}

static int cutter_test_young(struct mmu_notifier *notifier,
			     struct mm_struct *mm, unsigned long address)
{
	return test_young(notifier, address, address + PAGE_SIZE, false);
}

static void free_counter(struct mmu_notifier *notifier)
{
	xemem_watch_put(watch_of_counter(notifier));
}

static void free_cutter(struct mmu_notifier *notifier)
{
	xemem_watch_put(watch_of_cutter(notifier));
}

static const struct mmu_notifier_ops counter_ops = {
	.invalidate_range_start = counter_start,
	.invalidate_range_end = counter_end,
	.free_notifier = free_counter,
};

/* It may fail where nobody may sleep, so it cannot be told of ends. */
static const struct mmu_notifier_ops cutter_ops = {
	.invalidate_range_start = cutter_start,
	.clear_flush_young = cutter_clear_young,
	.clear_young = cutter_clear_young,
	.test_young = cutter_test_young,
	.release = cutter_release,
	.free_notifier = free_cutter,
};

/*
 * The last one is called first: changes are counted before the tree is looked
 * at. Nothing is announced while one of them is registered.
 */
static int subscribe(struct xemem_watch *watch, struct mm_struct *mm)
{
	int err;

	mmap_assert_write_locked(mm);
	err = __mmu_notifier_register(&watch->cutter, mm);
	if (!err) {
		err = __mmu_notifier_register(&watch->counter, mm);
		if (err) {
			/* This one goes with the cutter's. */
			refcount_dec(&watch->refs);
			mmu_notifier_put(&watch->cutter);
		}
	} else {
		xemem_free(XEMEM_WATCH, watch);
	}
	return err;
}

/*
 * To subscribe to an address space takes all of its locks, and one of the whole
 * machine which is not waited for in a way that can be killed. So no more than
 * one of ours waits for that one.
 */
static int subscribe_alone(struct xemem_watch *watch, struct mm_struct *mm)
{
	static DEFINE_MUTEX(alone);
	int err = -EINTR;

	/* First: others do not wait for who holds it, and for how long. */
	if (mmap_write_lock_killable(mm))
		goto free;
	if (mutex_lock_killable(&alone)) {
		mmap_write_unlock(mm);
		goto free;
	}
	err = subscribe(watch, mm);
	mutex_unlock(&alone);
	mmap_write_unlock(mm);
	return err;
free:
	xemem_free(XEMEM_WATCH, watch);
	return err;
}

/**
 * xemem_watch_create - watch an address space
 * @mm: the address space, with users.
 *
 * Context: process context, may sleep; takes the mmap_lock of @mm.
 * Return: the watch, until xemem_watch_end(); -ENOMEM; or -EINTR.
 */
struct xemem_watch *xemem_watch_create(struct mm_struct *mm)
{
	struct xemem_watch *watch = xemem_new(XEMEM_WATCH);
	int err;

	if (!watch)
		return ERR_PTR(-ENOMEM);
	refcount_set(&watch->refs, NOTIFIERS);
	spin_lock_init(&watch->lock);
	seqcount_spinlock_init(&watch->tree, &watch->lock);
	init_rwsem(&watch->sem);
	init_waitqueue_head(&watch->wait);
	watch->pieces = RB_ROOT_CACHED;
	watch->counter.ops = &counter_ops;
	watch->cutter.ops = &cutter_ops;
	err = subscribe_alone(watch, mm);
	return err ? ERR_PTR(err) : watch;
}

/**
 * xemem_watch_set_maker - whose segments show an address space
 * @watch: of the space.
 * @p: whose; NULL: nobody's any more.
 *
 * Context: process context.
 */
void xemem_watch_set_maker(struct xemem_watch *watch, struct xemem_process *p)
{
	guard(spinlock)(&watch->lock);
	watch->maker = p;
}

/**
 * xemem_watch_end - nobody has anything attached, and nobody can any more
 * @watch: it.
 *
 * Context: any that may take a lock.
 */
void xemem_watch_end(struct xemem_watch *watch)
{
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&watch->pieces.rb_root));
	mmu_notifier_put(&watch->counter);
	mmu_notifier_put(&watch->cutter);
}

/**
 * xemem_watch_put - drop a reference
 * @watch: it.
 *
 * Context: any.
 */
void xemem_watch_put(struct xemem_watch *watch)
{
	if (refcount_dec_and_test(&watch->refs))
		xemem_free(XEMEM_WATCH, watch);
}

/**
 * xemem_watch_add - a piece is attached
 * @watch: of the space.
 * @piece: it; its mapping has no entries yet.
 *
 * Context: process context; the mmap_lock of who attaches is held for writing.
 */
void xemem_watch_add(struct xemem_watch *watch, struct xemem_piece *piece)
{
	mmap_assert_write_locked(piece->vma->vm_mm);
	down_write(&watch->sem);
	spin_lock(&watch->lock);
	write_seqcount_begin(&watch->tree);
	interval_tree_insert(&piece->node, &watch->pieces);
	write_seqcount_end(&watch->tree);
	spin_unlock(&watch->lock);
	up_write(&watch->sem);
}

/**
 * xemem_watch_remove - the page tables of a piece are about to be freed
 * @watch: of the space.
 * @piece: it; its mapping has no entries any more, and gets none. Twice is
 *	once.
 *
 * Context: process context; the mmap_lock of who has attached it is held for
 * writing, or its address space has no users.
 */
void xemem_watch_remove(struct xemem_watch *watch, struct xemem_piece *piece)
{
	if (RB_EMPTY_NODE(&piece->node.rb))
		return;
	down_write(&watch->sem);
	spin_lock(&watch->lock);
	write_seqcount_begin(&watch->tree);
	interval_tree_remove(&piece->node, &watch->pieces);
	write_seqcount_end(&watch->tree);
	spin_unlock(&watch->lock);
	up_write(&watch->sem);
	RB_CLEAR_NODE(&piece->node.rb);
}

/**
 * xemem_watch_split - a piece becomes two
 * @watch: of the space.
 * @piece: it; keeps what @other does not get.
 * @other: gets [@start, @last], one of its ends.
 * @start: address in the space.
 * @last: address in the space.
 *
 * Context: process context; the mmap_lock of who has attached it is held for
 * writing.
 */
void xemem_watch_split(struct xemem_watch *watch, struct xemem_piece *piece,
		       struct xemem_piece *other, unsigned long start,
		       unsigned long last)
{
	mmap_assert_write_locked(piece->vma->vm_mm);
	other->node.start = start;
	other->node.last = last;
	down_write(&watch->sem);
	spin_lock(&watch->lock);
	write_seqcount_begin(&watch->tree);
	interval_tree_remove(&piece->node, &watch->pieces);
	other->shown = piece->shown;
	if (start == piece->node.start)
		piece->node.start = last + 1;
	else
		piece->node.last = start - 1;
	interval_tree_insert(&piece->node, &watch->pieces);
	interval_tree_insert(&other->node, &watch->pieces);
	write_seqcount_end(&watch->tree);
	spin_unlock(&watch->lock);
	up_write(&watch->sem);
}

/**
 * xemem_watch_gap - find addresses that nobody has attached
 * @watch: of the space.
 * @start: where to begin; out: the first such address, if there is one before
 *	what somebody has attached.
 * @end: out: behind the last one in a row; @start if there is none here.
 *
 * Context: process context, may sleep.
 * Return: true; or false: that was the last one.
 */
bool xemem_watch_gap(struct xemem_watch *watch, unsigned long *start,
		     unsigned long *end)
{
	struct interval_tree_node *node;

	if (*start >= TASK_SIZE_MAX)
		return false;
	guard(rwsem_read)(&watch->sem);
	node = interval_tree_iter_first(&watch->pieces, *start, ULONG_MAX);
	if (node && node->start <= *start)
		*start = node->last + 1;
	*end = !node ? TASK_SIZE_MAX : max(node->start, *start);
	return true;
}

/**
 * xemem_watch_begin - the owner's memory is about to be looked at
 * @watch: of the space.
 * @start: address in the space, of a piece that is attached.
 * @end: behind the last one.
 * @seq: out, for xemem_watch_lock().
 *
 * Context: any.
 * Return: 0; -EINPROGRESS: it is changing, see xemem_watch_wait(); or -EFAULT:
 * the owner's address space has ended, and with it what is counted.
 */
int xemem_watch_begin(struct xemem_watch *watch, unsigned long start,
		      unsigned long end, unsigned long *seq)
{
	*seq = READ_ONCE(watch->seq);
	/*
	 * Pairs with that of counter_start(): either the change is seen here, or
	 * the piece is seen by the change, which then moves the sequence. And
	 * with that of cutter_release(), which moves it after the end.
	 */
	smp_mb();
	if (READ_ONCE(watch->dead))
		return -EFAULT;
	return is_changing(watch, start, end) ? -EINPROGRESS : 0;
}

/**
 * xemem_watch_wait - until the owner's memory has changed
 * @watch: of the space, with a reference.
 * @start: address in the space.
 * @end: behind the last one.
 *
 * Context: process context, may sleep; the caller holds no lock.
 * Return: 0, or -EINTR: current is being killed.
 */
int xemem_watch_wait(struct xemem_watch *watch, unsigned long start,
		     unsigned long end)
{
	return wait_event_killable(watch->wait,
				   READ_ONCE(watch->dead) ||
				   !is_changing(watch, start, end)) ?
	       -EINTR : 0;
}

/**
 * xemem_watch_forbid - from now on no entry is made where @flag is looked at
 * @watch: of the space.
 * @flag: is set; it is looked at after xemem_watch_lock().
 *
 * Context: any that may take a lock.
 */
void xemem_watch_forbid(struct xemem_watch *watch, bool *flag)
{
	spin_lock(&watch->lock);
	WRITE_ONCE(*flag, true);
	spin_unlock(&watch->lock);
}

/**
 * xemem_watch_cut - take back what some attachments show
 * @watch: of the space.
 * @segment: those of this segment.
 * @permit: those of this permit; NULL: of any.
 *
 * Context: process context, may sleep; no mmap_lock is needed, nor waited for.
 */
void xemem_watch_cut(struct xemem_watch *watch,
		     const struct xemem_segment *segment,
		     const struct xemem_permit *permit)
{
	unsigned long start = segment->start, last = start + segment->size - 1;
	struct interval_tree_node *node;
	struct xemem_piece *piece;

	down_read(&watch->sem);
	for (node = interval_tree_iter_first(&watch->pieces, start, last); node;
	     node = interval_tree_iter_next(node, start, last)) {
		piece = container_of(node, struct xemem_piece, node);
		if (piece->att->permit->segment == segment &&
		    (!permit || piece->att->permit == permit))
			cut_piece(piece, start, last,
				  MMU_NOTIFIER_RANGE_BLOCKABLE);
	}
	up_read(&watch->sem);
}
