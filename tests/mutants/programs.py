"""The test programs of a floor: their tests, which mutants each test reaches, and whether they kill a mutant."""

import concurrent.futures
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

# A mutant may loop for ever: this many times what the tests take unchanged, and at least this many seconds.
TIMEOUT_FACTOR = 4
TIMEOUT_MIN_S = 10
RECORDING_TIMEOUT_S = 300
# What a loop that never ends may take of the machine.
ADDRESS_SPACE_BYTES = 8 << 30
FILE_BYTES = 1 << 30
# Most mutants are killed by any test that reaches them, so cheap tests come first: those that take this share of the
# time of all, then the next ones, then the rest. The component's own tests count as so many times cheaper.
SHARES = (0.1, 0.4, 1.0)
OWN_IS_CHEAPER = 4


class Test:
    """One GoogleTest case. `seconds` and `reached` (numbers of mutants) are what recording found."""

    def __init__(self, program, name, is_own):
        self.program, self.name, self.is_own = program, name, is_own
        self.seconds, self.reached = 0.0, set()

    def cost(self):
        return self.seconds / (OWN_IS_CHEAPER if self.is_own else 1)


def in_turns(tests):
    """[[test]]: one process each, the cheap ones first."""
    turns = {}
    spent, total = 0.0, sum(test.seconds for test in tests)
    for test in sorted(tests, key=Test.cost):
        spent += test.seconds
        turn = next((place for place, share in enumerate(SHARES) if spent <= share * total), len(SHARES) - 1)
        # The own ones of them in a process before: few tests, and they kill most.
        turns.setdefault((turn, turn == 0 and not test.is_own, test.program), []).append(test)
    return [turns[key] for key in sorted(turns)]


def limit_process():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_tests(program, names, timeout, variables):
    """Whether these tests of a program pass; with a folder of their own for temporary files."""
    with tempfile.TemporaryDirectory(prefix="mutant", ignore_cleanup_errors=True) as folder:
        # The same cases of a property each time, and the first counterexample is enough.
        environment = {**os.environ, "RC_PARAMS": "seed=1 noshrink=1", "TMPDIR": folder, **variables}
        words = [program, f"--gtest_filter={':'.join(names)}", "--gtest_brief=1", "--gtest_fail_fast"]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(words, cwd=folder, env=environment, stdin=nothing, stdout=nothing, stderr=nothing,
                                   start_new_session=True, preexec_fn=limit_process)
        try:
            return process.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            end_group(process)


def end_group(process):
    """Ends the program and the processes that its tests left."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def own_suites(root, file):
    """Test suites in the test files of the component itself, in any room."""
    stem = pathlib.Path(file).stem
    suite = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|RC_GTEST_\w+)\s*\(\s*(\w+)", re.MULTILINE)
    files = [*(root / "tests").rglob(f"{stem}_test.cpp"), *(root / "tests").rglob(f"{stem}_*_test.cpp")]
    return {name for test in files for name in suite.findall(test.read_text())}


def tests_of(program, suites):
    """The tests of a program as --gtest_list_tests names them; disabled ones are left out."""
    words = [program, "--gtest_list_tests"]
    listing = subprocess.run(words, check=True, capture_output=True, text=True, errors="replace").stdout
    suite, tests = "", []
    for line in listing.splitlines():
        name = line.split("#")[0].rstrip()
        if name.startswith("  ") and "DISABLED_" not in suite + name:
            tests.append(Test(program, suite + name.strip(), suites.intersection(re.split(r"[/.]", suite)) != set()))
        elif re.fullmatch(r"[\w/]+\.", name):
            suite = name
    return tests


class Programs:
    """Runs tests, several processes at a time."""

    def __init__(self, programs, suites, jobs):
        self.tests = [test for program in programs for test in tests_of(program, suites)]
        self.jobs = jobs

    def record(self):
        """Runs each test alone, no mutant active: what does it reach? Tests that fail so are told and left out."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            passed = list(pool.map(self.record_one, self.tests))
        for test, good in zip(self.tests, passed):
            if not good:
                print(f"left out, fails unchanged: {test.name}", file=sys.stderr, flush=True)
        self.tests = [test for test, good in zip(self.tests, passed) if good]
        if not self.tests:
            sys.exit("error: the unchanged tests fail")

    def record_one(self, test):
        with tempfile.NamedTemporaryFile(prefix="reached") as reached:
            begin = time.monotonic()
            good = run_tests(test.program, [test.name], RECORDING_TIMEOUT_S, {"SHOAL_MUTANTS_REACHED": reached.name})
            test.seconds = time.monotonic() - begin
            test.reached = {int(number) for number in reached.read().split()}
        return good

    def outcomes(self, numbers):
        """For each mutant: killed, survived or unreached."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            yield from pool.map(self.outcome, numbers)

    def outcome(self, number):
        turns = in_turns([test for test in self.tests if number in test.reached])
        for tests in turns:
            timeout = max(TIMEOUT_MIN_S, TIMEOUT_FACTOR * sum(test.seconds for test in tests))
            names = [test.name for test in tests]
            if not run_tests(tests[0].program, names, timeout, {"SHOAL_MUTANT": str(number)}):
                return "killed"
        return "survived" if turns else "unreached"
