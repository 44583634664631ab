"""Attacks from outside: no certificate, a bad one, tokens, garbage, and patience wearing thin."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import time
from collections.abc import Callable

from benchmarks.attack_ground import PATIENCE, Allowed, Ground, dropped, verdict
from fedcare.errors import FedCareError
from fedcare.federation.door.client import enrol
from fedcare.federation.superlink import places
from fedcare.federation.superlink.control import Control
from fedcare.trust import identity, tokens
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import fingerprint

Attacks = dict[str, Callable[[], str]]
KIBI = 2**10


def request(method: str, path: str, body: bytes = b"", *, length: int | None = None, media: str = "json") -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: door\r\ncontent-type: application/{media}\r\n"
    return f"{head}content-length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def stranger_attacks(ground: Ground) -> Attacks:
    """In an order that matters: first nobody is expected to enrol, then somebody is."""
    plans = request("GET", "/v1/consortium/plans")
    fleet = request("POST", "/v1/fleet/pull-messages", media="x-protobuf")
    control = request("POST", "/v1/control/list-nodes", media="x-protobuf")

    def unexpected() -> str:
        ground.no_tokens()
        return ground.say(ground.stranger(), plans)

    def no_tls() -> str:
        with socket.create_connection((ground.host, ground.port), 10) as plain:
            plain.sendall(plans)
            return _plain_verdict(plain)

    def old_tls() -> str:
        context = ground.stranger()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        return ground.say(context, plans)

    return {
        "no certificate, nobody expected to enrol": unexpected,
        "no TLS": no_tls,
        "TLS 1.2": old_tls,
        "no certificate, fleet route": lambda: _expected(ground, fleet),
        "no certificate, Control route": lambda: _expected(ground, control),
        "no certificate, consortium route": lambda: _expected(ground, plans),
        "expired certificate": lambda: ground.say(ground.forged(ground.issuer, (-9, -1)), plans),
        "certificate that is not valid yet": lambda: ground.say(ground.forged(ground.issuer, (1, 9)), plans),
        "certificate of another authority": lambda: ground.say(ground.forged(ground.other_issuer(), (-1, 9)), plans),
        "server's certificate used as a client's": lambda: _server_certificate(ground, plans),
        "enrolment with a guessed token": lambda: _enrol(ground, _guess(ground)),
        "enrolment with an expired token": lambda: _enrol(ground, ground.authority.token("Late", hours=-1)),
        "enrolment with a used token and another key": lambda: _used(ground),
        "enrolment with another consortium's token": lambda: _foreign_token(ground),
        "enrolment in another institution's name": lambda: _other_name(ground),
        "enrolment with a mangled request": lambda: _mangled(ground),
        "replayed capture of an honest request, no certificate": lambda: _replay(ground),
        "garbage bytes before TLS": lambda: _garbage(ground),
        "Control on the private port without the token": lambda: _wrong_token(ground),
        "fleet routes on the private port": lambda: _private_fleet(ground),
    }


def slow_attacks(ground: Ground) -> Attacks:
    """Those that make the other end wait."""
    return {
        "a connection without a handshake": lambda: _silent(ground, None),
        "a handshake without a request": lambda: _silent(ground, b""),
        "slow headers": lambda: _drip(ground, request("GET", "/v1/consortium/plans")[:-20]),
        "slow body": lambda: _drip(ground, request("POST", "/v1/consortium/status", length=5000), b" "),
        "endless headers": lambda: _endless(ground),
    }


def _expected(ground: Ground, content: bytes) -> str:
    ground.authority.token("Expected")
    return ground.say(ground.stranger(), content)


def _server_certificate(ground: Ground, content: bytes) -> str:
    context = ground.stranger()
    folder = ground.authority.folder
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return ground.say(context, content)


# -- tokens -----------------------------------------------------------------------------------------------------------


def _guess(ground: Ground) -> str:
    return tokens.compose(secrets.token_bytes(32), fingerprint(ground.issuer.certificate))


def _enrol(ground: Ground, token: str) -> str:
    ground.authority.token("Expected")
    try:
        enrol(ground.home / "thief", ground.public, token)
    except FedCareError as error:
        return error.code
    raise Allowed("got a certificate")


def _used(ground: Ground) -> str:
    token = ground.authority.token("Newcomer")
    ground.authority.enrol(identity.csr(ground.home / "newcomer", "Newcomer"), token)
    try:
        return _enrol(ground, token)
    finally:
        ground.authority.revoke("Newcomer")


def _foreign_token(ground: Ground) -> str:
    return _enrol(ground, Authority.open(ground.home / "other").token("Honest"))


def _other_name(ground: Ground) -> str:
    """The request may name whom it likes: the certificate names the institution of the token."""
    token = ground.authority.token("Modest")
    body = {"token": token, "csr": identity.csr(ground.home / "modest", "Honest").decode()}
    with ground.connect(ground.stranger()) as connection:
        connection.sendall(request("POST", "/v1/consortium/enrol", json.dumps(body).encode()))
        connection.recv(65536)
    names = [each.institution for each in ground.authority.certificates()]
    ground.authority.revoke("Modest")
    time.sleep(1)
    if names.count("Honest") != 1:
        raise Allowed("got a certificate in another's name")
    return "the certificate names the token's institution"


def _mangled(ground: Ground) -> str:
    body = json.dumps({"token": ground.authority.token("Expected"), "csr": "-----BEGIN NONSENSE"}).encode()
    return ground.say(ground.stranger(), request("POST", "/v1/consortium/enrol", body))


# -- bytes ------------------------------------------------------------------------------------------------------------


def replay(ground: Ground, context: ssl.SSLContext) -> str:
    """An honest node's latest request, to the byte, over another connection."""
    captured = next(each for each in reversed(ground.captured) if each.url.path.endswith("pull-messages"))
    headers = "".join(f"{name}: {value}\r\n" for name, value in captured.headers.items())
    content = f"POST {captured.url.path} HTTP/1.1\r\n{headers}\r\n".encode() + captured.content
    return ground.say(context, content)


