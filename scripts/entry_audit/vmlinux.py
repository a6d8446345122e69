# SPDX-License-Identifier: GPL-2.0
"""A built kernel: sections, tables of patch sites, instructions."""

import bisect
import collections
import fnmatch
import re
import struct
import subprocess

# Must be there, or the list of entries below has missed something.
NEEDED = ("entry_SYSCALL_64", "asm_exc_nmi", "asm_exc_page_fault",
          "asm_exc_int3", "asm_exc_debug", "asm_exc_machine_check",
          "asm_exc_double_fault", "asm_common_interrupt",
          "asm_sysvec_apic_timer_interrupt", "irq_entries_start")
ENTRIES = ("asm_exc_*", "asm_sysvec_*", "asm_common_interrupt",
           "asm_spurious_interrupt", "asm_int80_emulation", "asm_fred_entry*",
           "entry_SYSCALL_64", "entry_SYSENTER_compat",
           "entry_SYSCALL_compat", "entry_SYSCALL32_ignore",
           "entry_INT80_compat")
STUBS = ("irq_entries_start", "spurious_entries_start")
TABLES = ("early_idts", "def_idts", "ia32_idt", "apic_idts", "early_pf_idts")

PREFIXES = {"lock", "rep", "repz", "repnz", "notrack", "cs", "ds", "data16",
            "bnd", "rex.W", "addr32"}
COMMENT = re.compile(r"# (?:0x)?([0-9a-f]+)")
TARGET = re.compile(r"^(?:0x)?([0-9a-f]+)(?: |$)")


class Bad(Exception):
    """The input is not what the audit needs."""


