#!/usr/bin/env bats
# What stays and what goes: shoal mirror, init and rm with their budgets.

load common

LOCAL=(--listen 127.0.0.1:0 --no-dht --no-lsd)

online() { unset SHOAL_OFFLINE; }

# address FILE: what the node that wrote FILE listens on.
address() {
  wait_for "$1" "^listening " >&2 && sed -n 's/^listening //p' "$1" | head -n 1
}

@test "bad uses are refused" {
  fails 2 "--keep" shoal mirror "$NOBODY" --keep long
  fails 2 "--max-size" shoal mirror "$NOBODY" --max-size -1
  fails 2 "illegal topic name or glob" shoal mirror "$NOBODY" -t a/b
  fails 2 FEED shoal mirror
  fails 2 FEED shoal rm
  fails 10 "no feed known here" shoal rm nothing
  fails 10 "no rows here" shoal rm "$NOBODY"
}

@test "an own feed is removed with --yes only, and its key signs nothing more here" {
  expect 0 shoal init x
  seq 100 | shoal pub x
  fails 2 "nobody can be asked" shoal rm x
  [[ "$stderr" == *"hint: shoal rm x --yes"* ]]
  expect 0 shoal rm x --yes
  [[ "$stderr" == *"the key x stays"* ]]
  expect 0 shoal ls --json
  [ "$output" = "[]" ]
  expect 0 shoal key show x
  fails 9 "second history" shoal pub x /dev/null
  fails 9 "second history" shoal init x
}

@test "a feed that is published to is not removed" {
  online
  mkfifo in
  "$SHOAL_BINARY" pub x in "${LOCAL[@]}" 2> pub.err &
  publisher=$!
  exec 7> in
  echo one >&7
  wait_for pub.err "^feed "
  fails 11 "being published to" shoal rm x --yes
  exec 7>&-
  wait "$publisher"
}

@test "what an own feed keeps is changed by init" {
  expect 0 shoal init x --keep 30d --keep-topic us=7d
  expect 0 shoal init x --keep-size 10G
  expect 0 shoal info x --json
  [[ "$output" == *'"keep_ms":2592000000'* && "$output" == *'"us":604800000'* && "$output" == *'"max_bytes":10737418240'* ]]
}

@test "payloads older than --keep-topic go and the log start moves" {
  shoal init x --keep-topic short=1s 2> init.err
  seq 10 | shoal pub x -t short
  seq 10 | shoal pub x -t long
  sleep 1.1 # ages the records
  expect 0 shoal init x # a node that ends drops what is due
  expect 0 shoal topics x --json
  [[ "$output" == *'"name":"short","partition":0,"log_start_offset":10'* ]]
  [[ "$output" == *'"name":"long","partition":0,"log_start_offset":0'* ]]
  fails 8 pruned shoal get x short 3
  fails 8 dropped shoal sub x -e -t short -o 3
  expect 0 shoal get x long 3
  expect 0 shoal verify x
  expect 0 shoal sub x -e
  [ "$output" = "$(seq 10)" ]
}

@test "a volatile feed lives in the node" {
  online
  "$SHOAL_BINARY" node "${LOCAL[@]}" 2> node.err &
  node=$!
  wait_for node.err "^listening "
  expect 0 shoal init v --memory
  seq 5 | shoal pub v
  expect 0 shoal sub v -e
  [ "$output" = "$(seq 5)" ]
  kill -TERM "$node"
  wait "$node"
  fails 10 v shoal info v
}

@test "a mirror stays wanted until rm, and a budget that is too small is said" {
  online
  seq 1 500 > in
  "$SHOAL_BINARY" --data pub pub x in --seed "${LOCAL[@]}" 2> pub.err &
  publisher=$!
  wait_for pub.err "^published 500 records"
  id=$(sed -n 's/^feed //p' pub.err)
  from=(--peer "$(address pub.err)" "${LOCAL[@]}")
  fails 7 "too small" timeout 30 "$SHOAL_BINARY" mirror "$id" --max-size 1K "${from[@]}"
  "$SHOAL_BINARY" mirror "$id" -t 'def*' --keep 1h "${from[@]}" 2> mirror.err &
  mirror=$!
  wait_for mirror.err "^synced $id [1-9]"
  kill -TERM "$mirror"
  wait "$mirror"
  expect 0 shoal ls --json
  [[ "$output" == *'"want":{"topics":["def*"],"keep_ms":3600000,"max_bytes":0}'* ]]
  expect 0 shoal rm "$id"
  expect 0 shoal ls --json
  [ "$output" = "[]" ]
}
