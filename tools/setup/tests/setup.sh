#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What lwk-setup proposes, writes, refuses and sets, on recorded machines, with
# files below a temporary directory in place of those of the system.
#
#   setup.sh PROGRAM
#
# Prints TAP; exits 1 if a test fails. Writes only below a temporary directory.
set -u

[ $# -eq 1 ] || { echo "usage: $0 PROGRAM" >&2; exit 2; }
program=$(realpath "$1")
tests=$(dirname "$(realpath "$0")")
# shellcheck source=../../lib/tests/tap.sh
. "$tests/../../lib/tests/tap.sh"
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
planned=293
[ "$(id -u)" -ne 0 ] || planned=$((planned + 4))
plan "$planned"

# lines NUMBER FILE: it has written so many.
lines()
{
	test "$(wc -l <"$2")" -eq "$1"
	result $? "... $2 has $1 lines"
}

recorded()	# recorded MACHINE ARGS...
{
	machine=$1
	shift
	"$program" --topology="$tests/topologies/$machine.xml" "$@"
}

# Of the machine that runs the tests, nothing is to be seen.
unset HWLOC_XMLFILE HWLOC_SYNTHETIC HWLOC_COMPONENTS LWK_SETUP_FLAGS \
	IRQBALANCE_BANNED_CPUS IRQBALANCE_BANNED_CPULIST
export LC_ALL=C
mkdir bin root
ln -s "$program" bin/lwk-setup
PATH=$dir/bin:$PATH

echo "# command line"
try 0 "help" "$program" --help
has out "Usage: lwk-setup [--dry-run"
try 0 "version" "$program" -V
has out "lwk-setup "
try 125 "help to a full device" sh -c "$program --help >/dev/full"
try 2 "unknown option" "$program" --frobnicate
has err "lwk-setup: unrecognized option '--frobnicate'"
try 2 "too much" "$program" write
has err "'write' is too much"
try 2 "two things at once" "$program" --write --check
has err "--write and --check: give only one"
try 2 "two ways to say the same" "$program" --cores=1 --linux-cores=1
has err "--cores and --linux-cores"
try 2 "a wish, where the file says" "$program" --apply --memory=1g
has err "go with --dry-run or --write"
try 2 "force nothing" "$program" --force
has err "--force: only --write and --command-line"
try 2 "json of a command line" "$program" --json --command-line
has err "--json: --command-line does not print any"
for size in "" lots 3m1 1.5g -1 99999999999t 1m; do
	try 2 "memory '$size'" recorded laptop "--memory=$size"
	has err "--memory=$size: "
done
for part in % 0% 96% 1.5% x%; do
	try 2 "memory '$part'" recorded laptop "--memory=$part"
	has err "--memory=$part: "
done
try 2 "more memory than there is" recorded laptop --memory=16g
has err "more than there is"
for number in 0 -1 x 1.5 ""; do
	try 2 "linux cores '$number'" recorded laptop "--linux-cores=$number"
	has err "--linux-cores=$number: not a number"
done
try 2 "all cores for Linux" recorded laptop --linux-cores=4
has err "none would be left to the LWK: this machine has 4"
try 2 "too few for a hybrid machine" recorded hybrid --linux-cores=8
has err "the boot core and all efficiency cores stay, 9 together"

echo "# recorded machines"
for machine in laptop two-sockets one-socket-96 vm-2 hybrid odd; do
	try 0 "$machine" recorded $machine
	cmp -s "$tests/expected/$machine" out
	result $? "... and the layout is as expected"
done
try 0 "the same from hwloc's variable" \
	env HWLOC_XMLFILE="$tests/topologies/laptop.xml" "$program" --dry-run
cmp -s "$tests/expected/laptop" out
result $? "... and the layout is as expected"
try 0 "as JSON" recorded vm-2 --json
tr -d ' \n' <out >flat
printf %s '{"cpus":"1","memory":"0:1856M","command_line":"lwkcpus=1lwkmem=0:1856Mlwkfor=0-1","cores":[{"cpus":"0","node":0,"owner":"linux","why":["boot"]},{"cpus":"1","node":0,"owner":"lwk","why":[]}],"machine":{"cores":2,"first_threads":"0-1","nodes":[{"node":0,"cpus":"0-1","memory":4100000000}]}}' |
	cmp -s - flat
result $? "... and the object is complete"
try 0 "some machine, this one" env HWLOC_SYNTHETIC="numa:1 core:4 pu:1" \
	"$program"
has out "lwkcpus=1-3 "
has out "stay with Linux: it needs them, or --memory says so"
try 1 "one core" env HWLOC_SYNTHETIC="core:1 pu:1" "$program"
has out "too small: all of it stays with Linux"
try 1 "one core of two threads" env HWLOC_SYNTHETIC="core:1 pu:2" "$program"
try 1 "one core, written" env HWLOC_SYNTHETIC="core:1 pu:1" "$program" \
	--write --config=small.conf
test ! -e small.conf
result $? "... and nothing is"
try 125 "no topology" "$program" --topology=none.xml
has err "--topology=none.xml: not a machine"
echo "<topology>" >broken.xml
try 125 "no topology in it" "$program" --topology=broken.xml

echo "# wishes"
try 0 "three cores for Linux" recorded laptop --linux-cores=3
has out "lwkcpus=3,7 "
has out "Linux     CPUs 1-2,5-6 of node 0: asked for by --linux-cores"
try 0 "eight cores for Linux" recorded one-socket-96 --linux-cores=8
has out "lwkcpus=1,97.2-23,98-119:24,120.26-47,122-143:49,145.50-71,146-167:72,168.74-95,170-191 "
try 0 "two cores for Linux on two sockets" recorded two-sockets --linux-cores=2
has out "lwkcpus=1-15,17-31,33-47,49-63 "
try 0 "named cores" recorded two-sockets --cores=0,32.2-3,34-35
has out "lwkcpus=0,32.2-3,34-35 lwkmem=0:100G lwkfor="
has out "CPUs 4-15,36-47 of node 0: not named by --cores"
has out "125 GiB of node 1 stay with Linux: the LWK has no CPU there"
try 2 "siblings" recorded laptop --cores=1-3,5
has err "--cores=1-3,5: CPUs 2,6 are threads of one core: name all of them or none"
has err "CPUs 3,7 are"
try 2 "the boot core" recorded laptop --cores=0-1,4-5
has err "CPU 0 boots the machine"
try 2 "cores that are not there" recorded laptop --cores=1,5,8
has err "this machine has no CPU 8"
try 2 "a list that is none" recorded laptop --cores=1-N
has err "'1-N' is not a list of CPUs"
try 2 "no core at all" recorded laptop --cores=
has err "a group names no CPU"
try 2 "twice" recorded laptop --cores=1,5:1,5
has err "CPU 1,5 is in two groups"
try 2 "both" recorded laptop --cores=1.1,5
has err "both of the LWK and to serve"
try 0 "memory of all" recorded two-sockets --memory=16g
has out "lwkmem=0:8G,1:8G "
try 0 "half of it" recorded laptop --memory=50%
has out "lwkmem=0:7866M "
try 0 "none" recorded laptop --memory=0
has out "lwkcpus=1-3,5-7 lwkfor="

echo "# the file"
conf=root/etc/lwk/lwk.conf
mkdir -p root/etc
try 2 "a recorded machine is not this one" recorded laptop --write
has err "say with --config or --root"
try 3 "check, and there is none" recorded laptop --root=root --check
has err "root/etc/lwk/lwk.conf: there is none: make one with lwk-setup --write"
try 0 "write" recorded laptop --root=root --write
has out "written   root/etc/lwk/lwk.conf"
cat >want <<END
{
  "generator": "lwk-setup",
  "version": 1,
  "cpus": "1-3,5-7",
  "memory": "0:12G",
  "settings": {
  },
  "machine": {
    "cores": 4,
    "first_threads": "0-3",
    "nodes": [
      {
        "node": 0,
        "cpus": "0-7",
        "memory": 16500000000
      }
    ]
  }
}
END
tr -d ' \n' <$conf >flat
tr -d ' \n' <want | cmp -s - flat
result $? "... and the file is complete"
test "$(stat -c %a $conf)" = 644
result $? "... and all may read it"
test "$(ls -A root/etc/lwk)" = lwk.conf
result $? "... and nothing else is left there"
try 0 "it fits" recorded laptop --root=root --check
is out "root/etc/lwk/lwk.conf: fits this machine"
try 0 "its command line" recorded laptop --root=root --command-line
is out "lwkcpus=1-3,5-7 lwkmem=0:12G lwkfor=0-7"
sed -i 's/"settings": {/&"poll_us": 7/' $conf
try 0 "write again" recorded laptop --root=root --write --linux-cores=2
has $conf '"cpus": "2-3,6-7"'
has $conf '"poll_us": 7'
try 0 "write elsewhere, as JSON" recorded laptop --write --json --config=some.conf
tr -d ' \n' <out | head -c 20 >flat
grep -q '{"cpus":"1-3,5-7"' flat
result $? "... and it is the proposal"
has some.conf '"generator": "lwk-setup"'
mkdir real
mv some.conf real
ln -s real/some.conf some.conf
try 0 "write through a link" recorded laptop --write --config=some.conf --memory=0
test -L some.conf && grep -q '"cpus"' real/some.conf &&
	! grep -q '"memory": "' real/some.conf
result $? "... and it stays a link"

echo "# other hardware"
for machine in two-sockets one-socket-96 vm-2 hybrid; do
	try 1 "a laptop's on $machine" recorded $machine --root=root --check
	has err "root/etc/lwk/lwk.conf: "
	try 1 "... has no command line" recorded $machine --root=root \
		--command-line
	has err "for other hardware than this"
	test ! -s out
	result $? "... at all"
done
try 1 "as JSON" recorded vm-2 --root=root --check --json
tr -d ' \n' <out >flat
has flat '"fits":false,"problems":["4coresthen,2now",'
has out "node 0: CPUs '0-7' then, '0-1' now"
try 0 "fits, as JSON" recorded laptop --root=root --check --json
has out '"fits": true'
try 0 "an image is for whom it is for" recorded vm-2 --root=root \
	--command-line --force
is out "lwkcpus=2-3,6-7 lwkmem=0:12G lwkfor=0-7"
sed 's/16500000000/15600000000/' $conf >near.conf
try 0 "a little memory more" recorded laptop --check --config=near.conf
sed 's/16500000000/15400000000/' $conf >far.conf
try 1 "much memory more" recorded laptop --check --config=far.conf
has err "node 0: 14686 MiB of memory then, 15735 MiB now"
sed 's/"0-3"/"0,2,4,6"/' $conf >siblings.conf
try 1 "other siblings" recorded laptop --check --config=siblings.conf
has err "first threads of the cores: CPUs '0,2,4,6' then, '0-3' now"
sed 's/"node": 0/"node": 1/' $conf >node.conf
try 1 "other nodes" recorded laptop --check --config=node.conf
has err "node 0: not there then"
has err "node 1: not there now"
echo '{ "version": 1, "cpus": "2,6", "memory": "64G" }' >any.conf
try 1 "for any machine, and too large" recorded laptop --check --config=any.conf
has err "memory: 64G: 65536 MiB of node 0, which has 15735 MiB"
echo '{ "version": 1, "cpus": "1-2", "memory": "2:1G" }' >any.conf
try 1 "for any machine, and divides cores" recorded laptop --check \
	--config=any.conf
has err "cpus: 1-2: CPUs 1,5 are threads of one core"
has err "memory: 2:1G: node 2 does not exist"
echo '{ "version": 1, "cpus": "2,6" }' >any.conf
try 0 "for any machine" recorded laptop --command-line --config=any.conf
is out "lwkcpus=2,6"

# As with "nosmt": siblings are there, and off line.
sed '4s/complete_cpuset="0x00000003"/complete_cpuset="0x0000000f"/' \
	"$tests/topologies/vm-2.xml" >nosmt.xml
try 0 "CPUs that are off line" "$program" --topology=nosmt.xml --write \
	--config=nosmt.conf
has out "offline   CPUs 2-3 are left out"
has nosmt.conf '"offline": "2-3"'
try 0 "... do not tell one machine from another" recorded vm-2 --command-line \
	--config=nosmt.conf
is out "lwkcpus=1 lwkmem=0:1856M"

echo "# bad files"
bad()	# bad TEXT MESSAGE
{
	printf '%s\n' "$1" >bad.conf
	for how in --check --command-line --apply; do
		"$program" --root=root --config=bad.conf $how >out 2>err
		if [ $? -ne 125 ] || [ -s out ] || ! grep -qF -- "$2" err ||
			! grep -q '^lwk-setup: bad.conf: ' err; then
			break
		fi
		how=
	done
	test -z "$how"
	result $? "refused, whatever is asked: $2 $how"
}
bad '' "line 1, column 1: not JSON"
bad '{
  "version": 1,
  "cpus": "1" "memory": "1G"
}' "line 3, column 15: not JSON"
bad '{ "version": 1, "cpus": "1"' "line 1, column 28: not JSON"
bad '{ "version": 1, "cpus": "1" } x' "not JSON"
bad '[]' "not a JSON object"
bad '{ "cpus": "1" }' "version: it is missing"
bad '{ "version": 2, "cpus": "1" }' "version: 2: this lwk-setup knows 1 only"
bad '{ "version": 1 }' "cpus: it is missing"
bad '{ "version": 1, "cpus": 1 }' "cpus: 1: not of type string"
bad '{ "version": 1, "cpus": "1", "cpu": "2" }' "cpu: there is no such member"
bad '{ "version": 1, "cpus": "" }' "cpus: : a group names no CPU"
bad '{ "version": 1, "cpus": "0-1" }' "cpus: 0-1: CPU 0 boots the machine"
bad '{ "version": 1, "cpus": "1 quiet" }' "cpus: 1 quiet: "
bad '{ "version": 1, "cpus": "1", "memory": "" }' "memory: : '' is not a size"
bad '{ "version": 1, "cpus": "1", "memory": "1M" }' "no multiple of 2 MiB"
bad '{ "version": 1, "cpus": "1", "memory": "0:1G,0:1G" }' "named twice"
bad '{ "version": 1, "cpus": "1", "memory": "0:1G,1" }' "'1' is not NODE:SIZE"
bad '{ "version": 1, "cpus": "1", "settings": { "poll": 1 } }' \
	"settings: poll: there is no such setting"
