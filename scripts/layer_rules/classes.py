"""Classes: one .cpp each, and no hall that everything passes through."""

import re

from .floors import floor_of
from .tree import Lines

# Lines of one class over all files: its body in the header and its members' definitions.
MAX_CLASS_LINES = 400
# Classes above it, with what they have. A number here may only fall.
CLASS_LINES_ALLOWED = {
    "LibtorrentSwarm": 427,  # the adapter: libtorrent calls back into one object
}
# Classes that are defined in more than one .cpp, with the reason.
SEVERAL_FILES_ALLOWED = {}

# A member's name in the head of its definition: qualifiers, template arguments among them, and what is defined.
MEMBER = re.compile(r"((?:\w+(?:<[^<>;]*>)?\s*::\s*)+)(~?\w+(?:\s*<[^<>;()]*>)?|operator\b\s*(?:\(\s*\)|\[\s*\]|[^\s(]+(?:\s*[\w:<>*&]+)*))\s*(?=\(|$)")
NO_DEFINITION = re.compile(r"^(using|typedef|friend|static_assert|return|namespace|extern|enum|#)\b")
ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]|\balignas\s*\([^)]*\)")
CLASS_HEAD = re.compile(r"\b(?:class|struct|union)\b\s*((?:\w+\s+)*?(?:\w+::)*\w+(?:<[^{}]*>)?)\s*(?:\bfinal\b\s*)?(?::(?!:).*)?$", re.DOTALL)


class ClassFacts:
    """Where one class stands and how long it is."""

    def __init__(self, file, line):
        self.file = file
        self.line = line
        self.lines = 0
        self.sources = {}  # files with definitions of members outside the body: line of the first


class Block:
    """Text between braces, or a statement that ends without: what stands before it, and where."""

    def __init__(self, head, begin, end):
        self.head, self.begin, self.end = head, begin, end
        self.name = class_name(head)  # of the class that the block defines, or None


def class_name(head):
    """Name of the class that is defined behind `head`; None when something else is."""
    plain = ATTRIBUTE.sub(" ", re.sub(r"^\s*template\s*<.*?>\s*(?=class|struct|union|\[\[)", "", head, flags=re.DOTALL))
    if re.match(r"\s*(enum|using|typedef|friend)\b", plain) or "(" in re.split(r"(?<!:):(?!:)", plain)[0]:
        return None
    match = CLASS_HEAD.search(plain)
    return re.sub(r"<.*", "", match.group(1).split()[-1]) if match else None


def blocks(code):
    """All blocks and statements that stand in namespaces or classes, outermost first; function bodies are passed over."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"[^\n]", " ", match.group(0)), code, flags=re.MULTILINE)
    found, stack, begin, place = [], [], 0, 0
    parentheses = inner = 0
    for match in re.finditer(r"[{};()]|\b(?:public|private|protected)\s*:(?!:)", code):
        token, place = match.group(0), match.start()
        if token in "()":
            parentheses += 1 if token == "(" else -1
        elif token == "{" and parentheses > 0:
            inner += 1  # of a default argument, or of an initialiser: the statement goes on
        elif token == "}" and inner > 0:
            inner -= 1
        elif token == "{":
            head = code[begin:place]
            is_room = re.search(r"(^|\s)(inline\s+)?namespace\b[\w:\s]*$|\bextern\s*\"[^\"]*\"\s*$", head) is not None
            block = None if is_room else Block(head.strip(), begin + len(head) - len(head.lstrip()), None)
            if found and found[-1].end is not None and found[-1].end + 1 == begin and re.match(r"\s*(,|$)", head):
                # The braces before were of an initialiser list: `A::A() : a_{1}, b_(2) {`.
                stack.append(found[-1])
                begin = place + 1
                continue
            inside = all(outer is None or outer.name for outer in stack)
            if block and inside and parentheses == 0:
                found.append(block)
            elif block:
                block.name = None
            stack.append(block)
            begin = place + 1
        elif token == "}":
            block = stack.pop() if stack else None
            if block:
                block.end = place
            begin = place + 1
        elif token == ";" and inner == 0:
            if parentheses == 0 and all(outer is None or outer.name for outer in stack):
                head = code[begin:place]
                found.append(Block(head.strip(), begin + len(head) - len(head.lstrip()), place))
                found[-1].name = None
            begin = place + 1
        elif stack and stack[-1] and stack[-1].name:
            begin = match.end()
    for block in found:
        block.end = place if block.end is None else block.end
    return found


def area_of(file):
    """Names of classes are looked up in one floor, or in all of apps."""
    return floor_of(file) or file.split("/")[0]


def class_facts(tree):
    """{(area, qualified name): ClassFacts} of src and apps; a class of a .cpp is known in that file alone."""
    facts = {}
    members = []
    for file, _ in tree.cpp("include/", "src/", "apps/"):
        lines = Lines(tree.code(file))
        open_classes = []
        for block in blocks(tree.code(file)):
            while open_classes and open_classes[-1][1] < block.begin:
                open_classes.pop()
            span = lines.at(block.end) - lines.at(block.begin) + 1
            if block.name:
                name = "::".join([outer for outer, _ in open_classes] + [block.name])
                area = file if file.endswith(".cpp") and "::" not in block.name else area_of(file)
                found = facts.setdefault((area, name), ClassFacts(file, lines.at(block.begin)))
                found.lines += span
                if "::" in block.name:  # X::Impl, defined outside of X
                    members.append((file, lines.at(block.begin), block.name.rsplit("::", 1)[0], span, False))
                open_classes.append((block.name, block.end))
            elif not open_classes and not NO_DEFINITION.match(block.head):
                match = MEMBER.search(re.split(r"(?<![=!<>])=(?!=)", without_operator_signs(block.head))[0])
                if match:
                    qualifier = re.sub(r"<[^<>]*>|\s", "", match.group(1))[:-2]
                    members.append((file, lines.at(block.begin), qualifier, span, True))
    for file, line, qualifier, span, is_source in members:
        count_member(facts, file, line, qualifier, span, is_source)
    return facts


def without_operator_signs(head):
    """`operator=` and `operator==` hold no equals sign that begins a value."""
    return re.sub(r"operator\s*(?:<=>|[=!<>]=?)", "operator_sign", head)


def count_member(facts, file, line, qualifier, span, is_source):
    """Adds a member's lines to its class and to the classes that this one is nested in."""
    parts = qualifier.split("::")
    for first in range(len(parts)):
        name = "::".join(parts[first:])
        found = facts.get((file, name)) or facts.get((area_of(file), name)) or facts.get(("include", name))
        if found is None:
            # A class of another floor: its members have no business here, but they are its members.
            others = [each for (area, known), each in facts.items() if known == name and not area.endswith(".cpp")]
            found = others[0] if len(others) == 1 else None
        if found is None:
            continue
        found.lines += span
        if is_source and not (file.endswith(".h") and file == found.file):
            found.sources.setdefault(file, line)
        for last in range(first + 1, len(parts)):
            outer = facts.get((area_of(file), "::".join(parts[first:last])))
            if outer:
                outer.lines += span
        return


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
