"""Institutions among themselves: proof of who another one is, for what the coordinator must not be able to forge.

The consortium's authority stands with the coordinator, which could issue a second certificate in an institution's name.
A node therefore also remembers the key that it first saw of each other one, and accepts no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from fedcare.errors import SecureSumFailed
from fedcare.trust.certificates import (
    Issuer,
    certificate_pem,
    common_name,
    in_force,
    issued_by,
    make_authority,
    new_key,
    public_pem,
)
from fedcare.trust.files import locked, read_json, write_json
from fedcare.trust.identity import Identity

_ALGORITHM = ec.ECDSA(hashes.SHA384())
FILE = "peers.json"


@dataclass(frozen=True)
class CertifiedKey:
    """An institution's own key with its certificate (PEM), to sign what others shall believe."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: bytes

    @classmethod
    def of(cls, identity: Identity) -> CertifiedKey:
        """A node's."""
        return cls(identity.institution, identity.key, certificate_pem(identity.certificate))

    def sign(self, data: bytes) -> bytes:
        """A signature (ECDSA, P-384, SHA-384)."""
        return self.key.sign(data, _ALGORITHM)


class KnownPeers:
    """The other institutions of a consortium: their certificates are its authority's, their keys never change.

    ``folder`` is the node's, whose ``peers.json`` keeps SHA-256 of each key that was seen; without it (a simulation)
    they are kept in memory.
    """

    def __init__(self, authority: x509.Certificate, folder: Path | None = None) -> None:
        self._authority, self._folder = authority, folder
        self._seen: dict[str, str] = {}

    def verify(self, name: str, certificate: bytes, signature: bytes, data: bytes) -> None:
        """Raise SecureSumFailed unless the node of that institution signed these bytes."""
        try:
            found = x509.load_pem_x509_certificate(certificate)
            key = found.public_key()
            ours = issued_by(found, self._authority) and in_force(found) and _is_node(found)
        except ValueError as error:
            raise SecureSumFailed(reason=f"the certificate of {name} cannot be read") from error
        if not ours or common_name(found) != name or not isinstance(key, ec.EllipticCurvePublicKey):
            raise SecureSumFailed(reason=f"the certificate shown for {name} is not that institution's, or not in force")
        try:
            key.verify(signature, data, _ALGORITHM)
        except InvalidSignature:
            raise SecureSumFailed(reason=f"the keys shown for {name} are not signed by it") from None
        self._compare(name, hashlib.sha256(public_pem(key).encode()).hexdigest())

    def _compare(self, name: str, key: str) -> None:
        """Remember a key that is seen for the first time; refuse another one later."""
        if self._seen.get(name) == key:
            return
        if self._folder is not None:
            with locked(self._folder):
                kept: dict[str, str] = read_json(self._folder / FILE) or {}
                if name not in kept:
                    write_json(self._folder / FILE, kept | {name: key})
            self._seen |= kept
        if self._seen.setdefault(name, key) != key:
            reason = (
                f"{name} shows another key than before. Ask there whether its node was enrolled anew; if so, remove its"
                f" line from {FILE} in this node's folder"
            )
            raise SecureSumFailed(reason=reason)


def _is_node(certificate: x509.Certificate) -> bool:
    """Whether it was issued for a node: the coordinator's own are for other uses."""
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def made_up(names: Iterable[str]) -> tuple[dict[str, CertifiedKey], KnownPeers]:
    """Keys and certificates for a simulation, of an authority that is forgotten with it."""
    root = new_key()
    issuer = Issuer(make_authority(root), root)
    keys = {name: new_key() for name in names}
    certified = {
        name: CertifiedKey(name, key, certificate_pem(issuer.node(name, key.public_key())))
        for name, key in keys.items()
    }
    return certified, KnownPeers(issuer.certificate)
