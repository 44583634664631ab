"""``fedcare gateway`` with a certificate: a real handshake, checked by the client."""

import ipaddress
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.gateway.process import running


class Authority:
    """Signs certificates; its own is to be trusted by clients."""

    def __init__(self, folder, name):
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _name(name)
        certificate = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def certify(self, folder):
        """The files of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = self._signed(_name("gateway"), key.public_key(), address)
        files = folder / "gateway.pem", folder / "gateway.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
        return files

    def _signed(self, subject, key, extension):
        now = datetime.now(UTC)
        draft = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        draft = draft.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))
        own = x509.SubjectKeyIdentifier.from_public_key(key)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for each in (extension, own, signer):
            draft = draft.add_extension(each, critical=isinstance(each, x509.BasicConstraints))
        return draft.sign(self._key, hashes.SHA256())


def _name(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def trusting(authority):
    return ssl.create_default_context(cafile=authority.file)


def test_a_client_that_trusts_the_certificate_is_answered_and_nobody_without_tls(gateway_login, tmp_path):
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    certificate, key = ours.certify(tmp_path)
    options = ("--tls-cert", str(certificate), "--tls-key", str(key), "--workers", "2")
    with running(gateway_login, tmp_path / "home", *options) as (_, address):
        assert address.startswith("https://127.0.0.1:")
        answer = httpx.get(f"{address}/api/health", verify=trusting(ours), timeout=60)
        assert (answer.status_code, answer.url.scheme) == (200, "https")
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"{address}/api/health", verify=trusting(others), timeout=60)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address.replace('https', 'http')}/api/health")
        assert version(address, trusting(ours)) in {"TLSv1.2", "TLSv1.3"}


def version(address, context):
    host, port = address.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port)), 60) as plain,
        context.wrap_socket(plain, server_hostname=host) as line,
    ):
        return line.version()


def test_a_certificate_that_is_none_or_of_another_key_is_refused_in_words(gateway_login, tmp_path):
    ours = Authority(tmp_path, "ours")
    certificate, key = ours.certify(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = ours.certify(tmp_path / "other")
    for files in ((certificate, other), (key, key), (certificate, certificate)):
        command = [sys.executable, "-m", "fedcare", "gateway", "--tls-cert", str(files[0]), "--tls-key", str(files[1])]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert ran.returncode == 2, ran.stderr
        assert "--tls-cert" in ran.stderr and "Traceback" not in ran.stderr
