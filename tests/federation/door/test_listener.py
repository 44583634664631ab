"""The public port over real TLS: large requests in one write, and a certificate that is replaced while it serves."""

import asyncio
import json
import socket
import ssl
import threading

import pytest

import fedcare.federation  # noqa: F401  # Flower's settings are made before Flower is read.
from fedcare.federation.door.client import tls
from fedcare.federation.door.consortium import Consortium
from fedcare.federation.door.gate import Gate
from fedcare.federation.door.limits import KIBI, Limits
from fedcare.federation.door.listener import Certificate, DoorServer
from fedcare.federation.door.protocol import Threshold
from fedcare.federation.door.statuses import Statuses
from fedcare.federation.superlink.application import flower_application
from fedcare.federation.superlink.handlers import Handlers
from fedcare.trust import identity
from fedcare.trust.authority import Authority


class Door:
    """A door in a thread of this process; ``renew`` is what its duty does once a minute."""

    def __init__(self, home) -> None:
        self.authority = Authority.open(home / "consortium")
        self.certificate = Certificate(self.authority, ["localhost", "127.0.0.1"])
        threshold = Threshold(self.authority, Limits())
        flower = flower_application(home, 0).state.linkstate_factory.state()
        self.statuses = Statuses()
        consortium = Consortium(
            home, self.authority, self.statuses, lambda key: None, lambda: None, lambda institution: None
        )
        gate = Gate(Handlers(flower), consortium, threshold)
        self._server = DoorServer(gate, threshold, self.certificate.context, "asyncio")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])

    def renew(self) -> bool:
        done, result = threading.Event(), []

        def act() -> None:
            result.append(self.certificate.renew())
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(10)
        return result[0]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path)
    yield made
    made.close()


@pytest.fixture
def member(door, tmp_path):
    """The TLS context of an institution that has enrolled."""
    folder = tmp_path / "node"
    request = identity.csr(folder, "A")
    shown = door.authority.enrol(request, door.authority.token("A"))
    return tls(identity.keep(folder, shown, door.authority.ca_pem))


def connect(door: Door, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", door.port), 10)
    return context.wrap_socket(plain, server_hostname="localhost")


def request(method: str, path: str, body: bytes = b"") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: door\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def status_of(connection: ssl.SSLSocket, content: bytes) -> str:
    """The status that answers a request sent in one write; empty where the connection was dropped."""
    connection.sendall(content)
    answer = b""
    try:
        while not _whole(answer):
            if not (piece := connection.recv(65536)):
                break
            answer += piece
    except OSError:
        return ""
    return answer.split(b" ", 2)[1].decode() if answer else ""


def _whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and len(body) >= sum(lengths)


@pytest.mark.parametrize("size", [31 * KIBI, 33 * KIBI, 60_000])
def test_a_request_larger_than_any_headers_passes_in_one_write(door, member, size):
    said = json.dumps({"records": {"insurance-cost": 12}, "software": "fedcare", "state": "waiting"}).encode()
    with connect(door, member) as connection:
        assert status_of(connection, request("POST", "/v1/consortium/status", said.ljust(size))) == "200"
        # And the next one on the same connection as well.
        assert status_of(connection, request("POST", "/v1/consortium/status", said)) == "200"
    assert door.statuses._newest["A"]["records"] == {"insurance-cost": 12}


def test_headers_larger_than_any_headers_do_not_pass_in_one_write(door, member):
    long = b"GET /v1/consortium/plans HTTP/1.1\r\nhost: door\r\nx-long: " + b"a" * 60_000
    with connect(door, member) as connection:
        assert status_of(connection, long) in ("", "400")


def test_open_connections_go_on_while_new_ones_see_a_renewed_certificate(door, member):
    plans = request("GET", "/v1/consortium/plans")
    with connect(door, member) as before:
        assert status_of(before, plans) == "200"
        assert not door.renew()
        (door.authority.folder / "server.crt").unlink()
        assert door.renew()
        assert status_of(before, plans) == "200"
        with connect(door, member) as after:
            assert status_of(after, plans) == "200"
            assert after.getpeercert(binary_form=True) != before.getpeercert(binary_form=True)
