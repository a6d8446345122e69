// SPDX-License-Identifier: GPL-2.0
/*
 * XEMEM: whose memory it is that a touch of the owner's allocates.
 *
 * A page that the owner has not touched yet comes when somebody who has
 * attached it does. It is the owner's all the same: it comes from where the
 * owner runs, or from where its policy says, and the owner is charged. A
 * policy of the mapping (mbind(2)) is Linux's affair, as is who is charged for
 * the page itself; left are the policy of the task, and the page tables.
 */
#include <linux/cpuset.h>
#include <linux/memcontrol.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/topology.h>

#include "xemem.h"

#ifdef CONFIG_NUMA
static struct mempolicy *on_node(int nid)
{
	struct mempolicy policy = {
		.refcnt = ATOMIC_INIT(1),
		.mode = MPOL_PREFERRED,
		.home_node = NUMA_NO_NODE,
	};

	node_set(nid, policy.nodes);
	policy.w.cpuset_mems_allowed = cpuset_current_mems_allowed;
	return mpol_dup(&policy);
}

/* That of @task, or the node that it runs on; NULL: as without a policy. */
static struct mempolicy *policy_of(struct task_struct *task)
{
	struct mempolicy *policy, *copy;
	int nid;

	task_lock(task);
	policy = task->mempolicy;
	mpol_get(policy);
	nid = cpu_to_node(task_cpu(task));
	task_unlock(task);
	if (policy) {
		copy = mpol_dup(policy);
		mpol_put(policy);
	} else if (nid != numa_node_id() || current->mempolicy) {
		copy = on_node(nid);
	} else {
		return NULL;
	}
	/* It is but a wish. */
	return IS_ERR(copy) ? NULL : copy;
}

static void exchange_policy(struct xemem_place *place,
			    struct mempolicy *policy)
{
	place->mems = cpuset_current_mems_allowed;
	task_lock(current);
	place->policy = current->mempolicy;
	current->mempolicy = policy;
	task_unlock(current);
	place->moved = true;
}

/* The cpuset may have changed meanwhile, which was told to the other one. */
static void restore_policy(struct xemem_place *place)
{
	struct mempolicy *policy;

	task_lock(current);
	policy = current->mempolicy;
	current->mempolicy = place->policy;
	if (!nodes_equal(place->mems, cpuset_current_mems_allowed))
		mpol_rebind_task(current, &cpuset_current_mems_allowed);
	task_unlock(current);
	mpol_put(policy);
}
#else
static struct mempolicy *policy_of(struct task_struct *task)
{
	return NULL;
}

static void exchange_policy(struct xemem_place *place,
			    struct mempolicy *policy)
{
}

static void restore_policy(struct xemem_place *place)
{
}
#endif

#ifdef CONFIG_MEMCG
static struct task_struct *owner_of(struct mm_struct *mm)
{
	struct task_struct *task;

	guard(rcu)();
	task = rcu_dereference(mm->owner);
	return task ? get_task_struct(task) : NULL;
}
#else
static struct task_struct *owner_of(struct mm_struct *mm)
{
	return NULL;
}
#endif

/**
 * xemem_place_begin - current is going to touch memory of an owner
 * @place: out: what xemem_place_end() puts back.
 * @mm: of the owner, with users.
 *
 * Frozen memory is its maker's, who may be gone: then it comes from where he
 * has run last, and his memory cgroup is charged.
 *
 * Context: process context, may sleep.
 */
void xemem_place_begin(struct xemem_place *place, struct mm_struct *mm)
{
	struct task_struct *owner = owner_of(mm);
	struct mempolicy *policy;

	place->moved = false;
	place->charged = false;
	if (!owner)
		return;
	policy = policy_of(owner);
	if (policy)
		exchange_policy(place, policy);
	put_task_struct(owner);
	place->memcg = set_active_memcg(get_mem_cgroup_from_mm(mm));
	place->charged = true;
}

/**
 * xemem_place_end - it has touched it
 * @place: from xemem_place_begin().
 *
 * Context: process context.
 */
void xemem_place_end(struct xemem_place *place)
{
	if (place->charged)
		mem_cgroup_put(set_active_memcg(place->memcg));
	if (place->moved)
		restore_policy(place);
}
