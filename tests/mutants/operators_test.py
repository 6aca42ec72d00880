#!/usr/bin/python3
"""Tests of the operators: which lines change, and into what."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "mutants")]
import mutants  # noqa: E402
import operators  # noqa: E402
from layer_rules.tree import without_comments  # noqa: E402


def changes(line):
    """What each mutant makes of one line."""
    found = operators.mutants_of("f", line, without_comments(line, keep_strings=False))
    return [mutant.after.strip() for mutant in found]


class Operators(unittest.TestCase):
    def test_conditions_are_fixed_both_ways(self):
        self.assertEqual(changes("  if (f(a) || b) return x;"),
                         ["if (false && (f(a) || b)) return x;", "if (true || (f(a) || b)) return x;",
                          "if (f(a) && b) return x;"])
        # Goes on in the next line.
        self.assertEqual(changes("  if (f(a) &"), [])

    def test_statements_are_left_out(self):
        self.assertEqual(changes("  SHOAL_CHECK(log_.make_durable());"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  batch.erase(column, key(a));"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  ++count_;"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  size_ = other;"), ["static_cast<void>(0);"])
        # The last line of a statement, a result, a declaration.
        self.assertEqual(changes("      encode(a, b));"), [])
        self.assertEqual(changes("  return f(a);"), [])
        self.assertEqual(changes("  const auto x = f(a);"), [])

    def test_comparisons(self):
        self.assertEqual(changes("  return a < b;"), ["return a <= b;"])
        self.assertEqual(changes("  return a >= b;"), ["return a > b;"])
        self.assertEqual(changes("  return a == b;"), ["return a != b;"])
        self.assertEqual(changes("  return a - 1;"), ["return a + 1;"])
        self.assertEqual(changes("  return std::max<int>(a, b);"), ["return std::min<int>(a, b);"])
        self.assertEqual(changes("  return !a;"), ["return a;"])

    def test_words_that_matter(self):
        self.assertEqual(changes("  return Error{Code::corrupt, text};"), ["return Error{Code::unverified, text};"])
        self.assertEqual(changes("  return store.write(batch, Sync::yes);"), ["return store.write(batch, Sync::no);"])
        self.assertEqual(changes("  return true;"), ["return false;"])

    def test_comments_and_literals_stay(self):
        self.assertEqual(changes('  return Error{Code::io, "a == b"};  // a < b'), [])
        self.assertEqual(changes('  if (a == "x, y") f("a < b");  // why')[2], 'if (a != "x, y") f("a < b");')
        self.assertEqual(changes("// if (a) return;"), [])

    def test_every_equivalent_names_a_mutant_that_is_there(self):
        for (file, operator, before, after), reason in mutants.equivalents().items():
            text = (ROOT / file).read_text()
            keys = [m.key() for m in operators.mutants_of(file, text, without_comments(text, keep_strings=False))]
            self.assertIn((file, operator, before, after), keys)
            self.assertNotEqual(reason, "")


if __name__ == "__main__":
    unittest.main()
