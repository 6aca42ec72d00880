"""libshoal_c through ctypes: where it is found, its structures (shoal/c.h), and how it is called."""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
import time
import weakref
from ctypes import POINTER, c_char, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, Callable, Iterable, Optional, Tuple

from ._errors import Closed, InvalidArgument, ShoalError, TimedOut, error_of

SONAME = "libshoal_c.so.0"


def _load() -> ctypes.CDLL:
    """SHOALCAST_LIBRARY, a file beside this package, or what the loader finds, in this order."""
    named = os.environ.get("SHOALCAST_LIBRARY")
    beside = pathlib.Path(__file__).resolve().parent / SONAME
    try:
        return ctypes.CDLL(named or (str(beside) if beside.exists() else SONAME))
    except OSError as error:
        hint = f"Install libshoal-c0, or name the file: SHOALCAST_LIBRARY=/path/to/{SONAME}"
        raise ImportError(f"{error}. {'SHOALCAST_LIBRARY names it' if named else hint}") from error


class ErrorStruct(ctypes.Structure):
    _fields_ = [("code", c_int), ("message", c_char * 1024), ("hint", c_char * 512)]


LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
AckedFunction = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_int32, c_int64, c_int64)


class Options(ctypes.Structure):
    """An options structure: zeros but for its size."""

    def __init__(self) -> None:
        super().__init__()
        self.size = ctypes.sizeof(self)


class NodeOptions(Options):
    _fields_ = [
        ("size", c_size_t), ("data_dir", c_char_p), ("listen", POINTER(c_char_p)), ("listen_count", c_size_t),
        ("bootstrap", POINTER(c_char_p)), ("bootstrap_count", c_size_t), ("peers", POINTER(c_char_p)),
        ("peer_count", c_size_t), ("passphrase", c_char_p), ("up_limit", c_uint64), ("down_limit", c_uint64),
        ("private_network", c_int), ("offline", c_int), ("no_attach", c_int), ("no_dht", c_int), ("no_lsd", c_int),
        ("no_upload", c_int), ("log", LogFunction), ("log_user", c_void_p),
    ]


class TopicKeep(ctypes.Structure):
    _fields_ = [("topic", c_char_p), ("keep_ms", c_int64)]


class FeedOptions(Options):
    _fields_ = [
        ("size", c_size_t), ("passphrase", c_char_p), ("create", c_int), ("in_memory", c_int),
        ("set_retention", c_int), ("keep_ms", c_int64), ("max_bytes", c_uint64), ("keep_topics", POINTER(TopicKeep)),
        ("keep_topic_count", c_size_t),
    ]


class ProducerOptions(Options):
    _fields_ = [
        ("size", c_size_t), ("linger_ms", c_int64), ("batch_bytes", c_size_t), ("max_buffered", c_size_t),
        ("codec", c_int), ("acks_none", c_int), ("on_acked", AckedFunction), ("on_acked_user", c_void_p),
        ("acks_mirrors", c_uint32), ("acks_named", POINTER(c_char_p)), ("acks_named_count", c_size_t),
        ("max_time_ahead_ms", c_int64),
    ]


class Header(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("name_size", c_size_t), ("value", c_char_p), ("value_size", c_size_t)]


class OutgoingRecord(Options):
    """shoal_record; bytes fields point into the Python objects, which the structure keeps."""

    _fields_ = [
        ("size", c_size_t), ("topic", c_char_p), ("key", c_char_p), ("key_size", c_size_t), ("value", c_char_p),
        ("value_size", c_size_t), ("headers", POINTER(Header)), ("header_count", c_size_t), ("time_ms", c_int64),
        ("has_time", c_int), ("has_partition", c_int), ("partition", c_int32),
    ]


class PositionStruct(ctypes.Structure):
    _fields_ = [("offset", c_int64), ("partition", c_int32)]


class SubscribeOptions(Options):
    _fields_ = [
        ("size", c_size_t), ("topics", POINTER(c_char_p)), ("topic_count", c_size_t), ("start", c_int),
        ("has_partition", c_int), ("partition", c_int32), ("has_before", c_int), ("before_ms", c_int64),
        ("start_number", c_int64), ("start_token", c_char_p), ("cursor", c_char_p), ("find_timeout_ms", c_int64),
        ("until_head", c_int), ("sparse", c_int), ("unordered", c_int),
    ]


