# SPDX-License-Identifier: GPL-2.0
"""The plots of the report: SVG made by gnuplot, to stand inside a page.

The page has a light and a dark scheme, so the plots name no colours of their
own: gnuplot draws with a placeholder for each role, and the page's custom
property of that role takes its place.
"""

import html
import math
import re
import subprocess

from . import words
from .figures import SUBJECTS

# Role: placeholder, which must not be a colour that gnuplot uses by itself.
PALETTE = {"ink": 0x010203, "soft": 0x010204, "grid": 0x010205,
           "lwk": 0x010206, "tuned": 0x010207, "plain": 0x010208}
# In a plot of time a mark is as wide as this share of the axis, and there is
# at most one per cell of this grid: more could not be told apart.
COLUMNS, ROWS_PER_DECADE = 480, 24
BINS_PER_DECADE = 8


class PlotError(Exception):
    """gnuplot is not there, or refused a plot."""


def _color(role):
    return f'rgb "#{PALETTE[role]:06x}"'


def _quote(text):
    return "'" + text.replace("'", "''") + "'"


def _gnuplot(script):
    # No start-up files and no locale: the same script gives the same bytes.
    try:
        run = subprocess.run(["gnuplot", "--default-settings"], input=script,
                             capture_output=True, text=True, check=False,
                             env={"LC_ALL": "C.UTF-8",
                                  "PATH": "/usr/local/bin:/usr/bin:/bin"})
    except FileNotFoundError as error:
        raise PlotError("gnuplot: not found: install the Debian package "
                        "gnuplot-nox") from error
    if run.returncode or "</svg>" not in run.stdout:
        raise PlotError(f"gnuplot: status {run.returncode}: "
                        f"{run.stderr.strip()}")
    return run.stdout


