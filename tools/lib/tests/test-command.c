// SPDX-License-Identifier: GPL-2.0
/* Finding a command: the answers are those that execvp() would give. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "tap.h"

static void make_file(const char *path, mode_t mode)
{
	FILE *file = fopen(path, "w");

	if (file)
		fclose(file);
	chmod(path, mode);
}

static void test_paths(void)
{
	ok(command_check("./yes/tool") == 0, "a path to a program");
	ok(command_check("./yes/none") == -ENOENT, "a path to nothing");
	ok(command_check("./no/tool") == -EACCES, "a path to a plain file");
	ok(command_check("./yes") == -EACCES, "a path to a directory");
	ok(command_check("./yes/tool/x") == -ENOENT, "a path below a file");
	ok(command_check("") == -ENOENT, "no name at all");
}

static void test_search(void)
{
	setenv("PATH", "yes", 1);
	ok(command_check("tool") == 0, "found in PATH");
	ok(command_check("none") == -ENOENT, "not in PATH");
	setenv("PATH", "no", 1);
	ok(command_check("tool") == -EACCES, "in PATH, not executable");
	setenv("PATH", "no:yes", 1);
	ok(command_check("tool") == 0, "executable further on in PATH");
	setenv("PATH", "no:none", 1);
	ok(command_check("tool") == -EACCES, "not executable, and no other");
	setenv("PATH", "none:", 1);
	ok(command_check("here") == 0, "empty item at the end: here");
	setenv("PATH", "none::no", 1);
	ok(command_check("here") == 0, "empty item in the middle: here");
	setenv("PATH", "none", 1);
	ok(command_check("here") == -ENOENT, "no empty item: not here");
	unsetenv("PATH");
	ok(command_check("sh") == 0, "no PATH: the system's programs");
}

int main(void)
{
	char dir[] = "/tmp/test-command-XXXXXX";

	tap_plan(15);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	mkdir("yes", 0755);
	mkdir("no", 0755);
	make_file("yes/tool", 0755);
	make_file("no/tool", 0644);
	make_file("here", 0755);
	test_paths();
	test_search();
	unlink("yes/tool");
	unlink("no/tool");
	unlink("here");
	rmdir("yes");
	rmdir("no");
	rmdir(dir);
	return tap_status();
}
