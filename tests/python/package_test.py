"""The Python package: publishing, reading, what is known, errors, lifetimes."""

import ctypes
import datetime
import doctest
import importlib
import itertools
import json
import pathlib
import pickle
import threading
import time
import unittest

import shoalcast
from bindings_support import C_PROGRAM, STRANGER, BindingsTest, numbered, run
from shoalcast import Start, _errors, _library

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"


class PublishAndRead(BindingsTest):
    def test_records_come_back_as_they_were_sent(self):
        with self.open_node() as node:
            feed = node.open_feed("quakes", create=True)
            moment = datetime.datetime(2018, 2, 1, 12, 0, 0, 250000, tzinfo=datetime.timezone.utc)
            with feed.producer(linger=0, codec="gzip") as producer:
                producer.send("text \u00e4", topic="us", key="k", time=moment, headers={"unit": "C", "none": None})
                producer.send(b"\0\xff\0", topic="us", key=bytearray(b"\0"), time=5, headers=[("a", "1"), ("a", b"\0")])
                producer.send(None, topic="us", key=memoryview(b""), time=6)
                producer.send("", topic="us")
            with node.subscribe(feed, until_head=True) as consumer:
                records = list(consumer)
            text, raw, null, empty = records
            self.assertEqual(text.value, "text \u00e4".encode())
            self.assertEqual((text.key, text.topic, text.partition, text.offset), (b"k", "us", 0, 0))
            self.assertEqual((text.timestamp, text.time), (moment, 1517486400250))
            self.assertEqual(text.headers, (("unit", b"C"), ("none", None)))
            self.assertEqual((raw.value, raw.key, raw.headers), (b"\0\xff\0", b"\0", (("a", b"1"), ("a", b"\0"))))
            self.assertEqual((null.value, null.key, null.headers), (None, b"", ()))
            self.assertEqual((empty.value, empty.key), (b"", None))
            now = datetime.datetime.now(datetime.timezone.utc)
            self.assertLess(abs(now - empty.timestamp), datetime.timedelta(minutes=5))
            self.assertEqual(pickle.loads(pickle.dumps(records)), records)

    def test_positions_and_acknowledgements(self):
        runs = []
        with self.open_node() as node, node.open_feed("q", create=True).producer(on_acked=runs.append,
                                                                                 batch_bytes=200) as producer:
            positions = [producer.send(value) for value in numbered(0, 100)]
            self.assertEqual(positions[42], shoalcast.Position("default", 0, 42))
            producer.flush()
            self.assertEqual([n for run in runs for n in range(run.first, run.last + 1)], list(range(100)))

    def test_reading_goes_on_at_a_cursor(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 100))
        with node.subscribe(feed, cursor="mine") as consumer:
            self.assertIsNone(consumer.stored())
            self.assertEqual([record.offset for record in itertools.islice(consumer, 11)], list(range(11)))
            token = consumer.cursor
            consumer.commit(note="n")
            self.assertEqual(consumer.stored(), shoalcast.StoredCursor(token, "n"))
            self.assertEqual([r.offset for r in consumer.poll(5.0, max_records=3)], [11, 12, 13])
            later = consumer.cursor
        node.close()
        node = self.open_node()
        self.assertEqual(self.values_of(node, feed.id, cursor="mine"), numbered(11, 100))
        self.assertEqual(self.values_of(node, feed.id, cursor="mine", start=Start.beginning()), numbered(0, 100))
        self.assertEqual(self.values_of(node, feed.id, start=Start.at(later)), numbered(14, 100))
        self.assertEqual(self.values_of(node, feed.id, start=Start.last(3)), numbered(97, 100))
        self.assertEqual(self.values_of(node, feed.id, start=Start.offset(98)), numbered(98, 100))
        self.assertEqual(self.values_of(node, feed.id, start=Start.end()), [])

    def test_polls_are_bounded_and_lose_nothing(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 1000))
        with node.subscribe(feed, until_head=True) as consumer:
            offsets = []
            while not consumer.ended:
                batch = consumer.poll(10.0, max_records=7)
                self.assertLessEqual(len(batch), 7)
                offsets += [record.offset for record in batch]
                # Both ways of reading share one position.
                offsets += [record.offset for record in itertools.islice(consumer, 2)]
            self.assertEqual(offsets, list(range(1000)))
            self.assertTrue(consumer.head_report.complete)
        with node.subscribe(feed, until_head=True) as consumer:
            self.assertEqual([record.offset for record in consumer], list(range(1000)))
            self.assertEqual(consumer.poll(1.0), [])

    def test_topics_times_and_partitions_select(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        with feed.producer() as producer:
            for number in range(100):
                producer.send(f"value {number}", topic="us" if number % 2 else "ci", time=1000 + number)
        self.assertEqual(len(self.values_of(node, feed, ["c*"])), 50)
        self.assertEqual(len(self.values_of(node, feed, ["us", "ci"], partition=0)), 100)
        self.assertEqual(sorted(self.values_of(node, feed, start=Start.time(1040), before=1043)), numbered(40, 43))
        with self.assertRaises(shoalcast.InvalidArgument):
            node.subscribe(feed, "us")

    def test_get(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 100), topic="us")
        self.assertEqual(node.get(feed, 42, topic="us").value, b"value 42")
        self.assertEqual([r.offset for r in node.get_range(feed.id, 95, 200, topic="us")], list(range(95, 100)))
        with self.assertRaises(shoalcast.NotFound) as caught:
            node.get(feed, 100, topic="us")
        self.assertTrue(caught.exception.hint)

    def test_proofs(self):
        with self.open_node() as node:
            feed = node.open_feed("quakes", create=True)
            self.publish(feed, numbered(0, 100), topic="us", key="k", headers={"unit": "C"})
            proof = node.prove(feed, 42, topic="us")
            with self.assertRaises(shoalcast.NotFound):
                node.prove(feed, 100, topic="us")
            expected = node.get(feed, 42, topic="us")
        verified = shoalcast.verify_proof(proof)
        self.assertEqual((verified.record, verified.feed), (expected, feed.id))
        self.assertEqual(shoalcast.verify_proof(proof.encode(), feed.id), verified)
        with self.assertRaises(shoalcast.Unverified):
            shoalcast.verify_proof(proof, STRANGER)
        with self.assertRaises(shoalcast.InvalidArgument):
            shoalcast.verify_proof("no proof")

    def test_fork_proofs(self):
        vectors = json.loads((VECTORS / "golden_feed.json").read_text())
        proof = bytes.fromhex(vectors["fork_proof"])
        fork = shoalcast.verify_fork(proof, vectors["feed"])
        self.assertEqual((fork.feed, fork.epoch, fork.common_prefix_limit), (vectors["feed"], 0, 2))
        self.assertEqual((fork.shorter.tree_size, fork.longer.tree_size), (3, 5))
        self.assertEqual(fork.longer.root_hash, vectors["roots"][5])
        for bad in (b"", proof[:-1], proof + b"\0", proof[:400] + bytes([proof[400] ^ 1]) + proof[401:]):
            with self.assertRaises(shoalcast.Unverified):
                shoalcast.verify_fork(bad)
        with self.assertRaises(shoalcast.Unverified):
            shoalcast.verify_fork(proof, STRANGER)

    def test_what_is_known_is_what_the_command_prints(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 10), topic="us")
        info = node.info(feed)
        self.assertEqual((info["feed"], info["name"], info["own"]), (feed.id, "quakes", True))
        self.assertEqual(info["topics"][0]["high_watermark"], 10)
        self.assertEqual(node.peers(feed), [])
        self.assertEqual(node.listening, "")

    def test_feeds_in_memory_are_gone_with_the_node(self):
        with self.open_node() as node:
            feed = node.open_feed("ticks", create=True, in_memory=True)
            self.publish(feed, numbered(0, 5))
            self.assertEqual(self.values_of(node, feed), numbered(0, 5))
        with self.open_node() as node, self.assertRaises(shoalcast.NotFound):
            node.open_feed("ticks")

    def test_own_feeds_remember_what_they_keep(self):
        expected = {"keep_ms": 86400000, "max_bytes": 1 << 20, "keep_topics": {"us": 3500}}
        with self.open_node() as node:
            node.open_feed("quakes", create=True, keep=86400, max_bytes=1 << 20, keep_topics={"us": 3.5})
        with self.open_node() as node:
            self.assertEqual(node.info(node.open_feed("quakes"))["retention"], expected)
            feed = node.open_feed("quakes", max_bytes=5)
            self.assertEqual(node.info(feed)["retention"], {"keep_ms": 0, "max_bytes": 5, "keep_topics": {}})
            for bad in ({"keep": -1}, {"max_bytes": -1}, {"keep_topics": {"us": -1}}):
                with self.assertRaises(shoalcast.InvalidArgument, msg=str(bad)):
                    node.open_feed("quakes", **bad)

    def test_what_is_too_much_is_dropped(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True, max_bytes=1000)
        with feed.producer(linger=0, batch_bytes=100) as producer:
            for value in numbered(0, 50):
                producer.send(value + "x" * 200)
                producer.flush()
        deadline = time.monotonic() + 20
        while node.info(feed)["topics"][0]["log_start_offset"] == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertGreater(node.info(feed)["topics"][0]["log_start_offset"], 0)
        self.assertLess(len(self.values_of(node, feed)), 50)

    def test_other_topics_from_the_present_position(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 3), topic="us")
        self.publish(feed, numbered(3, 6), topic="ci")
        with node.subscribe(feed, ["us"]) as consumer:
            self.assertEqual([next(consumer).topic for _ in range(3)], ["us"] * 3)
            consumer.set_topics(["ci", "nn"])
            self.assertEqual([next(consumer).value for _ in range(3)], [b"value 3", b"value 4", b"value 5"])
            self.publish(feed, ["no"], topic="us")
            self.publish(feed, ["yes"], topic="nn")
            self.assertEqual(next(consumer).value, b"yes")
            with self.assertRaises(shoalcast.InvalidArgument):
                consumer.set_topics("nn")

    def test_times_ahead_of_the_clock_need_leave(self):
        feed = self.open_node().open_feed("quakes", create=True)
        tomorrow = int(time.time() * 1000) + 86_400_000
        with feed.producer() as producer, self.assertRaises(shoalcast.InvalidArgument):
            producer.send("x", time=tomorrow)
        with feed.producer(max_time_ahead=2 * 86400) as producer:
            producer.send("x", time=tomorrow)
        with feed.producer(max_time_ahead=None) as producer:
            producer.send("x", time=tomorrow * 1000)

    def test_a_mirror_remembers_what_it_keeps(self):
        node = self.open_node()
        node.mirror(STRANGER, ["us"], keep=2.5, max_bytes=1 << 30).close()
        self.assertEqual(node.info(STRANGER)["want"], {"topics": ["us"], "keep_ms": 2500, "max_bytes": 1 << 30})
        with self.assertRaises(shoalcast.InvalidArgument):
            node.mirror(STRANGER, keep=-1)

    def test_a_mirror_syncs_over_the_network(self):
        publisher = self.open_node("a", offline=False, listen=["127.0.0.1:0"], private_network=True, lsd=False)
        feed = publisher.open_feed("quakes", create=True)
        self.publish(feed, numbered(0, 50))
        other = self.open_node("b", offline=False, listen=["127.0.0.1:0"], peers=[publisher.listening],
                               private_network=True, lsd=False)
        with other.mirror(feed.id) as mirror:
            self.assertEqual(mirror.wait_synced(30.0), publisher.info(feed)["tree_size"])
            self.assertEqual(other.peers(feed.id)[0]["address"], publisher.listening)
            with self.assertRaises(shoalcast.TimedOut):
                mirror.wait_synced(0.2)
        self.assertEqual(self.values_of(other, feed.id), numbered(0, 50))


