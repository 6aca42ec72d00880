"""Classes: one .cpp each, and no hall that everything passes through."""

import re

from .floors import floor_of
from .tree import Lines, closing_brace

# Lines of one class over all files: its body in the header and its members' definitions.
MAX_CLASS_LINES = 400
# Classes above it, with what they have. A number here may only fall.
CLASS_LINES_ALLOWED = {
    "LibtorrentSwarm": 424,  # the adapter: libtorrent calls back into one object
}
# Classes that are defined in more than one .cpp, with the reason.
SEVERAL_FILES_ALLOWED = {}

CLASS = re.compile(r"^[ \t]*(?:template\s*<[^;{]*>\s*)?(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?((?:\w+::)*\w+)(?:\s+final)?"
                   r"(?:\s*:[^;{]*)?\s*\{", re.MULTILINE)
# A member's definition at the start of a line: `Result<int> Name::Inner::member(`, `Name::~Name(`.
MEMBER = re.compile(r"^(?!\s|#|//|using\b|return\b|namespace\b|static_assert\b|struct\b|class\b|enum\b)"
                    r"(?:[\w:<>,&*\s\[\]]*?[\s&*>])?((?:\w+::)+)(?:~?\w+|operator[^\s(]+|operator\s\w+)\(", re.MULTILINE)


class ClassFacts:
    """Where one class stands and how long it is."""

    def __init__(self, file, line):
        self.file = file
        self.line = line
        self.lines = 0
        self.sources = {}  # .cpp with definitions of members: line of the first


def area_of(file):
    """Names of classes are looked up in one floor, or in all of apps."""
    return floor_of(file) or file.split("/")[0]


def class_facts(tree):
    """{(area, qualified name): ClassFacts} of src and apps; members of public classes count for their header."""
    facts = {}
    for file, _ in tree.cpp("include/", "src/", "apps/"):
        for name, line, lines in bodies(tree.code(file)):
            found = facts.setdefault((area_of(file), name), ClassFacts(file, line))
            found.lines += lines
    for file, _ in tree.cpp("src/", "apps/"):
        if file.endswith(".cpp"):
            add_members(tree, file, facts)
    return facts


def bodies(code):
    """(qualified name, line, lines) of the classes that are defined in a text."""
    lines = Lines(code)
    open_classes = []
    for match in CLASS.finditer(code):
        begin, end = match.start(1), closing_brace(code, match.end() - 1)
        while open_classes and open_classes[-1][1] < begin:
            open_classes.pop()
        outer = open_classes[-1][0] + "::" if open_classes else ""
        name = outer + match.group(1)
        open_classes.append((name, end))
        yield name, lines.at(begin), lines.at(end) - lines.at(begin) + 1


def add_members(tree, file, facts):
    code = tree.code(file)
    lines = Lines(code)
    for match in MEMBER.finditer(code):
        name = match.group(1)[:-2]
        found = facts.get((area_of(file), name)) or facts.get(("include", name))
        opening = re.compile(r"[{;]").search(code, match.end())
        if found is None or opening is None or opening.group(0) == ";":
            continue
        # An initialiser list may hold braces; the body is the last one, which ends at the start of a line or at once.
        end = re.compile(r"^\}|\}$", re.MULTILINE).search(code, closing_brace(code, opening.start()))
        found.lines += lines.at(end.start() if end else len(code)) - lines.at(match.start()) + 1
        found.sources.setdefault(file, lines.at(match.start()))


def check_one_source(tree):
    for (_, name), facts in sorted(class_facts(tree).items()):
        if len(facts.sources) < 2 or name in SEVERAL_FILES_ALLOWED:
            continue
        first, *others = sorted(facts.sources)
        for file in others:
            tree.report(file, facts.sources[file], "class", f"{name} is defined here and in {first}: one class, one .cpp")


def check_class_length(tree):
    facts = class_facts(tree)
    for (_, name), found in sorted(facts.items()):
        allowed = CLASS_LINES_ALLOWED.get(name, MAX_CLASS_LINES)
        if found.lines > allowed:
            tree.report(found.file, found.line, "class", f"{name} has {found.lines} lines over all files, {allowed} are "
                        "allowed: carve it by its state")
    if "scripts/layer_rules/classes.py" not in tree.texts:
        return  # another tree than the one that the tables are of
    longest = {}
    for (_, name), found in facts.items():
        longest[name] = max(longest.get(name, 0), found.lines)
    for name, allowed in CLASS_LINES_ALLOWED.items():
        if longest.get(name, 0) < allowed:
            tree.report("scripts/layer_rules/classes.py", 1, "class",
                        f"{name} has {longest.get(name, 0)} lines now: its number in CLASS_LINES_ALLOWED falls")
