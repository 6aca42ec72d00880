"""A TCP relay on loopback that counts what passes: what a reader that may only dial the relay had on its wire."""

import socket
import threading


class CountingProxy:
    """Relays every connection to `address` (HOST:PORT). `received` counts bytes towards the dialler."""

    def __init__(self, address, source="127.0.0.1"):
        """`source`: the address that the target sees as the dialler's."""
        host, port = address.rsplit(":", 1)
        self._target = (host, int(port))
        self._source = (source, 0)
        self._lock = threading.Lock()
        self._sockets = []
        self.received = 0
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def total(self):
        with self._lock:
            return self.received + self.sent

    def _accept(self):
        while True:
            try:
                dialler, _ = self._listener.accept()
            except OSError:
                return
            try:
                target = socket.create_connection(self._target, 5, self._source)
            except OSError:
                dialler.close()
                continue
            target.settimeout(None)
            with self._lock:
                self._sockets += [dialler, target]
            threading.Thread(target=self._relay, args=(dialler, target, "sent"), daemon=True).start()
            threading.Thread(target=self._relay, args=(target, dialler, "received"), daemon=True).start()

    def _relay(self, source, sink, counter):
        try:
            while chunk := source.recv(65536):
                with self._lock:
                    setattr(self, counter, getattr(self, counter) + len(chunk))
                sink.sendall(chunk)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                one.close()
