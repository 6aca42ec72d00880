#!/usr/bin/env bats
# shoal init and shoal key.

load common

@test "init makes key and feed and prints the id" {
  expect 0 shoal init quakes --title Earthquakes --licence 'public domain' --topic us:2 --topic ak
  [[ "$output" =~ ^[0-9a-f]{64}$ ]]
  [ "$stderr" = "created feed quakes $output" ]
  id=$output
  expect 0 shoal info quakes --json
  [[ "$output" == *"\"feed\":\"$id\""* && "$output" == *'"title":"Earthquakes"'* ]]
  expect 0 shoal topics quakes
  [ "$(grep -c '^us ' <<< "$output")" = 2 ]
  [ "$(grep -c '^ak ' <<< "$output")" = 1 ]
}

@test "init again renews the description and keeps the rest" {
  shoal init quakes --title One --topic us:2
  expect 0 shoal init quakes --contact me@example.org
  [ -z "$stderr" ]
  expect 0 shoal info quakes --json
  [[ "$output" == *'"title":"One"'* && "$output" == *'"tree_size":2'* ]]
}

@test "init without news adds no block" {
  shoal init quakes --title One
  shoal init quakes --title One
  expect 0 shoal info quakes --json
  [[ "$output" == *'"tree_size":1'* ]]
}

@test "a topic's number of partitions never changes" {
  shoal init quakes --topic us:2
  expect 2 shoal init quakes --topic us:3
  expect 0 shoal init quakes --topic us:2 --topic new:4
}

@test "bad use of init" {
  fails 2 NAME shoal init
  fails 2 "illegal topic name" shoal init x --topic a/b
  fails 2 "NAME:PARTITIONS" shoal init x --topic a:0
  fails 2 "NAME:PARTITIONS" shoal init x --topic a:70000
  fails 2 "no legal name" shoal init ../x
  fails 2 "no legal name" shoal init -- -x
  fails 2 "--keep" shoal init x --keep soon
  fails 2 "--keep-size" shoal init x --keep-size many
  fails 2 "NAME=DURATION" shoal init x --keep-topic us
  fails 2 "illegal topic name" shoal init x --keep-topic a/b=7d
  fails 2 "--keep-topic" shoal init x --keep-topic us=-1d
  fails 4 "lives in a running node" shoal init x --memory
}

@test "keys are made, listed and shown" {
  expect 0 shoal key gen a
  [[ "$output" =~ ^[0-9a-f]{64}$ ]]
  key=$output
  expect 0 shoal key show a
  [ "$output" = "$key" ]
  expect 0 shoal key ls
  [[ "$output" == "a  $key"* ]]
  expect 0 shoal key ls --json
  [ "$output" = "[{\"name\":\"a\",\"key\":\"$key\",\"sealed\":false,\"kind\":\"feed\"}]" ]
  [ "$(stat -c %a "$SHOAL_DATA/keys/a.key")" = 600 ]
  [ "$(stat -c %a "$SHOAL_DATA/keys")" = 700 ]
}

@test "mirrors get names" {
  node=$(shoal key show --node --data other)
  [[ "$node" =~ ^[0-9a-f]{64}$ ]]
  [ "$(shoal key show --node --data other)" = "$node" ]
  expect 0 shoal key trust backup "$node"
  expect 0 shoal key trust backup "$node"
  expect 0 shoal key ls
  [ "$output" = "backup  $node  mirror" ]
  expect 0 shoal key ls --json
  [ "$output" = "[{\"name\":\"backup\",\"key\":\"$node\",\"sealed\":false,\"kind\":\"mirror\"}]" ]
  [ "$(stat -c %a "$SHOAL_DATA/keys/backup.mirror")" = 600 ]
  fails 1 "stands for $node already" shoal key trust backup "$NOBODY"
  fails 1 "is trusted as backup already" shoal key trust again "$node"
  fails 2 "64 hexadecimal digits" shoal key trust other "${node%?}"
  fails 2 "64 hexadecimal digits" shoal key trust other nonsense
  fails 2 "own node" shoal key trust self "$(shoal key show --node)"
  fails 2 "cannot name a mirror" shoal key trust 2 "$NOBODY"
  fails 2 "cannot name a mirror" shoal key trust durable "$NOBODY"
  fails 2 "either HEX or --forget" shoal key trust other
  fails 2 "either NAME or --node" shoal key show
  fails 2 "either NAME or --node" shoal key show a --node
  fails 10 "no mirror is trusted as other" shoal key trust other --forget
  expect 0 shoal key trust backup --forget
  expect 0 shoal key ls
  [ -z "$output" ]
}

@test "a key moves to another directory" {
  key=$(shoal key gen a)
  expect 0 shoal key export a --secret backup.key
  [ "$(stat -c %a backup.key)" = 600 ]
  expect 0 shoal --data other key import b backup.key
  [ "$output" = "$key" ]
  (umask 077 && shoal key export a --secret > piped.key)
  cmp piped.key backup.key
  expect 0 shoal key export a --public
  [ "$output" = "$key" ]
  expect 0 shoal key export a --public id.txt
  [ "$(cat id.txt)" = "$key" ]
}

@test "bad use of keys" {
  shoal key gen a
  fails 1 "already" shoal key gen a
  fails 10 "no key named none" shoal key show none
  fails 2 "either --public or --secret" shoal key export a
  fails 2 "either --public or --secret" shoal key export a --public --secret
  fails 10 "none" shoal key export none --secret file
  echo > taken
  fails 1 "taken" shoal key export a --secret taken
  fails 1 "taken" shoal key export a --public taken
  fails 10 "none.key" shoal key import b none.key
  (umask 077 && echo nonsense > bad.key)
  fails 12 "" shoal key import b bad.key
}

@test "a key file that others can read is refused" {
  shoal init x
  chmod 644 "$SHOAL_DATA/keys/x.key"
  printf 'a\n' > in
  expect 12 shoal pub x in
  [[ "$stderr" == *chmod* ]]
}

@test "a sealed key needs its passphrase" {
  echo secret > pass
  expect 0 shoal key gen a --passphrase-file pass
  printf 'a\n' > in
  expect 12 shoal pub a in
  echo wrong > wrong
  expect 12 shoal pub a in --passphrase-file wrong
  expect 12 shoal pub a in --passphrase-file nofile
  expect 0 shoal pub a in --passphrase-file pass
  exec 7< pass
  expect 0 shoal pub a in --passphrase-file fd:7
}

@test "a directory that cannot be looked into is not taken for an empty one" {
  [ "$(id -u)" = 0 ] || skip "only root can act as somebody else"
  shoal key gen a > /dev/null
  chmod 755 .
  cp "$SHOAL_BINARY" command
  for words in "ls" "key ls" "key show a" "key gen b"; do
    # shellcheck disable=SC2086
    expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups ./command $words --data "$SHOAL_DATA"
    [[ "$stderr" == *"Permission denied"* ]]
  done
}
