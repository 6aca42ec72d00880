#!/usr/bin/env bash
# Changes the code at one place at a time and runs the floor's tests; prints each change that no test notices.
#
#   scripts/mutants.sh [--sample N] [--seed S] [--again FILE] [--also TARGET]... [--jobs N] [--json FILE] FILE...
#
#   scripts/mutants.sh src/merkle/right_edge.cpp              all changes of one file
#   scripts/mutants.sh --sample 20 src/feed/log/*.cpp         twenty of each, chosen by the seed (1)
#   scripts/mutants.sh --again report.json FILE               what survived in the report that --json wrote
#
# Exit 1 when something survived. All changes of a file are compiled at once; each runs the tests that reach it, --jobs
# (2) at a time: a build, each test of the floor once, then a second to several for each change. With
# TMPDIR=/dev/shm the tests do not wait for a disk.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in
  -h | --help | "") print_help; exit 0 ;;
esac
scripts/bootstrap.sh test
exec "$PYTHON" tests/mutants/mutants.py "$@"