bad '{ "version": 1, "cpus": "1", "settings": { "poll_us": 10001 } }' \
	"settings: poll_us: 10001: give a number from 0 to 10000"
bad '{ "version": 1, "cpus": "1", "settings": { "perf": 1 } }' \
	"settings: perf: 1: give true or false"
bad '{ "version": 1, "cpus": "1", "settings": { "calls_hop": ["a b"] } }' \
	"give a list of names"
bad '{ "version": 1, "cpus": "1", "settings": { "mode": "1777" } }' \
	"give octal digits"
bad '{ "version": 1, "cpus": "1", "machine": { "cores": 1 } }' \
	"machine: 'nodes' is missing"
bad '{ "version": 1, "cpus": "1", "machine": { "cores": 1,
  "first_threads": "x", "nodes": [] } }' "first_threads 'x': not a number"
cp bad.conf kept.conf
try 125 "a broken file is kept" recorded laptop --write --config=kept.conf
has err "kept.conf: machine: first_threads"
echo '{ "version": 1, "cpus": "2" }' >kept.conf
cp kept.conf copy.conf
try 125 "somebody else's is kept" recorded laptop --write --config=kept.conf
has err "kept.conf: not written by lwk-setup: move it away, or replace it with --force"
cmp -s kept.conf copy.conf
result $? "... as it was"
try 0 "but for --force" recorded laptop --write --config=kept.conf --force
has kept.conf '"cpus": "1-3,5-7"'
try 125 "a directory that is not there" recorded laptop --write \
	--config=no/such/lwk.conf
