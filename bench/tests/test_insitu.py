# SPDX-License-Identifier: GPL-2.0
"""bench/insitu/run, with programs that only say that they have solved."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest

import samples

RUN = samples.BENCH / "insitu" / "run"
# Each run takes a millisecond more than the one before.
SOLVER = """#!/bin/sh
echo "$@" >> "$0.calls"
echo "run_ns $(wc -l < "$0.calls")000000"
echo "wait_ns 500000"
echo "export_ns 250000"
"""
ANALYTICS = """#!/bin/sh
echo "attach_ns 1000000"
echo "copy_ns 2000000"
echo "work_ns 3000000"
"""


class Insitu(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)
        self.program("solver", SOLVER)
        self.program("analytics", ANALYTICS)

    def program(self, name, text):
        path = self.dir / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)

    def run_it(self, *options):
        return subprocess.run(
            [RUN, "--programs", self.dir, "--json", self.dir / "out.json",
             "--places", "linux", *options],
            capture_output=True, text=True, check=False)

    def figures(self, *options):
        run = self.run_it(*options)
        self.assertEqual(run.returncode, 0, run.stderr)
        flat = json.loads((self.dir / "out.json").read_text(encoding="ascii"))
        return {name: figure["value"] for name, figure in flat.items()}

    def refuses(self, status, words, *options):
        run = self.run_it(*options)
        self.assertEqual(run.returncode, status)
        self.assertIn(words, run.stderr)
        self.assertFalse((self.dir / "out.json").exists())

    def test_rounds_take_turns(self):
        figures = self.figures("--repeat", "3", "--cases",
                               "alone,async.recurring")
        for name, value in (("alone.linux.median", 3),
                            ("alone.linux.min", 1), ("alone.linux.max", 5),
                            ("async.recurring.linux.median", 4),
                            ("async.recurring.linux.runs", 3),
                            ("async.recurring.linux.waited", 0.5),
                            ("async.recurring.linux.attached", 1),
                            ("async.recurring.linux.analysed", 5)):
            self.assertEqual(figures[f"insitu.{name}"], value, name)
        self.assertNotIn("insitu.alone.linux.waited", figures)
        calls = (self.dir / "solver.calls").read_text(encoding="ascii")
        self.assertIn("--schedule async --attachment recurring", calls)
        self.assertIn("--grid 128 --alone", calls)

    def test_time_ends_the_rounds(self):
        run = self.run_it("--repeat", "9", "--seconds", "0", "--cases",
                          "alone")
        self.assertEqual(run.returncode, 0)
        self.assertIn("1 of 9 rounds", run.stderr)

    def test_a_failure_ends_the_other(self):
        self.program("solver", "#!/bin/sh\nexec sleep 100\n")
        self.program("analytics", "#!/bin/sh\nexit 1\n")
        begin = time.monotonic()
        self.refuses(1, "sync.one, linux: analytics failed, status 1",
                     "--cases", "sync.one")
        self.assertLess(time.monotonic() - begin, 50)

    def test_no_xemem(self):
        self.program("analytics", "#!/bin/sh\nexit 2\n")
        self.refuses(2, "status 2", "--cases", "sync.one")

    def test_refusals(self):
        self.refuses(2, "--cases: sync: takes alone", "--cases", "sync")
        self.refuses(2, "--places: moon: takes linux, lwk", "--places", "moon")
        self.refuses(2, "--repeat: 0", "--repeat", "0")
        self.refuses(2, "--cores: 0,0: takes two", "--cores", "0,0")
        self.refuses(2, "make bench-programs", "--programs",
                     self.dir / "absent")


if __name__ == "__main__":
    unittest.main()
