#!/usr/bin/env bats
# shoal prove and verify-proof.

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
}
