#!/usr/bin/env bash
# What a store costs as it grows: openings after many short commands and with many blocks, a mirror's disk under a budget.
# scripts/bench.sh 'StoreBlocks|WriteFile' has the rate of storing beside a file.
#
#   scripts/bench_store.sh [--commands N] [--blocks N] [--megabytes N] [commands|blocks|budget]...
#
#   SHOAL_BINARY=FILE scripts/bench_store.sh     this command instead of one built here (preset release)

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in -h | --help) print_help; exit 0 ;; esac
if [ -z "${SHOAL_BINARY:-}" ]; then
  build_targets test release shoal
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi
exec "$PYTHON" -B tests/bench/store_bench.py "$SHOAL_BINARY" "$@"
