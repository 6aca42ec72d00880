#!/usr/bin/env bash
# Formats the C++ files of the tree with clang-format 14.
#
#   scripts/format.sh [--check] [FILE...]     --check changes nothing, names what would change and fails

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

formatter=clang-format-14
command -v "$formatter" >/dev/null || die "clang-format-14 is not installed (scripts/bootstrap.sh)"

check=
if [ "${1:-}" = --check ]; then
  check=1
  shift
fi
if [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <(tracked_files include src apps tests | grep -E '\.(h|cpp)$')
fi
[ ${#files[@]} -gt 0 ] || exit 0

each() { printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P "$(nproc)" "$@"; }

if [ -z "$check" ]; then
  each "$formatter" --style=file -i
  exit
fi
bad=$(each "$formatter" --style=file --dry-run 2>&1 |
  sed -n "s/^\([^: ]*\):[0-9]*:[0-9]*: .*clang-format-violations.*/\1/p" | sort -u)
[ -z "$bad" ] || { say "not formatted (run scripts/format.sh):"; say "$bad"; exit 1; }
