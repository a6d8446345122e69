// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: who has how much of it, to the page, and who is promised more.
 *
 * Each reservation has an account; each page of the pool knows the account it
 * is on until it is free again, whoever frees it and however much later. What
 * nobody was promised is spare, and anybody's.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "memory.h"

/**
 * struct lwk_account - memory of a reservation
 * @lock: protects the rest; innermost, with interrupts off.
 * @promise: pages that nobody else gets.
 * @used: pages it has; more than promised if there was spare memory.
 * @peak: the most that it had.
 * @open: its reservation lives. Memory may be in use after that: shared,
 *	pinned, or inherited.
 */
struct lwk_account {
	spinlock_t lock;	/* the rest */
	unsigned long promise;
	unsigned long used;
	unsigned long peak;
	bool open;
};

/* Account 0 is nobody's: that of free pages. */
static struct lwk_account *accounts;
static unsigned int nr_accounts;
static DEFINE_SPINLOCK(open_lock);	/* opening */

/* Pages in the pool but for those used or promised, whichever is more. */
static atomic_long_t spare = ATOMIC_LONG_INIT(0);

/* An account has been closed with pages on it. */
static bool unsettled;

/* Pages of each node that are on an account, or dead. */
static atomic_long_t in_use[MAX_NUMNODES];

static void use(const struct page *page, long nr)
{
	atomic_long_add(nr, &in_use[page_to_nid(page)]);
}

/**
 * struct lwk_block - on which accounts the pages of a pageblock are
 * @whole: of all, but for those that @each knows better; 0: of none.
 * @mixed: some of @each is not 0.
 * @each: of single pages, or 0, or NOBODY, or DEAD if it never comes back.
 *
 * Written by whoever has the pages. Most blocks are one large page for all
 * their life, and then @each is never touched.
 */
struct lwk_block {
	u16 whole;
	bool mixed;
	u16 each[];
};

#define NOBODY	U16_MAX
#define DEAD	(U16_MAX - 1)

/*
 * For each pageblock of memory that was there at boot; NULL if it is not of
 * the pool.
 */
static struct lwk_block **blocks;
static unsigned long nr_blocks;

/* Index in @blocks, and in the block. */
#define block_of(pfn)	((pfn) >> pageblock_order)
#define place_of(pfn)	((pfn) & (pageblock_nr_pages - 1))

static bool take_spare(unsigned long nr)
{
	if (!nr || atomic_long_sub_return(nr, &spare) >= 0)
		return true;
	atomic_long_add(nr, &spare);
	return false;
}

/* What an account keeps from others. */
static unsigned long held_by(const struct lwk_account *a)
{
	return max(a->promise, a->used);
}

static int try_open(unsigned long promise)
{
	unsigned int i;

	guard(spinlock)(&open_lock);
	for (i = 1; i < nr_accounts; i++) {
		struct lwk_account *a = &accounts[i];

		guard(spinlock_irqsave)(&a->lock);
		if (a->open || a->used)
			continue;
		if (!take_spare(promise))
			break;
		a->promise = promise;
		a->peak = 0;
		a->open = true;
		return i;
	}
	return -ENOSPC;
}

/**
 * lwk_account_open - an account for a reservation
 * @promise: pages that it shall get in any case.
 *
 * Context: process context, may sleep.
 * Return: the number of the account, 0 on a machine without LWK memory, or
 * -ENOSPC: there is less, or others were promised it.
 */
int lwk_account_open(unsigned long promise)
{
	int id;

	if (!nr_accounts)
		return promise ? -ENOSPC : 0;
	lwk_account_bury();
	id = try_open(promise);
	if (id < 0) {
		/* Pages of who has just ended may be in batches of Linux. */
		lru_add_drain_all();
		id = try_open(promise);
	}
	return id;
}

/**
 * lwk_account_close - nothing is promised any more
 * @id: from lwk_account_open().
 *
 * Context: any but NMI.
 */
void lwk_account_close(int id)
{
	struct lwk_account *a = &accounts[id];

	if (!id)
		return;
	guard(spinlock_irqsave)(&a->lock);
	atomic_long_add(held_by(a) - a->used, &spare);
	a->promise = 0;
	a->open = false;
	if (a->used)
		WRITE_ONCE(unsettled, true);
}

/**
 * lwk_account_settle - pages of who has ended come back
 *
 * Linux collects pages in batches, with a reference, before they are on its
 * lists. The last ones of a process would stay there until others fill them up.
 *
 * Context: process context, may sleep.
 */
