"""A TCP relay on loopback that becomes unbearable: after a number of bytes towards the dialler, one byte a second."""

import socket
import threading

from counting_proxy import CountingProxy


class StallingProxy(CountingProxy):
    """Relays freely until `after` bytes went to the dialler or stall() was called, then a byte a second that way."""

    def __init__(self, address, after, source="127.0.0.1"):
        self._after = after
        self._stalled = threading.Event()
        self._closed = threading.Event()
        super().__init__(address, source)

    @property
    def stalled(self):
        return self._stalled.is_set()

    def stall(self):
        self._stalled.set()

    def _relay(self, source, sink, counter):
        if counter == "received":
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while not self._stalled.is_set() and (chunk := source.recv(65536)):
                    sink.sendall(chunk)
                    with self._lock:
                        self.received += len(chunk)
                        if self.received >= self._after:
                            self._stalled.set()
                while self._stalled.is_set() and not self._closed.wait(1) and (byte := source.recv(1)):
                    sink.sendall(byte)
                    with self._lock:
                        self.received += 1
            except OSError:
                pass
            return
        super()._relay(source, sink, counter)

    def close(self):
        self._closed.set()
        super().close()
