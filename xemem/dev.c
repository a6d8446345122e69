// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/xpmem: the only place that reads and writes memory of a user for XEMEM,
 * but for access control lists (acl.c).
 */
#include <linux/cred.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#define CREATE_TRACE_POINTS
#include <trace/events/xemem.h>
#include "bill.h"
#include "xemem.h"

/* The machine's first kernel; others are behind links. */
#define DOMAIN		1

static_assert(sizeof(struct xpmem_ioc_make) == 40);
static_assert(sizeof(struct xpmem_ioc_get) == 32);
static_assert(sizeof(struct xpmem_ioc_attach) == 40);

/* Everything that a request may be. */
union request {
	s64 id;
	u64 address;
	struct xpmem_ioc_make xpmem_make;
	struct xpmem_ioc_get xpmem_get;
	struct xpmem_ioc_attach xpmem_attach;
	struct xemem_query query;
	struct xemem_make make;
	struct xemem_attach attach;
	struct xemem_lookup lookup;
	struct xemem_segment_info info;
	struct xemem_bell bell;
	struct xemem_notice notice;
	struct xemem_acl acl;
};

static int do_version(struct xemem_process *p, union request *req)
{
	return XPMEM_ABI_VERSION;
}

static int do_nothing(struct xemem_process *p, union request *req)
{
	return 0;
}

static int do_xpmem_make(struct xemem_process *p, union request *req)
{
	struct xpmem_ioc_make *old = &req->xpmem_make;
	struct xemem_make make = {
		.vaddr = old->vaddr,
		.size = old->size,
		.mode = old->permit_value,
		.bell = -1,
	};
	int err;

	if (old->permit_type != XPMEM_ABI_PERMIT_MODE ||
	    old->permit_value & ~0777ULL)
		return -EINVAL;
	err = xemem_segment_make(p, &make);
	old->segid = make.segid;
	return err;
}

static int do_make(struct xemem_process *p, union request *req)
{
	struct xemem_make *make = &req->make;

	if (memchr_inv(make->reserved, 0, sizeof(make->reserved)) ||
	    make->bell < -1 || !memchr(make->name, 0, XEMEM_NAME_MAX))
		return -EINVAL;
	return xemem_segment_make(p, make);
}

static int do_remove(struct xemem_process *p, union request *req)
{
	return xemem_segment_remove(p, req->id);
}

static int do_get(struct xemem_process *p, union request *req)
{
	return xemem_permit_get(p, &req->xpmem_get);
}

static int do_release(struct xemem_process *p, union request *req)
{
	return xemem_permit_release(p, req->id);
}

static int do_xpmem_attach(struct xemem_process *p, union request *req)
{
	struct xpmem_ioc_attach *old = &req->xpmem_attach;
	struct xemem_attach attach = {
		.apid = old->apid,
		.offset = old->offset,
		.size = old->size,
		.vaddr = old->vaddr,
	};
	int err = xemem_attach(p, &attach);

	old->vaddr = attach.vaddr;
	return err;
}

static int do_attach(struct xemem_process *p, union request *req)
{
	struct xemem_attach *attach = &req->attach;
	const u32 eager_or_lazy = XEMEM_EAGER | XEMEM_LAZY;

	if (memchr_inv(attach->reserved, 0, sizeof(attach->reserved)) ||
	    attach->flags & ~(eager_or_lazy | XEMEM_READ) ||
	    (attach->flags & eager_or_lazy) == eager_or_lazy)
		return -EINVAL;
	return xemem_attach(p, attach);
}

static int do_detach(struct xemem_process *p, union request *req)
{
	return xemem_detach(req->address);
}

static int do_query(struct xemem_process *p, union request *req)
{
	req->query = (struct xemem_query) {
		.features = XEMEM_HAS_EAGER | XEMEM_HAS_NAMES |
			    XEMEM_HAS_BELL | XEMEM_HAS_FROZEN | XEMEM_HAS_ACL |
			    XEMEM_HAS_OWNER | XEMEM_HAS_REPLACE |
			    XEMEM_HAS_NOTICE | XEMEM_HAS_NO_PIN,
		.domain = DOMAIN,
	};
	return 0;
}

