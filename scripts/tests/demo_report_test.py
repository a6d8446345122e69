#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of scripts/demo-report and scripts/demo-picture on prepared results.

Each test takes the results of a demonstration that passed, breaks them as a
crash, a kill or a full disk does, and wants a sentence that says what happened
and exit status 1; never a traceback.

usage: demo_report_test.py [-v]; needs gnuplot for one test, which is skipped
without it.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
FIXTURE = SCRIPTS / "tests" / "demo"
CORES = {"lwk": (3, 2), "linux": (0, 1)}


def phase(timer, other):
    return {"seconds": 1.5, "involuntary_switches": 3,
            "interrupts": {"LOC": timer, "RES": other, "TLB": 1}}


def rank_record(kind, number):
    lwk = kind == "lwk"
    return {"rank": number, "command": ["lwkexec" if lwk else "taskset"],
            "status": 0, "began": True, "ended_by_mpirun": False,
            "core": CORES[kind][number],
            "page_faults": {"start": 1000, "run": 200 if lwk else 3000},
            "anonymous_memory": {"large_kb": 18432, "small_kb": 10060},
            "start": phase(9, 20), "run": phase(1 if lwk else 5000, 30)}


def run_record(kind):
    return {"kind": kind, "size": 2, "status": 0, "seconds": 30.5,
            "memory": None, "kernel": "Linux 6.x", "lwk_cores": "2-3",
            "disturbed": 7 if kind == "lwk" else None, "mpirun_said": []}


