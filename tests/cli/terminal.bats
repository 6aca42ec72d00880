#!/usr/bin/env bats
# Progress and colours: on a terminal, and nowhere else.

load common

# on_terminal COMMAND...: runs it with stderr on a terminal and sets $out, $err and $code.
on_terminal() {
  code=0
  out=$(python3 "$BATS_TEST_DIRNAME/on_terminal.py" terminal "$SHOAL_BINARY" "$@") || code=$?
  err=$(< terminal)
}

ESCAPE=$'\e'
CLEARED=$'\r\e[K'

fill() {
  export TERM=xterm
  unset NO_COLOR
  seq -f %0200g 10000 > in
}

@test "long work shows a bar that is gone at the end" {
  fill
  on_terminal pub x in --batch-bytes 1K -z none
  [ "$code" = 0 ]
  [[ "$err" == *"publishing [###"*"---] "*" %"* ]]
  [[ "$err" == *"${CLEARED}published 10000 records"* ]]
  on_terminal export x x.shoal
  [[ "$err" == *"writing x.shoal [#"*" %"* && "$err" == *"$CLEARED" && "$out" == exported* ]]
  on_terminal verify x
  [[ "$err" == *"verifying [#"*" %"* && "$err" == *"$CLEARED" && "$out" == *complete* ]]
  on_terminal --data other import x.shoal
  [[ "$err" == *"reading x.shoal [#"*" %"* && "$err" == *"$CLEARED" && "$out" == imported* ]]
}

@test "no bar for what has no known end" {
  fill
  mkfifo pipe
  cat in > pipe &
  on_terminal pub x pipe
  [ "$code" = 0 ]
  [[ "$err" != *"%"* ]]
}

@test "a dumb terminal and -q get no bar" {
  fill
  TERM=dumb on_terminal pub x in --batch-bytes 64K
  [[ "$err" == *"published 10000 records"* && "$err" != *"$ESCAPE"* && "$err" != *"%"* ]]
  on_terminal pub x in --batch-bytes 64K -q
  [ -z "$err" ]
}

@test "errors are coloured, unless somebody objects" {
  fill
  on_terminal subb
  [ "$code" = 2 ]
  [[ "$err" == "${ESCAPE}[1;31mshoal: error: ${ESCAPE}[0munknown command 'subb'"* ]]
  [[ "$err" == *"${ESCAPE}[1;36mhint: ${ESCAPE}[0mdid you mean 'shoal sub'?"* ]]
  NO_COLOR=1 on_terminal subb
  [[ "$err" == "shoal: error: unknown command 'subb'"* && "$err" != *"$ESCAPE"* ]]
  NO_COLOR='' on_terminal subb
  [[ "$err" == *"$ESCAPE"* ]]
  TERM=dumb on_terminal subb
  [[ "$err" != *"$ESCAPE"* ]]
  TERM='' on_terminal subb
  [[ "$err" != *"$ESCAPE"* ]]
}

@test "without a terminal there is neither" {
  fill
  expect 0 shoal pub x in --batch-bytes 64K
  [[ "$stderr" != *"$ESCAPE"* && "$stderr" != *"%"* ]]
  expect 2 shoal subb
  [[ "$stderr" == "shoal: error: "* ]]
  expect 0 shoal verify x
  [ -z "$stderr" ]
}

@test "what others named does not steer the terminal" {
  fill
  on_terminal info $'evil\e[2Jname'
  [[ "$err" == *"evil [2Jname"* && "$err" != *"${ESCAPE}[2J"* ]]
}