class PollOptions(Options):
    _fields_ = [("size", c_size_t), ("max_bytes", c_size_t), ("max_records", c_size_t)]


class HeadReportStruct(ctypes.Structure):
    _fields_ = [("head_time_ms", c_int64), ("tree_size", c_uint64), ("answered", c_int), ("complete", c_int)]


class GetRequest(Options):
    _fields_ = [
        ("size", c_size_t), ("feed_id", c_char_p), ("topic", c_char_p), ("first", c_int64), ("last", c_int64),
        ("has_last", c_int), ("partition", c_int32),
    ]


class MirrorOptions(Options):
    _fields_ = [
        ("size", c_size_t), ("topics", POINTER(c_char_p)), ("topic_count", c_size_t), ("keep_ms", c_int64),
        ("max_bytes", c_uint64),
    ]


class VerifiedStruct(ctypes.Structure):
    _fields_ = [("feed_id", c_char * 65), ("epoch", c_uint32), ("head_time_ms", c_int64), ("tree_size", c_uint64)]


class SignedHeadStruct(ctypes.Structure):
    _fields_ = [
        ("tree_size", c_uint64), ("time_ms", c_int64), ("root_hash", c_char * 65), ("topic_root", c_char * 65),
        ("topic_count", c_uint32),
    ]


class VerifiedForkStruct(ctypes.Structure):
    _fields_ = [
        ("feed_id", c_char * 65), ("epoch", c_uint32), ("common_prefix_limit", c_uint64),
        ("shorter", SignedHeadStruct), ("longer", SignedHeadStruct),
    ]


library = _load()


def _declare() -> None:
    """Argument types of every function; the error is always the last."""
    handle, wait = c_void_p, (c_int64, c_void_p)
    out, text = POINTER(c_void_p), c_char_p
    functions = {
        "stop_new": (out,), "stop_request": (handle,), "stop_free": (handle,),
        "node_open": (POINTER(NodeOptions), out), "node_close": (handle,), "node_free": (handle,),
        "node_listening": (handle, out), "node_info": (handle, text, out), "node_peers": (handle, text, out),
        "node_remove": (handle, text), "node_get": (handle, POINTER(GetRequest), *wait, out),
        "node_prove": (handle, POINTER(GetRequest), *wait, out),
        "verify_proof": (c_char_p, c_size_t, text, POINTER(VerifiedStruct), out),
        "verify_fork": (c_char_p, c_size_t, text, POINTER(VerifiedForkStruct)),
        "feed_open": (handle, text, POINTER(FeedOptions), out), "feed_id": (handle, out), "feed_free": (handle,),
        "records_view": (handle, out, POINTER(c_size_t)), "records_free": (handle,),
        "producer_open": (handle, POINTER(ProducerOptions), out),
        "producer_send": (handle, POINTER(OutgoingRecord), *wait, POINTER(PositionStruct)),
        "producer_flush": (handle, *wait), "producer_free": (handle,),
        "subscription_open": (handle, text, POINTER(SubscribeOptions), out),
        "subscription_poll": (handle, POINTER(PollOptions), *wait, POINTER(c_int), out),
        "subscription_descriptor": (handle, POINTER(c_int)),
        "subscription_set_topics": (handle, POINTER(c_char_p), c_size_t),
        "subscription_cursor": (handle, out), "subscription_cursor_after": (handle, handle, c_size_t, out),
        "subscription_commit": (handle, text, text), "subscription_stored": (handle, out, out),
        "subscription_head_report": (handle, POINTER(HeadReportStruct)), "subscription_free": (handle,),
        "mirror_open": (handle, text, POINTER(MirrorOptions), out),
        "mirror_wait_synced": (handle, *wait, POINTER(c_uint64)), "mirror_free": (handle,),
    }  # fmt: skip
    for name, arguments in functions.items():
        function = getattr(library, f"shoal_{name}")
        function.argtypes = (*arguments, POINTER(ErrorStruct))
        function.restype = c_int
    library.shoal_version.restype = c_char_p
    library.shoal_string_free.argtypes = (c_void_p,)
    library.shoal_string_free.restype = None


_declare()


def call(name: str, *arguments: Any) -> None:
    """Calls shoal_`name`; raises what it answers. The GIL is free meanwhile."""
    error = ErrorStruct()
    if getattr(library, f"shoal_{name}")(*arguments, ctypes.byref(error)) != 0:
        raise error_of(error.code, error.message.decode(errors="replace"), error.hint.decode(errors="replace"))


