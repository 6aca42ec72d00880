#!/usr/bin/python3
"""The layer check: rules of docs/ARCHITECTURE.md that a compiler does not enforce.

    scripts/layers.py [--root DIR]                   source rules; prints FILE:LINE: rule: what is wrong; exit 1
    scripts/layers.py --headers --compiler g++       compiles each public header alone

ctest runs both, and tests/layers/layers_test.py, which feeds bad trees to each rule and expects it to speak.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

# A floor may include itself and what stands left of it. Floors in one group never include each other.
FLOORS = [["base"], ["crypto"], ["merkle"], ["record"], ["store"], ["feed"], ["topic", "replication"], ["swarm"],
          ["node"], ["doors"], ["attach"], ["c"]]
RANK = {name: rank for rank, group in enumerate(FLOORS) for name in group}

# The rooms (sub-folders) of a floor, lowest first. A file includes its own room and those in groups left of it; rooms of
# one group never include each other. "" is the floor's own folder.
ROOMS = {
    "feed": [["format"], ["log"], ["read", "write", "mirror"], ["bundle"]],
    "replication": [["wire"], ["peers"], ["heads"], ["fetch"], ["live"], ["serve"], [""], ["session"]],
    "node": [["api", "runtime", "directory"], ["feeds"], ["network", "reading"], ["table", "bundles"], ["doctor"], [""]],
    "doors": [["text"], ["http"], ["socket"]],
    "attach": [["client"], ["following"]],
}
BELOW_NODE = [name for name in RANK if RANK[name] < RANK["node"]]

# The C library stands on the public headers, as other people's programs do, and on this macro.
C_LIBRARY_MAY_INCLUDE = ["base/try.h"]
C_HEADER = "include/shoal/c.h"

# Vendor headers and the only places that may include them (path prefixes below the root).
VENDORS = [
    (r"rocksdb/", ["src/store/rocks_"]),
    (r"libtorrent/", ["src/swarm/libtorrent/"]),
    (r"sodium(\.h$|/)", ["src/crypto/"]),
    (r"openssl/", ["src/crypto/"]),
    (r"(zstd(_errors)?|lz4(frame|hc)?|snappy(-c|-sinksource)?|zlib)\.h$", ["src/record/"]),
    (r"CLI/", ["apps/"]),
    (r"spdlog/", ["apps/"]),
    (r"systemd/", ["apps/", "src/node/"]),
    (r"prometheus/", ["src/node/", "src/doors/"]),
    (r"boost/", ["src/swarm/libtorrent/", "src/node/", "src/doors/", "src/attach/", "apps/"]),
    (r"nlohmann/", ["src/", "apps/"]),
    (r"fmt/", ["src/", "apps/"]),
    (r"(gtest|gmock|rapidcheck|benchmark)([./]|$)", []),
]
# Slow to compile and nobody else's business: only .cpp files include these.
SOURCES_ONLY = re.compile(r"^(nlohmann|boost|rocksdb|CLI)/")

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
# The seams themselves; the adapters whose vendors call back on threads of their own; and the one object below node/ that
# is read from any strand while the writer thread changes it.
DIRECT_USE_ALLOWED = {
    "clock": ["src/base/clock.cpp"],
    "random": ["src/crypto/"],
    "thread": ["src/swarm/libtorrent/", "src/store/rocks_", "src/store/deferring_store", "src/feed/log/feed_log"],
}

MAX_LINES = 500
SOURCE_SUFFIXES = {".h", ".cpp", ".py", ".sh", ".bats", ".cmake"}
# Characters that hide from a reader: soft hyphen, no-break space, zero width, bidirectional controls, byte order mark.
INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TEST_CASE = re.compile(r"^\s*(TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|RC_GTEST_\w+)\s*\(", re.MULTILINE)


def without_comments(text, keep_strings=True):
    """C++ text with comments (and, on request, the contents of literals) blanked; line numbers stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
                       r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)

    def blank(match):
        word = match.group(0)
        if word.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", word)
        return word if keep_strings else word[0] + re.sub(r"[^\n]", " ", word[1:-1]) + word[-1]

    return token.sub(blank, text)


