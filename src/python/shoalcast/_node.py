"""Nodes, own feeds and mirrors."""

from __future__ import annotations

import ctypes
import datetime
import json
import os
from ctypes import c_uint64, c_void_p
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

from . import _library
from ._consumer import Consumer, Start
from ._errors import InvalidArgument
from ._producer import Acks, Producer
from ._records import AckRun, Record, SignedHead, VerifiedFork, VerifiedRecord, read_records, to_milliseconds

_LOG_LEVELS = ("debug", "info", "warning", "error")


class Feed:
    """An own feed: name and key are here. `Node.open_feed` makes it."""

    def __init__(self, handle: _library.Handle, name: str) -> None:
        self._handle = handle
        self.name = name
        #: 64 hex digits: what readers need to know.
        self.id = _library.text_of("feed_id", handle.value)

    def producer(
        self,
        *,
        linger: float = 0.1,
        batch_bytes: int = 0,
        max_buffered: int = 0,
        codec: str = "zstd",
        acks: Acks = "durable",
        on_acked: Optional[Callable[[AckRun], None]] = None,
        max_time_ahead: Optional[float] = 3600,
    ) -> Producer:
        """The one producer of this feed; InUse while there is another one.

        A batch waits `linger` seconds at most for more records, and is full at `batch_bytes` (0: 256 KiB). `send` waits
        above `max_buffered` bytes (0: 32 MiB). `codec` is none, gzip, snappy, lz4 or zstd. `acks` is
        "durable" (on this node's disk), "none", a number of distinct mirrors that must hold a record durably, too, or a
        list of their names (`shoal key trust` gives them); NotFound for a name that stands for no mirror. `on_acked`
        is called on a thread of the node; it must not wait for the producer or close anything. A record whose time is
        more than `max_time_ahead` seconds ahead of the clock is InvalidArgument (None: no limit).
        """
        return Producer(
            self._handle, linger=linger, batch_bytes=batch_bytes, max_buffered=max_buffered, codec=codec,
            acks=acks, on_acked=on_acked, max_time_ahead=max_time_ahead,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Feed(name={self.name!r}, id={self.id!r})"


#: A feed's id of 64 hex digits, or an own feed.
FeedLike = Union[str, Feed]


def _id_of(feed: FeedLike) -> bytes:
    return _library.encode(feed.id if isinstance(feed, Feed) else feed, "feed")


def _age(seconds: float, name: str) -> int:
    if seconds < 0:
        raise InvalidArgument(f"{name} is below zero")
    return _library.milliseconds(seconds)


def _size(size: int, name: str) -> int:
    # ctypes would take it modulo 2**64.
    if not 0 <= size < 2**64:
        raise InvalidArgument(f"{name} is no number of bytes")
    return size


def _request(feed: FeedLike, offset: int, topic: str, partition: int) -> _library.GetRequest:
    request = _library.GetRequest()
    request.feed_id, request.topic = _id_of(feed), _library.encode(topic, "topic")
    request.first, request.partition = offset, partition
    return request


def verify_proof(proof: Union[str, bytes], feed: Optional[FeedLike] = None) -> VerifiedRecord:
    """Checks what `Node.prove` or `shoal prove` wrote; needs no node, no directory and no network. Without `feed` any
    signer will do: look at the answer's `feed`. Unverified when anything does not hold or another feed signed.

    >>> import shoalcast, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> with shoalcast.Node(directory.name, offline=True) as node:
    ...     feed = node.open_feed("quakes", create=True)
    ...     with feed.producer() as producer:
    ...         _ = producer.send("M 4.1")
    ...     proof = node.prove(feed, 0)
    >>> shoalcast.verify_proof(proof, feed).record.value
    b'M 4.1'
    >>> directory.cleanup()
    """
    raw = proof.encode() if isinstance(proof, str) else proof
    verified, pointer = _library.VerifiedStruct(), c_void_p()
    signer = None if feed is None else _id_of(feed)
    _library.call("verify_proof", raw, len(raw), signer, ctypes.byref(verified), ctypes.byref(pointer))
    handle = _library.Handle("records", pointer.value)
    try:
        (record,) = read_records(handle.value)
    finally:
        handle.close()
    return VerifiedRecord(
        record, verified.feed_id.decode(), verified.head_time_ms, verified.tree_size, verified.epoch
    )


def verify_fork(proof: bytes, feed: Optional[FeedLike] = None) -> VerifiedFork:
    """Checks a fork proof, as a node keeps it in `forks` below its directory; needs no node, no directory and no
    network. Unverified when it proves no fork, or that of another feed than `feed`.
    """
    verified = _library.VerifiedForkStruct()
    expected = None if feed is None else _id_of(feed)
    _library.call("verify_fork", proof, len(proof), expected, ctypes.byref(verified))

    def shown(head: _library.SignedHeadStruct) -> SignedHead:
        return SignedHead(
            head.tree_size, head.root_hash.decode(), head.topic_count, head.topic_root.decode(), head.time_ms
        )

    return VerifiedFork(
        verified.feed_id.decode(), verified.epoch, shown(verified.shorter), shown(verified.longer),
        verified.common_prefix_limit,
    )  # fmt: skip


class Mirror:
    """A persistent want: the node keeps and serves a verified copy of a feed. `Node.mirror` makes it."""

    def __init__(self, handle: _library.Handle) -> None:
        self._handle = handle

    def wait_synced(self, timeout: Optional[float] = None) -> int:
        """Waits until everything wanted of the newest announced head is here and durable; gives its tree size. The next
        call waits for a newer one. TimedOut, Fork, …"""
        size = c_uint64()
        _library.wait_call(
            timeout,
            lambda wait_ms: _library.call(
                "mirror_wait_synced", self._handle.value, wait_ms, None, ctypes.byref(size)
            ),
        )
        return size.value

    def close(self) -> None:
        """Gives the handle back. Again: nothing."""
        self._handle.close()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Node:
    """One data directory, its feeds and its place in the swarm. Any thread may use it; close it, or use it in a `with`.

    `listen` are `host:port` (port 0: any), `bootstrap` entry points of the DHT, `peers` addresses to dial for every
    feed (`KEY@host:port`: only the node with that key). Rates are bytes a second. When another process has the
    directory, the node works through it, unless `attach` is False: InUse then. `log(level, text)` is called on threads
    of the node.

    >>> import shoalcast, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> with shoalcast.Node(directory.name, offline=True) as node:
    ...     feed = node.open_feed("quakes", create=True)
    ...     with feed.producer() as producer:
    ...         position = producer.send("M 4.1", topic="us")
    ...     record = node.get(feed, position.offset, topic="us")
    >>> record.value
    b'M 4.1'
    >>> directory.cleanup()
    """

    def __init__(
        self,
        data_dir: Union[str, os.PathLike[str]],
        *,
        listen: Iterable[str] = (),
        bootstrap: Iterable[str] = (),
        peers: Iterable[str] = (),
        private_network: Optional[bool] = None,
        offline: bool = False,
        attach: bool = True,
        dht: bool = True,
        lsd: bool = True,
        upload: bool = True,
        up_limit: int = 0,
        down_limit: int = 0,
        passphrase: Optional[str] = None,
        log: Optional[Callable[[str, str], None]] = None,
    ) -> None:
        options = _library.NodeOptions()
        options.data_dir = _library.encode(os.fspath(data_dir), "data_dir")
        options.listen, options.listen_count = _library.texts(listen, "listen")
        options.bootstrap, options.bootstrap_count = _library.texts(bootstrap, "bootstrap")
        options.peers, options.peer_count = _library.texts(peers, "peers")
        options.private_network = 0 if private_network is None else 1 if private_network else -1
        options.offline, options.no_attach = offline, not attach
        options.no_dht, options.no_lsd, options.no_upload = not dht, not lsd, not upload
        options.up_limit, options.down_limit = up_limit, down_limit
        options.passphrase = None if passphrase is None else _library.encode(passphrase, "passphrase")
        callback = _library.LogFunction(0 if log is None else _callback(log))
        options.log = callback
        self._handle = _library.open_handle("node", "node_open", options, keep=callback)

    def _open(self, kind: str, function: str, *arguments: Any) -> _library.Handle:
        """What is made by this node keeps it open, until one of both is closed."""
        return _library.open_handle(kind, function, self._handle.value, *arguments, keep=self._handle)

    def open_feed(
        self,
        name: str,
        create: bool = False,
        *,
        in_memory: bool = False,
        passphrase: Optional[str] = None,
        keep: Optional[float] = None,
        max_bytes: Optional[int] = None,
        keep_topics: Optional[Mapping[str, float]] = None,
    ) -> Feed:
        """The own feed `name`; with `create` key and feed are made when it is unknown, otherwise NotFound. An
        `in_memory` feed never touches the disk and is gone with the node.

        Payloads older than `keep` seconds are dropped, or as `keep_topics` says by topic, and the oldest ones above
        `max_bytes`; 0 is without a bound. The feed remembers them together: with none of the three given they are as
        they were, with some the others are without a bound."""
        options = _library.FeedOptions()
        options.create, options.in_memory = create, in_memory
        if not (keep is None and max_bytes is None and keep_topics is None):
            options.set_retention = 1
            options.keep_ms, options.max_bytes = _age(keep or 0.0, "keep"), _size(max_bytes or 0, "max_bytes")
            topics = [
                _library.TopicKeep(_library.encode(topic, "keep_topics"), _age(age, "keep_topics"))
                for topic, age in (keep_topics or {}).items()
            ]
            options.keep_topics = (_library.TopicKeep * len(topics))(*topics)
            options.keep_topic_count = len(topics)
        options.passphrase = None if passphrase is None else _library.encode(passphrase, "passphrase")
        return Feed(self._open("feed", "feed_open", _library.encode(name, "name"), options), name)

    def subscribe(
        self,
        feed: FeedLike,
        topics: Iterable[str] = (),
        *,
        start: Optional[Start] = None,
        cursor: Optional[str] = None,
        partition: Optional[int] = None,
        before: Union[int, datetime.datetime, None] = None,
        until_head: bool = False,
        find_timeout: float = 20.0,
        sparse: bool = False,
        ordered: bool = True,
    ) -> Consumer:
        """Reads a feed: topics by name or glob, all without any.

        `cursor` names a durable position that this node keeps for `Consumer.commit`; reading begins there, unless
        `start` says otherwise. `before` ends at that time, exactly. With `until_head` the consumer ends at the newest
        head that the swarm tells within `find_timeout` seconds; see `Consumer.head_report`. `sparse` fetches and keeps
        only these topics. Without `ordered`, order holds within partitions only.
        """
        options = _library.SubscribeOptions()
        options.topics, options.topic_count = _library.texts(topics, "topics")
        if start is None:
            start = Start.beginning() if cursor is None else Start.stored()
        options.start, options.start_number = start.kind, start.number
        options.start_token = None if start.token is None else _library.encode(start.token, "token")
        options.cursor = None if cursor is None else _library.encode(cursor, "cursor")
        options.has_partition, options.partition = partition is not None, partition or 0
        options.has_before = before is not None
        if before is not None:
            options.before_ms = to_milliseconds(before) if isinstance(before, datetime.datetime) else before
        options.until_head, options.sparse, options.unordered = until_head, sparse, not ordered
        options.find_timeout_ms = max(1, _library.milliseconds(find_timeout))
        return Consumer(self._open("subscription", "subscription_open", _id_of(feed), options))

    def get(
        self, feed: FeedLike, offset: int, *, topic: str = "default", partition: int = 0, timeout: float = 30.0
    ) -> Record:
        """One record, from disk or straight from the swarm. NotFound when it is proven absent."""
        return self._get(feed, offset, None, topic, partition, timeout)[0]

    def get_range(
        self,
        feed: FeedLike,
        first: int,
        last: int,
        *,
        topic: str = "default",
        partition: int = 0,
        timeout: float = 30.0,
    ) -> List[Record]:
        """The records from `first` to `last`, both included: at least the first one. It ends early where something
        cannot be had, or at 64 MiB: ask again from there."""
        return self._get(feed, first, last, topic, partition, timeout)

    def _get(
        self, feed: FeedLike, first: int, last: Optional[int], topic: str, partition: int, timeout: float
    ) -> List[Record]:
        request = _request(feed, first, topic, partition)
        request.has_last, request.last = last is not None, last or 0
        pointer = c_void_p()
        try:
            _library.stoppable_call(
                timeout,
                lambda wait_ms, stop: _library.call(
                    "node_get", self._handle.value, request, wait_ms, stop, ctypes.byref(pointer)
                ),
            )
            return read_records(pointer.value or 0)
        finally:
            _library.call("records_free", pointer)

    def prove(
        self, feed: FeedLike, offset: int, *, topic: str = "default", partition: int = 0, timeout: float = 30.0
    ) -> str:
        """A proof of one record, as JSON text, that `verify_proof` checks without a node. NotFound when the record is
        proven absent."""
        request = _request(feed, offset, topic, partition)
        pointer = c_void_p()
        try:
            _library.stoppable_call(
                timeout,
                lambda wait_ms, stop: _library.call(
                    "node_prove", self._handle.value, request, wait_ms, stop, ctypes.byref(pointer)
                ),
            )
        finally:
            text = _library.take_text(pointer)
        return text

    def mirror(self, feed: FeedLike, topics: Iterable[str] = (), *, keep: float = 0.0, max_bytes: int = 0) -> Mirror:
        """Keeps and serves a verified copy from now on: of these topics, or all. Payloads older than `keep` seconds are
        dropped (0: never); `max_bytes` is a budget of the whole directory (0: none)."""
        options = _library.MirrorOptions()
        options.topics, options.topic_count = _library.texts(topics, "topics")
        options.keep_ms, options.max_bytes = _age(keep, "keep"), _size(max_bytes, "max_bytes")
        return Mirror(self._open("mirror", "mirror_open", _id_of(feed), options))

    def info(self, feed: FeedLike) -> Dict[str, Any]:
        """What is known of a feed, as `shoal info --json` prints it."""
        known: Dict[str, Any] = json.loads(_library.text_of("node_info", self._handle.value, _id_of(feed)))
        return known

    def peers(self, feed: FeedLike) -> List[Dict[str, Any]]:
        """Who is connected for a feed, as `shoal peers --json` prints it."""
        connected: List[Dict[str, Any]] = json.loads(
            _library.text_of("node_peers", self._handle.value, _id_of(feed))
        )
        return connected

    def remove(self, feed: FeedLike) -> None:
        """Forgets a feed: no want, no rows, no disk. An own feed's key stays. InUse while it is produced to."""
        _library.call("node_remove", self._handle.value, _id_of(feed))

    @property
    def listening(self) -> str:
        """`host:port` this node can be dialled at; empty when offline."""
        return _library.text_of("node_listening", self._handle.value)

    def close(self) -> None:
        """Commits what producers took, ends sessions and gives the directory back. Handles of this node answer Closed
        from then on. Again: nothing."""
        self._handle.close()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _callback(log: Callable[[str, str], None]) -> Callable[..., None]:
    def call(_user: Any, level: int, text: bytes) -> None:
        log(_LOG_LEVELS[level] if 0 <= level < len(_LOG_LEVELS) else str(level), text.decode(errors="replace"))

    return call
