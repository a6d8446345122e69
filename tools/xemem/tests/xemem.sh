#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What xemem asks for, says and returns, without a kernel that has XEMEM.
#
#   xemem.sh REAL FAKE
#
# REAL is the program as installed, FAKE the one that is linked with
# fake-device.c. Prints TAP; exits 1 if a test fails. Writes only below a
# temporary directory.
set -u

[ $# -eq 2 ] || { echo "usage: $0 REAL FAKE" >&2; exit 2; }
real=$(realpath "$1") fake=$(realpath "$2")
# shellcheck source=../../lib/tests/tap.sh
. "$(dirname "$0")/../../lib/tests/tap.sh"
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
plan 80

# Errors by number, as fake-device.c wants them.
EPERM=1 ENOENT=2 EIO=5 EACCES=13 EINVAL=22 ENOTTY=25

echo "# command line"
try 0 "help" "$real" --help
has out "Usage: xemem list [--json]"
try 0 "version" "$real" -V
has out "xemem "
try 125 "help to a full device" sh -c "$real --help >/dev/full"
try 2 "nothing to do" "$real"
has err "say one of list, attachments, wait, info"
try 2 "unknown command" "$real" show
has err "show: no such command: say one of list, attachments, wait, info"
try 2 "unknown option" "$real" list --frobnicate
has err "xemem: unrecognized option '--frobnicate'"
try 2 "too much" "$real" list segments
has err "list: 'segments' is too much"
try 2 "wait for nothing" "$real" wait
has err "wait: a name is missing"
try 2 "wait for two" "$real" wait a b
try 2 "json of a wait" "$real" wait --json a
has err "only wait does not"
try 2 "list with a timeout" "$real" list --timeout 1
has err "only wait"
try 2 "timeout is no number" "$real" wait a --timeout=1s
has err "--timeout=1s: not a number of seconds"
try 2 "negative timeout" "$real" wait a --timeout=-1
try 2 "timeout too long" "$real" wait a --timeout=2147484
has err "2147483 s"
try 2 "timeout rounds to zero" "$real" wait a --timeout=0.0001

echo "# list"
FAKE_PID=$$; export FAKE_PID
try 0 "list" "$fake" list
user=$(id -un 0)
# The owner's name and number are not of a fixed width.
tr -s ' ' <out >flat
cat >want <<END
SEGID NAME PID COMMAND USER MODE SIZE PERMITS ATTACHED BYTES FAULTS FLAGS
0x1000004d2 cg/field $$ sh $user 0640 64m 2 3 64.0m 33 -
0x2000004d2 - - - 4294967294 0600 all 0 0 0 0 frozen,0x200
0x3000004d2 bell $$ sh $user 0666 0 0 0 0 0 -
END
cmp -s want flat
result $? "... and it is the table"
test "$(awk '{ print index($0, $5) }' out | sort -u | wc -l)" -eq 1
result $? "... in columns"
try 0 "list, JSON" "$fake" list --json
tr -d ' \n' <out >flat
cat >want <<END
[{"segid":"0x1000004d2","name":"cg/field","pid":$$,"command":"sh","uid":0,
"gid":5,"mode":"0640","size":67108864,"permits":2,"attachments":3,
"bytes":67112960,"faults":33,"frozen":false,"no_pin":false},
{"segid":"0x2000004d2","name":null,"pid":null,"command":null,
"uid":4294967294,"gid":0,"mode":"0600","size":null,"permits":0,
"attachments":0,"bytes":0,"faults":0,"frozen":true,"no_pin":false},
{"segid":"0x3000004d2","name":"bell","pid":$$,"command":"sh","uid":0,"gid":0,
"mode":"0666","size":0,"permits":0,"attachments":0,"bytes":0,"faults":0,
"frozen":false,"no_pin":false}]
END
tr -d '\n' <want | cmp -s - flat
result $? "... and the array is complete"
try 0 "list of nothing" env FAKE_SEGMENTS=0 "$fake" list
is out "SEGID NAME PID COMMAND USER MODE SIZE PERMITS ATTACHED BYTES FAULTS FLAGS"
try 0 "list of nothing, JSON" env FAKE_SEGMENTS=0 "$fake" list --json
test "$(tr -d '\n' <out)" = "[]"
result $? "... and the array is empty"
try 0 "list of a process that has ended" env FAKE_PID=2147483646 "$fake" list
has out "2147483646 -"
try 125 "list to a full device" sh -c "$fake list >/dev/full"

echo "# wait"
try 0 "it is there" "$fake" wait here
is out "0x1234500000042"
try 0 "it is there, without waiting" "$fake" wait here --timeout=0
try 0 "it comes" env FAKE_AFTER=3 "$fake" wait late --timeout 60
is out "0x1234500000042"
try 0 "it comes, and there was time" env FAKE_AFTER=3 "$fake" wait late
try 0 "it is there, and that user's" "$fake" wait here --user=4242
is out "0x1234500000042"
try 1 "it is another user's" "$fake" wait here --user root --timeout 0
try 2 "no such user" "$fake" wait here --user=no/body
has err "--user=no/body: no such user"
try 2 "list of a user" "$fake" list --user root
has err "only wait looks"
try 1 "it is not there" "$fake" wait none --timeout 0
has err "segment none: there is none"
try 1 "it does not come" "$fake" wait none --timeout 0.03
has err "segment none: there is still none after 0.03 s"
long=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
try 2 "a name that is too long" "$fake" wait $long
has err "at most 63 characters"
try 2 "no name" env FAKE_ERROR=$EINVAL "$fake" wait "a b"
has err "segment 'a b': not a name"

echo "# info"
try 0 "info" "$fake" info
cat >want <<END
XPMEM     2.7.4 (0x00027004)
XEMEM     eager names acl bit-40
domain    1
END
cmp -s want out
result $? "... and it is complete"
try 0 "info, JSON" "$fake" info --json
tr -d ' \n' <out >flat
printf %s '{"xpmem":"2.7.4","xpmem_version":159748,"xemem":["eager","names","acl","bit-40"],"domain":1}' |
	cmp -s - flat
result $? "... and the object is complete"
try 0 "info of XPMEM alone" env FAKE_ERROR=$ENOTTY FAKE_VERSION=155653 \
	"$fake" info
has out "XPMEM     2.6.5 (0x00026005)"
has out "XEMEM     no"
try 0 "... as JSON" env FAKE_ERROR=$ENOTTY "$fake" info --json
has out '"xemem": null'

echo "# refusals"
try 125 "no device" env FAKE_OPEN=$ENOENT "$fake" list
has err "/dev/xpmem: no such device: boot a kernel with CONFIG_XEMEM"
try 125 "no device to wait at" env FAKE_OPEN=$ENOENT "$fake" wait here
try 125 "no device to ask" env FAKE_OPEN=$ENOENT "$fake" info
try 125 "a file in its place" env FAKE_PLAIN=1 "$fake" info
try 125 "device not allowed" env FAKE_OPEN=$EACCES "$fake" list
has err "60-xpmem.rules"
try 125 "list not allowed" env FAKE_ERROR=$EPERM "$fake" list
try 125 "list of XPMEM alone" env FAKE_ERROR=$ENOTTY "$fake" list
has err "without names and lists"
try 125 "any other error" env FAKE_ERROR=$EIO "$fake" info
has err "/dev/xpmem: "

finish
