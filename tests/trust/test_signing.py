"""Only the coordinator of the pinned authority signs models."""

import pytest

from fedcare.errors import BadSignature
from fedcare.trust import identity
from fedcare.trust.authority import Authority
from fedcare.trust.signing import sign, signing_certificate, verify


@pytest.fixture
def authority(tmp_path):
    return Authority.open(tmp_path / "consortium")


def test_what_the_coordinator_signed_is_good(authority):
    signature = sign(authority.folder, b"version 3")
    verify(authority.ca_pem, signing_certificate(authority.folder).encode(), signature, b"version 3")


def test_nothing_else_is_good(authority, tmp_path):
    other = Authority.open(tmp_path / "other")
    node = tmp_path / "node"
    pem = authority.enrol(identity.csr(node, "coordinator"), authority.token("coordinator"))
    chain, key = authority.server_certificate(["localhost"])
    from fedcare.trust.certificates import load_key

    ours = signing_certificate(authority.folder).encode()
    cases = {
        "other words": (ours, sign(authority.folder, b"version 4")),
        "another authority": (signing_certificate(other.folder).encode(), sign(other.folder, b"version 3")),
        "a node of that name": (pem, sign(identity.make_key(node), b"version 3")),
        "the server's key": (chain.read_bytes(), sign(load_key(key.read_bytes()), b"version 3")),
        "the authority itself": (
            authority.ca_pem,
            sign(load_key((authority.folder / "ca.key").read_bytes()), b"version 3"),
        ),
        "another's signature": (ours, sign(identity.make_key(node), b"version 3")),
        "no certificate": (b"", sign(authority.folder, b"version 3")),
        "no signature": (ours, "!"),
        "an empty signature": (ours, ""),
    }
    for name, (certificate, signature) in cases.items():
        with pytest.raises(BadSignature):
            verify(authority.ca_pem, certificate, signature, b"version 3")
            pytest.fail(name)
