#!/usr/bin/env bash
# Fuzzes the parsers that read strangers' bytes (tests/fuzz), with AddressSanitizer and UndefinedBehaviorSanitizer.
# Fails at the first finding and prints the file that reproduces it. Inputs that reached new code stay in build/fuzz/corpus.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]     seconds for each target, default 60; all targets when none is named

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/fuzz.sh [SECONDS [TARGET...]]"
shift || true

mapfile -t known < <(sed -n 's/^shoal_fuzz(\([a-z_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
  [[ " ${known[*]} " == *" $target "* ]] || die "no fuzz target $target; there are: ${known[*]}"
done

build_targets check fuzz "${targets[@]/%/_fuzz}"

export ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
for target in "${targets[@]}"; do
  program=build/fuzz/tests/fuzz/${target}_fuzz
  corpus=build/fuzz/corpus/$target
  findings=build/fuzz/findings/$target
  log=build/fuzz/$target.log
  mkdir -p "$corpus" "$findings"
  say "== $target, $seconds s"
  if ! SHOAL_FUZZ_SEEDS=$corpus "$program" -max_total_time="$seconds" -timeout=10 -max_len=65536 \
    -artifact_prefix="$findings/" -print_final_stats=1 "$corpus" >"$log" 2>&1; then
    grep -v '^#' "$log" | tail -n 40 >&2
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    die "$target: ${found:+run it again with: $program $found  }(log: $log)"
  fi
  sed -n 's/^stat::number_of_executed_units: */   runs: /p; s/^stat::peak_rss_mb: */   MiB: /p' "$log" >&2
done
say "no findings"
