"""What a mutant changes: one place of a C++ file, by one operator of a table.

Places are found in clang's syntax tree, whose extents are exact; what stands there is read from the text. Extents
inside a macro's argument are not exact, so the file is parsed with the macros of base/try.h and base/assert.h written
as plain statements of the same length.
"""

import pathlib
import re
import sys

import clang.cindex
from clang.cindex import CursorKind

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from layer_rules.tree import without_comments  # noqa: E402

FLAGS = ["-x", "c++", "-std=c++20", "-w", "-ferror-limit=0", f"-I{ROOT}/include", f"-I{ROOT}/src"]

# Binary operators: {text: (operator, text instead)}.
BINARY = {
    "<": ("boundary", "<="), "<=": ("boundary", "<"), ">": ("boundary", ">="), ">=": ("boundary", ">"),
    "==": ("equality", "!="), "!=": ("equality", "=="),
    "&&": ("logic", "||"), "||": ("logic", "&&"),
    "+": ("sum", "-"), "-": ("sum", "+"),
}
# What an expression begins with: (operator, pattern of the words that are exchanged, words instead).
BEGINNINGS = [
    ("extreme", re.compile(r"std::(max)(?=[(<])"), "min"),
    ("extreme", re.compile(r"std::(min)(?=[(<])"), "max"),
    ("constant", re.compile(r"(true)$"), "false"),
    ("constant", re.compile(r"(false)$"), "true"),
    ("error code", re.compile(r"(?:\w+::)*Code::(corrupt)$"), "unverified"),
    ("error code", re.compile(r"(?:\w+::)*Code::(unverified)$"), "corrupt"),
    ("sync", re.compile(r"(?:\w+::)*Sync::(yes)$"), "no"),
    ("negation", re.compile(r"(!)(?=[\w(])"), ""),
]
# Fixed values of a condition: (value, what it is written as).
FIXED = [("false", "false && ({})"), ("true", "true || ({})")]
LEFT_OUT = "static_cast<void>(0);"

FUNCTIONS = {CursorKind.FUNCTION_DECL, CursorKind.CXX_METHOD, CursorKind.CONSTRUCTOR, CursorKind.DESTRUCTOR,
             CursorKind.CONVERSION_FUNCTION, CursorKind.FUNCTION_TEMPLATE}
# Known before the program runs, or no code at all.
PASSED_OVER = {CursorKind.STATIC_ASSERT, CursorKind.PARM_DECL, CursorKind.ENUM_DECL, CursorKind.CXX_UNARY_EXPR,
               CursorKind.TEMPLATE_NON_TYPE_PARAMETER, CursorKind.TEMPLATE_TYPE_PARAMETER,
               CursorKind.TYPE_ALIAS_DECL, CursorKind.DECL_REF_EXPR}
CONDITIONALS = {CursorKind.IF_STMT, CursorKind.WHILE_STMT, CursorKind.DO_STMT}


