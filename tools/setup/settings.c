// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"
#include "setup.h"

#define ENCLAVE_DIR	"/sys/kernel/config/lwk/boot"
#define PARAMETERS	"/sys/module/lwk/parameters"

/**
 * enum kind - what a setting is
 * @NUMBER: from 0 to @max
 * @BOOL: true or false
 * @CALLS: a list of names of system calls
 * @USER: the name of one; GROUP likewise
 * @MODE: a string of octal digits
 */
enum kind {
	NUMBER,
	BOOL,
	CALLS,
	USER,
	GROUP,
	MODE,
};

/**
 * struct setting - one
 * @name: in the configuration file
 * @kind: what it is
 * @max: of numbers
 * @path: the file it goes to
 */
static const struct setting {
	const char *name;
	enum kind kind;
	unsigned int max;
	const char *path;
} all_settings[] = {
	{ "clear_rate", NUMBER, UINT_MAX, PARAMETERS "/clear_rate" },
	{ "quantum_us", NUMBER, 10000000, ENCLAVE_DIR "/quantum_us" },
	{ "poll_us", NUMBER, 10000, ENCLAVE_DIR "/poll_us" },
	{ "syscall_poll_us", NUMBER, 10000, ENCLAVE_DIR "/syscall_poll_us" },
	{ "perf", BOOL, 0, ENCLAVE_DIR "/perf" },
	{ "calls_local", CALLS, 0, ENCLAVE_DIR "/calls_local" },
	{ "calls_hop", CALLS, 0, ENCLAVE_DIR "/calls_hop" },
	{ "owner", USER, 0, ENCLAVE_DIR },
	{ "group", GROUP, 0, ENCLAVE_DIR },
	{ "mode", MODE, 0, ENCLAVE_DIR },
};

#define NR_SETTINGS	(sizeof(all_settings) / sizeof(all_settings[0]))

static const struct setting *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_SETTINGS; i++)
		if (!strcmp(all_settings[i].name, name))
			return &all_settings[i];
	return NULL;
}

static bool is_number(json_object *value, unsigned int max)
{
	return json_object_is_type(value, json_type_int) &&
	       json_object_get_int64(value) >= 0 &&
	       json_object_get_int64(value) <= max;
}

/* What the kernel takes for a separator cannot be part of a name. */
static bool is_calls(json_object *value)
{
	const char *name;
	size_t i;

	if (!json_object_is_type(value, json_type_array) ||
	    !json_object_array_length(value))
		return false;
	for (i = 0; i < json_object_array_length(value); i++) {
		json_object *entry = json_object_array_get_idx(value, i);

		if (!json_object_is_type(entry, json_type_string))
			return false;
		name = json_object_get_string(entry);
		if (!*name || name[strcspn(name, ", \t\n")])
			return false;
	}
	return true;
}

static bool is_word(json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       *json_object_get_string(value);
}

static bool is_mode(json_object *value)
{
	const char *text;

	if (!is_word(value))
		return false;
	text = json_object_get_string(value);
	return strlen(text) <= 4 && !text[strspn(text, "01234567")] &&
	       strtoul(text, NULL, 8) <= 0777;
}

static void validate(const struct setting *setting, json_object *value,
		     struct problems *problems)
{
	const char *text = json_object_to_json_string(value);
	const char *name = setting->name;

	switch (setting->kind) {
	case NUMBER:
		if (!is_number(value, setting->max))
			problems_add(problems,
				     "settings: %s: %s: give a number from 0 to %u",
				     name, text, setting->max);
		break;
	case BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			problems_add(problems,
				     "settings: %s: %s: give true or false",
				     name, text);
		break;
	case CALLS:
		if (!is_calls(value))
			problems_add(problems,
				     "settings: %s: %s: give a list of names, such as [\"read\", \"write\"]",
				     name, text);
		break;
	case USER:
	case GROUP:
		if (!is_word(value))
			problems_add(problems,
				     "settings: %s: %s: give a name in quotes",
				     name, text);
		break;
	case MODE:
		if (!is_mode(value))
			problems_add(problems,
				     "settings: %s: %s: give octal digits in quotes, such as \"0775\"",
				     name, text);
		break;
	}
}

void settings_validate(json_object *settings, struct problems *problems)
{
	const struct setting *setting;

	json_object_object_foreach(settings, name, value) {
		setting = find(name);
		if (setting)
			validate(setting, value, problems);
		else
			problems_add(problems,
				     "settings: %s: there is no such setting: see lwk.conf(5)",
				     name);
	}
}

/* Returns 0 or -1 with errno. The kernel takes a value in one piece. */
static int put_text(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t ret;
	int error;

	if (fd < 0)
		return -1;
	ret = write(fd, text, len);
	error = ret < 0 ? errno : EIO;
	if (close(fd) < 0 || ret != (ssize_t)len) {
		errno = error;
		return -1;
	}
	return 0;
}

static char *join_names(json_object *list)
{
	char *text = need(strdup("")), *longer;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		longer = text_of("%s%s%s", text, i ? "," : "",
				 json_object_get_string(json_object_array_get_idx(list, i)));
		free(text);
		text = longer;
	}
	return text;
}

static char *as_text(const struct setting *setting, json_object *value)
{
	switch (setting->kind) {
	case NUMBER:
		return text_of("%" PRId64, json_object_get_int64(value));
	case BOOL:
		return text_of("%d", json_object_get_boolean(value));
	case CALLS:
		return join_names(value);
	default:
		return need(strdup(json_object_get_string(value)));
	}
}

/* Returns 0 or -1 with errno; ENOENT also if there is no such user or group. */
static int put(const struct setting *setting, const char *path,
	       const char *text)
{
	const struct passwd *user;
	const struct group *group;

	errno = 0;
	switch (setting->kind) {
	case USER:
		user = getpwnam(text);
		if (!user)
			errno = ENOENT;
		return user ? chown(path, user->pw_uid, (gid_t)-1) : -1;
	case GROUP:
		group = getgrnam(text);
		if (!group)
			errno = ENOENT;
		return group ? chown(path, (uid_t)-1, group->gr_gid) : -1;
	case MODE:
		return chmod(path, (mode_t)strtoul(text, NULL, 8));
	default:
		return put_text(path, text);
	}
}

void settings_apply(json_object *settings, const char *root,
		    struct problems *problems)
{
	const struct setting *setting;
	json_object *value;
	char *path, *text;

	for (setting = all_settings; setting < all_settings + NR_SETTINGS;
	     setting++) {
		if (!json_object_object_get_ex(settings, setting->name, &value))
			continue;
		path = text_of("%s%s", root, setting->path);
		text = as_text(setting, value);
		if (put(setting, path, text))
			problems_add(problems, "%s=%s: cannot be set in %s: %s",
				     setting->name, text, path,
				     strerror(errno));
		free(path);
		free(text);
	}
}
