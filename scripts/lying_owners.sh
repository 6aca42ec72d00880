#!/usr/bin/env bash
# Plays worlds of an owner who signs what contradicts itself (wrong chains, counts, times, batches, topic states), of honest
# mirrors that hold parts of it, and of readers: all who follow must stop with a note, and nobody may be blamed.
#
#   scripts/lying_owners.sh [WORLDS]        default 100; builds what it needs first

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

worlds=${1:-100}
[[ $worlds =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/lying_owners.sh [WORLDS]"

build_targets build dev simulation_tests

export SHOAL_LYING_OWNERS=$worlds
exec nice build/dev/tests/simulation/simulation_tests --gtest_filter='LyingOwner.*'
