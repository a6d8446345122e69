// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "fingerprint.h"
#include "savefile.h"
#include "settings.h"
#include "setup.h"
#include "textfile.h"

#define GENERATOR	"lwk-setup"

/* Where in @text is that? Lines and columns from 1. */
static void add_syntax(const char *text, size_t offset, const char *why,
		       struct problems *problems)
{
	size_t i, line = 1, start = 0;

	for (i = 0; i < offset && text[i]; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	problems_add(problems, "line %zu, column %zu: not JSON: %s", line,
		     i - start + 1, why);
}

static json_object *parse(const char *text, struct problems *problems)
{
	struct json_tokener *tokener = need(json_tokener_new());
	enum json_tokener_error error;
	json_object *root;
	size_t end;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With the NUL, so that the end is the end. */
	root = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	if (error != json_tokener_success) {
		add_syntax(text, end,
			   error == json_tokener_continue ?
			   "it ends too early" : json_tokener_error_desc(error),
			   problems);
		json_object_put(root);
		root = NULL;
	} else if (!json_object_is_type(root, json_type_object)) {
		problems_add(problems, "not a JSON object: see lwk.conf(5)");
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

static void take_cpus(struct conf *conf, json_object *value,
		      struct problems *problems)
{
	struct problems bad = { 0 };
	struct cpus_arg arg;

	conf->cpus = json_object_get_string(value);
	if (!cpus_arg_parse(&arg, conf->cpus, &bad)) {
		if (hwloc_bitmap_isset(arg.lwk, BOOT_CPU))
			problems_add(&bad,
				     "CPU %d boots the machine and stays with Linux: leave it out",
				     BOOT_CPU);
		cpus_arg_free(&arg);
	}
	if (bad.nr)
		problems_add(problems, "cpus: %s: %s", conf->cpus, bad.text[0]);
	problems_free(&bad);
}

static void take_memory(struct conf *conf, json_object *value,
			struct problems *problems)
{
	struct problems bad = { 0 };
	struct memory_arg arg;

	conf->memory = json_object_get_string(value);
	if (!memory_arg_parse(&arg, conf->memory, &bad))
		memory_arg_free(&arg);
	if (bad.nr)
		problems_add(problems, "memory: %s: %s", conf->memory,
			     bad.text[0]);
	problems_free(&bad);
}

static void take_settings(struct conf *conf, json_object *value,
			  struct problems *problems)
{
	conf->settings = value;
	settings_validate(value, problems);
}

static void take_machine(struct conf *conf, json_object *value,
			 struct problems *problems)
{
	conf->machine = value;
	fingerprint_validate(value, problems);
}

static void take_version(struct conf *conf, json_object *value,
			 struct problems *problems)
{
	(void)conf;
	if (json_object_get_int64(value) != CONF_VERSION)
		problems_add(problems, "version: %s: this lwk-setup knows %d only",
			     json_object_to_json_string(value), CONF_VERSION);
}

static void take_generator(struct conf *conf, json_object *value,
			   struct problems *problems)
{
	(void)conf;
	(void)value;
	(void)problems;
}

/**
 * struct conf_member - a member of the file
 * @name: its name
 * @type: what it must be
 * @must: it must be there
 * @take: reads it
 */
static const struct conf_member {
	const char *name;
	enum json_type type;
	bool must;
	void (*take)(struct conf *conf, json_object *value,
		     struct problems *problems);
} members[] = {
	{ "generator", json_type_string, false, take_generator },
	{ "version", json_type_int, true, take_version },
	{ "cpus", json_type_string, true, take_cpus },
	{ "memory", json_type_string, false, take_memory },
	{ "settings", json_type_object, false, take_settings },
	{ "machine", json_type_object, false, take_machine },
};

#define NR_MEMBERS	(sizeof(members) / sizeof(members[0]))

static bool is_member(const char *name)
{
	size_t i;

	for (i = 0; i < NR_MEMBERS; i++)
		if (!strcmp(members[i].name, name))
			return true;
	return false;
}

static void take_all(struct conf *conf, struct problems *problems)
{
	const struct conf_member *member;
	json_object *value;

	for (member = members; member < members + NR_MEMBERS; member++) {
		if (!json_object_object_get_ex(conf->root, member->name,
					       &value)) {
			if (member->must)
				problems_add(problems, "%s: it is missing",
					     member->name);
		} else if (!json_object_is_type(value, member->type)) {
			problems_add(problems, "%s: %s: not of type %s",
				     member->name,
				     json_object_to_json_string(value),
				     json_type_to_name(member->type));
		} else {
			member->take(conf, value, problems);
		}
	}
	/* A word that is not understood is a mistake, not a matter of taste. */
	json_object_object_foreach(conf->root, name, unused) {
		(void)unused;
		if (!is_member(name))
			problems_add(problems,
				     "%s: there is no such member: see lwk.conf(5)",
				     name);
	}
}

int conf_read(struct conf *conf, const char *path, struct problems *problems)
{
	char *text = textfile_read(path);
	size_t before = problems->nr;
	int error = errno;

	memset(conf, 0, sizeof(*conf));
	if (!text) {
		problems_add(problems, "%s", strerror(error));
		errno = error;
		return -1;
	}
	conf->root = parse(text, problems);
	free(text);
	if (conf->root)
		take_all(conf, problems);
	errno = 0;
	if (problems->nr == before)
		return 0;
	conf_free(conf);
	return -1;
}

void conf_free(struct conf *conf)
{
	json_object_put(conf->root);
	memset(conf, 0, sizeof(*conf));
}

void conf_check(const struct conf *conf, const struct machine *machine,
		struct problems *problems)
{
	struct problems bad = { 0 };
	struct memory_arg memory;
	struct cpus_arg cpus;
	size_t i, nr;

	if (conf->machine)
		fingerprint_compare(conf->machine, machine, problems);
	if (!cpus_arg_parse(&cpus, conf->cpus, &bad)) {
		cpus_arg_check(&cpus, machine, &bad);
		cpus_arg_free(&cpus);
	}
	nr = bad.nr;
	if (conf->memory && !memory_arg_parse(&memory, conf->memory, &bad)) {
		memory_arg_check(&memory, machine, &bad);
		memory_arg_free(&memory);
	}
	for (i = 0; i < bad.nr; i++)
		problems_add(problems, "%s: %s: %s", i < nr ? "cpus" : "memory",
			     i < nr ? conf->cpus : conf->memory, bad.text[i]);
	problems_free(&bad);
}

bool conf_is_ours(const struct conf *conf)
{
	json_object *generator;

	return json_object_object_get_ex(conf->root, "generator", &generator) &&
	       !strcmp(json_object_get_string(generator), GENERATOR);
}

char *conf_command_line(const struct conf *conf)
{
	char *print = conf->machine ? fingerprint_bootarg(conf->machine) : NULL;
	char *text;

	text = text_of("lwkcpus=%s%s%s%s%s", conf->cpus,
		       conf->memory ? " lwkmem=" : "", conf->memory ?: "",
		       print ? " lwkfor=" : "", print ?: "");
	free(print);
	return text;
}

int conf_write(const char *path, const struct layout *layout,
	       const struct conf *old)
{
	json_object *root = need(json_object_new_object());
	char *text;
	int ret;

	json_object_object_add(root, "generator",
			       json_object_new_string(GENERATOR));
	json_object_object_add(root, "version",
			       json_object_new_int(CONF_VERSION));
	json_object_object_add(root, "cpus",
			       json_object_new_string(layout->cpus));
	if (layout->memory)
		json_object_object_add(root, "memory",
				       json_object_new_string(layout->memory));
	json_object_object_add(root, "settings", old && old->settings ?
			       json_object_get(old->settings) :
			       need(json_object_new_object()));
	json_object_object_add(root, "machine",
			       fingerprint_make(layout->machine));
	text = text_of("%s\n",
		       json_object_to_json_string_ext(root,
						      JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	ret = savefile(path, text);
	free(text);
	json_object_put(root);
	return ret;
}
