// SPDX-License-Identifier: GPL-2.0
/*
 * LWK memory: regions of an address space, and what is wanted there.
 */
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/topology.h>

#include "memory.h"
#include "../mm/internal.h"

static bool all_zero(const u8 *bytes, size_t nr)
{
	return !memchr_inv(bytes, 0, nr);
}

static int check(const struct lwk_region_policy *policy,
		 enum lwk_region region)
{
	const unsigned int most = region == LWK_REGION_ANON ?
				  LWK_PAGES_GIGANTIC : LWK_PAGES_SMALL;
	DECLARE_BITMAP(nodes, 64);

	if (policy->pages > most || policy->fault > LWK_FAULT_LAZY ||
	    policy->numa > LWK_NUMA_BIND ||
	    !all_zero(policy->reserved, sizeof(policy->reserved)))
		return -EINVAL;
	if (policy->numa == LWK_NUMA_LOCAL && policy->nodes)
		return -EINVAL;
	if (policy->numa == LWK_NUMA_BIND && !policy->nodes)
		return -EINVAL;
	bitmap_from_u64(nodes, policy->nodes);
	return bitmap_subset(nodes, node_states[N_MEMORY].bits,
			     min(64, MAX_NUMNODES)) &&
	       find_next_bit(nodes, 64, min(64, MAX_NUMNODES)) >= 64 ?
	       0 : -EINVAL;
}

/**
 * lwk_regions_check - is this a policy for memory?
 * @regions: LWK_NR_REGIONS of them.
 *
 * Context: any.
 * Return: 0, or -EINVAL.
 */
int lwk_regions_check(const struct lwk_region_policy *regions)
{
	unsigned int i;
	int err;

	for (i = 0; i < LWK_NR_REGIONS; i++) {
		err = check(&regions[i], i);
		if (err)
			return err;
	}
	return 0;
}

/**
 * lwk_region_of - what is wanted for a mapping
 * @rsv: reservation of its process.
 * @vma: the mapping, locked against changes.
 *
 * Context: any.
 */
const struct lwk_region_policy *lwk_region_of(const struct lwk_rsv *rsv,
					      const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;
	enum lwk_region region = LWK_REGION_ANON;

	if (vma_is_initial_heap(vma))
		region = LWK_REGION_HEAP;
	else if (vma_is_initial_stack(vma) || vma->vm_flags & VM_GROWSDOWN)
		region = LWK_REGION_STACK;
	else if (vma->vm_file && !(vma->vm_flags & VM_SHARED))
		region = LWK_REGION_DATA;
	else if (vma->vm_start < mm->start_brk &&
		 vma->vm_end > mm->start_data)
		region = LWK_REGION_DATA;
	return &rsv->regions[region];
}

/* Number @n of @nodes, counted from 0, modulo how many there are. */
static int nth_node(const nodemask_t *nodes, unsigned long n)
{
	int nid = first_node(*nodes);

	for (n %= nodes_weight(*nodes); n; n--)
		nid = next_node(nid, *nodes);
	return nid;
}

/* Where the thread lives, not where it is being served. */
static int home_node(void)
{
	int cpu = READ_ONCE(current->lwk.home);

	return cpu < 0 ? numa_mem_id() : cpu_to_mem(cpu);
}

static int choose(const nodemask_t *nodes, bool interleave, pgoff_t ilx)
{
	int nid = home_node();

	if (interleave)
		return nth_node(nodes, ilx);
	return node_isset(nid, *nodes) ? nid : first_node(*nodes);
}

/* As the region has it. A thread that maps a range goes through it in order. */
static int region_node(const struct lwk_region_policy *region,
		       nodemask_t *allowed)
{
	nodemask_t nodes = node_states[N_MEMORY];

	*allowed = nodes;
	if (!region || region->numa == LWK_NUMA_LOCAL)
		return home_node();
	if (region->nodes) {
		nodes_clear(nodes);
		bitmap_from_u64(nodes.bits, region->nodes);
	}
	if (region->numa == LWK_NUMA_BIND)
		*allowed = nodes;
	return choose(&nodes, region->numa == LWK_NUMA_INTERLEAVE,
		      current->lwk.turn++);
}

/* Linux prefers the node where the caller runs, which is being served. */
static bool is_default(const struct mempolicy *pol)
{
	return pol->mode == MPOL_LOCAL || nodes_empty(pol->nodes) ||
	       (pol->mode == MPOL_PREFERRED && pol->flags & MPOL_F_MORON);
}

/**
 * lwk_region_node - from which node is a page to come?
 * @region: of the mapping, or NULL.
 * @pol: what the program wants.
 * @ilx: number of the page, for interleaving.
 * @allowed: out: other nodes, if that one has none.
 *
 * Context: process context.
 */
int lwk_region_node(const struct lwk_region_policy *region,
		    const struct mempolicy *pol, pgoff_t ilx,
		    nodemask_t *allowed)
{
	nodemask_t nodes = pol->nodes;

	if (is_default(pol))
		return region_node(region, allowed);
	*allowed = node_states[N_MEMORY];
	if (pol->mode == MPOL_BIND)
		nodes_and(*allowed, *allowed, nodes);
	if (ilx == NO_INTERLEAVE_INDEX)
		ilx = 0;
	return choose(&nodes, pol->mode == MPOL_INTERLEAVE ||
		      pol->mode == MPOL_WEIGHTED_INTERLEAVE, ilx);
}
