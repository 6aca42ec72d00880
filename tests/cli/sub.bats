#!/usr/bin/env bats
# shoal sub: which records, in which form, and where they go.

load common

# Six records of two topics, times 1000 to 6000, times out of order in the second.
fill() {
  printf '%s\n' 1,a,1000 2,b,4000 3,a,2000 4,b,3000 5,a,5000 6,b,6000 > in
  shoal pub x in --topic-from csv:2 --time-from csv:3 -q
}

numbers() { expect 0 shoal sub x -f '%s ' "$@" && sed 's/,[^ ]*//g' <<< "$output"; }

@test "everything up to the head, in order" {
  fill
  expect 0 shoal sub x -e -t a
  [ "$output" = "$(grep ,a, in)" ]
  expect 0 shoal sub x -e -t b
  [ "$output" = "$(grep ,b, in)" ]
  expect 0 shoal sub x -e
  [ "$(sort <<< "$output")" = "$(sort in)" ]
}

@test "topics by name and glob" {
  fill
  [ "$(numbers -e -t 'a*' -t b | wc -w)" = 6 ]
  [ "$(numbers -e -t '?' | wc -w)" = 6 ]
  [ "$(numbers -e -t none | wc -w)" = 0 ]
}

@test "positions" {
  fill
  [ "$(numbers -e -t a -o beginning)" = "1 3 5 " ]
  [ "$(numbers -e -t a -o end | wc -w)" = 0 ]
  [ "$(numbers -e -t a -o 1)" = "3 5 " ]
  [ "$(numbers -e -t a -o -1)" = "5 " ]
  [ "$(numbers -e -t a -o -2)" = "3 5 " ]
}

@test "times select exactly, wherever the records lie" {
  fill
  [ "$(numbers -o s@3000 -o e@6000 -t b)" = "2 4 " ]
  [ "$(numbers -o e@2000)" = "1 " ]
  [ "$(numbers -e -o s@1970-01-01T00:00:05Z | tr ' ' '\n' | sort | xargs)" = "5 6" ]
}

@test "a count" {
  fill
  [ "$(numbers -c 2 -t a)" = "1 3 " ]
}

@test "styles" {
  printf 'p1\np2\n' | shoal pub x -H h=v -q
  [ "$(shoal sub x -e --raw)" = p1p2 ]
  cmp <(shoal sub x -e -0) <(printf 'p1\0p2\0')
  [ "$(shoal sub x -e -f '%t [%p] at offset %o: key %k: %s\n' -c 1)" = "default [0] at offset 0: key : p1" ]
  [ "$(shoal sub x -e -f '%%%h\x41\t' -c 1)" = "$(printf '%%h=vA\t')" ]
  shoal sub x -e --out dir
  [ "$(cat dir/default/0/00000000000000000001)" = p2 ]
  [ "$(find dir -type f | wc -l)" = 2 ]
}

@test "JSON has the contract's fields" {
  printf 'text\n\xff\n' | shoal pub x -H h=v -q
  shoal sub x -e -J > out
  python3 - <<'PY'
import base64, json
one, two = [json.loads(line) for line in open("out")]
assert list(one) == ["feed", "topic", "partition", "offset", "ts", "append_ts", "key", "headers", "payload", "cursor"], one
assert one["payload"] == "text" and one["key"] is None and one["headers"] == {"h": "v"} and one["topic"] == "default"
assert len(one["feed"]) == 64 and one["offset"] == 0 and one["ts"] > 1.5e12 and one["append_ts"] >= one["ts"]
assert base64.b64decode(two["payload_b64"]) == b"\xff" and "payload" not in two
PY
}

@test "a cursor token goes on behind its record" {
  fill
  token=$(shoal sub x -e -t a -c 1 -J | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["cursor"])')
  [ "$(numbers -e -t a -o "cursor:$token")" = "3 5 " ]
}

@test "a named cursor goes on where it was" {
  fill
  [ "$(numbers -t a -c 1 --cursor c)" = "1 " ]
  [ "$(numbers -t a -c 1 --cursor c)" = "3 " ]
  [ "$(numbers -t a -e --cursor other)" = "1 3 5 " ]
  [ "$(numbers -t a -e --cursor c -o beginning)" = "1 3 5 " ]
  [ "$(numbers -t a -e --cursor c | wc -w)" = 0 ]
  printf '7,a,7000\n' | shoal pub x -t a -q
  [ "$(numbers -t a -e --cursor c -o stored)" = "7 " ]
}

