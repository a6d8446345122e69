#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Packages hold what they should, come and go without a trace, are numbered
# right and the same whenever they are built; and what a kernel's packages are
# made of is checked before the kernel is. Boots and compiles no kernel, and
# needs no root.
set -u
# shellcheck source=boot_common.sh
. "$(dirname "$0")/boot_common.sh"
# shellcheck source=../../packaging/common.sh
. "$top/packaging/common.sh"

ktap_print_header
ktap_set_plan 71

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
debs=$tmp/debs
root=$tmp/root
export PACKAGE=linux-source-none LC_ALL=C
unset SIGNING_KEY

# -- the packages of programs and libraries --

# script NAME < COMMANDS: $tmp/NAME
script()
{
	{ echo '#!/bin/sh'; cat; } > "$tmp/$1"
	chmod +x "$tmp/$1"
}

mkdir "$debs"
script keep <<END
"$top/packaging/userland" "\$1" && cp "\$1"/*.deb "$debs"
END
ok "built twice, the same" "$top/packaging/twice" "$tmp/twice" "$tmp/keep"
ok "... and nothing else is left" is '' find "$tmp/twice" -type f

script random <<END
mkdir -p "\$1/x/DEBIAN"
printf '%s\n' 'Package: x' 'Version: 1' 'Architecture: all' \
	'Maintainer: x <x@x.invalid>' 'Description: x' > "\$1/x/DEBIAN/control"
mktemp -u > "\$1/x/name"
dpkg-deb --root-owner-group -b "\$1/x" "\$1"
END
ok "what is not the same is told" fails 1 "x_1_all.deb differs" \
	"$top/packaging/twice" "$tmp/differs" "$tmp/random"
echo 'mkdir -p "$1"' | script nothing
ok "... and that there is nothing" fails 1 "leaves no packages" \
	"$top/packaging/twice" "$tmp/none" "$tmp/nothing"

mkdir "$tmp/few"
for tool in dirname git date mkdir dpkg-buildpackage dpkg-parsechangelog; do
	ln -s "$(command -v "$tool")" "$tmp/few"
done
ok "a program that is missing" fails 1 "dh: not found: install debhelper" \
	env PATH="$tmp/few" "$top/packaging/userland" "$tmp/none"

# files PACKAGE...: what is in them, without documents that all packages have.
# /lib is /usr/lib.
files()
{
	for package; do
		dpkg-deb --fsys-tarfile "$debs/${package}"_*.deb | tar -t
	done | sed -n 's|^\./\(.*[^/]\)$|\1|p' | grep -v '^usr/share/\(doc\|lintian\)/' |
		sed -e 's/\.gz$//' -e 's|^lib/|usr/lib/|' | sort
}

packages="lwk-tools libxpmem0 libxpmem-dev libxemem0 libxemem-dev"
multiarch=$(dpkg-architecture -q DEB_HOST_MULTIARCH)

install_all()
{
	set -- DESTDIR="$tmp/installed" PREFIX=/usr install
	make -s -C "$top/xemem/lib" O="$tmp/o/xemem" \
		LIBDIR="/usr/lib/$multiarch" "$@" &&
		make -s -C "$top/tools" O="$tmp/o/tools" \
			XEMEM_O="$tmp/o/xemem" "$@" &&
		make -s -C "$top/bench" O="$tmp/o/bench" "$@"
}
ok "make install" install_all

all_packaged()
{
	# shellcheck disable=SC2086 # a list
	files $packages > "$tmp/packaged"
	(cd "$tmp/installed" && find . ! -type d) | sed 's|^\./||' | sort |
		diff - "$tmp/packaged"
}
ok "what make install installs is in one package each" all_packaged

field()		# field PACKAGE NAME
{
	dpkg-deb -f "$debs/$1"_*.deb "$2"
}

depends_on()	# depends_on PACKAGE WORDS...: on each of them
{
	package=$1
	shift
	on=$(field "$package" Depends)
	for word; do
		case ", $on," in
		*", $word"[,\ ]*) ;;
		*) echo "no $word in: $on"; return 1 ;;
		esac
	done
}
version=$(field lwk-tools Version)
xpmem=$(field libxpmem0 Version)
ok "lwk-tools depends on its libraries" \
	depends_on lwk-tools libc6 libhwloc15 libjson-c5 libseccomp2
ok "... and stands for lwk-bench" is lwk-bench field lwk-tools Replaces
ok "libxemem0 depends on the interface of libxpmem0, not the build" \
	depends_on libxemem0 "libxpmem0 (>= 2.7.4)"
ok "libxpmem-dev depends on the same libxpmem0" \
	depends_on libxpmem-dev "libxpmem0 (= $xpmem)"
ok "libxemem-dev depends on the same libxemem0" \
	depends_on libxemem-dev "libxemem0 (= $version)" libxpmem-dev
ok "the version of libxpmem0 is that of the interface" \
	is "2.7.4+lwk$version" field libxpmem0 Version

shlibs()
{
	dpkg-deb -I "$debs/$1"_*.deb shlibs | grep -v '^udeb'
}
ok "soname of libxpmem0" is "libxpmem 0 libxpmem0 (>= 2.7.4)" shlibs libxpmem0

# Nothing that is to be explained in a package that depends on this one.
lint()
{
	lintian --allow-root -I --fail-on error,warning,info "$debs"/*.deb
}
ok "lintian has nothing to say" lint

# -- a repository --

apt()
{
	command="$1"
	shift
	apt-get -q -o Dir::Etc::SourceList="$tmp/lwk.list" \
		-o Dir::Etc::SourceParts=- -o Dir::State="$tmp/apt/state" \
		-o Dir::State::Status=/var/lib/dpkg/status \
		-o Dir::Cache="$tmp/apt/cache" -o Debug::NoLocking=1 \
		-o APT::Sandbox::User= "$command" "$@"
}

found_by_apt()
{
	mkdir -p "$tmp/apt/state/lists/partial" "$tmp/apt/cache/archives/partial"
	apt update && apt -s install lwk-tools libxemem-dev > "$tmp/plan" &&
		is "libxemem-dev libxemem0 libxpmem-dev libxpmem0 lwk-tools " \
			planned
}

planned()
{
	awk '$1 == "Inst" { print $2 }' "$tmp/plan" | sort | tr '\n' ' '
}
ok "no repository of nothing" fails 1 "no packages there" \
	"$top/packaging/repository" "$tmp/none"
ok "a repository" "$top/packaging/repository" "$debs"
"$top/packaging/repository" "$debs" > "$tmp/lwk.list"
ok "apt installs from it" found_by_apt

# -- coming and going --

# A root of its own: a shell, what dpkg thinks is there, and the directories
# that any system has.
new_root()
{
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/var/lib/dpkg/info" "$root/usr/lib" \
		"$root/usr/bin" "$root/usr/share" "$root/etc/default/grub.d" \
		"$root/var/lib/dpkg/updates" "$root/dev" "$root/usr/sbin"
	# Packages do not take these along: others have something there.
	for there in usr/bin usr/lib usr/sbin usr/share etc/default/grub.d; do
		: > "$root/$there/there"
	done
	cp /bin/busybox "$root/bin"
	for tool in sh ls rm rmdir; do
		ln -s busybox "$root/bin/$tool"
	done
	for package in libc6 libhwloc15 libjson-c5 libseccomp2; do
		[ "$package" != "${WITHOUT-}" ] || continue
		printf '%s\n' "Package: $package" "Status: install ok installed" \
			"Version: 99" "Architecture: amd64" \
			"Maintainer: x <x@x.invalid>" "Multi-Arch: same" \
			"Description: x" ''
	done > "$root/var/lib/dpkg/status"
	traces > "$tmp/before"
}

# in_root COMMAND...: dpkg there, as root of a name space. Maintainer scripts
# run in it.
in_root()
{
	PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare -r dpkg --root="$root" \
		--force-not-root --log=/dev/null "$@"
}

# All but the notes of dpkg itself, and what its scripts throw away
traces()
{
	(cd "$root" && find . \( -path ./var/lib/dpkg -o -path ./dev \) -prune -o \
		-printf '%p %M %l\n' -type f -exec sha256sum {} + | sort)
}

same_as_before()
{
	traces | diff "$tmp/before" - | head
	traces | cmp -s "$tmp/before" -
}

# ... but for what the administrator may have written to
same_but_etc()
{
	grep -v ' \?\./etc/' "$tmp/before" > "$tmp/before.but"
	traces | grep -v ' \?\./etc/' | diff "$tmp/before.but" -
}

# all ACTION: with all packages
all()
{
	action=$1
	set --
	for package in $packages; do
		case $action in
		-i|--unpack) package=$(echo "$debs/$package"_*.deb) ;;
		esac
		set -- "$@" "$package"
	done
	in_root "$action" "$@"
}

new_root
ok "install" all -i
missing_files()
{
	while IFS= read -r file; do
		[ -e "$root/$file" ] || [ -e "$root/$file.gz" ] ||
			[ -e "$root/${file#usr/}" ] ||
			[ -L "$root/$file" ] || echo "$file"
	done < "$tmp/packaged"
}
ok "... all files are there" is '' missing_files
ok "remove" all -r
ok "... nothing left but in /etc" same_but_etc
ok "purge" all -P
ok "... nothing left" same_as_before

new_root
ok "unpack only" all --unpack
ok "... and purge" all -P
ok "... nothing left" same_as_before

WITHOUT=libhwloc15
new_root
WITHOUT=
ok "a dependency is missing" fails 1 "depends on libhwloc15" all -i
ok "... and purge" all -P
ok "... nothing left" same_as_before

# The same with a lower number
older()
{
	mkdir -p "$tmp/older"
	dpkg-deb -R "$debs"/lwk-tools_*.deb "$tmp/older/tree"
	sed -i 's/^Version: .*/Version: 0.1+20000101.0000/' \
		"$tmp/older/tree/DEBIAN/control"
	: > "$tmp/older/tree/usr/bin/gone"
	dpkg-deb --root-owner-group -b "$tmp/older/tree" "$tmp/older"
}
ok "an older lwk-tools" older
new_root
upgrade()
{
	in_root -i "$tmp"/older/*.deb && [ -e "$root/usr/bin/gone" ] &&
		in_root -i "$debs"/lwk-tools_*.deb && [ ! -e "$root/usr/bin/gone" ]
}
ok "upgrade" upgrade

# -- GRUB --

# grub STATUS: an update-grub that notes its calls
grub()
{
	printf '#!/bin/sh\necho x >> /grub.log\nexit %s\n' "$1" \
		> "$root/usr/sbin/update-grub"
	chmod +x "$root/usr/sbin/update-grub"
	: > "$root/grub.log"
}
# As the administrator does
set_up()
{
	mkdir -p "$root/etc/lwk"
	echo x > "$root/etc/lwk/lwk.conf"
}
calls()
{
	wc -l < "$root/grub.log"
}
removal()
{
	in_root -r lwk-tools && is 2 calls
}
status()
{
	dpkg-query --admindir="$root/var/lib/dpkg" -W \
		-f '${db:Status-Status}' lwk-tools
}
new_root
grub 0
ok "install where GRUB is" in_root -i "$debs"/lwk-tools_*.deb
ok "... which has nothing to do" is 0 calls
set_up
in_root -i "$debs"/lwk-tools_*.deb >/dev/null 2>&1
ok "... unless something is set" is 1 calls
ok "removal tells GRUB" removal
ok "... and leaves what was set" [ -e "$root/etc/lwk/lwk.conf" ]
rm -f "$root/usr/sbin/update-grub" "$root/grub.log"
ok "purge takes that" in_root -P lwk-tools
ok "... and leaves nothing" same_as_before
new_root
set_up
grub 1
ok "an update-grub that fails" in_root -i "$debs"/lwk-tools_*.deb
ok "... leaves the package installed" is installed status

# -- versions --

between()	# between LOW VERSION HIGH
{
	dpkg --compare-versions "$1" lt "$2" || { echo "$2 <= $1"; return 1; }
	dpkg --compare-versions "$2" lt "$3" || { echo "$2 >= $3"; return 1; }
}

# numbered RELEASE BASE NEXT...: ours is newer than BASE, older than each NEXT
numbered()
{
	ours=$(kernel_version "$1" "$2")
	case $ours in
	"$1"-*) ;;
	*) echo "$ours is not of $1"; return 1 ;;
	esac
	from=$2
	shift 2
	[ "$from" != - ] || from=0
	for next; do
		between "$from" "$ours" "$next" || return 1
	done
}
ok "newer than Debian's, older than its next" numbered 6.12.117 \
	6.12.117-1~deb12u1 6.12.117-1~deb12u1+b1 6.12.117-1~deb12u2 6.12.117-1 \
	6.12.117-2~deb12u1 6.12.119-1~deb12u1
ok "... of testing" numbered 6.12.117 6.12.117-1 6.12.117-1+b1 \
	6.12.117-1+deb13u1 6.12.117-1.1 6.12.117-2 6.12.118-1
ok "... of backports" numbered 6.12.117 6.12.117-1~bpo12+1 \
	6.12.117-1~bpo12+2 6.12.117-1
ok "... of an older release" numbered 6.12.117 6.12.107-1 6.12.117-1~deb12u1
ok "... of none" numbered 6.12.117 - 6.12.117-1~deb12u1 6.12.118-0
again=$(DEB_REVISION=20261122.0900 kernel_version 6.12.117 6.12.117-1)
ok "a kernel based on ours is not based twice" \
	is "6.12.117-1+0lwk$DEB_REVISION" kernel_version 6.12.117 "$again"
ok "libxpmem0 is newer than 2.7.4 of others, older than 2.7.5" \
	between 2.7.4-1 "$xpmem" 2.7.5-1

# -- configurations --

distro()
{
	"$top/packaging/distro-config" "$1" "$tmp/distro"
}
# A distribution's, as it were
base=$tmp/config-6.12.117+test-amd64
grep -v 'LWK\|XEMEM' "$top/build/$LTS/lean/.config" > "$base"
with()		# with OPTION...: $tmp/with has these, too
{
	{ cat "$base"; printf 'CONFIG_%s\n' "$@"; } > "$tmp/with"
}
ok "a configuration that is no file" fails 1 "$tmp: no such file" distro "$tmp"
ok "... that is no configuration" fails 1 "not a kernel configuration" \
	distro "$0"
grep -v X86_64= "$base" > "$tmp/with"
ok "... of another architecture" fails 1 "CONFIG_X86_64 not set" \
	distro "$tmp/with"
with MODULE_SIG_FORCE=y
ok "... whose modules must be signed" fails 1 "SIGNING_KEY=FILE" \
	distro "$tmp/with"
export SIGNING_KEY="$0"
ok "... with a key that is none" fails 1 "SIGNING_KEY=$0: not a file" \
	distro "$tmp/with"
printf -- '-----BEGIN %s-----\n' 'PRIVATE KEY' CERTIFICATE > "$tmp/key"
export SIGNING_KEY="$tmp/key"
ok "... with one" distro "$tmp/with"
ok "... that signs them" grep -qx "CONFIG_MODULE_SIG_KEY=\"$tmp/key\"" \
	"$tmp/distro/site.config"
unset SIGNING_KEY
gzip -c "$base" > "$tmp/config.gz"
ok "a compressed configuration" is "- -" distro "$tmp/config.gz"
head -c 9999 "$tmp/config.gz" > "$tmp/cut.gz"
ok "... that is cut off" fails 1 "cut.gz: cannot be read" distro "$tmp/cut.gz"
mkdir "$tmp/bin"
echo 'echo "E: no network" >&2; exit 100' | script bin/apt-get
ok "... that apt does not bring" fails 1 "apt does not bring linux-config-none" \
	env PATH="$tmp/bin:$PATH" "$top/packaging/distro-config" debian-cloud \
	"$tmp/distro"
ok "its end of the release is known by its name" is "+test-amd64 -" \
	distro "$base"
with 'BUILD_SALT="6.12.110-7-lwk"'
ok "... or by its salt, ours apart" is "-7 -" distro "$tmp/with"
with DEBUG_INFO_BTF=y
distro "$tmp/with" > /dev/null
ok "types for BPF must not get lost" \
	grep -qx CONFIG_DEBUG_INFO_BTF=y "$tmp/distro/site.config"

# -- packages of a kernel, up to where it would be compiled --

work=$(mktemp -d "$top/build/packages.XXXXXX")
trap 'rm -rf "$tmp" "$work"' EXIT
kernel()
{
	JOBS=2 PATH="$tmp/bin:$PATH" "$top/packaging/kernel" "$@" "$work/deb"
}
ok "no tree" fails 1 "run 'make tree'" env LTS=0.0 \
	"$top/packaging/kernel" "$tmp/x"
with EXPERT=y PREEMPT_RT=y
ok "what stands against ours is told" fails 1 "CONFIG_PREEMPT_RT is set" \
	kernel -n -c "$tmp/with"
ok "... and what that prevents" fails 1 \
	"CONFIG_LWK_MEMORY=y, the configuration has: not set" \
	kernel -n -c "$tmp/with"

# In place of a build: what would be built is kept.
script bin/dpkg-buildpackage <<END
grep -q '^Source: linux-lwk-meta' debian/control &&
	exec $(command -v dpkg-buildpackage) "\$@"
for option; do
	case \$option in
	--hook-init=*) "\${option#*=}" ;;
	esac
done
cp -r debian "$tmp/kernel"
END
ok "bindeb-pkg is called" kernel -c "$base"
made="$tmp/kernel/changelog"
release=$(sed -n 's/^KERNELRELEASE := //p' "$tmp/kernel/rules.vars")
ok "... for a kernel with the distribution's name and ours" \
	is "${RELEASE:-${release%%+*}}+test-amd64-lwk" echo "$release"
number=$(kernel_version "${release%%+*}" -)
ok "... with a version" is "$number" dpkg-parsechangelog -l "$made" -S Version
ok "... dated by the commit" is "$SOURCE_DATE_EPOCH" \
	dpkg-parsechangelog -l "$made" -S Timestamp
ok "... of files, not of links that lead here" is '' \
	find "$work/deb-site/linux" -lname '/*'
meta="$work/deb/linux-image-lwk-site_${number}_amd64.deb"
ok "linux-image-lwk-site follows it" \
	is "initramfs-tools | linux-initramfs-tool, kmod, linux-image-$release (= $number)" \
	dpkg-deb -f "$meta" Depends
ok "lintian has nothing to say" lintian --allow-root -I \
	--fail-on error,warning,info "$meta"
rm -rf "$work"
git -C "$top/build/$LTS/linux" worktree prune

ktap_finished