has err "no/such/lwk.conf: cannot be written, all is as it was: be root"
lines 1 err
touch file
try 125 "a file is in the way" recorded laptop --write --config=file/lwk.conf
has err "cannot be written"
try 125 "a directory is in the way" recorded laptop --write --config=root
has err "root: "
try 125 "a directory is in the way, by force" recorded laptop --write \
	--config=root --force
has err "root: cannot be written, all is as it was: be root, or name another place with --config: Is a directory"
test -z "$(find . -name '.lwk*')"
result $? "... and nothing is left there"
# Root may write everywhere but here.
try 125 "a directory that cannot be written" recorded laptop --write \
	--config=/proc/lwk.conf
has err "/proc/lwk.conf: cannot be written"
if [ "$(id -u)" -eq 0 ]; then
	mkdir locked
	chmod 755 . locked
	try 125 "not root" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$program" --topology="$tests/topologies/laptop.xml" --write \
		--config="$dir/locked/lwk/lwk.conf"
	test -z "$(ls -A locked)"
	result $? "... and nothing is left there"
	chmod 777 locked
	try 125 "not root, in a directory of its own" sh -c 'umask 777; "$@"' sh \
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$program" --topology="$tests/topologies/laptop.xml" --write \
		--config="$dir/locked/lwk/lwk.conf"
	test -z "$(ls -A locked)"
	result $? "... and nothing is left there"
