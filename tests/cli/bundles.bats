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

@test "a bundle in place leaves nothing behind" {
  fill
  shoal export x x.shoal
  export SHOAL_DATA="$BATS_TEST_TMPDIR/unused" TMPDIR="$BATS_TEST_TMPDIR/tmp"
  mkdir tmp
  expect 0 shoal info x.shoal --json
  [[ "$output" == *'"tree_size":'* ]]
  expect 0 shoal topics x.shoal
  expect 0 shoal sub x.shoal -o -3
  [ "$output" = $'998\n999\n1000' ]
  fails 10 "" shoal get x.shoal t 1000
  fails 2 "keeps no cursor" shoal sub x.shoal --cursor c
  [ ! -e "$SHOAL_DATA" ]
  [ -z "$(ls tmp)" ]
}

@test "some topics: complete for what it selects" {
  for topic in ak us uw; do seq -f "$topic %.0f" 1 300 | shoal pub x -t $topic --batch-bytes 1K -q; done
  expect 0 shoal export x us.shoal -t 'u*'
  expect 0 shoal verify us.shoal
  [[ "$output" == *complete ]]
  cmp <(shoal sub us.shoal) <(seq -f "us %.0f" 1 300; seq -f "uw %.0f" 1 300)
  [ "$(shoal get us.shoal us 299)" = "us 300" ]
  expect 0 shoal topics us.shoal --json
  [[ "$output" != *'"ak"'* ]]
  expect 0 shoal --data other import us.shoal
  [ "$(shoal --data other sub "$(shoal key show x)" -e -t us -c 1)" = "us 1" ]
  fails 10 nosuch shoal export x no.shoal -t nosuch
}

@test "some times: exactly those records" {
  for i in $(seq 1 400); do echo "$((1500000000 + i * 60)),$i"; done > in
  shoal pub x in -t t --time-from csv:1 --time-unit s --batch-bytes 1K -q
  expect 0 shoal export x some.shoal -o s@1500006000000 -o e@1500012000000
  expect 0 shoal verify some.shoal
  cmp <(shoal sub some.shoal) <(sed -n 100,199p in)
  [ "$(stat -c %s some.shoal)" -lt "$(shoal export x all.shoal > /dev/null; stat -c %s all.shoal)" ]
  fails 4 "" shoal get some.shoal t 0
  fails 2 "cut by time" shoal export x no.shoal -o 17
  fails 2 "selects no time" shoal export x no.shoal -o s@2000 -o e@1000
}

@test "parts: bounded, sound alone and together" {
  fill
  expect 0 shoal export x x.shoal --split 4K
  [ -e x.shoal.001 ] && [ -e x.shoal.002 ]
  for part in x.shoal*; do
    [ "$(stat -c %s "$part")" -le 4096 ]
    expect 0 shoal verify "$part"
  done
  cmp <(shoal sub x.shoal) in
  [ "$(shoal get x.shoal t 999)" = 1000 ]
  expect 0 shoal --data one import x.shoal
  cmp <(shoal --data one sub "$(shoal key show x)" -e) in
  mkdir apart
  for part in $(ls -r x.shoal*); do
    cp "$part" apart/only
    expect 0 shoal verify apart/only
    expect 0 shoal --data two import apart/only
  done
  expect 0 shoal --data two verify "$(shoal key show x)"
  cat x.shoal x.shoal.* > whole
  cmp <(shoal sub ./whole) in
  mv x.shoal.002 away
  expect 3 shoal verify x.shoal
  fails 2 "larger parts" shoal export x tiny.shoal --split 200
  [ -z "$(ls tiny* 2> /dev/null)" ]
}

@test "an update adds what came since" {
  fill
  expect 0 shoal export x x.shoal --update
  before=$(stat -c '%i %s %Y' x.shoal)
  expect 0 shoal export x x.shoal --update
  [[ "$output" == "up to date "* && "$(stat -c '%i %s %Y' x.shoal)" == "$before" ]]
  seq 1001 1200 > more
  shoal pub x more -t t --batch-bytes 1K -q
  cp x.shoal old.shoal
  expect 0 shoal export x x.shoal --update
  [[ "$output" == "updated "* ]]
  cmp -n "$(stat -c %s old.shoal)" x.shoal old.shoal
  cmp <(shoal sub x.shoal) <(cat in more)
  expect 0 shoal verify x.shoal
  [ "$(shoal get x.shoal t 1199)" = 1200 ]
  expect 0 shoal --data other import old.shoal
  expect 0 shoal --data other import x.shoal
  cmp <(shoal --data other sub "$(shoal key show x)" -e) <(cat in more)
  seq 1201 1300 | shoal pub x -t t --batch-bytes 1K -q
  expect 0 shoal export x x.shoal --update --split 2K
  [ -e x.shoal.001 ]
  cmp <(shoal sub x.shoal) <(seq 1 1300)
  shoal init y -q
  fails 2 "another feed" shoal export y x.shoal --update
  fails 2 exclude shoal export x x.shoal --update --force
}

@test "nothing is replaced without being told" {
  fill
  shoal export x x.shoal
  fails 1 "--force" shoal export x x.shoal
  expect 0 shoal export x x.shoal --split 4K --force
  expect 0 shoal export x x.shoal --force
  [ ! -e x.shoal.001 ]
  expect 0 shoal verify x.shoal
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
    expect 5 shoal --data other import - < bad.shoal
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
