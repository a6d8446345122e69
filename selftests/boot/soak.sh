#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# All storms at once on the cores of Linux, while a program computes on each of
# some LWK cores: nothing that the programs did not cause themselves interrupts
# them, by the kernel's own counters and by the LWK's account; and one signal
# sent from outside is seen by all of them, so the silence is not deafness.
#
# QEMU before 8.1, with a thread for each processor, may go on executing code
# that another processor has just patched, if it translates it at that moment:
# "Oops: int3", with any kernel, after seconds to minutes of such storms. So
# there is only one processor there which executes the kernel, and there are no
# jobs on an LWK core.
#
# Environment: LWK_SOAK_SECONDS (how long the storms last), STORM (the
# program; built when it is not given), MODULE (test_module.ko; the kernel's
# when it is not given).
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

: "${LWK_KERNEL:=$top/build/$LTS/lean/arch/x86/boot/bzImage}"
: "${LWK_SOAK_SECONDS:=$((30 + 10 * (LWK_SLOW - 1)))}"
: "${MODULE=${LWK_KERNEL%/arch/*}/lib/test_module.ko}"
dir=$RESULTS/soak
rm -rf "$dir"
mkdir -p "$dir/lib"

prepare()
{
	if [ -z "${STORM-}" ]; then
		STORM=$top/build/bench/native/storms/storm
		make -s -C "$top/bench" "$STORM" || return 1
	fi
	[ -f "$MODULE" ] || { echo "$MODULE: no such module"; return 1; }
	cp "$MODULE" "$dir/lib/test_module.ko" &&
		mke2fs -q -t ext4 "$dir/lib/disk.img" 16M
}

patches_safely()
{
	[ "${ACCEL:-tcg}" = tcg ] || return 0
	"${QEMU:-qemu-system-x86_64}" --version |
		sed -n 's/^QEMU emulator version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' |
		awk '{ exit !($1 > 8 || $1 == 8 && $2 >= 1) }'
}

# job: the core where jobs come and go, or one that is not there.
if patches_safely; then
	lwkcpus=2-4 cpus=6 linux=0-1 last=1 cores='2 3' job=4
else
	lwkcpus=1-2 cpus=3 linux=0 last=0 cores='1 2' job=3
fi
# The one that gets the signal
target=${cores##* }

soak()
{
	prepare || return 1
	boot lwkcpus=$lwkcpus -s $cpus -m 3G -W "$dir" -- \
		"$top/selftests/boot/soak-guest" "$dir" "$LWK_SOAK_SECONDS" \
		"$top/build/selftests/compute" "$cores" "$last $target" \
		"$STORM" -v -c $linux -N $job
}

# beyond CORE FROM TO: those that its program did not cause itself
beyond()
{
	[ -f "$dir/account.$1" ] || { echo "no account of core $1"; return 1; }
	counted "$1" "$2" "$3" | awk -v core="$1" '
		NR == FNR { own[$1] = $3; next }
		FNR == 1 {
			may["LOC:"] = own["timer"]
			may["CAL:"] = own["call"] + own["tlb"]
			may["TLB:"] = own["tlb"]
			may["RES:"] = own["resched"]
			may["IWI:"] = own["irq_work"]
			may["NMI:"] = own["nmi"]
		}
		$2 !~ /^[0-9]+$/ || $2 > may[$1] {
			print "core " core ": " $1, $2 ", its own " may[$1] + 0
		}' "$dir/account.$1" -
}

all_beyond()
{
	for core in $cores; do
		beyond "$core" 0 1
	done
}

show_account()
{
	echo "the account, before and after:"
	cat "$dir/disturbances.0"
	echo --
	cat "$dir/disturbances.1"
}

silent()
{
	is '' all_beyond || { show_account; return 1; }
}

# foreign FROM TO: foreign lines of the programs' cores that are new or grew
foreign()
{
	[ -f "$dir/disturbances.$2" ] || { echo "no reading"; return 1; }
	awk -v cores="$cores" '
		BEGIN { split(cores, list); for (i in list) on["cpu=" list[i]] }
		!($1 in on) || $3 != "own=0" { next }
		{ split($6, count, "="); key = $1 " " $2 " " $4 " " $5 }
		FILENAME == ARGV[1] { before[key] = count[2]; next }
		count[2] > before[key] { print key, count[2] - before[key] }
	' "$dir/disturbances.$1" "$dir/disturbances.$2"
}

# By the account of the cores, and of the reservations
accounted()
{
	is '' foreign 0 1 || { show_account; return 1; }
	for core in $cores; do
		[ -f "$dir/account.$core" ] || { echo "no account"; return 1; }
		awk -v core="$core" 'NF == 3 && $2 != 0 {
			print "core " core ": foreign " $1, $2
			bad = 1
		} END { exit bad }' "$dir/account.$core" || return 1
	done
}

