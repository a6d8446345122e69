#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The KUnit suites of the LWK and of XEMEM, at boot; their results are the
# log's. The pattern is lwk* and xemem* in one, since there can be but one. Newer
# kernels run suites that are enabled only if told to; older ones do not ask.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

boot "kunit.enable=1 kunit.autorun=1 kunit.filter_glob=[lx][we][km]* lwkcpus=2-3" -s 8 -- dmesg
