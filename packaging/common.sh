# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the scripts of this folder share. Whoever sources it sets "top", the
# root of the repository.

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# What the make that called was told is about other builds than these.
unset MAKEFLAGS MFLAGS MAKELEVEL O XEMEM_O DESTDIR PREFIX

# need PACKAGE COMMAND...: of the Debian package
need()
{
	package=$1
	shift
	for tool; do
		command -v "$tool" >/dev/null ||
			die "$tool: not found: install $package, or run" \
				"scripts/deps deb"
	done
}

# What is built depends on the sources, not on the hour: every date is that of
# the last commit, unless the environment has another.
: "${SOURCE_DATE_EPOCH:=$(git -C "${top:?}" log -1 --format=%ct 2>/dev/null ||
	date -u -d "$(dpkg-parsechangelog -S Date \
		-l "$top/packaging/debian/changelog")" +%s)}"
export SOURCE_DATE_EPOCH

# In each version after what it is based on: grows with the date.
: "${DEB_REVISION:=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M)}"
export DEB_REVISION

# flavour CONFIG: what the packages of a kernel from this configuration are
# called
flavour()
{
	case $1 in
	'') echo lean ;;
	debian-cloud) echo cloud ;;
	debian) echo debian ;;
	*) echo site ;;
	esac
}

# deliver DIR PACKAGE...: into DIR, in place of those of the same name
deliver()
{
	to=$1
	shift
	for deb; do
		rm -f "$to/$(dpkg-deb -f "$deb" Package)_"*.deb
		mv "$deb" "$to"
		echo "$to/${deb##*/}"
	done
}

# kernel_version RELEASE VERSION: of our packages of the kernel RELEASE, made
# from the configuration of a distribution's package VERSION, or "-".
#
# Newer than that package, older than the distribution's next: "+0" sorts after
# nothing, before "+b1" of a rebuild and "+deb12u2" of an update, and before the
# end of whatever follows a "~".
kernel_version()
{
	case $2 in
	"$1"-*) echo "${2%%+0lwk*}+0lwk$DEB_REVISION" ;;
	*) echo "$1-0+0lwk$DEB_REVISION" ;;
	esac
}
