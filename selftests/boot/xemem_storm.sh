#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# XEMEM: a storm of processes that are killed, and a fuzzer, leave the machine
# as it was.
#
# XEMEM_STORM_SECONDS=N, XEMEM_FUZZ_SECONDS=N: how long these last, 20 s
# without. XEMEM_SEED=N: repeats one of them; else it is the time.
set -u
# shellcheck source=xemem_common.sh
. "$(dirname "$0")/xemem_common.sh"

storm=${XEMEM_STORM_SECONDS:-20} fuzz=${XEMEM_FUZZ_SECONDS:-20}

# [OPTION...]: the storm
storm_for()
{
	LIMIT=$((storm * 2 + 300)) boot "$lwk" -m 4G -- \
		"$tests/storm" -s "$LWK_SLOW" "$@" "$storm" ${XEMEM_SEED:+"$XEMEM_SEED"}
}

# COMMAND...: if it fails, says where its threads are that do not end
and_where()
{
	set -- sh -c '
		"$@" && exit
		status=$?
		for t in /proc/[0-9]*/task/*; do
			[ "$(cat "$t/comm")" = "${1##*/}" ] || continue
			echo "# $t: $(cat "$t/syscall")"
			sed "s/^/#   /" "$t/stack"
		done
		# What runs has no stack there.
		dmesg -C
		echo l >/proc/sysrq-trigger
		dmesg -t | grep -A 16 "RIP: 0010" | sed "s/^/# /"
		exit $status' sh "$@"
	boot "$lwk" -- "$@"
}

fuzz_for()
{
	LIMIT=$((fuzz * 2 + 300)) and_where \
		"$tests/fuzz" "$fuzz" ${XEMEM_SEED:+"$XEMEM_SEED"}
}

ktap_print_header
ktap_set_plan 3
ok "a storm of $storm s" storm_for
ok "a storm of $storm s on LWK cores" storm_for -l 2
ok "a fuzzer for $fuzz s" fuzz_for
ktap_finished
