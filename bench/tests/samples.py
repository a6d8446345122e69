# SPDX-License-Identifier: GPL-2.0
"""A small noise.json, made in memory, and where the programs are."""

import copy
import json
import pathlib

BENCH = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = {"compiler": "gcc (Debian 12.2.0-14) 12.2.0",
               "qemu": "QEMU emulator version 7.2.0",
               "kernel_sha256": "ab" * 32, "release": "6.12.1"}


def run(subject, storm=None, program="selfish", lengths=(), operations=0,
        function="do_sync_core"):
    """A run of five seconds with detours of these lengths."""
    detours = [[(i + 1) * 10 ** 8, length] for i, length in enumerate(lengths)]
    causes = [{"entry": "asm_sysvec_call_function", "function": function,
               "sender": "text_poke_bp_batch@1", "count": len(lengths),
               "longest": max(lengths)}] if lengths else []
    return {"subject": subject, "storm": storm, "program": program,
            "seconds": 5, "operations": operations, "own_insns": 1000000,
            "kernel_insns": sum(lengths), "detours": len(lengths),
            "max": max(lengths, default=0), "lost_ppm": sum(lengths),
            "causes": causes, "detour_list": detours}


def noise(*more):
    """Three quiet subjects, a storm that hits and one that does not."""
    runs = [run("lwk"), run("tuned"), run("plain", lengths=(900, 1000, 40000)),
            run("lwk", "static-key", operations=50),
            run("tuned", "static-key", lengths=(1200,) * 12, operations=40),
            run("lwk", "timers", operations=7),
            run("tuned", "timers", operations=7), *more]
    return copy.deepcopy({"environment": ENVIRONMENT, "runs": runs})


def results(**changes):
    """Flat figures; a change names one with __ for each dot."""
    flat = {
        "environment.compiler": ENVIRONMENT["compiler"],
        "environment.qemu": ENVIRONMENT["qemu"],
        "environment.release": ENVIRONMENT["release"],
        "noise.quiet.lwk.detours": 0, "noise.quiet.lwk.max": 0,
        "noise.quiet.lwk.lost_ppm": 0.0, "noise.quiet.plain.detours": 5000,
        "noise.storm.hotplug.lwk.detours": 100,
        "noise.storm.hotplug.tuned.detours": 700,
        "noise.storm.hotplug.lwk.operations": 150,
        "overhead.getppid.lwk": 277, "overhead.getppid.pristine": 277}
    for name, value in changes.items():
        flat[name.replace("__", ".")] = value
    return {name: {"value": value, "unit": "insn"}
            for name, value in flat.items() if value is not None}


def memory(**changes):
    """Flat figures of one case of memory, for all subjects but the LWK."""
    flat = {f"memory__mmap_touch_64m__{subject}__{what}": value
            for subject in ("linux4k", "thp_always", "populate", "hugetlb")
            for what, value in (("insn", 900000), ("faults", 32))}
    return {**flat, "memory__mmap_touch_64m__lwk__insn": 200000,
            "memory__mmap_touch_64m__lwk__faults": 0, **changes}


def xemem(**changes):
    """Flat figures of attachments, all as good as is promised."""
    flat = {}
    for name, insn, faults in (
            ("attach_64m_2m.eager", 320000, 0),
            ("attach_1g_2m.eager_linux", 5120000, 0),
            ("attach_64m_2m.lazy", 500000, 32),
            ("attach_1g_2m.lazy_linux", 4000000, 512),
            ("attach_64m_4k.eager", 6080000, 0),
            ("attach_64m_4k.lazy", 9000000, 256),
            ("attach_64m_2m.shm", 900000, 900),
            ("detach_64m_2m.eager", 64000, 0),
            ("detach_64m_4k.eager_linux", 1376000, 0)):
        flat[f"xemem.{name}.insn"] = insn
        flat[f"xemem.{name}.faults"] = faults
    for name, insn in (("first_of_100k", 1000), ("last_of_100k", 1500),
                       ("release_10k", 70), ("release_100k", 700),
                       ("munmap_none", 100), ("munmap_100k", 120)):
        flat[f"xemem.{name}.eager.insn"] = insn
    return {**{name.replace(".", "__"): value for name, value in flat.items()},
            **changes}


def write(path, data):
    path.write_text(json.dumps(data), encoding="utf-8")
    return path
