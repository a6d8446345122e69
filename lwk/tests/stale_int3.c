// SPDX-License-Identifier: GPL-2.0
/*
 * An INT3 that is not there any more, on a machine that QEMU emulates.
 *
 * Who patches code puts an INT3 at its beginning, then writes the rest, then
 * the first byte, and after each step interrupts all cores and waits for them:
 * a core that meets the INT3 is told where to go on, and when the patcher is
 * done nobody can meet it. QEMU before 8.1, with a thread for each core, lets
 * one slip: a thread has read the INT3 and not yet entered its translation in
 * the tables when another core overwrites it. The translation is not found and
 * stays; that core answers the interrupt first, runs the INT3 then, and Linux,
 * which knows of none there, dies.
 *
 * Loaded by selftests/qemu/init.c in the machines of the tests. It does what
 * the instruction that is there now would do, for as long as QEMU keeps its
 * mistake. Not if an LWK core is the first to meet it: interrupts of patchers
 * may be deferred there, so it could be our fault.
 */
#define pr_fmt(fmt) "lwk: " fmt

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kdebug.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/sched/isolation.h>
#include <linux/string.h>
#include <asm/nops.h>
#include <asm/text-patching.h>

/* Addresses of such INT3s. More than there ever were in one machine. */
static unsigned long known[64];

/* Context: as an NMI. */
static bool is_known(unsigned long at, bool learn)
{
	unsigned long old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		old = READ_ONCE(known[i]);
		if (!old && learn) {
			old = cmpxchg(&known[i], 0, at);
			if (!old)
				pr_info("QEMU runs an INT3 that is gone, at %pS\n",
					(void *)at);
		}
		if (!old || old == at)
			return old || learn;
	}
	return false;
}

/*
 * Does what jump labels, static calls and the function tracer put there; where
 * that is an INT3 again, or changes meanwhile, the core looks once more.
 */
static bool emulate(struct pt_regs *regs, unsigned long at)
{
	static const u8 nop2[] = { BYTES_NOP2 }, nop5[] = { BYTES_NOP5 };
	union text_poke_insn insn;

	/* Who patches writes an INT3 before the rest, and waits in between. */
	insn.opcode = READ_ONCE(*(u8 *)at);
	barrier();
	insn.disp = *(s32 *)(at + 1);
	barrier();
	if (insn.opcode == INT3_INSN_OPCODE ||
	    insn.opcode != READ_ONCE(*(u8 *)at))
		int3_emulate_jmp(regs, at);
	else if (insn.opcode == CALL_INSN_OPCODE)
		int3_emulate_call(regs, at + CALL_INSN_SIZE + insn.disp);
	else if (insn.opcode == JMP32_INSN_OPCODE)
		int3_emulate_jmp(regs, at + JMP32_INSN_SIZE + insn.disp);
	else if (insn.opcode == JMP8_INSN_OPCODE)
		int3_emulate_jmp(regs, at + JMP8_INSN_SIZE + (s8)insn.disp);
	else if (insn.opcode == RET_INSN_OPCODE)
		int3_emulate_ret(regs);
	else if (!memcmp(insn.text, nop2, sizeof(nop2)))
		int3_emulate_jmp(regs, at + sizeof(nop2));
	else if (!memcmp(insn.text, nop5, sizeof(nop5)))
		int3_emulate_jmp(regs, at + sizeof(nop5));
	else
		return false;
	return true;
}

/* Context: as an NMI. */
static int forgive(struct notifier_block *nb, unsigned long event, void *data)
{
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	static atomic_t doubts = ATOMIC_INIT(1000);
	bool of_linux, stale;
	unsigned long at;

	if (event != DIE_INT3 || user_mode(regs))
		return NOTIFY_DONE;
	lockdep_assert(in_nmi());
	at = regs->ip - INT3_INSN_SIZE;
	of_linux = housekeeping_cpu(raw_smp_processor_id(), HK_TYPE_DOMAIN);
	if (READ_ONCE(*(u8 *)at) == INT3_INSN_OPCODE && !is_known(at, false))
		/* Has Linux begun to patch since it looked? Now and then. */
		stale = of_linux && atomic_dec_if_positive(&doubts) >= 0;
	else
		stale = is_known(at, of_linux);
	return stale && emulate(regs, at) ? NOTIFY_STOP : NOTIFY_DONE;
}

static struct notifier_block forgiver = { .notifier_call = forgive };

static int __init stale_int3_init(void)
{
	return register_die_notifier(&forgiver);
}
module_init(stale_int3_init);

static void __exit stale_int3_exit(void)
{
	unregister_die_notifier(&forgiver);
}
module_exit(stale_int3_exit);

MODULE_DESCRIPTION("Forgives QEMU an INT3 that was overwritten");
MODULE_LICENSE("GPL");
