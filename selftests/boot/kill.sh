#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lwkexec killed at random moments, again and again: no core stays reserved,
# no task is left.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 1

killed()
{
	boot "lwkcpus=2-3 kmemleak=on lwk.kmemleak" -- "$top/build/selftests/kill_storm" \
		"${RUNS:-1000}"
}
LIMIT=400
ok "${RUNS:-1000} runs killed at random moments" killed

ktap_finished
