#!/usr/bin/python3
"""Tests of the operators and the rewriting: which places change, into what, and that the text chooses one of them."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "mutants"))
import mutants  # noqa: E402
import operators  # noqa: E402
import programs  # noqa: E402
import schemata  # noqa: E402

# What the snippets use, in the line before them.
WORLD = """
namespace std { template <typename T> T max(T a, T b); template <typename T> T min(T a, T b); }
enum class Code { io, corrupt, unverified }; enum class Sync { no, yes }; struct R { bool ok(); int operator*(); };
struct Log { R make_durable(); void erase(int); int size; bool operator!() const; }; void print(const char*);
int f(int); R g(); R store(Sync); bool p(int); extern int a, b, c, count_, array[4];
extern bool x, y, z; extern Log log_;
""".replace("\n", " ")


def finder(body, head="R function()"):
    return operators.Finder("snippet.cpp", f"{WORLD}\n{head} {{\n{body}\n}}")


def changes(body, **options):
    """What each mutant makes of a line."""
    return [mutant.after for mutant in finder(body, **options).found()]


def rewritten(body):
    """The body with all its mutants in it, numbered from 1."""
    found = finder(body)
    text = schemata.Schemata(found.code, dict(enumerate(found.found(), 1))).text
    return "\n".join(text.split("\n")[2:-1])


class Operators(unittest.TestCase):
    def test_conditions_are_fixed_both_ways(self):
        self.assertEqual(changes("  if (p(a) || y) return g();"),
                         ["if (false && (p(a) || y)) return g();", "if (true || (p(a) || y)) return g();",
                          "if (p(a) && y) return g();"])
        self.assertEqual(changes("while (x) break;"), ["while (false && (x)) break;", "while (true || (x)) break;"])
        self.assertEqual(changes("do { } while (x);"), ["do { } while (false && (x));", "do { } while (true || (x));"])
        # Over two lines: both are named.
        self.assertEqual(changes("  if (p(a) &&\n      y) return g();")[:2],
                         ["if (false && (p(a) && y)) return g();", "if (true || (p(a) && y)) return g();"])

    def test_conditions_behind_a_declaration(self):
        self.assertEqual(changes("if (int n = f(a); n) return g();"),
                         ["if (int n = f(a); false && (n)) return g();", "if (int n = f(a); true || (n)) return g();"])
        self.assertEqual(changes("if (int n = f(a)) return g();"), [])

    def test_statements_are_left_out(self):
        self.assertEqual(changes("  SHOAL_CHECK(log_.make_durable());"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  log_.erase(a);"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  for (int i : array) log_.erase(i);"), ["for (int i : array) static_cast<void>(0);"])
        self.assertEqual(changes("  log_.erase(\n      a);"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  ++count_;"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  a = b;"), ["static_cast<void>(0);"])
        self.assertEqual(changes("  log_.size += b;"), ["static_cast<void>(0);"])
        # A result, a declaration, what a macro declares, parts of a loop's head.
        self.assertEqual(changes("  return g();"), [])
        self.assertEqual(changes("  const auto n = f(a);"), [])
        self.assertEqual(changes("  SHOAL_TRY(const int n, g());"), [])
        self.assertEqual(changes("  for (a = 0; x; ++a) { }"), [])

    def test_operators_of_the_table_are_named(self):
        kinds = [mutant.operator for mutant in finder("++a; a = b; f(a); if (!y) return g();").found()]
        self.assertEqual(kinds, ["count left out", "assignment left out", "call left out", "condition", "condition",
                                 "negation"])

    def test_comparisons(self):
        self.assertEqual(changes("  return a < b;"), ["return a <= b;"])
        self.assertEqual(changes("  return a >= b;"), ["return a > b;"])
        self.assertEqual(changes("  return a == b;"), ["return a != b;"])
        self.assertEqual(changes("  return a - 1;"), ["return a + 1;"])
        self.assertEqual(changes("  return std::max<int>(a, b);"), ["return std::min<int>(a, b);"])
        self.assertEqual(changes("  return !x;"), ["return x;"])
        self.assertEqual(changes("  return !log_;"), ["return log_;"])

    def test_inside_the_macros(self):
        self.assertEqual(changes("  SHOAL_TRY(const int n, store(a < b ? Sync::yes : Sync::no));"),
                         ["SHOAL_TRY(const int n, store(a <= b ? Sync::yes : Sync::no));",
                          "SHOAL_TRY(const int n, store(a < b ? Sync::no : Sync::no));"])
        self.assertEqual(changes("  SHOAL_TRY(const int n,\n            x ? g() : store(Sync::yes));"),
                         ["x ? g() : store(Sync::no));"])
        self.assertEqual(changes("  SHOAL_CHECK(store(Sync::yes));"),
                         ["static_cast<void>(0);", "SHOAL_CHECK(store(Sync::no));"])
        self.assertEqual(changes("  SHOAL_ASSERT(a < b);"), [])

    def test_words_that_matter(self):
        self.assertEqual(changes("  return Code::corrupt;"), ["return Code::unverified;"])
        self.assertEqual(changes("  return store(Sync::yes);"), ["return store(Sync::no);"])
        self.assertEqual(changes("  return true;"), ["return false;"])

    def test_what_the_compiler_computes_stays(self):
        self.assertEqual(changes("  constexpr int n = 1 + 2;"), [])
        self.assertEqual(changes("  return 1 + 2;", head="constexpr int function()"), [])
        self.assertEqual(changes("  static_assert(sizeof(a) == 4);"), [])
        self.assertEqual(changes("  int n[1 + 2];"), [])
        self.assertEqual(changes("  if constexpr (1 < 2) return g();"), [])
        self.assertEqual(changes("  switch (a) { case 1 + 2: return g(); }"), [])

    def test_comments_and_literals_stay(self):
        self.assertEqual(changes('  print("a == b");  // a < b'), ["static_cast<void>(0);"])
        self.assertEqual(changes('  if (x) print("a < b");  // why')[0], 'if (false && (x)) print("a < b");')
        self.assertEqual(changes("// if (a) return;"), [])

    def test_every_equivalent_names_a_mutant_that_is_there(self):
        keys = {}
        for (file, operator, before, after), reason in mutants.equivalents().items():
            if file not in keys:
                keys[file] = {mutant.key() for mutant in operators.Finder(file, (ROOT / file).read_text()).found()}
            self.assertIn((file, operator, before, after), keys[file])
            self.assertNotEqual(reason, "")


class Rewriting(unittest.TestCase):
    def test_a_condition_has_both_values_and_itself(self):
        self.assertEqual(rewritten("if (x) return g();"), "if ((shoal_mutant(1) ? (false) : shoal_mutant(2) ? (true) : "
                         "static_cast<bool>((x)))) return g();")

    def test_a_statement_runs_unless_its_mutant_is_active(self):
        self.assertEqual(rewritten("if (a) f(a); else f(b);").count("{ if (!shoal_mutant("), 2)
        self.assertEqual(rewritten("f(a);"), "{ if (!shoal_mutant(1)) f(a); }")
        self.assertEqual(rewritten("SHOAL_CHECK(g());"), "{ if (!shoal_mutant(1)) SHOAL_CHECK(g()); }")

    def test_what_is_inside_of_a_mutant_is_unchanged(self):
        self.assertEqual(rewritten("return f(a < b) == c;"), "return (shoal_mutant(2) ? (f(a < b) != c) : "
                         "(f((shoal_mutant(1) ? (a <= b) : (a < b))) == c));")

    def test_and_within_or_binds_as_the_changed_text_does(self):
        self.assertIn("shoal_mutant(1) ? (x || y && z)", rewritten("return x && y && z;"))
        self.assertIn("shoal_mutant(2) ? (x && y || z)", rewritten("return x && y && z;"))

    def test_lines_stay(self):
        body = "if (x &&\n    y) {\n  f(a +\n    b);\n}"
        self.assertEqual(rewritten(body).count("\n"), body.count("\n"))

    def test_errors_name_their_mutant(self):
        found = finder("return f(a < b) == c;")
        schema = schemata.Schemata(found.code, {7: found.found()[0], 9: found.found()[1]})
        line = schema.text.split("\n")[2]
        self.assertEqual(schema.blamed([(3, line.index("a <= b") + 3)]), {7})
        self.assertEqual(schema.blamed([(3, line.index("!=") + 1)]), {9})
        # In the branch of none of them: those of the innermost place that is rewritten.
        self.assertEqual(schema.blamed([(3, line.rindex("(a < b)") + 1)]), {7})
        self.assertEqual(schema.blamed([(3, line.index("== c") + 1)]), {9})
        self.assertEqual(schema.blamed([(1, 1)]), set())


PROGRAM = """
extern "C" int printf(const char*, ...);
int more(int n) {
  if (n > 3) n = n + 10;
  return n;
}
int main() { printf("%d %d", more(3), more(4)); }
"""


class Selecting(unittest.TestCase):
    """The rewritten text compiled, with selector.h."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        found = operators.Finder("snippet.cpp", PROGRAM)
        cls.mutants = dict(enumerate(found.found(), 1))
        source = pathlib.Path(cls.folder.name, "snippet.cpp")
        source.write_text(schemata.Schemata(found.code, cls.mutants).text)
        cls.program = str(source.with_suffix(""))
        selector = ROOT / "tests" / "mutants" / "selector.h"
        subprocess.run(["g++", "-std=c++20", "-include", selector, source, "-o", cls.program], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def output(self, **variables):
        return subprocess.run([self.program], env={**os.environ, **variables}, capture_output=True, text=True).stdout

    def test_one_mutant_is_active(self):
        self.assertEqual(self.output(), "3 14")
        made = {self.mutants[number].after: self.output(SHOAL_MUTANT=str(number)) for number in self.mutants}
        self.assertEqual(made["if (false && (n > 3)) n = n + 10;"], "3 4")
        self.assertEqual(made["if (true || (n > 3)) n = n + 10;"], "13 14")
        self.assertEqual(made["if (n >= 3) n = n + 10;"], "13 14")
        self.assertEqual(made["if (n > 3) n = n - 10;"], "3 -6")
        self.assertEqual(made["if (n > 3) static_cast<void>(0);"], "3 4")

    def test_what_is_reached_is_told_once(self):
        reached = pathlib.Path(self.folder.name, "reached")
        self.output(SHOAL_MUTANTS_REACHED=str(reached))
        self.assertEqual(sorted(map(int, reached.read_text().split())), sorted(self.mutants))


class Turns(unittest.TestCase):
    def test_cheap_tests_and_own_ones_come_first(self):
        tests = []
        for name, seconds, own in [("slow", 10, False), ("own", 1, True), ("cheap", 0.1, False), ("other", 1, False)]:
            tests.append(programs.Test("p", name, own))
            tests[-1].seconds = seconds
        turns = [[test.name for test in turn] for turn in programs.in_turns(tests)]
        self.assertEqual(turns, [["own"], ["cheap"], ["other"], ["slow"]])
        self.assertEqual(programs.in_turns([]), [])


if __name__ == "__main__":
    unittest.main()
