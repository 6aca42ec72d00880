#!/usr/bin/env bash
# Makes the Debian packages in build/packages.
#
#   scripts/package.sh [--lint] [--try] [--boot]
#
#   --lint   lintian over them: an error of policy ends the script
#   --try    installs them in a fresh minimal Debian 12 (as root, with mmdebstrap) and uses them there; some two minutes
#   --boot   starts systemd in such a root (as root, with systemd-nspawn) and uses the service; a minute

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lint=no try=no boot=no
for option in "$@"; do
  case "$option" in
    --lint) lint=yes ;;
    --try) try=yes ;;
    --boot) boot=yes ;;
    *) die "usage: scripts/package.sh [--lint] [--try] [--boot]" ;;
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

# make_system DIR PACKAGE...: a minimal Debian 12 from the package sources of this machine, with ours in /packages.
make_system() {
  local sources=(/etc/apt/sources.list.d/debian.sources) system=$1 include
  [ -f "${sources[0]}" ] || sources=(/etc/apt/sources.list)
  shift
  include=$(IFS=, && echo "$*")
  mmdebstrap --quiet --variant=apt ${include:+--include="$include"} bookworm "$system" "${sources[@]}" >&2 || return 1
  mkdir "$system/packages"
  cp "$packages"/*.deb packaging/deb/try.sh packaging/deb/boot.sh "$system/packages/"
}

# run_in SYSTEM COMMAND...: what is mounted vanishes with the mount namespace.
run_in() {
  unshare --mount --pid --fork --kill-child sh -c '
    mount --make-rprivate / && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"' sh "$@"
}

try_packages() {
  make_system "$work/try" || return 1
  run_in "$work/try" /bin/sh /packages/try.sh >&2
}

# The service itself, started by systemd as the first process of a container without a network.
boot_packages() {
  local system=$work/boot units=$work/boot/etc/systemd/system
  make_system "$system" systemd systemd-sysv dbus || return 1
  run_in "$system" sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends /packages/shoal_*.deb' \
    >"$work/boot.log" 2>&1 || { cat "$work/boot.log" >&2; return 1; }
  mkdir -p "$units/multi-user.target.wants"
  printf '%s\n' '[Service]' 'Type=oneshot' 'ExecStart=/bin/sh /packages/boot.sh' \
    'StandardOutput=append:/packages/boot.log' 'StandardError=inherit' \
    'ExecStopPost=/bin/systemctl --no-block poweroff' >"$units/boot-test.service"
  ln -s ../boot-test.service "$units/multi-user.target.wants/"
  timeout -s KILL 180 systemd-nspawn --quiet --register=no --keep-unit --private-network --boot -D "$system" \
    systemd.unified_cgroup_hierarchy=0 </dev/null >"$work/console.log" 2>&1 || { tail -n 40 "$work/console.log" >&2; return 1; }
  cat "$system/packages/boot.log" >&2
  tail -n 1 "$system/packages/boot.log" | grep -qx '## all of it works'
}

mkdir -p build
[ $lint = no ] || need lintian lintian
if [ $try = yes ] || [ $boot = yes ]; then
  need mmdebstrap mmdebstrap
  [ "$(id -u)" -eq 0 ] || die "--try and --boot make root directories of their own: run them as root"
  [ $boot = no ] || need systemd-nspawn systemd-container
  work=$(mktemp -d)
  trap 'rm -rf --one-file-system "$work"' EXIT
  chmod 755 "$work"
fi
step "bootstrap" scripts/bootstrap.sh package
step "configure" configure
step "build" build
step "pack" pack
[ $lint = no ] || step "lintian" lint_packages
[ $try = no ] || step "try in a bare Debian 12" try_packages
[ $boot = no ] || step "the service under systemd" boot_packages
print_steps
ls -l "$packages"/*.deb
