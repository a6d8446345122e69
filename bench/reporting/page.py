# SPDX-License-Identifier: GPL-2.0
"""The report as one HTML file that needs nothing else."""

import html
import math
import pathlib

from . import plots, words
from .figures import SUBJECTS, UNKNOWN

STYLE = pathlib.Path(__file__).with_name("page.css")

CLASS_TEXT = ' class="text"'

SUBJECT_TEXT = {
    "lwk": "a core of the lightweight kernel; <code>lwkcpus=</code> is the "
           "only isolation parameter",
    "tuned": "the same kernel without LWK cores, and all that Linux has to "
             "keep a core quiet: boot parameters, fair server, sysctls, "
             "masks of workqueues and of writeback",
    "plain": "the same kernel without any isolation; the program is only "
             "bound to its core",
}

# Columns of the tables of memory.
BACKING_TEXT = {
    "lwk": "a member of the lightweight kernel, with memory of its own",
    "linux4k": "Linux with small pages",
    "thp_always": "Linux with transparent huge pages wherever they fit",
    "populate": "the same, mapped in advance by <code>MAP_POPULATE</code>",
    "hugetlb": "Linux with pages of <code>hugetlb</code>",
}

# Columns of the tables of XEMEM.
WAY_TEXT = {
    "eager": "an attachment, mapped before the call returns; by a member of "
             "the lightweight kernel, of memory of a Linux process",
    "lazy": "the same, mapped as it is touched",
    "shm": "the same, of a file of a tmpfs, mapped by both",
    "vm_readv": "the same, copied by <code>process_vm_readv()</code>",
    "eager_linux": "an attachment by a Linux process, of memory of the "
                   "lightweight kernel; mapped before the call returns",
    "lazy_linux": "the same, mapped as it is touched",
    "shm_linux": "the same, of a file of a tmpfs, mapped by both",
    "vm_readv_linux": "the same, copied by <code>process_vm_readv()</code>",
}

# Where the solver of the in situ benchmark is, and its colour.
SOLVER_TEXT = {
    "linux": ("solver on Linux", "plain"),
    "lwk": ("solver on the LWK", "lwk"),
}

INSITU_CASES = ("alone", "sync.one", "sync.recurring", "sync.new",
                "async.one", "async.recurring", "async.new")

INSITU = """
<p>A solver exports its vector after every 40 of 600 iterations; another
program, on a core of Linux, attaches it by XEMEM, checks it, and runs the loops
of STREAM over it. <strong>sync</strong>: the solver waits until that is done;
<strong>async</strong>: it goes on, and the analytics has a copy, or with
<strong>new</strong> a frozen segment. <strong>one</strong>: one attachment for
all steps; <strong>recurring</strong>: one for each; <strong>new</strong>: a new
segment for each. <strong>alone</strong>: no exports.</p>
<p>These are times, unlike the figures above, and those of an emulator unless
they were measured natively: they differ from run to run.</p>
"""

METHOD = """
<p>The kernel runs in QEMU without hardware help (TCG) and with
<code>-icount</code>: time advances by the instructions that are executed, one
thread runs all processors in turn, and nothing of the host reaches the guest.
The same kernel, programs and QEMU therefore give the same figures, to the last
instruction, on every machine. The machine has four processors: storms run on
processors 0 and 1, the measured program runs on processor 3, and processor 2
is its neighbour.</p>
<p>A <dfn>detour</dfn> is one excursion of the program's processor from user
mode to the kernel between two markers that the program sets. A plugin in QEMU
counts them, outside the guest, where the kernel cannot flatter itself. The
length of a detour is the number of instructions that this processor executed
in the kernel until it was back; <em>lost ppm</em> is their sum as millionths
of all instructions that it executed. The program makes no system call and
touches no new page between the markers, so no detour is of its own making.</p>
<p>The cause of a detour is the function at which the kernel was entered and
what it was made to do; the sender is the code on another processor that asked
for it. A dash stands where none is known; a timer of the processor itself has
none.</p>
<h3>What the figures do not show</h3>
<ul>
<li>Instructions are not time. An emulator has no caches, no TLB misses and no
latency of interrupts between processors. The programs of the package
<code>lwk-tools</code> measure time on real hardware.</li>
<li>How many operations a storm gets done in a second of lab time depends on
the lab. Compare detours per operation, not per second.</li>
<li>A silent tuned core in quiet is no surprise: a well tuned Linux is silent
when nothing happens. The storms tell the two apart.</li>
</ul>
"""


def _e(text):
    return html.escape(str(text))


