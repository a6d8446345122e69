// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explain.h"
#include "lwkdev.h"
#include "process.h"

/* More holders than this are only counted. */
#define HOLDERS_SHOWN	16

/* Where the enclave's name is from, if nobody typed it. */
static const char *origin(const struct request *request)
{
	return request->from_env ? " (from LWK_ENCLAVE)" : "";
}

void explain_device(int error)
{
	switch (error) {
	case ENOENT:
		if (!access(lwkdev_enclaves(), F_OK)) {
			warnx(LWKDEV_PATH ": not here, although this kernel has an LWK: in a container, pass the device in");
			break;
		}
		/* fallthrough */
	case ENODEV:
	case ENXIO:
		warnx(LWKDEV_PATH ": this kernel has no LWK cores: boot with lwkcpus=LIST (see lwkexec(1))");
		break;
	case EACCES:
	case EPERM:
		warnx(LWKDEV_PATH ": %s: its owner or root can allow it: chmod a+r "
		      LWKDEV_PATH, strerror(error));
		break;
	default:
		warnx(LWKDEV_PATH ": %s", strerror(error));
	}
}

void explain_stats(int error)
{
	if (error == ENOTTY)
		warnx("--stats: this kernel keeps no account of interruptions: boot a newer one, or run the command without --stats");
	else
		warnx("--stats: " LWKDEV_PATH ": cannot read the account of interruptions: %s",
		      strerror(error));
}

void explain_name(const struct request *request, const char *why)
{
	warnx("enclave '%s'%s: not a name: %s: give one of at most %d characters with -e",
	      request->enclave.name, origin(request), why, LWK_NAME_MAX - 1);
}

static void explain_unknown_enclave(const struct request *request)
{
	char *names = enclave_names(request->enclave.root);

	if (!names)
		warnx("enclave %s%s: no such enclave; which ones exist cannot be read from %s: is configfs mounted?",
		      request->enclave.name, origin(request),
		      request->enclave.root);
	else if (!*names)
		warnx("enclave %s%s: no such enclave, and no other: boot with lwkcpus=LIST (see lwkexec(1))",
		      request->enclave.name, origin(request));
	else
		warnx("enclave %s%s: no such enclave: choose with -e one of: %s",
		      request->enclave.name, origin(request), names);
	free(names);
}

void explain_cores_unknown(const struct request *request, int error)
{
	if (error == ENOENT && !access(request->enclave.root, R_OK))
		explain_unknown_enclave(request);
	else
		warnx("enclave %s%s: cannot read %s/%s/cores: %s: give -n a number, or see that configfs is mounted",
		      request->enclave.name, origin(request),
		      request->enclave.root, request->enclave.name,
		      strerror(error));
}

/* The account's name, or its number as text. */
static const char *user_name(uid_t uid, char *buf, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(buf, size, "%s", user->pw_name);
	else
		snprintf(buf, size, "%u", (unsigned int)uid);
	return buf;
}

static void explain_permission(const struct request *request)
{
	char *dir = enclave_dir(&request->enclave);
	char owner[64], self[64];
	struct stat st;

	user_name(geteuid(), self, sizeof(self));
	if (!dir || stat(dir, &st) < 0)
		warnx("enclave %s%s: not yours to use: root can delegate it: chown %s %s/%s",
		      request->enclave.name, origin(request), self,
		      request->enclave.root, request->enclave.name);
	else if (st.st_uid == geteuid())
		warnx("enclave %s%s: its directory is yours but not writable: chmod u+w %s",
		      request->enclave.name, origin(request), dir);
	else
		warnx("enclave %s%s: its directory belongs to %s, and %s may not write there: root can delegate it: chown %s %s",
		      request->enclave.name, origin(request),
		      user_name(st.st_uid, owner, sizeof(owner)), self, self,
		      dir);
	free(dir);
}

static void explain_holder(pid_t pid)
{
	char *name, *cores;

	if (pid <= 0) {
		warnx("  a process that cannot be seen from here");
		return;
	}
	name = process_name(pid);
	cores = process_cores(pid);
	warnx("  pid %d (%s), cores %s", (int)pid, name ? name : "?",
	      cores ? cores : "?");
	free(name);
	free(cores);
}

static void explain_holders(const struct request *request,
			    const struct reservation *reservation)
{
	bool listed = reservation->holder <= 0;
	size_t i, nr;
	pid_t *pids;

	nr = enclave_procs(&request->enclave, &pids);
	for (i = 0; i < nr; i++)
		listed |= pids[i] == reservation->holder;
	if (!listed || !nr)
		explain_holder(reservation->holder);
	for (i = 0; i < nr && i < HOLDERS_SHOWN; i++)
		explain_holder(pids[i]);
	if (i < nr)
		warnx("  and %zu more, see %s/%s/procs", nr - i,
		      request->enclave.root, request->enclave.name);
	free(pids);
}

