"""Reading: a subscription as an iterator, blocking or for asyncio."""

from __future__ import annotations

import asyncio
import ctypes
from ctypes import c_int, c_void_p
from typing import AsyncIterator, Iterable, Iterator, List, NamedTuple, Optional

from . import _library
from ._errors import TimedOut
from ._records import HeadReport, Record, StoredCursor, read_records

_RECORDS, _TIMEOUT, _END = 0, 1, 2


class Start(NamedTuple):
    """Where reading begins; the class methods make one."""

    kind: int = 0
    token: Optional[str] = None
    number: int = 0

    @classmethod
    def beginning(cls) -> Start:
        return cls(0)

    @classmethod
    def end(cls) -> Start:
        """Only what is published from now on."""
        return cls(1)

    @classmethod
    def stored(cls) -> Start:
        """The durable position when it exists, else the beginning."""
        return cls(2)

    @classmethod
    def at(cls, token: str) -> Start:
        """Right after the record that was passed to `Consumer.cursor`."""
        return cls(3, token)

    @classmethod
    def offset(cls, offset: int) -> Start:
        """In every selected partition."""
        return cls(4, None, offset)

    @classmethod
    def last(cls, count: int) -> Start:
        """The last `count` records of every selected partition."""
        return cls(5, None, count)

    @classmethod
    def time(cls, unix_ms: int) -> Start:
        """Exactly the records with at least this time, wherever they lie in the feed."""
        return cls(6, None, unix_ms)