fi

echo "# what comes next"
mkdir empty
try 0 "no update-grub" env PATH="$dir/empty" "$program" \
	--topology="$tests/topologies/laptop.xml" --write --root=root
has out "there is no update-grub here: add this to the kernel's command line, and reboot: lwkcpus=1-3,5-7 lwkmem=0:12G lwkfor=0-7"
printf '#!/bin/sh\n' >bin/update-grub
chmod +x bin/update-grub
try 0 "update-grub" recorded laptop --write --root=root
has out "next      run update-grub and reboot"

echo "# GRUB"
# As grub-mkconfig does it.
cat >mkconfig <<'END'
set -e
GRUB_CMDLINE_LINUX_DEFAULT=quiet
GRUB_CMDLINE_LINUX=root=x
. "$1"
echo "$GRUB_CMDLINE_LINUX"
echo "$GRUB_CMDLINE_LINUX_DEFAULT"
END
cfg=$tests/../system/lwk.cfg
laptop="--topology=$tests/topologies/laptop.xml --root=root"
grub()	# grub NAME DEFAULT-PARAMETERS LWK_SETUP_FLAGS
{
	try 0 "$1" env LWK_SETUP_FLAGS="${3-}" sh mkconfig "$cfg"
	printf 'root=x\n%s\n' "$2" | cmp -s - out
	result $? "... and the entries are: $2"
}
grub "ordinary entries have the parameters" \
	"quiet lwkcpus=1-3,5-7 lwkmem=0:12G lwkfor=0-7" "$laptop"
