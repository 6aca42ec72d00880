#!/usr/bin/env bash
# Plays pairs of nodes that meet with two histories of one key (equal, shorter, longer, one tree with two topic states) or
# with one: every fork must be found in one exchange by both, with a proof of at most 4 KiB that holds; no honest pair may
# give one.
#
#   scripts/forks.sh [PAIRS]        default 10000; builds what it needs first

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pairs=${1:-10000}
[[ $pairs =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/forks.sh [PAIRS]"

build=build/dev
mkdir -p build
scripts/bootstrap.sh build
say "building the test ..."
{ cmake --preset dev && cmake --build --preset dev -j "$(jobs)" --target simulation_tests; } >build/forks-build.log 2>&1 ||
  { tail -n 40 build/forks-build.log >&2; die "the build failed"; }

export SHOAL_FORK_PAIRS=$pairs
exec nice $build/tests/simulation/simulation_tests --gtest_filter='ForkPairs.*'
