# What every .bats file loads: a fresh data directory for each test, no network, short names.

bats_require_minimum_version 1.5.0

setup() {
  local name
  for name in $(compgen -e SHOAL_); do
    [ "$name" = SHOAL_BINARY ] || unset "$name"
  done
  [ -x "${SHOAL_BINARY:-}" ] || { echo "SHOAL_BINARY names no executable" >&2; return 1; }
  export SHOAL_DATA="$BATS_TEST_TMPDIR/data"
  export SHOAL_OFFLINE=1
  cd "$BATS_TEST_TMPDIR"
}

# Ends what a test left running; only its own children.
teardown() {
  local pid
  for pid in $(jobs -p); do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

shoal() { "$SHOAL_BINARY" "$@"; }

# expect CODE COMMAND...: runs with stdout in $output and stderr in $stderr.
expect() {
  local code=$1
  shift
  run --separate-stderr "$@"
  if [ "$status" -ne "$code" ]; then
    printf 'exit %s instead of %s: %s\nstdout: %s\nstderr: %s\n' "$status" "$code" "$*" "$output" "$stderr"
    return 1
  fi
}

# fails CODE TEXT COMMAND...: an error line with TEXT on stderr, nothing on stdout.
fails() {
  local code=$1 text=$2
  shift 2
  expect "$code" "$@"
  [[ "$stderr" == *"shoal: error: "* && "$stderr" == *"$text"* && -z "$output" ]] || {
    printf 'not as expected (%s): %s\nstdout: %s\nstderr: %s\n' "$text" "$*" "$output" "$stderr"
    return 1
  }
}

# wait_for FILE TEXT: until a line of FILE holds TEXT, 20 s at most.
wait_for() {
  local i
  for ((i = 0; i < 400; i++)); do
    grep -q -- "$2" "$1" 2>/dev/null && return 0
    sleep 0.05
  done
  echo "no '$2' in $1:" && cat "$1"
  return 1
}

NOBODY=$(printf '0%.0s' {1..64})
