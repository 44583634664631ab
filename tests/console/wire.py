"""A wire between a browser and a gateway that a test can cut and mend."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Passes bytes on to ``port`` of this machine; while it is cut, nothing comes through and nobody is let in."""

    def __init__(self, port: int) -> None:
        self._port, self._is_cut = port, False
        self._open: list[socket.socket] = []
        self._changing = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """End every connection."""
        with self._changing:
            self._is_cut = True
            while self._open:
                _end(self._open.pop())

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        _end(self._listener)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                with self._changing:
                    if self._is_cut:
                        _end(browser)
                    else:
                        self._connect(browser)

    def _connect(self, browser: socket.socket) -> None:
        gateway = socket.create_connection(("127.0.0.1", self._port))
        self._open += [browser, gateway]
        for source, target in ((browser, gateway), (gateway, browser)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
