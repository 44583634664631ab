"""Who may join, whose certificate counts, and what lies on the disk."""

import json
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from fedcare.errors import BadEnrolment, NotEnrolled
from fedcare.trust import identity, revocation
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import Period, common_name, load_key, renewal_due
from fedcare.trust.files import read_json


@pytest.fixture
def authority(tmp_path):
    return Authority.open(tmp_path / "consortium")


@pytest.fixture
def joined(authority, tmp_path):
    """An institution that has enrolled: its folder and its certificate."""

    def join(name):
        folder = tmp_path / name
        pem = authority.enrol(identity.csr(folder, name), authority.token(name))
        return folder, identity.keep(folder, pem, authority.ca_pem)

    return join


def test_a_certificate_names_the_institution_of_the_token_whatever_the_request_says(authority, tmp_path):
    pem = authority.enrol(identity.csr(tmp_path / "n", "coordinator"), authority.token("St. Anna"))
    certificate = x509.load_pem_x509_certificate(pem)
    assert common_name(certificate) == "St. Anna"
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert timedelta(days=89) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=91)
    assert not renewal_due(certificate)


def test_a_token_serves_one_key_once(authority, tmp_path):
    token = authority.token("north")
    first = authority.enrol(identity.csr(tmp_path / "a", "north"), token)
    assert authority.enrol(identity.csr(tmp_path / "a", "north"), token) == first  # The answer may have been lost.
    with pytest.raises(BadEnrolment, match="used"):
        authority.enrol(identity.csr(tmp_path / "b", "north"), token)
    assert len(authority.certificates()) == 1


def test_unknown_expired_withdrawn_and_mangled_tokens_enrol_nobody(authority, tmp_path):
    request = identity.csr(tmp_path / "a", "north")
    other = Authority.open(tmp_path / "other").token("north")
    expired = authority.token("south", hours=-1)
    replaced = authority.token("north")
    authority.token("north")
    for token in (other, expired, replaced, "", "abc", "ü" * 86, expired[:-2], "A" * 86):
        with pytest.raises(BadEnrolment):
            authority.enrol(request, token)
    assert authority.certificates() == []


def test_a_request_must_be_signed_by_an_ec_p384_key(authority):
    weak = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(weak, hashes.SHA256())
    token = authority.token("north")
    for pem in (request.public_bytes(serialization.Encoding.PEM), b"", b"-----BEGIN CERTIFICATE REQUEST-----\n"):
        with pytest.raises(BadEnrolment):
            authority.enrol(pem, token)


def test_revoking_ends_certificates_and_tokens_at_once(authority, joined, tmp_path):
    folder, north = joined("north")
    _, south = joined("south")
    again = Authority.open(authority.folder)  # Another process.
    assert again.accepts(north.certificate)
    token = authority.token("north")
    assert authority.revoke("north") == 1
    assert not again.accepts(north.certificate)
    assert again.is_revoked(north.certificate.serial_number)
    assert again.accepts(south.certificate)
    with pytest.raises(BadEnrolment):
        again.enrol(identity.csr(tmp_path / "x", "north"), token)
    with pytest.raises(BadEnrolment):
        again.renew(identity.csr(folder, "north"), north.certificate)
    assert authority.revoke("north") == 0


def test_an_institution_that_enrols_again_has_one_key(authority, joined, tmp_path):
    _, first = joined("north")
    pem = authority.enrol(identity.csr(tmp_path / "new", "north"), authority.token("north"))
    assert not authority.accepts(first.certificate)
    assert authority.accepts(x509.load_pem_x509_certificate(pem))
    assert [each.counts for each in authority.certificates()] == [False, True]


def test_renewal_keeps_key_and_name(authority, joined, tmp_path):
    folder, north = joined("north")
    pem = authority.renew(identity.csr(folder, "somebody else"), north.certificate)
    renewed = identity.keep(folder, pem, authority.ca_pem)
    assert renewed.institution == "north"
    assert renewed.certificate.serial_number != north.certificate.serial_number
    assert authority.accepts(north.certificate)  # A connection that is open goes on.
    with pytest.raises(BadEnrolment, match="own key"):
        authority.renew(identity.csr(tmp_path / "other", "north"), north.certificate)


