#!/usr/bin/env bash
# clang-tidy 14 over source files, by the compile commands of the tidy preset.
#
#   scripts/tidy.sh              short tier: what changed, and the parsers that read what strangers send
#   scripts/tidy.sh --all        every source file of the library and the command
#   scripts/tidy.sh FILE...
#
# The short tier starts no further file after TIDY_SECONDS (default 300) and names what it left out.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Hostile input arrives here: always checked.
parsers='^src/(base/wire|record/|feed/format/(block|checkpoint|fork|topic_state)|replication/(wire/message|session/session)|merkle/)'

seconds=${TIDY_SECONDS:-300}
case "${1:-}" in
  --all)
    seconds=36000
    mapfile -t files < <(tracked_files src apps | grep '\.cpp$')
    ;;
  "")
    # Changed against the branch this one left; in a fresh clone of one branch, by its last commit.
    base=$(in_git merge-base HEAD origin/HEAD 2>/dev/null) || base=
    if [ -z "$base" ] || [ "$base" = "$(in_git rev-parse HEAD)" ]; then
      base=$(in_git rev-parse -q --verify HEAD~1) || base=HEAD
    fi
    changed=$(in_git diff --name-only --diff-filter=d "$base" -- src apps | grep '\.cpp$') || true
    mapfile -t files < <({ printf '%s\n' "$changed"; tracked_files src | grep '\.cpp$' | grep -E "$parsers"; } |
      awk 'NF && !seen[$0]++')
    ;;
  *) files=("$@") ;;
esac
[ ${#files[@]} -gt 0 ] || exit 0

tidy=clang-tidy-14
command -v "$tidy" >/dev/null || die "clang-tidy-14 is not installed (scripts/bootstrap.sh)"
mkdir -p build
cmake --preset tidy >build/tidy-configure.log 2>&1 || { cat build/tidy-configure.log >&2; exit 1; }

TIDY_END=$(($(date +%s) + seconds))
export tidy TIDY_END
tidy_one() {
  if [ "$(date +%s)" -ge "$TIDY_END" ]; then
    echo "clang-tidy: out of time, left out: $1" >&2
    return 0
  fi
  local output
  output=$("$tidy" --quiet -p build/tidy "$1" 2>/dev/null) && return 0
  printf '%s\n' "$output" >&2
  [ -n "$output" ] || echo "clang-tidy failed on $1" >&2
  return 1
}
export -f tidy_one
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'tidy_one "$1"' _
