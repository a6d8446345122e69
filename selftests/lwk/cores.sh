#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# LWK cores are online, known to Linux, and nothing of Linux gets there.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=lwk_common.sh
. ./lwk_common.sh

ktap_print_header
[ -e "$CPU"/lwk ] || { ktap_skip_all "no LWK cores"; exit "$KSFT_SKIP"; }
cores=$(cat "$CPU"/lwk)
first=$(expand "$cores" | head -n 1)
ktap_set_plan 20

# a file of /sys has all LWK cores
has_cores()
{
	for cpu in $(expand "$cores"); do
		expand "$(cat "$1")" | grep -qx "$cpu" || return 1
	done
}

# a file of /sys or /proc has none of them
has_no_cores()
{
	for cpu in $(expand "$cores"); do
		expand "$(cat "$1")" | grep -qx "$cpu" || continue
		echo "core $cpu is in $1"
		return 1
	done
}

ok "online" has_cores "$CPU"/online
ok "isolated" has_cores "$CPU"/isolated
ok "nohz_full" has_cores "$CPU"/nohz_full
ok "the enclave has them" is "$cores" cat "$ENCLAVE/cores"
ok "no sched domain" test ! -e "/sys/kernel/debug/sched/domains/cpu$first/domain0"

ok "taskset to one is refused" fails 1 "Invalid argument" \
	taskset -c "$first" true
ok "taskset of a running process too" fails 1 "Invalid argument" \
	taskset -c -p "$first" $$
ok "a mask with Linux cores keeps those" \
	is "pid $$'s current affinity list: 0" \
	sh -c "taskset -c -p 0,$first $$ >/dev/null && taskset -c -p $$"
taskset -c -p 0-4095 $$ >/dev/null

# Kernel threads: those bound to a core may be there, no others. There are
# few different masks, so those with LWK cores are found first.
strangers()
{
	sed -s -n 's/^Cpus_allowed_list:\t//p' \
		/proc/[0-9]*/task/*/status 2>/dev/null | sort -u |
	while read -r list; do
		for cpu in $(expand "$cores"); do
			expand "$list" | grep -qx "$cpu" || continue
			grep -l "^Cpus_allowed_list:.$list$" \
				/proc/[0-9]*/task/*/status 2>/dev/null
			break
		done
	done | while read -r status; do
		# the flags of the task, behind its name, and of them
		# PF_NO_SETAFFINITY: bound, by the kernel itself
		read -r stat < "${status%us}" || continue
		# shellcheck disable=SC2086 # split into fields
		set -- ${stat##*) }
		[ $(($7 & 0x04000000)) -ne 0 ] || echo "$stat"
	done
}
ok "no task may run there" is '' strangers

kthread=$(pgrep -o -x kcompactd0)
ok "an unbound kernel thread cannot be sent there" \
	fails 1 "Invalid argument" taskset -c -p "$first" "$kthread"

# Unbound works
unbound_wq()
{
	mask=$(tr -d , < /sys/devices/virtual/workqueue/cpumask)
	for cpu in $(expand "$cores"); do
		[ $(((0x$mask >> cpu) & 1)) -eq 0 ] || return 1
	done
}
ok "unbound workqueues keep off" unbound_wq

# Interrupts
effective()
{
	for irq in /proc/irq/[0-9]*; do
		list=$(cat "$irq/effective_affinity_list") || continue
		[ -n "$list" ] || continue
		has_no_cores "$irq/effective_affinity_list" || return 1
	done
}
ok "no interrupt is routed there" effective

# An interrupt that can be moved at all
movable=
for irq in /proc/irq/[0-9]*; do
	if echo 1 > "$irq/smp_affinity_list"; then
		movable=$irq
		break
	fi
done 2>/dev/null
refused()
{
	[ -n "$movable" ] || return 1
	! echo "$1" > "$movable/smp_affinity_list"
}
ok "an interrupt cannot be sent there" refused "$first"
keeps_off()
{
	echo "0-$first" > "$movable/smp_affinity_list" &&
		has_no_cores "$movable/effective_affinity_list"
}
ok "an interrupt for all cores keeps off" keeps_off
echo 0 > "$movable/smp_affinity_list"
default_off()
{
	mask=$(tr -d , < /proc/irq/default_smp_affinity)
	[ $(((0x$mask >> first) & 1)) -eq 0 ]
}
ok "new interrupts keep off" default_off

offline()
{
	! echo 0 > "$CPU/cpu$first/online"
}
ok "going offline is refused" offline
ok "and had no effect" has_cores "$CPU"/online

# cpusets: a task in a set of LWK cores runs with Linux all the same
cpuset()
{
	mkdir -p /sys/fs/cgroup/lwk-test &&
	echo +cpuset > /sys/fs/cgroup/cgroup.subtree_control &&
	echo "0,$first" > /sys/fs/cgroup/lwk-test/cpuset.cpus &&
	sh -c 'echo $$ > /sys/fs/cgroup/lwk-test/cgroup.procs &&
		sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status'
}
ok "a cpuset does not open them" is 0 cpuset
rmdir /sys/fs/cgroup/lwk-test 2>/dev/null

# A halted core takes no interrupts of a timer: nothing runs there at all.
idle()
{
	before=$(awk '/^ *LOC:/ { print $('"$first"' + 2) }' /proc/interrupts)
	sleep 5
	after=$(awk '/^ *LOC:/ { print $('"$first"' + 2) }' /proc/interrupts)
	echo "$((after - before)) timer interrupts in 5 s"
	[ $((after - before)) -le 5 ]
}
ok "an idle core is quiet" idle
ok "all cores are free" all_free

ktap_finished
