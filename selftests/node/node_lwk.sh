# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What an installed machine with LWK cores is to be like.

LWK_TESTS=15

# What GRUB was told, and nothing else told it
command_line()
{
	case "$(cat /proc/cmdline) " in
	"BOOT_IMAGE=/boot/vmlinuz-$(uname -r) "*" $(lwk-setup --command-line) ")
		;;
	*) cat /proc/cmdline; lwk-setup --command-line; return 1 ;;
	esac
}

# The cores of lwk.conf, as they are named after the dot, if there is one
cores()
{
	# The first one: below it are those of the machine.
	sed -n '/"cpus"/{s/.*: *"\([^"]*\)".*/\1/p;q}' /etc/lwk/lwk.conf |
		sed 's/.*\.//'
}

unit()
{
	is active systemctl is-active lwk.service &&
		is enabled systemctl is-enabled lwk.service &&
		is '' journalctl -q -b -u lwk.service -p warning --no-pager
}

group_may()
{
	is "root:ada 775" stat -c '%U:%G %a' "$ENCLAVE"
}

irqbalance_keeps_off()
{
	pid=$(systemctl show -P MainPID irqbalance) && [ "$pid" -gt 0 ] &&
		tr '\0' '\n' < "/proc/$pid/environ" |
		grep -x "IRQBALANCE_BANNED_CPULIST=$(cores)"
}

# as_ada COMMAND...: in a session of hers, as far as there is one
as_ada()
{
	runuser -u ada -- env -C /home/ada HOME=/home/ada "$@"
}

# Two ranks, each of which has an LWK core for itself.
mpi()
{
	result=$(as_ada timeout 120 mpirun -np 2 --bind-to none \
		lwkexec -n 1 "$job/mpi_sum" 1000000) || return 1
	echo "$result"
	on=${result#sum 500000500000 of 2 ranks on cores }
	[ "$on" != "$result" ] && [ "${on% *}" != "${on#* }" ] || return 1
	for core in $on; do
		expand "$(cores)" | grep -qx "$core" || return 1
	done
}

# Without lwkexec, Linux has the program.
mpi_on_linux()
{
	result=$(as_ada timeout 120 mpirun -np 2 --bind-to none \
		--oversubscribe "$job/mpi_sum" 1000000) || return 1
	echo "$result"
	on=${result#sum 500000500000 of 2 ranks on cores }
	[ "$on" != "$result" ] || return 1
	for core in $on; do
		expand "$(cores)" | grep -qx "$core" && return 1
	done
	return 0
}

xemem_open()
{
	is 666 stat -c %a /dev/xpmem && as_ada xemem list
}

# The version that --version tells
tools_are()
{
	lwkexec --version | grep -F "$(dpkg-query -W -f '${Version}' lwk-tools)"
}

lwk_machine()
{
	say "the LWK's machine ..."
	ok "our kernel runs" is "$(kernel)" uname -r
	ok "... by GRUB's command line" command_line
	ok "LWK cores" is "$(cores)" cat "$CPU/lwk"
	ok "... are all free" all_free
	ok "lwk.service is active, and has nothing to say" unit
	ok "no unit failed" nothing_failed
	ok "the group of lwk.conf may use the cores" group_may
	ok "irqbalance keeps off" irqbalance_keeps_off
	ok "the versions" all_installed
	ok "... of programs, too" tools_are
	say "MPI ..."
	ok "an ordinary user runs MPI on LWK cores" mpi
	ok "... and on Linux" mpi_on_linux
	ok "who is not of the group may not" \
		fails 125 "may not write there" as_nobody lwkexec true
	ok "XEMEM is open to everybody" xemem_open
	ok "nothing is left of them" eventually all_free
}
