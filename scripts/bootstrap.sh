#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing need. Says nothing and changes nothing when all are there.
#
#   scripts/bootstrap.sh [build|package|test|check]   how far: the library and the command; Debian packages of them; the
#                                                 tests; all of check.sh (default)

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# zstd opens the recorded data that the demo publishes.
build_packages=(
  ca-certificates ccache cmake g++ git ninja-build pkg-config python3 zstd
  libboost-dev libboost-system-dev libcli11-dev liblz4-dev librocksdb-dev libsnappy-dev libsodium-dev libssl-dev
  libtorrent-rasterbar-dev libzstd-dev nlohmann-json3-dev zlib1g-dev
)
package_packages=(doxygen dpkg-dev file)
# curl speaks to the node's socket.
# groff-base, man-db, mandoc: three readers look at the manual pages.
# iproute2, iptables, nftables: hosts in network namespaces; miniupnpd-nftables: a router that opens ports, no service.
# python3-clang-14: mutants are made where clang sees expressions and statements.
# python3-cryptography: the second implementation of the format verifies signatures with it.
# python3-venv: the Python package is installed as pip does it.
# python3-seccomp, systemd: the unit of the node is measured and its sandbox applied.
test_packages=(attr bats curl groff-base iproute2 iptables libbenchmark-dev libgmock-dev libgtest-dev librapidcheck-dev
  man-db mandoc miniupnpd-nftables nftables python3-clang-14 python3-cryptography python3-seccomp python3-venv systemd)
# Version 14 everywhere: its formatting and its warnings are what the tree is checked against.
check_packages=(doxygen clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev)

case "${1:-check}" in
  build) wanted=("${build_packages[@]}") ;;
  package) wanted=("${build_packages[@]}" "${package_packages[@]}") ;;
  test) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  check) wanted=("${build_packages[@]}" "${test_packages[@]}" "${check_packages[@]}") ;;
  *) die "usage: scripts/bootstrap.sh [build|package|test|check]" ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  say "bootstrap: no apt-get here; install what corresponds to these Debian packages: ${wanted[*]}"
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1) || true
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "missing packages: ${missing[*]} (run as root, or install sudo)"
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" \
    </dev/null >&2
}

say "bootstrap: installing ${missing[*]}"
# One foreign source that does not answer must not stop what Debian's own sources can give.
apt update || say "bootstrap: apt-get update had errors, going on"
apt install -y --no-install-recommends "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
