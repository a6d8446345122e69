#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The directory of the enclave: one value per file, and whose it is.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=lwk_common.sh
. ./lwk_common.sh

ktap_print_header
[ -d "$ENCLAVE" ] || { ktap_skip_all "no LWK cores"; exit "$KSFT_SKIP"; }
ktap_set_plan 20


for file in cores syscall_cores free_cores lwkcpus quantum_us poll_us; do
	[ "$(wc -l < $ENCLAVE/$file)" -eq 1 ] || one_value=1
done
ok "one value per file" test -z "${one_value-}"
ok "as booted" grep -q "lwkcpus=$(cat "$ENCLAVE/lwkcpus")\( \|$\)" /proc/cmdline

no_overlap()
{
	for cpu in $(expand "$(cat "$ENCLAVE/syscall_cores")"); do
		expand "$(cat "$ENCLAVE/cores")" | grep -qx "$cpu" && return 1
	done
	[ -n "$(cat "$ENCLAVE/syscall_cores")" ]
}
ok "syscall cores are others" no_overlap

write()
{
	echo "$2" > "$ENCLAVE/$1"
}
refuse()
{
	! write "$@" 2>/dev/null
}
quantum=$(cat "$ENCLAVE/quantum_us")
poll=$(cat "$ENCLAVE/poll_us")
ok "quantum can be set" write quantum_us 20000
ok "and read" is 20000 cat "$ENCLAVE/quantum_us"
ok "too long a quantum is refused" refuse quantum_us 10000001
ok "rubbish too" refuse quantum_us lots
ok "a negative one too" refuse quantum_us -1
ok "and leaves what was set" is 20000 cat "$ENCLAVE/quantum_us"
ok "polling can be turned off" write poll_us 0
ok "polling is bounded" refuse poll_us 10001
write quantum_us "$quantum"
write poll_us "$poll"

ok "cores cannot be written" refuse cores 1
ok "another user cannot set anything" \
	fails 2 "Permission denied" as_nobody sh -c "echo 0 > $ENCLAVE/poll_us"
ok "but may look" as_nobody cat "$ENCLAVE/free_cores" "$ENCLAVE/tasks"
ok "no more enclaves by mkdir" sh -c '! mkdir /sys/kernel/config/lwk/other'
ok "nor fewer by rmdir" sh -c "! rmdir $ENCLAVE"

# Who is in
lwkexec -n 1 sh -c 'sleep 60 & wait' &
pid=$!
in_tasks()
{
	[ "$(grep -c . "$ENCLAVE/procs")" -ge 2 ] &&
		grep -qx "$pid" "$ENCLAVE/procs" && grep -qx "$pid" "$ENCLAVE/tasks"
}
ok "tasks and procs tell who is in" eventually in_tasks
pkill -P "$pid" sleep
wait "$pid"
ok "and forget them" eventually all_free

counts()
{
	before=$(cat "$ENCLAVE/stats/$1")
	shift
	"$@"
	[ "$(cat "$ENCLAVE/stats/joins")" -eq $((before + 1)) ]
}
ok "joins are counted" counts joins lwkexec true
ok "all cores are free" all_free

ktap_finished
