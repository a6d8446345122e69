# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of XEMEM that boot machines share. They are several so that
# none keeps scripts/test waiting at its end.

# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

tests=$top/build/selftests/xemem
# shellcheck disable=SC2034 # for those who source this
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
