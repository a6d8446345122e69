#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# XEMEM, where others in the kernel have to do with it: attachments are pinned,
# and are memory of virtual machines; what walks through memory leaves it alone.
set -u
# shellcheck source=xemem_common.sh
. "$(dirname "$0")/xemem_common.sh"

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

ktap_print_header
ktap_set_plan 4
ok "an importer does nothing to the owner's memory" test_pairs walker_test
ok "attachments are pinned" test_pairs pin_test
ok "attachments are memory of virtual machines" test_kvm
ok "what is only reserved stays so" test_pairs reserve_test
ktap_finished