def take_text(pointer: c_void_p) -> str:
    """The text of a `char**` result, which is given back."""
    try:
        return ctypes.string_at(pointer.value or 0).decode() if pointer.value else ""
    finally:
        library.shoal_string_free(pointer)


def text_of(name: str, *arguments: Any) -> str:
    """Calls a function whose last argument but the error is a `char**`."""
    pointer = c_void_p()
    call(name, *arguments, ctypes.byref(pointer))
    return take_text(pointer)


def encode(text: str, name: str) -> bytes:
    """For a C string."""
    raw = text.encode()
    if b"\0" in raw:
        raise InvalidArgument(f"{name} holds a NUL")
    return raw


def texts(values: Iterable[str], name: str) -> Tuple[Any, int]:
    """An array of C strings and its length. A lone string is refused: it would be taken apart into letters."""
    if isinstance(values, str):
        raise InvalidArgument(f"{name} is one string, not several", f"write [{values!r}]")
    raw = [encode(value, name) for value in values]
    return (c_char_p * len(raw))(*raw), len(raw)


def milliseconds(seconds: Optional[float]) -> int:
    """None is without end."""
    return -1 if seconds is None else max(0, min(round(seconds * 1000), 2**62))


_SLICE_MS = 100


def wait_call(timeout: Optional[float], attempt: Callable[[int], None]) -> None:
    """Runs `attempt(timeout_ms)`, a call that raises TimedOut and may be repeated. In the main thread it is called for
    a short while again and again, since Python looks for a ctrl-C only between two calls."""
    total = milliseconds(timeout)
    if threading.current_thread() is not threading.main_thread() or 0 <= total <= _SLICE_MS:
        return attempt(total)
    end = None if total < 0 else time.monotonic() + total / 1000
    while True:
        left = _SLICE_MS if end is None else min(_SLICE_MS, milliseconds(end - time.monotonic()))
        try:
            return attempt(left)
        except ShoalError as error:
            if not isinstance(error, TimedOut) or (end is not None and time.monotonic() >= end):
                raise


def stoppable_call(timeout: Optional[float], attempt: Callable[[int, Optional[c_void_p]], None]) -> None:
    """The same for a call that may not be repeated: in the main thread another one makes it, and ctrl-C stops it."""
    total = milliseconds(timeout)
    if threading.current_thread() is not threading.main_thread() or 0 <= total <= _SLICE_MS:
        return attempt(total, None)
    stop = c_void_p()
    call("stop_new", ctypes.byref(stop))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            attempt(total, stop)
        except BaseException as failure:
            failures.append(failure)

    worker = threading.Thread(target=work, daemon=True)
    try:
        worker.start()
        worker.join()
    except BaseException:
        call("stop_request", stop)
        worker.join()
        raise
    finally:
        call("stop_free", stop)
    if failures:
        raise failures[0]


class Handle:
    """A handle of the library that is given back once: by close(), with the last reference, or at the interpreter's
    end. `keep` lives until it was given back: its callback, and the handle that it came from."""

    def __init__(self, kind: str, value: Optional[int], keep: object = None) -> None:
        self._kind = kind
        self._value = value
        # A forked child has the number, but none of the threads behind it.
        self._finalizer = weakref.finalize(self, _free, kind, value, os.getpid(), keep)

    @property
    def value(self) -> int:
        if self._value is None:
            raise Closed(f"the {self._kind} is closed")
        return self._value

    @property
    def closed(self) -> bool:
        return self._value is None

    def close(self) -> None:
        self._value = None
        self._finalizer()


def _free(kind: str, value: Optional[int], pid: int, _keep: object) -> None:
    if os.getpid() != pid:
        return
    try:
        call(f"{kind}_free", value)
    except InvalidArgument:
        # The garbage was collected in a callback, where nothing may be freed.
        threading.Thread(target=call, args=(f"{kind}_free", value)).start()


def open_handle(kind: str, function: str, *arguments: Any, keep: object = None) -> Handle:
    """Calls a function whose last argument but the error is a handle of `kind`."""
    pointer = c_void_p()
    call(function, *arguments, ctypes.byref(pointer))
    return Handle(kind, pointer.value, keep)


def version() -> str:
    """The version of the library that is loaded."""
    return str(library.shoal_version().decode())


