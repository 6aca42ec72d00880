"""Writes all mutants of a file into one text, of which a number chooses one at run time.

Idea: mutant schemata (Untch, Offutt, Harrold, "Mutation analysis using mutant schemata", 1993). Compiling and linking
are most of what a mutant costs; so they are done once for all. `a < b` becomes
`(shoal_mutant(7) ? (a <= b) : (a < b))`, and a statement runs unless its mutant is active. What stands in an active
mutant is the unchanged text; what stands in the other branch is rewritten in turn. Lines stay where they are.
"""

import re


class Writer:
    """The text that is being made, and the places in it that belong to a mutant."""

    def __init__(self, code):
        self.code = code
        self.parts = []
        self.length = 0
        self.branches = {}  # {number: (begin, end)} what is compiled for this mutant only
        self.sites = {}  # {number: (begin, end)} all that was rewritten for it

    def put(self, text):
        self.parts.append(text)
        self.length += len(text)

    def copy(self, begin, end, sites):
        """The code from `begin` to `end`, with `sites` ([((begin, end), [(number, mutant)])], sorted) rewritten."""
        place = begin
        while sites:
            (low, high), mutants = sites[0]
            inner = [site for site in sites[1:] if site[0][0] < high]
            sites = sites[1 + len(inner):]
            self.put(self.code[place:low])
            self.rewrite(low, high, mutants, inner)
            place = high
        self.put(self.code[place:end])

    def rewrite(self, low, high, mutants, inner):
        begin = self.length
        conditions = [pair for pair in mutants if pair[1].operator == "condition"]
        others = [pair for pair in mutants if pair[1].operator != "condition"]
        if "left out" in mutants[0][1].operator:
            self.put(f"{{ if (!shoal_mutant({mutants[0][0]})) ")
            self.copy(low, high, inner)
            self.put(" }")
        else:
            self.choose(conditions, others, lambda: self.copy(low, high, inner))
        for number, _ in mutants:
            self.sites[number] = (begin, self.length)

    def choose(self, conditions, others, unchanged):
        """(mutant 1 ? what it makes : mutant 2 ? what it makes : (what stood there))"""
        self.put("(")
        self.branch(conditions)
        # The other values are of type bool, what stood there may be a pointer.
        self.put("static_cast<bool>(" if conditions else "")
        self.branch(others)
        self.put("(")
        unchanged()
        self.put(")))" if conditions else "))")

    def branch(self, mutants):
        for number, mutant in mutants:
            begin = self.length
            self.put(f"shoal_mutant({number}) ? ({instead(mutant)})")
            self.branches[number] = (begin, self.length)
            self.put(" : ")


def instead(mutant):
    """The expression that a mutant makes."""
    if mutant.operator == "condition":
        return "false" if mutant.new.startswith("false") else "true"
    text = mutant.changed_site()
    return f"static_cast<bool>({text})" if mutant.operator == "negation" else text


class Schemata:
    """One text with all mutants ({number: mutant}) of a file."""

    def __init__(self, code, mutants):
        sites = {}
        for number, mutant in sorted(mutants.items()):
            sites.setdefault(mutant.site, []).append((number, mutant))
        writer = Writer(code)
        # A statement and an expression never have the same extent: the statement has a semicolon.
        writer.copy(0, len(code), sorted(sites.items(), key=lambda site: (site[0][0], -site[0][1])))
        self.text = "".join(writer.parts)
        self.branches, self.sites = writer.branches, writer.sites

    def blamed(self, places):
        """Numbers of the mutants that compiler errors at these (line, column) come from."""
        starts = [0] + [match.end() for match in re.finditer("\n", self.text)]
        offsets = [starts[line - 1] + column - 1 for line, column in places]
        direct = {number for number, (begin, end) in self.branches.items() if any(begin <= o < end for o in offsets)}
        if direct:
            return direct
        around = set()
        for offset in offsets:
            spans = [(end - begin, number) for number, (begin, end) in self.sites.items() if begin <= offset < end]
            around.update(number for size, number in spans if size == min(spans)[0])
        return around
