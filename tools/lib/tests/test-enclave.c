// SPDX-License-Identifier: GPL-2.0
/* Reading an enclave's files: values, nonsense, and nothing there at all. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpulist.h"
#include "enclave.h"
#include "tap.h"

static const char *const files[][2] = {
	{ "boot/cores", "2-3,8\n" },
	{ "boot/free_cores", "\n" },
	{ "boot/procs", "12\n345\n" },
	{ "boot/quantum_us", "100000\n" },
	{ "bad/cores", "two\n" },
	{ "bad/procs", "" },
	{ "bad/quantum_us", "12x\n" },
	{ "plain-file", "" },
};

#define NR_FILES	(sizeof(files) / sizeof(files[0]))

static void make_files(void)
{
	FILE *file;
	size_t i;

	mkdir("boot", 0755);
	mkdir("bad", 0755);
	for (i = 0; i < NR_FILES; i++) {
		file = fopen(files[i][0], "w");
		if (!file)
			continue;
		fputs(files[i][1], file);
		fclose(file);
	}
}

static void remove_files(void)
{
	size_t i;

	for (i = 0; i < NR_FILES; i++)
		unlink(files[i][0]);
	rmdir("boot");
	rmdir("bad");
}

static void test_names(void)
{
	char *names = enclave_names(".");

	is_str(names, "bad, boot", "directories are enclaves, sorted");
	free(names);
	names = enclave_names("boot");
	is_str(names, "", "no enclave is an empty list");
	free(names);
	is_str(enclave_names("none"), NULL, "no configfs: unknown");
	is_str(enclave_name_error("a-B_9.x"), NULL, "a good name");
	ok(enclave_name_error(""), "an empty name is refused");
	ok(enclave_name_error(".."), "'..' is refused");
	ok(enclave_name_error("a/b"), "a path is refused");
	is_str(enclave_name_error("1234567890123456789012345678901"), NULL,
	       "31 characters fit");
	ok(enclave_name_error("12345678901234567890123456789012"),
	   "32 characters are refused");
}

static void test_good(const struct enclave *boot)
{
	hwloc_bitmap_t set = enclave_read_cores(boot, "cores");
	char *text = set ? cpulist_format(set) : NULL;
	pid_t *pids;

	is_str(text, "2-3,8", "cores");
	free(text);
	hwloc_bitmap_free(set);
	set = enclave_read_cores(boot, "free_cores");
	ok(set && hwloc_bitmap_iszero(set), "no free core is a value");
	hwloc_bitmap_free(set);
	ok(enclave_read_number(boot, "quantum_us") == 100000, "quantum_us");
	ok(enclave_procs(boot, &pids) == 2 && pids[0] == 12 && pids[1] == 345,
	   "procs");
	free(pids);
}

static void test_bad(const struct enclave *bad, const struct enclave *none)
{
	pid_t *pids;

	errno = 0;
	ok(!enclave_read_cores(bad, "cores") && errno == EINVAL,
	   "a bad list is an error");
	errno = 0;
	ok(!enclave_read_cores(none, "cores") && errno == ENOENT,
	   "a missing list is an error");
	ok(enclave_read_number(bad, "quantum_us") == -1, "a bad number");
	ok(enclave_read_number(none, "quantum_us") == -1, "a missing number");
	ok(enclave_procs(bad, &pids) == 0, "no procs");
	free(pids);
	ok(enclave_procs(none, &pids) == 0 && !pids, "missing procs");
}

int main(void)
{
	const struct enclave boot = { ".", "boot" };
	const struct enclave bad = { ".", "bad" };
	const struct enclave none = { ".", "none" };
	char dir[] = "/tmp/test-enclave-XXXXXX";

	tap_plan(19);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	make_files();
	test_names();
	test_good(&boot);
	test_bad(&bad, &none);
	remove_files();
	rmdir(dir);
	return tap_status();
}
