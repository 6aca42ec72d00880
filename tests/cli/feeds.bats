#!/usr/bin/env bats
# shoal ls, info, topics, peers, link.

load common

@test "info --json has the contract's members" {
  seq 1 10 | shoal pub x -t t -q
  shoal info x --json > out
  python3 - <<'PY'
import json
info = json.load(open("out"))
assert len(info["feed"]) == 64 and info["name"] == "x" and info["tree_size"] >= 1
assert info["held_blocks"] == info["tree_size"] and len(info["root_hash"]) == 64 and info["epoch"] == 0
assert info["head_time_ms"] > 1.5e12 and info["mirrors"] == [] and info["disk_bytes"] > 0
(topic,) = info["topics"]
assert topic["name"] == "t" and topic["partition"] == 0 and topic["log_start_offset"] == 0
assert info["complete"] and topic["complete"] and 0 <= info["head_age_ms"] < 600000
assert not info["forked"] and info["fork_proof"] == ""
assert topic["high_watermark"] == 10 and topic["end_offset"] == 10 and topic["bytes"] > 0
PY
  expect 0 shoal info x
  [[ "$output" == *"tree size"* ]]
}

@test "topics and ls, for people and for programs" {
  seq 1 10 | shoal pub x -t t -q
  expect 0 shoal topics x
  [[ "${lines[1]}" =~ ^t\ +0\ +0\ +10\ +10\  ]]
  shoal topics x --json | python3 -c 'import json,sys; assert json.load(sys.stdin)[0]["end_offset"] == 10'
  expect 0 shoal ls
  [[ "${lines[1]}" =~ ^[0-9a-f]{64}\ +x\ +own ]]
  shoal ls --json | python3 -c 'import json,sys; (f,) = json.load(sys.stdin); assert f["own"] and f["name"] == "x"'
}

@test "no directory has no feeds, and is not made by looking" {
  expect 0 shoal ls --json
  [ "$output" = "[]" ]
  expect 0 shoal key ls
  [ -z "$output" ]
  [ ! -e "$SHOAL_DATA" ]
}

@test "nobody is connected offline" {
  shoal init x -q
  expect 0 shoal peers x --json
  [ "$output" = "[]" ]
  expect 0 shoal peers
  [ "${#lines[@]}" = 1 ]
}

@test "a link opens the feed" {
  id=$(shoal init x -q)
  expect 0 shoal link x
  [ "$output" = "magnet:?xs=urn:btpk:$id&dn=x" ]
  link=$output
  expect 0 shoal info "$link" --json
  [[ "$output" == *"\"feed\":\"$id\""* ]]
  unset SHOAL_OFFLINE
  expect 0 shoal link x --listen 127.0.0.1:0
  [[ "$output" == *"&x.pe=127.0.0.1:"* ]]
  [ -z "$stderr" ]
}

@test "unknown and malformed feeds" {
  fails 10 nosuch shoal info nosuch
  fails 2 "has 63" shoal topics "${NOBODY:1}"
  fails 10 "nothing of this feed" shoal info "$NOBODY"
  fails 2 "" shoal info "magnet:?xs=urn:btpk:12"
  fails 10 "there is no file" shoal info ./nofile
  fails 10 nosuch shoal link nosuch
  fails 2 FEED shoal info
  fails 2 FEED shoal topics
}
