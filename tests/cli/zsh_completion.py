#!/usr/bin/python3
"""Types the lines of stdin (LINE<tab>WANTED) into a zsh, a tab behind each, and expects WANTED to end what stands there
then. The argument is a completion script to source, or a directory to autoload `_shoal` from."""

import os
import pty
import re
import select
import sys
import time

LIMIT_S = 20


def read_until(terminal, text, mark):
    """Reads until `mark` has come; the whole text."""
    end = time.monotonic() + LIMIT_S
    while mark not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 65536).decode(errors="replace")
    return text


def main():
    script = os.path.abspath(sys.argv[1])
    wanted = [line.rstrip("\n").split("\t") for line in sys.stdin if line.strip()]
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="dumb", PS1="", COLUMNS="400")
        os.execvp("zsh", ["zsh", "-f", "-i"])
    # A key that says what the line has become makes waiting for the shell exact.
    before, after = (f"fpath=({script} $fpath); ", "") if os.path.isdir(script) else ("", f"source {script}; ")
    setup = ("unset zle_bracketed_paste; unsetopt prompt_sp; autoload -Uz compinit; " + before + "compinit -u -D; " + after +
             "show() { print -r -- \"<\"\"<$BUFFER>\"\">\"; BUFFER=''; zle reset-prompt }; zle -N show; bindkey '^X1' show; "
             "print -r -- rea''dy\n")
    os.write(terminal, setup.encode())
    failed = "ready" not in read_until(terminal, "", "\r\nready")
    for line, end in wanted:
        os.write(terminal, (line + "\t\x181").encode())
        text = read_until(terminal, "", ">>")
        found = re.search(r"<<(.*?)>>", text, re.S)
        became = found.group(1).strip() if found else text
        if not became.endswith(end):
            failed = True
            print(f"'{line}' became '{became}', not '... {end}'", file=sys.stderr)
    os.write(terminal, b"exit\n")
    os.close(terminal)
    os.waitpid(child, 0)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
