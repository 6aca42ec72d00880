#!/bin/sh
# Runs in a minimal Debian 12 root that has the packages in /packages: installs, uses and removes them.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
say() { printf '## %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*"
  exit 1
}
install() { apt-get -qq install -y --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "apt: $*"; }; }
development_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed \(.*-dev\)$/\1/p' | tr '\n' ' '; }

apt-get -qq update
[ -z "$(development_packages)" ] || fail "this root is not bare"

say "the command alone"
install /packages/shoal_*.deb
shoal version
for file in /lib/systemd/system/shoal-node.service /usr/share/doc/shoal/copyright \
  /usr/share/bash-completion/completions/shoal; do
  [ -s "$file" ] || fail "$file is missing"
done
seq 1 1000 | shoal --data /tmp/data pub numbers --offline
shoal --data /tmp/data sub numbers -e --offline >/tmp/out
seq 1 1000 | cmp - /tmp/out
say "1000 records published and read"

shoal --data /tmp/data node --listen 127.0.0.1:0 2>/tmp/node.err &
node=$!
tries=0
until grep -qs '^listening' /tmp/node.err; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || fail "the node does not listen: $(cat /tmp/node.err)"
  sleep 0.1
done
echo 1001 | shoal --data /tmp/data pub numbers
shoal --data /tmp/data get numbers default 1000 | grep -qx 1001 || fail "the record is not there"
kill $node
wait $node || fail "the node ended with $?"
say "a second command worked through the node of the directory"

say "again, and over itself"
install --reinstall /packages/shoal_*.deb
shoal --data /tmp/data info numbers --offline >/dev/null

say "a program with g++ and libshoal-dev, nothing else"
install g++ /packages/libshoal0_*.deb /packages/libshoal-c0_*.deb /packages/libshoal-dev_*.deb
examples=/usr/share/doc/libshoal-dev/examples
g++ -std=c++20 -O1 "$examples/publish.cpp" -lshoal -o /tmp/publish
g++ -std=c++20 -O1 "$examples/subscribe.cpp" -lshoal -o /tmp/subscribe
say "development packages here: $(development_packages)"
mkfifo /tmp/hold
/tmp/publish /tmp/publisher numbers 1000 127.0.0.1:0 </tmp/hold >/tmp/publish.out &
publisher=$!
exec 3>/tmp/hold
tries=0
until grep -qs '^published' /tmp/publish.out; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || fail "nothing published: $(cat /tmp/publish.out)"
  sleep 0.1
done
/tmp/subscribe /tmp/subscriber "$(sed -n 's/^feed //p' /tmp/publish.out)" "$(sed -n 's/^listening //p' /tmp/publish.out)" >/tmp/got
exec 3>&-
wait $publisher
[ "$(grep -c '^numbers ' /tmp/got)" = 1000 ] || fail "the outside subscriber read: $(wc -l </tmp/got) lines"
say "the outside programs passed 1000 records over the network"

say "the same libraries from C and from Python"
install gcc pkg-config /packages/python3-shoalcast_*.deb
cc -std=c99 /usr/share/doc/libshoal-dev/examples/quakes.c $(pkg-config --cflags --libs shoal_c) -o /tmp/quakes
[ "$(/tmp/quakes /tmp/c)" = "us/0:0 M 4.1 Alaska
us/0:1 M 2.7 Hawaii" ] || fail "the C program"
python3 -c 'import shoalcast
with shoalcast.Node("/tmp/c", offline=True) as node:
    print([record.value for record in node.subscribe(node.open_feed("quakes"), until_head=True)])' >/tmp/python.out
[ "$(cat /tmp/python.out)" = "[b'M 4.1 Alaska', b'M 2.7 Hawaii']" ] || fail "Python read: $(cat /tmp/python.out)"

say "removed and purged"
mkdir -p /var/lib/private/shoal && touch /var/lib/private/shoal/key
apt-get -qq purge -y shoal libshoal0 libshoal-c0 libshoal-dev python3-shoalcast >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail purge; }
[ -e /var/lib/private/shoal/key ] || fail "a purge took keys"
left=$(find /usr /lib/systemd /etc -name '*shoal*' -not -path '/usr/share/doc/libshoal*' 2>/dev/null || true)
[ -z "$left" ] || fail "left behind: $left"
say "all of it works"