def _embed(svg, name, title, description):
    """Make gnuplot's document a part of a page that has several."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", svg, count=1,
                 flags=re.S)
    svg = re.sub(r"""(id=|href=)(['"])(#?)(\w+)\2""",
                 rf"\1\2\3{name}-\4\2", svg)
    for role, value in PALETTE.items():
        red, green, blue = value >> 16, value >> 8 & 255, value & 255
        svg = re.sub(rf"rgb\(\s*{red},\s*{green},\s*{blue}\)",
                     f"var(--{role})", svg)
    svg = svg.replace('fill="black"', 'fill="var(--ink)"')
    label = (f'<title id="{name}-title">{html.escape(title)}</title>'
             f'<desc id="{name}-desc">{html.escape(description)}</desc>')
    return svg.replace(">", f' role="img" aria-labelledby="{name}-title '
                       f'{name}-desc">{label}', 1).strip() + "\n"


def _preamble(width, height):
    return [
        f"set terminal svg size {width},{height} dynamic "
        "font 'sans-serif,14' linewidth 1 enhanced",
        "set encoding utf8",
        f"set border 3 lw 1 lc {_color('soft')}",
        f"set tics nomirror out scale 0.6 textcolor {_color('ink')}",
        f"set grid lt 1 lw 0.7 lc {_color('grid')}",
        "unset key",
    ]


def _decades(low, high, offset=0):
    """Ticks 1, 10, 100 ... at their logarithms, as gnuplot wants them."""
    def name(power):
        return f"{10 ** power:,}" if power < 7 else f"10^{{{power}}}"
    return ", ".join(f"{_quote(name(power))} {power + offset}"
                     for power in range(low, high + 1))


def span(run):
    """Seconds of a plot of time: the run, and what came a little later."""
    return max([run.seconds, *(ns / 1e9 for ns, _ in run.detour_list)])


def _thin(run, seconds):
    """Marks of a plot of time: (second, log10 of the length)."""
    cells = set()
    for lab_ns, insns in run.detour_list:
        column = min(int(lab_ns / 1e9 / seconds * COLUMNS), COLUMNS - 1)
        row = round(math.log10(max(insns, 1)) * ROWS_PER_DECADE)
        cells.add((column, row))
    return [(column / COLUMNS * seconds, row / ROWS_PER_DECADE)
            for column, row in sorted(cells)]


def _panel(run, seconds, low, high, place, last):
    """One subject's strip in a plot of time."""
    marks = _thin(run, seconds)
    width = seconds / COLUMNS * 1.6
    title = f"{run.subject}: {words.plural(run.detours, 'detour')}"
    lines = [
        f"set tmargin at screen {place[0]:.4f}",
        f"set bmargin at screen {place[1]:.4f}",
        "unset label",
        f"set label 1 {_quote(title)} at graph 0, 1.09 left "
        f"textcolor {_color(run.subject)}",
        f"set ytics ({_decades(low, high)})",
        f"set yrange [{low}:{high}]",
        f"set xrange [0:{seconds:.4f}]",
    ]
    if last:
        lines += ["set xtics format '%g'",
                  f"set xlabel 'lab time, s' textcolor {_color('ink')}"]
    else:
        lines += ["set xtics format ''", "unset xlabel"]
    if not marks:
        lines += [
            f"set label 2 {_quote('none in ' + words.seconds(run.seconds))} "
            f"at graph 0.5, 0.5 center textcolor {_color('soft')}",
            "plot NaN"]
        return lines
    # Short strokes of one broken line: one path, where points are an
    # element each.
    lines.append("$marks << END")
    for second, length in marks:
        lines += [f"{second:.4f} {length:.4f}",
                  f"{second + width:.4f} {length:.4f}", ""]
    lines += ["END",
              f"plot $marks with lines lt 1 lw 2.4 lc {_color(run.subject)}"]
    return lines


def times(name, title, runs):
    """Detours over time, one panel for each run."""
    lengths = [insns for run in runs for _, insns in run.detour_list]
    low = math.floor(math.log10(max(min(lengths, default=100), 1)))
    high = math.ceil(math.log10(max(lengths, default=10000) + 1))
    high = max(high, low + 2)
    seconds = max(span(run) for run in runs)
    height = 60 + 135 * len(runs)
    lines = _preamble(860, height)
    lines += [f"set multiplot layout {len(runs)},1",
              "set lmargin at screen 0.125", "set rmargin at screen 0.985",
              f"set label 9 'length, instructions' at screen 0.014, 0.5 center "
              f"rotate by 90 textcolor {_color('ink')}"]
    for number, run in enumerate(runs):
        top = 1 - (26 + 135 * number) / height
        bottom = 1 - (26 + 135 * number + 98) / height
        panel = _panel(run, seconds, low, high, (top, bottom),
                       number == len(runs) - 1)
        if number == 0:
            panel = [line if line != "unset label" else "" for line in panel]
        lines += panel
    lines.append("unset multiplot")
    counts = "; ".join(
        f"{run.subject}: {words.plural(run.detours, 'detour')}, longest "
        f"{words.plural(run.longest, 'instruction')}" for run in runs)
    return _embed(_gnuplot("\n".join(lines) + "\n"), name, title,
                  f"{title}. {counts}.")


def bins(runs):
    """{bin: detours}, a bin being an eighth of a power of ten."""
    counts = {}
    for run in runs:
        for _, insns in run.detour_list:
            place = math.floor(math.log10(max(insns, 1)) * BINS_PER_DECADE)
            counts[place] = counts.get(place, 0) + 1
    return dict(sorted(counts.items()))


def bin_edges(place):
    """First and last whole length in a bin."""
    first = math.ceil(10 ** (place / BINS_PER_DECADE) - 1e-9)
    last = math.ceil(10 ** ((place + 1) / BINS_PER_DECADE) - 1e-9) - 1
    return first, max(first, last)


def _outline(counts):
    """The upper edge of a histogram; it ends where a bin is empty."""
    lines, previous = [], None
    for place, count in counts.items():
        if previous is not None and place != previous + 1:
            lines += [f"{(previous + 1) / BINS_PER_DECADE:.4f} -0.3", ""]
            previous = None
        left = place / BINS_PER_DECADE
        if previous is None:
            lines.append(f"{left:.4f} -0.3")
        lines += [f"{left:.4f} {math.log10(count):.4f}",
                  f"{left + 1 / BINS_PER_DECADE:.4f} {math.log10(count):.4f}"]
        previous = place
    if previous is not None:
        lines.append(f"{(previous + 1) / BINS_PER_DECADE:.4f} -0.3")
    return lines


def histogram(name, title, series):
    """How long detours are; series: [(label, subject, dashed, runs)]."""
    lines = _preamble(860, 440)
    plots, most, places = [], 1, []
    for number, (label, subject, dashed, runs) in enumerate(series):
        counts = bins(runs)
        most = max([most, *counts.values()])
        places += counts
        style = (f"with lines lt 1 lw 2.2 dt {'(7,4)' if dashed else 1} "
                 f"lc {_color(subject)}")
        if counts:
            lines += [f"$series{number} << END", *_outline(counts), "END"]
            plots.append(f"$series{number} {style} title {_quote(label)}")
        else:
            plots.append(f"NaN {style} title {_quote(label + ': none')}")
    low = min([p // BINS_PER_DECADE for p in places], default=2)
    high = max([-(-(p + 1) // BINS_PER_DECADE) for p in places], default=4)
    high = max(high, low + 1)
    top = math.ceil(math.log10(most) + 0.05)
    lines += [
        "set key outside top center horizontal Left reverse "
        f"textcolor {_color('ink')}",
        f"set xrange [{low}:{high}]", f"set yrange [-0.3:{top}]",
        f"set xtics ({_decades(low, high)})", f"set ytics ({_decades(0, top)})",
        f"set xlabel 'length, instructions' textcolor {_color('ink')}",
        f"set ylabel 'detours' textcolor {_color('ink')}",
        "plot " + ", ".join(plots)]
    description = "; ".join(
        f"{label}: {words.plural(sum(bins(runs).values()), 'detour')}"
        for label, _, _, runs in series)
    return _embed(_gnuplot("\n".join(lines) + "\n"), name, title,
                  f"{title}. {description}.")


def _bar_end(count):
    """Where a bar ends: a strip for zero, then a logarithmic axis."""
    return 1 + math.log10(count) if count else 0


def _bars(storms, noise, subject, shift):
    """Rectangles, marks of zeros, and numbers of one subject."""
    boxes, zeros, labels = [], [], []
    for place, storm in enumerate(storms):
        run, y = noise.run(subject, storm), place + shift
        if not run:
            labels.append(f"0.12 {y:.3f} \"not measured\"")
            continue
        end = _bar_end(run.detours)
        labels.append(f"{end + 0.12:.4f} {y:.3f} "
                      f"\"{words.number(run.detours)}\"")
        if run.detours:
            boxes.append(f"{end / 2:.4f} {y:.3f} {end / 2:.4f} 0.17")
        else:
            zeros.append(f"0 {y:.3f}")
    return boxes, zeros, labels


def bars(name, title, noise, subjects=("lwk", "tuned")):
    """A bar for each storm and subject, on a log axis that has a zero."""
    storms = noise.storms()
    height = 132 + 36 * len(storms)
    lines = _preamble(860, height)
    most = max((run.detours for run in noise.runs if run.storm), default=1)
    high = max(math.ceil(math.log10(max(most, 1) * 3)), 2)
    plots = []
    for subject, shift in zip(subjects, (-0.2, 0.2)):
        boxes, zeros, labels = _bars(storms, noise, subject, shift)
        color = _color(subject)
        for kind, rows, style in (
                ("boxes", boxes, "with boxxyerror fs solid 1 noborder "
                 f"lc {color}"),
                ("zeros", zeros, f"with points pt 7 ps 0.75 lc {color}"),
                ("labels", labels, "using 1:2:3 with labels left font ',12' "
                 f"textcolor {_color('ink')}")):
            if rows:
                lines += [f"${kind}_{subject} << END", *rows, "END"]
                plots.append(f"${kind}_{subject} {style} notitle")
        plots.append(f"NaN with boxes fs solid 1 noborder lc {color} "
                     f"title {_quote(subject)}")
    names = ", ".join(f"{_quote(storm.replace('_', chr(92) + '_'))} {place}"
                      for place, storm in enumerate(storms))
    lines += [
        "set key outside top center horizontal Left reverse "
        f"textcolor {_color('ink')}",
        f"set xrange [-0.12:{1 + high}]",
        f"set yrange [{len(storms) - 0.4}:-0.6]",
        f"set xtics ('0' 0, {_decades(0, high, 1)})",
        f"set ytics ({names}) scale 0",
        "set grid noytics",
        f"set xlabel 'detours (0, then a logarithmic axis)' "
        f"textcolor {_color('ink')}",
        "plot " + ", ".join(plots)]
    return _embed(_gnuplot("\n".join(lines) + "\n"), name, title,
                  f"{title}. {_spoken(noise, subjects)}")


def _spoken(noise, subjects):
    text = []
    for subject in subjects:
        measured, silent = words.totals(noise, subject)
        text.append(f"{subject}: no detour under {silent} of "
                    f"{words.plural(measured, 'storm')}")
    return "; ".join(text) + ". The table of the storms has all numbers."


def spreads(name, title, label, series):
    """Upright bars beside each other, each with its spread.

    series: [(text, role, {case: (median, least, most)})], from 0."""
    cases = list(dict.fromkeys(c for _, _, values in series for c in values))
    width = 0.7 / len(series)
    lines = _preamble(860, 380)
    plots, spoken = [], []
    for number, (text, role, values) in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * width
        lines += [f"$series{number} << END",
                  *(f"{cases.index(case) + shift:.4f} {median} {least} {most}"
                    for case, (median, least, most) in values.items()),
                  "END"]
        plots += [f"$series{number} using 1:2:({width * 0.92:.4f}) with boxes "
                  f"fs solid 1 noborder lc {_color(role)} title "
                  f"{_quote(text)}",
                  # Error bars would have a gap around their point.
                  f"$series{number} using 1:3:(0):($4-$3) with vectors heads "
                  f"size graph 0.006,90 lw 1.4 lc {_color('ink')} notitle"]
        spoken.append(f"{text}: " + ", ".join(
            f"{case} {words.number(value[0])}"
            for case, value in values.items()))
    # In two lines; only double quotes know the end of one.
    names = ", ".join('"' + case.replace(" ", "\\n") + f'" {place}'
                      for place, case in enumerate(cases))
    lines += [
        "set key outside top center horizontal Left reverse "
        f"textcolor {_color('ink')}",
        "set bmargin 3",
        f"set xrange [-0.6:{len(cases) - 0.4}]",
        "set yrange [0:*]",
        f"set xtics ({names}) scale 0",
        "set grid noxtics",
        f"set ylabel {_quote(label)} textcolor {_color('ink')}",
        "plot " + ", ".join(plots)]
    return _embed(_gnuplot("\n".join(lines) + "\n"), name, title,
                  f"{title}. {'; '.join(spoken)}. The table has the spread.")


def order(runs):
    """In the order of the subjects, for all plots."""
    return sorted(runs, key=lambda run: SUBJECTS.index(run.subject))