class Errors(BindingsTest):
    def test_each_code_has_a_class(self):
        names = {number: shoalcast._library.library.shoal_code_name for number in range(1, 20)}
        for number, name in names.items():
            name.restype = ctypes.c_char_p
            error = _errors.error_of(number, "what", "do")
            self.assertEqual(error.code, name(number).decode())
            self.assertIs(type(error), getattr(shoalcast, type(error).__name__))
            self.assertEqual((error.message, error.hint, str(error)), ("what", "do", "what (hint: do)"))
        self.assertEqual(type(_errors.error_of(77, "new", "")), shoalcast.ShoalError)
        self.assertIsInstance(_errors.error_of(8, "", ""), TimeoutError)

    def test_wrong_values_are_refused_with_words(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        with feed.producer() as producer:
            for bad in ({"topic": "no topic/"}, {"topic": "a\0b"}, {"partition": 3}):
                with self.assertRaises(ValueError, msg=str(bad)):
                    producer.send("x", **bad)
            with self.assertRaises(shoalcast.LimitExceeded):
                producer.send(b"x" * (9 << 20))
            with self.assertRaises(shoalcast.InUse):
                feed.producer()
        for call in (lambda: feed.producer(acks=0), lambda: feed.producer(acks=65), lambda: feed.producer(acks="all"),
                     lambda: feed.producer(acks=[]), lambda: feed.producer(acks=2), lambda: feed.producer(acks=["a"]),
                     lambda: feed.producer(codec="rar"), lambda: node.subscribe("no id"), lambda: node.info("abc"),
                     lambda: node.subscribe(feed, start=Start.at("nonsense")), lambda: node.mirror(feed),
                     lambda: node.subscribe(feed, start=Start.stored()), lambda: shoalcast.Node(""),
                     lambda: node.subscribe(feed).commit()):
            with self.assertRaises(shoalcast.InvalidArgument) as caught:
                call()
            self.assertTrue(caught.exception.message)
        with self.assertRaises(shoalcast.NotFound):
            node.open_feed("unknown")

    def test_a_full_buffer_and_deadlines(self):
        node = self.open_node()
        with node.open_feed("quakes", create=True).producer(linger=3600, max_buffered=2000) as producer:
            with self.assertRaises(shoalcast.TimedOut):
                for _ in range(100):
                    producer.try_send("x" * 100)
            with self.assertRaises(TimeoutError):
                producer.send("x" * 100, timeout=0.3)
            producer.flush()
            producer.send("x" * 100, timeout=0)

    def test_the_wrong_passphrase(self):
        with self.open_node(passphrase="secret") as node:
            node.open_feed("quakes", create=True).producer().close()
        with self.open_node(passphrase="guess") as node, self.assertRaises(shoalcast.BadKey):
            node.open_feed("quakes")


class Lifetimes(BindingsTest):
    def test_closed_handles_say_so(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        producer, consumer = feed.producer(), node.subscribe(feed)
        mirror = node.mirror(STRANGER)
        producer.send("x")
        for handle in (producer, mirror, consumer):
            handle.close()
            handle.close()
        for call in (lambda: producer.send("x"), producer.flush, lambda: next(consumer), consumer.poll, consumer.fileno,
                     consumer.commit, mirror.wait_synced):
            with self.assertRaises(shoalcast.Closed):
                call()

    def test_handles_outlive_their_node(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        producer, consumer, mirror = feed.producer(), node.subscribe(feed), node.mirror(STRANGER)
        producer.send("x")
        record = next(consumer)
        node.close()
        node.close()
        for call in (lambda: producer.send("x"), producer.flush, lambda: next(consumer), consumer.fileno,
                     lambda: mirror.wait_synced(1.0), feed.producer, lambda: node.info(feed), lambda: node.listening,
                     lambda: node.open_feed("quakes")):
            with self.assertRaises(shoalcast.Closed):
                call()
        self.assertEqual(record.value, b"x")
        with self.assertRaises(shoalcast.Closed):
            producer.close()
        # The directory is free again, and what was sent before is there.
        self.assertEqual(self.values_of(self.open_node(), feed.id), ["x"])

    def test_what_a_node_made_keeps_it_open(self):
        told = []
        producer = shoalcast.Node(self.directory / "data", offline=True).open_feed("q", create=True).producer(
            on_acked=told.append)
        producer.send("x")
        del producer
        # Dropped, it was flushed, told, and its node closed.
        self.assertEqual(told, [shoalcast.AckRun("default", 0, 0, 0)])
        self.open_node(attach=False)

    def test_closing_ends_a_waiting_thread(self):
        node = self.open_node()
        consumer = node.subscribe(node.open_feed("quakes", create=True))
        caught = []
        begun = threading.Event()

        def wait():
            begun.set()
            try:
                consumer.poll(None)
            except shoalcast.Closed as closed:
                caught.append(closed)

        thread = threading.Thread(target=wait)
        thread.start()
        begun.wait()
        node.close()
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertEqual(len(caught), 1)

    def test_threads_share_a_producer(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        with feed.producer() as producer:
            threads = [threading.Thread(target=lambda n=n: [producer.send(f"{n} {i}", key=f"{n}") for i in range(500)])
                       for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with node.subscribe(feed, until_head=True) as consumer:
            read = [record for record in consumer]
        self.assertEqual(len(read), 2000)
        for record in read:
            self.assertEqual(record.value.split()[0], record.key)
        for number in range(4):
            mine = [record.value.decode() for record in read if record.key == b"%d" % number]
            self.assertEqual(mine, [f"{number} {i}" for i in range(500)])


class Package(unittest.TestCase):
    def test_examples_in_the_documentation_strings(self):
        count = 0
        for module in ("_node", "_producer", "_consumer"):
            result = doctest.testmod(importlib.import_module(f"shoalcast.{module}"))
            self.assertEqual(result.failed, 0)
            count += result.attempted
        self.assertGreater(count, 15)

    def test_structures_are_as_long_as_in_c(self):
        in_c = dict(line.split() for line in run(C_PROGRAM, "sizes").splitlines())
        for name, structure in {
            "shoal_error": _library.ErrorStruct, "shoal_node_options": _library.NodeOptions,
            "shoal_feed_options": _library.FeedOptions, "shoal_producer_options": _library.ProducerOptions,
            "shoal_header": _library.Header, "shoal_record": _library.OutgoingRecord,
            "shoal_position": _library.PositionStruct, "shoal_subscribe_options": _library.SubscribeOptions,
            "shoal_poll_options": _library.PollOptions, "shoal_head_report": _library.HeadReportStruct,
            "shoal_get_request": _library.GetRequest, "shoal_mirror_options": _library.MirrorOptions,
            "shoal_verified": _library.VerifiedStruct, "shoal_signed_head": _library.SignedHeadStruct,
            "shoal_verified_fork": _library.VerifiedForkStruct,
        }.items():
            self.assertEqual(ctypes.sizeof(structure), int(in_c.pop(name)), name)
        self.assertEqual(in_c, {"shoal_record_view": str(shoalcast._records._VIEW.size)})


if __name__ == "__main__":
    unittest.main()
