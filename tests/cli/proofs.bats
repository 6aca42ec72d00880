#!/usr/bin/env bats
# shoal prove, verify-proof and verify-fork.

load common

fill() {
  seq 1 1000 > in
  shoal pub x in -t t --batch-bytes 1K -z zstd -q
}

flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  cp "$1" "$3"
  printf "$(printf '\\%03o' $((byte ^ (1 << $2 % 8))))" | dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

@test "a record is proven, and checked without a data directory" {
  fill
  expect 0 shoal prove x t 41
  printf '%s\n' "$output" > p.json
  id=$(shoal key show x)
  SHOAL_DATA="$BATS_TEST_TMPDIR/unused" expect 0 shoal verify-proof p.json
  [[ "$output" == "signed by $id at "*"tree size"* && "$output" != *"(x)"* ]]
  [[ "$output" == *$'topic t\npartition 0\noffset 41\n'*$'\n42' ]]
  [ ! -e unused ]
  expect 0 shoal verify-proof p.json --feed "$id"
  [[ "$output" == "signed by $id (x) at "* ]]
  expect 0 shoal verify-proof - --feed x -J < p.json
  [[ "$output" == *'"offset":41'*'"payload":"42"'* && "$stderr" == *"signed by $id"* ]]
}

@test "a bundle proves as the feed does" {
  fill
  shoal export x x.shoal
  shoal prove x t 999 > a.json
  SHOAL_DATA="$BATS_TEST_TMPDIR/unused" expect 0 shoal prove x.shoal t 999
  [ "$output" = "$(cat a.json)" ]
  [ ! -e unused ]
  fails 10 "" shoal prove x.shoal t 1000
}

@test "flips and cuts are found" {
  fill
  shoal prove x t 41 > p.json
  size=$(stat -c %s p.json)
  for ((at = 3; at < size - 1; at += size / 25)); do
    flip p.json "$at" bad.json
    run shoal verify-proof bad.json
    [ "$status" -eq 5 ] || [ "$status" -eq 2 ]
    [[ "$output" != *"signed by"* ]]
  done
  truncate -s $((size / 2)) p.json
  fails 2 "no JSON" shoal verify-proof p.json
}

@test "bad use" {
  fill
  shoal init y -q
  shoal prove x t 41 > p.json
  fails 5 "not by" shoal verify-proof p.json --feed y
  fails 5 "not by" shoal verify-proof p.json --feed "$NOBODY"
  fails 10 nobody shoal verify-proof p.json --feed nobody
  fails 2 "" shoal verify-proof p.json --feed "${NOBODY:1}z"
  fails 10 nofile shoal verify-proof nofile
  fails 2 directory shoal verify-proof .
  fails 2 FILE shoal verify-proof
  echo '{}' > p.json
  fails 5 "record proof" shoal verify-proof p.json
  echo nonsense > p.json
  fails 2 "no JSON" shoal verify-proof p.json
  fails 10 "" shoal prove x t 1000
  fails 10 "" shoal prove x other 0
  fails 2 "" shoal prove x t -1
  fails 2 "" shoal prove x t 1..2
  fails 2 OFFSET shoal prove x t
  fails 10 nosuch shoal prove nosuch t 0
}

@test "help" {
  expect 0 shoal prove --help
  [[ "$output" == *"Examples:"* ]]
  expect 0 shoal verify-proof --help
  [[ "$output" == *"--feed"*"Examples:"* ]]
  expect 0 shoal verify-fork --help
  [[ "$output" == *"--feed"*"Examples:"* ]]
}

# The fork proof of the golden feed, made by another implementation of the format.
golden_fork() {
  local hex
  hex=$(sed -n 's/^ "fork_proof": "\([0-9a-f]*\)",$/\1/p' "$BATS_TEST_DIRNAME/../vectors/golden_feed.json")
  printf "$(printf '%s' "$hex" | sed 's/../\\x&/g')"
}

@test "a fork is proven without a data directory" {
  local feed=03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8
  golden_fork > p.fork
  export SHOAL_DATA="$BATS_TEST_TMPDIR/unused"
  expect 0 shoal verify-fork p.fork
  [[ "$output" == "fork proven: the owner of feed $feed signed two histories"* ]]
  [[ "$output" == *"common prefix at most 2 blocks"*"shorter"*"longer"* ]]
  expect 0 shoal verify-fork - --json --feed "$feed" < p.fork
  [[ "$output" == *'"differs":"blocks","common_prefix_limit":2,"shorter":{"tree_size":3,'* ]]
  [ ! -e unused ]
}

@test "what proves no fork is refused" {
  golden_fork > p.fork
  for at in 0 20 100 250 350 460; do
    flip p.fork "$at" bad.fork
    fails 5 "" shoal verify-fork bad.fork
  done
  fails 5 "not about" shoal verify-fork p.fork --feed "$NOBODY"
  fails 10 nobody shoal verify-fork p.fork --feed nobody
  head -c 400 p.fork > cut.fork
  fails 5 "fork proof" shoal verify-fork cut.fork
  { cat p.fork; echo; } > long.fork
  fails 5 "fork proof" shoal verify-fork long.fork
  head -c 100000 /dev/zero > zeros
  fails 5 "too long" shoal verify-fork zeros
  : > empty
  fails 5 "fork proof" shoal verify-fork empty
  fails 10 nofile shoal verify-fork nofile
  fails 2 directory shoal verify-fork .
  fails 2 FILE shoal verify-fork
}
