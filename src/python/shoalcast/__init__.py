"""Shoalcast: signed realtime data feeds without a broker.

A `Node` is one data directory and its place in the swarm. `Node.open_feed` makes own feeds, whose `Producer` appends
records; `Node.subscribe` reads any feed by its id as a `Consumer`: every record is proven against the head that the
feed's owner signed. Failures are a `ShoalError`, of a class of its own for each code.

Blocking calls take seconds (None: without end), let other threads run, and end at ctrl-C.
"""

from ._consumer import Consumer, Start
from ._errors import (
    AlreadyExists,
    BadKey,
    Cancelled,
    Closed,
    Contradiction,
    Corrupt,
    Fork,
    InUse,
    InvalidArgument,
    IoError,
    LimitExceeded,
    NoSpace,
    NotFound,
    Pruned,
    ShoalError,
    TimedOut,
    Unavailable,
    UnknownOutcome,
    UnsafeToSign,
    Unsupported,
    Unverified,
)
from ._library import version
from ._node import Feed, Mirror, Node, verify_fork, verify_proof
from ._producer import Producer
from ._records import AckRun, HeadReport, Position, Record, SignedHead, StoredCursor, VerifiedFork, VerifiedRecord

__all__ = [
    "AckRun", "AlreadyExists", "BadKey", "Cancelled", "Closed", "Consumer", "Contradiction", "Corrupt", "Feed", "Fork",
    "HeadReport", "InUse", "InvalidArgument", "IoError", "LimitExceeded", "Mirror", "NoSpace", "Node", "NotFound", "Position",
    "Producer", "Pruned", "Record", "ShoalError", "SignedHead", "Start", "StoredCursor", "TimedOut",
    "Unavailable", "UnknownOutcome", "UnsafeToSign", "Unsupported", "Unverified", "VerifiedFork", "VerifiedRecord",
    "verify_fork", "verify_proof", "version",
]  # fmt: skip
