# SPDX-License-Identifier: GPL-2.0
"""bench/report: the flat figures, the tables, the plots and the page."""

import html.parser
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import samples

sys.path.insert(0, str(samples.BENCH))
# pylint: disable=wrong-import-position
from reporting import figures, plots  # noqa: E402

HAVE_GNUPLOT = shutil.which("gnuplot") is not None
VOID = {"meta", "br"}


class ReportCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)

    def report(self, data, *options):
        path = samples.write(self.dir / "noise.json", data)
        return subprocess.run([samples.BENCH / "report", *options, path],
                              capture_output=True, text=True, check=False)

    def results(self, data):
        run = self.report(data, "--no-html")
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads((self.dir / "results.json").read_text(
            encoding="utf-8"))

    def refuses(self, words, data):
        run = self.report(data, "--no-html")
        self.assertEqual(run.returncode, 1)
        self.assertIn(words, run.stderr)
        self.assertIn("noise.json", run.stderr)
        self.assertFalse((self.dir / "results.json").exists())


class Figures(ReportCase):
    def test_names_values_units(self):
        flat = self.results(samples.noise(samples.run("lwk", program="fwq")))
        for name, value, unit in (
                ("noise.quiet.lwk.detours", 0, "count"),
                ("noise.quiet.plain.detours", 3, "count"),
                ("noise.quiet.plain.max", 40000, "insn"),
                ("noise.quiet.plain.lost_ppm", 41900.0, "ppm"),
                ("noise.storm.static-key.tuned.detours", 12, "count"),
                ("noise.storm.static-key.tuned.max", 1200, "insn"),
                ("noise.storm.static-key.lwk.operations", 50, "count"),
                ("noise.fwq.lwk.detours", 0, "count"),
                ("environment.qemu", samples.ENVIRONMENT["qemu"], "text")):
            self.assertEqual(flat[name], {"value": value, "unit": unit})
        self.assertNotIn("noise.fwq.tuned.detours", flat)
        self.assertEqual(list(flat), sorted(flat))

    def test_order_of_runs_does_not_matter(self):
        data = samples.noise()
        self.results(data)
        before = (self.dir / "results.json").read_bytes()
        data["runs"].reverse()
        self.results(data)
        self.assertEqual((self.dir / "results.json").read_bytes(), before)

    def test_overhead_is_taken_over(self):
        samples.write(self.dir / "overhead.json",
                      {"overhead.getppid.lwk": {"value": 277,
                                                "unit": "insn"}})
        flat = self.results(samples.noise())
        self.assertEqual(flat["overhead.getppid.lwk"]["value"], 277)

    def test_hops_are_taken_over(self):
        samples.write(self.dir / "hops.json",
                      {"syscall.getppid.lwk_hop": {"value": 277,
                                                "unit": "insn"}})
        flat = self.results(samples.noise())
        self.assertEqual(flat["syscall.getppid.lwk_hop"]["value"], 277)

    def test_memory_is_taken_over(self):
        samples.write(self.dir / "memory.json",
                      {"memory.brk.lwk.faults": {"value": 3,
                                                 "unit": "count"}})
        flat = self.results(samples.noise())
        self.assertEqual(flat["memory.brk.lwk.faults"],
                         {"value": 3, "unit": "count"})

    def test_attachments_are_taken_over(self):
        samples.write(self.dir / "xemem.json",
                      {"xemem.detach_1g_2m.lazy.insn": {"value": 3,
                                                        "unit": "insn"}})
        flat = self.results(samples.noise())
        self.assertEqual(flat["xemem.detach_1g_2m.lazy.insn"],
                         {"value": 3, "unit": "insn"})

    def test_refusals(self):
        data = samples.noise(samples.run("lwk"))
        self.refuses("run 7 repeats run 0", data)
        self.refuses("'best'", samples.noise(samples.run("best")))
        self.refuses("'a.b'", samples.noise(samples.run("lwk", "a.b")))
        data = samples.noise()
        data["runs"][2]["causes"][0]["count"] = 2
        self.refuses("its causes count 2 detours, itself 3", data)
        data = samples.noise()
        del data["runs"][1]["max"]
        self.refuses("run 1: max is None", data)
        data = samples.noise()
        data["runs"][0]["own_insns"] = 0
        self.refuses("own_insns is 0", data)
        data = samples.noise()
        del data["environment"]["compiler"]
        self.refuses("environment.compiler", data)

    def test_no_file(self):
        run = subprocess.run(
            [samples.BENCH / "report", self.dir / "absent.json"],
            capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("absent.json: No such file", run.stderr)


    def test_cpus_of_a_sender_go_together(self):
        data = samples.noise()
        cause = data["runs"][4]["causes"][0]
        data["runs"][4]["causes"] = [
            {**cause, "count": 5, "longest": 7},
            {**cause, "count": 6, "sender": "text_poke_bp_batch@0"},
            {**cause, "count": 1, "sender": "-"}]
        path = samples.write(self.dir / "noise.json", data)
        run = figures.read_noise(path).run("tuned", "static-key")
        self.assertEqual(
            [(c.sender, c.cpus, c.count, c.longest) for c in run.causes],
            [("text_poke_bp_batch", ("0", "1"), 11, 1200),
             ("unknown", (), 1, 1200)])


class Table(ReportCase):
    def lines(self, data):
        return self.report(data, "--no-html").stdout.splitlines()

    def test_rows(self):
        lines = [" ".join(line.split()) for line in self.lines(
            samples.noise())]
        self.assertIn("selfish plain 5 s 3 41,900.000 40,000", lines)
        self.assertIn("static-key 50 40 0 12 0 1,200 do_sync_core from "
                      "text_poke_bp_batch", lines)
        self.assertIn("timers 7 7 0 0 0 0 nothing", lines)
        self.assertIn("Nothing hits the LWK core.", lines)

    def test_worst_storm_first(self):
        names = [line.split()[0] for line in self.lines(samples.noise())
                 if line.startswith(("  static-key", "  timers"))]
        self.assertEqual(names, ["static-key", "timers"])

    def test_what_hits_the_lwk_core_is_named(self):
        lines = self.lines(samples.noise(samples.run(
            "lwk", "hotplug", lengths=(7, 9), function="multi_cpu_stop")))
        self.assertTrue(any("multi_cpu_stop" in line and "hotplug" in line
                            for line in lines))


class Bins(unittest.TestCase):
    def test_every_length_is_in_its_bin(self):
        for length in (1, 2, 9, 10, 99, 100, 133, 134, 999, 1000, 286548):
            run = figures.Run("lwk", None, "selfish", 5, 0, 1, 0, 1, length,
                              (), ((1, length),))
            (place, count), = plots.bins([run]).items()
            first, last = plots.bin_edges(place)
            self.assertEqual(count, 1)
            self.assertLessEqual(first, length)
            self.assertLessEqual(length, last)


class Outline(html.parser.HTMLParser):
    """What a page refers to, names, and fails to close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.labels, self.links = [], [], [], []
        self.wrong, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "aria-labelledby":
                self.labels += value.split()
            elif name in ("src", "href", "xlink:href"):
                self.links.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@unittest.skipUnless(HAVE_GNUPLOT, "no gnuplot")
class Page(ReportCase):
    def page(self, data):
        run = self.report(data, "-q")
        self.assertEqual(run.returncode, 0, run.stderr)
        return (self.dir / "report.html").read_text(encoding="utf-8")

    def test_needs_nothing_else_and_is_well_formed(self):
        outline = Outline(self.page(samples.noise()))
        self.assertEqual((outline.open, outline.wrong), ([], []))
        self.assertEqual(len(outline.ids), len(set(outline.ids)))
        self.assertLessEqual(set(outline.labels), set(outline.ids))
        self.assertTrue(outline.labels)
        self.assertEqual([link for link in outline.links
                          if link[:1] != "#" or link[1:] not in outline.ids],
                         [])
        self.assertEqual(outline.tags.count("svg"), 4)
        self.assertNotIn("script", outline.tags)

    def test_same_bytes_again(self):
        self.assertEqual(self.page(samples.noise()),
                         self.page(samples.noise()))

    def test_zero_is_shown(self):
        text = self.page(samples.noise())
        self.assertIn("lwk: 0 detours", text)
        self.assertIn("lwk, quiet: none", text)
        # a point for each of the three zeros in the bars
        self.assertEqual(text.count("href='#storms-gpPt6' transform"), 3)

    def test_colours_come_from_the_page(self):
        text = self.page(samples.noise())
        for role in plots.PALETTE:
            self.assertIn(f"var(--{role})", text)
            self.assertIn(f"--{role}:", text)
        self.assertNotRegex(text, r"rgb\( *1, *2")

    def test_not_measured_is_no_zero(self):
        text = self.page(samples.noise(samples.run("lwk", "bpf",
                                                   operations=1)))
        self.assertIn("not measured", text)

    def test_what_was_skipped_is_said(self):
        data = samples.noise()
        data["skipped"] = [{"subject": "lwk", "storm": "bpf-jit",
                            "program": "selfish", "reason": "no BPF JIT"}]
        text = self.page(data)
        self.assertIn("no BPF JIT", text)
        self.assertIn("bpf-jit", text)

    def test_memory_has_its_tables(self):
        self.assertNotIn("<h2>Memory</h2>", self.page(samples.noise()))
        samples.write(self.dir / "memory.json", {
            f"memory.brk.{subject}.{what}": {"value": value, "unit": "insn"}
            for subject, what, value in (
                ("lwk", "insn", 1200), ("populate", "insn", 5600),
                ("lwk", "faults", 0), ("populate", "faults", 78))})
        text = self.page(samples.noise())
        absent = "<td>not measured</td>"
        for lwk, populate in (("1,200", "5,600"), ("0", "78")):
            self.assertIn(f'<th scope="row">brk</th><td>{lwk}</td>'
                          f"{absent * 2}<td>{populate}</td>{absent}", text)
        outline = Outline(text)
        self.assertEqual((outline.open, outline.wrong), ([], []))

    def test_attachments_have_their_tables(self):
        title = "<h2>Memory of another process</h2>"
        self.assertNotIn(title, self.page(samples.noise()))
        samples.write(self.dir / "xemem.json", {
            name.replace("__", "."): {"value": value, "unit": "insn"}
            for name, value in samples.xemem().items()})
        text = self.page(samples.noise())
        absent = "<td>not measured</td>"
        self.assertIn(title, text)
        self.assertIn('<th scope="row">attach_64m_4k</th><td>6,080,000</td>'
                      f"<td>9,000,000</td>{absent * 6}", text)
        self.assertIn('<th scope="row">attach_64m_4k</th><td>0</td>'
                      f"<td>256</td>{absent * 6}", text)
        outline = Outline(text)
        self.assertEqual((outline.open, outline.wrong), ([], []))

    def test_insitu_has_its_plot(self):
        self.assertNotIn("In situ", self.page(samples.noise()))
        samples.write(self.dir / "insitu.json", {
            f"insitu.{case}.{place}.{what}": {"value": value, "unit": "ms"}
            for case, place, base in (
                ("alone", "linux", 1000), ("sync.one", "linux", 4200),
                ("async.new", "linux", 2100), ("sync.one", "lwk", 4100))
            for what, value in (("median", base), ("min", base - 7.5),
                                ("max", base + 250), ("runs", 3))})
        text = self.page(samples.noise())
        self.assertIn('<th scope="row">sync one, lwk</th><td>4,100.0</td>'
                      "<td>4,092.5</td><td>4,350.0</td><td>&ndash;</td>", text)
        # alone before the others
        self.assertLess(text.index(">alone, linux<"),
                        text.index(">sync one, linux<"))
        self.assertLess(text.index(">sync one, lwk<"),
                        text.index(">async new, linux<"))
        outline = Outline(text)
        self.assertEqual((outline.open, outline.wrong), ([], []))
        self.assertEqual(outline.tags.count("svg"), 5)
        self.assertEqual([link for link in outline.links
                          if link[:1] != "#" or link[1:] not in outline.ids],
                         [])
        self.assertIn("solver on the LWK: sync one 4,100", text)

    def test_late_detours_are_counted(self):
        data = samples.noise()
        data["runs"][2]["detour_list"][2][0] = 5100000000
        self.assertIn("5 to 6 s", self.page(data))

    def test_text_is_escaped(self):
        data = samples.noise()
        data["runs"][4]["causes"][0]["sender"] = "<b>&"
        text = self.page(data)
        self.assertIn("&lt;b&gt;&amp;", text)
        self.assertNotIn("<b>", text)

    def test_quiet_alone(self):
        data = samples.noise()
        data["runs"] = data["runs"][:1]
        self.assertIn("none in 5 s", self.page(data))


if __name__ == "__main__":
    unittest.main()
