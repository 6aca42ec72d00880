#!/usr/bin/python3
"""Changes one line of the code at a time and runs the floor's tests: what survives is a line that no test guards.

    scripts/mutants.sh [--sample N] [--seed S] [--also TARGET]... [--json FILE] FILE...

Idea: mutation testing (DeMillo, Lipton, Sayward 1978). A test suite is judged by the faults it sees, not by the lines it
runs. Operators stand in operators.py; mutants that change nothing that can be observed stand in equivalent.txt with the
reason and do not count. One that does not compile counts for nothing either.

The changes are made in a copy of the tree below build/mutants, so that the work tree stays as it is.
"""

import argparse
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutants" / "tree"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests" / "mutants"))
from layer_rules.tree import without_comments  # noqa: E402
import operators  # noqa: E402

BUILD_TIMEOUT_S = 600
# A mutant may loop for ever: this many times what the tests take unchanged, and at least this many seconds.
TIMEOUT_FACTOR = 4
TIMEOUT_MIN_S = 20


def run(words, timeout, cwd=COPY):
    """(exit code or None after the timeout, output)."""
    try:
        done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, text=True,
                              errors="replace")
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return None, ""


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
    # Compiling and linking are most of the time that a mutant takes: no optimisation, no debug information.
    code, output = run(["cmake", "--preset", "dev", "-DSHOAL_WERROR=OFF", "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0 -g0 -DNDEBUG"], BUILD_TIMEOUT_S)
    if code != 0:
        sys.exit(f"error: cmake failed:\n{output}")


def test_targets(file, also):
    """Test programs of the floor that the file is of, the small ones of its own test first."""
    floor = file.split("/")[1]
    text = (ROOT / "tests" / floor / "CMakeLists.txt").read_text()
    return [f"{name}_tests" for name in re.findall(r"shoal_test\(\s*(\w+)", text)] + list(also)


def own_suites(file):
    """Test suites in the test file of the component itself, in any room."""
    stem = pathlib.Path(file).stem
    suites = set()
    for test in (ROOT / "tests").rglob(f"{stem}_test.cpp"):
        suites.update(re.findall(r"^\s*(?:TEST|TEST_F|TEST_P|RC_GTEST_\w+)\s*\(\s*(\w+)", test.read_text(), re.MULTILINE))
    return suites


class Runner:
    """Builds and runs the test programs of one floor."""

    def __init__(self, file, also):
        self.targets = test_targets(file, also)
        self.suites = own_suites(file)
        code, output = self.build()
        if code != 0:
            sys.exit(f"error: the unchanged tree does not build:\n{output[-3000:]}")
        self.programs = [str(next((COPY / "build" / "dev").rglob(target))) for target in self.targets]
        begin = time.monotonic()
        if not self.passes(600):
            sys.exit("error: the unchanged tests fail")
        self.timeout = max(TIMEOUT_MIN_S, TIMEOUT_FACTOR * (time.monotonic() - begin))

    def build(self):
        return run(["cmake", "--build", "build/dev", "-j2", "--target", *self.targets], BUILD_TIMEOUT_S)

    def passes(self, timeout):
        """The component's own tests first: most mutants end there."""
        filters = []
        if self.suites:
            filters.append(":".join(f"*{suite}.*" for suite in sorted(self.suites)))
        for names in filters + ["*"]:
            for program in self.programs:
                code, _ = run([program, f"--gtest_filter={names}", "--gtest_brief=1", "--gtest_fail_fast"], timeout)
                if code != 0:
                    return False
        return True

    def outcome(self, mutant):
        """killed, survived or invalid."""
        place = COPY / mutant.file
        kept = place.read_text()
        lines = kept.split("\n")
        lines[mutant.line - 1] = mutant.after
        place.write_text("\n".join(lines))
        try:
            if self.build()[0] != 0:
                return "invalid"
            return "survived" if self.passes(self.timeout) else "killed"
        finally:
            place.write_text(kept)


def equivalents():
    """{key: reason} of equivalent.txt: FILE | OPERATOR | BEFORE | AFTER | REASON, one a line."""
    known = {}
    for line in (ROOT / "tests" / "mutants" / "equivalent.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            *key, reason = [part.strip() for part in line.split(" | ")]
            known[tuple(key)] = reason
    return known


def main():
    parser = argparse.ArgumentParser(description="Mutation testing")
    parser.add_argument("files", nargs="+", metavar="FILE", help="source files below src/")
    parser.add_argument("--sample", type=int, default=0, help="this many of each file, chosen by chance; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", action="append", default=[], metavar="TARGET", help="a further test program to run")
    parser.add_argument("--json", metavar="FILE", help="write counts and survivors here")
    options = parser.parse_args()
    copy_tree()
    known = equivalents()
    report = []
    for file in options.files:
        text = (ROOT / file).read_text()
        mutants = operators.mutants_of(file, text, without_comments(text, keep_strings=False))
        mutants = [mutant for mutant in mutants if mutant.key() not in known]
        if options.sample and len(mutants) > options.sample:
            mutants = sorted(random.Random(options.seed).sample(mutants, options.sample), key=lambda mutant: mutant.line)
        runner = Runner(file, options.also)
        counts = {"killed": 0, "survived": 0, "invalid": 0}
        survivors = []
        for mutant in mutants:
            outcome = runner.outcome(mutant)
            counts[outcome] += 1
            if outcome == "survived":
                survivors.append(str(mutant))
                print(f"survived: {mutant}", flush=True)
        runner.build()
        valid = counts["killed"] + counts["survived"]
        print(f"{file}: {counts['killed']} of {valid} killed ({counts['invalid']} did not compile)", flush=True)
        report.append({"file": file, **counts, "survivors": survivors})
    killed = sum(entry["killed"] for entry in report)
    valid = killed + sum(entry["survived"] for entry in report)
    print(f"all: {killed} of {valid} killed, {100 * killed / valid if valid else 100:.1f} %")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(0 if killed == valid else 1)


if __name__ == "__main__":
    main()