void lwk_account_settle(void)
{
	if (READ_ONCE(unsettled) && xchg(&unsettled, false))
		lru_add_drain_all();
}

/**
 * lwk_account_charge - before pages are taken from the pool
 * @id: the account.
 * @nr: how many pages.
 *
 * Context: any but NMI.
 * Return: false: they are neither promised nor spare; nothing is charged.
 */
bool lwk_account_charge(int id, unsigned long nr)
{
	struct lwk_account *a = &accounts[id];
	unsigned long held;

	if (!id)
		return false;
	guard(spinlock_irqsave)(&a->lock);
	held = held_by(a);
	if (a->used + nr > held && !take_spare(a->used + nr - held))
		return false;
	a->used += nr;
	a->peak = max(a->peak, a->used);
	return true;
}

/**
 * lwk_account_left - what a reservation could have at this moment
 * @id: its account.
 *
 * Context: any but NMI.
 * Return: pages that are promised to it or spare.
 */
unsigned long lwk_account_left(int id)
{
	struct lwk_account *a = &accounts[id];
	long free;

	if (!id)
		return 0;
	free = max(atomic_long_read(&spare), 0L);
	guard(spinlock_irqsave)(&a->lock);
	return free + held_by(a) - a->used;
}

/* Any context but NMI: undoes lwk_account_charge(). */
void lwk_account_uncharge(int id, unsigned long nr)
{
	struct lwk_account *a = &accounts[id];
	unsigned long held;

	guard(spinlock_irqsave)(&a->lock);
	if (WARN_ON_ONCE(a->used < nr))
		return;
	held = held_by(a);
	a->used -= nr;
	atomic_long_add(held - held_by(a), &spare);
}

/* The entry of the block that holds @page, or NULL if it is not of the pool. */
static struct lwk_block *find_block(const struct page *page)
{
	/* Pairs with lwk_account_init(): the tables are there before @blocks. */
	struct lwk_block **table = smp_load_acquire(&blocks);
	unsigned long nr = block_of(page_to_pfn(page));

	return table && nr < nr_blocks ? table[nr] : NULL;
}

/**
 * lwk_account_mark - pages of the pool are on an account from now on
 * @id: the account, which has been charged for them; 0: on none.
 * @page: the first one.
 * @order: logarithm of how many, to base 2; at most a pageblock.
 *
 * Context: any; nobody else has the pages yet.
 */
void lwk_account_mark(int id, const struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct lwk_block *block = find_block(page);

	if (WARN_ON_ONCE(!block))
		return;
	if (id)
		use(page, 1L << order);
	if (order < pageblock_order) {
		memset16(&block->each[place_of(pfn)], id ?: NOBODY,
			 1UL << order);
		WRITE_ONCE(block->mixed, true);
		return;
	}
	if (block->mixed)
		memset16(block->each, 0, pageblock_nr_pages);
	block->mixed = false;
	block->whole = id;
}

/* The account of pages that will be free. */
static int unmark(struct lwk_block *block, const struct page *page,
		  unsigned int order)
{
	unsigned long place = place_of(page_to_pfn(page));
	int id = block->each[place] ?: block->whole;

	if (order < pageblock_order) {
		memset16(&block->each[place], NOBODY, 1UL << order);
		WRITE_ONCE(block->mixed, true);
	} else {
		block->whole = 0;
	}
	/* Somebody has told Linux that it has no defect after all. */
	if (id == DEAD)
		atomic_long_inc(&spare);
	if (id && id != NOBODY)
		use(page, -(1L << order));
	return id >= DEAD ? 0 : id;
}

/**
 * __lwk_freeing - pages will be free
 * @page: the first one; of the pool, or not.
 * @order: logarithm of how many, to base 2.
 *
 * They were allocated together, or by splitting what was. Who is charged for
 * them from now on has to wait for the lock to take them.
 *
 * Context: any but NMI; holds the lock of their zone.
 */
void __lwk_freeing(const struct page *page, unsigned int order)
{
	struct lwk_block *block = find_block(page);
	int id = block ? unmark(block, page, order) : 0;

	lockdep_assert_held(&page_zone(page)->lock);
	if (id)
		lwk_account_uncharge(id, 1UL << order);
}