class Tree:
    """The checked files, read once. Problems are collected as "FILE:LINE: rule: text"."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = []
        self.texts = {}
        for top in ("include", "src", "apps", "tests", "scripts", "cmake"):
            for path in sorted((self.root / top).rglob("*")):
                if not path.is_file() or "__pycache__" in path.parts or "fixtures" in path.parts:
                    continue
                if path.suffix in SOURCE_SUFFIXES or path.name == "CMakeLists.txt":
                    self.texts[path.relative_to(self.root).as_posix()] = self.read(path)

    def read(self, path):
        raw = path.read_bytes()
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.report(path.relative_to(self.root).as_posix(), 1, "text", "not valid UTF-8")
            return raw.decode("utf-8", "replace")

    def report(self, file, line, rule, text):
        self.problems.append(f"{file}:{line}: {rule}: {text}")

    def cpp(self, *tops):
        return [(f, t) for f, t in self.texts.items() if f.endswith((".h", ".cpp")) and f.startswith(tops)]


def may_include(user, used):
    return user == used or RANK[used] < RANK[user]


def floor_of(file):
    """Floor of src/<floor>/... and tests/<floor>/..., None for all else (apps, common test code)."""
    parts = file.split("/")
    return parts[1] if parts[0] in ("src", "tests") and len(parts) > 2 and parts[1] in RANK else None


def check_includes(tree):
    for file, text in tree.cpp("include/", "src/", "apps/", "tests/"):
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                check_include(tree, file, number, match.group(1) == '"', match.group(2))


def check_include(tree, file, number, quoted, name):
    used = name.split("/")[0]
    if file.startswith("include/"):
        language = r"std(def|int)\.h" if file == C_HEADER else r"[a-z_]+"
        if quoted or not ((name.startswith("shoal/") and file != C_HEADER) or re.fullmatch(language, name)):
            tree.report(file, number, "public", f"a public header includes {name}, not <shoal/...> or a C++ one")
        return
    floor = floor_of(file)
    if quoted and used in RANK and "/" in name:
        if floor and not may_include(floor, used):
            tree.report(file, number, "upward", f"{floor} includes {name}")
        if file.startswith("src/c/") and used != "c" and name not in C_LIBRARY_MAY_INCLUDE:
            tree.report(file, number, "public", f"the C library includes {name}: it stands on the public headers only")
        if file.startswith("apps/examples/"):
            tree.report(file, number, "public", f"an example includes {name}: examples show the public headers only")
        # Tests have helpers of their own below tests/<floor>/.
        places = ("src", "tests") if file.startswith("tests/") else ("src",)
        if not any((tree.root / place / name).is_file() for place in places):
            tree.report(file, number, "include", f"{name} does not exist in {' or '.join(places)}")
    elif quoted and file.startswith("src/"):
        tree.report(file, number, "include", f'"{name}" is not written from src/: "<floor>/<file>.h"')
    if file.startswith("tests/") or quoted:
        return
    for pattern, places in VENDORS:
        if re.match(pattern, name) and not file.startswith(tuple(places) or "\0"):
            tree.report(file, number, "vendor", f"<{name}> outside {', '.join(places) or 'tests/'}")
    if file.endswith(".h") and SOURCES_ONLY.match(name) and not file.startswith("src/swarm/libtorrent/"):
        tree.report(file, number, "vendor", f"<{name}> in a header: only .cpp files include it")


def check_direct_use(tree):
    for file, text in tree.cpp("src/"):
        if floor_of(file) not in BELOW_NODE:
            continue
        for number, line in enumerate(without_comments(text, keep_strings=False).splitlines(), 1):
            for rule, pattern in DIRECT_USE.items():
                match = pattern.search(line)
                if match and not file.startswith(tuple(DIRECT_USE_ALLOWED[rule])):
                    tree.report(file, number, rule, f"direct use of {match.group(0).strip()} below node/")


def check_link_floors(tree):
    """shoal_floor(name ... DEPENDS ...) may name lower floors only."""
    for file, text in tree.texts.items():
        if not re.fullmatch(r"src/.*CMakeLists\.txt", file):
            continue
        for call in re.finditer(r"shoal_floor\(\s*(\w+)([^)]*)\)", text):
            depends = re.search(r"\bDEPENDS\b([\w\s]*?)(?=\b(?:SOURCES|LIBRARIES)\b|$)", call.group(2))
            for used in depends.group(1).split() if depends else []:
                user = call.group(1)
                if user in RANK and used in RANK and (user == used or not may_include(user, used)):
                    tree.report(file, text.count("\n", 0, call.start()) + 1, "upward", f"{user} links to {used}")


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


def compile_headers(root, compiler):
    """Problems of public headers that do not compile alone; two at a time."""
    root = pathlib.Path(root)

    def compile_one(header):
        command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                   "-Wno-pragma-once-outside-header", "-x", "c++", "-I", str(root / "include"), str(header)]
        if "clang" not in os.path.basename(compiler):
            command.remove("-Wno-pragma-once-outside-header")
            # g++ has no option that permits #pragma once in a main file: include the header from an empty one.
            command[-1:] = ["-include", str(header), os.devnull]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        return f"{header.relative_to(root).as_posix()}:1: header: does not compile alone: {first}"

    headers = sorted((root / "include").rglob("*.h"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return [problem for problem in pool.map(compile_one, headers) if problem]


CHECKS = [check_includes, check_direct_use, check_link_floors, check_registered, check_silent_tests, check_text]


def check_tree(root):
    tree = Tree(root)
    if not tree.texts:
        return [f"{root}: no source files"]
    for check in CHECKS:
        check(tree)
    return tree.problems


def main():
    parser = argparse.ArgumentParser(description="The layer check")
    parser.add_argument("--root", default=str(pathlib.Path(__file__).resolve().parent.parent))
    parser.add_argument("--headers", action="store_true", help="compile each public header alone instead")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = parser.parse_args()
    problems = compile_headers(options.root, options.compiler) if options.headers else check_tree(options.root)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
