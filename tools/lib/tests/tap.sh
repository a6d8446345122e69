# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Tests of a program that speak TAP: plan, then exactly so many of the others,
# then finish. Sourced in a directory that is the test's own: "out" and "err"
# there are what the program has written, "log" is what it had somebody note.

plan()	# plan NUMBER
{
	planned=$1 run=0 failed=0
	printf 'TAP version 13\n1..%d\n' "$planned"
}

result()	# result STATUS NAME
{
	run=$((run + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $run - $2"
	else
		echo "not ok $run - $2"
		failed=$((failed + 1))
		sed 's/^/# out: /' out
		sed 's/^/# err: /' err
	fi
}

# try STATUS NAME PROGRAM ARGS...: run it, compare the exit status.
try()
{
	want=$1 name=$2
	shift 2
	rm -f log
	"$@" >out 2>err
	got=$?
	test "$got" -eq "$want"
	result $? "$name: status $want (got $got)"
}

# has FILE TEXT: the last run has written this.
has()
{
	grep -qF -- "$2" "$1"
	result $? "... $1 has: $2"
}

# is FILE TEXT: it has written exactly this line.
is()
{
	echo "$2" | cmp -s - "$1"
	result $? "... $1 is: $2"
}

finish()	# its status is that of the test
{
	[ "$run" -eq "$planned" ] ||
		echo "# planned $planned tests, ran $run"
	[ "$failed" -eq 0 ] && [ "$run" -eq "$planned" ]
}
