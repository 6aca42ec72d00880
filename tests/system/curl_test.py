"""The node's socket with curl alone, as docs/API.md shows it."""

import json
import os
import subprocess
import unittest

import recorded_data
import system_support
from system_support import SystemTest


class Curl(SystemTest):
    """A node without a network, asked by curl."""

    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.node = self.start("node", "--data", self.data, "--offline")
        self.socket = os.path.join(self.data, "node.sock")
        self.assertTrue(system_support.eventually(lambda: os.path.exists(self.socket), 20), self.node.stderr)

    def curl(self, target, *arguments, stdin=None, timeout=50):
        """Output of curl, and the status of the answer."""
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--no-buffer", "--unix-socket", self.socket, "--write-out",
             "%{stderr}%{http_code}", *arguments, "http://node" + target],
            input=stdin, capture_output=True, timeout=timeout, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout, int(done.stderr[-3:])

    def json(self, target, *arguments, status=200, **options):
        body, found = self.curl(target, *arguments, **options)
        self.assertEqual(status, found, body[:500])
        return json.loads(body)

    def lines(self, target, *arguments, **options):
        body, status = self.curl(target, *arguments, **options)
        self.assertEqual(200, status, body[:500])
        return [line for line in map(json.loads, body.splitlines()) if "idle" not in line]

    def test_publishes_and_reads_all_recorded_earthquakes(self):
        quakes = recorded_data.quakes().splitlines()
        made = self.json("/v1/own/quakes", "--data", '{"create":true}')
        self.assertTrue(made["created"])
        body = b"".join(
            json.dumps({"topic": json.loads(line)["properties"]["net"], "payload": line.decode()}).encode() + b"\n"
            for line in quakes)
        answers = self.lines("/v1/own/quakes/records", "-X", "POST", "-T", "-", stdin=body)
        self.assertIn("open", answers[0])
        self.assertEqual({"end": {"records": len(quakes)}}, answers[-1])
        acked = sum(a["acked"]["last"] - a["acked"]["first"] + 1 for a in answers if "acked" in a)
        self.assertEqual(len(quakes), acked)
        read = self.lines("/v1/feeds/quakes/records?until_head=1")
        self.assertIn("end", read[-1])
        records = [line["record"] for line in read if "record" in line]
        self.assertEqual(sorted(quakes), sorted(record["payload"].encode() for record in records))
        some = self.lines("/v1/feeds/quakes/records?until_head=1&topic=ak")
        self.assertEqual(297, sum("record" in line for line in some))
        one = self.lines("/v1/feeds/quakes/topics/us/0/records?first=5")
        self.assertEqual(5, one[0]["record"]["offset"])

    def test_answers_mistakes_with_a_status_and_a_code(self):
        self.assertEqual("not_found", self.json("/v1/feeds/nobody", status=404)["error"]["code"])
        self.assertEqual("invalid_argument", self.json("/v1/feeds?x=1", status=400)["error"]["code"])
        self.assertEqual("unsupported", self.json("/v2/feeds", status=501)["error"]["code"])

    def test_a_killed_producer_leaves_what_it_sent_and_the_feed_free(self):
        self.json("/v1/own/quakes", "--data", '{"create":true}')
        producer = subprocess.Popen(
            ["curl", "--silent", "--no-progress-meter", "--no-buffer", "--unix-socket", self.socket, "-X",
             "POST", "-T", ".", "http://node/v1/own/quakes/records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(producer.stdout.close)
        self.addCleanup(producer.stdin.close)
        producer.stdin.write(b'{"payload":"one"}\n{"flush":1}\n{"payload":"two"}\n')
        producer.stdin.flush()
        while b"flushed" not in producer.stdout.readline():
            pass
        producer.kill()
        producer.wait()
        answers = self.lines("/v1/own/quakes/records", "-X", "POST", "-T", "-", stdin=b'{"payload":"three"}\n')
        self.assertEqual({"end": {"records": 1}}, answers[-1])
        read = self.lines("/v1/feeds/quakes/records?until_head=1")
        payloads = [line["record"]["payload"] for line in read if "record" in line]
        # What was acknowledged is there; what was sent right before the kill may have arrived.
        self.assertIn(payloads, (["one", "three"], ["one", "two", "three"]))

    def test_the_socket_goes_with_the_node(self):
        self.assertEqual(0, self.node.stop())
        self.assertFalse(os.path.exists(self.socket))


if __name__ == "__main__":
    unittest.main()
