#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# With lwkcpus=2-3 alone: two programs compute for a minute while the Linux
# cores are busy, and the kernel's own trace of the LWK cores has no other
# task, device interrupt, softirq, work item, timer or tick in it.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 1

quiet()
{
	boot lwkcpus=2-3 -m 3G -W "$RESULTS" -- \
		"$top/selftests/boot/silence-guest" "$RESULTS" "${SILENCE_SECONDS:-60}"
}
LIMIT=240
ok "nobody else on the cores for 60 s" quiet

ktap_finished
