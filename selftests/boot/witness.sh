#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Outside witnesses: Debian's oslat and cyclictest (package rt-tests), which
# know nothing of the LWK, measure its cores under lwkexec.
#
# This machine is an emulator whose processors are threads of a busy host, so
# the times they measure are the host's and no limit is set for them. What must
# hold: they run to the end, on the LWK cores alone; and while oslat's thread
# measures on core 2, the kernel counts not one interrupt of any kind there.
# That thread makes no system call and touches no new page meanwhile, so there
# is none of its own to allow for. (Core 1, from which oslat's main thread waits
# for its timer, and cyclictest, which is about timers, have interrupts.) As in
# soak.sh, only one processor executes the kernel while it is patched.
#
# To see it fail: ARGS= LAUNCHER='taskset -c 1-2'
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

: "${ARGS=lwkcpus=0.1-2}" "${LAUNCHER=lwkexec -n 2}"
dir=$RESULTS/witness
rm -rf "$dir"
mkdir -p "$dir"

measure()
{
	for program in oslat cyclictest; do
		command -v "$program" || {
			echo "$program: not found: install rt-tests"
			return 1
		}
	done
	# shellcheck disable=SC2086 # LAUNCHER is a command with arguments
	boot "$ARGS" -s 3 -W "$dir" -- "$top/selftests/boot/witness-guest" "$dir" \
		$LAUNCHER
}

# ended NAME: with success, its threads on LWK cores, or on core 0 if they were
# being served there; oslat's, which measures, is not
ended()
{
	[ -f "$dir/$1.status" ] || { echo "$1: not run"; return 1; }
	cat "$dir/$1.txt"
	is 0 cat "$dir/$1.status" || return 1
	[ -s "$dir/$1.where" ] || { echo "$1: seen nowhere"; return 1; }
	awk -v name="$1" '
	$3 == 0 && name == "oslat" && $2 == "R" ||
	$4 != "1-2" && $4 != 1 && $4 != 2 {
		print "thread " $1 ", " $2 ", on core " $3 ", may use " $4
		bad = 1
	} END { exit bad }' "$dir/$1.where"
}

oslat_ended()
{
	ended oslat || return 1
	grep 'Test completed' "$dir/oslat.txt" &&
		is 2 sed -n 's/^[ \t]*Core:[ \t]*//p' "$dir/oslat.txt" &&
		[ "$(sed -n 's/^ *Duration:[ \t]*\([0-9]*\).*/\1/p' \
			"$dir/oslat.txt")" -ge 3 ]
}

cyclictest_ended()
{
	ended cyclictest &&
		is '1 2' sh -c "sed -n 's/.*\"cpu\": \([0-9]*\),/\1/p' \
			'$dir/cyclictest.json' | xargs" &&
		awk '/^T:/ && !/ C: +0 / { threads++ }
			END { exit threads != 2 }' "$dir/cyclictest.txt"
}

silent()
{
	is '' counted 2 0 1
}

# Patching interrupts the core which nobody uses, or it proves nothing.
silent_while_patched()
{
	is '' counted 2 1 2 || return 1
	counted 1 1 2
	[ "$(counted 1 1 2 | grep -c '^CAL:')" -gt 0 ]
}

# In the words of the guest's last look
cores_back()
{
	[ -f "$dir/enclave" ] || { echo "no look at the enclave"; return 1; }
	cat "$dir/enclave"
	cores=$(sed -n 's/^cores //p' "$dir/enclave")
	[ -n "$cores" ] &&
		is "$cores" sed -n 's/^free_cores //p' "$dir/enclave" &&
		is '' sed -n 's/^tasks //p' "$dir/enclave"
}

say_measured()
{
	[ -f "$dir/enclave" ] || return 0
	sed -n '/^ *\(Minimum\|Average\|Maximum\|Duration\):/s/[ \t]\{1,\}/ /gp' \
		"$dir/oslat.txt" | sed 's/^/# oslat core 2:/'
	sed -n '/^T:/s/[ \t]\{1,\}/ /gp' "$dir/cyclictest.txt" |
		sed 's/^/# cyclictest us: /'
	for core in 0 1 2; do
		echo "# interrupts of core $core, measuring:" \
			"$(counted $core 0 1 | xargs), code patched:" \
			"$(counted $core 1 2 | xargs)"
	done
}

ktap_print_header
ktap_set_plan 6
LIMIT=240
ok "the machine does its work and its log is clean" measure
ok "oslat runs to its end on the LWK cores" oslat_ended
ok "no interrupt on core 2 while oslat measures" silent
ok "nor while code of the kernel is patched" silent_while_patched
ok "cyclictest runs to its end on the LWK cores" cyclictest_ended
ok "the cores are free afterwards" cores_back
say_measured
ktap_finished
