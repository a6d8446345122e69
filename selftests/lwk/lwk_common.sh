# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the shell tests of the LWK share. Source it from the directory that
# the test is in.

# shellcheck source=/dev/null
. "${KTAP_HELPERS:-../kselftest/ktap_helpers.sh}"

# shellcheck disable=SC2034 # for those who source this
ENCLAVE=/sys/kernel/config/lwk/boot
# shellcheck disable=SC2034
CPU=/sys/devices/system/cpu

# as_nobody COMMAND...: runs it without any privilege
as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# ok DESCRIPTION COMMAND...: one test, whose output is shown if it fails
ok()
{
	name=$1
	shift
	if out=$("$@" 2>&1); then
		ktap_test_pass "$name"
	else
		printf '%s\n' "$out" | sed 's/^/# /'
		ktap_test_fail "$name"
	fi
}

# fails STATUS WORDS COMMAND...: it exits with STATUS and its standard error
# has WORDS
fails()
{
	want=$1
	words=$2
	shift 2
	status=0
	err=$("$@" 2>&1 >/dev/null) || status=$?
	[ "$status" -eq "$want" ] || {
		echo "exit $status instead of $want: $err"
		return 1
	}
	case $err in
	*"$words"*) ;;
	*) echo "no \"$words\" in: $err"; return 1 ;;
	esac
}

# The numbers of a list such as 2-3,7, one per line
expand()
{
	echo "$1" | tr ',' '\n' | while IFS=- read -r from to; do
		[ -z "$from" ] || seq "$from" "${to:-$from}"
	done
}

# is WANT COMMAND...: it prints WANT
is()
{
	want=$1
	shift
	got=$("$@") || return 1
	[ "$got" = "$want" ] || {
		echo "\"$got\" instead of \"$want\""
		return 1
	}
}

# The invariant: nobody holds a core and nobody is left
all_free()
{
	is "$(cat "$ENCLAVE/cores")" cat "$ENCLAVE/free_cores" &&
		is '' cat "$ENCLAVE/tasks"
}

# Waits up to ten seconds for COMMAND to succeed
eventually()
{
	tries=100
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { "$@"; return 1; }
		sleep 0.1
	done
}
