#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of scripts/entry-audit, on small kernels made of a few instructions.

Each test puts a line of assembler into one of three places: before the check,
after it, or after the state has gone back to user.

usage: entry_audit_test.py [-v]; needs as and ld. With VMLINUX in the
environment, the real kernel must also fail without any one line of the list;
AUDIT_FLAGS are passed on.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..",
                      "entry-audit")
ENTRIES = ("entry_SYSCALL_64", "asm_exc_nmi", "asm_exc_page_fault",
           "asm_exc_int3", "asm_exc_debug", "asm_exc_machine_check",
           "asm_exc_double_fault", "asm_common_interrupt",
           "asm_sysvec_apic_timer_interrupt")

KERNEL = """
	.text
__noinstr_text_start:
	.globl	ct_kernel_enter_state
	.type	ct_kernel_enter_state, @function
ct_kernel_enter_state:
	lock xadd %eax, %gs:state
	cmpl	$0, %gs:debt
	je	1f
	call	__lwk_pay_debt
1:	ret
	.type	__lwk_pay_debt, @function
__lwk_pay_debt:
	mov	%cr4, %rax
	mov	%rax, %cr4
	ret
	.type	ct_kernel_exit_state, @function
ct_kernel_exit_state:
	lock xadd %eax, %gs:state
	ret
	.type	irqentry_enter, @function
irqentry_enter:
	testb	$3, 0x88(%rdi)
	je	1f
	call	ct_kernel_enter_state
1:	ret
	.type	handler, @function
handler:
	push	%rbx
	mov	%rdi, %rbx
	BEFORE
	mov	%rbx, %rdi
	call	irqentry_enter
	AFTER
	call	work
	call	ct_kernel_exit_state
	LEAVING
	pop	%rbx
	ret
	.type	helper, @function
helper:
	HELPER
	ret
__noinstr_text_end:
	.type	work, @function
work:	call	*(%rdx)
	ret
	.balign	4096
__entry_text_start:
STUBS
irq_entries_start:
	push	$0x20
	jmp	asm_common_interrupt
__entry_text_end:
	.section .altinstr_replacement, "ax"
new:	call	work
new_end:
	.section .altinstructions, "a"
ALTERNATIVE
	.section __ex_table, "a"
FIXUP
	.section .rodata, "a"
	.balign	8
__start___jump_table:
JUMP
__stop___jump_table:
__start_static_call_sites:
STATIC
__stop_static_call_sites:
__start_mcount_loc:
MCOUNT
__stop_mcount_loc:
	.balign	8
__start_ro_after_init:
fixed_key:	.quad 0
__end_ro_after_init:
	.data
	.balign	8
loose_key:	.quad 0
context_tracking_key: .quad 0
table:		.quad work
	.set state, 0x100
	.set debt, 0x180
	.set pcpu_hot, 0x200
	.set this_cpu_off, 0x300
"""

LAYOUT = """SECTIONS {
	. = 0xffffffff81000000;
	.text : { *(.text) }
	.rodata : { *(.rodata) }
	.altinstructions : { *(.altinstructions) }
	.altinstr_replacement : { *(.altinstr_replacement) }
	__ex_table : { *(__ex_table) }
	.data : { *(.data) }
}
"""

SITE = ".Lsite:	.byte 0x0f, 0x1f, 0x44, 0, 0"


def jump(key, likely=0):
    """An entry of the jump table for the instruction at site."""
    return ("	.long .Lsite - .\n	.long .Lsite + 5 - .\n"
            f"	.quad {key} + {likely} - .")


