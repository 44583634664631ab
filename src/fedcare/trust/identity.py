"""An institution's identity on its own machine: a key that never leaves it, and the certificate that goes with it.

The key is also the node's key towards Flower, so that both name the same node.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fedcare.errors import BadEnrolment, NotEnrolled
from fedcare.trust.certificates import common_name, issued_by, key_pem, load_key, new_key, public_pem, renewal_due
from fedcare.trust.files import locked, private_folder, write_private


@dataclass(frozen=True)
class Identity:
    """Who this node is. ``institution`` is the name in the certificate; the paths are what TLS is given."""

    institution: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    key_path: Path
    certificate_path: Path
    ca_path: Path

    @property
    def ca_pem(self) -> bytes:
        """The certificate of the consortium's authority, pinned when the institution enrolled."""
        return self.ca_path.read_bytes()

    @property
    def renewal_due(self) -> bool:
        """Whether less than a third of the certificate's life is left."""
        return renewal_due(self.certificate)


def make_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The private key in this folder, made where there is none."""
    path = private_folder(folder) / "node.key"
    with locked(folder):
        if not path.exists():
            write_private(path, key_pem(new_key()))
    return load_key(path.read_bytes())


def csr(folder: Path, name: str) -> bytes:
    """A signing request (PEM) for the folder's key. The name is for people: the certificate's comes from the token."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(make_key(folder), hashes.SHA384()).public_bytes(serialization.Encoding.PEM)


def keep(folder: Path, certificate: bytes, ca: bytes) -> Identity:
    """Store what the coordinator issued (PEM), after checking that it fits the key and the authority; BadEnrolment."""
    key = make_key(folder)
    try:
        found, authority = x509.load_pem_x509_certificate(certificate), x509.load_pem_x509_certificate(ca)
    except ValueError:
        raise BadEnrolment(reason="the coordinator's answer is not a certificate") from None
    if public_pem(found.public_key()) != public_pem(key.public_key()) or not issued_by(found, authority):
        raise BadEnrolment(reason="the coordinator's certificate is not for this key, or not its own")
    write_private(folder / "ca.crt", ca)
    write_private(folder / "node.crt", certificate)
    return load(folder)


def load(folder: Path) -> Identity:
    """The identity in a folder; raises NotEnrolled where there is none."""
    paths = folder / "node.key", folder / "node.crt", folder / "ca.crt"
    if not all(path.is_file() for path in paths):
        raise NotEnrolled(folder=folder)
    key_path, certificate_path, ca_path = paths
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    return Identity(
        institution=common_name(certificate),
        key=load_key(key_path.read_bytes()),
        certificate=certificate,
        key_path=key_path,
        certificate_path=certificate_path,
        ca_path=ca_path,
    )