/**
 * lwk_account_leave - take a large page off its account
 * @page: its first page; of the pool, or not.
 * @id: out: the account, to be uncharged when others can have the page; or 0.
 *
 * Context: any; nobody else has the page.
 * Return: is it of the pool?
 */
bool lwk_account_leave(const struct page *page, int *id)
{
	struct lwk_block *block = find_block(page);

	if (block)
		*id = unmark(block, page, pageblock_order);
	return block;
}

/* A page that Linux has found to have a defect is on no list any more. */
static void bury(struct lwk_block *block, const struct page *page)
{
	unsigned long place = place_of(page_to_pfn(page));
	int id = block->each[place] ?: block->whole;

	if (id == DEAD)
		return;
	block->each[place] = DEAD;
	WRITE_ONCE(block->mixed, true);
	if (id && id != NOBODY)
		lwk_account_uncharge(id, 1);
	else
		use(page, 1);
	atomic_long_dec(&spare);
}

/**
 * lwk_account_bury - take pages with a defect off the accounts
 *
 * Linux keeps such pages from being free, wherever they are found, and tells
 * nobody. They are looked for when somebody misses one.
 *
 * Context: process context, may sleep.
 */
void lwk_account_bury(void)
{
	static DEFINE_MUTEX(lock);	/* @buried, and a single gravedigger */
	static long buried;
	unsigned long nr, place;
	struct page *page;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		return;
	guard(mutex)(&lock);
	if (buried == atomic_long_read(&num_poisoned_pages))
		return;
	buried = atomic_long_read(&num_poisoned_pages);
	for (nr = 0; nr < nr_blocks; nr++) {
		page = pfn_to_page(nr << pageblock_order);
		for (place = 0; blocks[nr] && place < pageblock_nr_pages; place++)
			if (PageHWPoison(page + place) &&
			    !PageCompound(page + place))
				bury(blocks[nr], page + place);
		cond_resched();
	}
}

/**
 * lwk_account_in_use - memory that nobody can be given
 * @nid: the node.
 *
 * Context: any.
 * Return: the number of pages.
 */
unsigned long lwk_account_in_use(int nid)
{
	return atomic_long_read(&in_use[nid]);
}

/**
 * lwk_account_used - memory of a reservation
 * @id: its account.
 * @peak: out: the most that it had.
 *
 * Context: any but NMI.
 * Return: pages that it has.
 */
unsigned long lwk_account_used(int id, unsigned long *peak)
{
	struct lwk_account *a = &accounts[id];

	*peak = 0;
	if (!id)
		return 0;
	guard(spinlock_irqsave)(&a->lock);
	*peak = a->peak;
	return a->used;
}

static void __init free_table(struct lwk_block **table)
{
	unsigned long i;

	for (i = 0; table && i < nr_blocks; i++)
		kfree(table[i]);
	kvfree(table);
}

/* With an entry for each pageblock of the pool. */
static struct lwk_block ** __init alloc_table(void)
{
	struct lwk_block *block, **table;
	unsigned long pfn;
	struct page *page;

	nr_blocks = block_of(max_pfn) + 1;
	table = kvcalloc(nr_blocks, sizeof(*table), GFP_KERNEL);
	for (pfn = 0; table && pfn < max_pfn; pfn += pageblock_nr_pages) {
		page = pfn_to_online_page(pfn);
		if (!page || !is_migrate_lwk(get_pageblock_migratetype(page)))
			continue;
		block = kzalloc(struct_size(block, each, pageblock_nr_pages),
				GFP_KERNEL);
		if (!block) {
			free_table(table);
			return NULL;
		}
		table[block_of(pfn)] = block;
		cond_resched();
	}
	return table;
}

/**
 * lwk_account_init - begin to account
 * @nr: pages in the pool; all of them are free.
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int __init lwk_account_init(unsigned long nr)
{
	/* One for each core, and as many that have ended but for memory. */
	unsigned int i, count = min(2 * nr_cpu_ids + 1, (unsigned int)DEAD);
	struct lwk_block **table = alloc_table();

	accounts = kvcalloc(count, sizeof(*accounts), GFP_KERNEL);
	if (!table || !accounts) {
		free_table(table);
		kvfree(accounts);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++)
		spin_lock_init(&accounts[i].lock);
	nr_accounts = count;
	atomic_long_set(&spare, nr);
	/* Pairs with find_block(): whoever frees pages looks there from now on. */
	smp_store_release(&blocks, table);
	return 0;
}
