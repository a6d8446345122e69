# SPDX-License-Identifier: GPL-2.0
"""Boot an init once in the deterministic lab, and show what it has counted.

What bench/memory and bench/xemem have in common: figures that are named
GROUP.CASE.SUBJECT.insn and GROUP.CASE.SUBJECT.faults, of an init that takes
lab.cases= and lab.subjects=.
"""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = BENCH.parent / "build" / "bench"
# More than one core computes where threads and processes end.
PLUGIN = BUILD / "plugin" / "steady.so"
# Core 1 serves the LWK core 3; core 2 is Linux's, isolated.
BOOT = ["lwkcpus=1.3", "lwkmem=1536M", "nohz_full=2", "isolcpus=domain,2",
        "rcu_nocbs=2"]
MEMORY = "5G"
UNITS = {"insn": "insn", "faults": "count"}


@dataclasses.dataclass(frozen=True)
class Group:
    """Figures whose names begin alike."""
    name: str
    doc: str
    config: str  # what the kernel must have
    init: pathlib.Path
    subjects: tuple

    def parse_arguments(self):
        """The command line."""
        folder = self.init.parent.name
        parser = argparse.ArgumentParser(
            description=self.doc,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("kernel", type=pathlib.Path, metavar="KERNEL",
                            help=f"bzImage with {self.config}=y")
        parser.add_argument("--init", default=self.init, type=pathlib.Path,
                            help=f"bench/{folder} built statically "
                            "(default %(default)s)")
        parser.add_argument("--json", default=BUILD / f"{self.name}.json",
                            type=pathlib.Path,
                            help="where to write the figures "
                            "(default %(default)s)")
        parser.add_argument("--cases", metavar="NAME,NAME",
                            help="only these, as the tables name them "
                            "(default: all)")
        parser.add_argument("--subjects", metavar="NAME,NAME",
                            help=f"of {','.join(self.subjects)} "
                            "(default: all)")
        parser.add_argument("--check-repeat", action="store_true",
                            help="boot twice and require the same figures to "
                            "the last instruction")
        return parser.parse_args()

    def boot(self, args, out):
        """Run the lab once; return its results as a dictionary."""
        chosen = [f"lab.{name}={words}" for name, words in
                  (("cases", args.cases), ("subjects", args.subjects))
                  if words]
        lab = subprocess.run([BENCH / "lab", "-m", MEMORY, "-t", "1200", "-o",
                              out, "-p", PLUGIN, args.kernel, args.init, *BOOT,
                              *chosen],
                             stdout=subprocess.PIPE, text=True, check=False)
        if lab.returncode:
            sys.exit(2)
        return {name: int(value) for name, value in
                (line.split() for line in lab.stdout.splitlines())}

    def show(self, results, what, title, per=lambda case, value: value):
        """One line for each case, one column for each subject, if any."""
        cases = list(dict.fromkeys(
            name.split(".")[1] for name in results if name.endswith(what)))
        if not cases:
            return
        measured = {name.split(".")[2] for name in results}
        subjects = [subject for subject in self.subjects
                    if subject in measured]
        print(f"\n{title:20}" + "".join(f"{s:>15}" for s in subjects))
        for case in cases:
            row = [results.get(f"{self.name}.{case}.{subject}.{what}")
                   for subject in subjects]
            print(f"{case:20}" + "".join(
                f"{'-' if value is None else format(per(case, value), ','):>15}"
                for value in row))

    def write(self, args, results):
        """As bench/report takes it over."""
        args.json.write_text(json.dumps(
            {name: {"value": value, "unit": UNITS[name.rsplit(".", 1)[1]]}
             for name, value in results.items()}, indent=2, sort_keys=True)
            + "\n", encoding="utf-8")

    def repeat(self, args, out, results):
        """Boot again; say what has changed. The exit status."""
        again = self.boot(args, out)
        changed = [name for name in results
                   if results[name] != again.get(name)]
        for name in changed:
            print(f"{self.name}: {name} does not repeat: {results[name]}, "
                  f"then {again.get(name)}", file=sys.stderr)
        if not changed:
            print(f"{self.name}: a second boot gave the same figures")
        return 1 if changed else 0

    def main(self, show):
        """Measure, write, show. The exit status."""
        args = self.parse_arguments()
        out = args.json.resolve().parent / self.name
        results = self.boot(args, out)
        self.write(args, results)
        show(results)
        if not args.check_repeat:
            return 0
        return self.repeat(args, out.with_name(f"{self.name}-again"), results)