static int do_lookup(struct xemem_process *p, union request *req)
{
	if (!memchr(req->lookup.name, 0, XEMEM_NAME_MAX))
		return -EINVAL;
	return xemem_name_lookup(&req->lookup);
}

static int do_list(struct xemem_process *p, union request *req)
{
	s64 after = req->info.segid;
	struct xemem_segment *segment;

	if (after < 0)
		return -EINVAL;
	segment = xemem_segment_after(after);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (!segment)
		return -ENOENT;
	xemem_segment_describe(segment, &req->info);
	xemem_segment_put(segment);
	return 0;
}

static int do_bell(struct xemem_process *p, union request *req)
{
	if (req->bell.reserved || req->bell.eventfd < -1)
		return -EINVAL;
	return xemem_bell_set(p, req->bell.segid, req->bell.eventfd);
}

static int do_ring(struct xemem_process *p, union request *req)
{
	return xemem_bell_ring(p, req->id);
}

static int do_notice(struct xemem_process *p, union request *req)
{
	if (req->notice.reserved || req->notice.eventfd < -1)
		return -EINVAL;
	return xemem_notice_set(p, req->notice.apid, req->notice.eventfd);
}

static int do_ring_all(struct xemem_process *p, union request *req)
{
	return xemem_notice_ring(p, req->id);
}

static int do_acl(struct xemem_process *p, union request *req)
{
	return xemem_acl_set(p, &req->acl);
}

static void undo_xpmem_make(struct xemem_process *p, union request *req)
{
	xemem_segment_remove(p, req->xpmem_make.segid);
}

static void undo_make(struct xemem_process *p, union request *req)
{
	xemem_segment_remove(p, req->make.segid);
}

static void undo_get(struct xemem_process *p, union request *req)
{
	xemem_permit_release(p, req->xpmem_get.apid);
}

static void undo_xpmem_attach(struct xemem_process *p, union request *req)
{
	xemem_detach(req->xpmem_attach.vaddr);
}

static void undo_attach(struct xemem_process *p, union request *req)
{
	xemem_detach(req->attach.vaddr);
}

/**
 * struct request_type - a request to the device
 * @cmd: its number.
 * @size: bytes read from the user.
 * @out: first byte that is written back.
 * @out_size: how many of them.
 * @anybody: also for who has not opened the device himself.
 * @serve: returns what the user gets.
 * @undo: of what the user could not be told.
 */
struct request_type {
	unsigned int cmd;
	unsigned short size;
	unsigned short out;
	unsigned short out_size;
	bool anybody;
	int (*serve)(struct xemem_process *p, union request *req);
	void (*undo)(struct xemem_process *p, union request *req);
};

#define READS(type)	.size = sizeof(type)
/* Numbers and addresses are of 64 bits. */
#define WRITES(type, member) \
	.out = offsetof(type, member), .out_size = sizeof(u64)
#define RETURNS(type)	.size = sizeof(type), .out_size = sizeof(type)

static const struct request_type xpmem_requests[] = {
	{ XPMEM_IOC_VERSION, .anybody = true, .serve = do_version },
	{ XPMEM_IOC_MAKE, READS(struct xpmem_ioc_make),
	  WRITES(struct xpmem_ioc_make, segid), .serve = do_xpmem_make,
	  .undo = undo_xpmem_make },
	{ XPMEM_IOC_REMOVE, READS(s64), .serve = do_remove },
	{ XPMEM_IOC_GET, READS(struct xpmem_ioc_get),
	  WRITES(struct xpmem_ioc_get, apid), .serve = do_get,
	  .undo = undo_get },
	{ XPMEM_IOC_RELEASE, READS(s64), .serve = do_release },
	{ XPMEM_IOC_ATTACH, READS(struct xpmem_ioc_attach),
	  WRITES(struct xpmem_ioc_attach, vaddr), .serve = do_xpmem_attach,
	  .undo = undo_xpmem_attach },
	{ XPMEM_IOC_DETACH, READS(u64), .serve = do_detach },
	{ XPMEM_IOC_FORK_BEGIN, .serve = do_nothing },
	{ XPMEM_IOC_FORK_END, .serve = do_nothing },
};

