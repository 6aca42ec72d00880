#!/usr/bin/env bash
# Formats the C++ files of the tree with clang-format 14.
#
#   scripts/format.sh [--check] [FILE...]     --check changes nothing and fails when something would change

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mode=(-i)
if [ "${1:-}" = --check ]; then
  mode=(--dry-run --Werror)
  shift
fi

formatter=clang-format-14
command -v "$formatter" >/dev/null || die "clang-format-14 is not installed (scripts/bootstrap.sh)"

if [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <(tracked_files include src apps tests | grep -E '\.(h|cpp)$')
fi
[ ${#files[@]} -gt 0 ] || exit 0
printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P "$(nproc)" "$formatter" --style=file "${mode[@]}"
