#!/bin/sh
# Runs as root in a Debian 12 that systemd has just started, with the package `shoal` installed: uses the service as
# docs/OPERATING.md says. Its last line is `all of it works`.
set -eu
say() { printf '## %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*"
  systemctl --no-pager status shoal-node || true
  journalctl --no-pager -u shoal-node | tail -n 20
  exit 1
}
data=/var/lib/private/shoal
property() { systemctl show --property "$1" --value shoal-node; }

[ "$(systemctl is-enabled shoal-node)" = disabled ] || fail "installing it has enabled it"
mkdir -p /etc/systemd/system/shoal-node.service.d
printf '[Service]\nEnvironment=SHOAL_LISTEN=127.0.0.1:0\n' >/etc/systemd/system/shoal-node.service.d/loopback.conf
systemctl daemon-reload
systemctl start shoal-node || fail "it does not start"
pid=$(property MainPID)
user=$(stat -c %u /proc/$pid)
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "it runs as user $user"  # systemd's range for DynamicUser
[ "$(stat -c '%u %a' $data)" = "$user 700" ] || fail "$data: $(stat -c '%u %a' $data)"
grep -q '^Seccomp:[[:space:]]*2' /proc/$pid/status || fail "no system call filter"
grep -q '^CapBnd:[[:space:]]*0*$' /proc/$pid/status || fail "it has capabilities"
say "it runs as user $user, filtered, without capabilities"

seq 1 1000 | shoal --data $data pub numbers
shoal --data $data sub numbers -e >/tmp/out
seq 1 1000 | cmp - /tmp/out
foreign=$(find $data ! -uid "$user")
[ -z "$foreign" ] || fail "not its own: $foreign"
say "root published and read through its socket"

kill -9 "$pid"
tries=0
until [ "$(property ActiveState)" = active ] && [ "$(property MainPID)" != "$pid" ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || fail "it did not come back"
  sleep 0.1
done
shoal --data $data sub numbers -e | cmp - /tmp/out
say "killed, it came back with everything"

systemctl stop shoal-node || fail "it does not stop"
[ "$(property Result)" = success ] || fail "it ended with $(property Result)"
if shoal --data $data info numbers --offline 2>/tmp/refused; then fail "root opened its directory"; fi
grep -q "start the owner's node" /tmp/refused || fail "$(cat /tmp/refused)"
systemctl start shoal-node || fail "it does not start again"
shoal --data $data sub numbers -e | cmp - /tmp/out
say "stopped and started; root was kept out between"
systemd-analyze --no-pager security shoal-node | tail -n 1
say "all of it works"