def _table(caption, head, rows, text=(), row_header=1):
    """head: column titles; rows: cells as HTML; text: columns of text."""
    def cell(i, content):
        kind = CLASS_TEXT if i in text else ""
        if i < row_header:
            return f'<th scope="row">{content}</th>'
        return f"<td{kind}>{content}</td>"

    def title(i, content):
        left = i in text or i < row_header
        return f'<th scope="col"{CLASS_TEXT if left else ""}>{content}</th>'

    titles = "".join(title(i, content) for i, content in enumerate(head))
    body = "\n".join("<tr>" + "".join(cell(i, c) for i, c in enumerate(row))
                     + "</tr>" for row in rows)
    label = _e(caption)
    return (f'<div class="scroll" role="region" tabindex="0" '
            f'aria-label="{label}">\n<table>\n<caption>{label}</caption>\n'
            f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
            "</table>\n</div>\n")


def _figure(svg, caption):
    return (f'<figure>\n<div class="scroll" role="group" tabindex="0" '
            f'aria-label="{_e(caption)}">\n{svg}</div>\n'
            f"<figcaption>{_e(caption)}</figcaption>\n</figure>\n")


def _details(summary, content):
    return f"<details>\n<summary>{_e(summary)}</summary>\n{content}</details>\n"


def _cause(cause):
    return f"<code>{_e(cause.entry)}</code>: <code>{_e(cause.function)}</code>"


def _sender(cause):
    if cause.sender == UNKNOWN:
        return "&ndash;"
    where = f" on core {', '.join(cause.cpus)}" if cause.cpus else ""
    return f"<code>{_e(cause.sender)}</code>{_e(where)}"


def _value(run, attribute):
    return words.number(getattr(run, attribute)) if run else "not measured"


def _rate(run):
    if not run or not run.operations:
        return "&ndash;"
    return f"{run.detours / run.operations:,.2f}"


def _verdict(noise):
    parts = []
    for subject in noise.subjects():
        run = noise.run(subject)
        parts.append(f"{subject} {words.number(run.detours)} in "
                     f"{words.seconds(run.seconds)}")
    lines = ["Detours in quiet: " + ", ".join(parts) + "."] if parts else []
    totals = [(subject, *words.totals(noise, subject))
              for subject in ("lwk", "tuned")]
    silent = [f"{subject} {none} of {measured}"
              for subject, measured, none in totals if measured]
    if silent:
        lines.append("Storms that never reach the core: "
                     + ", ".join(silent) + ".")
    for storm, cause in words.causes(noise, "lwk"):
        lines.append(f"The LWK core is hit by {words.cause(cause)} "
                     f"({storm or 'quiet'}: {words.number(cause.count)}).")
    return ('<p class="verdict">' + "<br>\n".join(_e(line) for line in lines)
            + "</p>\n")


def _subjects():
    return "<ul>\n" + "".join(
        f"<li><strong>{s}</strong>: {SUBJECT_TEXT[s]}.</li>\n"
        for s in SUBJECTS) + "</ul>\n"


def _seconds_table(caption, runs):
    """Detours in each second: what a plot of time shows, in numbers."""
    last = math.ceil(max(plots.span(run) for run in runs))
    rows = []
    for second in range(last):
        begin, end = second * 10 ** 9, (second + 1) * 10 ** 9
        cells = []
        for run in runs:
            inside = [insns for ns, insns in run.detour_list
                      if begin <= ns < end]
            cells += [words.number(len(inside)),
                      words.number(max(inside, default=0))]
        rows.append([f"{second} to {second + 1} s", *cells])
    head = ["lab time"]
    for run in runs:
        head += [f"{run.subject}: detours", "longest"]
    return _table(caption, head, rows)


def _listed(runs):
    """Say so where a list of detours was cut off."""
    short = [run for run in runs if len(run.detour_list) < run.detours]
    return "".join(
        f'<p class="note">{_e(run.storm or "quiet")}, {run.subject}: the '
        f"first {words.number(len(run.detour_list))} of "
        f"{words.plural(run.detours, 'detour')} are shown.</p>\n"
        for run in short)


def _quiet(noise):
    if not noise.programs():
        return ""
    rows = []
    for program in noise.programs():
        for subject in noise.subjects(None, program):
            run = noise.run(subject, None, program)
            rows.append([f"{program}, {subject}", words.seconds(run.seconds),
                         words.number(run.detours), f"{run.lost_ppm:,.3f}",
                         words.number(run.longest)])
    text = "<h2>Quiet</h2>\n"
    text += _table("Nothing else runs: programs and subjects",
                   ["program, subject", "time", "detours", "lost ppm",
                    "longest, instructions"], rows)
    runs = [noise.run(subject) for subject in noise.subjects()]
    if runs:
        title = "Detours over time, in quiet"
        text += _figure(plots.times("quiet", title, runs), title)
        text += _listed(runs)
        text += _details("The same, second by second",
                         _seconds_table("Detours of each second, in quiet",
                                        runs))
    return text


