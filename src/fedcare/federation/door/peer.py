"""Who is at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from fedcare.trust.authority import Authority
from fedcare.trust.certificates import common_name, public_pem


@dataclass(frozen=True)
class Peer:
    """The holder of a node's certificate, which TLS has verified to be the authority's and meant for a client."""

    institution: str
    public_key: str
    certificate: x509.Certificate

    @classmethod
    def of(cls, der: bytes) -> Peer:
        """From the certificate that came with the handshake."""
        certificate = x509.load_der_x509_certificate(der)
        return cls(common_name(certificate), public_pem(certificate.public_key()), certificate)

    def welcome(self, authority: Authority) -> bool:
        """Whether the certificate counts at this moment: not over, not revoked."""
        over = self.certificate.not_valid_after_utc <= datetime.now(UTC)
        return not over and not authority.is_revoked(self.certificate.serial_number)
