#!/usr/bin/env bash
# Builds everything with g++ and runs every test. The output ends with ctest's summary.
#
#   scripts/test.sh [ctest option...]     for example: scripts/test.sh -R RightEdge

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

configure() { cmake --preset dev >build/dev-configure.log 2>&1 || { cat build/dev-configure.log >&2; return 1; }; }
build() { cmake --build --preset dev -j "$(jobs)" >&2; }

mkdir -p build
step "bootstrap" scripts/bootstrap.sh test
step "configure (g++)" configure
step "build (g++)" build
print_steps
exec ctest --preset dev -j "$(nproc)" "$@"
