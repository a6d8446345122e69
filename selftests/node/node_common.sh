# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the jobs of scripts/node-test share. They run in the machine as root, in
# a directory with all files of this folder, packages in debs.1/ and, of a higher
# version, in debs.2/, and result/, which the host gets.
#
# Environment of the functions: debs, one of the two.

export KTAP_HELPERS=./ktap_helpers.sh LC_ALL=C DEBIAN_FRONTEND=noninteractive
# shellcheck source=../lwk/lwk_common.sh
. ./lwk_common.sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
job=$PWD
debs=debs.1

# say WORDS: on the console, where the host looks for it
say()
{
	echo "node-job: $(cut -d. -f1 /proc/uptime) s: $*" > /dev/console
}

# begin TESTS: the results of so many, in result/tap
begin()
{
	exec > result/tap
	ktap_print_header
	ktap_set_plan "$1"
}

no_lwk_cores()
{
	[ ! -e "$CPU/lwk" ] || is '' cat "$CPU/lwk"
}

nothing_failed()
{
	is '' systemctl list-units --failed --no-legend --plain
}

# The administrator's file for apt, the same for each version
repository()
{
	echo "deb [trusted=yes] file:$job/$debs ./" > /etc/apt/sources.list.d/lwk.list
	apt-get -q update
}

forget_repository()
{
	rm /etc/apt/sources.list.d/lwk.list && apt-get -q update
}

apt()
{
	apt-get -q -y "$@"
}

# Our packages as dpkg has them, with version and state
ours()
{
	dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' |
		grep -E '^(linux-image-[^ ]*lwk|lwk-|libxpmem|libxemem)'
}

# Those of $debs, whole
expected()
{
	for deb in "$debs"/*.deb; do
		dpkg-deb -W --showformat '${Package} ${Version} ii \n' "$deb"
	done | sort
}

all_installed()
{
	is "$(expected)" ours
}

# The release of the kernel in $debs
kernel()
{
	dpkg-deb -f "$debs"/linux-image-[0-9]*.deb Package | sed 's/^linux-image-//'
}

# What depends on it, and on the next one
newest()
{
	dpkg-deb -f "$debs"/linux-image-lwk-*.deb Package
}

# -- what is on the machine --

# traces DIR: all that there is, in lists: files, packages, units
traces()
{
	mkdir -p "$1"
	# Of a directory, what is in it; not how large it has ever been.
	find / -xdev \( -path "$job" -o -path /tmp -o -path /var/tmp \) -prune -o \
		\( -type d -printf '%p %M %u:%g\n' \) -o \
		\( -type l -printf '%p -> %l %u:%g\n' \) -o \
		-printf '%p %M %u:%g %s\n' | sort > "$1/files"
	# What is in them, where somebody may have written.
	find /boot /etc /root /home /usr/lib/systemd /usr/lib/udev \
		/usr/lib/modules /usr/local /usr/share/initramfs-tools /var \
		-xdev -path "$job" -prune -o -type f -exec md5sum {} + | awk '{ print $2, $1 }' |
		sort > "$1/sums"
	dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' \
		> "$1/packages"
	systemctl list-unit-files --no-legend --plain > "$1/units"
}
