#!/usr/bin/env bash
# All that must hold before a change lands; exactly what continuous integration runs (.ci/run).
# Sized for 30 minutes on two processors with an empty compiler cache. The output ends with ctest's summary.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The floors that parse what strangers send, and hold what was acknowledged: their tests run under sanitizers.
sanitized_floors=(base crypto merkle record store feed_format feed_log topic replication doors attach)
sanitized_labels="^($(IFS='|'; echo "${sanitized_floors[*]}"))\$"

layers() { "$PYTHON" scripts/layers.py >&2; }

# One clang tree serves two purposes: clang's own warnings as errors on everything that ships, and ASan with UBSan.
clang_configure() {
  mkdir -p build
  cmake --preset asan-ubsan >build/asan-ubsan-configure.log 2>&1 || { cat build/asan-ubsan-configure.log >&2; return 1; }
}
clang_build() {
  cmake --build --preset asan-ubsan -j "$(jobs)" --target shoal shoal_c "${sanitized_floors[@]/%/_tests}" >&2
}
sanitized_tests() { ctest --preset asan-ubsan -j "$(nproc)" -L "$sanitized_labels" >&2; }

# Doxygen's warnings are errors: what is public is described.
reference() { cmake --build --preset asan-ubsan --target shoal_docs >&2; }

step "bootstrap" scripts/bootstrap.sh check
step "format (clang-format 14)" scripts/format.sh --check
step "layers" layers
step "commit subjects" scripts/commits.sh
step "clang-tidy 14, short tier" scripts/tidy.sh
step "configure (clang 14, ASan and UBSan)" clang_configure
step "API reference (doxygen)" reference
step "build (clang 14, ASan and UBSan)" clang_build
step "tests under ASan and UBSan" sanitized_tests
print_steps
exec scripts/test.sh
