"""The consortium's authority: who may join, whose certificate counts, which keys the coordinator has.

Its folder holds ``ca.{key,crt}``, ``signing.{key,crt}``, ``server.{key,crt}``, ``tokens/``, ``issued/`` and
``revoked.json``. Every process of the coordinator may open it; changes are made under a lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from fedcare.errors import BadEnrolment
from fedcare.trust.certificates import (
    Issuer,
    certificate_pem,
    common_name,
    fingerprint,
    in_force,
    issued_by,
    key_pem,
    load_key,
    make_authority,
    new_key,
    public_pem,
    renewal_due,
)
from fedcare.trust.files import locked, private_folder, read_json, write_json, write_private
from fedcare.trust.revocation import Revocations
from fedcare.trust.tokens import Tokens, compose, split


@dataclass(frozen=True)
class Issued:
    """A certificate of an institution's node; times are in UTC, ``public_key`` and ``pem`` are PEM texts."""

    institution: str
    serial: int
    not_after: datetime
    revoked_at: datetime | None
    public_key: str
    pem: str

    @property
    def counts(self) -> bool:
        """Whether a node may come with it now."""
        return self.revoked_at is None and datetime.now(UTC) < self.not_after


class Authority:
    """The authority in a folder; ``open`` makes it on first use."""

    def __init__(self, folder: Path, issuer: Issuer) -> None:
        self.folder = folder
        self._issuer = issuer
        self._tokens = Tokens(folder / "tokens")
        self._revocations = Revocations(folder / "revoked.json")
        self._issued = private_folder(folder / "issued")

    @classmethod
    def open(cls, folder: Path) -> Authority:
        """The authority in this folder, made with its keys where there is none yet."""
        private_folder(folder)
        with locked(folder):
            # The certificate is written last: a crash before leaves a key that nothing was issued with.
            if not (folder / "ca.crt").exists():
                key = new_key()
                write_private(folder / "ca.key", key_pem(key))
                write_private(folder / "ca.crt", certificate_pem(make_authority(key)))
            certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
            issuer = Issuer(certificate, load_key((folder / "ca.key").read_bytes()))
            if not (folder / "signing.crt").exists():
                key = new_key()
                write_private(folder / "signing.key", key_pem(key))
                write_private(folder / "signing.crt", certificate_pem(issuer.signer(key.public_key())))
        return cls(folder, issuer)

    @cached_property
    def ca_pem(self) -> bytes:
        """The authority's certificate, which every node pins."""
        return certificate_pem(self._issuer.certificate)

    # -- joining ------------------------------------------------------------------------------------------------------

    def token(self, institution: str, hours: float = 72) -> str:
        """A token with which this institution enrols once; an earlier one that was not used stops counting."""
        with locked(self.folder):
            secret = self._tokens.add(institution, hours)
        return compose(secret, fingerprint(self._issuer.certificate))

    def expects_enrolment(self) -> bool:
        """Whether any token may still be used: otherwise nobody without a certificate has any business here."""
        return self._tokens.outstanding()

    def enrol(self, csr_pem: bytes, token: str) -> bytes:
        """The certificate (PEM) for the key in this signing request, in the name of the institution of the token.

        The same key may ask again with the same token for a while and gets the same certificate, in case the answer
        was lost. An institution has one key at a time: its earlier certificates are revoked.
        Raises BadEnrolment.
        """
        secret, _ = split(token)
        key = _requested_key(csr_pem)
        with locked(self.folder):
            kept = self._tokens.find(secret, public_pem(key))
            if kept.certificate is not None:
                return kept.certificate.encode()
            if any(each.public_key == public_pem(key) for each in self.certificates()):
                raise BadEnrolment(reason="this key had a certificate before; enrol with a new key")
            self._revoke(kept.institution)
            pem = self._issue(kept.institution, key)
            self._tokens.use(secret, kept, public_pem(key), pem.decode())
        return pem

    def renew(self, csr_pem: bytes, current: x509.Certificate) -> bytes:
        """A fresh certificate (PEM) for the key and the institution of one that still counts; raises BadEnrolment."""
        key = _requested_key(csr_pem)
        if public_pem(key) != public_pem(current.public_key()):
            raise BadEnrolment(reason="a certificate is renewed for its own key only; enrol again for another")
        with locked(self.folder):
            if not self.accepts(current):
                raise BadEnrolment(reason="the certificate has expired or was revoked; enrol again")
            return self._issue(common_name(current), key)

    def accepts(self, certificate: x509.Certificate) -> bool:
        """Whether it is this authority's, in force and not revoked."""
        ours = issued_by(certificate, self._issuer.certificate)
        return ours and in_force(certificate) and not self.is_revoked(certificate.serial_number)

    # -- leaving ------------------------------------------------------------------------------------------------------

    def revoke(self, institution: str) -> int:
        """End every certificate and token of an institution at once; how many certificates that were still counted."""
        with locked(self.folder):
            self._tokens.drop(institution)
            return self._revoke(institution)

    def is_revoked(self, serial: int) -> bool:
        """Whether the certificate of that number was revoked; cheap enough to be asked at every request."""
        return self._revocations.when(serial) is not None

    def certificates(self) -> list[Issued]:
        """Every certificate of a node that was issued, by institution, the newest last."""
        found = [self._read(path) for path in self._issued.glob("*.json")]
        return sorted(found, key=lambda each: (each.institution, each.not_after, each.revoked_at is None))

    # -- the coordinator's own ----------------------------------------------------------------------------------------

    def server_certificate(self, hosts: Iterable[str]) -> tuple[Path, Path]:
        """The files of the public port's certificate, followed by the authority's, and of its key.

        Made anew when the names differ or less than a third of its life is left.
        """
        wanted = list(dict.fromkeys(hosts))
        chain, key_path = self.folder / "server.crt", self.folder / "server.key"
        with locked(self.folder):
            if not (key_path.exists() and chain.exists() and self._serves(chain, wanted)):
                # The key stays while it is good: a crash between two files must not leave a pair that does not fit.
                if not key_path.exists():
                    write_private(key_path, key_pem(new_key()))
                leaf = self._issuer.server(wanted, load_key(key_path.read_bytes()).public_key())
                write_private(chain, certificate_pem(leaf) + self.ca_pem)
        return chain, key_path

    def _serves(self, chain: Path, wanted: list[str]) -> bool:
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        held = {str(name.value) for name in names}
        return held == set(wanted) and not renewal_due(leaf) and issued_by(leaf, self._issuer.certificate)

    # -- inside the lock ----------------------------------------------------------------------------------------------

    def _issue(self, institution: str, key: ec.EllipticCurvePublicKey) -> bytes:
        certificate = self._issuer.node(institution, key)
        pem = certificate_pem(certificate)
        entry = {
            "institution": institution,
            "serial": f"{certificate.serial_number:x}",
            "not_after": certificate.not_valid_after_utc.timestamp(),
            "public_key": public_pem(key),
            "pem": pem.decode(),
        }
        write_json(self._issued / f"{certificate.serial_number:x}.json", entry)
        return pem

    def _revoke(self, institution: str) -> int:
        standing = [each.serial for each in self.certificates() if each.institution == institution and each.counts]
        if standing:
            self._revocations.add(standing)
        return len(standing)

    def _read(self, path: Path) -> Issued:
        entry = read_json(path)
        serial = int(entry["serial"], 16)
        revoked = self._revocations.when(serial)
        return Issued(
            institution=entry["institution"],
            serial=serial,
            not_after=datetime.fromtimestamp(entry["not_after"], UTC),
            revoked_at=None if revoked is None else datetime.fromtimestamp(revoked, UTC),
            public_key=entry["public_key"],
            pem=entry["pem"],
        )


def _requested_key(csr_pem: bytes) -> ec.EllipticCurvePublicKey:
    """The key that a signing request proves to hold; whatever else it asks for is not read."""
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        key = request.public_key()
        sound = request.is_signature_valid
    except Exception as error:  # Parsers of what strangers send fail in more ways than they document.
        raise BadEnrolment(reason="the signing request cannot be read") from error
    if not (sound and isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1)):
        raise BadEnrolment(reason="the signing request is not one of an EC P-384 key that signed it")
    return key
