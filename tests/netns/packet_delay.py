"""Holds back what iptables sends to a queue (NFQUEUE) for a fixed time: the delay that a kernel without netem lacks.

    python3 packet_delay.py QUEUE MILLISECONDS [QUEUE MILLISECONDS ...]

Runs until it is ended, in the network namespace whose queues it serves. Only a packet's number comes here, never its
bytes: all packets of a queue wait for the same time, so one verdict releases all that are due, in order.
"""

import collections
import select
import socket
import struct
import sys
import time

NETLINK_NETFILTER = 12
SO_RCVBUFFORCE = 33
QUEUE_SUBSYSTEM = 3 << 8
PACKET, CONFIG, VERDICT_BATCH = (QUEUE_SUBSYSTEM | kind for kind in (0, 2, 3))
# Attributes of <linux/netfilter/nfnetlink_queue.h>.
CFG_COMMAND, CFG_PARAMETERS, CFG_LENGTH_MAX, CFG_MASK, CFG_FLAGS = 1, 2, 3, 4, 5
PACKET_HEADER, VERDICT_HEADER = 1, 2
COMMAND_BIND, COPY_META, FAIL_OPEN, ACCEPT = 1, 1, 1, 1
REQUEST, REQUEST_WITH_ANSWER = 1, 5
WAITING_MAX = 1 << 16


def attribute(kind, body):
    return struct.pack("=HH", len(body) + 4, kind) + body + b"\0" * (-len(body) % 4)


class Queue:
    """One NFQUEUE number; packets that wait, oldest first, with the time when each is due."""

    def __init__(self, number, delay_s):
        self.number = number
        self.delay_s = delay_s
        self.waiting = collections.deque()
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self.socket.bind((0, 0))
        self._configure(attribute(CFG_COMMAND, struct.pack("!BBH", COMMAND_BIND, 0, 0)))
        self._configure(attribute(CFG_PARAMETERS, struct.pack("!IB", 0, COPY_META)))
        # Better no delay than a lost packet when the helper is too slow.
        self._configure(attribute(CFG_LENGTH_MAX, struct.pack("!I", WAITING_MAX)) +
                        attribute(CFG_FLAGS, struct.pack("!I", FAIL_OPEN)) +
                        attribute(CFG_MASK, struct.pack("!I", FAIL_OPEN)))

    def _send(self, kind, flags, body):
        body = struct.pack("!BBH", 0, 0, self.number) + body
        self.socket.send(struct.pack("=IHHII", len(body) + 16, kind, flags, 0, 0) + body)

    def _configure(self, body):
        self._send(CONFIG, REQUEST_WITH_ANSWER, body)
        error = struct.unpack_from("=i", self.socket.recv(4096), 16)[0]
        if error != 0:
            raise OSError(-error, "NFQUEUE %d" % self.number)

    def take(self):
        """Notes the packets that the kernel hands over."""
        try:
            data = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except OSError:  # nothing there, or more came than the socket held: the kernel keeps those packets
            return
        due = time.monotonic() + self.delay_s
        at = 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            # The packet's header is the first attribute behind 16 bytes of netlink and 4 of netfilter.
            if kind == PACKET and struct.unpack_from("=H", data, at + 22)[0] == PACKET_HEADER:
                self.waiting.append((due, struct.unpack_from("!I", data, at + 24)[0]))
            at += (length + 3) & ~3

    def release(self, now):
        """Lets go what is due."""
        last = None
        while self.waiting and self.waiting[0][0] <= now:
            last = self.waiting.popleft()[1]
        if last is not None:
            self._send(VERDICT_BATCH, REQUEST, attribute(VERDICT_HEADER, struct.pack("!II", ACCEPT, last)))


def main(arguments):
    queues = [Queue(int(number), float(delay) / 1000) for number, delay in zip(arguments[::2], arguments[1::2])]
    by_descriptor = {queue.socket.fileno(): queue for queue in queues}
    poll = select.poll()
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    print("ready", file=sys.stderr, flush=True)
    while True:
        first = min((queue.waiting[0][0] for queue in queues if queue.waiting), default=None)
        wait_ms = None if first is None else max(0, (first - time.monotonic()) * 1000)
        for descriptor, _ in poll.poll(wait_ms):
            by_descriptor[descriptor].take()
        now = time.monotonic()
        for queue in queues:
            queue.release(now)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        pass
