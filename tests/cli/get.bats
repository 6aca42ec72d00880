#!/usr/bin/env bats
# shoal get: single records by offset.

load common

fill() { seq 0 99 | shoal pub x -t t -q; }

@test "one record, and a range with both ends" {
  fill
  [ "$(shoal get x t 42)" = 42 ]
  [ "$(shoal get x t 98..99)" = "$(printf '98\n99')" ]
  [ "$(shoal get x t 0..99)" = "$(seq 0 99)" ]
}

@test "styles" {
  fill
  [ "$(shoal get x t 7..8 -f '%o=%s;')" = "7=7;8=8;" ]
  [ "$(shoal get x t 7..8 --raw)" = 78 ]
  shoal get x t 7 --out dir
  [ "$(cat dir/t/0/00000000000000000007)" = 7 ]
  shoal get x t 7 -J | python3 -c 'import json,sys; assert json.load(sys.stdin)["offset"] == 7'
}

@test "what does not exist is 10" {
  fill
  fails 10 100 shoal get x t 100
  fails 10 "" shoal get x none 0
  fails 10 "" shoal get x t 0 -p 5
  fails 10 nosuch shoal get nosuch t 0
}

@test "a range past the end gives what there is, and 3" {
  fill
  expect 3 shoal get x t 98..150
  [ "$output" = "$(printf '98\n99')" ]
  [[ "$stderr" == *"shoal: error: "* ]]
}

@test "bad use of get" {
  fails 2 FEED shoal get
  fails 2 OFFSET shoal get x t
  fails 2 "not an offset" shoal get x t five
  fails 2 "not an offset" shoal get x t 5..4
  fails 2 "illegal topic name" shoal get x a/b 0
  fails 2 "is not a duration" shoal get x t 0 --timeout soon
}