test ! -s err
result $? "... and nothing is said"
grub "no file" quiet "--config=none.conf"
has err "none.conf: there is none"
has err "lwk.cfg: no parameters for the LWK"
echo nonsense >nonsense.conf
grub "nonsense in it" quiet "--config=nonsense.conf"
has err "nonsense.conf: line 1, column "
grub "another machine" quiet \
	"--topology=$tests/topologies/vm-2.xml --root=root"
has err "for other hardware than this"
mv bin/lwk-setup lwk-setup.away
try 0 "lwk-setup has gone" env PATH="$dir/bin:/usr/bin:/bin" sh mkconfig "$cfg"
test "$(tail -n 1 out)" = quiet
result $? "... and the entries are plain Linux's"
# Of a machine that is set up itself, the file is still there.
if [ -e /etc/lwk/lwk.conf ]; then
	has err "lwk.cfg: lwk-setup is not installed"
else
	test ! -s err
	result $? "... and without a file nothing is said"
fi
printf '#!/bin/sh\necho lwkcpus=1\nexit 127\n' >bin/lwk-setup
chmod +x bin/lwk-setup
grub "lwk-setup is half installed" quiet
rm bin/lwk-setup
mv lwk-setup.away bin/lwk-setup

echo "# at boot"
sys=root/sys/kernel/config/lwk/boot
cpu=root/sys/devices/system/cpu
irqbalance=root/run/lwk/irqbalance
mkdir -p $cpu root/run root/proc
lwk_boot()	# lwk_boot LWKCPUS CORES: as a kernel that has accepted it
{
	mkdir -p $sys root/sys/module/lwk/parameters
	for file in quantum_us poll_us syscall_poll_us perf calls_local \
		calls_hop; do
		: >$sys/$file
	done
	: >root/sys/module/lwk/parameters/clear_rate
	echo "$1" >$sys/lwkcpus
	echo "$2" >$cpu/lwk
	echo "BOOT_IMAGE=x lwkcpus=$1 lwkmem=0:12G" >root/proc/cmdline
	printf 'MemTotal: 1 kB\nLwkTotal:       12582912 kB\n' \
		>root/proc/meminfo
}
apply()	# apply STATUS NAME MACHINE
{
	try "$1" "$2" recorded "$3" --root=root --apply
}
lwk_boot 1-3,5-7 1-3,5-7
rm $conf
recorded laptop --root=root --write >out
sed -i 's/"settings": {/&"quantum_us": 5000, "poll_us": 0, "syscall_poll_us": 9,\
	"perf": true, "calls_local": ["read", "write"], "calls_hop": ["openat"],\
	"clear_rate": 64, "owner": "root", "group": "root", "mode": "0770"/' $conf
