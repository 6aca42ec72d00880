"""The checked files, read once, and what rules ask of a C++ text."""

import bisect
import pathlib
import re

UNKNOWN_SUFFIXES = {".hpp", ".hh", ".hxx", ".inc", ".inl", ".ipp", ".tpp", ".tcc", ".def", ".cc", ".cxx", ".c++", ".ixx",
                    ".cppm", ".mm"}
SOURCE_SUFFIXES = {".h", ".cpp", ".py", ".sh", ".bats", ".cmake"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Other ways to include, which no rule would see: a macro, another directive, a digraph, a line that goes on.
HIDDEN_INCLUDE = re.compile(r'^\s*(?:#|%:|\?\?=)\s*(?:(?:include\w*|import)\b|\w*\\$)')


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
    """Files by their path from the root. Problems are collected as "FILE:LINE: rule: text"."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = []
        self.texts = {}
        self._includes = {}
        self._code = {}
        self.strangers = []  # files of a kind that no rule reads
        for top in ("include", "src", "apps", "tests", "scripts", "cmake"):
            for path in sorted((self.root / top).rglob("*")):
                if not path.is_file() or "__pycache__" in path.parts:
                    continue
                name = path.relative_to(self.root).as_posix()
                if name.startswith("tests/") and "fixtures" in path.parts:
                    continue
                if path.suffix in SOURCE_SUFFIXES or path.name == "CMakeLists.txt":
                    self.texts[name] = self._read(path)
                elif path.suffix.lower() in UNKNOWN_SUFFIXES or path.suffix in (".H", ".C", ".CPP"):
                    self.strangers.append(name)

    def _read(self, path):
        raw = path.read_bytes()
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.report(path.relative_to(self.root).as_posix(), 1, "text", "not valid UTF-8")
            return raw.decode("utf-8", "replace")

    def report(self, file, line, rule, text):
        self.problems.append(f"{file}:{line}: {rule}: {text}")

    def cpp(self, *tops):
        """(file, text) of the C++ files below some folders."""
        return [(f, t) for f, t in self.texts.items() if f.endswith((".h", ".cpp")) and f.startswith(tops)]

    def includes(self, file):
        """[(line, quoted, name)] of one file."""
        if file not in self._includes:
            lines = list(enumerate(without_comments(self.texts[file]).splitlines(), 1))
            found = [(number, INCLUDE.match(line)) for number, line in lines]
            for number, line in lines:
                if HIDDEN_INCLUDE.match(line) and not INCLUDE.match(line):
                    self.report(file, number, "include", f"{line.strip()}: write it as #include and a name")
            self._includes[file] = [(n, m.group(1) == '"', m.group(2)) for n, m in found if m]
        return self._includes[file]

    def code(self, file):
        """The text without comments and without the contents of literals."""
        if file not in self._code:
            self._code[file] = without_comments(self.texts[file], keep_strings=False)
        return self._code[file]


class Lines:
    """Line numbers, from 1, of places in a text."""

    def __init__(self, text):
        self._starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def at(self, place):
        return bisect.bisect_right(self._starts, place)
