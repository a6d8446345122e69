// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <json.h>

#include "info.h"
#include "json_output.h"

/* By bit of XEMEM_HAS_*. */
static const char * const feature_names[] = {
	"eager", "names", "bell", "frozen", "acl", "no-pin", "owner", "replace",
	"notice",
};

#define NR_NAMES	(sizeof(feature_names) / sizeof(feature_names[0]))

int info_read(struct info *info)
{
	memset(info, 0, sizeof(*info));
	info->version = xpmem_version();
	if (info->version < 0)
		return -1;
	info->extended = !xemem_query(&info->query);
	return info->extended || errno == ENOTTY ? 0 : -1;
}

static unsigned int major(const struct info *info)
{
	return (unsigned int)info->version >> 16;
}

static unsigned int minor(const struct info *info)
{
	return (unsigned int)info->version >> 12 & 0xf;
}

static unsigned int revision(const struct info *info)
{
	return (unsigned int)info->version & 0xfff;
}

/* A newer kernel has features that we have no name for. */
static const char *feature(unsigned int bit, char *buf, size_t size)
{
	if (bit < NR_NAMES && feature_names[bit])
		return feature_names[bit];
	snprintf(buf, size, "bit-%u", bit);
	return buf;
}

void info_text(FILE *out, const struct info *info)
{
	unsigned int bit;
	char name[16];

	fprintf(out, "%-9s %u.%u.%u (%#010x)\n", "XPMEM", major(info),
		minor(info), revision(info), (unsigned int)info->version);
	if (!info->extended) {
		fprintf(out, "%-9s no\n", "XEMEM");
		return;
	}
	fprintf(out, "%-9s", "XEMEM");
	for (bit = 0; bit < 64; bit++)
		if (info->query.features >> bit & 1)
			fprintf(out, " %s", feature(bit, name, sizeof(name)));
	fprintf(out, "\n%-9s %u\n", "domain", info->query.domain);
}

static json_object *json_features(uint64_t features)
{
	json_object *array = json_object_new_array();
	const char *text;
	unsigned int bit;
	char name[16];

	for (bit = 0; bit < 64; bit++) {
		if (!(features >> bit & 1))
			continue;
		text = feature(bit, name, sizeof(name));
		json_object_array_add(array, json_object_new_string(text));
	}
	return array;
}

int info_json(FILE *out, const struct info *info)
{
	json_object *object = json_object_new_object();
	json_object *domain = NULL, *features = NULL;
	char version[32];

	if (!object)
		return -1;
	if (info->extended) {
		features = json_features(info->query.features);
		domain = json_object_new_int64(info->query.domain);
	}
	snprintf(version, sizeof(version), "%u.%u.%u", major(info),
		 minor(info), revision(info));
	json_object_object_add(object, "xpmem",
			       json_object_new_string(version));
	json_object_object_add(object, "xpmem_version",
			       json_object_new_int(info->version));
	json_object_object_add(object, "xemem", features);
	json_object_object_add(object, "domain", domain);
	return json_output(out, object);
}
