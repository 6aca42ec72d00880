#!/usr/bin/python3
"""The layer check: rules of docs/ARCHITECTURE.md that a compiler does not enforce.

    scripts/layers.py [--root DIR]                   source rules; prints FILE:LINE: rule: what is wrong; exit 1
    scripts/layers.py --cycles                       prints the include cycles between components, or that there is none
    scripts/layers.py --headers --compiler g++       compiles each public header alone

The rules stand in scripts/layer_rules/, one theme a file. ctest runs all three, and tests/layers/layers_test.py, which
feeds bad trees to each rule and expects it to speak.
"""

import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from layer_rules import classes, files, floors, headers  # noqa: E402
from layer_rules.tree import Tree  # noqa: E402

CHECKS = [floors.check_includes, floors.check_folders, floors.check_rooms, floors.check_cycles, floors.check_links, floors.check_vendor_list,
          classes.check_one_source, classes.check_class_length, headers.check_own_includes, files.check_direct_use,
          files.check_registered, files.check_silent_tests, files.check_text]


def check_tree(root):
    tree = Tree(root)
    if not tree.texts:
        return [f"{root}: no source files"]
    for check in CHECKS:
        check(tree)
    return tree.problems


def print_cycles(root):
    found = floors.cycles(Tree(root))
    for group in found:
        print(" <-> ".join(group))
    print(f"include cycles between components: {len(found) or 'none'}")
    return found


def main():
    parser = argparse.ArgumentParser(description="The layer check")
    parser.add_argument("--root", default=str(pathlib.Path(__file__).resolve().parent.parent))
    parser.add_argument("--cycles", action="store_true", help="print the include cycles instead")
    parser.add_argument("--headers", action="store_true", help="compile each public header alone instead")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = parser.parse_args()
    if options.cycles:
        sys.exit(1 if print_cycles(options.root) else 0)
    problems = headers.compile_public(options.root, options.compiler) if options.headers else check_tree(options.root)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