static const struct request_type xemem_requests[] = {
	{ XEMEM_IOC_QUERY, RETURNS(struct xemem_query), .anybody = true,
	  .serve = do_query },
	{ XEMEM_IOC_MAKE, RETURNS(struct xemem_make), .serve = do_make,
	  .undo = undo_make },
	{ XEMEM_IOC_ATTACH, RETURNS(struct xemem_attach), .serve = do_attach,
	  .undo = undo_attach },
	{ XEMEM_IOC_LOOKUP, RETURNS(struct xemem_lookup), .anybody = true,
	  .serve = do_lookup },
	{ XEMEM_IOC_LIST, RETURNS(struct xemem_segment_info), .anybody = true,
	  .serve = do_list },
	{ XEMEM_IOC_BELL, READS(struct xemem_bell), .serve = do_bell },
	{ XEMEM_IOC_RING, READS(s64), .serve = do_ring },
	{ XEMEM_IOC_ACL, READS(struct xemem_acl), .serve = do_acl },
	{ XEMEM_IOC_NOTICE, READS(struct xemem_notice), .serve = do_notice },
	{ XEMEM_IOC_RING_ALL, READS(s64), .serve = do_ring_all },
};

#define FIRST_XEMEM	_IOC_NR(XEMEM_IOC_QUERY)

static const struct request_type *find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);
	const struct request_type *type;

	if (nr < ARRAY_SIZE(xpmem_requests)) {
		nr = array_index_nospec(nr, ARRAY_SIZE(xpmem_requests));
		type = &xpmem_requests[nr];
	} else {
		nr -= FIRST_XEMEM;
		if (nr >= ARRAY_SIZE(xemem_requests))
			return NULL;
		nr = array_index_nospec(nr, ARRAY_SIZE(xemem_requests));
		type = &xemem_requests[nr];
	}
	return type->cmd == cmd ? type : NULL;
}

static long serve(const struct request_type *type, struct xemem_process *p,
		  void __user *arg)
{
	union request req = { };
	long ret;

	if (copy_from_user(&req, arg, type->size))
		return -EFAULT;
	/* What cannot be undone, such as to take a name, is not begun in vain. */
	if (type->undo && copy_to_user(arg + type->out, (void *)&req + type->out,
				       type->out_size))
		return -EFAULT;
	ret = type->serve(p, &req);
	if (ret < 0 || !copy_to_user(arg + type->out, (void *)&req + type->out,
				     type->out_size))
		return ret;
	if (type->undo)
		type->undo(p, &req);
	return -EFAULT;
}

static long ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct request_type *type = find(cmd);
	struct xemem_process *p;
	long ret;

	if (!type)
		return -ENOIOCTLCMD;
	p = xemem_process_get();
	if (!p && !type->anybody)
		return -XPMEM_ABI_NOPROC;
	ret = serve(type, p, (void __user *)arg);
	if (p)
		xemem_process_put(p);
	return ret;
}

static int open(struct inode *inode, struct file *file)
{
	return xemem_process_open(file);
}

static int flush(struct file *file, fl_owner_t id)
{
	xemem_process_flush();
	return 0;
}

static int release(struct inode *inode, struct file *file)
{
	xemem_process_release(file);
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = open,
	.flush = flush,
	.release = release,
	.unlocked_ioctl = ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xpmem",
	.fops = &fops,
	.mode = 0666,
};

static int __init xemem_init(void)
{
	int err = xemem_slab_init() ?: xemem_space_init();

	if (err)
		return err;
	err = xemem_quota_init();
	if (err)
		pr_warn("xemem: no /proc/sys/xemem (error %d)\n", err);
	xemem_payer_init();
	err = xemem_proc_init();
	if (err)
		pr_warn("xemem: no /proc/xpmem (error %d)\n", err);
	xemem_debugfs_init();
	/* Last: it is the door through which requests come. */
	return misc_register(&device);
}
device_initcall(xemem_init);