def test_a_certificate_that_is_over_or_of_another_authority_does_not_count(authority, joined, tmp_path):
    _, north = joined("north")
    over = Period(datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) - timedelta(days=1))
    assert not authority.accepts(authority._issuer.node("north", north.key.public_key(), over))
    stranger = Authority.open(tmp_path / "other")
    assert not stranger.accepts(north.certificate)


def test_the_door_knows_whether_anybody_is_expected(authority, tmp_path):
    assert not authority.expects_enrolment()
    authority.token("south", hours=-1)
    assert not authority.expects_enrolment()
    authority.token("north")
    assert authority.expects_enrolment()
    authority.revoke("north")
    assert not authority.expects_enrolment()


def test_all_it_keeps_is_its_owners_alone_and_no_token_is_on_disk(authority, joined):
    joined("north")
    token = authority.token("south")
    authority.revoke("north")
    authority.server_certificate(["localhost"])
    for path in authority.folder.parent.rglob("*"):
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == allowed, path
        assert path.is_dir() or token.encode() not in path.read_bytes()


def test_the_server_certificate_is_kept_until_its_names_change_or_its_end_nears(authority, monkeypatch):
    chain, key = authority.server_certificate(["localhost", "127.0.0.1"])
    first, key_before = chain.read_bytes(), key.read_bytes()
    assert x509.load_pem_x509_certificates(first)[1].public_bytes(serialization.Encoding.PEM) == authority.ca_pem
    authority.server_certificate(["127.0.0.1", "localhost"])
    assert chain.read_bytes() == first
    authority.server_certificate(["hospital.example", "::1"])
    assert chain.read_bytes() != first
    assert key.read_bytes() == key_before
    short = Period(datetime.now(UTC) - timedelta(days=80), datetime.now(UTC) + timedelta(days=10))
    old = authority._issuer.server(["a.example"], load_key(key.read_bytes()).public_key(), short)
    chain.write_bytes(old.public_bytes(serialization.Encoding.PEM))
    authority.server_certificate(["a.example"])
    assert not renewal_due(x509.load_pem_x509_certificate(chain.read_bytes()))


def _open(folder):
    return Authority.open(folder).ca_pem


def test_processes_that_start_together_share_one_authority(tmp_path):
    with ProcessPoolExecutor(3) as pool:
        made = list(pool.map(_open, [tmp_path / "consortium"] * 6))
    assert len(set(made)) == 1


def test_a_machine_that_never_enrolled_says_so(tmp_path):
    with pytest.raises(NotEnrolled, match="fedcare node enrol"):
        identity.load(tmp_path)


def test_a_certificate_for_another_key_is_not_kept(authority, joined, tmp_path):
    folder, north = joined("north")
    with pytest.raises(BadEnrolment, match="this key"):
        identity.keep(tmp_path / "other", north.certificate_path.read_bytes(), authority.ca_pem)
    with pytest.raises(BadEnrolment, match="not a certificate"):
        identity.keep(folder, b"hello", authority.ca_pem)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    from fedcare.trust import files

    path = tmp_path / "a.json"
    files.write_json(path, {"n": 1})
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError):
        files.write_json(path, {"n": 2})
    assert json.loads(path.read_text()) == {"n": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_the_list_of_revocations_is_read_again_only_where_it_changed(authority, joined, monkeypatch):
    read, north, south = [], joined("north")[1].certificate, joined("south")[1].certificate
    again = Authority.open(authority.folder)  # Another process.
    monkeypatch.setattr(revocation, "read_json", lambda path: read.append(path) or read_json(path))
    for revoked in ("north", "south"):
        authority.revoke(revoked)
        read.clear()
        assert [again.is_revoked(north.serial_number) for _ in range(100)] == [True] * 100
        assert len(read) == 1
    assert again.is_revoked(south.serial_number)
