"""Files: named by a CMakeLists.txt, tests that can fail, readable text; and no clock, chance or thread below node/."""

import os
import re

from .floors import BELOW_NODE, floor_of
from .tree import without_comments

# What the floors below node/ may not touch: time, chance and threads come through the seams of base/.
DIRECT_USE = {
    "clock": re.compile(
        r"_clock\s*::\s*now\b|\b(clock_gettime|gettimeofday|timespec_get)\b"
        r"|::time\s*\(|[=(,]\s*time\s*\(\s*(nullptr|NULL|0)\s*\)"),
    "random": re.compile(
        r"\bstd::(random_device|mt19937(_64)?|default_random_engine|minstd_rand0?|s?rand)\b|(?<![\w.>])s?rand\s*\("
        r"|\brandombytes_\w+|\b(getrandom|getentropy|arc4random\w*|RAND_bytes)\b"),
    "thread": re.compile(
        r"\bstd::(j?thread|this_thread|((shared|recursive)_)?(timed_)?mutex|condition_variable(_any)?|async"
        r"|(shared_)?future|promise|packaged_task|call_once|once_flag|(lock|unique|scoped|shared)_(guard|lock)"
        r"|(counting|binary)_semaphore|latch|barrier)\b"
        r"|\bpthread_\w+|\b(nano|u)?sleep\s*\(|\b(steady|system|deadline)_timer\b"),
}
# The seams themselves; the adapters whose vendors call back on threads of their own; the write buffer, which has a thread
# of its own on real disks; and the one object below node/ that is read from any strand while the writer thread changes it.
DIRECT_USE_ALLOWED = {
    "clock": ["src/base/clock.cpp", "src/store/buffered_store"],
    "random": ["src/crypto/"],
    "thread": ["src/swarm/libtorrent/", "src/store/rocks_", "src/store/buffered_store", "src/feed/log/shared_log_state"],
}

MAX_LINES = 500
# Characters that hide from a reader: soft hyphen, no-break space, zero width, bidirectional controls, byte order mark.
INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
TEST_CASE = re.compile(r"^\s*(TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|RC_GTEST_\w+)\s*\(", re.MULTILINE)


def check_direct_use(tree):
    for file, _ in tree.cpp("src/"):
        if floor_of(file) not in BELOW_NODE:
            continue
        for number, line in enumerate(tree.code(file).splitlines(), 1):
            for rule, pattern in DIRECT_USE.items():
                match = pattern.search(line)
                if match and not file.startswith(tuple(DIRECT_USE_ALLOWED[rule])):
                    tree.report(file, number, rule, f"direct use of {match.group(0).strip()} below node/")


def lists(tree, folder, name):
    """Whether the CMakeLists.txt of `folder`, or the nearest one above it, names the file."""
    while folder != ".":
        text = tree.texts.get(f"{folder}/CMakeLists.txt")
        if text is not None:
            text = text.replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
            relative = name[len(folder) + 1:]
            glob = "*" + os.path.splitext(name)[1]
            return bool(re.search(rf"(?<![\w/.-]){re.escape(relative)}(?![\w.-])", text)) or glob in text
        folder = os.path.dirname(folder) or "."
    return False


def check_registered(tree):
    top = tree.texts.get("tests/CMakeLists.txt", "")
    for file, text in tree.texts.items():
        folder = os.path.dirname(file)
        is_test = file.startswith("tests/") and re.search(r"_test\.(cpp|py)$|\.bats$", file)
        if (is_test or re.match(r"src/.*\.cpp$", file)) and not lists(tree, folder, file):
            tree.report(file, 1, "registered", "no CMakeLists.txt names this file")
        if is_test and file.endswith(".cpp") and not TEST_CASE.search(without_comments(text)):
            tree.report(file, 1, "registered", "a test file without a test")
        below_tests = re.fullmatch(r"tests/([^/]+)/CMakeLists\.txt", file)
        if below_tests and not re.search(rf"\b{re.escape(below_tests.group(1))}\b", top):
            tree.report(file, 1, "registered", f"tests/CMakeLists.txt does not add {below_tests.group(1)}")


def check_silent_tests(tree):
    for file, text in tree.cpp("tests/"):
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            if re.search(r"\bDISABLED_\w|\bGTEST_SKIP\(\)\s*;", line):
                tree.report(file, number, "skipped", "a test that never runs, or is skipped without a reason")


def check_text(tree):
    for file, text in tree.texts.items():
        lines = text.split("\n")
        is_cpp = file.endswith((".h", ".cpp"))
        if len(lines) - 1 > MAX_LINES:
            tree.report(file, MAX_LINES + 1, "length", f"{len(lines) - 1} lines: look for the second concept")
        if text and not text.endswith("\n"):
            tree.report(file, len(lines), "text", "no line end at the end of the file")
        if file.endswith(".h") and "#pragma once" not in text:
            tree.report(file, 1, "header", "no #pragma once")
        code = without_comments(text).split("\n") if is_cpp else lines
        for number, (line, code_line) in enumerate(zip(lines, code), 1):
            if "\r" in line or (is_cpp and "\t" in line):
                tree.report(file, number, "text", "tab or carriage return")
            if INVISIBLE.search(line):
                tree.report(file, number, "text", "invisible character")
            # Bytes that are hashed, signed or printed must not depend on an editor; comments and tests may hold anything.
            if is_cpp and not file.startswith("tests/") and not code_line.isascii():
                tree.report(file, number, "text", "non-ASCII character outside a comment: write an escape")
