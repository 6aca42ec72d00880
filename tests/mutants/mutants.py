#!/usr/bin/python3
"""Changes one place of the code at a time and runs the floor's tests: what survives is a place that no test guards.

    scripts/mutants.sh [--sample N] [--seed S] [--again FILE] [--also TARGET]... [--jobs N] [--json FILE] FILE...

Idea: mutation testing (DeMillo, Lipton, Sayward 1978). A test suite is judged by the faults it sees, not by the lines
it runs. Operators stand in operators.py; mutants that change nothing that can be observed stand in equivalent.txt with
the reason and do not count. One that does not compile counts for nothing either.

All mutants of a file are compiled at once (schemata.py), in a copy of the tree below build/mutants, so that the work
tree stays as it is. Each test runs once alone, to see which mutants it reaches; a mutant is then run with these tests
only. One that no test reaches has survived.
"""

import argparse
import json
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutants" / "tree"
BUILD = COPY / "build" / "dev"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "mutants"))
import operators  # noqa: E402
import programs  # noqa: E402
import schemata  # noqa: E402

BUILD_TIMEOUT_S = 3600


def run(words):
    """(exit code, output)."""
    done = subprocess.run(words, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BUILD_TIMEOUT_S,
                          text=True, errors="replace")
    return done.returncode, done.stdout


