# SPDX-License-Identifier: GPL-2.0
"""How figures and causes are worded, in the tables as on the page."""

from .figures import UNKNOWN


def number(value):
    return f"{value:,}"


def seconds(value):
    return f"{value:g} s"


def plural(count, one, many=None):
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def cause(item):
    """The function that ran on the core and who sent it there."""
    what = item.function if item.function != UNKNOWN else item.entry
    if item.sender == UNKNOWN:
        return what
    return f"{what} from {item.sender}"


def hits(run):
    """The most frequent cause of a run, and how many others."""
    if not run:
        return "not measured"
    if not run.detours:
        return "nothing"
    if not run.causes:
        return UNKNOWN
    first = cause(run.causes[0])
    if len(run.causes) > 1:
        first += f", and {plural(len(run.causes) - 1, 'other')}"
    return first


def causes(noise, subject):
    """(storm or None, cause) of all runs of the subject, quiet first."""
    for storm in [None, *noise.storms()]:
        run = noise.run(subject, storm)
        for item in run.causes if run else ():
            yield storm, item


def totals(noise, subject):
    """Storms measured and storms without a detour."""
    runs = [noise.run(subject, storm) for storm in noise.storms()]
    runs = [run for run in runs if run]
    return len(runs), sum(not run.detours for run in runs)
