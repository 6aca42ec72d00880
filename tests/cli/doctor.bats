#!/usr/bin/env bats
# What is said when nothing is found. What real networks say is in tests/system/discovery_test.py.

load common

@test "without a network everything else is looked at" {
  printf 'a\n' | shoal pub x
  expect 0 shoal doctor
  [[ "$output" == *"ok"*"directory"*"held by process"* ]]
  [[ "$output" == *"ok"*"disk"*"MiB free"* ]]
  [[ "$output" == *"warning"*"network"*"no network is used"* && "$output" == *"hint: leave --offline out"* ]]
  expect 0 shoal doctor x
  [[ "$output" == *"ok"*"head"*"1 block"* || "$output" == *"ok"*"head"*"2 blocks"* ]]
}

@test "json has a verdict for each check and for all" {
  expect 0 shoal doctor --json
  [[ "$output" == '{"verdict":"warning","checks":['* ]]
  [[ "$output" == *'{"name":"disk","verdict":"ok","found":"'*' MiB free;'* ]]
}

@test "a feed that nobody has is exit 4" {
  expect 4 shoal doctor "$NOBODY"
  [[ "$output" == *"PROBLEM"*"head"*"none is known"* ]]
  unset SHOAL_OFFLINE
  expect 4 shoal doctor "$NOBODY" --find-timeout 500ms --listen 127.0.0.1:0 --no-dht --no-lsd
  [[ "$output" == *"PROBLEM"*"peers"*"nobody who has this feed was found"* ]]
  [[ "$output" == *"warning"*"dht"*"not used"* ]]
}

@test "a node that runs answers for itself" {
  unset SHOAL_OFFLINE
  "$SHOAL_BINARY" node --listen 127.0.0.1:0 --no-lsd --no-dht 2> node.err &
  pid=$!
  wait_for node.err "^listening "
  expect 0 shoal doctor --json
  [[ "$output" == *'{"name":"directory","verdict":"ok","found":"'*"held by process $pid\""* ]]
  [[ "$output" == *'{"name":"listening","verdict":"ok","found":"127.0.0.1:'* ]]
  kill "$pid"
  wait "$pid"
}

@test "bad use of doctor" {
  fails 10 nosuch shoal doctor nosuch
  fails 2 "--nonsense" shoal doctor --nonsense
}
