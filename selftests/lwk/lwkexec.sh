#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lwkexec on real LWK cores. Needs two of them, and no more than 8.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=lwk_common.sh
. ./lwk_common.sh

ktap_print_header
[ -d "$ENCLAVE" ] || { ktap_skip_all "no LWK cores"; exit "$KSFT_SKIP"; }
ktap_set_plan 45

cores=$(cat "$ENCLAVE/cores")
all=$(expand "$cores" | wc -l)
first=$(expand "$cores" | head -n 1)
second=$(expand "$cores" | sed -n 2p)
here=${OUTPUT:-.}

# shellcheck disable=SC2016 # expanded by the inner shell
allowed='sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status'

# The command
ok "runs a command" is hello lwkexec echo hello
ok "passes its status on" fails 7 '' lwkexec sh -c 'exit 7'
ok "a signal too" fails 137 '' lwkexec sh -c 'kill -9 $$'
ok "127 for a command that is not there" \
	fails 127 'no-such-command' lwkexec no-such-command
ok "126 for one that cannot run" fails 126 '' lwkexec /etc/passwd
ok "125 for no command" fails 125 'command' lwkexec -n 1
ok "arguments arrive as they are" is "a b|c*|" \
	lwkexec -- printf '%s|' 'a b' 'c*'

# Which cores
ok "one core by default" is "$first" lwkexec sh -c "$allowed"
ok "the cores asked for" is "$second" lwkexec -c "$second" sh -c "$allowed"
ok "all of them" is "$cores" lwkexec -n all sh -c "$allowed"
ok "nproc sees the reservation" is 2 lwkexec -n 2 nproc
ok "OpenMP makes a thread per core" is "2: $first $second" \
	lwkexec -n 2 "$here/omp_threads"
ok "hwloc sees the reservation" is 2 lwkexec -n 2 sh -c \
	'lstopo-no-graphics --restrict binding --only pu | wc -l'
ok "the affinity of a child is that of its parent" is "$first" \
	lwkexec -n 1 sh -c "sh -c '$allowed'"
ok "not with --no-inherit" sh -c \
	"lwkexec --no-inherit -n 1 sh -c '$allowed; :' | grep -vqx $first"

# Refusals
ok "a core outside" fails 125 'core' lwkexec -c 0 true
ok "a list and a count" fails 125 '' lwkexec -c "$first" -n 1 true
ok "more cores than there are" fails 125 "$cores" lwkexec -n $((all + 1)) true
ok "no such enclave" fails 125 'boot' lwkexec -e other true
ok "another user" fails 125 'chown' as_nobody lwkexec true
chown 65534 $ENCLAVE
ok "unless the directory is theirs" is "$first" \
	as_nobody lwkexec sh -c "$allowed"
chown 0 $ENCLAVE
ok "nothing was reserved by all this" all_free

# Dry run
dry_json()
{
	lwkexec --dry-run --json -n 2 true | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["enclave"] == "boot" and len(d["core_numbers"]) == 2, d'
}
ok "--dry-run --json is JSON" dry_json

# Two at a time, and one too many
hold_all()
{
	holders=
	for _ in $(expand "$cores"); do
		lwkexec -n 1 sleep 60 &
		holders="$holders $!"
	done
	full() { [ -z "$(cat "$ENCLAVE/free_cores")" ]; }
	eventually full
}
hold_all
ok "each gets a core of its own" is "$all" sh -c \
	"for p in $holders; do sed -n 's/^Cpus_allowed_list:\t//p' \
		/proc/\$p/status; done | sort -u | wc -l"