def _storm_rows(noise):
    rows = []
    for storm in noise.storms():
        lwk, tuned = noise.run("lwk", storm), noise.run("tuned", storm)
        rows.append([_e(storm), _value(lwk, "operations"),
                     _value(tuned, "operations"), _value(lwk, "detours"),
                     _value(tuned, "detours"), _rate(tuned),
                     _value(lwk, "longest"), _value(tuned, "longest"),
                     _e(words.hits(tuned))])
    return rows


def _skipped(noise):
    if not noise.skipped:
        return ""
    return _table("Not measured: this kernel or machine cannot do it",
                  ["storm", "subject", "reason"],
                  [[_e(item.storm or "quiet"), _e(item.subject),
                    _e(item.reason)] for item in noise.skipped], text=(1, 2))


def _storms(noise):
    storms = noise.storms()
    if not storms:
        return _skipped(noise)
    title = "Detours under each storm, LWK beside tuned Linux"
    text = ("<h2>Storms</h2>\n<p>While the program computes, the Linux cores "
            "do one thing as often as they can.</p>\n")
    text += _figure(plots.bars("storms", title, noise), title)
    text += _table(
        "Storms on the Linux cores, lengths in instructions",
        ["storm", "operations: lwk", "tuned", "detours: lwk", "tuned",
         "tuned, per operation", "longest: lwk", "tuned",
         "what hits the tuned core"], _storm_rows(noise), text=(8,))
    text += _skipped(noise)
    runs = [noise.run(subject, storms[0])
            for subject in noise.subjects(storms[0])]
    title = f"Detours over time, storm {storms[0]}"
    text += _figure(plots.times("worst", title, runs), title)
    text += _listed(runs)
    text += _details("The same, second by second",
                     _seconds_table(f"Detours of each second, {storms[0]}",
                                    runs))
    return text


def _series(noise):
    """What the histogram compares: (label, subject, dashed, runs)."""
    series = [(f"{s}, quiet", s, False, [noise.run(s)])
              for s in reversed(noise.subjects())]
    for subject in ("tuned", "lwk"):
        runs = [noise.run(subject, storm) for storm in noise.storms()]
        runs = [run for run in runs if run]
        if runs:
            series.append((f"{subject}, all storms", subject, True, runs))
    return series


def _lengths(noise):
    series = _series(noise)
    title = "How long detours are"
    counts = [plots.bins(runs) for _, _, _, runs in series]
    rows = []
    for place in sorted(set().union(*counts)):
        first, last = plots.bin_edges(place)
        rows.append([f"{words.number(first)} to {words.number(last)}",
                     *(words.number(c.get(place, 0)) for c in counts)])
    text = "<h2>Lengths</h2>\n"
    text += _figure(plots.histogram("lengths", title, series), title)
    text += _listed([run for _, _, _, runs in series for run in runs])
    if not rows:
        return text
    return text + _details(
        "The same in numbers",
        _table("Detours by length in instructions",
               ["length", *(_e(label) for label, _, _, _ in series)], rows))


def _causes(noise):
    text = "<h2>What hits the core</h2>\n"
    for subject, title in (("lwk", "the LWK core"),
                           ("tuned", "the tuned Linux core"),
                           ("plain", "the plain Linux core")):
        if not any(run.subject == subject for run in noise.runs):
            continue
        rows = [[_e(storm or "quiet"), _cause(cause), _sender(cause),
                 words.number(cause.count), words.number(cause.longest)]
                for storm, cause in words.causes(noise, subject)]
        if rows:
            text += _table(f"What hits {title}, by cause and sender",
                           ["storm", "entry: function", "sender", "detours",
                            "longest, instructions"], rows, text=(1, 2))
        else:
            text += f"<p>Nothing hits {title}.</p>\n"
    return text


def _overhead(flat):
    """Figures named overhead.CASE.KERNEL, a row for each case."""
    cases = {}
    for name, figure in sorted(flat.items()):
        parts = name.split(".")
        if parts[0] == "overhead" and len(parts) == 3:
            cases.setdefault(parts[1], {})[parts[2]] = figure["value"]
    rows = []
    for case, values in cases.items():
        if not {"pristine", "lwk"} <= values.keys():
            continue
        pristine, lwk = values["pristine"], values["lwk"]
        rows.append([_e(case), words.number(pristine), words.number(lwk),
                     f"{100 * (lwk - pristine) / pristine:+.2f} %"])
    if not rows:
        return ""
    return ("<h2>What Linux pays</h2>\n<p>Ordinary paths of Linux, without "
            "any LWK core: an unmodified kernel beside this one.</p>\n"
            + _table("Instructions of one operation",
                     ["path", "unmodified", "this kernel", "difference"],
                     rows))


