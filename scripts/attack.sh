#!/usr/bin/env bash
# Attacks real nodes over real sockets: changed messages and records, floods that never read, crowds of connections,
# lengths of a gibibyte. Checks that nothing false is held, that nobody honest is blamed, and prints what it cost.
#
#   scripts/attack.sh [ROUNDS] [TEST...]     default 10000 rounds; TEST as `Floods` or `ChangedMessages.test_...`
#   SHOAL_TEST_SEED=N scripts/attack.sh      repeats the choices of a run
#   SHOAL_PRESET=asan-ubsan scripts/attack.sh     nodes with AddressSanitizer (slower; memory and time mean little then)
#
# One round is one changed message; half as many changed records, 250 questions of a flood a round.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=${1:-10000}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/attack.sh [ROUNDS] [TEST...]"
shift || true
preset=${SHOAL_PRESET:-dev}

if [ -z "${SHOAL_BINARY:-}" ] || [ -z "${SHOAL_HOSTILE_PEER:-}" ]; then
  build_targets build "$preset" shoal hostile_peer
  SHOAL_BINARY=$PWD/build/$preset/apps/shoal/shoal
  SHOAL_HOSTILE_PEER=$PWD/build/$preset/tests/support/hostile_peer
fi

export SHOAL_BINARY SHOAL_HOSTILE_PEER SHOAL_ATTACK_ROUNDS=$rounds
exec "$PYTHON" -B tests/system/attack_test.py -v "$@"
