// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "cpulist.h"
#include "savefile.h"
#include "settings.h"
#include "setup.h"
#include "textfile.h"

#define CPU_DIR		"/sys/devices/system/cpu"
#define IN_FORCE	"/sys/kernel/config/lwk/boot/lwkcpus"
#define LWK_KERNEL	"/sys/module/lwk"

static char *read_below(const char *root, const char *path)
{
	char *whole = text_of("%s%s", root, path);
	char *text = textfile_read(whole);

	free(whole);
	return text;
}

/* Adds the CPUs of a list; one that cannot be read has none. */
static void add_list(hwloc_bitmap_t set, const char *list)
{
	hwloc_bitmap_t more = need(hwloc_bitmap_alloc());
	struct cpulist_error error;

	if (list && !cpulist_parse(list, more, &error))
		hwloc_bitmap_or(set, set, more);
	hwloc_bitmap_free(more);
}

static void add_file(hwloc_bitmap_t set, const char *root, const char *path)
{
	char *list = read_below(root, path);

	add_list(set, list);
	free(list);
}

/*
 * A list that is given replaces what irqbalance finds out itself, and what the
 * administrator gave it; so all of that is in ours. lwk.service passes
 * irqbalance's environment on to us.
 */
static char *banned(const char *root, const char *lwk)
{
	hwloc_bitmap_t set = need(hwloc_bitmap_alloc());
	hwloc_bitmap_t more = need(hwloc_bitmap_alloc());
	const char *mask = getenv("IRQBALANCE_BANNED_CPUS");
	char *list;

	add_list(set, lwk);
	add_file(set, root, CPU_DIR "/isolated");
	add_file(set, root, CPU_DIR "/nohz_full");
	add_list(set, getenv("IRQBALANCE_BANNED_CPULIST"));
	if (mask && !hwloc_bitmap_sscanf(more, mask) &&
	    hwloc_bitmap_weight(more) >= 0)
		hwloc_bitmap_or(set, set, more);
	list = need(cpulist_format(set));
	hwloc_bitmap_free(set);
	hwloc_bitmap_free(more);
	return list;
}

int apply_irqbalance(const char *root)
{
	char *lwk = read_below(root, CPU_DIR "/lwk");
	char *path = text_of("%s" IRQBALANCE_FILE, root);
	char *list, *text;
	int ret = 0;

	if (lwk) {
		list = banned(root, lwk);
		text = text_of("# By lwk-setup --apply.\nIRQBALANCE_BANNED_CPULIST=%s\n",
			       list);
		ret = savefile(path, text);
		free(text);
		free(list);
	} else if (unlink(path) && errno != ENOENT && errno != ENOTDIR) {
		ret = -1;
	}
	free(path);
	free(lwk);
	return ret;
}

/* There are no cores of the LWK. Is that what was wanted? */
static int explain_absence(const char *root)
{
	char *path = text_of("%s" LWK_KERNEL, root);
	char *line = read_below(root, "/proc/cmdline");
	bool capable = !access(path, F_OK);
	bool wanted = line && strstr(line, "lwkcpus=");

	free(path);
	free(line);
	if (!wanted) {
		warnx("booted without lwkcpus=: this is plain Linux: if that is not on purpose, run update-grub and reboot");
		return EXIT_SUCCESS;
	}
	if (!capable) {
		warnx("this kernel has no LWK: this is plain Linux: boot one with CONFIG_LWK");
		return EXIT_SUCCESS;
	}
	warnx("the kernel has refused lwkcpus=: this is plain Linux: see dmesg | grep lwk:");
	return EXIT_NO;
}

/* Hours later somebody would wonder why there are other cores. */
static bool is_in_force(const struct conf *conf, const char *path,
			const char *in_force)
{
	if (!strcmp(in_force, conf->cpus))
		return true;
	warnx("%s: cpus: %s, but this was booted with lwkcpus=%s: run update-grub and reboot",
	      path, conf->cpus, in_force);
	return false;
}

static bool has_memory(const struct conf *conf, const char *root)
{
	char *text = read_below(root, "/proc/meminfo");
	const char *line = text ? strstr(text, "LwkTotal:") : NULL;
	unsigned long long kib = 0;

	if (line && sscanf(line, "LwkTotal: %llu", &kib) != 1)
		kib = 0;
	free(text);
	if (!conf->memory || kib)
		return true;
	warnx("lwkmem=%s is not in force, there is no LWK memory: see dmesg | grep lwk:",
	      conf->memory);
	return false;
}

static int apply_settings(const struct conf *conf, const char *root)
{
	struct problems bad = { 0 };
	int ret;

	if (!conf->settings)
		return EXIT_SUCCESS;
	settings_apply(conf->settings, root, &bad);
	problems_warn(&bad, "settings");
	ret = bad.nr ? EXIT_SETUP : EXIT_SUCCESS;
	problems_free(&bad);
	return ret;
}

int apply_conf(const struct conf *conf, const char *path,
	       const struct machine *machine, const char *root)
{
	char *in_force = read_below(root, IN_FORCE);
	struct problems bad = { 0 };
	int ret = EXIT_SUCCESS, settings;

	conf_check(conf, machine, &bad);
	if (bad.nr) {
		problems_warn(&bad, path);
		problems_free(&bad);
		warnx("%s is for other hardware: nothing of it is set: run lwk-setup --write, update-grub, and reboot%s",
		      path, in_force ?
		      "; until then cores are isolated, and only root may use them" :
		      "");
		free(in_force);
		return EXIT_NO;
	}
	if (!in_force)
		return explain_absence(root);
	if (!is_in_force(conf, path, in_force))
		ret = EXIT_NO;
	if (!has_memory(conf, root))
		ret = EXIT_NO;
	free(in_force);
	settings = apply_settings(conf, root);
	return settings ?: ret;
}
