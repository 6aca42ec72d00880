#!/usr/bin/env bats
# shoal mirror, node and bootstrap, and what passes between two nodes on loopback.

load common

LOCAL=(--listen 127.0.0.1:0 --no-dht --no-lsd)

online() { unset SHOAL_OFFLINE; }

# address FILE: what the node that wrote FILE listens on.
address() {
  wait_for "$1" "^listening " >&2 && sed -n 's/^listening //p' "$1" | head -n 1
}

@test "a mirror holds everything, outlives the publisher and serves a reader" {
  online
  seq 1 2000 > in
  "$SHOAL_BINARY" --data pub pub x in --seed "${LOCAL[@]}" 2> pub.err &
  publisher=$!
  wait_for pub.err "^published 2000 records"
  id=$(sed -n 's/^feed //p' pub.err)
  "$SHOAL_BINARY" --data mirror mirror "$id" --peer "$(address pub.err)" "${LOCAL[@]}" 2> mirror.err &
  mirror=$!
  wait_for mirror.err "^synced $id [1-9]"
  kill -9 "$publisher"
  wait "$publisher" || true
  expect 0 shoal --data sub sub "$id" -e --peer "$(address mirror.err)" "${LOCAL[@]}"
  [ "$output" = "$(cat in)" ]
  expect 0 shoal --data get get "$id" default 999 --peer "$(address mirror.err)" "${LOCAL[@]}"
  [ "$output" = 1000 ]
  expect 0 shoal --data info info "$id" --json --peer "$(address mirror.err)" --find-timeout 3s "${LOCAL[@]}"
  [[ "$output" == *'"end_offset":2000'* ]]
  expect 0 shoal --data peers peers "$id" --json --peer "$(address mirror.err)" "${LOCAL[@]}"
  [[ "$output" == *'"node_key"'* ]]
  kill -TERM "$mirror"
  wait "$mirror"
  expect 0 shoal --data mirror verify "$id"
}

@test "a live reader gets records while they are published" {
  online
  mkfifo pipe
  "$SHOAL_BINARY" --data pub pub x pipe --seed "${LOCAL[@]}" 2> pub.err &
  exec 8> pipe
  id=$(wait_for pub.err "^feed " && sed -n 's/^feed //p' pub.err)
  "$SHOAL_BINARY" --data sub sub "$id" --peer "$(address pub.err)" "${LOCAL[@]}" > out 2> sub.err &
  reader=$!
  wait_for sub.err "^listening "
  for word in one two three; do
    echo "$word" >&8
    wait_for out "$word"
  done
  exec 8>&-
  kill -INT "$reader" 2>/dev/null || kill -TERM "$reader"
  wait "$reader"
  [ "$(cat out)" = "$(printf 'one\ntwo\nthree')" ]
}

@test "a node serves what is in its directory" {
  online
  seq 1 10 | shoal pub x --offline -q
  id=$(shoal key show x)
  "$SHOAL_BINARY" node "${LOCAL[@]}" 2> node.err &
  node=$!
  expect 0 shoal --data sub sub "$id" -e --peer "$(address node.err)" "${LOCAL[@]}"
  [ "$output" = "$(seq 1 10)" ]
  kill -TERM "$node"
  wait "$node"
}

@test "a rendezvous node runs beside others in the same directory" {
  online
  "$SHOAL_BINARY" bootstrap --listen 127.0.0.1:0 2> boot.err &
  boot=$!
  address boot.err
  expect 0 shoal ls
  kill -TERM "$boot"
  wait "$boot"
  fails 2 "needs the network" shoal bootstrap --no-dht
}

@test "two nodes find each other through a private DHT" {
  online
  "$SHOAL_BINARY" --data boot bootstrap --listen 127.0.0.1:0 2> boot.err &
  via=$(address boot.err)
  seq 1 50 > in
  "$SHOAL_BINARY" --data pub pub x in --seed --listen 127.0.0.1:0 --bootstrap "$via" --no-lsd 2> pub.err &
  wait_for pub.err "^published"
  id=$(sed -n 's/^feed //p' pub.err)
  expect 0 shoal --data sub sub "$id" -e --listen 127.0.0.1:0 --bootstrap "$via" --no-lsd --find-timeout 30s
  [ "$output" = "$(cat in)" ]
}

@test "rate limits hold on loopback, in both directions" {
  online
  head -c 1500000 /dev/urandom | base64 -w 999 > in
  count=$(wc -l < in)
  for limits in "--up-limit 512K:" ":--down-limit 512K"; do
    rm -rf pub sub pub.err
    # shellcheck disable=SC2086
    "$SHOAL_BINARY" --data pub pub x in -z none --seed "${LOCAL[@]}" ${limits%:*} 2> pub.err &
    publisher=$!
    wait_for pub.err "^published $count records"
    peer=$(address pub.err)
    start=$(date +%s%3N)
    # shellcheck disable=SC2086
    expect 0 shoal --data sub sub "$(sed -n 's/^feed //p' pub.err)" -c "$count" --peer "$peer" "${LOCAL[@]}" ${limits#*:}
    took=$(($(date +%s%3N) - start))
    [ "$output" = "$(cat in)" ]
    # 2 MB at 512 KiB a second are 4 s, less what may go out at once; unlimited they take well below 1 s.
    [ "$took" -ge 2000 ] || { echo "$limits: $took ms"; false; }
    kill "$publisher"
    wait "$publisher"
  done
}

@test "bad use of mirror" {
  fails 2 FEED shoal mirror
  fails 10 nosuch shoal mirror nosuch
  fails 2 "illegal topic name or glob" shoal mirror "$NOBODY" -t a/b
  fails 2 "is not a size" shoal mirror "$NOBODY" --max-size many
  shoal init own -q
  expect 2 shoal mirror own
}
