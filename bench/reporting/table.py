# SPDX-License-Identifier: GPL-2.0
"""The figures as tables in plain text, for a terminal."""

from . import words

ABSENT = "-"


def _render(title, head, rows, left):
    """Lines of a table; the columns numbered in left are text."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [title, ""]
    for row in cells:
        line = "  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                         for i, (cell, width) in enumerate(zip(row, widths)))
        lines.append("  " + line.rstrip())
    return lines + [""]


def quiet(noise):
    rows = []
    for program in noise.programs():
        for subject in noise.subjects(None, program):
            run = noise.run(subject, None, program)
            rows.append((program, subject, words.seconds(run.seconds),
                         words.number(run.detours), f"{run.lost_ppm:,.3f}",
                         words.number(run.longest)))
    return _render("Quiet: nothing else runs",
                   ("program", "subject", "time", "detours", "lost ppm",
                    "longest"), rows, (0, 1))


def _of(run, attribute):
    return words.number(getattr(run, attribute)) if run else ABSENT


def storms(noise):
    rows = []
    for storm in noise.storms():
        lwk, tuned = noise.run("lwk", storm), noise.run("tuned", storm)
        rows.append((storm, _of(lwk, "operations"), _of(tuned, "operations"),
                     _of(lwk, "detours"), _of(tuned, "detours"),
                     _of(lwk, "longest"), _of(tuned, "longest"),
                     words.hits(tuned)))
    return _render("Storms on the Linux cores",
                   ("storm", "operations lwk", "tuned", "detours lwk", "tuned",
                    "longest lwk", "tuned", "what hits the tuned core"),
                   rows, (0, 7))


def residue(noise):
    """What hits the LWK core, if anything does."""
    rows = [(storm or "quiet", words.number(cause.count),
             words.number(cause.longest), words.cause(cause))
            for storm, cause in words.causes(noise, "lwk")]
    if not rows:
        return ["Nothing hits the LWK core.", ""]
    return _render("What hits the LWK core",
                   ("storm", "detours", "longest", "cause"), rows, (0, 3))


def text(noise):
    """All tables, as one string."""
    lines = quiet(noise) if noise.programs() else []
    if noise.storms():
        lines += storms(noise)
    lines += [f"Not measured: {item.storm or 'quiet'}, {item.subject}, "
              f"{item.program}: {item.reason}" for item in noise.skipped]
    lines += residue(noise)
    lines.append("Lengths in instructions of the core. Detours: excursions "
                 "from user to kernel.")
    return "\n".join(lines)
