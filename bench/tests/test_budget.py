# SPDX-License-Identifier: GPL-2.0
"""bench/budget: what fails, what is only said, and what accept writes."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from samples import BENCH, memory, results, write, xemem


class BudgetCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)
        self.budget = self.dir / "budget.json"

    def run_budget(self, action, data, *options):
        path = write(self.dir / "results.json", data)
        return subprocess.run(
            [BENCH / "budget", action, "--budget", self.budget, *options,
             path], capture_output=True, text=True, check=False)

    def accept(self, data=None, *options):
        run = self.run_budget("accept", data or results(), *options)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def check(self, status, words, data=None, *options):
        run = self.run_budget("check", data or results(), *options)
        said = run.stdout + run.stderr
        self.assertEqual(run.returncode, status, said)
        self.assertIn(words, said)
        return said


class Check(BudgetCase):
    def test_same_figures_pass(self):
        self.accept()
        self.check(0, "within the budget")

    def test_one_instruction_more_fails(self):
        self.accept()
        said = self.check(1, "overhead.getppid.lwk: 278",
                          results(overhead__getppid__lwk=278))
        self.assertIn("1 insn too many", said)

    def test_fewer_is_better(self):
        self.accept()
        self.check(0, "better: overhead.getppid.lwk",
                   results(overhead__getppid__lwk=276))

    def test_missing_figure_fails(self):
        self.accept()
        self.check(1, "MISSING overhead.getppid.lwk",
                   results(overhead__getppid__lwk=None))

    def test_figure_without_budget_fails(self):
        self.accept()
        self.check(1, "NEW noise.storm.new.lwk.detours",
                   results(noise__storm__new__lwk__detours=0))

    def test_peers_need_no_budget(self):
        self.accept()
        self.check(0, "within", results(overhead__new__pristine=5))

    def test_a_lab_that_does_nothing_fails(self):
        self.accept()
        name = "noise.storm.hotplug.lwk.operations"
        self.check(0, "within", results(**{name.replace(".", "__"): 75}))
        self.check(1, name, results(**{name.replace(".", "__"): 74}))
        self.check(1, "noise.quiet.plain.detours",
                   results(noise__quiet__plain__detours=0))

    def test_lwk_beyond_tuned_fails(self):
        data = results(noise__storm__hotplug__tuned__detours=99)
        self.accept(data)
        self.check(1, "more than the 99 of the tuned core", data)

    def test_a_hop_keeps_its_promises(self):
        call = "syscall__getppid__"
        calls = {f"{call}isolated": 1000, f"{call}lwk_local": 1100,
                 f"{call}lwk_hop": 7000, f"{call}lwk_hop__max": 14000,
                 f"{call}setaffinity_roundtrip": 14000,
                 f"{call}futex_proxy": 14000, f"{call}mos_style": 14000}
        for name, beyond in (("lwk_local", 1101), ("lwk_hop__max", 14001),
                             ("setaffinity_roundtrip", 13999),
                             ("futex_proxy", 13999), ("mos_style", 13999)):
            with self.subTest(name):
                data = results(**calls)
                self.accept(data)
                self.check(0, "within the budget", data)
                data = results(**{**calls, f"{call}{name}": beyond})
                self.accept(data)
                self.check(1, " times the ", data)

    def test_memory_keeps_its_promises(self):
        touch = "memory__mmap_touch_64m__"
        data = results(**memory())
        self.accept(data)
        self.check(0, "within the budget", data)
        for name, beyond, words in (
                ("lwk__insn", 1000001, "more than the 1,000,000 that are "),
                ("lwk__faults", 1, "1, more than the 0 that are promised"),
                ("linux4k__insn", 200000, "not less than the 200,000"),
                ("thp_always__insn", 200000, "not less than the 200,000"),
                ("populate__insn", 200000, "not less than the 200,000"),
                ("hugetlb__insn", 200000, "not less than the 200,000")):
            with self.subTest(name):
                data = results(**memory(**{f"{touch}{name}": beyond}))
                self.assertIn(words, self.accept(data).stdout)
                self.check(1, words, data)

    def test_limits_of_memory_are_no_excess(self):
        touch = "memory__mmap_touch_64m__"
        most = {f"{touch}{subject}__insn": 1000001 for subject in
                ("linux4k", "thp_always", "populate", "hugetlb")}
        data = results(**memory(**{f"{touch}lwk__insn": 1000000}, **most))
        self.accept(data)
        self.check(0, "within the budget", data)

    def test_no_case_costs_more_than_huge_pages(self):
        case = "memory__fork__"
        for lwk, status, words in ((70, 0, "within the budget"),
                                   (71, 1, "memory.fork.lwk.insn: 71, more "
                                    "than 1 times the 70 of "
                                    "memory.fork.thp_always.insn")):
            data = results(**memory(**{
                f"{case}lwk__insn": lwk, f"{case}thp_always__insn": 70,
                f"{case}linux4k__insn": 3}))
            self.accept(data)
            self.check(status, words, data)

    def test_memory_has_a_budget(self):
        touch = "memory__mmap_touch_64m__"
        self.accept(results(**memory()))
        self.check(1, "1 insn too many",
                   results(**memory(**{f"{touch}lwk__insn": 200001})))
        self.check(0, "better: memory.mmap_touch_64m.lwk.insn",
                   results(**memory(**{f"{touch}lwk__insn": 199999})))
        self.check(0, "within",
                   results(**memory(**{f"{touch}populate__insn": 910000})))
        self.check(1, "NEW memory.brk.lwk.insn",
                   results(**memory(memory__brk__lwk__insn=1)))

    def test_attachments_keep_their_promises(self):
        data = results(**xemem())
        self.accept(data)
        self.check(0, "within the budget", data)
        for name, beyond, words in (
                ("attach_64m_2m__eager__insn", 320001, "320,000 that are "),
                ("attach_64m_2m__eager__faults", 1, "more than the 0 that "),
                ("attach_1g_2m__eager_linux__insn", 5120001, "the 5,120,000"),
                ("attach_64m_2m__lazy__faults", 33, "33, more than the 32 "),
                ("attach_1g_2m__lazy_linux__faults", 513, "than the 512 that"),
                ("attach_64m_4k__eager__insn", 6080001, "the 6,080,000 that"),
                ("attach_64m_4k__eager__faults", 1, "more than the 0 that "),
                ("detach_64m_2m__eager__insn", 64001, "the 64,000 that are "),
                ("detach_64m_4k__eager_linux__insn", 1376001, "the 1,376,000"),
                ("last_of_100k__eager__insn", 1501, "1.5 times the 1,000 of "),
                ("release_100k__eager__insn", 701, "10 times the 70 of "),
                ("munmap_100k__eager__insn", 121, "1.2 times the 100 of ")):
            with self.subTest(name):
                data = results(**xemem(**{f"xemem__{name}": beyond}))
                self.assertIn(words, self.accept(data).stdout)
                self.check(1, words, data)

    def test_other_ways_to_read_need_no_budget(self):
        self.accept(results(**xemem()))
        shm = "xemem__attach_64m_2m__shm__insn"
        self.check(0, "within", results(**xemem(**{shm: 910000})))
        lazy = "xemem__attach_64m_4k__lazy__"
        self.check(1, "1 insn too many",
                   results(**xemem(**{f"{lazy}insn": 9000001})))
        self.check(1, "1 insn too many",
                   results(**xemem(**{f"{lazy}faults": 257})))

    def test_empty_budget_fails(self):
        self.budget.write_text((BENCH / "budget-6.12.json").read_text(
            encoding="utf-8"), encoding="utf-8")
        self.accept(results(), "--section", "full")
        budget = json.loads(self.budget.read_text(encoding="utf-8"))
        budget["short"] = {"figures": {}}
        write(self.budget, budget)
        self.check(1, "no figures", None, "--section", "short")

    def test_bad_files_are_named(self):
        self.accept()
        self.check(1, "is no number", results(overhead__getppid__lwk="x"))
        self.check(1, "environment.qemu is missing",
                   results(environment__qemu=None))
        self.check(1, "environment.release is missing",
                   results(environment__release=None))
        write(self.budget, {"full": {"figures": {"a": {"value": 1}}}})
        self.check(1, "no rule")
        write(self.budget, {"long": {}})
        self.check(1, "no such section")


class Releases(BudgetCase):
    """The budget of a release is found by what the results are of."""

    def run_default(self, action, release):
        copy = self.dir / "budget"
        copy.write_bytes((BENCH / "budget").read_bytes())
        path = write(self.dir / "results.json",
                     results(environment__release=release))
        return subprocess.run([sys.executable, copy, action, path],
                              capture_output=True, text=True, check=False)

    def test_each_has_its_own(self):
        run = self.run_default("accept", "6.18.15")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue((self.dir / "budget-6.18.json").exists())
        self.assertEqual(self.run_default("check", "6.18.9+").returncode, 0)
        run = self.run_default("check", "6.12.117")
        self.assertEqual(run.returncode, 1)
        self.assertIn("budget-6.12.json: No such file", run.stderr)

    def test_a_release_that_is_none(self):
        for release in ("../6.12", "6", "x6.12.1"):
            with self.subTest(release):
                run = self.run_default("accept", release)
                self.assertEqual(run.returncode, 1)
                self.assertIn("no release of Linux", run.stderr)


class OtherCompiler(BudgetCase):
    OTHER = {"environment__compiler": "gcc 99"}

    def test_excess_is_reported(self):
        self.accept()
        said = self.check(0, "not failed: overhead.getppid.lwk",
                          results(overhead__getppid__lwk=300, **self.OTHER))
        self.assertIn("warning: another compiler gcc 99", said)

    def test_other_qemu_too(self):
        self.accept()
        self.check(0, "warning: another qemu",
                   results(overhead__getppid__lwk=300,
                           environment__qemu="QEMU 99"))

    def test_silence_holds_with_any(self):
        self.accept()
        self.check(1, "EXCEEDED noise.quiet.lwk.detours",
                   results(noise__quiet__lwk__detours=1, **self.OTHER))

    def test_limits_of_memory_hold_with_any(self):
        touch = "memory__mmap_touch_64m__"
        self.accept(results(**memory()))
        self.check(0, "not failed: memory.mmap_touch_64m.lwk.insn",
                   results(**memory(**{f"{touch}lwk__insn": 300000}),
                           **self.OTHER))
        self.check(1, "more than the 1,000,000",
                   results(**memory(**{f"{touch}lwk__insn": 1000001}),
                           **self.OTHER))
        self.check(1, "not less than the 200,000",
                   results(**memory(**{f"{touch}hugetlb__insn": 200000}),
                           **self.OTHER))
        self.check(1, "EXCEEDED memory.mmap_touch_64m.lwk.faults",
                   results(**memory(**{f"{touch}lwk__faults": 1}),
                           **self.OTHER))

    def test_limits_of_attachments_hold_with_any(self):
        attach = "xemem__attach_64m_2m__eager__"
        self.accept(results(**xemem(**{f"{attach}insn": 200000})))
        self.check(0, "not failed: xemem.attach_64m_2m.eager.insn",
                   results(**xemem(**{f"{attach}insn": 300000}),
                           **self.OTHER))
        self.check(1, "more than the 320,000",
                   results(**xemem(**{f"{attach}insn": 320001}),
                           **self.OTHER))
        self.check(1, "EXCEEDED xemem.attach_64m_2m.eager.faults",
                   results(**xemem(**{f"{attach}faults": 1}), **self.OTHER))

    def test_missing_fails_with_any(self):
        self.accept()
        self.check(1, "MISSING", results(overhead__getppid__lwk=None,
                                         **self.OTHER))


class Accept(BudgetCase):
    def test_one_sorted_line_per_figure(self):
        self.accept()
        text = self.budget.read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines() if "rule" in line]
        self.assertEqual(lines, sorted(lines))
        self.assertEqual(len(lines), 8)
        self.assertIn('"noise.quiet.lwk.detours": '
                      '{"value": 0, "unit": "insn", "rule": "always"},', lines)
        self.assertNotIn("pristine", text)

    def test_rules_of_memory(self):
        self.accept(results(**memory(memory__fork__lwk__faults=8)))
        figures = json.loads(self.budget.read_text(
            encoding="utf-8"))["full"]["figures"]
        rules = {name: limit["rule"] for name, limit in figures.items()
                 if name.startswith("memory.")}
        self.assertEqual(rules, {
            "memory.fork.lwk.faults": "most",
            "memory.mmap_touch_64m.lwk.faults": "always",
            "memory.mmap_touch_64m.lwk.insn": "most"})

    def test_same_bytes_again(self):
        self.accept()
        before = self.budget.read_bytes()
        self.accept()
        self.assertEqual(self.budget.read_bytes(), before)

    def test_changes_are_said(self):
        self.accept()
        run = self.accept(results(noise__quiet__lwk__detours=3))
        self.assertIn("noise.quiet.lwk.detours: 0 (always) -> 3 (most)",
                      run.stdout)

    def test_sections_are_apart(self):
        self.accept()
        self.accept(results(overhead__getppid__lwk=5), "--section", "short")
        self.check(0, "within", results(overhead__getppid__lwk=5),
                   "--section", "short")
        self.check(0, "within")

    def test_only_keeps_the_others(self):
        self.accept()
        self.accept(results(overhead__getppid__lwk=300,
                            noise__quiet__lwk__max=9), "--only", "overhead.")
        figures = json.loads(self.budget.read_text(
            encoding="utf-8"))["full"]["figures"]
        self.assertEqual(figures["overhead.getppid.lwk"]["value"], 300)
        self.assertEqual(figures["noise.quiet.lwk.max"]["value"], 0)

    def test_only_does_not_mix_compilers(self):
        self.accept()
        run = self.run_budget("accept", results(environment__compiler="x"),
                              "--only", "overhead.")
        self.assertEqual(run.returncode, 1)
        self.assertIn("another compiler", run.stderr)

    def test_only_checks_what_it_names(self):
        self.accept()
        data = results(overhead__getppid__lwk=300)
        self.check(0, "within", data, "--only", "noise.")
        self.check(1, "EXCEEDED", data, "--only", "overhead.")


if __name__ == "__main__":
    unittest.main()
