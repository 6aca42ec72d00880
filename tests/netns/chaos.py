"""Faults at random from a seed: processes are killed and hosts cut off, each for some seconds, some at a time."""

import time

from netns_support import say


class Fault:
    """Something that is wrong with one member of the swarm from now until `until`."""

    def __init__(self, name, member, begin, end, until):
        self.name, self.member, self.end, self.until = name, member, end, until
        begin()

    def __str__(self):
        return "%s of %s" % (self.name, self.member.host.name)


class Chaos:
    """Plays faults on members (they have `host`, `kill` and `restart`). One member has one fault at a time, and at most
    half of the members have one. The same seed picks the same faults in the same order; how long the swarm takes in
    between is real."""

    SHORTEST_S, LONGEST_S = 1, 8
    PAUSE_S = (0.3, 2.5)

    def __init__(self, net, members, chance, on_mended=lambda fault: None):
        self.net = net
        self.members = members
        self.chance = chance
        self.on_mended = on_mended
        self.active = []
        self.counts = {}

    def _kinds(self, member):
        host = member.host
        return {
            "kill -9": (member.kill, member.restart),
            "link down": (host.link_down, host.link_up),
            "all dropped": (lambda: self.net.cut(host), lambda: self.net.mend(host)),
        }

    def _begin_one(self):
        busy = [fault.member for fault in self.active]
        idle = [member for member in self.members if member not in busy]
        if len(busy) >= len(self.members) // 2:
            return
        member = self.chance.choice(idle)
        kinds = self._kinds(member)
        name = self.chance.choice(sorted(kinds))
        until = time.monotonic() + self.chance.uniform(self.SHORTEST_S, self.LONGEST_S)
        self.active.append(Fault(name, member, kinds[name][0], kinds[name][1], until))
        self.counts[name] = self.counts.get(name, 0) + 1

    def _end(self, fault):
        self.active.remove(fault)
        fault.end()
        self.on_mended(fault)

    def play(self, seconds):
        """Faults for this time; all are mended at the end."""
        end = time.monotonic() + seconds
        next_fault = time.monotonic()
        while time.monotonic() < end:
            now = time.monotonic()
            for fault in [fault for fault in self.active if fault.until <= now]:
                self._end(fault)
            if now >= next_fault:
                self._begin_one()
                next_fault = now + self.chance.uniform(*self.PAUSE_S)
            time.sleep(0.05)
        for fault in list(self.active):
            self._end(fault)
        say("faults: " + ", ".join("%s %d" % item for item in sorted(self.counts.items())))
