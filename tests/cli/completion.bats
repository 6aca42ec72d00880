#!/usr/bin/env bats
# shoal completion: each script is read by its shell and completes there.

load common

# complete_bash WORD...: what bash offers for the last word, sorted, in one line.
complete_bash() {
  COMP_LINE="$*" bash --norc --noprofile -c '
    shoal() { "$SHOAL_BINARY" "$@"; }
    source completion.bash
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _shoal 2>errors
    [ -s errors ] && cat errors
    printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort | xargs
}

complete_fish() {
  fish --no-config -c 'source completion.fish; complete -C "$argv[1]"' "$1" | cut -f 1 | sort | xargs
}

# Keys and feeds to complete, and files.
fill() {
  local shell
  for shell in bash zsh fish; do shoal completion "$shell" > "completion.$shell"; done
  id=$(shoal init quakes -q)
  shoal key gen quiet > /dev/null
  mkdir folder
  touch quakes.shoal
  ln -s "$SHOAL_BINARY" shoal
  PATH="$PWD:$PATH"
}

@test "bash: commands and options, wherever they stand" {
  fill
  [ "$(complete_bash shoal mir)" = mirror ]
  [ "$(complete_bash shoal key '')" = "export gen import ls release show trust" ]
  [[ " $(complete_bash shoal '') " == *" completion "*" help "*" key "* ]]
  [ "$(complete_bash shoal --data x -q mir)" = mirror ]
  [ "$(complete_bash shoal sub --spa)" = --sparse ]
  [ "$(complete_bash shoal key export x --se)" = --secret ]
  [ "$(complete_bash shoal help ver)" = "verify verify-fork verify-proof version" ]
  [[ " $(complete_bash shoal --) " == *" --data "*" --version "* ]]
  [ "$(complete_bash shoal --q)" = --quiet ]
}

@test "bash: values" {
  fill
  [ "$(complete_bash shoal pub x --frame '')" = "file len32 lines nul" ]
  [ "$(complete_bash shoal pub x --frame = l)" = "len32 lines" ]
  [ "$(complete_bash shoal pub x -z z)" = zstd ]
  [ "$(complete_bash shoal --network p)" = "private public" ]
  [ "$(complete_bash shoal ls --data fo)" = folder ]
  [ "$(complete_bash shoal sub x --config comp)" = "completion.bash completion.fish completion.zsh" ]
  [ -z "$(complete_bash shoal sub x --count '')" ]
  [ "$(complete_bash shoal completion '')" = "bash fish zsh" ]
}

@test "bash: feeds, keys and files" {
  fill
  [ "$(complete_bash shoal sub quak)" = "quakes quakes.shoal" ]
  [ "$(complete_bash shoal sub "${id:0:5}")" = "$id" ]
  [ "$(complete_bash shoal sub x -e -t y '')" = "" ]
  [ "$(complete_bash shoal mirror one qui)" = quiet ]
  [ "$(complete_bash shoal pub qu)" = "quakes quiet" ]
  [ "$(complete_bash shoal pub quakes one fold)" = folder ]
  [ "$(complete_bash shoal --data none sub qui)" = "" ]
  [ ! -e none ]
}

@test "fish offers the same" {
  command -v fish >/dev/null || skip "fish is not installed"
  fill
  [ "$(complete_fish 'shoal mir')" = mirror ]
  [ "$(complete_fish 'shoal key ')" = "export gen import ls release show trust" ]
  [ "$(complete_fish 'shoal -q sub --spa')" = --sparse ]
  [ "$(complete_fish 'shoal pub x --frame l')" = "len32 lines" ]
  [ "$(complete_fish 'shoal pub qu')" = "quakes quiet" ]
  [ "$(complete_fish 'shoal sub quak')" = "quakes quakes.shoal" ]
  [ "$(complete_fish "shoal sub ${id:0:5}")" = "$id" ]
  [ "$(complete_fish 'shoal completion ')" = "bash fish zsh" ]
  [ -z "$(complete_fish 'shoal sub x ')" ]
}

@test "zsh offers the same" {
  command -v zsh >/dev/null || skip "zsh is not installed"
  fill
  expect 0 zsh -f -n completion.zsh
  expect 0 python3 "$BATS_TEST_DIRNAME/zsh_completion.py" completion.zsh <<WORDS
shoal mir	mirror
shoal key sh	key show
shoal -q sub --spa	sub --sparse
shoal pub x --frame li	--frame lines
shoal pub x --frame=li	--frame=lines
shoal pub qui	pub quiet
shoal sub ${id:0:5}	$id
shoal verify quakes.	quakes.shoal
shoal completion f	completion fish
WORDS
  mkdir functions
  cp completion.zsh functions/_shoal
  printf 'shoal mir\tmirror\nshoal pub x --frame li\t--frame lines\n' > words
  expect 0 python3 "$BATS_TEST_DIRNAME/zsh_completion.py" functions < words
}

@test "bad use of completion" {
  fails 2 "SHELL is required" shoal completion
  fails 2 "bash|zsh|fish" shoal completion ksh
  fails 2 "unexpected argument 'more'" shoal completion bash more
}