class EntryAudit(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.kernel = os.path.join(self.dir.name, "vmlinux")
        self.list = os.path.join(self.dir.name, "allow")

    def build(self, **parts):
        text = KERNEL.replace("STUBS", "\n".join(
            f"{n}:\n	mov	%rsp, %rdi\n	call	handler\n	iretq" for n in ENTRIES))
        for name in ("BEFORE", "AFTER", "LEAVING", "HELPER", "ALTERNATIVE",
                     "JUMP", "STATIC", "MCOUNT", "FIXUP"):
            text = text.replace(name, parts.get(name.lower(), ""))
        source, layout = self.kernel + ".s", self.kernel + ".lds"
        with open(source, "w", encoding="ascii") as file:
            file.write(text)
        with open(layout, "w", encoding="ascii") as file:
            file.write(LAYOUT)
        subprocess.run(["as", "-o", self.kernel + ".o", source], check=True)
        subprocess.run(["ld", "--no-warn-rwx-segments", "-T", layout, "-e",
                        "0", "-o", self.kernel, self.kernel + ".o"],
                       check=True)

    def audit(self, allow="", *args):
        with open(self.list, "w", encoding="ascii") as file:
            file.write(allow)
        done = subprocess.run([sys.executable, SCRIPT, "--allow", self.list,
                               *args, self.kernel], check=False,
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def finds(self, what, allow):
        """It is found, named, and accepted when it has been reviewed."""
        status, text = self.audit()
        self.assertEqual(status, 1, text)
        self.assertIn(what, text)
        self.assertEqual(text.count("\n"), 1, text)
        status, text = self.audit(allow + " reviewed\n")
        self.assertEqual(status, 0, text)

    def clean(self):
        status, text = self.audit()
        self.assertEqual(status, 0, text)

    def test_clean(self):
        self.build()
        self.clean()

    def test_jump_label(self):
        self.build(before=SITE, jump=jump("loose_key"))
        self.finds("jump loose_key", "handler jump loose_key")

    def test_jump_label_likely(self):
        self.build(before=SITE, jump=jump("loose_key", 1))
        self.finds("jump loose_key", "handler jump loose_key")

    def test_jump_label_read_only(self):
        self.build(before=SITE, jump=jump("fixed_key"))
        self.clean()

    def test_jump_label_after_check(self):
        self.build(after=SITE, jump=jump("loose_key"))
        self.clean()

    def test_jump_label_leaving(self):
        self.build(leaving=SITE, jump=jump("loose_key"))
        self.finds("jump loose_key", "handler jump loose_key")

    def test_jump_label_in_callee(self):
        self.build(before="call helper", helper=SITE, jump=jump("loose_key"))
        self.finds("jump loose_key", "helper jump loose_key")

    def test_assumed_key_guards(self):
        # Where context tracking is off nothing can be owed.
        self.build(before=SITE + "\n	jmp *%rdx\n.Lguarded:",
                   jump="	.long .Lsite - .\n	.long .Lguarded - .\n"
                        "	.quad context_tracking_key - .")
        status, text = self.audit("handler jump context_tracking_key fixed\n")
        self.assertEqual(status, 0, text)

    def test_static_call(self):
        self.build(before=".Lsite: call helper",
                   static="	.long .Lsite - .\n	.long loose_key - .")
        self.finds("static loose_key", "handler static loose_key")

    def test_mcount(self):
        self.build(before=SITE, mcount="	.quad .Lsite")
        self.finds("mcount __fentry__", "handler mcount __fentry__")

    def test_call(self):
        self.build(before="call work")
        self.finds("call work", "handler call work")

    def test_indirect(self):
        self.build(before="call *table(%rip)")
        self.finds("indirect table", "handler indirect table")

    def test_indirect_after_check(self):
        self.build(after="call *table(%rip)")
        self.clean()

    def test_alternative(self):
        self.build(before=SITE, alternative="	.long .Lsite - .\n"
                   "	.long new - .\n	.long 0\n	.byte 5, new_end - new")
        self.finds("call work", "handler call work")

    def test_memory(self):
        self.build(before="mov table(%rip), %rax\n	mov 8(%rax), %eax")
        self.finds("memory mem:table", "handler memory mem:table")

    def test_memory_string(self):
        self.build(before="mov table(%rip), %rsi\n	mov %rsp, %rdi\n"
                          "	rep movsb")
        self.finds("memory mem:table", "handler memory mem:table")

    def test_memory_known(self):
        self.build(before="mov %gs:pcpu_hot, %rax\n	mov 8(%rax), %eax\n"
                          "	mov 16(%rbx), %eax\n	mov table(%rip), %eax\n"
                          "	mov %gs:this_cpu_off, %rax\n	mov 4(%rax), %eax")
        self.clean()

    def test_fixup(self):
        self.build(before=".Lsite: rdmsr", fixup="	.long .Lsite - .\n"
                   "	.long 1f - .\n	.long 0\n	.text\n1:	jmp *%rbx")
        status, text = self.audit()
        self.assertEqual(status, 1, text)
        self.assertIn("indirect", text)

    def test_no_hook(self):
        self.build()
        status, text = self.audit("", "--pay", "work")
        self.assertEqual(status, 2, text)
        self.assertIn("no path from an entry reaches work", text)

    def test_stale(self):
        self.build()
        status, text = self.audit("handler call work reviewed\n")
        self.assertEqual(status, 1, text)
        self.assertIn("allow:1: handler call work: no longer there", text)
        status, text = self.audit("?handler call work reviewed\n")
        self.assertEqual(status, 0, text)

    def test_json(self):
        self.build(before="call work")
        status, text = self.audit("", "--json")
        self.assertEqual(status, 1)
        found = json.loads(text)["found"]
        self.assertEqual([(f["function"], f["kind"], f["object"])
                          for f in found], [("handler", "call", "work")])

    def test_unusable(self):
        self.build()
        for allow, args in (("handler call\n", ()), ("handler x y z\n", ()),
                            ("", ("--check", "nothing"))):
            status, text = self.audit(allow, *args)
            self.assertEqual(status, 2, text)
        with open(self.kernel, "w", encoding="ascii") as file:
            file.write("no kernel")
        status, text = self.audit()
        self.assertEqual(status, 2, text)
        self.assertIn("not a little-endian x86-64 ELF file", text)

    @unittest.skipUnless(os.environ.get("VMLINUX"), "no VMLINUX given")
    def test_kernel(self):
        self.kernel = os.environ["VMLINUX"]
        with open(SCRIPT + ".allow", encoding="utf-8") as file:
            rows = [r for r in file if r.strip() and r[0] != "#"]
        for row in rows:
            if row.startswith("?"):
                continue
            rest = "".join(r for r in rows if r != row)
            status, text = self.audit(rest, *os.environ.get(
                "AUDIT_FLAGS", "").split())
            self.assertEqual(status, 1, f"without: {row}{text}")


if __name__ == "__main__":
    unittest.main()
