#!/usr/bin/env bats
# shoal pub: what becomes a record, and what is said of it.

load common

records() { shoal sub x -e -f "$1"; }

@test "lines of stdin become records, byte for byte" {
  printf 'a\r\n\n\0b\xff\nlast' > in
  shoal pub x < in
  shoal sub x -e > out
  cmp out <(cat in; echo)
  [ "$(records '%S,')" = "2,0,3,4," ]
}

@test "it says feed, count and that no mirror holds it" {
  expect 0 bash -c 'printf "a\nb\n" | "$SHOAL_BINARY" pub x'
  [ -z "$output" ]
  [[ "${stderr_lines[0]}" =~ ^created\ feed\ x\ [0-9a-f]{64}$ ]]
  [[ "${stderr_lines[1]}" =~ ^feed\ [0-9a-f]{64}$ ]]
  [ "${stderr_lines[2]}" = "published 2 records" ]
  [ "${stderr_lines[3]}" = "no mirror holds this yet: use --seed or run shoal node" ]
  expect 0 shoal pub x /dev/null
  [[ "${stderr_lines[0]}" =~ ^feed ]]
  [ "${stderr_lines[1]}" = "published 0 records" ]
}

@test "several files, stdin among them" {
  printf '1\n' > a
  printf '3\n' > c
  printf '2\n' | shoal pub x a - c
  [ "$(records '%s')" = 123 ]
}

@test "frames" {
  printf 'a\nb\0\0c' > nul
  printf '\0\0\0\1a\0\0\0\0\0\0\0\2b\n' > len32
  printf 'one\n' > f1
  printf 'two\n' > f2
  shoal pub x nul --frame nul -t nul
  shoal pub x len32 --frame len32 -t len32
  shoal pub x f1 f2 --frame file -t file
  [ "$(shoal sub x -e -t nul -f '%S,')" = "3,0,1," ]
  [ "$(shoal sub x -e -t len32 -f '%S,')" = "1,0,2," ]
  [ "$(shoal sub x -e -t file -f '%s')" = "$(printf 'one\ntwo\n')" ]
  printf '\0\0\0\5ab' > cut
  expect 3 shoal pub x cut --frame len32
  [[ "$stderr" == *"cut, record 1: the input ends inside a record"* ]]
}

@test "topic, key and time from JSON" {
  printf '%s\n' '{"p":{"net":"us","t":1517616000123.9},"id":7}' '{"p":{"net":"ak","t":2},"id":null}' > in
  expect 0 shoal pub x in --topic-from json:/p/net --key-from json:/id --time-from json:/p/t
  [ "$(records '%t %k(%K) %T;')" = "us 7(1) 1517616000123;ak (-1) 2;" ]
}

@test "topic and time from CSV" {
  printf 'when,where\n2014-04-10 00:04:00,"real/a b"\n2014-04-10 00:05:00,c\r\n' > in
  expect 0 shoal pub x in --skip-lines 1 --topic-from csv:2 --topic-map dots --time-from csv:1 \
    --time-format '%Y-%m-%d %H:%M:%S'
  [ "$(records '%t %T;')" = "real.a.b 1397088240000;c 1397088300000;" ]
}

@test "headers on every record" {
  printf 'a\nb\n' | shoal pub x -H source=test -H 'note=a,b=c'
  [ "$(records '%h;')" = "source=test,note=a,b=c;source=test,note=a,b=c;" ]
}

@test "every codec" {
  for codec in none gzip snappy lz4 zstd; do
    printf '%s\n' "$codec" | shoal pub x -z "$codec"
  done
  [ "$(records '%s ')" = "none gzip snappy lz4 zstd " ]
}

@test "a bad line stops, what came before is published" {
  printf '{"t":"a"}\n{"t":\n{"t":"b"}\n' > in
  expect 3 shoal pub x in --topic-from json:/t
  [[ "$stderr" == *"shoal: error: in, line 2: invalid JSON"* && "$stderr" == *"hint: --on-bad-line skip"* ]]
  [[ "$stderr" == *"published 1 records"* ]]
  [ "$(records '%t')" = a ]
}

@test "a bad line is skipped when asked, with 3 all the same" {
  printf '{"t":"a"}\n{"t":"a/b"}\n{"u":1}\n{"t":"b"}\n' > in
  expect 3 shoal pub x in --topic-from json:/t --on-bad-line skip
  [[ "$stderr" == *"in, line 2: illegal topic name 'a/b'"* && "$stderr" == *"in, line 3: no /t"* ]]
  [ "$(records '%t')" = ab ]
}

@test "a record above the limit is a bad line" {
  head -c 40000000 /dev/zero > big
  { echo a; cat big; echo; echo b; } > in
  expect 3 shoal pub x in --on-bad-line skip
  [[ "$stderr" == *"in, line 2: "* ]]
  [ "$(records '%s')" = ab ]
}

@test "a time far ahead of the clock is a bad line, unless it is allowed" {
  printf 'a,%s\nb,%s\n' "$(date +%s)" "$(date +%s%3N)" > in  # milliseconds among seconds
  expect 3 shoal pub x in --time-from csv:2 --time-unit s --on-bad-line skip
  [[ "$stderr" == *"in, line 2: a record time is "*" ahead of this machine's clock"* ]]
  expect 0 shoal pub x in --time-from csv:2 --time-unit s --max-time-ahead 30000000d
}

