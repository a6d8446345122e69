#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The KUnit suites of the LWK, at boot; their results are the log's.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

boot "kunit.enable=1 kunit.filter_glob=lwk* lwkcpus=2-3" -s 8 -- dmesg