/* "cores 2-3" or "4 cores", for free(). */
static char *asked(const struct request *request)
{
	char *cores = NULL;
	char *text;
	int ret;

	if (request->cores)
		cores = cpulist_format(request->cores);
	if (cores)
		ret = asprintf(&text, "cores %s", cores);
	else
		ret = asprintf(&text, "%u core%s", request->nr_cores,
			       request->nr_cores == 1 ? "" : "s");
	free(cores);
	return ret < 0 ? NULL : text;
}

static void explain_busy(int error, const struct request *request,
			 const struct reservation *reservation)
{
	char *free_cores = enclave_read(&request->enclave, "free_cores");
	char *want = asked(request);
	char waited[64] = "";

	if (error == ETIMEDOUT)
		snprintf(waited, sizeof(waited), " after %.10g s",
			 request->timeout_ms / 1000.0);
	warnx("enclave %s%s: %s asked for, free%s: %s; the others are held by",
	      request->enclave.name, origin(request), want ? want : "cores",
	      waited, !free_cores ? "?" : *free_cores ? free_cores : "none");
	explain_holders(request, reservation);
	if (error == ETIMEDOUT)
		warnx("wait longer with --wait=SECONDS, or for ever with --wait");
	else
		warnx("--wait[=SECONDS] waits until they are free");
	free(free_cores);
	free(want);
}

/* Returns false when nothing is wrong with the cores, as far as we see. */
static bool explain_cores(const struct request *request, hwloc_bitmap_t has)
{
	hwloc_bitmap_t outside = hwloc_bitmap_alloc();
	char *has_text = cpulist_format(has);
	char *out_text = NULL;
	int nr = hwloc_bitmap_weight(has);
	bool found = false;

	if (outside && request->cores) {
		hwloc_bitmap_andnot(outside, request->cores, has);
		out_text = cpulist_format(outside);
		found = !hwloc_bitmap_iszero(outside);
	}
	if (found)
		warnx("enclave %s%s: cores %s are not in it: it has %s",
		      request->enclave.name, origin(request),
		      out_text ? out_text : "?",
		      has_text && *has_text ? has_text : "none");
	else if (nr >= 0 && request->nr_cores > (unsigned int)nr) {
		found = true;
		warnx("enclave %s%s: %u cores asked for, it has %d (%s): ask for fewer, or -n all",
		      request->enclave.name, origin(request),
		      request->nr_cores, nr,
		      has_text && *has_text ? has_text : "none");
	}
	hwloc_bitmap_free(outside);
	free(out_text);
	free(has_text);
	return found;
}

static void explain_invalid(const struct request *request)
{
	hwloc_bitmap_t has = enclave_read_cores(&request->enclave, "cores");
	bool found = has && explain_cores(request, has);
	char *want;

	hwloc_bitmap_free(has);
	if (found)
		return;
	if (sched_getscheduler(0) == SCHED_DEADLINE) {
		warnx("a deadline policy has no place in an enclave: start lwkexec without one");
		return;
	}
	want = asked(request);
	warnx("enclave %s%s: the kernel refuses %s as invalid: more than it has, or not its own? See %s/%s/cores",
	      request->enclave.name, origin(request), want ? want : "this",
	      request->enclave.root, request->enclave.name);
	free(want);
}

/* A value of /proc/meminfo in kB, or -1. */
static long long value_of(const char *key)
{
	FILE *in = fopen("/proc/meminfo", "r");
	long long value = -1;
	char name[64];

	while (in && fscanf(in, " %63[^:]: %lld%*[^\n]", name, &value) == 2) {
		if (!strcmp(name, key))
			break;
		value = -1;
	}
	if (in)
		fclose(in);
	return value;
}

static void explain_memory(const struct request *request)
{
	long long total = value_of("LwkTotal");

	if (total <= 0)
		warnx("-m: this machine has no LWK memory: boot with lwkmem=SIZE (see lwkexec(1))");
	else
		warnx("-m: %llu MiB asked for, the LWK has %lld MiB, of which others have reserved some: ask for less, or for none",
		      request->memory >> 20, total >> 10);
}

void explain_join(int error, const struct request *request,
		  const struct reservation *reservation)
{
	switch (error) {
	case ENOENT:
		explain_unknown_enclave(request);
		break;
	case EACCES:
	case EPERM:
		explain_permission(request);
		break;
	case EBUSY:
	case ETIMEDOUT:
		explain_busy(error, request, reservation);
		break;
	case EINVAL:
		explain_invalid(request);
		break;
	case ENOSPC:
		explain_memory(request);
		break;
	case EEXIST:
		warnx("enclave %s%s: this process runs in an enclave already, and its children with it: run the command without lwkexec, or start lwkexec outside",
		      request->enclave.name, origin(request));
		break;
	case E2BIG:
	case ENOTTY:
		warnx(LWKDEV_PATH ": %s: this lwkexec is not for this kernel: install the one built with it",
		      strerror(error));
		break;
	default:
		warnx("enclave %s%s: cannot join: %s", request->enclave.name,
		      origin(request), strerror(error));
	}
}

void explain_calls(int error)
{
	if (error == ENOTTY)
		warnx("--local, --hop: this kernel serves all calls on the cores: start without them, or boot a newer one");
	else
		warnx("--local, --hop: %s", strerror(error));
}
