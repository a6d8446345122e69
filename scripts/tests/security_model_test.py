#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each sentence of the security model names tests: are they there?

Reads Documentation/lwk/xemem-security.rst and selftests/xemem/*.c. Exit status:
0, or 1: a test is missing, or a row of a table names none.
"""

import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "Documentation/lwk/xemem-security.rst"
TESTS = TOP / "selftests/xemem"
CITED = re.compile(r"``(\w+): (\w+)``")
# TEST(name), TEST_F(fixture, name), and a program's own macros for the latter.
DEFINED = re.compile(r"^(?:TEST|TEST_F|TEST_F_TIMEOUT|[A-Z]+_TEST)"
                     r"\((?:\w+,\s*)?(\w+)", re.MULTILINE)


def rows(text):
    """The rows of all tables, as text."""
    for table in text.split(".. list-table::")[1:]:
        table = table.split("\n\n", 1)[1]
        body = re.match(r"(?:   .*\n|\n)*", table).group(0)
        yield from re.split(r"^   \* - ", body, flags=re.MULTILINE)[1:]


class SecurityModel(unittest.TestCase):
    """What the page says of the tests."""

    def setUp(self):
        self.text = PAGE.read_text(encoding="utf-8")

    def test_each_row_names_a_test(self):
        """A sentence that nothing shows is a wish."""
        found = list(rows(self.text))
        self.assertGreater(len(found), 30)
        for row in found:
            self.assertRegex(row.split("\n     - ")[-1], CITED, row)

    def test_tests_exist(self):
        """By name, in the program that is said to have them."""
        cited = set(CITED.findall(self.text)) - {("program", "test")}
        for program, test in sorted(cited):
            source = TESTS / f"{program}.c"
            with self.subTest(program=program, test=test):
                defined = DEFINED.findall(source.read_text(encoding="utf-8"))
                self.assertIn(test, defined)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