if [ "$(id -u)" -ne 0 ]; then
	sed -i "s/\"root\"/\"$(id -un)\"/; s/\"root\"/\"$(id -gn)\"/" $conf
fi
apply 0 "all is well" laptop
test ! -s out && test ! -s err
result $? "... and nothing is said"
for pair in quantum_us:5000 poll_us:0 syscall_poll_us:9 perf:1 \
	calls_local:read,write calls_hop:openat; do
	test "$(cat "$sys/${pair%%:*}")" = "${pair#*:}"
	result $? "... and ${pair%%:*} is ${pair#*:}"
done
test "$(cat root/sys/module/lwk/parameters/clear_rate)" = 64
result $? "... and clear_rate is 64"
test "$(stat -c %a $sys)" = 770
result $? "... and the directory has its mode"
has $irqbalance "IRQBALANCE_BANNED_CPULIST=1-3,5-7"
echo 1-3,5-7,9 >$cpu/isolated
echo 1-7 >$cpu/nohz_full
try 0 "what is banned already" env IRQBALANCE_BANNED_CPULIST=11 \
	IRQBALANCE_BANNED_CPUS=00000001,00001000 "$program" --apply \
	--root=root --topology="$tests/topologies/laptop.xml"
has $irqbalance "IRQBALANCE_BANNED_CPULIST=1-7,9,11-12,32"
rm $sys/poll_us
chmod 755 $sys
sed -i 's/"owner": "[^"]*"/"owner": "no-such-user"/' $conf
apply 125 "two settings fail" laptop
has err "settings: poll_us=0: cannot be set in root/sys/kernel/config/lwk/boot/poll_us: No such file"
has err "settings: owner=no-such-user: cannot be set"
lines 2 err
test "$(stat -c %a $sys)" = 770
result $? "... and the others do not"
sed -i 's/"owner": "[^"]*", //' $conf
lwk_boot 2-3,6-7 2-3,6-7
apply 1 "booted with another layout" laptop
has err "cpus: 1-3,5-7, but this was booted with lwkcpus=2-3,6-7: run update-grub and reboot"
has $sys/poll_us 0
lwk_boot 1-3,5-7 1-3,5-7
echo 'MemTotal: 1 kB' >root/proc/meminfo
apply 1 "memory that was refused" laptop
has err "lwkmem=0:12G is not in force"
lwk_boot 1-3,5-7 1-3,5-7
chmod 755 $sys
apply 1 "the disk was moved" hybrid
has err "4 cores then, 16 now"
has err "is for other hardware: nothing of it is set: run lwk-setup --write, update-grub, and reboot; until then cores are isolated, and only root may use them"
test ! -s $sys/poll_us && test "$(stat -c %a $sys)" = 755
result $? "... and nothing is set"
test -e $irqbalance
result $? "... but irqbalance keeps off what is isolated"
try 3 "no file" recorded laptop --root=root --apply --config=none.conf
test -e $irqbalance
result $? "... but irqbalance keeps off what is isolated"
rm -r $sys $cpu/lwk
apply 1 "lwkcpus= refused" laptop
has err "the kernel has refused lwkcpus=: this is plain Linux: see dmesg"
test ! -e $irqbalance
result $? "... and irqbalance may go everywhere"
apply 1 "the disk was moved, lwkcpus= refused" hybrid
has err "and reboot"
test "$(grep -c 'until then' err)" -eq 0
result $? "... and no core is isolated"
rm -r root/sys/module/lwk
apply 0 "a kernel without LWK" laptop
has err "this kernel has no LWK: this is plain Linux"
echo BOOT_IMAGE=x >root/proc/cmdline
apply 0 "the recovery entry" laptop
has err "booted without lwkcpus=: this is plain Linux"
lwk_boot 1-3,5-7 1-3,5-7
rm -r root/run
touch root/run
apply 0 "irqbalance cannot be told" laptop
has err "root/run/lwk/irqbalance: irqbalance is not told to keep off: Not a directory"

finish
