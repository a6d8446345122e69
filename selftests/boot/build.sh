#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What can go wrong before a kernel is built is said, and leaves nothing half
# made. Boots nothing.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"

ktap_print_header
ktap_set_plan 7

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export PACKAGE=linux-source-none RELEASE="$LTS.0" SHA256=none
export TARBALL="$tmp/none"

# fetch WORDS [VARIABLE=VALUE...]: it fails, says WORDS, and leaves nothing
fetch()
{
	words=$1
	shift
	fails 1 "$words" env "$@" "$top/scripts/fetch" "$tmp/new/tree" &&
		is '' ls -A "$tmp/new"
}
ok "no such tarball" fetch "no such file" LINUX_TARBALL="$tmp/missing"
echo rubbish > "$tmp/rubbish.tar.xz"
ok "a tarball that is none" fetch "cannot be unpacked" \
	LINUX_TARBALL="$tmp/rubbish.tar.xz"
tar -c -J -f "$tmp/other.tar.xz" -C "$top" --transform 's,^,x/,' Makefile
ok "a tarball of something else" fetch "not a kernel" \
	LINUX_TARBALL="$tmp/other.tar.xz"
mkdir -p "$tmp/x/y"
printf 'VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 3\n' > "$tmp/x/y/Makefile"
: > "$tmp/x/y/Kbuild"
tar -c -J -f "$tmp/old.tar.xz" -C "$tmp/x" y
ok "another kernel" fetch "this is Linux 5.4.3" \
	LINUX_TARBALL="$tmp/old.tar.xz"
ok "no git repository" fetch "no git repository" LINUX_GIT="$tmp"

# An apt that reaches nothing
mkdir "$tmp/bin"
printf '#!/bin/sh\necho "E: no network" >&2\nexit 100\n' > "$tmp/bin/apt-get"
chmod +x "$tmp/bin/apt-get"
ok "no network" fetch "One of these helps" PATH="$tmp/bin:$PATH"

# An option whose dependency is missing
printf 'CONFIG_LWK=y\n' > "$tmp/alone.config"
ok "a configuration that cannot be had" fails 1 "asked for CONFIG_LWK=y" \
	"$top/scripts/config-make" "$top/build/$LTS/linux" "$tmp/out" \
	"$tmp/alone.config"

ktap_finished