holder=${holders# }
holder=${holder%% *}
ok "one too many is told who holds them" fails 125 "$holder" lwkexec true
ok "and may wait in vain" fails 125 '' lwkexec --wait=0.2 true
lwkexec --wait=30 sh -c "$allowed" > /tmp/waited &
waiter=$!
sleep 0.3
ok "who waits does not run yet" test ! -s /tmp/waited
kill "$holder"
ok "but when a core is free" eventually test -s /tmp/waited
wait "$waiter"
# shellcheck disable=SC2086 # a list
kill $holders 2>/dev/null
# shellcheck disable=SC2086
wait $holders 2>/dev/null
ok "all cores are free again" eventually all_free

# The account of interruptions
# counted COLUMN KIND: the number in the last table, 1 = foreign, 2 = own
counted()
{
	awk -v kind="$2" -v column="$1" \
		'$1 == kind { print $(column + 1) }' /tmp/stats
}
# shellcheck disable=SC2016 # expanded by the inner shell
compute='i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done'
computes()
{
	lwkexec --stats=/tmp/stats sh -c "$compute" || return 1
	cat /tmp/stats
	[ "$(counted 1 total)" = 0 ]
}
ok "--stats: nobody interrupts a program that computes" computes
ok "but its own faults" test "$(counted 2 fault)" -gt 0
few=$(counted 2 fault)
lwkexec --stats=/tmp/stats dd if=/dev/zero of=/dev/null bs=16M count=1 \
	status=none
ok "more when it uses memory" test "$(counted 2 fault)" -gt "$few"
stats_json()
{
	lwkexec --stats=/tmp/stats --json -c "$second" sh -c 'exit 3'
	[ $? -eq 3 ] || return 1
	python3 -c '
import json, sys
d = json.load(open("/tmp/stats"))
assert d["status"] == 3 and d["core_numbers"] == [int(sys.argv[1])], d
kinds = d["interruptions"]
for who in "foreign", "own":
    total = kinds["total"][who]
    assert sum(kinds[k][who] for k in kinds) == 2 * total, d
' "$second"
}
ok "--stats --json is JSON" stats_json
# shellcheck disable=SC2016
ok "--stats passes a signal of the command on" \
	fails 137 'fault' lwkexec --stats sh -c 'kill -9 $$'
ok "--stats without the cores prints no table" fails 125 "$cores" \
	lwkexec --stats=/tmp/refused -n $((all + 1)) true
ok "nor creates more than its file" test ! -s /tmp/refused
inside() { [ "$(grep -c . "$ENCLAVE/procs")" -eq 1 ]; }
lwkexec --stats=/tmp/stats -n 1 sh -c 'while :; do :; done' &
outside=$!
eventually inside
stays_outside() { ! grep -qx "$outside" "$ENCLAVE/procs"; }
ok "with --stats, lwkexec itself stays outside" stays_outside
kill "$outside"
status=0
wait "$outside" || status=$?
ok "and passes signals on" test "$status" -eq 143
lwkexec --stats=/tmp/stats -n 1 sh -c 'while :; do :; done' &
outside=$!
dies_with_it()
{
	eventually inside || return 1
	kill -9 "$outside" || return 1
	wait "$outside" 2>/dev/null
	eventually all_free
}
ok "what it has started does not outlive it" dies_with_it
ok "strace follows it" strace -f -o /tmp/strace.out lwkexec --stats=/tmp/stats \
	true

# It is Linux
traced()
{
	strace -f -o /tmp/strace.out lwkexec sh -c 'cat /proc/self/stat' \
		>/dev/null &&
		grep -q 'exited with 0' /tmp/strace.out
}
ok "strace" traced
attach()
{
	lwkexec -n 1 sh -c 'while :; do :; done' &
	spin=$!
	sleep 0.3
	timeout 60 strace -p "$spin" -o /tmp/attach.out -e trace=none &
	tracer=$!
	eventually grep -q "TracerPid:.*[1-9]" "/proc/$spin/status"
	kill "$tracer"
	wait "$tracer" 2>/dev/null
	kill -STOP "$spin"
	eventually grep -q 'State:.*stopped' "/proc/$spin/status" || return 1
	kill -CONT "$spin"
	eventually grep -q 'State:.*running' "/proc/$spin/status" || return 1
	kill -9 "$spin"
	! wait "$spin" 2>/dev/null
}
ok "attach to, stop and continue one that computes" attach
gdb_run()
{
	gdb -q -batch -ex 'break main' -ex run -ex 'print 6*7' -ex continue \
		--args lwkexec -n 1 "$here/omp_threads" 2>&1 |
		grep -q '= 42'
}
ok "gdb" gdb_run
# shellcheck disable=SC2016 # expanded by the inner shell
ok "proc tells the command" is sleep sh -c \
	'lwkexec sleep 60 & p=$!; sleep 0.5; cat /proc/$p/comm; kill $p'
ok "all cores are free" eventually all_free

ktap_finished
