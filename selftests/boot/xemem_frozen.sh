#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# XEMEM: snapshots do not change, and are on somebody's account.
set -u
# shellcheck source=xemem_common.sh
. "$(dirname "$0")/xemem_common.sh"

# What has been freed is not used: a kernel that keeps its structures apart.
test_payment()
{
	LIMIT=400 boot "$leaks slub_debug=FZPU" -m 1G -- \
		"$tests/frozen_pay_test"
}

test_where()
{
	LIMIT=300 boot "$leaks" -m 2G -- "$tests/frozen_where_test"
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

ktap_print_header
ktap_set_plan 4
ok "frozen segments" test_pairs frozen_test
ok "frozen memory is on somebody's account" test_payment
ok "it counts where it was made, or is attached" test_where
ok "the OOM killer sees frozen memory" test_oom
ktap_finished
