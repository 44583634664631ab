"""An institution is known by a certificate of the consortium in its name, and by the key that it first showed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from fedcare.errors import SecureSumFailed
from fedcare.trust import identity
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import Issuer, Period, certificate_pem, make_authority, new_key
from fedcare.trust.peers import FILE, CertifiedKey, KnownPeers, made_up

DATA = b"these keys are mine"


@pytest.fixture
def root():
    key = new_key()
    return Issuer(make_authority(key), key)


def of(issuer, name, key=None, period=None) -> CertifiedKey:
    key = key or new_key()
    return CertifiedKey(name, key, certificate_pem(issuer.node(name, key.public_key(), period)))


def check(peers, name, shown, data=DATA):
    peers.verify(name, shown.certificate, shown.sign(DATA), data)


def test_whoever_holds_the_key_of_the_certificate_is_believed(root):
    check(KnownPeers(root.certificate), "Bonn", of(root, "Bonn"))


@pytest.mark.parametrize("wrong", ["name", "authority", "expired", "bytes", "key"])
def test_whoever_does_not_is_refused(root, wrong):
    other = new_key()
    stranger = Issuer(make_authority(other), other)
    before = datetime.now(UTC) - timedelta(days=2)
    shown = {
        "name": of(root, "Celle"),
        "authority": of(stranger, "Bonn"),
        "expired": of(root, "Bonn", period=Period(before, before + timedelta(days=1))),
        "bytes": of(root, "Bonn"),
        "key": CertifiedKey("Bonn", new_key(), of(root, "Bonn").certificate),
    }[wrong]
    with pytest.raises(SecureSumFailed, match="Bonn"):
        check(KnownPeers(root.certificate), "Bonn", shown, b"other bytes" if wrong == "bytes" else DATA)


def test_the_coordinators_own_certificates_are_no_institutions(root):
    key = new_key()
    for certificate in (root.server(["coordinator"], key.public_key()), root.signer(key.public_key())):
        shown = CertifiedKey("coordinator", key, certificate_pem(certificate))
        with pytest.raises(SecureSumFailed, match="not that institution's"):
            check(KnownPeers(root.certificate), "coordinator", shown)


def test_what_is_no_certificate_is_refused(root):
    with pytest.raises(SecureSumFailed, match="cannot be read"):
        KnownPeers(root.certificate).verify("Bonn", b"no certificate", b"", DATA)


def test_a_second_certificate_in_the_same_name_is_refused_even_if_the_authority_issued_it(root, tmp_path):
    """The authority's key lies with the coordinator, whom secure aggregation does not trust."""
    first, second = of(root, "Bonn"), of(root, "Bonn")
    check(KnownPeers(root.certificate, tmp_path), "Bonn", first)
    after_a_restart = KnownPeers(root.certificate, tmp_path)
    with pytest.raises(SecureSumFailed, match="another key than before"):
        check(after_a_restart, "Bonn", second)
    check(after_a_restart, "Bonn", of(root, "Bonn", key=first.key))  # Renewed for the same key.
    assert list(json.loads((tmp_path / FILE).read_text())) == ["Bonn"]


def test_a_line_that_an_administrator_removes_lets_a_new_key_in(root, tmp_path):
    check(KnownPeers(root.certificate, tmp_path), "Bonn", of(root, "Bonn"))
    (tmp_path / FILE).write_text("{}")
    check(KnownPeers(root.certificate, tmp_path), "Bonn", of(root, "Bonn"))


def test_a_node_signs_with_the_key_it_enrolled_with(tmp_path):
    authority, folder = Authority.open(tmp_path / "consortium"), tmp_path / "node"
    identity.make_key(folder)
    certificate = authority.enrol(identity.csr(folder, "Bonn"), authority.token("Bonn"))
    own = CertifiedKey.of(identity.keep(folder, certificate, authority.ca_pem))
    assert own.name == "Bonn"
    check(KnownPeers(x509.load_pem_x509_certificate(authority.ca_pem)), "Bonn", own)


def test_a_simulations_institutions_know_one_another_and_nobody_else():
    keys, peers = made_up(["Bonn", "Celle"])
    check(peers, "Celle", keys["Celle"])
    others, _ = made_up(["Celle"])
    with pytest.raises(SecureSumFailed):
        check(peers, "Celle", others["Celle"])
