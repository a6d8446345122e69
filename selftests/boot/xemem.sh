#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# XEMEM: XPMEM's requests to the letter; what is shared is the same on both
# sides, follows its owner, is had by those alone who may have it, and is an
# operand for all the kernel does, and memory of virtual machines; what walks
# through memory leaves it alone; snapshots do not change. A storm of processes
# that are killed, and a fuzzer, leave the machine as it was.
#
# XEMEM_STORM_SECONDS=N, XEMEM_FUZZ_SECONDS=N: how long these last, 20 s
# without. XEMEM_SEED=N: repeats one of them; else it is the time.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

tests=$top/build/selftests/xemem
storm=${XEMEM_STORM_SECONDS:-20} fuzz=${XEMEM_FUZZ_SECONDS:-20}
leaks="kmemleak=on lwk.kmemleak"
lwk="lwkcpus=2-3 lwkmem=256M hugepages=40 $leaks"

# PROGRAM: in a machine with all it may ask for. That a pair of processes was
# not tried would not be seen.
test_pairs()
{
	LIMIT=900 boot "$lwk" -m 4G -e XEMEM_DISK=/dev/ram0 -- sh -c '
		mkswap /dev/ram1 && swapon /dev/ram1
		"$0" >/tmp/out 2>&1
		status=$?
		cat /tmp/out
		! grep -q "SKIP no LWK cores" /tmp/out && exit $status' \
		"$tests/$1"
}

# Emulated processors are AMD's, and have machines of their own.
test_kvm()
{
	LIMIT=900 boot "$lwk" -m 4G -- sh -c '
		for module in virt/lib/irqbypass arch/x86/kvm/kvm \
			arch/x86/kvm/kvm-amd; do
			insmod "$1/$module.ko" || exit
		done
		"$0/kvm_test" >/tmp/out 2>&1 &&
			"$0/watch_test" -t kvm_after_attach >>/tmp/out 2>&1
		status=$?
		cat /tmp/out
		! grep -q "# SKIP" /tmp/out && exit $status' \
		"$tests" "${LWK_KERNEL%/arch/*}"
}

# PROGRAM
test_alone()
{
	LIMIT=300 boot "$lwk" -- "$tests/$1"
}

# What has been freed is not used: a kernel that keeps its structures apart.
test_payment()
{
	LIMIT=400 boot "$leaks slub_debug=FZPU" -m 1G -- \
		"$tests/frozen_pay_test"
}

# A small machine, whose memory is used up.
test_oom()
{
	LIMIT=600 boot "" -m 768M -s 2 -n 1 -- sh -c '
		chmod 666 /dev/xpmem && "$0" >/tmp/out 2>&1
		status=$?
		cat /tmp/out
		! grep -q "# SKIP" /tmp/out && exit $status' \
		"$tests/frozen_oom_test"
}

as_nobody_test()
{
	LIMIT=300 boot "$lwk" -- sh -c '
		chmod 666 /dev/xpmem &&
		setpriv --reuid=65534 --regid=65534 --clear-groups "$0"' \
		"$tests/abi_test"
}

on_lwk_core()
{
	LIMIT=300 boot "$lwk" -- lwkexec -n 1 "$tests/abi_test"
}

# A kernel that has LWK cores in it, but was given none.
without_lwk()
{
	LIMIT=300 boot "$leaks" -- sh -c '
		"$0/abi_test" && "$0/share_test" -v linux_linux' "$tests"
}

# [OPTION...]: the storm
storm_for()
{
	LIMIT=$((storm * 2 + 300)) boot "$lwk" -m 4G -- \
		"$tests/storm" -s "$LWK_SLOW" "$@" "$storm" ${XEMEM_SEED:+"$XEMEM_SEED"}
}

# COMMAND...: if it fails, says where its threads are that do not end
and_where()
{
	set -- sh -c '
		"$@" && exit
		status=$?
		for t in /proc/[0-9]*/task/*; do
			[ "$(cat "$t/comm")" = "${1##*/}" ] || continue
			echo "# $t: $(cat "$t/syscall")"
			sed "s/^/#   /" "$t/stack"
		done
		# What runs has no stack there.
		dmesg -C
		echo l >/proc/sysrq-trigger
		dmesg -t | grep -A 16 "RIP: 0010" | sed "s/^/# /"
		exit $status' sh "$@"
	boot "$lwk" -- "$@"
}

fuzz_for()
{
	LIMIT=$((fuzz * 2 + 300)) and_where \
		"$tests/fuzz" "$fuzz" ${XEMEM_SEED:+"$XEMEM_SEED"}
}

ktap_print_header
ktap_set_plan 22
ok "XPMEM's requests, as root" test_alone abi_test
ok "XPMEM's requests, as nobody" as_nobody_test
ok "XPMEM's requests, on an LWK core" on_lwk_core
ok "without LWK cores" without_lwk
ok "what is shared is the same on both sides" test_pairs share_test
ok "it follows its owner" test_pairs follow_test
ok "what is taken back, and who waits for it" test_alone watch_test
ok "permits, names and bells" test_alone permit_test
ok "who reads /proc/xpmem keeps nobody" test_alone proc_test
ok "names, numbers and quotas of users" test_alone names_test
ok "an owner tells its importers" test_alone notice_test
ok "attachments are operands" test_pairs use_test
ok "attachments are pinned" test_pairs pin_test
ok "what is only reserved stays so" test_pairs reserve_test
ok "attachments are memory of virtual machines" test_kvm
ok "an importer does nothing to the owner's memory" test_pairs walker_test
ok "frozen segments" test_pairs frozen_test
ok "frozen memory is on somebody's account" test_payment
ok "the OOM killer sees frozen memory" test_oom
ok "a storm of $storm s" storm_for
ok "a storm of $storm s on LWK cores" storm_for -l 2
ok "a fuzzer for $fuzz s" fuzz_for
ktap_finished
