#!/usr/bin/env bash
# The main job on real data, on one machine, over loopback only: a publisher, a mirror that knows only the key, a
# hostile mirror, and a reader that knows only the key and comes when the publisher is dead. Ends with one line that
# says whether every record arrived byte for byte.
#
#   scripts/demo.sh            builds what it needs first; KEEP=1 keeps the data directories

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

data=tests/fixtures/usgs-earthquakes-2018-02.ndjson.zst
build=build/dev
shoal=$build/apps/shoal/shoal

# ---- build -----------------------------------------------------------------------------------------------------------

build_targets test dev shoal hostile_mirror

# ---- processes -------------------------------------------------------------------------------------------------------

work=$(mktemp -d "${TMPDIR:-/tmp}/shoal-demo.XXXXXX")
pids=()

cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ -n "${KEEP:-}" ]; then say "kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing from the caller's environment may change what is shown.
for name in "${!SHOAL_@}"; do unset "$name"; done
unset STATE_DIRECTORY NOTIFY_SOCKET

# start NAME PROGRAM ARGUMENT...: in the background on the caller's stdin; its stderr goes to $work/NAME.err.
start() {
  local name=$1
  shift
  "$@" <&0 >"$work/$name.out" 2>"$work/$name.err" &
  pids+=($!)
  last_pid=$!
}

fail_with() {
  say "--- $1"
  tail -n 20 "$work/$1.err" >&2 || true
  die "$2"
}

# wait_for NAME REGEX SECONDS: the first stderr line of NAME that matches, or the end of the demo.
wait_for() {
  local name=$1 regex=$2 end=$((SECONDS + $3)) line
  while [ $SECONDS -lt $end ]; do
    line=$(grep -m 1 -E "$regex" "$work/$name.err" 2>/dev/null) && { printf '%s\n' "$line"; return; }
    sleep 0.1
  done
  fail_with "$name" "$name did not print /$regex/ within $3 s"
}

# network ARGUMENT...: what keeps a node on loopback and makes it meet the others through the rendezvous node alone.
network=(--listen 127.0.0.1:0 --no-lsd)

# ---- the story -------------------------------------------------------------------------------------------------------

echo
echo "1. a rendezvous node for a private DHT"
start bootstrap "$shoal" bootstrap --data "$work/bootstrap" "${network[@]}" </dev/null
line=$(wait_for bootstrap '^listening ' 20)
network+=(--bootstrap "${line#listening }")
echo "   $line"

echo "2. a publisher signs the recorded USGS feed with a new key and serves it"
start publisher "$shoal" pub quakes - --seed --data "$work/publisher" "${network[@]}" < <(zstd -dc "$data")
publisher=$last_pid
feed=$(wait_for publisher '^feed [0-9a-f]{64}$' 20)
feed=${feed#feed }
echo "   $(wait_for publisher '^published ' 60)"
echo "   feed $feed"

echo "3. a mirror that was given only the key finds the publisher through the DHT"
start mirror "$shoal" mirror "$feed" --data "$work/mirror" "${network[@]}" </dev/null
mirror=$last_pid
echo "   $(wait_for mirror "^synced $feed " 60)"

echo "4. the publisher is killed (SIGKILL)"
{ kill -KILL "$publisher" && wait "$publisher"; } 2>/dev/null || true

echo "5. a hostile mirror serves the same feed with one bit flipped in each payload"
start hostile "$build/tests/support/hostile_mirror" "$feed" --data "$work/hostile" "${network[@]}" </dev/null
hostile=$(wait_for hostile '^listening ' 20)
wait_for hostile "^synced $feed " 60 >/dev/null
# The honest mirror sleeps until the reader has met the hostile one, so that this is shown for certain.
kill -STOP "$mirror"

echo "6. a reader in a new directory, that knows only the key, reads the feed to its end"
start reader "$shoal" sub "$feed" -e --data "$work/reader" "${network[@]}" --peer "${hostile#listening }" </dev/null
reader=$last_pid
echo "   $(wait_for reader 'peer .* was disconnected' 30)"
kill -CONT "$mirror"
wait "$reader" || fail_with reader "sub ended with $?"

# ---- the verdict -----------------------------------------------------------------------------------------------------

sent=$(zstd -dc "$data" | sha256sum | cut -d ' ' -f 1)
received=$(sha256sum <"$work/reader.out" | cut -d ' ' -f 1)
count=$(wc -l <"$work/reader.out")
if [ "$sent" != "$received" ]; then
  fail_with reader "DIFFERENT: $count lines received, sha256 $received instead of $sent"
fi
echo
printf "%s records identical to what was published, each proven against the signed head (sha256 %s)\n" \
  "$(printf '%d' "$count" | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta')" "$received"
