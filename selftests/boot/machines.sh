#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Other machines than the usual one: many cores, cores spread over nodes.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 5

# A program of 30 threads on 30 cores, one each, and back again.
many()
{
	boot lwkcpus=2-31 -s 32 -m 4G -- sh -c '
		set -e
		cd '"$CONFIG"'/boot
		[ "$(cat cores)" = 2-31 ]
		lwkexec -n all '"$top"'/build/selftests/omp_threads
		[ "$(lwkexec -n all '"$top"'/build/selftests/omp_threads)" = \
			"30: $(seq -s " " 2 31)" ]
		for i in $(seq 30); do lwkexec -n 1 sleep 0.2 & done
		wait
		[ "$(cat free_cores)" = 2-31 ]'
}
LIMIT=300
ok "32 cores" many

# Node 0 has cores 0 and 1, node 1 cores 2 and 3.
nodes()
{
	boot lwkcpus=0.1:2.3 -- sh -c '
		set -e
		cd '"$CONFIG"'/boot
		[ "$(cat cores)" = 1,3 ]
		[ "$(lwkexec -n 2 nproc)" = 2 ]
		[ "$(lwkexec -n 2 '"$top"'/build/selftests/omp_threads)" = \
			"2: 1 3" ]
		lwkexec -c 3 taskset -c -p 1 $$ && exit 1
		[ "$(cat free_cores)" = 1,3 ]'
}
LIMIT=120
ok "cores spread over two nodes" nodes

# A whole node is the LWK's: kswapd and kcompactd of it live elsewhere.
whole_node()
{
	boot lwkcpus=2-3 -- sh -c '
		for name in kswapd1 kcompactd1; do
			taskset -c -p "$(pgrep -x $name)" |
				grep "list: 0[-,]1$" || exit 1
		done'
}
ok "kernel threads of a node without Linux cores" whole_node

# A core of Linux comes and goes. (Not with a core that serves calls and nothing
# else: the other one keeps the time.)
core_goes()
{
	boot lwkcpus=2-3 -- sh -c '
		"$0"/build/selftests/disturb_test -t core_goes > /tmp/out 2>&1
		status=$?
		cat /tmp/out
		! grep -q "# SKIP" /tmp/out && exit $status' "$top"
}
ok "a core that goes off line makes LWK cores tick no more than once" core_goes

# A machine of Linux alone, whose code is patched again and again. QEMU before
# 8.1 ends most of these, without the module (see lwk/tests/stale_int3.c).
patched()
{
	boot "" -- sh -c '
		key=/proc/sys/kernel/sched_schedstats
		cd /tmp
		stress-ng --quiet --switch 4 --clone 2 -t 40 &
		while kill -0 $! 2>/dev/null; do
			echo 1 >$key && echo 0 >$key || exit
		done
		wait $!'
}
ok "code that is patched while all cores run it" patched

ktap_finished
