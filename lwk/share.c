// SPDX-License-Identifier: GPL-2.0
/*
 * The boot parameter lwkmem=SIZE or lwkmem=NODE:SIZE[,NODE:SIZE...]: how much
 * memory the LWK takes of which node. A size alone is spread evenly over the
 * nodes that have memory.
 *
 * Pure logic: no global is read or written.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "memory.h"

#define why(share, fmt, ...) \
	snprintf((share)->why, LWK_WHY_MAX, fmt, ##__VA_ARGS__)

static int parse_size(const char *text, struct lwk_share *share,
		      unsigned long *pages)
{
	unsigned long long bytes;
	char *end;

	bytes = memparse(text, &end);
	if (end == text || *end) {
		why(share, "\"%.40s\" is not a size", text);
		return -EINVAL;
	}
	if (!bytes || bytes % PMD_SIZE) {
		why(share, "\"%.40s\" is no multiple of %lu MiB", text,
		    PMD_SIZE >> 20);
		return -EINVAL;
	}
	*pages = bytes >> PAGE_SHIFT;
	return 0;
}

/* The first nodes take what cannot be divided. */
static void spread(struct lwk_share *share, const nodemask_t *nodes,
		   unsigned long pages)
{
	unsigned long blocks = pages >> (PMD_SHIFT - PAGE_SHIFT);
	unsigned int nr = nodes_weight(*nodes);
	int nid;

	for_each_node_mask(nid, *nodes) {
		unsigned long part = DIV_ROUND_UP(blocks, nr);

		share->pages[nid] = part << (PMD_SHIFT - PAGE_SHIFT);
		blocks -= part;
		nr--;
	}
}

static int parse_node(char *text, const nodemask_t *nodes,
		      struct lwk_share *share)
{
	char *size = text, *number = strsep(&size, ":");
	unsigned int nid;

	if (!size || kstrtouint(number, 10, &nid)) {
		why(share, "\"%.40s\" is not NODE:SIZE", number);
		return -EINVAL;
	}
	if (nid >= MAX_NUMNODES || !node_isset(nid, *nodes)) {
		why(share, "node %u does not exist or has no memory", nid);
		return -EINVAL;
	}
	if (share->pages[nid]) {
		why(share, "node %u is named twice", nid);
		return -EINVAL;
	}
	return parse_size(size, share, &share->pages[nid]);
}

/**
 * lwk_share_parse - read the value of lwkmem=
 * @arg: the value.
 * @nodes: nodes that have memory.
 * @share: out.
 *
 * Context: boot, or a KUnit test; not reentrant (a static buffer).
 * Return: 0, or -EINVAL with the reason in @share->why.
 */
int lwk_share_parse(const char *arg, const nodemask_t *nodes,
		    struct lwk_share *share)
{
	static char buf[LWK_ARG_MAX];
	char *rest = buf, *part;
	unsigned long pages;
	int err;

	memset(share, 0, sizeof(*share));
	if (strscpy(buf, arg, sizeof(buf)) < 0) {
		why(share, "longer than %d characters", LWK_ARG_MAX - 1);
		return -EINVAL;
	}
	if (!strchr(buf, ':')) {
		err = parse_size(buf, share, &pages);
		if (!err)
			spread(share, nodes, pages);
		return err;
	}
	while ((part = strsep(&rest, ","))) {
		err = parse_node(part, nodes, share);
		if (err)
			return err;
	}
	return 0;
}

#if IS_ENABLED(CONFIG_LWK_KUNIT_TEST)
#include "tests/share_test.c"
#endif