class Case(unittest.TestCase):
    def setUp(self):
        self.out = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.out)
        for kind in CORES:
            path = self.out / kind
            shutil.copytree(FIXTURE, path)
            self.write(kind, "run.json", run_record(kind))
            for number in range(2):
                self.write(kind, f"rank{number}.json",
                           rank_record(kind, number))

    def write(self, kind, name, value):
        (self.out / kind / name).write_text(json.dumps(value), "utf-8")

    def change(self, kind, name, **values):
        path = self.out / kind / name
        self.write(kind, name, json.loads(path.read_text("utf-8")) | values)

    def edit_output(self, kind, pattern, new):
        path = self.out / kind / "hpccoutf.txt"
        text, count = re.subn(pattern, new, path.read_text("utf-8"), count=1,
                              flags=re.M | re.S)
        self.assertEqual(count, 1)
        path.write_text(text, "utf-8")

    def run_script(self, *command):
        done = subprocess.run([SCRIPTS / command[0], *command[1:]], text=True,
                              check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertNotIn("Traceback", done.stdout)
        return done.returncode, " ".join(done.stdout.split())

    def says(self, *sentences, status="0"):
        """The report fails and says this."""
        code, text = self.run_script("demo-report", "-s", status, self.out)
        self.assertEqual(code, 1, text)
        for sentence in sentences:
            self.assertIn(sentence, text)
        self.assertNotIn("In plain words", text)
        return text


class Good(Case):
    def test_passes(self):
        code, text = self.run_script("demo-report", self.out)
        self.assertEqual(code, 0, text)
        self.assertIn("36 of 36 checks passed", text)
        self.assertIn("10,000 timer interrupts stopped it on the Linux cores, "
                      "and 2 timer interrupts on the LWK cores", text)
        self.assertIn("6,000 page faults", text)
        self.assertIn("7 interruptions", text)
        self.assertNotIn("What happened", text)

    def test_old_record_without_account(self):
        self.change("lwk", "run.json", disturbed=None)
        code, text = self.run_script("demo-report", self.out)
        self.assertEqual(code, 0, text)
        self.assertNotIn("interruptions on the LWK cores that", text)

    def test_complaint_of_kernel(self):
        code, text = self.run_script("demo-report", "-s", "126", self.out)
        self.assertEqual(code, 0, text)  # scripts/demo fails by the 126
        self.assertIn("The kernel complained", text)


class Machine(Case):
    def test_no_directory(self):
        code, text = self.run_script("demo-report", self.out / "none")
        self.assertEqual(code, 1)
        self.assertIn("none: no such directory: scripts/demo makes it", text)

    def test_wrong_usage(self):
        for arguments in ((), ("-s", "x", self.out), ("a", "b")):
            code, text = self.run_script("demo-report", *arguments)
            self.assertEqual(code, 1)
            self.assertIn("usage: demo-report", text)

    def test_never_booted(self):
        for kind in CORES:
            shutil.rmtree(self.out / kind)
        self.says("There is no console.log.", status="125")
        (self.out / "console.log").write_text(
            "[ 1.0] all well\n[ 3.1] WARNING: CPU: 1 PID: 12 at f+0x1\n"
            "[ 3.2] Kernel panic - not syncing\n", "utf-8")
        self.says("The virtual machine crashed, or could not be started",
                  "Its first complaint: [ 3.1] WARNING: CPU: 1 PID: 12 at f",
                  "The run on LWK cores did not begin", status="125")

    def test_stood_still(self):
        shutil.rmtree(self.out / "linux")
        for number in range(2):
            (self.out / "lwk" / f"rank{number}.json").unlink()
        self.change("lwk", "run.json", status=None)
        self.edit_output("lwk", r"^Scaled residual.*", "")
        self.says("stood still",
                  "The run on LWK cores had not ended when the machine was: it "
                  "was ended in HPCC's test StarDGEMM.",
                  "The run on Linux cores did not begin", status="124")

    def test_stood_still_before_output(self):
        self.change("lwk", "run.json", status=None)
        (self.out / "lwk" / "hpccoutf.txt").unlink()
        self.says("it was ended before HPCC wrote anything", status="124")

    def test_results_not_written(self):
        (self.out / "demo.json").mkdir()
        code, text = self.run_script("demo-report", self.out)
        self.assertEqual(code, 1)
        self.assertIn("demo.json: Is a directory: no results written", text)


class Ranks(Case):
    def test_killed(self):
        self.change("lwk", "run.json", status=1,
                    mpirun_said=["a process was killed", "bye"])
        self.change("lwk", "rank1.json", status=-9)
        self.change("lwk", "rank0.json", status=-9, ended_by_mpirun=True)
        self.edit_output("lwk", r"^End of HPL section.*", "")
        self.says("The run on LWK cores failed: Rank 1 was killed by signal 9 "
                  "(SIGKILL), in HPCC's test HPL. Rank 0 was then ended by "
                  "mpirun.", "The last lines that mpirun and the ranks said: "
                  "a process was killed bye")

    def test_signal_without_name(self):
        self.change("lwk", "rank1.json", status=-99)
        self.says("killed by signal 99 (no name)")

    def test_no_record(self):
        (self.out / "linux" / "rank0.json").unlink()
        self.says("The run on Linux cores left no complete results: Rank 0 "
                  "left no record")

    def test_did_not_start(self):
        self.change("lwk", "run.json", status=125,
                    mpirun_said=["lwkexec: -m 80m: not that much"])
        for number in range(2):
            self.change("lwk", f"rank{number}.json", status=125, began=False,
                        core=None, anonymous_memory=None)
        (self.out / "lwk" / "hpccoutf.txt").unlink()
        self.says("HPCC did not start in rank 0: lwkexec ended with status "
                  "125; it says why below.", "not that much")

    def test_mpi_complains(self):
        self.change("linux", "run.json", status=213,
                    mpirun_said=["There are not enough slots available"])
        self.says("mpirun ended with status 213",
                  "There are not enough slots available")

    def test_memory_refused(self):
        (self.out / "console.log").write_text(
            "[ 56.3] mmap: hpcc (71): VmData 156950528 exceed data ulimit "
            "134217728. Update limits or use boot option.\n", "utf-8")
        self.change("lwk", "run.json", status=None)
        self.says("A process (hpcc) was refused memory: it wanted 149 MiB in "
                  "all, its limit (lwkexec -m) was 128 MiB.", status="124")

    def test_wrong_core(self):
        self.change("lwk", "rank1.json", core=1)
        self.says("FAILED: cores [3, 1], LWK cores 2-3")

    def test_records_broken(self):
        for name, text in (("rank0.json", "{"), ("rank0.json", "[]"),
                           ("rank0.json", "{}"), ("rank1.json", ""),
                           ("rank1.json", '{"run": 1}'), ("run.json", "{"),
                           ("run.json", "[1]"), ("run.json", "{}"),
                           ("run.json", '{"size": "x", "status": 0, '
                            '"lwk_cores": ""}')):
            with self.subTest(name=name, text=text):
                path = self.out / "lwk" / name
                good = path.read_text("utf-8")
                path.write_text(text, "utf-8")
                self.says(name)
                path.write_text(good, "utf-8")


class Output(Case):
    def test_missing(self):
        (self.out / "linux" / "hpccoutf.txt").unlink()
        self.says("The run on Linux cores failed: HPCC ended by itself, before "
                  "HPCC wrote anything")

    def test_cut_off_anywhere(self):
        path = self.out / "lwk" / "hpccoutf.txt"
        text = path.read_text("utf-8")
        for length in range(0, len(text) - 5, 1499):
            with self.subTest(length=length):
                path.write_text(text[:length], "utf-8")
                self.says("The run on LWK cores failed")

    def test_not_text(self):
        (self.out / "lwk" / "hpccoutf.txt").write_bytes(b"\xff\xfe\x00")
        self.says("hpccoutf.txt: not text")

    def test_input_broken(self):
        for text in ("", "HPCC\n", "x\n" * 40, "0\n" * 40):
            with self.subTest(text=text):
                (self.out / "lwk" / "hpccinf.txt").write_text(text, "utf-8")
                self.says("hpccinf.txt: not an input of HPCC")

    def test_verdict_of_hpcc(self):
        self.edit_output("lwk", r"\.\.\.\.\.\. PASSED$", "...... FAILED")
        self.says("FAILED: residual", "35 of 36 checks passed")

    def test_not_a_number(self):
        self.edit_output("lwk", r"^Scaled residual: \S+", "Scaled residual: x")
        self.says("FAILED: not as HPCC writes it (ValueError")

    def test_section_missing(self):
        self.edit_output("lwk", r"^Begin of HPL section.*End of HPL section.$",
                         "")
        self.says("FAILED: no section HPL")

    def test_no_section_but_the_end(self):
        (self.out / "lwk" / "hpccoutf.txt").write_text(
            "End of HPC Challenge tests.\n", "utf-8")
        self.says("FAILED: no section PTRANS")


class Picture(Case):
    def test_drawn(self):
        if not shutil.which("gnuplot"):
            self.skipTest("no gnuplot")
        self.run_script("demo-report", self.out)
        code, text = self.run_script("demo-picture", self.out)
        self.assertEqual(code, 0, text)
        self.assertIn("LWK core 3", (self.out / "demo.svg").read_text("utf-8"))

    def test_results_broken(self):
        for text, sentence in (("{", "not what demo-report writes"),
                               ("[]", "not what demo-report writes"),
                               ('{"passed": true}', "not what demo-report"),
                               ('{"passed": false}', "not two runs that")):
            with self.subTest(text=text):
                (self.out / "demo.json").write_text(text, "utf-8")
                code, said = self.run_script("demo-picture", self.out)
                self.assertEqual(code, 1)
                self.assertIn(f"no picture: {self.out}/demo.json"
                              if "not what" in sentence else "no picture",
                              said)
                self.assertIn(sentence, said)

    def test_no_results(self):
        code, text = self.run_script("demo-picture", self.out)
        self.assertEqual(code, 1)
        self.assertIn("demo.json: No such file or directory", text)

    def test_other_format(self):
        code, text = self.run_script("demo-picture", self.out, "x.gif")
        self.assertEqual(code, 1)
        self.assertIn("x.gif: neither .svg nor .png", text)


if __name__ == "__main__":
    unittest.main()
