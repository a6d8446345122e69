#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# LWK memory: what lwkmem= takes Linux does not have, members have theirs
# before they touch it, all of it comes back, and a value that makes no sense
# costs one line in the log.
#
# LWK_DIE_ROUNDS=N: so many rounds of dying with a full reservation.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

tests=$top/build/selftests

# PROGRAM [VALUE]
members()
{
	LIMIT=300 boot "lwkcpus=2-3 lwkmem=${2-256M} kmemleak=on lwk.kmemleak" -- \
		"$tests/$1"
}

gigantic()
{
	LIMIT=300 boot "lwkcpus=2-3 lwkmem=256M hugepagesz=1G hugepages=1" \
		-m 4G -n 1 -- sh -c '
		"$0" -t gigantic >/tmp/out && cat /tmp/out &&
		! grep -q SKIP /tmp/out && lwkexec --pages=1g true' \
		"$tests/memory_linux_test"
}

# Only what has no limit that it would count against.
text()
{
	boot "lwkcpus=2-3 lwkmem=256M" -- bash -c '
		locked() { lwkexec cat /proc/self/smaps |
			grep -c "^VmFlags: rd ex .*lo "; }
		ulimit -l unlimited && [ "$(locked)" -ge 2 ] &&
		ulimit -l 64 && [ "$(locked)" = 0 ]'
}

# WORD of the reason, VALUE
refused()
{
	boot "lwkcpus=2-3 lwkmem=$2" -- sh -c '
		dmesg | grep "lwkmem=.*$0.*ignored" &&
		[ "$(dmesg | grep -c lwkmem=.*ignored)" = 1 ] &&
		grep -q "LwkTotal: *0 kB" /proc/meminfo' "$1"
}

without_pool()
{
	boot "lwkcpus=2-3" -- sh -c '
		lwkexec -m 64m true 2>/tmp/err
		[ $? = 125 ] && grep "no LWK memory" /tmp/err &&
		[ "$(wc -l </tmp/err)" = 1 ] && lwkexec -n 2 true'
}

# What lwk-setup writes on plain Linux is for the same machine later, although
# Linux has less memory then.
same_machine()
{
	layout=$(boot "" -- sh -c '
		lwk-setup --write --memory=256m --config=/tmp/lwk.conf >&2 &&
		tr -d "\n\t" < /tmp/lwk.conf') || return 1
	boot "lwkcpus=2-3 lwkmem=256M" -- sh -c '
		echo "$0" > /tmp/lwk.conf
		lwk-setup --check --config=/tmp/lwk.conf' "$layout"
}

# On a core of Linux and on an LWK core, with the same program. The limit of
# mappings is one that is reached in time where each hop waits for a busy host.
alike()
{
	LIMIT=400 boot "lwkcpus=2-3 lwkmem=256M" -- sh -c '
		echo 10000 >/proc/sys/vm/max_map_count &&
		cd /tmp && lines=$(dmesg | wc -l) &&
		"$0" "$@" >linux && lwkexec "$0" "$@" >lwk &&
		cmp linux lwk && tail -n 1 lwk &&
		[ "$(dmesg | wc -l)" -le $((lines + 5)) ] &&
		grep -q "LwkFree: *262144 kB" /proc/meminfo' "$@"
}

# The member has more memory than whoever fills that of Linux. KASAN takes an
# eighth of all for itself.
pressure()
{
	mem=1024M
	[ "$LWK_SLOW" -eq 1 ] || mem=1152M
	boot "lwkcpus=2-3 lwkmem=0:256M,1:256M" -m $mem -- \
		"$tests/memory_pressure" "$@"
}

victim()
{
	pressure over
	[ $? = 3 ]
}

die()
{
	LIMIT=3000 boot "lwkcpus=2-3 lwkmem=256M" -- \
		"$tests/memory_die" "${LWK_DIE_ROUNDS:-75}" 8
}

ktap_print_header
ktap_set_plan 19
ok "members, on one node" members memory_test
ok "members, on two nodes" members memory_test "0:128M,1:128M"
ok "their memory is memory of Linux" members memory_linux_test
ok "so it is on two nodes" members memory_linux_test "0:128M,1:128M"
ok "there are pages of 1 GiB" gigantic
ok "text is locked where that has no limit" text
ok "no size is refused" refused "not a size" lots
ok "a part of a large page is refused" refused "no multiple" 3M
ok "a node that is not there is refused" refused "does not exist" 7:64M
ok "more than there is is refused" refused "has only" 1T
ok "a node named twice is refused" refused "twice" 0:2M,0:2M
ok "a reservation without memory is refused" without_pool
ok "the machine is the one that a layout was written for" same_machine
ok "parts of mappings are as on Linux" alike "$tests/map_ranges"
ok "many mappings that merge are as on Linux" alike "$tests/map_many" 12000 same
ok "many that do not are as on Linux" alike "$tests/map_many" 12000 apart
ok "Linux out of memory takes none of it, and no member" pressure
ok "but one that may have memory of Linux" victim
ok "what members die with is nobody's, and the pool is whole" die
ktap_finished
