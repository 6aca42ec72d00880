"""Runs a command under what a systemd unit asks for, without systemd: for machines where it is not the first process.

    sandbox.py UNIT STATE_DIR COMMAND...        as root

Read from the unit and applied here, by the same calls of the kernel: the system call filter with its error, address
families, write-xor-execute, namespaces, set-user-id bits, the read-only system with the state directory writable, homes,
/tmp and /dev of its own, /proc with processes of this user only, a user without a name, no capabilities, no new
privileges, a user namespace that knows root and this user only, an IPC namespace. Not applied: control groups of
devices, limits, and what ProtectHostname, ProtectKernelLogs and the like add to the filter above.
"""

import ctypes
import errno
import os
import pathlib
import subprocess
import sys

import seccomp

libc = ctypes.CDLL(None, use_errno=True)
USER = 61184  # first of the range that systemd gives to DynamicUser

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x20000, 0x08000000, 0x10000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
MOUNT_ATTR_RDONLY, AT_FDCWD, AT_RECURSIVE, SYS_MOUNT_SETATTR = 1, -100, 0x8000, 442
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
# Every CLONE_NEW* flag, and the protection bits of <sys/mman.h>.
NEW_NAMESPACES = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x00020000 | 0x00000080
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}


def read_unit(path):
    """{directive: [value, ...]} of the [Service] section."""
    found = {}
    section = ""
    for line in pathlib.Path(path).read_text().splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def expand(names):
    """System calls of a list that may hold @groups, as systemd itself expands them."""
    calls = set()
    for name in names:
        if name.startswith("@"):
            out = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], capture_output=True, text=True,
                                 check=True).stdout
            members = [line.strip() for line in out.splitlines()[1:]]
            calls |= expand([member for member in members if member and not member.startswith("#")])
        else:
            calls.add(name)
    return calls


def allowed_calls(unit):
    """The filter's lines in order: an allow-list first, then what is taken from it."""
    allowed = set()
    for line in unit["SystemCallFilter"]:
        calls = expand(line.lstrip("~").split())
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def make_filter(unit):
    """Allows what the unit allows; everything else fails with its error number and the process lives on."""
    refuse = seccomp.ERRNO(getattr(errno, unit["SystemCallErrorNumber"][0]))
    rules = seccomp.SyscallFilter(defaction=refuse)
    masked = lambda place, mask, value: seccomp.Arg(place, seccomp.MASKED_EQ, mask, value)
    conditional = {"personality": []}
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        both = PROT_WRITE | PROT_EXEC
        conditional["mmap"] = [masked(2, both, value) for value in (0, PROT_WRITE, PROT_EXEC)]
        for name in ("mprotect", "pkey_mprotect"):
            conditional[name] = [masked(2, PROT_EXEC, 0)]
        conditional["shmat"] = [masked(2, 0o100000, 0)]
    families = unit["RestrictAddressFamilies"][0].split()
    conditional["socket"] = [seccomp.Arg(0, seccomp.EQ, FAMILIES[name]) for name in families]
    if unit.get("RestrictNamespaces") == ["yes"]:
        conditional["clone"] = [masked(0, NEW_NAMESPACES, 0)]
        conditional["unshare"] = conditional["setns"] = []
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags are out of a filter's sight; libc then uses clone
        conditional["clone3"] = []
    if unit.get("RestrictSUIDSGID") == ["yes"]:
        for name, place in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2), ("open", 2),
                            ("openat", 3), ("creat", 1), ("mknod", 1), ("mknodat", 2)):
            conditional[name] = [masked(place, 0o6000, 0)]
    for name in sorted(allowed_calls(unit)):
        try:
            for condition in conditional.get(name, [None]):
                rules.add_rule(seccomp.ALLOW, name, *([condition] if condition else []))
        except (RuntimeError, ValueError, OSError):
            pass  # a call of another architecture, or newer than libseccomp: refused, as it is not allowed
    return rules


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}{arguments}: {os.strerror(code)}")


def mount(source, target, kind, flags, data=None):
    encode = lambda word: None if word is None else os.fsencode(word)
    call("mount", encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data))


def set_read_only(path, read_only, recursive):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY if read_only else 0, 0 if read_only else MOUNT_ATTR_RDONLY, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), flags, attributes, ctypes.sizeof(attributes)) != 0:
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}")


def make_devices():
    """An empty /dev with the harmless devices, made by binding the real ones."""
    names = ("null", "zero", "full", "random", "urandom", "tty")
    held = {name: os.open(f"/dev/{name}", os.O_PATH) for name in names}
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k")
    for name, device in held.items():
        pathlib.Path(f"/dev/{name}").touch()
        mount(f"/proc/self/fd/{device}", f"/dev/{name}", None, MS_BIND)


def enter_file_system(state):
    call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount(state, state, None, MS_BIND)
    make_devices()
    for place in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"):
        if os.path.isdir(place):
            mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" if place.endswith("tmp") else "mode=000")
    set_read_only("/", True, True)
    for place in (state, "/tmp", "/var/tmp"):
        set_read_only(place, False, False)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible,subset=pid")


def enter_user_namespace():
    """Root and our user are who they are; nobody else exists. Only root outside may say so: a child that stays there."""
    me = os.getpid()
    entered, enter = os.pipe()
    mapped, map_done = os.pipe()
    if os.fork() == 0:
        os.read(entered, 1)
        for kind in ("uid_map", "gid_map"):
            pathlib.Path(f"/proc/{me}/{kind}").write_text(f"0 0 1\n{USER} {USER} 1\n")
        os.write(map_done, b"x")
        os._exit(0)
    call("unshare", CLONE_NEWUSER)
    os.write(enter, b"x")
    os.close(map_done)
    if os.read(mapped, 1) != b"x" or os.wait()[1] != 0:
        raise OSError("no user namespace")


def become_nobody():
    """Without names, groups, capabilities, and with no way to get any."""
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main():
    unit, state, command = read_unit(sys.argv[1]), sys.argv[2], sys.argv[3:]
    rules = make_filter(unit)
    os.chmod(state, int(unit["StateDirectoryMode"][0], 8))
    for folder, _, files in os.walk(state):
        for name in (folder, *(os.path.join(folder, file) for file in files)):
            if os.lstat(name).st_uid != USER:  # as systemd: a change of owner is one of the time of change
                os.chown(name, USER, USER)
    enter_file_system(state)
    os.umask(int(unit["UMask"][0], 8))
    keep = ("NOTIFY_SOCKET", "WATCHDOG_USEC")
    environment = {"PATH": "/usr/bin:/bin", "STATE_DIRECTORY": state, "USER": "shoal-node", "HOME": "/",
                   **{name: os.environ[name] for name in keep if name in os.environ}}
    os.chdir("/")
    if unit.get("PrivateUsers") == ["yes"]:
        enter_user_namespace()
    become_nobody()
    rules.load()
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
