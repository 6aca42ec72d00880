#!/usr/bin/env bats
# Help, version, and command lines that are none.

load common

@test "the overview names every command and goes to stdout" {
  expect 0 shoal --help
  for word in init pub sub get mirror node ls info topics peers verify export import link bootstrap "key gen" "key release" \
    completion version; do
    [[ "$output" == *"  $word "* ]]
  done
  [ -z "$stderr" ]
  overview=$output
  expect 0 shoal help
  [ "$output" = "$overview" ]
}

@test "what a later version does is not listed" {
  expect 0 shoal --help
  for word in resolve-fork bench; do
    [[ "$output" != *"  $word "* ]]
  done
}

@test "each command has help with an example or none to give" {
  for word in init pub sub get mirror node ls info topics peers verify export import link bootstrap version; do
    expect 0 shoal "$word" --help
    [[ "$output" == *"Usage: shoal $word"* && "$output" == *"--data DIR"* ]]
    help=$output
    expect 0 shoal help "$word"
    [ "$output" = "$help" ]
  done
  for word in init pub sub get mirror info verify export import link; do
    expect 0 shoal "$word" --help
    [[ "$output" == *"Examples:"* ]]
  done
}

@test "help opens no data directory" {
  expect 0 shoal pub --help
  expect 0 shoal version
  [ ! -e "$SHOAL_DATA" ]
}

@test "two-word commands have help too" {
  expect 0 shoal key --help
  [[ "$output" == *"key export"* && "$output" != *"  pub "* ]]
  expect 0 shoal key export --help
  [[ "$output" == *"--secret"* ]]
  expect 0 shoal help key gen
  [[ "$output" == *"Usage: shoal key gen"* ]]
}

@test "the version and those of the libraries" {
  expect 0 shoal version
  [[ "${lines[0]}" =~ ^shoal\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  for library in libtorrent RocksDB libsodium OpenSSL zstd lz4 snappy zlib; do
    grep -qE "^$library [0-9]+\.[0-9.]+$" <<< "$output"
  done
  version=$output
  expect 0 shoal --version
  [ "$output" = "$version" ]
}

@test "no command, an unknown one and a half one are usage errors" {
  fails 2 "no command" shoal
  fails 2 "unknown command 'bogus'" shoal bogus
  fails 2 "did you mean 'shoal pub'" shoal pbu
  fails 2 "needs a second word" shoal key
  fails 2 "unknown command 'key bogus'" shoal key bogus
  fails 2 "unknown command" shoal help bogus
}

@test "every error has the exit code on stderr's first line and a hint" {
  expect 2 shoal sub
  [ "${stderr_lines[0]}" = "shoal: error: FEED is required" ]
  [ "${stderr_lines[1]}" = "hint: shoal sub --help" ]
}

# commands: every command, one a line.
commands() { shoal --help | sed -n '/^Commands:/,/^$/s/^  \(.\{13\}\).*/\1/p' | sed 's/ *$//'; }

@test "every command has help, and refuses options and arguments that it does not take" {
  [ "$(commands | wc -l)" -ge 22 ]
  while read -r -a words; do
    expect 0 shoal "${words[@]}" --help
    [[ "$output" == "shoal ${words[*]}: "*"Usage: shoal ${words[*]} [OPTIONS]"*"--data DIR"*"Examples:"* ]]
    [ -z "$stderr" ]
    usage=$(grep '^Usage: ' <<< "$output")
    fails 2 "unknown option --nonsense" shoal "${words[@]}" --nonsense
    fails 2 "unknown option -@" shoal "${words[@]}" -@
    [[ "$usage" == *...* ]] || fails 2 "unexpected argument" shoal "${words[@]}" bash a b c d e f
  done < <(commands)
  [ ! -e "$SHOAL_DATA" ]
}

@test "a misspelt option is told the nearest one" {
  fails 2 "unknown option --sparze" shoal sub x --sparze
  [[ "$stderr" == *"hint: did you mean --sparse?"* ]]
  fails 2 "unknown option --bacth-bytes" shoal pub x --bacth-bytes=5
  [[ "$stderr" == *"hint: did you mean --batch-bytes?"* ]]
  fails 2 "'shoal get' has no option --seed" shoal get x t 0 --seed
}