# Or the rest means little
computed()
{
	for core in $cores; do
		[ -f "$dir/account.$core" ] || { echo "no account"; return 1; }
		[ "$(sed -n 's/^turns //p' "$dir/account.$core")" -gt 1000 ] ||
			return 1
	done
}

# grown NAME FROM TO: by how much a file of stats/ grew
grown()
{
	[ -d "$dir/stats.$3" ] || { echo 0; return 1; }
	echo $(($(cat "$dir/stats.$3/$1") - $(cat "$dir/stats.$2/$1")))
}

spared()
{
	[ "$(grown deferred 0 1)" -gt 0 ]
}

storms()
{
	"$STORM" -l | cut -f 1 |
		grep -v -x -e hotplug -e ring-buffer -e slab-shrink -e 'all.*'
}

# Each either did something or said why it cannot
raged()
{
	cat "$dir/storm.err" || return 1
	is 0 cat "$dir/storm.status" || return 1
	bad=0
	for name in $(storms); do
		sed -n "s/^storm: $name: operations \([0-9]*\), status \([0-9]*\)$/\1 \2/p" \
			"$dir/storm.err" | grep -q \
			-e '^[1-9][0-9]* 0$' -e '^[0-9]* 77$' && continue
		echo "$name: no operations"
		bad=1
	done
	return $bad
}

say_storms()
{
	[ -f "$dir/storm.err" ] || return 0
	sed -n 's/^storm: \(.*\): operations \([0-9]*\), status 0$/# \1: \2 operations/p
		s/^storm: \(.*\): operations [0-9]*, status 77$/# \1: skipped, see above/p' \
		"$dir/storm.err"
	grep -v ': operations [0-9]*, status' "$dir/storm.err" | sed 's/^/# /'
}

clean_log()
{
	[ -f "$dir/storm.status" ] || { echo "no storm"; return 1; }
	! grep -E -A 20 \
		-e 'rcu: INFO|blocked for more than|soft lockup|hard LOCKUP' \
		-e 'workqueue lockup|WARNING: |BUG: |KASAN|possible recursive' \
		-e 'INFO: possible|Oops|UBSAN|general protection|stalls on' \
		"$RESULTS/soak.1.log"
}

left_as_it_was()
{
	diff "$dir/state.0" "$dir/state.1"
}

# One signal from the last Linux core to the program on the last of their cores
one_seen()
{
	foreign 2 3 || return 1
	is 1 grown disturbed 2 3 &&
		is 1 sh -c "sed -n 's/^signals //p' '$dir/account.signal'" &&
		is 'resched 1 0' grep '^resched' "$dir/account.signal" || return 1
	foreign 2 3 | grep -q -x \
		"cpu=$target kind=resched from=$last function=[a-z_][a-z0-9_.]* 1" &&
		[ "$(foreign 2 3 | wc -l)" -eq 1 ]
}

# Its handler is set up where Linux serves it; if its core halts meanwhile,
# because it has polled for long enough, another one ends that.
one_counted()
{
	halts=0
	[ "$(grown poll_misses 2 3)" -gt 0 ] && halts=1
	counted "$target" 2 3
	counted "$target" 2 3 | awk -v halts=$halts '
		END { exit !(NR == 1 && $1 == "RES:" &&
			     ($2 == 1 || $2 == 1 + halts)) }'
}

one_traced()
{
	cat "$dir/trace" || return 1
	[ "$(wc -l < "$dir/trace")" -eq 1 ] &&
		grep -q " \[00$target\] .* lwk_disturb: kind=resched own=0 from=$last function=[a-z_]" \
			"$dir/trace"
}

ktap_print_header
ktap_set_plan 11
# The storms stop when they are told to, and then clean up.
LIMIT=$((480 + 2 * LWK_SOAK_SECONDS))
ok "the machine does its work" soak
ok "each storm did something" raged
ok "no interrupt on the programs' cores but their own" silent
ok "nothing foreign in the account" accounted
ok "the programs computed all the time" computed
ok "broadcasts were spared" spared
ok "no stall, no hung task, no lockup, no splat" clean_log
ok "the storms left nothing, the cores are free" left_as_it_was
ok "one signal from outside is one line of the account" one_seen
ok "and one interrupt in the kernel's counters" one_counted
ok "and one event in the trace" one_traced
say_storms
ktap_finished
