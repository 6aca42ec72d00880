"""Failures: one class for each code of the library."""

from __future__ import annotations

from typing import Dict, Type


class ShoalError(Exception):
    """Something failed: `code` is a name of <shoal/error.h>, and `hint`, which may be empty, says what to do."""

    code = "unknown"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class InvalidArgument(ShoalError, ValueError):
    """A value outside the documented range."""

    code = "invalid_argument"


class NotFound(ShoalError):
    """A name, topic, offset or file that does not exist, or is proven absent."""

    code = "not_found"


class AlreadyExists(ShoalError):
    """A name that must be new is taken."""

    code = "already_exists"


class Unverified(ShoalError):
    """Bytes from a peer or a foreign file do not prove against the signed head."""

    code = "unverified"


class Corrupt(ShoalError):
    """Our own disk holds bytes that contradict their hash."""

    code = "corrupt"


class Fork(ShoalError):
    """The feed's owner signed two histories."""

    code = "fork"


class Pruned(ShoalError):
    """The payload was dropped by retention everywhere that was asked."""

    code = "pruned"


class TimedOut(ShoalError, TimeoutError):
    """A deadline passed."""

    code = "timed_out"


class Unavailable(ShoalError):
    """Nobody answered, or a peer left."""

    code = "unavailable"


class Closed(ShoalError):
    """The handle or its node has ended."""

    code = "closed"


class Cancelled(ShoalError):
    """The call was stopped."""

    code = "cancelled"


class IoError(ShoalError):
    """The operating system refused."""

    code = "io"


class NoSpace(ShoalError):
    """The disk or a budget is full."""

    code = "no_space"


class LimitExceeded(ShoalError):
    """Input above a documented limit."""

    code = "limit_exceeded"


class UnsafeToSign(ShoalError):
    """Signing now could create a second history."""

    code = "unsafe_to_sign"


class InUse(ShoalError):
    """Another process holds the directory, or another call the handle."""

    code = "in_use"


class BadKey(ShoalError):
    """A key file or passphrase that cannot be used."""

    code = "bad_key"


class Unsupported(ShoalError):
    """A version or feature that this library does not know."""

    code = "unsupported"


class UnknownOutcome(ShoalError):
    """A commit may or may not have happened; the feed must be opened again."""

    code = "unknown_outcome"


class Contradiction(ShoalError):
    """The feed's owner signed blocks or heads that contradict each other."""

    code = "contradiction"


_BY_NUMBER: Dict[int, Type[ShoalError]] = dict(
    enumerate(
        (
            InvalidArgument, NotFound, AlreadyExists, Unverified, Corrupt, Fork, Pruned, TimedOut, Unavailable, Closed,
            Cancelled, IoError, NoSpace, LimitExceeded, UnsafeToSign, InUse, BadKey, Unsupported, UnknownOutcome,
            Contradiction,
        ),
        start=1,
    )
)
TIMED_OUT = 8


def error_of(number: int, message: str, hint: str) -> ShoalError:
    """The exception of a code of libshoal_c; one that is not known here yet is a plain ShoalError."""
    return _BY_NUMBER.get(number, ShoalError)(message, hint)
