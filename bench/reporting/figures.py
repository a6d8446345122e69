# SPDX-License-Identifier: GPL-2.0
"""The figures of the noise lab: read, checked, and put under flat names."""

import dataclasses
import json
import re

SUBJECTS = ("lwk", "tuned", "plain")
PROGRAMS = ("selfish", "fwq", "ftq")
# The program of the quiet run and of the storms.
MAIN_PROGRAM = "selfish"
ENVIRONMENT = ("compiler", "qemu", "release", "kernel_sha256")
UNKNOWN = "unknown"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*")


class FiguresError(Exception):
    """A file that cannot be reported on; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Cause:
    """What a number of detours have in common."""
    entry: str
    function: str
    sender: str
    cpus: tuple  # of the sender
    count: int
    longest: int


@dataclasses.dataclass(frozen=True)
class Run:
    """One program on one subject, in quiet or under one storm."""
    subject: str
    storm: str | None
    program: str
    seconds: float
    operations: int
    own_insns: int
    kernel_insns: int
    detours: int
    longest: int
    causes: tuple
    detour_list: tuple

    @property
    def lost_ppm(self):
        """Share of the core's instructions that the kernel took."""
        return round(1e6 * self.kernel_insns / self.own_insns, 3)

    @property
    def key(self):
        return self.subject, self.storm, self.program


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A run that this kernel or machine cannot have."""
    subject: str
    storm: str | None
    program: str
    reason: str


class Noise:
    """All runs of one noise.json."""

    def __init__(self, environment, runs, skipped=()):
        self.environment = environment
        self.runs = runs
        self.skipped = skipped
        self._by_key = {run.key: run for run in runs}

    def run(self, subject, storm=None, program=MAIN_PROGRAM):
        """The run, or None if there was none."""
        return self._by_key.get((subject, storm, program))

    def subjects(self, storm=None, program=MAIN_PROGRAM):
        return [s for s in SUBJECTS if self.run(s, storm, program)]

    def programs(self):
        """Programs of the quiet runs."""
        return [p for p in PROGRAMS if self.subjects(None, p)]

    def storms(self):
        """Storms, those that hit the tuned core most first."""
        names = dict.fromkeys(r.storm for r in self.runs if r.storm)

        def rank(name):
            tuned, lwk = self.run("tuned", name), self.run("lwk", name)
            return (-(tuned.detours if tuned else 0),
                    -(lwk.detours if lwk else 0), name)
        return sorted(names, key=rank)


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FiguresError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise FiguresError(f"{path}: not JSON: {error}") from error


def _number(where, record, name, kinds=int, least=0):
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise FiguresError(f"{where}: {name} is {value!r}, not a number")
    if value < least:
        raise FiguresError(f"{where}: {name} is {value}, less than {least}")
    return value


def _text(value):
    """The lab writes "-" for what it does not know."""
    return str(value) if value not in (None, "", "-") else UNKNOWN


def _causes(where, records):
    """Most frequent first. A sender is FUNCTION@CPU; its CPUs go together."""
    groups = {}
    for record in records:
        function, _, cpu = _text(record.get("sender")).partition("@")
        key = (_text(record.get("entry")), _text(record.get("function")),
               function)
        cpus, count, longest = groups.get(key, (set(), 0, 0))
        if cpu:
            cpus = cpus | {cpu}
        groups[key] = (cpus,
                       count + _number(where, record, "count", least=1),
                       max(longest, _number(where, record, "longest")))
    causes = [Cause(*key, tuple(sorted(cpus)), count, longest)
              for key, (cpus, count, longest) in groups.items()]
    causes.sort(key=lambda c: (-c.count, -c.longest, c.entry, c.function,
                               c.sender))
    return causes


def _detours(where, record, detours):
    pairs = tuple(tuple(pair) for pair in record.get("detour_list", ()))
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(n, int) for n in pair):
            raise FiguresError(f"{where}: detour_list has {list(pair)}, "
                               "not [ns, instructions]")
    if len(pairs) > detours:
        raise FiguresError(f"{where}: detour_list has {len(pairs)} entries "
                           f"for {detours} detours")
    return pairs


def _run(where, record):
    subject, storm = record.get("subject"), record.get("storm")
    program = record.get("program")
    if subject not in SUBJECTS:
        raise FiguresError(f"{where}: subject is {subject!r}, not one of "
                           + ", ".join(SUBJECTS))
    if program not in PROGRAMS:
        raise FiguresError(f"{where}: program is {program!r}, not one of "
                           + ", ".join(PROGRAMS))
    if storm is not None and not NAME.fullmatch(str(storm)):
        raise FiguresError(f"{where}: storm is {storm!r}, not a name")
    detours = _number(where, record, "detours")
    causes = _causes(where, record.get("causes", ()))
    counted = sum(cause.count for cause in causes)
    if causes and counted != detours:
        raise FiguresError(f"{where}: its causes count {counted} detours, "
                           f"itself {detours}")
    return Run(subject, storm, program,
               _number(where, record, "seconds", (int, float)),
               _number(where, record, "operations") if storm else 0,
               _number(where, record, "own_insns", least=1),
               _number(where, record, "kernel_insns"), detours,
               _number(where, record, "max"), tuple(causes),
               _detours(where, record, detours))


def read_noise(path):
    """Read a noise.json; a FiguresError names what is wrong with it."""
    data = read_json(path)
    if not isinstance(data, dict) or not data.get("runs"):
        raise FiguresError(f"{path}: no runs in it")
    environment = data.get("environment", {})
    for name in ENVIRONMENT:
        if not environment.get(name):
            raise FiguresError(f"{path}: environment.{name} is missing")
    runs, seen = [], {}
    for number, record in enumerate(data["runs"]):
        run = _run(f"{path}: run {number}", record)
        if run.key in seen:
            raise FiguresError(f"{path}: run {number} repeats run "
                               f"{seen[run.key]}: {run.subject}, {run.storm}, "
                               f"{run.program}")
        seen[run.key] = number
        runs.append(run)
    skipped = [Skipped(str(entry.get("subject")), entry.get("storm"),
                       str(entry.get("program")), str(entry.get("reason")))
               for entry in data.get("skipped", ())]
    return Noise({name: str(environment[name]) for name in ENVIRONMENT}, runs,
                 skipped)


def read_flat(path):
    """Read a file of flat figures, as overhead.json is one."""
    data = read_json(path)
    for name, figure in data.items():
        if not isinstance(figure, dict) or not {"value", "unit"} <= set(figure):
            raise FiguresError(f"{path}: {name} has no value and unit")
    return data


def _figure(value, unit):
    return {"value": value, "unit": unit}


def flat(noise, *others):
    """All figures under flat names: {name: {"value", "unit"}}."""
    figures = {f"environment.{name}": _figure(noise.environment[name], "text")
               for name in ENVIRONMENT}
    for run in noise.runs:
        if run.storm:
            prefix = f"noise.storm.{run.storm}.{run.subject}"
            if run.program != MAIN_PROGRAM:
                continue
            figures[f"{prefix}.operations"] = _figure(run.operations, "count")
        else:
            group = "quiet" if run.program == MAIN_PROGRAM else run.program
            prefix = f"noise.{group}.{run.subject}"
            figures[f"{prefix}.lost_ppm"] = _figure(run.lost_ppm, "ppm")
        figures[f"{prefix}.detours"] = _figure(run.detours, "count")
        figures[f"{prefix}.max"] = _figure(run.longest, "insn")
    for other in others:
        figures.update(other)
    return figures


def write_flat(path, figures):
    """The same figures give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n",
                    encoding="utf-8")
