# What the scripts share; sourced, never run. Sets the working directory to the root of the tree.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${HOME:=/root}"
export HOME

# Debian's own interpreter: another python3 earlier on PATH may lack the modules that the tests need.
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3

# Parallel jobs: every processor, but never less than 1.5 GB of memory for one compiler.
jobs() {
  local cpus memory
  cpus=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null || echo "$cpus")
  [ "$memory" -ge 1 ] || memory=1
  echo $((cpus < memory ? cpus : memory))
}

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# The comment at the top of the script that runs.
print_help() { sed -n "2,/^$/s/^# \{0,1\}//p" "scripts/$(basename "$0")"; }

# build_targets GROUP PRESET TARGET...: installs what bootstrap.sh's GROUP names, then builds. What that prints is in
# build/SCRIPT-build.log and shown when it fails. CMAKE_OPTIONS is an array of options for configuring.
CMAKE_OPTIONS=()
build_targets() {
  local group=$1 preset=$2 log
  log=build/$(basename "$0" .sh)-build.log
  shift 2
  mkdir -p build
  scripts/bootstrap.sh "$group"
  say "building $* ($preset) ..."
  { cmake --preset "$preset" "${CMAKE_OPTIONS[@]}" && cmake --build --preset "$preset" -j "$(jobs)" --target "$@"; } \
    >"$log" 2>&1 || { tail -n 40 "$log" >&2; die "the build failed"; }
}

# A clone that belongs to another user counts too.
in_git() { [ -e .git ] && git -c safe.directory='*' "$@"; }

# The files of the tree below some folders, whether or not it is a git clone.
tracked_files() {
  { in_git ls-files --cached --others --exclude-standard -- "$@" || find "$@" -type f; } | sort |
    while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

# step NAME COMMAND...: runs it and remembers how long it took.
STEPS=()
step() {
  local name=$1 begin=$SECONDS
  shift
  say "== $name"
  "$@" || die "$name failed after $((SECONDS - begin)) s"
  STEPS+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$name")")
}

print_steps() {
  [ ${#STEPS[@]} -eq 0 ] || printf '%s\n' "${STEPS[@]}" >&2
}
