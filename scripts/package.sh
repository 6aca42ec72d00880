#!/usr/bin/env bash
# Makes the Debian packages in build/packages.
#
#   scripts/package.sh [--lint] [--try]
#
#   --lint   lintian over them: an error of policy ends the script
#   --try    installs them in a fresh minimal Debian 12 (as root, with mmdebstrap) and uses them there; some two minutes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lint=no try=no
for option in "$@"; do
  case "$option" in
    --lint) lint=yes ;;
    --try) try=yes ;;
    *) die "usage: scripts/package.sh [--lint] [--try]" ;;
  esac
done
packages=$PWD/build/packages

need() { command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"; }

configure() { cmake --preset package >build/package-configure.log 2>&1 || { cat build/package-configure.log >&2; return 1; }; }
build() { cmake --build --preset package -j "$(jobs)" --target all shoal_docs >&2; }
pack() {
  rm -rf "$packages"
  cpack --config build/package/CPackConfig.cmake -B "$packages" >build/package-pack.log 2>&1 ||
    { cat build/package-pack.log >&2; return 1; }
  rm -rf "$packages/_CPack_Packages"
}
lint_packages() { lintian --allow-root --fail-on error "$packages"/*.deb >&2; }

# A root of its own, from the package sources of this machine; packaging/deb/try.sh then runs inside. What is mounted
# vanishes with the mount namespace.
try_packages() {
  local root sources=(/etc/apt/sources.list.d/debian.sources)
  [ -f "${sources[0]}" ] || sources=(/etc/apt/sources.list)
  root=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$root'" EXIT
  chmod 755 "$root"
  mmdebstrap --quiet --variant=apt bookworm "$root/system" "${sources[@]}" >&2 || return 1
  mkdir "$root/system/packages"
  cp "$packages"/*.deb packaging/deb/try.sh "$root/system/packages/"
  unshare --mount --pid --fork --kill-child sh -c '
    mount --make-rprivate / && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
    exec chroot "$1" /bin/sh /packages/try.sh' sh "$root/system" >&2
}

mkdir -p build
[ $lint = no ] || need lintian lintian
if [ $try = yes ]; then
  need mmdebstrap mmdebstrap
  [ "$(id -u)" -eq 0 ] || die "--try makes a root directory of its own: run it as root"
fi
step "bootstrap" scripts/bootstrap.sh package
step "configure" configure
step "build" build
step "pack" pack
[ $lint = no ] || step "lintian" lint_packages
[ $try = no ] || step "try in a bare Debian 12" try_packages
print_steps
ls -l "$packages"/*.deb