class Image:
    """Sections and symbols of an ELF file."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01" or \
           struct.unpack_from("<H", self.data, 18)[0] != 62:
            raise Bad(f"{path}: not a little-endian x86-64 ELF file")
        self._sections()
        self._symbols()

    def _sections(self):
        shoff, = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        raw = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * size)
               for i in range(count)]
        strings = raw[names][4]
        self.sections = []
        for head in raw:
            end = self.data.index(b"\0", strings + head[0])
            name = self.data[strings + head[0]:end].decode()
            self.sections.append((name, *head[1:]))
        # name, type, flags, address, offset, size
        self.loaded = [s for s in self.sections if s[2] & 2]

    def _symbols(self):
        self.functions = set()
        self.names, at = {}, collections.defaultdict(list)
        table = [s for s in self.sections if s[1] == 2]
        if not table:
            raise Bad(f"{self.path}: no symbol table")
        strings = self.sections[table[0][6]][4]
        for off in range(table[0][4], table[0][4] + table[0][5], 24):
            name, info, _, _, value, _ = \
                struct.unpack_from("<IBBHQQ", self.data, off)
            end = self.data.index(b"\0", strings + name)
            name = self.data[strings + name:end].decode()
            if name and info & 15 < 3 and not name.startswith("__pfx_"):
                self.names.setdefault(name, value)
                if info & 15 == 2:
                    self.functions.add(value)
                at[value].append((self._rank(name, info), name))
        self.starts = sorted(at)
        self.at = {value: [n for _, n in sorted(at[value])] for value in at}

    @staticmethod
    def _rank(name, info):
        """Names of things before names of places, const aliases last."""
        place = re.search(r"^__.*_(start|end)$|^_[es]|^const_", name)
        return (bool(place), info & 15 != 2, -(info >> 4))

    def value(self, name):
        return self.names.get(name)

    def area(self, start, end):
        """The range between two symbols; empty if there are none."""
        return (self.names.get(start, 0), self.names.get(end, 0))

    def table(self, name, start, end):
        """Contents and address of a table: a section, or between symbols."""
        for section in self.loaded:
            if section[0] == name:
                return (self.read(section[3], section[5]), section[3])
        low, high = self.area(start, end)
        return (self.read(low, high - low), low)

    def read(self, address, size):
        for _, kind, _, base, off, length, *_ in self.loaded:
            if kind != 8 and base <= address < base + length:
                off += address - base
                return self.data[off:off + size]
        return b""

    def name(self, address, offset=True):
        """Symbol plus offset of an address."""
        i = bisect.bisect_right(self.starts, address) - 1
        if i < 0:
            return f"{address:#x}"
        name = self.at[self.starts[i]][0]
        rest = address - self.starts[i]
        return name + (f"+{rest:#x}" if rest and offset else "")


Insn = collections.namedtuple("Insn", "addr end op args target ref text")


class Code:
    """Disassembles on demand, with objdump."""

    def __init__(self, image, objdump="objdump"):
        self.image, self.objdump, self.insns = image, objdump, {}
        self.jumps, self.statics, self.mcount = {}, {}, set()
        self.fixups = {}
        self.alts = collections.defaultdict(list)
        self.back = {}
        self._tables()
        for low, high in self.safe:
            self.load(low, high)
        for section in image.loaded:
            if section[0] == ".altinstr_replacement":
                self.load(section[3], section[3] + section[5])

    def _tables(self):
        image = self.image
        self.safe = [r for r in (
            image.area("__entry_text_start", "__entry_text_end"),
            image.area("__noinstr_text_start", "__noinstr_text_end")) if r[1]]
        if len(self.safe) < 2:
            raise Bad(f"{image.path}: no __entry_text_start or "
                      "__noinstr_text_start: is it a vmlinux?")
        self.fixed = image.area("__start_ro_after_init", "__end_ro_after_init")
        data, base = image.table("__jump_table", "__start___jump_table",
                                 "__stop___jump_table")
        for off in range(0, len(data) - 15, 16):
            code, target, key = struct.unpack_from("<iiq", data, off)
            key += base + off + 8
            self.jumps[base + off + code] = (base + off + 4 + target,
                                             key & ~3, key & 1)
        data, base = image.table("", "__start_static_call_sites",
                                 "__stop_static_call_sites")
        for off in range(0, len(data) - 7, 8):
            site, key = struct.unpack_from("<ii", data, off)
            self.statics[base + off + site] = base + off + 4 + key & ~3
        data, _ = image.table("", "__start_mcount_loc", "__stop_mcount_loc")
        self.mcount = set(struct.unpack(f"<{len(data) // 8}Q", data))
        data, base = image.table("__ex_table", "__start___ex_table",
                                 "__stop___ex_table")
        for off in range(0, len(data) - 11, 12):
            site, fixup = struct.unpack_from("<ii", data, off)
            self.fixups[base + off + site] = base + off + 4 + fixup
        data, base = image.table(".altinstructions", "__alt_instructions",
                                 "__alt_instructions_end")
        for off in range(0, len(data) - 13, 14):
            site, new, _, old_len, new_len = \
                struct.unpack_from("<iiIBB", data, off)
            site += base + off
            new += base + off + 4
            if new_len:
                self.alts[site].append(new)
                self.back[new + new_len] = site + old_len

    def load(self, low, high):
        text = subprocess.run(
            [self.objdump, "-dw", f"--start-address={low:#x}",
             f"--stop-address={high:#x}", self.image.path],
            check=True, capture_output=True, text=True).stdout
        for line in text.splitlines():
            part = line.split("\t")
            if len(part) == 3 and part[0].endswith(":"):
                insn = self._parse(int(part[0].strip(" :"), 16),
                                   len(part[1].split()), part[2].strip())
                self.insns[insn.addr] = insn

    @staticmethod
    def _parse(addr, size, text):
        body = text.split("#")[0].strip()
        words = body.split()
        while len(words) > 1 and words[0] in PREFIXES:
            words.pop(0)
        args = re.findall(r"(?:[^,(]|\([^)]*\))+", " ".join(words[1:]))
        ref = COMMENT.search(text)
        target = TARGET.match(args[0]) if len(args) == 1 else None
        if not re.match(r"j|call|loop|xbegin", words[0]):
            target = None
        return Insn(addr, addr + size, words[0].removesuffix(",pn"), args,
                    int(target[1], 16) if target else None,
                    int(ref[1], 16) if ref else None, body)

    def get(self, addr):
        if addr not in self.insns:
            i = bisect.bisect_right(self.image.starts, addr)
            high = self.image.starts[i] if i < len(self.image.starts) \
                else addr + 64
            self.load(addr, min(high, addr + 4096))
        return self.insns.get(addr)

    def is_safe(self, addr):
        return any(low <= addr < high for low, high in self.safe) or \
            any(s[0] == ".altinstr_replacement" and
                s[3] <= addr < s[3] + s[5] for s in self.image.loaded)

    def is_early(self, addr):
        """Only executed until the alternatives are patched, at boot."""
        return any(s[0] == ".altinstr_aux" and s[3] <= addr < s[3] + s[5]
                   for s in self.image.loaded)

    def entries(self):
        """Addresses where the hardware enters the kernel."""
        found, names = {}, self.image.names
        missing = [n for n in NEEDED if n not in names]
        if missing:
            raise Bad(f"{self.image.path}: no symbol {missing[0]}")
        for name, value in names.items():
            if any(fnmatch.fnmatchcase(name, p) for p in ENTRIES) and \
               self.is_safe(value):
                found.setdefault(value, name)
        if "asm_fred_entrypoint_user" in names:
            # They are called by tables, so no path shows them.
            for name, value in names.items():
                if re.match(r"(fred|exc|sysvec)_", name) and \
                   self.is_safe(value):
                    found.setdefault(value, name)
        for name in STUBS:
            addr, number = names.get(name), 0
            while addr and (insn := self.insns.get(addr)):
                at = self.image.name(addr, False)
                if at != name:
                    break
                if insn.op == "push":
                    found[addr] = f"{name}[{number}]"
                    number += 1
                addr = insn.end
        for name, value in self._gates():
            if value not in found and self.is_safe(value):
                found[value] = name
        return found

    def _gates(self):
        """What the tables for the IDT name: nothing may be missing above."""
        for name in TABLES:
            base = self.image.value(name)
            i = bisect.bisect_right(self.image.starts, base or 0)
            if not base or i >= len(self.image.starts):
                continue
            data = self.image.read(base, self.image.starts[i] - base)
            for off in range(0, len(data) - 23, 24):
                value, = struct.unpack_from("<Q", data, off + 16)
                if value in self.image.at:
                    yield (self.image.name(value), value)
