# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts that start QEMU share.

# accelerator: arguments that say what executes the CPUs. Environment: ACCEL
# (tcg, kvm).
accelerator()
{
	case ${ACCEL:-tcg} in
	tcg)
		# The emulated TSC is constant and the same on all CPUs; unless
		# the CPU says so, Linux distrusts it on two sockets: no stable
		# sched_clock. Fast string instructions are slow here: Linux
		# then clears pages by the byte, in eight times as many turns.
		echo -accel tcg,thread=multi -cpu \
			max,x-force-features=on,check=off,+invtsc,+tsc-adjust,-erms,-fsrm
		;;
	*) echo -accel "$ACCEL" -cpu host ;;
	esac
}

# emulator_race CONSOLE MARK: this boot ended by an error of the emulator,
# before there was a line with MARK.
#
# QEMU before 8.1, with a thread per CPU, may execute a breakpoint that is
# gone already when one CPU patches kernel code while another one translates
# the same page. Boot does so when it turns static keys on. Nothing of ours has
# run by then. Later, a module makes up for it: lwk/tests/stale_int3.c.
emulator_race()
{
	grep -q 'Oops: int3' "$1" && ! grep -q "$2" "$1"
}

# late_tick CONSOLE: Linux warned that it had looked after a tickless core more
# than three seconds late, as happens where the host does not run the core that
# looks.
late_tick()
{
	grep -q 'WARNING: .* at sched_tick_remote' "$1"
}

# splat CONSOLE [PATTERN]: the first complaint of the kernel, with its context;
# fails without one. Warnings whose first line has PATTERN do not count.
splat()
{
	tr -d '\r' <"$1" | awk -v pattern="${2-}" '
		# the rest of a warning that does not count
		pattern != "" && /WARNING: / && $0 ~ pattern { skip = 1 }
		skip { if (/end trace/) skip = 0; next }
		/[Cc]ommand line:/ || /Spectre V2 : WARNING:/ { next }
		# a killer that did its duty shows a trace, and is no splat
		/invoked oom-killer/ { oom = 1 }
		oom && /<\/TASK>/ { oom = 0; next }
		oom { next }
		/WARNING: |BUG: |Oops|INFO: possible|INFO: task .* blocked/ ||
		/rcu: INFO:|UBSAN:|KASAN|kmemleak:.*unreferenced/ ||
		/Call Trace|general protection|possible recursive locking/ ||
		/page allocation failure|nobody cared|BUG [a-z]/ ||
		/sleeping function called/ { if (!hit) hit = NR }
		{ line[NR % 4] = $0 }
		hit == NR { for (i = NR - 3; i < NR; i++)
				if (i % 4 in line) print line[i % 4] }
		hit && NR < hit + 40 { print }
		END { exit !hit }'
}
