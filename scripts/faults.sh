#!/usr/bin/env bash
# Fault campaigns on real processes: what was acknowledged is there, and nothing is signed twice. Builds what it needs.
#
#   scripts/faults.sh [--rounds N] [--seed S] [KIND...]      default: 100 rounds of each kind
#   scripts/faults.sh --self-test      breaks the code, and expects each campaign to notice
#
# Kinds:
#   kills      a publisher killed at its Nth file operation, or in the middle of it
#   errors     a publisher whose Nth write or sync fails (EIO, ENOSPC; once, or always from then on)
#   power      power cuts by replay of recorded writes, in order, as ext4 orders them, and sectors in any order: a publisher
#   mirror-power      the same for a mirror: what its receipts promise is on its disk
#   damage     a bit flipped, a file cut, a page of zeros, a file gone: no wrong byte, nothing silent, healed by a source
#   mirror-faults     a mirror killed at its Nth file operation, or with a write or sync that fails; then a source completes it
#   disk       a small disk runs full under a publisher, a node, a mirror, and has room again (as root)
#   migration  stores of former releases, opened by a command that is killed at its Nth file operation
#   rollback   a backup put back, a copied directory, a key in two places: nothing is signed twice, a mirror heals it
#   moments    SIGKILL for a publisher at random moments, for a mirror a moment after its receipts
#
# Each finding is printed with seed and round; `--only ROUND` repeats one. Its directory is kept below build/faults.
#   SHOAL_BINARY=FILE scripts/faults.sh      this command instead of one built here

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=100 seed=$RANDOM$RANDOM only=() kinds=() self_test=0
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help; exit 0 ;;
    --self-test) self_test=1 ;;
    --rounds | --seed | --only)
      [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 takes a number"
      case $1 in --rounds) rounds=$2 ;; --seed) seed=$2 ;; *) only=(--only "$2") ;; esac
      shift ;;
    [a-z]*) kinds+=("$1") ;;
    *) die "usage: scripts/faults.sh [--rounds N] [--seed S] [--only ROUND] [KIND...]" ;;
  esac
  shift
done

build_targets test dev shoal file_operations broken_store clock_offset
build=$PWD/build/dev
export SHOAL_BINARY=${SHOAL_BINARY:-$build/apps/shoal/shoal} SHOAL_FAULTS_KEEP=$PWD/build/faults
export SHOAL_FILE_OPERATIONS=$build/tests/faults/libfile_operations.so
export SHOAL_CLOCK_OFFSET=$build/tests/faults/libclock_offset.so
export SHOAL_BROKEN_STORE=$build/tests/faults/libbroken_store.so
faults() { "$PYTHON" -B tests/faults/faults.py "$@"; }

# The command built with one line changed; prints its path.
broken_command() {
  local tree=$PWD/build/faults-broken file=$1 old=$2 new=$3
  rm -rf "$tree" && mkdir -p "$tree"
  tracked_files . | tar -cT - | tar -xC "$tree"
  grep -qF "$old" "$tree/$file" || die "$file has no '$old' any more"
  sed -i "s/$old/$new/" "$tree/$file"
  (cd "$tree" && cmake --preset release && cmake --build --preset release -j "$(jobs)" --target shoal) \
    >build/faults-broken.log 2>&1 || die "the broken command was not built: build/faults-broken.log"
  echo "$tree/build/release/apps/shoal/shoal"
}

if [ "$self_test" = 1 ]; then
  heads_once=$(broken_command src/feed/log/log_loader.cpp 'copy.head && (!best.head' 'false \&\& (!best.head')
  SHOAL_BINARY=$heads_once faults --seed 12 --rounds 120 --break heads-once damage
  faults --seed 1 --rounds 100 --break journal-sync power
  faults --seed 2 --rounds 50 --break mirror-sync mirror-power
  faults --seed 1 --rounds 400 --break wal-mode power
  exit 0
fi

moments() {
  local status=0
  export SHOAL_CRASH_ROUNDS=$rounds SHOAL_TEST_SEED=$seed
  "$PYTHON" -B tests/system/crash_test.py -v PublisherCrash || status=1
  "$PYTHON" -B tests/system/receipts_test.py -v MirrorCrash || status=1
  return "$status"
}

[ ${#kinds[@]} -gt 0 ] || kinds=(kills errors power mirror-power damage mirror-faults disk migration rollback moments)
status=0
for kind in "${kinds[@]}"; do
  if [ "$kind" = moments ]; then moments || status=1
  else faults --rounds "$rounds" --seed "$seed" "${only[@]}" "$kind" || status=1; fi
done
exit "$status"