def closing_parenthesis(text, opening):
    """The place of the parenthesis that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text)


MACRO = re.compile(r"\bSHOAL_(CHECK|TRY|ASSERT)(?=\()")


def without_macros(code, bare):
    """(text that clang reads, the same without literals, {place of a parenthesis: place of the SHOAL_CHECK before it}).

    SHOAL_CHECK(f()); becomes (f()); and SHOAL_TRY(auto x, f()); becomes auto x= *(f()); and SHOAL_ASSERT(...) nothing.
    """
    texts = [code, bare]
    checks = {}

    def write(begin, instead):
        texts[:] = [text[:begin] + instead + text[begin + len(instead):] for text in texts]

    for match in MACRO.finditer(bare):
        begin, opening = match.span()
        end = closing_parenthesis(bare, opening)
        if match.group(1) == "CHECK":
            write(begin, " " * (opening - begin))
            checks[opening] = begin
        elif match.group(1) == "ASSERT":
            write(begin, " " * (end + 1 - begin))
        else:
            comma = bare.index(",", opening)
            value = re.compile(r"\s*").match(bare, comma + 1).end()
            write(begin, f"{bare[opening + 1:comma]}=".ljust(value - begin - 2) + "*(")
    return *texts, checks


class Mutant:
    """One change of the text. `site` is the expression or statement that is rewritten for it (schemata.py)."""

    def __init__(self, file, code, operator, edit, site):
        self.file, self.operator, self.site = file, operator, site
        self.begin, self.end, self.new = edit
        self.code = code
        self.line = code.count("\n", 0, self.begin) + 1
        first = code.rfind("\n", 0, self.begin) + 1
        last = code.find("\n", self.end)
        last = len(code) if last < 0 else last
        self.before = squeezed(code[first:last])
        self.after = squeezed(code[first:self.begin] + self.new + code[self.end:last])

    def changed_site(self):
        """What stands at the site instead."""
        begin, end = self.site
        return squeezed(self.code[begin:self.begin] + self.new + self.code[self.end:end])

    def __str__(self):
        return f"{self.file}:{self.line}: {self.operator}: `{self.before}` -> `{self.after}`"

    def key(self):
        """Names the mutant in equivalent.txt: stays when lines move."""
        return (self.file, self.operator, self.before, self.after)


def squeezed(text):
    """The text in one line."""
    return re.sub(r"\s*\n\s*", " ", text).strip()


def extent(cursor):
    return cursor.extent.start.offset, cursor.extent.end.offset


class Finder:
    """Walks over the syntax tree of one file."""

    def __init__(self, file, text, definitions=()):
        self.file = file
        self.code = without_comments(text)  # what mutants are made of
        # `bare` is what is searched.
        parsed, self.bare, self.checks = without_macros(self.code, without_comments(text, keep_strings=False))
        # Beside the file itself, so that nothing but the text differs.
        name = str(ROOT / file)
        unit = clang.cindex.Index.create().parse(name, [*FLAGS, *definitions], [(name, parsed)], options=1)
        self.macros = [extent(cursor) for cursor in unit.cursor.get_children()
                       if cursor.kind == CursorKind.MACRO_INSTANTIATION and self.is_here(cursor, name)]
        self.errors = [str(one) for one in unit.diagnostics if one.severity >= clang.cindex.Diagnostic.Error]
        self.mutants = {}
        for cursor in unit.cursor.get_children():
            if self.is_here(cursor, name) and not cursor.kind.is_preprocessing():
                self.visit(cursor, None)

    @staticmethod
    def is_here(cursor, name):
        return cursor.location.file is not None and cursor.location.file.name == name

    def found(self):
        """The mutants, as they stand in the file."""
        return [self.mutants[key] for key in sorted(self.mutants)]

    def add(self, operator, edit, site):
        begin, end = site
        if any(low < end and begin < high and not (begin < low and high < end) and not (low == begin and high < end)
               and not (begin < low and high == end) for low, high in self.macros):
            return  # a part of a macro's argument, whose extent clang does not know
        rank = 0 if operator == "condition" else 1
        self.mutants.setdefault((edit[0], rank, operator, edit[2]), Mutant(self.file, self.code, operator, edit, site))

    def visit(self, cursor, chain):
        """`chain` is the site of the && or || that this expression is an operand of."""
        kind = cursor.kind
        begin, end = extent(cursor)
        if kind.is_expression():
            self.beginning(cursor, begin, end)
        if kind in PASSED_OVER or self.is_constant(cursor):
            return
        children = list(cursor.get_children())
        operands = self.binary(begin, end, children, chain) if kind.is_expression() else None
        if kind in CONDITIONALS:
            children = self.condition(kind, begin, children)
        for statement in self.statements(kind, children):
            self.left_out(statement)
        for child in children:
            if not self.is_template_argument(cursor, child):
                self.visit(child, operands if child.kind != CursorKind.PAREN_EXPR else None)

    def is_constant(self, cursor):
        """A function or variable that the compiler computes, or may."""
        if cursor.kind in FUNCTIONS:
            bodies = [child for child in cursor.get_children() if child.kind == CursorKind.COMPOUND_STMT]
            head = self.bare[cursor.extent.start.offset:bodies[0].extent.start.offset] if bodies else ""
        elif cursor.kind == CursorKind.VAR_DECL:
            head = self.bare[cursor.extent.start.offset:cursor.location.offset]
        else:
            return False
        return re.search(r"\b(constexpr|consteval|constinit)\b", head) is not None

    def is_template_argument(self, parent, child):
        """Template arguments and bounds of arrays too: they stand before the name, or in brackets behind it."""
        if not child.kind.is_expression():
            return False
        place = child.extent.start.offset
        if parent.kind == CursorKind.MEMBER_REF_EXPR:
            return place != parent.extent.start.offset
        if parent.kind in (CursorKind.VAR_DECL, CursorKind.FIELD_DECL):
            return place < parent.location.offset or self.bare[:place].rstrip().endswith("[")
        if parent.kind == CursorKind.CASE_STMT:
            return self.bare[:place].rstrip().endswith("case")
        return False

    def beginning(self, cursor, begin, end):
        text = self.bare[begin:end]
        for operator, pattern, instead in BEGINNINGS:
            match = pattern.match(text)
            if match and self.is_whole(operator, cursor):
                self.add(operator, (begin + match.start(1), begin + match.end(1), instead), (begin, end))

    def is_whole(self, operator, cursor):
        """Whether the expression is the call or negation that it begins with, not a larger one."""
        begin, end = extent(cursor)
        if operator == "extreme":
            opening = self.bare.find("(", begin, end)
            return opening >= 0 and closing_parenthesis(self.bare, opening) == end - 1
        if operator == "negation":
            return cursor.kind == CursorKind.UNARY_OPERATOR or cursor.spelling == "operator!"
        return True

    def binary(self, begin, end, children, chain):
        """Mutants of a binary operator; the site of its operands' && and ||."""
        if len(children) < 2:
            return None
        (left, left_end), (right, right_end) = extent(children[0]), extent(children[-1])
        between = self.bare[left_end:right]
        if left != begin or right_end != end or between.strip() not in BINARY:
            return None
        operator, instead = BINARY[between.strip()]
        if operator == "sum" and any("basic_string" in one.type.get_canonical().spelling for one in children):
            return None  # texts cannot be subtracted
        place = left_end + len(between) - len(between.lstrip())
        # In a text without parentheses, && changed into || binds in another way than its operands did.
        site = chain if operator == "logic" and chain else (begin, end)
        self.add(operator, (place, place + len(between.strip()), instead), site)
        return site if operator == "logic" else None

    def condition(self, kind, begin, children):
        """Mutants of a condition that is an expression; the children in which there can be others."""
        opening = self.bare.index("(", begin)
        if kind == CursorKind.DO_STMT:
            opening = self.bare.rindex("(", begin, children[-1].extent.start.offset)
        end = closing_parenthesis(self.bare, opening)
        if re.match(r"if\s+constexpr\b", self.bare[begin:opening]):
            return [child for child in children if child.extent.start.offset > end]
        for child in children:
            low, high = extent(child)
            before, behind = self.bare[opening:low].rstrip(), self.bare[high:end]
            if child.kind.is_expression() and before.endswith(("(", ";")) and not behind.strip() and high <= end:
                for value, pattern in FIXED:
                    if self.bare[low:high] not in ("true", "false"):
                        self.add("condition", (low, high, pattern.format(self.code[low:high])), (low, high))
        return children

    def statements(self, kind, children):
        """The children that are expressions and statements."""
        if kind.is_statement():
            if kind == CursorKind.FOR_STMT:
                children = children[-1:]
            for child in children:
                before = self.bare[:child.extent.start.offset].rstrip()
                behind = self.bare[child.extent.end.offset:].lstrip()[:1]
                starts = before.endswith(("{", "}", ";", ")", ":")) or re.search(r"\b(else|do)$", before)
                if child.kind.is_expression() and behind == ";" and starts:
                    yield child

    def left_out(self, statement):
        begin, end = extent(statement)
        end = self.bare.index(";", end) + 1
        text = self.bare[begin:end - 1].strip()
        if begin in self.checks:
            begin, operator = self.checks[begin], "call left out"
        elif text.startswith(("++", "--")) or text.endswith(("++", "--")):
            operator = "count left out"
        elif self.is_assignment(statement):
            operator = "assignment left out"
        elif re.fullmatch(r"(static_cast<void>|\(void\)).*|[\w:]+", text):
            return
        else:
            operator = "call left out"
        self.add(operator, (begin, end, LEFT_OUT), (begin, end))

    def is_assignment(self, statement):
        children = list(statement.get_children())
        while len(children) == 1 and extent(children[0]) == extent(statement):
            children = list(children[0].get_children())
        if len(children) < 2:
            return False
        between = self.bare[children[0].extent.end.offset:children[-1].extent.start.offset]
        return re.fullmatch(r"\s*([-+*/%|&^]|<<|>>)?=\s*", between) is not None