def _replay(ground: Ground) -> str:
    ground.authority.token("Expected")
    return replay(ground, ground.stranger())


def _garbage(ground: Ground) -> str:
    with socket.create_connection((ground.host, ground.port), 10) as plain:
        plain.sendall(secrets.token_bytes(100 * KIBI))
        return _plain_verdict(plain)


def _plain_verdict(plain: socket.socket) -> str:
    plain.settimeout(PATIENCE * 4)
    try:
        answer = plain.recv(4096)
    except (OSError, TimeoutError) as error:
        return dropped(error)
    if answer.startswith(b"HTTP/"):
        raise Allowed("answered without TLS")
    return "dropped" if not answer else "TLS alert"


def _silent(ground: Ground, content: bytes | None) -> str:
    """Say nothing, before or after the handshake, and see whether one is shown the door."""
    with socket.create_connection((ground.host, ground.port), 10) as plain:
        if content is None:
            return _plain_verdict(plain)
    with ground.connect(ground.holder(ground.insider)) as connection:
        return verdict(connection)


def _drip(ground: Ground, start: bytes, drop: bytes = b"a") -> str:
    """A byte every fifth of a second."""
    with ground.connect(ground.holder(ground.insider)) as connection:
        connection.sendall(start)
        connection.settimeout(0.2)
        for _ in range(int(PATIENCE * 20)):
            try:
                answer = connection.recv(4096)
                return f"status {answer.split(b' ')[1].decode()}" if answer else "dropped"
            except TimeoutError:
                try:
                    connection.sendall(drop)
                except OSError as error:
                    return dropped(error)
            except OSError as error:
                return dropped(error)
    raise Allowed("was waited for")


def _endless(ground: Ground) -> str:
    try:
        with ground.connect(ground.holder(ground.insider)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for number in range(400):
                connection.sendall(f"x-{number}: {'a' * KIBI}\r\n".encode())
            return verdict(connection)
    except OSError as error:
        return dropped(error)


# -- the private port -------------------------------------------------------------------------------------------------


def _wrong_token(ground: Ground) -> str:
    try:
        with Control(places.address(ground.home).private, "guess") as control:
            control.nodes()
    except FedCareError as error:
        return str(error)[-60:]
    raise Allowed("listed the nodes")


def _private_fleet(ground: Ground) -> str:
    host, port = places.address(ground.home).private.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(request("POST", "/v1/fleet/pull-messages", media="x-protobuf"))
        answer = plain.recv(4096)
    if b" 404 " not in answer[:20]:
        raise Allowed(str(answer[:60]))
    return "status 404"
