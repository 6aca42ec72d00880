#!/usr/bin/env bats
# shoal verify, export and import, and bundles read in place.

load common

fill() {
  seq 1 1000 > in
  shoal pub x in -t t --batch-bytes 1K -q
}

@test "a good feed is complete" {
  fill
  expect 0 shoal verify x
  [[ "$output" == *"complete"* ]]
}

@test "a bundle moves a feed" {
  fill
  expect 0 shoal export x x.shoal
  [[ "$output" == "exported "* ]]
  expect 0 shoal --data other import x.shoal
  [[ "$output" == "imported "* ]]
  id=$(shoal key show x)
  cmp <(shoal --data other sub "$id" -e) in
  expect 0 shoal --data other verify "$id"
  expect 0 shoal --data other import x.shoal
}

@test "a bundle is read in place" {
  fill
  shoal export x x.shoal
  export SHOAL_DATA="$BATS_TEST_TMPDIR/unused"
  cmp <(shoal sub x.shoal) in
  [ "$(shoal get x.shoal t 41)" = 42 ]
  expect 0 shoal verify x.shoal
  expect 0 shoal verify ./x.shoal
  mv x.shoal plain
  cmp <(shoal sub ./plain) in
  [ ! -e "$SHOAL_DATA" ]
}

@test "a flipped byte is found" {
  fill
  shoal export x x.shoal
  size=$(stat -c %s x.shoal)
  for at in 40 $((size / 2)) $((size - 3)); do
    cp x.shoal bad.shoal
    byte=$(od -An -tu1 -j "$at" -N 1 bad.shoal)
    printf "$(printf '\\%03o' $((byte ^ 1)))" | dd of=bad.shoal bs=1 seek="$at" conv=notrunc status=none
    expect 5 shoal verify ./bad.shoal
    expect 5 shoal --data other import bad.shoal
  done
}

@test "a cut bundle is no bundle" {
  fill
  shoal export x x.shoal
  truncate -s $(($(stat -c %s x.shoal) * 6 / 10)) x.shoal
  expect 5 shoal verify ./x.shoal
  echo nonsense > bad.shoal
  expect 5 shoal verify ./bad.shoal
}

@test "bad use" {
  fails 10 nosuch shoal verify nosuch
  fails 10 "" shoal verify "$NOBODY"
  fails 10 nofile shoal import nofile
  fails 10 nosuch shoal export nosuch out
  [ ! -e out ]
  fails 2 FILE shoal export x
  fails 2 FILE shoal import
  fails 2 FEED shoal verify
  shoal init x -q
  fails 10 "nodir" shoal export x nodir/out
}
