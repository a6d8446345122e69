#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What lwkexec asks for, says and returns, without an LWK.
#
#   lwkexec.sh REAL FAKE
#
# REAL is the program as installed, FAKE the one that is linked with
# fake-lwkdev.c. Prints TAP; exits 1 if a test fails. Writes only below a
# temporary directory.
set -u

[ $# -eq 2 ] || { echo "usage: $0 REAL FAKE" >&2; exit 2; }
real=$(realpath "$1") fake=$(realpath "$2")
# shellcheck source=../../lib/tests/tap.sh
. "$(dirname "$0")/../../lib/tests/tap.sh"
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
planned=216
gigantic=/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages
grep -q '[1-9]' $gigantic 2>/dev/null || planned=$((planned + 2))
plan "$planned"

# Errors by number, as fake-lwkdev.c wants them.
ENOENT=2 E2BIG=7 EACCES=13 EBUSY=16 EEXIST=17 EINVAL=22 EIO=5 ETIMEDOUT=110
ENOTTY=25

mkdir -p root/boot root/apps
echo 2-5 >root/boot/cores
echo 4-5 >root/boot/free_cores
echo 100000 >root/boot/quantum_us
echo $$ >root/boot/procs
printf '#!/no/such/interpreter\n' >orphan
printf 'exit 7\n' >plain
chmod +x orphan
unset LWK_ENCLAVE
export FAKE_ROOT="$dir/root" FAKE_LOG="$dir/log"

echo "# command line"
try 0 "help" "$real" --help
has out "Usage: lwkexec [options]"
try 0 "version" "$real" -V
has out "lwkexec "
try 125 "help to a full device" sh -c "$real --help >/dev/full"
try 125 "no command" "$real"
has err "no command"
try 125 "no command after --" "$real" -n 1 --
try 125 "unknown option" "$real" --frobnicate true
has err "lwkexec: unrecognized option '--frobnicate'"
try 125 "missing argument" "$real" -c
try 125 "list and number" "$real" -c 2 -n 1 true
has err "give only one"
try 125 "json of nothing" "$real" --json true
has err "--dry-run"
try 125 "bad list" "$real" -c 2,x true
has err "-c '2,x': not a number, at 'x'"
try 125 "empty list" "$real" -c "" true
try 125 "no core" "$real" -n 0 true
has err "-n '0'"
try 125 "half a core" "$real" -n 0.5 true
try 125 "quantum is no number" "$real" --quantum=1s true
has err "--quantum=1s"
try 125 "quantum too long" "$real" --quantum=10001 true
has err "10000 ms"
try 125 "quantum rounds to zero" "$real" --quantum=0.0001 true
try 125 "wait is no number" "$real" --wait=long true
try 125 "name is a path" "$real" -e ../boot true
has err "'../boot'"
try 125 "name too long" "$real" -e 12345678901234567890123456789012 true

for size in "" 0 3m 1.5g lots 99999999999t; do
	try 125 "memory '$size'" "$real" -m "$size" true
	has err "-m '$size': "
done
try 125 "memory over nothing" "$real" --mem-over=linux true
has err "Give -m SIZE"
try 125 "memory over what" "$real" -m 2m --mem-over=swap true
has err "--mem-over=swap: give fail or linux"
try 125 "pages" "$real" --pages=3k true
has err "--pages=3k: give 1g, 2m or 4k"
try 125 "pages of 1 GiB where there can be none" "$real" --pages=heap:1g true
has err "--pages=heap:1g: only mappings"
if ! grep -q '[1-9]' $gigantic 2>/dev/null; then
	try 125 "pages of 1 GiB where there are none" "$real" --pages=1g true
	has err "--pages=1g: this machine has no pages of 1 GiB"
fi
try 125 "pages of no region" "$real" --pages=text:4k true
has err "--pages=text:4k: give"
try 125 "fault" "$real" --fault=never true
has err "--fault=never: give eager or lazy"
try 125 "numa" "$real" --numa=far true
has err "--numa=far: give local"
try 125 "bind to no node" "$real" --numa=bind: true
has err "--numa=bind:: no node at all"
try 125 "bind to no number" "$real" --numa=heap:bind:x true
has err "--numa=heap:bind:x: not a number, at 'x'"
try 125 "bind beyond" "$real" --numa=bind:64 true
has err "no node above 63"
try 125 "lock text" "$real" --lock-text=perhaps true
has err "give yes or no"

echo "# command"
try 127 "not found" "$fake" no-such-command
has err "no-such-command"
test ! -e log
result $? "... and nothing asked of the kernel"
try 126 "not executable" "$fake" ./plain
test ! -e log
result $? "... and nothing asked of the kernel"
try 127 "interpreter not found" "$fake" ./orphan
has err "interpreter"
try 7 "status of the command" "$fake" sh -c 'exit 7'
try 0 "options of the command" "$fake" printf '%s %s %s\n' -n 1 --help
is out "-n 1 --help"

echo "# request"
try 0 "default" "$fake" true
is log "144 0 boot 1 4294967295 0 1024 0"
try 0 "all of it" "$fake" -e apps -c 3,5 --quantum=0.5 --no-inherit \
	--wait=1.5 true
is log "144 0x3 apps 0 500 1500 1024 0x28"
try 0 "by number, no quantum, wait for ever" "$fake" -n 3 --quantum 0 \
	--wait true
is log "144 0x1 boot 3 0 4294967295 1024 0"
try 0 "all cores" "$fake" -n all true
is log "144 0 boot 0 4294967295 0 1024 0x3c"
try 0 "enclave of the environment" env LWK_ENCLAVE=apps "$fake" true
has log " apps "
try 0 "option before environment" env LWK_ENCLAVE=apps "$fake" -e boot true
has log " boot "
try 0 "wait goes on after a signal" env FAKE_EINTR=2 "$fake" --wait=5 true
test "$(awk '$6 <= 5000 && (NR == 1 || $6 < last) { n++ } { last = $6 }
	END { print n + 0 }' log)" -eq 3
result $? "... for the rest of its time"
try 125 "wait ends" env FAKE_EINTR=9 "$fake" --wait=0.03 true
has err "after 0.03 s"

try 0 "memory" "$fake" -m 4m sh -c 'ulimit -d'
is out 4096
has log "144 0 boot"
has log "memory 4194304"
try 0 "memory and a lower limit" sh -c \
	"ulimit -d 3000; exec '$fake' -m 4m --mem-over=fail sh -c 'ulimit -d'"
is out 3000
try 0 "memory over from Linux" sh -c \
	"ulimit -d 100000; exec '$fake' -m 2g --mem-over=linux sh -c 'ulimit -d'"
is out 100000
has log "144 0x8 boot"
try 0 "regions" "$fake" --pages=stack:4k --fault=lazy --fault=heap:eager \
	--numa=anon:bind:0,2 --numa=data:interleave --lock-text=no true
has log "144 0x10 boot"
has log "region 1 1 1 0 0"
has log "region 2 0 1 2 0x5"
has log "region 3 0 1 1 0"
! grep -q "region 0" log
result $? "... and nothing of the heap"

echo "# reports"
try 0 "verbose" "$fake" -v -n 2 true
is err "lwkexec: enclave boot, cores 2-3, quantum 100 ms"
try 0 "dry run" "$fake" --dry-run -e apps -n 2 --quantum=0 --wait false
is out "enclave apps, cores 2-3, no quantum"
is log "144 0x4 apps 2 0 0 1024 0"
try 0 "dry run, JSON" "$fake" --dry-run --json -n 2 --no-inherit echo 'a"b'
tr -d ' \n' <out >flat
test "$(cat flat)" = '{"enclave":"boot","cores":"2-3","core_numbers":[2,3],"quantum_us":100000,"inherit":false,"command":["echo","a\"b"]}'
result $? "... and the object is complete"

echo "# stats"
# The table, but for the elapsed time.
cat >table <<END
lwkexec: interruptions of user mode, enclave boot, cores 2-3
kind             foreign             own
timer                  0               0
call                  10            1000
tlb                   20            2000
resched               30            3000
irq_work              40            4000
device                50            5000
nmi                   60            6000
other                 70            7000
fault                 80            8000
total                360           36000
memory               5.0 MiB at most, 0.0 MiB reserved
       calls        local       hopped      mean us     worst us call
           5            3            2          2.5          4.0 read
           1            1            0          0.0          0.0 getpid/32
           6            4            2          2.5          4.0 total
END
table()		# table FILE: it has the table and nothing else
{
	grep -v '^elapsed  *[0-9]*\.[0-9][0-9][0-9] s$' "$1" | cmp -s - table
	result $? "... $1 is the table"
}
try 7 "stats, and the status of the command" "$fake" --stats -n 2 \
	sh -c 'echo out; exit 7'
table err
is out "out"
is log "144 0 boot 2 4294967295 0 1024 0"
try 0 "stats in a file" "$fake" -n 2 --stats=stats sh -c 'echo err >&2'
table stats
is err "err"
try 0 "stats with verbose" "$fake" -v --stats=stats true
is err "lwkexec: enclave boot, cores 2, quantum 100 ms"
for signal in 9 11 15; do
	try $((128 + signal)) "stats, and death by signal $signal" "$fake" \
		--stats=stats sh -c "ulimit -c 0; kill -$signal \$\$"
	has stats "total                360           36000"
done
signalled()
{
	"$fake" --stats=stats sh -c 'trap "exit 9" USR1; : >up
		while :; do sleep 0.01; done' &
	while [ ! -e up ]; do sleep 0.01; done
	kill -USR1 $!
	wait $!
}
try 9 "stats, and a signal from outside" signalled
try 0 "stats of memory from Linux" env FAKE_OF_LINUX=3 "$fake" -m 2m \
	--mem-over=linux --stats true
has err "memory               5.0 MiB at most, 2.0 MiB reserved"
has err "                     3.0 MiB besides from Linux"
try 0 "stats with a kind to come" env FAKE_KINDS=10 "$fake" --stats true
has err "kind 9                90            9000"
has err "total                450           45000"
try 0 "stats with fewer kinds" env FAKE_KINDS=2 "$fake" --stats true
has err "total                 10            1000"
try 0 "stats with more kinds than there is room" env FAKE_KINDS=99 \
	"$fake" --stats true
has err "kind 15              150           15000"
try 0 "elapsed does not count the wait" env FAKE_EINTR=100 "$fake" \
	--wait --stats true
has err "elapsed            0."
try 3 "stats, JSON" "$fake" --stats --json -n 2 sh -c 'exit 3'
tr -d ' \n' <err | sed 's/"elapsed_us":[0-9]*,/"elapsed_us":0,/' >flat
cat >want <<END
{"enclave":"boot","cores":"2-3","core_numbers":[2,3],"quantum_us":100000,
"inherit":true,"command":["sh","-c","exit3"],"status":3,"signal":null,
"elapsed_us":0,"interruptions":{"timer":{"foreign":0,"own":0},
"call":{"foreign":10,"own":1000},"tlb":{"foreign":20,"own":2000},
"resched":{"foreign":30,"own":3000},"irq_work":{"foreign":40,"own":4000},
"device":{"foreign":50,"own":5000},"nmi":{"foreign":60,"own":6000},
"other":{"foreign":70,"own":7000},"fault":{"foreign":80,"own":8000},
"total":{"foreign":360,"own":36000}},
"memory":{"reserved":0,"peak":5242880,"of_linux":0},
"calls":{"read":{"calls":5,"local":3,"hopped":2,"mean_ns":2500,
"worst_ns":4000},"getpid/32":{"calls":1,"local":1,"hopped":0,"mean_ns":0,
"worst_ns":0}}}
END
tr -d '\n' <want | cmp -s - flat
result $? "... and the object is complete"
try 137 "stats, JSON, after a signal" "$fake" --stats=stats --json \
	sh -c 'kill -KILL $$'
tr -d ' \n' <stats >flat
has flat '"status":null,"signal":9,'
try 0 "dry run with stats" "$fake" --dry-run --stats=none false
is out "enclave boot, cores 2, quantum 100 ms"
test ! -e none
result $? "... and no file"
try 0 "full disk" "$fake" --stats=/dev/full true
has err "--stats='/dev/full': No space left on device"

no_table()
{
	! grep -q interruptions err && test ! -s stats
	result $? "... and no table"
}
rm stats
try 127 "stats, interpreter not found" "$fake" --stats ./orphan
has err "interpreter"
no_table
try 125 "stats, and busy" env FAKE_JOIN=$EBUSY "$fake" --stats=stats true
has err "--wait"
no_table
try 125 "stats, all cores of no enclave" env FAKE_ROOT=/none "$fake" --stats \
	-n all true
no_table
try 125 "stats nowhere" "$fake" --stats=none/stats true
has err "--stats='none/stats': cannot write it: No such file"
test ! -e log
result $? "... and nothing asked of the kernel"
try 125 "stats of an older kernel" env FAKE_STATS=$ENOTTY "$fake" \
	--stats=stats true
has err "this kernel keeps no account"
test ! -e log
result $? "... and nothing asked of the kernel"
try 125 "stats without a device" env FAKE_OPEN=$EACCES "$fake" --stats true
waiting()	# a wait that a signal ends
{
	FAKE_EINTR=1000 "$fake" --wait --stats sleep 60 &
	while [ ! -s log ]; do sleep 0.01; done
	kill $!
	wait $!
}
try 143 "stats, signalled while waiting" waiting
no_table

echo "# calls"
policy()	# policy NAME WANT ARGS...
{
	name=$1 want=$2
	shift 2
	try 0 "$name" "$fake" "$@" true
	has log "$want"
}
policy "one local call" "policy 0 local 0x1 hop 0" --local=read
policy "32 bits are not forgotten" "policy 0 local 0x8000000000 hop 0" \
	--local getpid
policy "two that hop" "policy 0 local 0 hop 0x3" --hop=read,write
policy "a group" "policy 0 local 0 hop 0x7fe0000000000" --hop=%net
policy "the last word counts" "policy 0 local 0x2 hop 0x1" --local=read,write \
	--hop=read
policy "all but one" "policy 0 local 0x1 hop 0xfffffffffffffffe" --hop-all \
	--local=read
policy "all, after all" "policy 7 local 0xffffffffffffffff hop 0" --hop=read \
	--local-all
try 125 "no such call" "$fake" --hop=read,raed,write true
has err "--hop='read,raed,write': 'raed' is no system call"
try 125 "no such group" "$fake" --local=%nothing true
has err "'%nothing' is no system call"
has err "%file"
try 125 "an empty word" "$fake" --local=read, true
has err "'' is no system call"
try 125 "a call of another machine" "$fake" --local=sync_file_range2 true
try 125 "an older kernel" env FAKE_POLICY=$ENOTTY "$fake" --hop-all true
has err "serves all calls on the cores"

echo "# refusals"
fails()		# fails ERROR NAME ARGS...
{
	error=$1 name=$2
	shift 2
	try 125 "$name" env FAKE_JOIN="$error" "$fake" "$@" true
}
try 125 "no device" env FAKE_ROOT=/none FAKE_OPEN=$ENOENT "$fake" true
has err "boot with lwkcpus=LIST"
try 125 "device not allowed" env FAKE_OPEN=$EACCES "$fake" true
fails $ENOENT "unknown enclave" -e nope
has err "one of: apps, boot"
fails $EINVAL "cores outside" -c 4-7
has err "cores 6-7 are not in it: it has 2-5"
fails $EINVAL "too many cores" -n 5
has err "5 cores asked for, it has 4 (2-5)"
fails $EBUSY "busy" -n 3
has err "3 cores asked for, free: 4-5"
has err "pid $$ (sh), cores "
has err "--wait"
FAKE_HOLDER=$PPID; export FAKE_HOLDER
fails $EBUSY "busy, holder not listed"
has err "pid $PPID ("
unset FAKE_HOLDER
fails $ETIMEDOUT "still busy" --wait=2
has err "after 2 s"
fails $EACCES "not allowed"
has err "$dir/root/boot"
fails $EEXIST "in an enclave already"
fails $E2BIG "another kernel"
fails $EIO "any other error"
export FAKE_ROOT=/none
fails $EBUSY "busy without configfs"
fails $EINVAL "invalid without configfs" -c 9
fails 0 "all cores without configfs" -n all
has err "cannot read /none/boot/cores"

finish
