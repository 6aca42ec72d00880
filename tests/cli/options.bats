#!/usr/bin/env bats
# Where options come from, and where data goes.

load common

@test "options stand before or after the command" {
  printf 'a\n' > in
  expect 0 shoal -t one --data "$SHOAL_DATA" pub x in
  expect 0 shoal --offline sub x -e -f '%t'
  [ "$output" = one ]
}

@test "the command line beats the environment and that the file" {
  printf 'a\n' > in
  printf 'topic = "file"\nlinger = "1ms"\n\n[sub]\nformat = "%%t"\n' > config.toml
  expect 0 shoal pub x in --config config.toml
  SHOAL_TOPIC=environment expect 0 shoal pub x in --config config.toml
  SHOAL_TOPIC=environment expect 0 shoal pub x in --config config.toml -t line
  unset SHOAL_TOPIC
  expect 0 shoal sub x -e --config config.toml -f '%t '
  [ "$output" = "file " ]
  expect 0 shoal sub x -e -f '%t '
  [ "$output" = "file environment line " ]
}

@test "an unknown option in the file is a usage error, and so is no file" {
  echo 'tpoic = "x"' > config.toml
  fails 2 tpoic shoal ls --config config.toml
  fails 2 nofile shoal ls --config nofile
}

@test "a bad value in the environment is a usage error" {
  SHOAL_BATCH_BYTES=many fails 2 "'many' is not a size" shoal pub x
}

@test "directories in their order" {
  unset SHOAL_DATA
  export HOME="$BATS_TEST_TMPDIR/home" XDG_DATA_HOME="$BATS_TEST_TMPDIR/xdg" STATE_DIRECTORY="$BATS_TEST_TMPDIR/state"
  expect 0 shoal key gen a --data flag
  [ -d flag/keys ]
  SHOAL_DATA="$BATS_TEST_TMPDIR/environment" expect 0 shoal key gen a
  [ -d environment/keys ]
  unset SHOAL_DATA
  expect 0 shoal key gen a
  [ -d state/keys ]
  unset STATE_DIRECTORY
  expect 0 shoal key gen a
  [ -d xdg/shoal/keys ]
  unset XDG_DATA_HOME
  expect 0 shoal key gen a
  [ -d home/.local/share/shoal/keys ]
}

@test "bad common options are usage errors" {
  fails 2 "--listen" shoal sub x --listen here
  fails 2 "--peer" shoal sub x --peer host:0
  fails 2 "neither public nor private" shoal sub x --network home
  fails 2 "is not a size" shoal sub x --up-limit fast
  fails 2 "is not a duration" shoal sub x --find-timeout 20
  fails 2 "--nonsense" shoal sub x --nonsense
}

@test "a directory that cannot be made is an error with a reason" {
  echo > file
  expect 1 shoal key gen a --data file/below
  [[ "$stderr" == *"shoal: error: "* ]]
}

@test "commands work through the process that has the directory" {
  "$SHOAL_BINARY" pub x --seed </dev/null 2> err &
  pid=$!
  wait_for err "^feed "
  expect 0 shoal ls
  [[ "$output" == *" x "* ]]
  kill "$pid"
  wait "$pid"
}

@test "quiet means no notices" {
  printf 'a\n' > in
  expect 0 shoal pub x in -q
  [ -z "$stderr" ]
}
