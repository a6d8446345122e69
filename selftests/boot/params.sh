#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lwkcpus= on the command line: good, merged with others, and bad. What is bad
# costs one line in the log, and plain Linux boots.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 13

# refused VALUE WORDS: the log says why in one line, there is no LWK
refused()
{
	boot "lwkcpus=$1" -- sh -c '
		n=$(dmesg | grep -c "lwk:")
		dmesg | grep "lwk:"
		[ "$n" -eq 1 ] && [ ! -e /dev/lwk ] &&
		[ ! -e /sys/devices/system/cpu/lwk ] &&
		[ -z "$(cat /sys/devices/system/cpu/isolated)" ] &&
		[ "$(nproc)" -eq 4 ]' > "$RESULTS/refused" || {
		cat "$RESULTS/refused"
		return 1
	}
	grep -F "lwkcpus=$1: " "$RESULTS/refused" | grep -F "$2"
}
ok "a core that does not exist" refused 2-9 "beyond the last"
ok "core 0 only" refused 0 "core 0 boots the machine"
ok "all cores" refused 0-3 "no core would be left"
ok "overlapping groups" refused 0.2-3:1.3 "core 3 is in two groups"
ok "a syscall core among them" refused 2.2-3 "both an LWK core and"
ok "rubbish" refused 'two' "not a list of cores"
rm -f "$RESULTS/refused"

# other VALUE WORDS: a machine that lwkfor= does not tell of is left alone
other()
{
	boot "lwkcpus=2-3 lwkmem=64M lwkfor=$1" -- sh -c '
		dmesg | grep "lwk:"
		[ "$(dmesg | grep -c lwk:)" -eq 1 ] && [ ! -e /dev/lwk ] &&
		[ -z "$(cat /sys/devices/system/cpu/isolated)" ] &&
		! grep -q "LwkTotal: *[1-9]" /proc/meminfo' > "$RESULTS/other" ||
		{ cat "$RESULTS/other"; return 1; }
	grep -F "lwkfor=$1: $2: lwkcpus= ignored" "$RESULTS/other"
}
ok "a layout of another machine" other 0-3 "node 0 has cores 0-1, not 0-3"
ok "that of this one" boot "lwkfor=0-1:2-3 lwkcpus=2-3" -- \
	grep -x 2-3 /sys/devices/system/cpu/lwk
rm -f "$RESULTS/other"

# What the user isolated stays isolated, in whatever order.
merged()
{
	boot "$1" -- sh -c '
		cd /sys/devices/system/cpu
		echo "$(cat nohz_full) $(cat isolated) $(cat lwk)"
		dmesg | grep "lwkcpus=.* implies"
		[ "$(cat nohz_full)" = 1-3 ] && [ "$(cat isolated)" = 1-3 ] &&
		[ "$(cat lwk)" = 2-3 ] &&
		[ "$(cat /proc/irq/default_smp_affinity)" = 1 ]'
}
ok "merged with what stands before" \
	merged "nohz_full=1 isolcpus=1 irqaffinity=0,3 lwkcpus=2-3"
ok "merged with what stands behind" \
	merged "lwkcpus=2-3 isolcpus=1 irqaffinity=0,3 nohz_full=1"
ok "groups" boot lwkcpus=0.2:1.3 -- sh -c '
	cd '"$CONFIG"'/boot &&
	[ "$(cat cores syscall_cores lwkcpus | xargs)" = "2-3 0-1 0.2:1.3" ]'

# Without the parameter there is nothing.
plain()
{
	boot "" -- sh -c '
		lwkexec true 2> /tmp/err
		[ $? -eq 125 ] && grep "lwkcpus=" /tmp/err &&
		[ ! -e '"$CONFIG"' ] && [ -z "$(dmesg | grep lwk: )" ]'
}
ok "none: no LWK, and lwkexec says so" plain
ok "cores that do not come up stay unused" \
	boot "lwkcpus=2-3 maxcpus=3" -- sh -c '
	[ "$(cat '"$CONFIG"'/boot/cores)" = 2 ] && lwkexec -n 1 true &&
	dmesg | grep "core 3 is not online"'

ktap_finished
