# SPDX-License-Identifier: GPL-2.0
"""What registers may point to, as far as that can be told from the code."""

import re

NO_ACCESS = {"lea", "nop", "nopw", "nopl", "prefetch", "invlpg"}
MEMORY = re.compile(r"(%[c-g]s:)?(-?0x[0-9a-f]+)?\(([^)]*)\)")
GOOD = ("stack", "percpu", "image", "current", "const")


def full(reg):
    """The 64-bit name of a register, None for others (xmm0, cr3)."""
    reg = reg.lstrip("%")
    if re.fullmatch(r"r\d+[dwb]?", reg):
        return reg.rstrip("dwb")
    if re.fullmatch(r"[er]?[abcd]x|[abcd][lh]", reg):
        return "r" + reg[-2] + "x" if len(reg) > 2 else "r" + reg[0] + "x"
    if re.fullmatch(r"[er]?(si|di|bp|sp)l?", reg):
        return "r" + reg.lstrip("er").rstrip("l")
    return None


class Values:
    """What the registers of a procedure may hold, in classes."""

    def __init__(self, audit):
        self.audit = audit
        self.image = audit.image

    @staticmethod
    def join(old, new):
        """Merges two sets of registers; None where they differ."""
        return {r: v for r, v in old.items() if new.get(r) == v}

    def pointers(self, insn, regs):
        """(class, text) of each memory operand; string operations have two."""
        if insn.op in NO_ACCESS or insn.op.startswith(("nop", "prefetch")):
            return []
        found = [self._address(insn, m, regs)
                 for m in MEMORY.finditer(insn.text)]
        direct = re.search(r"(%[c-g]s:)?(?<![$(-])\b(0x[0-9a-f]+)(?!\()",
                           insn.text)
        if not found and direct and "$" + direct[2] not in insn.text and \
           insn.op[0] != "j" and not insn.op.startswith("call"):
            number = int(direct[2], 16)
            inside = number in range(*self.audit.kernel)
            kind = "percpu" if direct[1] == "%gs:" else \
                "image" if inside else "absolute"
            found = [(kind, self.image.name(number))]
        return found

    def _address(self, insn, found, regs):
        segment, disp, inner = found.groups()
        if segment == "%gs:":
            where = insn.ref if insn.ref is not None else \
                int(disp or "0", 16)
            return ("percpu", self.image.name(where))
        base, *index = inner.split(",")
        if base == "%rip":
            return ("image", self.image.name(insn.ref))
        base = full(base) if base else None
        offset = int(disp or "0", 16)
        if base == "rsp":
            return ("stack", "")
        names = [base] + ([full(index[0])] if index else [])
        known = [regs.get(n) for n in names if n]
        for value in known:
            if value in GOOD and value != "const":
                return (value, f"+{offset:#x}")
        if offset % (1 << 64) in range(*self.audit.kernel) or \
           offset + (1 << 64) in range(*self.audit.kernel):
            return ("image", self.image.name(offset % (1 << 64)))
        first = known[0] if known else None
        return (first or f"reg:{base or names[-1]}", f"+{offset:#x}")

    def load(self, insn, regs):
        """The class of a value that was loaded from memory."""
        where, text = (self.pointers(insn, regs) or [("reg:none", "")])[0]
        if where == "percpu":
            if text == "this_cpu_off":
                return "percpu"
            if text in ("pcpu_hot", "current_task"):
                return "current"
            return "mem:" + text
        if where == "image":
            return "mem:" + text
        if where == "stack":
            return "mem:stack"
        value = f"mem:{where}{text}"
        return value if len(value) < 48 else None

    def source(self, insn, regs):
        arg = insn.args[0]
        if arg.startswith("$"):
            number = int(arg[1:], 0) % (1 << 64)
            inside = number in range(*self.audit.kernel)
            return "image" if inside else "const"
        if "(" in arg or arg.startswith("%gs:"):
            return self.load(insn, regs)
        reg = full(arg)
        return "stack" if reg == "rsp" else regs.get(reg)

    def step(self, insn, regs):
        """The registers after an instruction that does not jump."""
        op, regs = insn.op, dict(regs)
        if op.startswith(("test", "cmp")):
            regs["flags"] = self._compared(insn, regs)
            return regs
        if op in ("pushf", "push", "pushq", "nop", "nopw", "nopl", "swapgs") \
           or not insn.args:
            return regs
        reg = full(insn.args[-1])
        if not op.startswith(("mov", "lea", "cmov", "set")):
            regs.pop("flags", None)
        if op in ("rdmsr", "cpuid", "rdtsc", "rdtscp", "xgetbv"):
            for name in ("rax", "rbx", "rcx", "rdx"):
                regs.pop(name, None)
        if reg is None or reg == "rsp":
            return regs
        value = self._result(insn, regs, reg)
        regs[reg] = value
        if op.startswith(("xchg", "xadd")) and full(insn.args[0]):
            regs[full(insn.args[0])] = None
        return {r: v for r, v in regs.items() if v}

    def _compared(self, insn, regs):
        a = insn.args
        if insn.op.startswith("test") and len(a) == 2 and a[0] == a[1]:
            return regs.get(full(a[0]))
        if insn.op.startswith("cmp") and a[0] == "$0x0":
            return self.load(insn, regs) if "(" in a[1] \
                else regs.get(full(a[1]))
        return None

    def _result(self, insn, regs, reg):
        op = insn.op
        if op.startswith(("movz", "movs")) and len(insn.args) == 2 and \
           "(" not in insn.args[0]:
            return None
        if op.startswith("mov") and len(insn.args) == 2:
            return self.source(insn, regs)
        if op.startswith("lea"):
            found = MEMORY.search(insn.text)
            where = self._address(insn, found, regs) if found else (None,)
            return where[0] if where[0] in GOOD or \
                str(where[0]).startswith(("arg:", "mem:", "ret:")) else None
        if op.startswith("add") and len(insn.args) == 2:
            other = self.source(insn, regs)
            if "percpu" in (other, regs.get(reg)):
                return "percpu"
            return regs.get(reg) or other
        if op.startswith(("sub", "and", "inc", "dec", "or")):
            return regs.get(reg)
        if op.startswith("xor") and insn.args[0] == insn.args[-1]:
            return "const"
        return None
