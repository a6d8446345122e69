#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# HPC Challenge with two MPI ranks on LWK cores: the demonstration passes.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 1
ok "the demonstration" "$top/scripts/demo" -k "$LWK_KERNEL" \
	-o "$RESULTS/demo"
ktap_finished