def _rows_by_case(flat, group, subjects, what):
    """Figures named GROUP.CASE.SUBJECT.WHAT, a row for each case."""
    cases = {}
    for name, figure in sorted(flat.items()):
        parts = name.split(".")
        if parts[0] == group and len(parts) == 4 and parts[3] == what:
            cases.setdefault(parts[1], {})[parts[2]] = figure["value"]
    return [[_e(case), *(words.number(values[s]) if s in values
                         else "not measured" for s in subjects)]
            for case, values in cases.items()]


def _by_case(flat, group, subjects, title, text):
    """Two tables, or nothing."""
    insns = _rows_by_case(flat, group, subjects, "insn")
    faults = _rows_by_case(flat, group, subjects, "faults")
    if not insns:
        return ""
    items = "".join(f"<li><strong>{s}</strong>: {what}.</li>\n"
                    for s, what in subjects.items())
    head = ["case", *subjects]
    return (f"<h2>{title}</h2>\n<p>{text}</p>\n<ul>\n{items}</ul>\n"
            + _table("Instructions of all processors, medians", head, insns)
            + _table("Page faults", head, faults))


def _memory(flat):
    return _by_case(flat, "memory", BACKING_TEXT, "Memory",
                    "The same steps of a program, by whose its memory is and "
                    "how it comes. To touch memory is to write one word of "
                    "each small page.")


def _xemem(flat):
    return _by_case(flat, "xemem", WAY_TEXT, "Memory of another process",
                    "To attach memory is to map it and to read one word of "
                    "each small page, or to copy it; its owner has it in "
                    "pages of 2 MiB or of 4 KiB. Of 100,000 attachments, "
                    "each of one page: the first and the last (medians of "
                    "100), the release of all, and what it costs their owner "
                    "to unmap a page that nobody has attached.")


def _insitu(flat):
    """Figures named insitu.CASE.PLACE.WHAT; a CASE may have a dot."""
    runs = {}
    for name, figure in flat.items():
        if name.startswith("insitu."):
            case, place, what = name.removeprefix("insitu.").rsplit(".", 2)
            runs.setdefault((case, place), {})[what] = figure["value"]
    order = [(case, place) for case in INSITU_CASES for place in SOLVER_TEXT
             if (case, place) in runs]
    if not order:
        return ""
    series = []
    for place, (text, role) in SOLVER_TEXT.items():
        values = {case.replace(".", " "): tuple(
            runs[case, where][what] for what in ("median", "min", "max"))
                  for case, where in order if where == place}
        if values:
            series.append((text, role, values))
    columns = ("median", "min", "max", "waited", "exported", "attached",
               "analysed")
    rows = [[_e(f"{case.replace('.', ' ')}, {place}"),
             *(f"{runs[case, place][c]:,.1f}" if c in runs[case, place]
               else "&ndash;" for c in columns),
             words.number(runs[case, place]["runs"])]
            for case, place in order]
    title = "Run time of the solver, median, least and most"
    return ("<h2>In situ: a solver and who looks at its results</h2>\n"
            + INSITU + _figure(plots.spreads("insitu", title,
                                             "milliseconds", series), title)
            + _table("Milliseconds: of the solver, and of all steps, medians, "
                     "what it waited and spent on exports, and what the "
                     "analytics spent on attaching and on its work",
                     ["case, solver", *columns, "runs"], rows))


def _method(noise):
    labels = (("kernel", "release"), ("kernel image, SHA-256",
                                      "kernel_sha256"),
              ("compiler of the kernel", "compiler"), ("emulator", "qemu"))
    items = "".join(f"<dt>{label}</dt><dd>{_e(noise.environment[name])}</dd>\n"
                    for label, name in labels)
    return (f"<h2>How the figures were made</h2>\n{METHOD}"
            f"<h3>Environment</h3>\n<dl>\n{items}</dl>\n"
            "<p><code>make bench</code> repeats all of it.</p>\n")


def page(noise, flat):
    """The whole page; the same figures give the same bytes."""
    title = "Silence: what interrupts a core that computes"
    return "".join((
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n"
        f"{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{title}</h1>\n",
        _verdict(noise), _subjects(), _quiet(noise), _storms(noise),
        _lengths(noise), _causes(noise), _overhead(flat), _memory(flat),
        _xemem(flat), _insitu(flat), _method(noise),
        "</main>\n</body>\n</html>\n"))
