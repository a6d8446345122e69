# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests that boot machines of their own share.
#
# Environment: LWK_KERNEL, KTAP_HELPERS, RESULTS, LWK_SLOW (1, or how many
# times slower this kernel is), as scripts/test sets them.

# shellcheck disable=SC2034 # the top of the repository
top=$(cd "$(dirname "$0")/../.." && pwd)
LTS=$("$top/scripts/lts")
export LTS
: "${LWK_SLOW:=1}" "${RESULTS:=$top/build/results}"
: "${KTAP_HELPERS:=$top/build/$LTS/linux/tools/testing/selftests/kselftest/ktap_helpers.sh}"
export KTAP_HELPERS
# shellcheck source=../lwk/lwk_common.sh
. "$top/selftests/lwk/lwk_common.sh"

PATH=$PATH:/usr/sbin:/sbin
CONFIG=/sys/kernel/config/lwk

# boot ARGS [OPTION...] -- COMMAND...: on a machine booted with ARGS, within
# two minutes (or LIMIT seconds)
boot()
{
	args=$1
	shift
	"$top/scripts/qemu-run" -a "$args" -t $((${LIMIT:-120} * LWK_SLOW)) \
		-l "$RESULTS/$(basename "$0" .sh).$KTAP_TESTNO.log" \
		-e PATH="$PATH" "$@"
}

# counted CORE FROM TO: "NAME number" of each kind of interrupt of that core
# between two readings of /proc/interrupts, $dir/interrupts.FROM and .TO
counted()
{
	[ -f "$dir/interrupts.$3" ] || { echo "no reading"; return 1; }
	awk -v core="CPU$1" '
		FNR == 1 {
			column = 0
			for (i = 1; i <= NF; i++)
				if ($i == core) column = i + 1
			next
		}
		$column !~ /^[0-9]+$/ { next }
		NR == FNR { before[$1] = $column; next }
		{ seen[$1] = $column }
		END {
			if (!("LOC:" in seen)) print "no reading of " core
			for (name in seen)
				if (seen[name] != before[name])
					print name, seen[name] - before[name]
		}' "$dir/interrupts.$2" "$dir/interrupts.$3" | sort
}
