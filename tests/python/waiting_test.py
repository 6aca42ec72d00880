"""Waiting in Python: asyncio, ctrl-C, other threads meanwhile, and memory that stays."""

import asyncio
import os
import selectors
import signal
import threading
import time
import unittest

import shoalcast
from bindings_support import STRANGER, BindingsTest, numbered


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Asyncio(BindingsTest):
    def setUp(self):
        super().setUp()
        self.node = self.open_node()
        self.feed = self.node.open_feed("quakes", create=True)

    def run_async(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, 60))

    def test_async_for_reads_to_the_end(self):
        self.publish(self.feed, numbered(0, 300))

        async def read():
            with self.node.subscribe(self.feed, until_head=True) as consumer:
                return [record.value.decode() async for record in consumer]

        self.assertEqual(self.run_async(read()), numbered(0, 300))

    def test_other_tasks_run_while_it_waits(self):
        with self.feed.producer(linger=0) as producer:

            async def read(consumer, count):
                return [(await consumer.__anext__()).value.decode() for _ in range(count)]

            async def publish():
                for value in numbered(0, 50):
                    producer.send(value)
                    await asyncio.sleep(0.001)
                await asyncio.to_thread(producer.flush)

            async def both():
                with self.node.subscribe(self.feed) as first, self.node.subscribe(self.feed) as second:
                    one, two, _ = await asyncio.gather(read(first, 50), read(second, 50), publish())
                    self.assertEqual(await first.poll_async(0.05), [])
                    return one, two

            self.assertEqual(self.run_async(both()), (numbered(0, 50), numbered(0, 50)))

    def test_a_cancelled_wait_loses_nothing(self):
        async def read():
            with self.node.subscribe(self.feed) as consumer, self.feed.producer(linger=0) as producer:
                for value in numbered(0, 20):
                    waiting = asyncio.ensure_future(consumer.poll_async())
                    await asyncio.sleep(0)
                    waiting.cancel()
                    await asyncio.gather(waiting, return_exceptions=True)
                    producer.send(value)
                    producer.flush()
                    self.assertEqual([r.value.decode() for r in await consumer.poll_async(20.0)], [value])

        self.run_async(read())

    def test_a_closing_node_ends_the_wait(self):
        async def read():
            consumer = self.node.subscribe(self.feed)
            waiting = asyncio.ensure_future(consumer.__anext__())
            await asyncio.sleep(0)
            await asyncio.to_thread(self.node.close)
            with self.assertRaises(shoalcast.Closed):
                await waiting

        self.run_async(read())

    def test_a_selector_waits_for_it(self):
        with self.node.subscribe(self.feed) as consumer, self.feed.producer(linger=0) as producer:
            with selectors.DefaultSelector() as selector:
                selector.register(consumer, selectors.EVENT_READ)
                self.assertEqual(consumer.poll(), [])
                self.assertEqual(selector.select(0), [])
                producer.send("x")
                self.assertEqual(len(selector.select(20.0)), 1)
                self.assertEqual(consumer.poll()[0].value, b"x")


class Interrupt(BindingsTest):
    """Each call that waits in the main thread ends soon after ctrl-C, as KeyboardInterrupt."""

    def assert_interrupted(self, call):
        begun = time.monotonic()
        timer = threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            with self.assertRaises(KeyboardInterrupt):
                call()
        finally:
            timer.join()
        self.assertLess(time.monotonic() - begun, 10.0)

    def setUp(self):
        super().setUp()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

    def test_reading(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        with node.subscribe(feed) as consumer, feed.producer() as producer:
            self.assert_interrupted(lambda: next(consumer))
            self.assert_interrupted(lambda: consumer.poll(60.0))
            # And reading goes on afterwards.
            producer.send("x")
            self.assertEqual(next(consumer).value, b"x")

    def test_the_network(self):
        node = self.lonely_node()
        with node.mirror(STRANGER) as mirror:
            self.assert_interrupted(lambda: mirror.wait_synced(60.0))
        self.assert_interrupted(lambda: node.get(STRANGER, 0, timeout=60.0))

    def test_publishing(self):
        node = self.open_node()
        gate = threading.Event()
        self.addCleanup(gate.set)
        producer = node.open_feed("quakes", create=True).producer(linger=0, max_buffered=1000,
                                                                  on_acked=lambda run: gate.wait())
        with self.assertRaises(shoalcast.TimedOut):
            while True:
                producer.try_send("x" * 100)
        self.assert_interrupted(lambda: producer.send("x" * 100, timeout=60.0))
        self.assert_interrupted(producer.flush)
        gate.set()
        producer.close()


class Threads(BindingsTest):
    def test_others_run_while_one_waits(self):
        node = self.open_node()
        consumer = node.subscribe(node.open_feed("quakes", create=True))
        waiter = threading.Thread(target=consumer.poll, args=(3.0,))
        waiter.start()
        steps = 0
        while waiter.is_alive():
            steps += 1
            time.sleep(0.01)
        # Held for the whole wait, the interpreter's lock would have let nobody count.
        self.assertGreater(steps, 20)

    def test_a_second_reader_is_told(self):
        node = self.open_node()
        consumer = node.subscribe(node.open_feed("quakes", create=True))
        waiter = threading.Thread(target=lambda: consumer.poll(2.0))
        waiter.start()
        with self.assertRaises(shoalcast.InUse):
            while waiter.is_alive():
                consumer.stored()
        waiter.join()


class Memory(BindingsTest):
    def test_it_stays_over_many_records(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        value, headers = b"x" * 100, {"unit": "C"}
        count = 20000

        def round_trip():
            acked = []
            with feed.producer(on_acked=acked.append) as producer:
                for number in range(count):
                    producer.send(value, key=str(number), headers=headers)
            with node.subscribe(feed, start=shoalcast.Start.last(count), until_head=True) as consumer:
                self.assertEqual(sum(1 for record in consumer if record.value == value), count)
            self.assertTrue(acked)

        for _ in range(2):
            round_trip()
        before = resident_bytes()
        for _ in range(5):
            round_trip()
        # 10^5 records of more than 200 bytes each way. What leaks one object a record takes 10 MB at least; the store's
        # write buffer grows by what was published, compressed.
        self.assertLess(resident_bytes() - before, 8 << 20)


if __name__ == "__main__":
    unittest.main()
