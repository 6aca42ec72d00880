"""Publishing."""

from __future__ import annotations

import ctypes
import datetime
import threading
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Sequence, Tuple, Union

from . import _library
from ._errors import TIMED_OUT, InvalidArgument, error_of
from ._records import AckRun, Position, to_milliseconds

Data = Union[bytes, bytearray, memoryview, str, None]
HeadersIn = Union[Mapping[str, Data], Iterable[Tuple[str, Data]]]

_CODECS = {"none": 1, "gzip": 2, "snappy": 3, "lz4": 4, "zstd": 5}


#: When a record counts as acknowledged: "durable" on this node's disk, "none", the number of distinct mirrors that must
#: hold it durably, too, or the names of those that must.
Acks = Union[str, int, Sequence[str]]


def _set_acks(options: _library.ProducerOptions, acks: Acks) -> None:
    if acks == "durable":
        return
    if acks == "none":
        options.acks_none = 1
    elif isinstance(acks, int) and not isinstance(acks, bool) and 1 <= acks <= 64:
        options.acks_mirrors = acks
    elif not isinstance(acks, (str, int)) and acks:
        options.acks_named, options.acks_named_count = _library.texts(acks, "acks")
    else:
        raise InvalidArgument(
            f"there is no acknowledgement {acks!r}", "'durable', 'none', a number of mirrors (1 to 64), or their names"
        )


def _raw(data: Data) -> Optional[bytes]:
    if data is None or type(data) is bytes:
        return data
    return data.encode() if isinstance(data, str) else bytes(data)


class _Slot(threading.local):
    """What one thread fills for each record, made once."""

    def __init__(self) -> None:
        self.record = _library.OutgoingRecord()
        self.position = _library.PositionStruct()
        self.error = _library.ErrorStruct()
        self.arguments = (ctypes.byref(self.record), ctypes.byref(self.position), ctypes.byref(self.error))


class Producer:
    """Appends records to one own feed, which `Feed.producer` makes. Any thread may use it. Leaving its `with` block, or
    `close`, waits until all is acknowledged.

    >>> import shoalcast, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> with shoalcast.Node(directory.name, offline=True) as node:
    ...     with node.open_feed("sensors", create=True).producer() as producer:
    ...         position = producer.send("21.5", topic="kitchen", key="t1", headers={"unit": "C"})
    >>> position
    Position(topic='kitchen', partition=0, offset=0)
    >>> directory.cleanup()
    """

    def __init__(
        self,
        feed_handle: _library.Handle,
        *,
        linger: float = 0.1,
        batch_bytes: int = 0,
        max_buffered: int = 0,
        codec: str = "zstd",
        acks: Acks = "durable",
        on_acked: Optional[Callable[[AckRun], None]] = None,
        max_time_ahead: Optional[float] = 3600,
    ) -> None:
        if codec not in _CODECS:
            raise InvalidArgument(f"there is no codec {codec!r}", f"one of {', '.join(_CODECS)}")
        options = _library.ProducerOptions()
        options.linger_ms = _library.milliseconds(linger) or -1
        options.batch_bytes = batch_bytes
        options.max_buffered = max_buffered
        options.codec = _CODECS[codec]
        options.max_time_ahead_ms = _library.milliseconds(max_time_ahead) or 1
        _set_acks(options, acks)
        callback = _library.AckedFunction(0 if on_acked is None else _callback(on_acked))
        options.on_acked = callback
        self._handle = _library.open_handle(
            "producer", "producer_open", feed_handle.value, options, keep=(callback, feed_handle)
        )
        self._send: Any = _library.library.shoal_producer_send
        self._topics: Dict[str, bytes] = {}
        self._slot = _Slot()

    def send(
        self,
        value: Data,
        *,
        topic: str = "default",
        key: Data = None,
        time: Union[int, datetime.datetime, None] = None,
        headers: Optional[HeadersIn] = None,
        partition: Optional[int] = None,
        timeout: Optional[float] = 30.0,
    ) -> Position:
        """Takes a record and tells its position at once; it is durable when `on_acked` names it, or after `flush`.

        Text is sent as UTF-8; None is Kafka's null. `time` is unix milliseconds or a datetime, and now without one.
        Without a `partition` the key decides, as in Kafka. While the buffer is full this waits for `timeout` seconds
        (0: not at all, None: without end), then raises TimedOut; nothing was taken then.
        """
        slot = self._slot
        record = slot.record
        raw_topic = self._topics.get(topic)
        if raw_topic is None:
            raw_topic = self._topics[topic] = _library.encode(topic, "topic")
        raw_value, raw_key = _raw(value), _raw(key)
        record.topic = raw_topic
        record.value = raw_value
        record.value_size = len(raw_value) if raw_value is not None else 0
        record.key = raw_key
        record.key_size = len(raw_key) if raw_key is not None else 0
        record.has_time = time is not None
        if time is not None:
            record.time_ms = to_milliseconds(time) if isinstance(time, datetime.datetime) else time
        record.has_partition = partition is not None
        if partition is not None:
            record.partition = partition
        record.header_count = 0
        if headers:
            record.headers, record.header_count = _header_array(headers)
        argument, position, error = slot.arguments
        # Room is there nearly always.
        code = self._send(self._handle.value, argument, 0, None, position, error)
        if code == TIMED_OUT and timeout != 0:
            _library.wait_call(
                timeout,
                lambda wait_ms: _library.call(
                    "producer_send", self._handle.value, argument, wait_ms, None, position
                ),
            )
        elif code != 0:
            raise error_of(code, slot.error.message.decode(), slot.error.hint.decode())
        taken = slot.position
        return Position(topic, taken.partition, taken.offset)

    def try_send(self, value: Data, **options: Any) -> Position:
        """`send` that never waits: TimedOut when the buffer is full."""
        return self.send(value, timeout=0, **options)

    def flush(self, timeout: Optional[float] = None) -> None:
        """Waits until every record sent before is acknowledged, as `acks` asked. After TimedOut it may still be."""
        _library.wait_call(
            timeout, lambda wait_ms: _library.call("producer_flush", self._handle.value, wait_ms, None)
        )

    def close(self) -> None:
        """Flushes, waiting at most 30 s, and ends. Raises what keeps records from becoming durable. Again: nothing."""
        if self._handle.closed:
            return
        try:
            self.flush(30.0)
        finally:
            self._handle.close()

    def __enter__(self) -> Producer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._handle.close()


def _callback(on_acked: Callable[[AckRun], None]) -> Callable[..., None]:
    def call(_user: Any, topic: bytes, partition: int, first: int, last: int) -> None:
        on_acked(AckRun(topic.decode(), partition, first, last))

    return call


def _header_array(headers: HeadersIn) -> Tuple[Any, int]:
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    array = (_library.Header * len(pairs))()
    for made, (name, value) in zip(array, pairs):
        raw = _raw(value)
        raw_name = name.encode()
        made.name = raw_name
        made.name_size = len(raw_name)
        made.value = raw
        made.value_size = len(raw) if raw is not None else 0
    return array, len(pairs)
