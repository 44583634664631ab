"""Signatures of the coordinator, and their verification: both halves of what makes a model version trustworthy."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fedcare.errors import BadSignature
from fedcare.trust.certificates import SIGNER_NAME, SIGNS_MODELS, common_name, in_force, issued_by, load_key

_ALGORITHM = ec.ECDSA(hashes.SHA384())


def sign(source: Path | ec.EllipticCurvePrivateKey, data: bytes) -> str:
    """A signature (base64) by a key, or by the signing key in the authority's folder."""
    key = load_key((source / "signing.key").read_bytes()) if isinstance(source, Path) else source
    return base64.b64encode(key.sign(data, _ALGORITHM)).decode()


def signing_certificate(folder: Path) -> str:
    """The certificate (PEM) that goes with the authority's signing key."""
    return (folder / "signing.crt").read_text()


def verify(ca_pem: bytes, certificate_pem: bytes, signature: str, data: bytes) -> None:
    """Check that the coordinator of the pinned authority signed these bytes; raises BadSignature.

    A node's certificate is the same authority's, so the certificate must also be meant for signing models.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        authority = x509.load_pem_x509_certificate(ca_pem)
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error):
        raise BadSignature(reason="the certificate or the signature cannot be read") from None
    if not (issued_by(certificate, authority) and in_force(certificate)):
        raise BadSignature(reason="its certificate is not one of this consortium, or not in force")
    key = certificate.public_key()
    if not (_signs_models(certificate) and isinstance(key, ec.EllipticCurvePublicKey)):
        raise BadSignature(reason="its certificate is not the coordinator's for signing models")
    try:
        key.verify(raw, data, _ALGORITHM)
    except InvalidSignature:
        raise BadSignature(reason="what was signed differs from what came") from None


def _signs_models(certificate: x509.Certificate) -> bool:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return list(uses) == [SIGNS_MODELS] and common_name(certificate) == SIGNER_NAME
