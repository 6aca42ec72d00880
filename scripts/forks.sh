#!/usr/bin/env bash
# Plays pairs of nodes that meet with two histories of one key (equal, shorter, longer, one tree with two topic states) or
# with one: every fork must be found in one exchange by both, with a proof of at most 4 KiB that holds; no honest pair may
# give one.
#
#   scripts/forks.sh [PAIRS]        default 10000; builds what it needs first

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pairs=${1:-10000}
[[ $pairs =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/forks.sh [PAIRS]"

build_targets build dev simulation_tests

export SHOAL_FORK_PAIRS=$pairs
exec nice build/dev/tests/simulation/simulation_tests --gtest_filter='ForkPairs.*'
