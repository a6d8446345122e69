#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What `make install` leaves: the names and symbols that programs for XPMEM
# expect, and files for pkg-config with which they can be built.
#
#   install.sh O
#
# O is where the libraries were built. Prints TAP; exits 1 if a test fails.
# Writes only below a temporary directory. CC: the compiler.
set -u

[ $# -eq 1 ] || { echo "usage: $0 O" >&2; exit 2; }
o=$1 cc=${CC:-cc}
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
lib=$(cd "$(dirname "$0")/.." && pwd)
planned=13 run=0 failed=0
printf 'TAP version 13\n1..%d\n' "$planned"

# ok NAME COMMAND...: it succeeds
ok()
{
	name=$1
	shift
	run=$((run + 1))
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $run - $name"
	else
		echo "not ok $run - $name"
		failed=$((failed + 1))
		sed 's/^/# /' "$dir/log"
	fi
}

# is TEXT COMMAND...: it prints this, blanks being equal
is()
{
	want=$1
	shift
	got=$("$@" | tr -s '[:space:]' ' ' | sed 's/ $//')
	echo "want $want, got $got"
	[ "$got" = "$want" ]
}

symbols()
{
	nm -D --defined-only "$dir/root/opt/lib/$1" | awk '{ print $3 }'
}

dynamic()	# dynamic FILE TAG
{
	readelf -d "$dir/root/opt/lib/$1" |
		sed -n "s/.*($2).*\\[\\(lib[^c].*\\)\\]/\\1/p"
}

pc()
{
	PKG_CONFIG_LIBDIR="$dir/root/opt/lib/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$dir/root" pkg-config "$@"
}

build()		# build LANGUAGE LIBRARY FLAGS: a program, as others build it
{
	language=$1 library=$2
	shift 2
	# shellcheck disable=SC2046 # a list of options
	"$cc" -x "$language" -Wall -Wextra -Werror -pedantic-errors \
		"$dir/program" -x none -o "$dir/a.out" "$@" \
		$(pc --cflags --libs "$library")
}

version()	# as the kernel's header has it
{
	printf '#include <linux/xemem.h>\nXPMEM_ABI_VERSION\n' |
		"$cc" -E -I"$dir/root/opt/include" - | tail -n 1
}

same_flags()
{
	pc --cflags --libs xpmem >"$dir/flags" &&
		pc --cflags --libs cray-xpmem | cmp - "$dir/flags"
}

installs()
{
	make -s -C "$lib" O="$o" PREFIX=/opt DESTDIR="$dir/root" install
}

ok "install" installs
ok "soname of libxpmem" is libxpmem.so.0 dynamic libxpmem.so.0 SONAME
ok "soname of libxemem" is libxemem.so.0 dynamic libxemem.so SONAME
ok "libxemem needs libxpmem" is libxpmem.so.0 dynamic libxemem.so.0 NEEDED
ok "symbols of libxpmem" is "xpmem_attach xpmem_detach xpmem_get xpmem_init \
xpmem_ioctl xpmem_make xpmem_release xpmem_remove xpmem_version" \
	symbols libxpmem.so.0
ok "symbols of libxemem" is "xemem_acl xemem_attach xemem_bell xemem_lookup xemem_lookup_of \
xemem_make xemem_next xemem_notice xemem_query xemem_ring \
xemem_ring_all" symbols libxemem.so.0
ok "version of xpmem.pc" is 2.7.4 pc --modversion xpmem
ok "... and of the kernel's interface" is 0x00027004 version
ok "cray-xpmem.pc says the same" same_flags
ok "the udev rule" grep -qx 'KERNEL=="xpmem", MODE="0666"' \
	"$dir/root/opt/lib/udev/rules.d/60-xpmem.rules"

cat >"$dir/program" <<END
#include <xpmem.h>
int main(void)
{
	struct xpmem_addr addr = { 0, 0 };
	return xpmem_attach(addr, 1, 0) != (void *)-1 || xpmem_init() != -1;
}
END
ok "a program, by cray-xpmem.pc" build c cray-xpmem
ok "the same in C++" build c++ xpmem -lstdc++
sed -i -e 's/<xpmem/<xemem/' -e 's/xpmem_init/xemem_ring/; s/()/(1)/' \
	"$dir/program"
ok "a static one for libxemem" build c xemem -static

[ "$run" -eq "$planned" ] || echo "# planned $planned tests, ran $run"
[ "$failed" -eq 0 ] && [ "$run" -eq "$planned" ]