def copy_tree():
    """Makes COPY equal to the work tree; what is equal keeps its time, so that little is compiled again."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    names = [name for name in names if (ROOT / name).is_file()]
    for name in names:
        source, target = ROOT / name, COPY / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    wanted = {COPY / name for name in names}
    for path in COPY.rglob("*"):
        if path.is_file() and path not in wanted and COPY / "build" not in path.parents:
            path.unlink()
    # The flags of the work tree: what the compiler cache has is not compiled again.
    code, output = run(["cmake", "--preset", "dev"])
    if code != 0:
        sys.exit(f"error: cmake failed:\n{output}")


def test_targets(file, also):
    """Test programs of the floor that the file is of, and those asked for."""
    floor = file.split("/")[1]
    text = (ROOT / "tests" / floor / "CMakeLists.txt").read_text()
    return [f"{name}_tests" for name in re.findall(r"shoal_test\(\s*(\w+)", text)] + list(also)


def definitions(file):
    """Macros that the build defines for a file."""
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    command = next(entry["command"] for entry in commands if entry["file"] == str(COPY / file))
    return [word for word in shlex.split(command) if word.startswith("-D")]


class Rewritten:
    """A file of the copy with all its mutants in it, numbered from 1, as long as this object is entered."""

    def __init__(self, file, jobs):
        self.file, self.jobs = file, jobs
        self.place = COPY / file
        recipes = [folder / "CMakeLists.txt" for folder in self.place.parents]
        self.recipe = next(recipe for recipe in recipes if recipe.is_file())
        self.kept = {path: path.read_text() for path in (self.place, self.recipe)}
        self.invalid = set()

    def __enter__(self):
        # No warnings for this file, and the function that chooses.
        name = self.place.relative_to(self.recipe.parent)
        options = f'"-w;-include;{COPY}/tests/mutants/selector.h"'
        line = f"set_source_files_properties({name} PROPERTIES COMPILE_OPTIONS {options})"
        self.recipe.write_text(f"{self.kept[self.recipe]}\n{line}\n")
        return self

    def __exit__(self, *_):
        for path, text in self.kept.items():
            path.write_text(text)

    def build(self, *targets):
        return run(["cmake", "--build", "build/dev", f"-j{self.jobs}", "--target", *targets])

    def compile(self, code, mutants):
        """Writes and compiles the mutants ({number: mutant}); those that do not compile are taken out."""
        mutants = dict(mutants)
        while True:
            result, output, written = self.attempt(code, mutants)
            if result == 0:
                return mutants
            places = re.findall(rf"{re.escape(self.place.name)}:(\d+):(\d+):\s+(?:error:|required)", output)
            blamed = written.blamed([(int(line), int(column)) for line, column in places])
            for number in blamed or {self.first_wrong(code, mutants, output)}:
                del mutants[number]

    def attempt(self, code, mutants):
        written = schemata.Schemata(code, mutants)
        self.place.write_text(written.text)
        # To ninja: what is made of this file.
        return *self.build(f"{self.place}^"), written

    def first_wrong(self, code, mutants, output):
        """By halves: the first mutant with which the file does not compile."""
        numbers = sorted(mutants)
        good, bad = 0, len(numbers)
        if self.attempt(code, {})[0] != 0:
            sys.exit(f"error: the unchanged file does not compile:\n{output[-3000:]}")
        while bad - good > 1:
            middle = (good + bad) // 2
            if self.attempt(code, {number: mutants[number] for number in numbers[:middle]})[0] == 0:
                good = middle
            else:
                bad = middle
        return numbers[bad - 1]


def equivalents():
    """{key: reason} of equivalent.txt: FILE | OPERATOR | BEFORE | AFTER | REASON, one a line."""
    known = {}
    for line in (ROOT / "tests" / "mutants" / "equivalent.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            *key, reason = [part.strip() for part in line.split(" | ")]
            known[tuple(key)] = reason
    return known


def without_line(text):
    """A mutant as it is told, wherever in its file it stands by now."""
    return re.sub(r":\d+:", ":", text, count=1)


def chosen(found, options):
    """The mutants to run, numbered: without the equivalent ones, and some of them on request."""
    known = equivalents()
    mutants = [mutant for mutant in found if mutant.key() not in known]
    if options.again:
        report = json.loads(pathlib.Path(options.again).read_text())
        survivors = {without_line(survivor) for entry in report for survivor in entry["survivors"]}
        mutants = [mutant for mutant in mutants if without_line(str(mutant)) in survivors]
    if options.sample and len(mutants) > options.sample:
        mutants = sorted(random.Random(options.seed).sample(mutants, options.sample), key=lambda mutant: mutant.begin)
    return dict(enumerate(mutants, 1))


def examine(file, options):
    """Counts and survivors of one file."""
    finder = operators.Finder(file, (ROOT / file).read_text(), definitions(file))
    for error in finder.errors:
        print(f"warning: mutants may be missing there: {error}", file=sys.stderr)
    mutants = chosen(finder.found(), options)
    targets = test_targets(file, options.also)
    with Rewritten(file, options.jobs) as rewritten:
        valid = rewritten.compile(finder.code, mutants)
        code, output = rewritten.build(*targets)
        if code != 0:
            sys.exit(f"error: the tests do not build:\n{output[-3000:]}")
        tests = programs.Programs([str(next(BUILD.rglob(target))) for target in targets],
                                  programs.own_suites(ROOT, file), options.jobs)
        print(f"{file}: {len(valid)} mutants, {len(tests.tests)} tests", file=sys.stderr, flush=True)
        tests.record()
        counts = {"killed": 0, "survived": 0, "unreached": 0}
        survivors = []
        for number, outcome in zip(valid, tests.outcomes(list(valid))):
            counts[outcome] += 1
            if outcome != "killed":
                survivors.append(str(valid[number]))
                print(f"survived: {valid[number]}", flush=True)
    invalid = len(mutants) - len(valid)
    print(f"{file}: {counts['killed']} of {len(valid)} killed ({invalid} did not compile, "
          f"{counts['unreached']} reached by no test)", flush=True)
    return {"file": file, "killed": counts["killed"], "survived": counts["survived"] + counts["unreached"],
            "unreached": counts["unreached"], "invalid": invalid, "survivors": survivors}


def main():
    parser = argparse.ArgumentParser(description="Mutation testing")
    parser.add_argument("files", nargs="+", metavar="FILE", help="source files below src/")
    parser.add_argument("--sample", type=int, default=0, help="this many of each file, chosen by chance; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", metavar="FILE", help="those only that survived in this report of --json")
    parser.add_argument("--also", action="append", default=[], metavar="TARGET", help="a further test program to run")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--json", metavar="FILE", help="write counts and survivors here")
    options = parser.parse_args()
    copy_tree()
    report = [examine(file, options) for file in options.files]
    killed = sum(entry["killed"] for entry in report)
    valid = killed + sum(entry["survived"] for entry in report)
    print(f"all: {killed} of {valid} killed, {100 * killed / valid if valid else 100:.1f} %")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(0 if killed == valid else 1)


if __name__ == "__main__":
    main()
