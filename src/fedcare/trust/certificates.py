"""What the consortium's certificates look like: its authority's own, a node's, a server's and the signer's.

All keys are EC P-384, which Flower also demands of a node's key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3652
LEAF_DAYS = 90
"""Life of a node's and of a server's certificate."""

SIGNS_MODELS = x509.ObjectIdentifier("2.25.269814378463522047719026313547102845921")
"""Extended use of the one certificate whose signatures on model versions count (an arc that needs no registration)."""

SIGNER_NAME = "coordinator"

# Clocks of hospitals differ; a certificate is good a little before it is made.
_SKEW = timedelta(minutes=10)


@dataclass(frozen=True)
class Period:
    """From when until when a certificate counts, in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def days(cls, days: float) -> Period:
        """From now on, for so many days."""
        now = datetime.now(UTC)
        return cls(now - _SKEW, now + timedelta(days=days))


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh private key."""
    return ec.generate_private_key(ec.SECP384R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key for a file of mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The private key in a PEM text."""
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def public_pem(public_key: object) -> str:
    """A public key as PEM, the one text by which keys are compared."""
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    return public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate, 32 bytes."""
    return certificate.fingerprint(hashes.SHA256())


def common_name(certificate: x509.Certificate) -> str:
    """Whom a certificate names; an empty text where it names nobody."""
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else ""


def in_force(certificate: x509.Certificate) -> bool:
    """Whether its period holds the present moment."""
    return certificate.not_valid_before_utc <= datetime.now(UTC) < certificate.not_valid_after_utc


def renewal_due(certificate: x509.Certificate) -> bool:
    """Whether less than a third of its life is left."""
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - datetime.now(UTC) < life / 3


def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether the authority signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def make_authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate of an authority that issues for this consortium and may make no authority below it."""
    name = _named("FedCare consortium")
    # CA/Browser rules and RFC 5280 ask for these four; OpenSSL's strict mode refuses an authority without them.
    builder = (
        _blank(name, key.public_key(), Period.days(AUTHORITY_DAYS))
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=False, issue=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA384())


@dataclass(frozen=True)
class Issuer:
    """The authority's certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def node(self, name: str, public_key: ec.EllipticCurvePublicKey, period: Period | None = None) -> x509.Certificate:
        """A certificate with which the node of the institution of that name meets the coordinator."""
        return self._leaf(name, public_key, period or Period.days(LEAF_DAYS), ExtendedKeyUsageOID.CLIENT_AUTH)

    def server(
        self, hosts: Iterable[str], public_key: ec.EllipticCurvePublicKey, period: Period | None = None
    ) -> x509.Certificate:
        """The certificate of the coordinator's public port, for these host names and addresses."""
        names = x509.SubjectAlternativeName([_host(each) for each in hosts])
        period = period or Period.days(LEAF_DAYS)
        return self._leaf(SIGNER_NAME, public_key, period, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def signer(self, public_key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """The certificate of the key that signs model versions; it lasts as long as the authority."""
        period = Period(self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc)
        return self._leaf(SIGNER_NAME, public_key, period, SIGNS_MODELS)

    def _leaf(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        period: Period,
        use: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None = None,
    ) -> x509.Certificate:
        builder = (
            _blank(_named(name), public_key, period)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=True, issue=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=use == SIGNS_MODELS)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA384())


def _blank(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, period: Period) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(period.start)
        .not_valid_after(period.end)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(*, sign: bool, issue: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issue,
        crl_sign=issue,
        encipher_only=False,
        decipher_only=False,
    )