class Consumer:
    """Reads verified records of one feed; `Node.subscribe` makes it. One thread or task at a time.

    It is an iterator, and an asynchronous one: `for record in consumer` and `async for record in consumer`. A live
    consumer waits for the next record; with `until_head` it ends. `cursor` is always the position right after the
    record that was handed out last: a program that keeps it, or commits it, goes on there.

    >>> import shoalcast, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> node = shoalcast.Node(directory.name, offline=True)
    >>> feed = node.open_feed("sensors", create=True)
    >>> with feed.producer() as producer:
    ...     for i in range(3):
    ...         _ = producer.send(f"reading {i}", topic="kitchen")
    >>> with node.subscribe(feed, ["kitchen"], until_head=True, cursor="mine") as consumer:
    ...     print(next(consumer).value)
    ...     consumer.commit()
    b'reading 0'
    >>> with node.subscribe(feed, ["kitchen"], until_head=True, cursor="mine") as consumer:
    ...     print([record.value for record in consumer])
    [b'reading 1', b'reading 2']
    >>> node.close(); directory.cleanup()
    """

    def __init__(self, handle: _library.Handle) -> None:
        self._handle = handle
        self._status = c_int(_TIMEOUT)
        # The library writes here; what is not zero waits to be read, also when an interrupt came in between.
        self._polled = c_void_p()
        self._records: Optional[_library.Handle] = None
        self._batch: List[Record] = []
        self._next = 0
        self._options = _library.PollOptions()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether `until_head` was reached."""
        return self._ended and self._next >= len(self._batch)

    def _poll(self, timeout: Optional[float], max_records: int = 0) -> bool:
        """Fetches the next batch; False when there is none in time, or no more."""

        self._options.max_records = max_records

        def attempt(wait_ms: int) -> None:
            if self._polled.value is None:
                _library.call(
                    "subscription_poll",
                    self._handle.value,
                    self._options,
                    wait_ms,
                    None,
                    ctypes.byref(self._status),
                    ctypes.byref(self._polled),
                )
            if self._polled.value is None and self._status.value == _TIMEOUT:
                raise TimedOut("nothing came in time")

        try:
            _library.wait_call(timeout, attempt)
        except TimedOut:
            return False
        if self._polled.value is None:
            self._ended = True
            return False
        batch = read_records(self._polled.value)
        if self._records is not None:
            self._records.close()
        self._records, self._polled.value = _library.Handle("records", self._polled.value), None
        self._batch, self._next = batch, 0
        return True

    def poll(self, timeout: Optional[float] = 0.0, max_records: int = 0) -> List[Record]:
        """The next records, at most `max_records` (0: as many as come together). Empty when none came within `timeout`
        seconds (None: without end), or at the end: see `ended`."""
        if self._next >= len(self._batch):
            self._poll(timeout, max_records)
        first = self._next
        self._next = len(self._batch) if max_records <= 0 else min(first + max_records, len(self._batch))
        return self._batch[first : self._next]

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        while self._next >= len(self._batch):
            if not self._poll(None) and self._ended:
                raise StopIteration
        record = self._batch[self._next]
        self._next += 1
        return record

    def __aiter__(self) -> AsyncIterator[Record]:
        return self

    async def __anext__(self) -> Record:
        while self._next >= len(self._batch):
            await self._poll_async()
            if self.ended:
                raise StopAsyncIteration
        record = self._batch[self._next]
        self._next += 1
        return record

    async def poll_async(self, timeout: Optional[float] = None, max_records: int = 0) -> List[Record]:
        """`poll` for asyncio: other tasks run while it waits."""
        if self._next >= len(self._batch):
            try:
                await asyncio.wait_for(self._poll_async(max_records), timeout)
            except asyncio.TimeoutError:
                return []
        return self.poll(0, max_records) if self._next < len(self._batch) else []

    async def _poll_async(self, max_records: int = 0) -> None:
        """Until there is a batch, or the end."""
        loop = asyncio.get_running_loop()
        while not self._poll(0, max_records) and not self._ended:
            # Nothing is there: from here on whatever comes makes the descriptor readable.
            readable = loop.create_future()
            descriptor = self.fileno()
            loop.add_reader(descriptor, _wake, readable)
            try:
                # Asked for the first time, the descriptor is readable at once.
                await readable
            finally:
                loop.remove_reader(descriptor)

    def fileno(self) -> int:
        """A descriptor for select and event loops: readable when `poll` may have something. Poll until it is empty
        before waiting for it. It stays the consumer's."""
        descriptor = c_int()
        _library.call("subscription_descriptor", self._handle.value, ctypes.byref(descriptor))
        return descriptor.value

    @property
    def cursor(self) -> str:
        """The position right after the record that was handed out last. Empty before a position is known."""
        if self._records is not None and 0 < self._next <= len(self._batch):
            return _library.text_of(
                "subscription_cursor_after", self._handle.value, self._records.value, self._next - 1
            )
        return _library.text_of("subscription_cursor", self._handle.value)

    def commit(self, cursor: Optional[str] = None, note: str = "") -> None:
        """Makes `cursor` (the present one without it) the durable position of the name given to `Node.subscribe`."""
        token = self.cursor if cursor is None else cursor
        _library.call(
            "subscription_commit", self._handle.value, _library.encode(token, "cursor"), _library.encode(note, "note")
        )

    def stored(self) -> Optional[StoredCursor]:
        """The durable position, if there is one."""
        token, note = c_void_p(), c_void_p()
        _library.call("subscription_stored", self._handle.value, ctypes.byref(token), ctypes.byref(note))
        if token.value is None:
            return None
        return StoredCursor(_library.take_text(token), _library.take_text(note))

    def set_topics(self, topics: Iterable[str] = ()) -> None:
        """From here on these topics are read; none: all. Records that were fetched already are still handed out."""
        array, count = _library.texts(topics, "topics")
        _library.call("subscription_set_topics", self._handle.value, array, count)

    @property
    def head_report(self) -> HeadReport:
        """How fresh and complete the answer to `until_head` is."""
        report = _library.HeadReportStruct()
        _library.call("subscription_head_report", self._handle.value, ctypes.byref(report))
        head_time = None if report.head_time_ms < 0 else report.head_time_ms
        return HeadReport(bool(report.answered), head_time, report.tree_size, bool(report.complete))

    def close(self) -> None:
        """Gives everything back. Again: nothing."""
        if self._records is not None:
            self._records.close()
        self._batch, self._next = [], 0
        self._handle.close()

    def __enter__(self) -> Consumer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
