#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# XEMEM: XPMEM's requests to the letter; what is shared is the same on both
# sides, follows its owner, is had by those alone who may have it, and is an
# operand for all the kernel does.
set -u
# shellcheck source=xemem_common.sh
. "$(dirname "$0")/xemem_common.sh"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# What needs no pair of processes: one machine for all of it, as most of these
# end sooner than a machine starts. What each has said is in the log.
run_alone()
{
	LIMIT=900 boot "$lwk" -- sh -c '
		of() {
			echo "begin $1"
			shift
			"$@" 2>&1
			echo "end $?"
		}
		of root "$0/abi_test"
		of lwk lwkexec -n 1 "$0/abi_test"
		for test; do of "$test" "$0/$test"; done
		chmod 666 /dev/xpmem
		of nobody setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$0/abi_test"
		# Who has failed is asked for below, one by one.
		true' "$tests" \
		watch_test permit_test proc_test names_test notice_test \
		crowd_test >"$log"
}

# NAME: it has been run there, and has passed
passed()
{
	awk -v name="$1" '
		$1 == "begin" { here = $2 == name; next }
		here && $1 == "end" { status = $2; ended = 1; here = 0 }
		here
		END { exit !ended || status }' "$log"
}

# A kernel that has LWK cores in it, but was given none.
without_lwk()
{
	LIMIT=300 boot "$leaks" -- sh -c '
		"$0/abi_test" && "$0/share_test" -v linux_linux' "$tests"
}

ktap_print_header
ktap_set_plan 14
ok "a machine for what needs one process" run_alone
ok "XPMEM's requests, as root" passed root
ok "XPMEM's requests, as nobody" passed nobody
ok "XPMEM's requests, on an LWK core" passed lwk
ok "what is taken back, and who waits for it" passed watch_test
ok "whoever attaches a page many times" passed crowd_test
ok "permits, names and bells" passed permit_test
ok "who reads /proc/xpmem keeps nobody" passed proc_test
ok "names, numbers and quotas of users" passed names_test
ok "an owner tells its importers" passed notice_test
ok "without LWK cores" without_lwk
ok "what is shared is the same on both sides" test_pairs share_test
ok "it follows its owner" test_pairs follow_test
ok "attachments are operands" test_pairs use_test
ktap_finished
