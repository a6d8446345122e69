#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The short form of the deterministic lab: an LWK core is not interrupted for
# a single instruction, quiet or under a storm of each family, and no figure is
# beyond the section "short" of bench/budget-LTS.json, nor are those of calls that
# leave the core and of calls that do not, of memory, and of attachments. Two boots
# are alike to the last instruction.
#
# LAB_STORMS=A,B takes other storms, LAB_SECONDS another time for each.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

storms=${LAB_STORMS:-quiet,static-key,seccomp,stat-refresh,module,vmalloc}
figures=$RESULTS/lab.json

measure()
{
	"$top/bench/noise" --subjects lwk --storms "$storms" \
		--seconds "${LAB_SECONDS:-0.5}" --quiet-seconds 1 \
		--storm-files "${LWK_KERNEL%/arch/*}/storm-files" \
		--json "$RESULTS/lab/noise.json" "$LWK_KERNEL"
}

measure_calls()
{
	"$top/bench/hops" --json "$RESULTS/lab/hops.json" "$LWK_KERNEL"
}

# Beside what costs Linux least without being asked for; without the GiB, which
# takes longest.
measure_memory()
{
	"$top/bench/memory" --subjects lwk,thp_always \
		--cases mmap_touch_64m,brk_64m,thread_stack_8m,munmap_64m,fork_exit_512m \
		--json "$RESULTS/lab/memory.json" "$LWK_KERNEL"
}

# On the LWK core, which is slower; without the GiB and the many attachments,
# which take longest.
measure_xemem()
{
	"$top/bench/xemem" --subjects eager,lazy \
		--cases attach_64m_2m,attach_64m_4k,detach_64m_2m,detach_64m_4k \
		--json "$RESULTS/lab/xemem.json" "$LWK_KERNEL"
}

# Both grow what the emulator frees later, and keep its timers busy.
repeat()
{
	"$top/bench/noise" --check-repeat --subjects tuned \
		--storms seccomp,static-key --seconds "${LAB_SECONDS:-0.5}" \
		--storm-files "${LWK_KERNEL%/arch/*}/storm-files" \
		--json "$RESULTS/repeat/noise.json" "$LWK_KERNEL"
}

report()
{
	"$top/bench/report" --no-html --results "$figures" \
		"$RESULTS/lab/noise.json"
}

budget()
{
	"$top/bench/budget" --section short check "$figures"
}

ktap_print_header
case $LWK_KERNEL in
*/lean/*) ;;
*)
	ktap_set_plan 1
	ktap_test_skip "the lab measures the lean kernel"
	ktap_finished
	;;
esac
ktap_set_plan 7
mkdir -p "$RESULTS/lab"
ok "the lab runs" measure
ok "and measures calls" measure_calls
ok "and memory" measure_memory
ok "and attachments" measure_xemem
ok "its figures can be read" report
ok "and are within the budget" budget
ok "a run repeats to the last instruction" repeat
ktap_finished
