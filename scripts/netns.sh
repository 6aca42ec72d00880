#!/usr/bin/env bash
# Real hosts in network namespaces: seven of them and more, 50 ms each way, 1 % loss. Kills and cuts at random for some
# minutes, then partitions, address changes, a late rendezvous, translators, local discovery. As root. docs/TESTING.md
# says what was seen.
#
#   scripts/netns.sh [MINUTES] [--seed N] [CLASS...]      default 3 minutes of chaos; only these test classes
#
#   SHOAL_BINARY=FILE scripts/netns.sh      this command instead of one built here

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

minutes=3 seed='' classes=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help; exit 0 ;;
    --seed) [ $# -ge 2 ] || die "--seed takes a number"; seed=$2; shift ;;
    [0-9]*) minutes=$1 ;;
    [A-Z]*) classes+=("$1") ;;
    *) die "usage: scripts/netns.sh [MINUTES] [--seed N] [CLASS...]" ;;
  esac
  shift
done
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "MINUTES is a number, not $minutes"
[[ $seed =~ ^[0-9]*$ ]] || die "--seed takes a number, not $seed"

if [ -z "${SHOAL_BINARY:-}" ]; then
  build_targets test release shoal
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi

export SHOAL_BINARY SHOAL_NETNS_MINUTES=$minutes
[ -z "$seed" ] || export SHOAL_TEST_SEED=$seed
failed=0
for file in chaos recovery nat local; do
  chosen=()
  for class in "${classes[@]}"; do
    ! grep -q "^class $class(" "tests/netns/${file}_test.py" || chosen+=("$class")
  done
  if [ ${#classes[@]} -eq 0 ] || [ ${#chosen[@]} -gt 0 ]; then
    "$PYTHON" -B "tests/netns/${file}_test.py" -v "${chosen[@]}" || failed=1
  fi
done
exit "$failed"
