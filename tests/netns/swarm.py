"""The cast of the scenarios: a rendezvous, a producer, mirrors, and subscribers with exact files."""

import json
import os

from netns_support import NetnsTest, say, seconds_until
from publisher import NAME, Publisher, content


class Mirror:
    def __init__(self, test, host, feed):
        self.test, self.host, self.feed, self.process = test, host, feed, None

    def start(self):
        self.process = self.test.node_on(self.host, "mirror", self.feed)

    restart = start

    def kill(self):
        self.process.kill()


class Subscriber:
    """`sub --cursor --to FILE`: the file has each record once, however often its process dies."""

    def __init__(self, test, host, feed):
        self.test, self.host, self.feed, self.process = test, host, feed, None
        self.file = test.path(host.name + ".out")

    def start(self):
        self.process = self.test.node_on(self.host, "sub", self.feed, "--cursor", "all", "--to", self.file)

    restart = start

    def kill(self):
        self.process.kill()

    def size(self):
        return os.path.getsize(self.file) if os.path.exists(self.file) else 0

    def content(self):
        with open(self.file, "rb") as file:
            return file.read()


class SwarmTest(NetnsTest):
    """Seven hosts: rendezvous, producer, three mirrors, two subscribers."""

    def start_rendezvous_node(self):
        self.rendezvous_node = Rendezvous(self, self.host("rendezvous"))
        self.rendezvous_node.start()

    def start_publisher(self, records_a_second=20, line_rate="40mbit"):
        host = self.host("producer")
        host.limit_rate(line_rate)
        self.publisher = Publisher(self, host, records_a_second)
        self.publisher.start()
        self.feed = self.publisher.feed

    def start_followers(self, mirrors=3, subscribers=2, line_rate="40mbit"):
        self.mirrors = [Mirror(self, self.host("mirror%d" % (i + 1)), self.feed) for i in range(mirrors)]
        self.subscribers = [Subscriber(self, self.host("reader%d" % (i + 1)), self.feed) for i in range(subscribers)]
        for follower in self.mirrors + self.subscribers:
            follower.host.limit_rate(line_rate)
            follower.start()
        for follower in self.mirrors + self.subscribers:
            follower.process.wait_for("^listening ", 30)

    def all_follow(self, when, timeout, who=None):
        """Waits until everybody has what is acknowledged now, and says how long it took."""
        wanted = len(content(self.publisher.acknowledged() + 1))
        for subscriber in who or self.subscribers:
            took = seconds_until(lambda one=subscriber: one.size() >= wanted, timeout)
            self.assertIsNotNone(took, "%s, %s: nothing after %d s\n%s" % (
                subscriber.host.name, when, timeout, subscriber.process.stderr))
            say("%s, %s: up to date after %.1f s" % (subscriber.host.name, when, took))

    def finish(self, timeout=120):
        """The end of every scenario: all subscribers have the identical feed, and the mirrors verify."""
        count = self.publisher.finish()
        expected = content(count)
        for subscriber in self.subscribers:
            took = seconds_until(lambda one=subscriber: one.size() >= len(expected), timeout)
            self.assertIsNotNone(took, "%s stands at %d of %d bytes\n%s" % (
                subscriber.host.name, subscriber.size(), len(expected), subscriber.process.stderr))
            self.assertEqual(0, subscriber.process.stop(), subscriber.process.stderr)
            self.assert_same_bytes(expected, subscriber.content(), subscriber.host.name)
        info = self.expect_on(0, self.publisher.host, "info", NAME, "--json", *self.data(self.publisher.host))
        tree_size = json.loads(info.stdout)["tree_size"]
        for mirror in self.mirrors:
            try:
                mirror.process.wait_for("^synced %s %d$" % (self.feed, tree_size), timeout)
            except AssertionError as late:
                self.fail("%s did not reach %d: %s\n%s" % (mirror.host.name, tree_size, self.describe(mirror), late))
            self.assertEqual(0, mirror.process.stop(), mirror.process.stderr)
            self.expect_on(0, mirror.host, "verify", self.feed, *self.data(mirror.host))
        say("%d records, %d bytes: all subscribers alike, all mirrors verify" % (count, len(expected)))

    def describe(self, member):
        """What a stuck member knows of the feed and its peers."""
        info = self.expect_on(0, member.host, "info", self.feed, "--json", *self.data(member.host))
        return "%s\n%s" % (info.stdout.decode(), self.peers(member.host, self.feed))


class Rendezvous:
    def __init__(self, test, host):
        self.test, self.host, self.process = test, host, None

    def start(self):
        self.process = self.test.start_rendezvous(self.host)

    restart = start

    def kill(self):
        self.process.kill()
