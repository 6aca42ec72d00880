#!/usr/bin/env bash
# Records a second through the node's socket: a process publishes to and reads from the node of another process. Medians of
# several rounds as a table, and build/bench-socket.json.
#
#   scripts/bench_socket.sh [--before BINARY] [--rounds N] [--records N] [--size BYTES] [--batch-bytes N]
#
#   --before BINARY  the same program built from another commit: measured in turns with this tree's
#   TMPDIR=DIR       the disk that the feed lies on
#   SHOAL_BUILD=DIR  take socket_bench from this finished build, such as build/dev

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in -h | --help) die "usage: scripts/bench_socket.sh [--before BINARY] [--rounds N] [--records N]" ;; esac

build=${SHOAL_BUILD:-}
if [ -z "$build" ]; then
  build=build/release
  CMAKE_OPTIONS=(-DSHOAL_BENCH=ON)
  build_targets test release socket_bench
fi
"$PYTHON" -B tests/bench/socket_bench.py --binary "$PWD/$build/tests/bench/socket_bench" --json build/bench-socket.json "$@"
say "all figures: build/bench-socket.json"
