#!/usr/bin/env bash
# Kills a publisher with SIGKILL at random moments and checks after each kill that every acknowledged record is there,
# that offsets have no gap, that the content is right and that the next publish goes on. Then it does the same to a mirror
# that gives receipts: what it signed is on its disk.
#
#   scripts/crash.sh [ROUNDS]        default 100 of each; builds what it needs first
#   SHOAL_TEST_SEED=N scripts/crash.sh      repeats the choices of a run that printed `seed N`
#   SHOAL_BINARY=FILE scripts/crash.sh      this command instead of one built here

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=${1:-100}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/crash.sh [ROUNDS]"

if [ -z "${SHOAL_BINARY:-}" ]; then
  build_targets build release shoal
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi

export SHOAL_BINARY SHOAL_CRASH_ROUNDS=$rounds
"$PYTHON" -B tests/system/crash_test.py -v PublisherCrash
exec "$PYTHON" -B tests/system/receipts_test.py -v MirrorCrash