@test "each acknowledgement is logged" {
  printf 'a\nb\nc\n' > in
  expect 0 shoal pub x in -t t --ack-log
  awk '$1 == "acked" && $2 == "t" && $3 == 0 && $4 == next_offset {next_offset = $5 + 1} END {exit next_offset != 3}' \
    <<< "$output"
}

@test "replay keeps the distance of the records" {
  printf '0\n300\n600\n' > in
  start=$(date +%s%3N)
  shoal pub x in --time-from csv:1 --replay 1x
  took=$(($(date +%s%3N) - start))
  [ "$took" -ge 600 ]
  start=$(date +%s%3N)
  shoal pub x in --time-from csv:1 --replay max
  took=$(($(date +%s%3N) - start))
  [ "$took" -lt 600 ]
}

@test "no feed is made when nobody wants one" {
  printf 'a\n' > in
  expect 10 shoal pub x in --no-create
  [ ! -e "$SHOAL_DATA/keys/x.key" ]
  shoal init x
  expect 0 shoal pub x in --no-create
}

@test "a file that is not there makes no feed" {
  fails 10 "cannot open nofile" shoal pub x nofile
  fails 1 "is a directory" shoal pub x .
  [ ! -e "$SHOAL_DATA" ]
}

@test "bad use of pub" {
  fails 2 NAME shoal pub
  fails 2 "no legal name" shoal pub a/b
  fails 2 "illegal topic name" shoal pub x -t a/b
  fails 2 "selects nothing" shoal pub x --topic-from xml:/a
  fails 2 "not a JSON pointer" shoal pub x --key-from json:a
  fails 2 "need --time-from" shoal pub x --time-unit s
  fails 2 "not a time format" shoal pub x --time-from csv:1 --time-format iso
  fails 2 "exclude each other" shoal pub x --time-from csv:1 --time-format rfc3339 --time-unit s
  fails 2 "needs --time-from" shoal pub x --replay 2x
  fails 2 "is not a speed" shoal pub x --replay fast
  fails 2 "lines|nul|len32|file" shoal pub x --frame words
  fails 2 "none|gzip|snappy|lz4|zstd" shoal pub x -z brotli
  fails 2 "NAME=VALUE" shoal pub x -H novalue
  fails 2 "a batch has" shoal pub x --batch-bytes 0
  fails 2 "a batch has" shoal pub x --batch-bytes 64M
  fails 2 "is not a duration" shoal pub x --linger 5
  for acks in 0 65 all,, 1,2 ''; do
    fails 2 "whose acknowledgement is waited for" shoal pub x --acks "$acks"
  done
  fails 2 "once only" shoal pub x - -
}

@test "mirrors that cannot acknowledge are refused before anything is published" {
  printf 'a\n' > in
  fails 2 "the node is offline" shoal pub x in --acks 2
  fails 2 "the node is offline" shoal pub x in --acks backup
  unset SHOAL_OFFLINE
  fails 10 "no mirror is trusted as backup" shoal pub x in --acks backup --listen 127.0.0.1:0 --no-lsd --no-dht
  [[ "$stderr" == *"hint: shoal key trust backup HEX"* ]]
}

@test "interrupted while mirrors are waited for: all is durable here, and it says what is acknowledged" {
  unset SHOAL_OFFLINE
  printf 'a\nb\n' > in
  "$SHOAL_BINARY" pub x in --acks 1 --listen 127.0.0.1:0 --no-lsd --no-dht 2> err &
  pid=$!
  wait_for err "^listening "
  for ((i = 0; i < 400; i++)); do
    [ "$(shoal sub x -e -f '%s ' 2> /dev/null)" = "a b " ] && break
    sleep 0.05
  done
  kill -INT "$pid"
  code=0
  wait "$pid" || code=$?
  [ "$code" = 130 ] || { echo "code $code: $(cat err)"; false; }
  grep -q "2 records are durable here; last acknowledged: nothing" err
  ! grep -q "^published" err
}

@test "interrupted: what was taken is published, 130 and 143" {
  mkfifo pipe
  for signal in INT:130 TERM:143; do
    rm -f err acks
    "$SHOAL_BINARY" pub x pipe --ack-log > acks 2> err &
    pid=$!
    exec 8> pipe
    echo "$signal" >&8
    wait_for acks "^acked "
    kill -s "${signal%:*}" "$pid"
    code=0
    wait "$pid" || code=$?
    exec 8>&-
    [ "$code" = "${signal#*:}" ] || { echo "code $code: $(cat err)"; false; }
    grep -q "published 1 records" err
  done
  [ "$(records '%s ')" = "INT:130 TERM:143 " ]
}

@test "seeding ends cleanly" {
  printf 'a\n' > in
  "$SHOAL_BINARY" pub x in --seed 2> err &
  pid=$!
  wait_for err "published 1 records"
  kill -TERM "$pid"
  wait "$pid"
}