@test "a file that holds each record once" {
  fill
  shoal sub x -e --cursor c --to out
  [ "$(sort out)" = "$(sort in)" ]
  printf 'torn rest of a killed process' >> out
  printf '7,a,7000\n' | shoal pub x -t a -q
  shoal sub x -e --cursor c --to out
  [ "$(sort out)" = "$( (cat in; echo 7,a,7000) | sort)" ]
}

@test "a file of somebody else is not touched" {
  fill
  echo precious > out
  fails 1 "has content" shoal sub x -e --cursor c --to out
  [ "$(cat out)" = precious ]
  shoal sub x -e --cursor d --to good
  truncate -s 3 good
  expect 5 shoal sub x -e --cursor d --to good
}

@test "killed at random moments, the file has every record once" {
  seq 1 20000 > in
  shoal pub x in --batch-bytes 1K -q
  for delay in 0.02 0.05 0.08 0.03 0.12; do
    "$SHOAL_BINARY" sub x -e --cursor c --to out &
    pid=$!
    sleep "$delay"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  shoal sub x -e --cursor c --to out
  cmp out in
}

@test "a closed reader is no error" {
  seq 1 200000 > in
  shoal pub x in -q
  run bash -c '"$SHOAL_BINARY" sub x -e | head -n 1; exit "${PIPESTATUS[0]}"'
  [ "$status" = 0 ]
  [ "$output" = 1 ]
  run bash -c 'timeout 20 "$SHOAL_BINARY" sub x -t none | true; exit "${PIPESTATUS[0]}"'
  [ "$status" = 0 ]
}

@test "a full disk is named" {
  [ -e /dev/full ]
  seq 1 1000 > in
  shoal pub x in -q
  expect 7 bash -c '"$SHOAL_BINARY" sub x -e > /dev/full'
  [[ "$stderr" == *"shoal: error: cannot write the output"* ]]
}

@test "a live reader ends with 0 on SIGTERM and SIGINT, a finite one with 143" {
  fill
  for signal in TERM INT; do
    "$SHOAL_BINARY" sub x > out &
    pid=$!
    wait_for out 6,b
    kill -s "$signal" "$pid"
    wait "$pid"
  done
  "$SHOAL_BINARY" sub x -c 100 > out &
  pid=$!
  wait_for out 6,b
  kill -s TERM "$pid"
  code=0
  wait "$pid" || code=$?
  [ "$code" = 143 ]
}

@test "no record in time is exit 4" {
  fill
  fails 4 "no record came in time" shoal sub x -o end --timeout 300ms
  fails 4 "heartbeat" shoal sub x -o end --stall-exit 300ms
}

@test "an unknown feed is 10, a feed nobody brought 4" {
  fails 10 "nosuch" shoal sub nosuch -e
  unset SHOAL_OFFLINE
  expect 4 shoal sub "$NOBODY" -e --find-timeout 1s --listen 127.0.0.1:0 --no-dht --no-lsd
  [[ "$stderr" == *"listening 127.0.0.1:"* && "$stderr" == *"nobody answered; nothing of this feed is held here"* ]]
}

@test "bad use of sub" {
  fails 2 FEED shoal sub
  fails 2 "not a position" shoal sub x -o somewhere
  fails 2 "is not a time" shoal sub x -o s@yesterday
  fails 2 "more than one" shoal sub x -o 1 -o 2
  fails 2 "illegal topic name or glob" shoal sub x -t a/b
  fails 2 "unknown token %x" shoal sub x -f '%x'
  fails 2 "exclude each other" shoal sub x -J --raw
  fails 2 "--to needs --cursor" shoal sub x --to out
  fails 2 "needs --cursor" shoal sub x -o stored
  fails 2 "not a number" shoal sub x -c 0
  fails 2 "--partition" shoal sub x -p -1
  fails 2 "--cache" shoal sub x --cache much
}
