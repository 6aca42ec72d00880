"""Records on their way out, and what says where they are."""

from __future__ import annotations

import ctypes
import datetime
import struct
from ctypes import c_size_t, c_void_p
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ._library import call

UNIX_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
Headers = Tuple[Tuple[str, Optional[bytes]], ...]


class Position(NamedTuple):
    """Where a record is in its feed."""

    topic: str
    partition: int
    offset: int


class AckRun(NamedTuple):
    """Consecutive records of one partition, `first` and `last` included, that became acknowledged together."""

    topic: str
    partition: int
    first: int
    last: int


class Record(NamedTuple):
    """A verified record. Times are unix milliseconds; None for a key or a value is Kafka's null."""

    topic: str
    partition: int
    offset: int
    key: Optional[bytes]
    value: Optional[bytes]
    time: int
    append_time: int
    block: int
    headers: Headers

    @property
    def timestamp(self) -> datetime.datetime:
        """`time` with its time zone, UTC."""
        return UNIX_EPOCH + datetime.timedelta(milliseconds=self.time)


class HeadReport(NamedTuple):
    """How fresh and complete what `until_head` gave is."""

    answered: bool
    head_time: Optional[int]
    tree_size: int
    complete: bool


class StoredCursor(NamedTuple):
    """A durable position, with a note of the application's own."""

    token: str
    note: str


class VerifiedRecord(NamedTuple):
    """A record that somebody outside the swarm was given, and who vouches for it."""

    record: Record
    feed: str
    head_time: int
    tree_size: int
    epoch: int


class SignedHead(NamedTuple):
    """A statement of a feed's owner: so much there is (`tree_size` blocks), and this it is (hashes in hex)."""

    tree_size: int
    root_hash: str
    topic_count: int
    topic_root: str
    time: int


class VerifiedFork(NamedTuple):
    """Two statements of one key that cannot both be true. No block from `common_prefix_limit` on is common to the two
    histories; where below it they part, the proof does not tell."""

    feed: str
    epoch: int
    shorter: SignedHead
    longer: SignedHead
    common_prefix_limit: int


def to_milliseconds(moment: datetime.datetime) -> int:
    """Unix time of a moment; one without a zone is local time, as everywhere in Python."""
    return (moment.astimezone(datetime.timezone.utc) - UNIX_EPOCH) // datetime.timedelta(milliseconds=1)


# shoal_record_view and shoal_header, read in bulk: one structure of ctypes for each field of each record is slow.
_VIEW = struct.Struct("@PqQqqPNPNPNi0P")
_HEADER = struct.Struct("@PNPN")
_bytes_at: Any = ctypes.pythonapi["PyBytes_FromStringAndSize"]
_bytes_at.argtypes = (c_void_p, ctypes.c_ssize_t)
_bytes_at.restype = ctypes.py_object


def _memory(address: int, size: int) -> memoryview:
    return memoryview((ctypes.c_char * size).from_address(address)).cast("B")


def _headers_at(address: int, count: int) -> Headers:
    return tuple(
        (_bytes_at(name, name_size).decode(), _bytes_at(value, value_size) if value else None)
        for name, name_size, value, value_size in _HEADER.iter_unpack(_memory(address, _HEADER.size * count))
    )


def read_records(handle: int) -> List[Record]:
    """Copies the records of a shoal_records."""
    views, count = c_void_p(), c_size_t()
    call("records_view", handle, ctypes.byref(views), ctypes.byref(count))
    topics: Dict[int, str] = {}
    records: List[Record] = []
    if not count.value or not views.value:
        return records
    new, append, bytes_at = Record._make, records.append, _bytes_at
    for (
        topic_at, offset, block, time, append_time, key, key_size, value, value_size, headers, header_count, partition
    ) in _VIEW.iter_unpack(_memory(views.value, _VIEW.size * count.value)):  # fmt: skip
        topic = topics.get(topic_at)
        if topic is None:
            topic = topics[topic_at] = ctypes.string_at(topic_at).decode()
        append(
            new(
                (
                    topic,
                    partition,
                    offset,
                    bytes_at(key, key_size) if key else None,
                    bytes_at(value, value_size) if value else None,
                    time,
                    append_time,
                    block,
                    _headers_at(headers, header_count) if header_count else (),
                )
            )
        )
    return records
