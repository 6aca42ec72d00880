"""What a mutant changes: one line of C++ code, by one operator of a table."""

import re


def closing_parenthesis(text, opening):
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return None


def fixed_condition(fixed):
    """`if (what stood there)` becomes `if (fixed (what stood there))`; not when the condition goes on in the next line."""
    def replace(line, match):
        end = closing_parenthesis(match.string, match.end() - 1)
        if end is None:
            return None
        return line[:match.end()] + f"{fixed} ({line[match.end():end]})" + line[end:]
    return replace


def left_out(line, match):
    """The statement goes, what stood before it on the line stays."""
    return line[:match.start("what")] + "static_cast<void>(0);"


def to(text):
    return lambda line, match: line[:match.start("what")] + text + line[match.end("what"):]


def exchange(*pair):
    other = {pair[0]: pair[1], pair[1]: pair[0]}
    return lambda line, match: line[:match.start("what")] + other[match.group("what")] + line[match.end("what"):]


# (name, pattern, replacements). Each match in the code of a line makes one mutant for each replacement.
OPERATORS = [
    ("condition", r"\b(?:if|while) \((?!const |auto )", [fixed_condition("false &&"), fixed_condition("true ||")]),
    ("call left out", r"^ +(?P<what>SHOAL_CHECK\(.*\);|(?!return\b|SHOAL_TRY)[\w.>()\[\]*&:-]+\(.*\);)$", [left_out]),
    ("count left out", r"^ +(?P<what>(?:\+\+|--)[\w.>_()-]+;)$", [left_out]),
    ("assignment left out", r"^ +(?P<what>[\w.>_\[\]()*-]+ (?:[+|-]?=) [^;{]+;)$", [left_out]),
    ("boundary", r"(?<![<>=!-]) (?P<what><|>) (?![^()]*>\()", [lambda line, m: line[:m.end("what")] + "=" + line[m.end("what"):]]),
    ("boundary", r" [<>](?P<what>=) ", [to("")]),
    ("equality", r" (?P<what>==|!=) ", [exchange("==", "!=")]),
    ("logic", r" (?P<what>&&|\|\|) ", [exchange("&&", "||")]),
    ("sum", r"(?<=[\w)\]]) (?P<what>\+|-) (?=[\w(])", [exchange("+", "-")]),
    ("extreme", r"\bstd::(?P<what>max|min)\b", [exchange("max", "min")]),
    ("constant", r"\b(?P<what>true|false)\b", [exchange("true", "false")]),
    ("error code", r"\bCode::(?P<what>corrupt|unverified)\b", [exchange("corrupt", "unverified")]),
    ("sync", r"\bSync::(?P<what>yes)\b", [to("no")]),
    ("negation", r"(?<=[(\s])(?P<what>!)(?=[\w(])", [to("")]),
]
COMPILED = [(name, re.compile(pattern), replacements) for name, pattern, replacements in OPERATORS]
# Lines that say nothing at run time.
PASSED_OVER = re.compile(r"^\s*(#|//|using |namespace |template|static_assert|SHOAL_ASSERT|assert|\[\[|class |struct |enum "
                         r"|friend |public:|private:|case .*:$|\}|$)|\boperator\b")


class Mutant:
    def __init__(self, file, line, operator, before, after):
        self.file, self.line, self.operator, self.before, self.after = file, line, operator, before, after

    def __str__(self):
        return f"{self.file}:{self.line}: {self.operator}: `{self.before.strip()}` -> `{self.after.strip()}`"

    def key(self):
        """Names the mutant in equivalent.txt: stays when lines move."""
        return (self.file, self.operator, self.before.strip(), self.after.strip())


def is_balanced(text):
    return text.count("(") == text.count(")")


def mutants_of(file, text, code):
    """All mutants of one file. `code` is the text with comments and literals blanked, of the same length."""
    found = []
    for number, (line, bare) in enumerate(zip(text.split("\n"), code.split("\n")), 1):
        bare = bare.rstrip()
        if PASSED_OVER.search(bare):
            continue
        line = line[:len(bare)]  # without the comment behind it
        for name, pattern, replacements in COMPILED:
            for match in pattern.finditer(bare):
                # What is left out is a whole statement, not the last line of one.
                if "left out" in name and not is_balanced(bare):
                    continue
                for replacement in replacements:
                    new = replacement(line, match)
                    if new is not None and new != line:
                        found.append(Mutant(file, number, name, line, new))
    return found
