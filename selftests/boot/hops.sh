#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Members whose threads leave for every call, while others trace, stop, freeze,
# move and kill them and a core of Linux goes down and up: nothing hangs, no
# thread is lost, the cores are free. Very many hops are counted, accounted and
# leak nothing; and if one core serves all, everybody gets on.
#
# HOP_SECONDS=N: how long the storm lasts, 20 s without. HOP_COUNT=N: how many
# hops, 200,000 without.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

seconds=${HOP_SECONDS:-20} count=${HOP_COUNT:-200000}

ktap_print_header
ktap_set_plan 3

storm()
{
	boot "lwkcpus=2-3 kmemleak=on lwk.kmemleak" -- \
		"$top/build/selftests/hop_storm" "$seconds"
}

many()
{
	boot lwkcpus=0.2-3 -- "$top/build/selftests/hop_many" "$@"
}

LIMIT=$((seconds * 2 + 400))
ok "a storm of $seconds s on threads that hop" storm
LIMIT=$((count / 4000 + 120))
ok "$count hops" many count "$count"
LIMIT=120
ok "eight threads and a task of Linux share one core" many fair 5

ktap_finished
