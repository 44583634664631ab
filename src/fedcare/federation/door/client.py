"""The institution's end of the door: enrolling, and the consortium's routes."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from cryptography import x509

from fedcare.errors import BadEnrolment, BadSetting, CoordinatorRefused, CoordinatorUnreachable, UntrustedCoordinator
from fedcare.trust import identity, tokens
from fedcare.trust.certificates import certificate_pem, fingerprint
from fedcare.trust.files import private_folder
from fedcare.trust.identity import Identity

SECONDS = 30.0
PORT = 8443


def slug(institution: str) -> str:
    """The name of an institution's folder under ``<home>/node``."""
    return re.sub(r"[^a-z0-9]+", "-", institution.lower()).strip("-") or "institution"


def tls(own: Identity) -> ssl.SSLContext:
    """TLS 1.3 with the node's certificate, trusting the pinned authority alone."""
    context = pinned(own.ca_pem)
    context.load_cert_chain(own.certificate_path, own.key_path)
    return context


def pinned(ca_pem: bytes) -> ssl.SSLContext:
    """TLS 1.3 trusting one authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=ca_pem.decode())
    return context


# -- enrolling --------------------------------------------------------------------------------------------------------


def enrol(nodes: Path, coordinator: str, token: str) -> tuple[Path, Identity]:
    """Enrol with a one-time token; the institution's folder under ``nodes`` with its key and certificate.

    Nothing is sent before the coordinator has shown the authority whose fingerprint is in the token. An attempt that
    ends half-way is repeated with the same token: the key made for it waits for the certificate.
    """
    _, expected = tokens.split(token)
    ca = _authority_of(coordinator, expected)
    # One folder a token, so that another institution's attempt on this machine uses another key.
    joining = private_folder(nodes / f".joining-{_digest(token)}")
    body = {"token": token.strip(), "csr": identity.csr(joining, "node").decode()}
    with httpx.Client(verify=pinned(ca), timeout=SECONDS, trust_env=False) as client, _calling(coordinator):
        answer = client.post(f"https://{coordinator}/v1/consortium/enrol", json=body)
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise BadEnrolment(reason=_reason(answer))
    told = _told(coordinator, answer)
    made = identity.keep(joining, told["certificate"].encode(), ca)
    folder = private_folder(_folder(nodes, made.institution))
    # The certificate goes last: with the old one the new key fits nothing, and the next attempt puts it right.
    for path in (made.key_path, made.ca_path, made.certificate_path):
        path.replace(folder / path.name)
    shutil.rmtree(joining, ignore_errors=True)
    return folder, identity.load(folder)


def _folder(nodes: Path, institution: str) -> Path:
    """The institution's folder; another's whose name makes the same slug is not written over."""
    usual = nodes / slug(institution)
    if not (usual / "node.crt").exists() or identity.load(usual).institution == institution:
        return usual
    return nodes / f"{usual.name}-{_digest(institution)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def _authority_of(coordinator: str, expected: bytes) -> bytes:
    """The authority's certificate (PEM) that the door shows; raises UntrustedCoordinator unless it is the expected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    # Nothing is said over this connection: it only shows what is then compared with the token's fingerprint.
    context.verify_mode = ssl.CERT_NONE
    host, port = _split(coordinator)
    with (
        _calling(coordinator),
        socket.create_connection((host, port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as shown,
    ):
        chain = [x509.load_der_x509_certificate(der) for der in _chain(shown)]
    for certificate in chain:
        if fingerprint(certificate) == expected:
            return certificate_pem(certificate)
    raise UntrustedCoordinator(where=coordinator, reason="it shows another consortium's certificate")


def _chain(connection: ssl.SSLSocket) -> list[bytes]:
    """The certificates that the other end sent, unverified (Python has a public name for this from 3.13 on)."""
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    raw = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in raw or []]


def _split(coordinator: str) -> tuple[str, int]:
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit():
        raise BadSetting(setting="--coordinator", value=coordinator, reason=f"write HOST:PORT, as in host:{PORT}")
    return host.strip("[]"), int(port)


# -- with a certificate -----------------------------------------------------------------------------------------------


class Door:
    """The consortium's routes for one institution. Calls raise CoordinatorUnreachable or CoordinatorRefused.

    Made anew after a renewal: the certificate is the one that was there when it was made.
    """

    def __init__(self, coordinator: str, own: Identity) -> None:
        self._where = coordinator
        self._own = own
        self._client = httpx.Client(
            base_url=f"https://{coordinator}/v1/consortium/", verify=tls(own), timeout=SECONDS, trust_env=False
        )

    def renew(self) -> Identity:
        """Get a fresh certificate for the same key and keep it; the identity with it."""
        folder = self._own.key_path.parent
        request = identity.csr(folder, self._own.institution).decode()
        told = self._call("POST", "renew", json={"csr": request})
        return identity.keep(folder, told["certificate"].encode(), self._own.ca_pem)

    def plans(self) -> list[dict[str, Any]]:
        """The open plans, the newest first: hash, canonical, proposed_at (Unix seconds), status."""
        return list(self._call("GET", "plans"))

    def status(self, records: dict[str, int], software: str, state: str) -> None:
        """Say how many usable records there are for each task, and nothing about any of them."""
        self._call("POST", "status", json={"records": records, "software": software, "state": state})

    def versions(self, after: int = 0) -> list[dict[str, Any]]:
        """What was released after that sequence number, the oldest first."""
        return list(self._call("GET", "versions", params={"after": after}))

    def version(self, task: str, name: str) -> bytes:
        """A released version as a zip file, which is not to be trusted before its signature was verified."""
        with _calling(self._where):
            answer = self._client.get(f"versions/{task}/{name}")
        _require(self._where, answer)
        return answer.content

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _call(self, method: str, path: str, **named: Any) -> Any:
        with _calling(self._where):
            answer = self._client.request(method, path, **named)
        return _told(self._where, answer)


@contextmanager
def _calling(where: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise UntrustedCoordinator(where=where, reason=error.verify_message) from None
    except httpx.ConnectError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise UntrustedCoordinator(where=where, reason=str(error)) from None
        raise CoordinatorUnreachable(where=where, reason=str(error)) from None
    except (httpx.HTTPError, OSError) as error:
        raise CoordinatorUnreachable(where=where, reason=str(error) or "it dropped the connection") from None


def _told(where: str, answer: httpx.Response) -> Any:
    _require(where, answer)
    try:
        return answer.json()
    except ValueError:
        raise CoordinatorRefused(where=where, reason="its answer cannot be read") from None


def _require(where: str, answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise CoordinatorRefused(where=where, reason=_reason(answer))


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["details"]["reason"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
