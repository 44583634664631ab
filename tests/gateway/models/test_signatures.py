"""A version that a coordinator signed answers only as it was signed; a bad one leaves the last good one to answer."""

import json

import pytest
from tests.gateway.models.test_shelf import answering, soon

from fedcare.registry.release import signed, statement
from fedcare.registry.version import read_version
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import new_key
from fedcare.trust.signing import sign, signing_certificate


@pytest.fixture
def authority(gateway):
    return Authority.open(gateway.config.home / "consortium")


@pytest.fixture
def vouch(gateway, authority):
    """Keeps a signature over a version: the coordinator's, unless ``key`` or ``said`` make it another."""

    def keep(version: str, key=None, **said) -> None:
        found = read_version(gateway.services.shelf.folder / version)
        told = statement(found, "run-1", True, 1) | said
        source = key or authority.folder
        text = json.dumps(signed(told, lambda data: sign(source, data), signing_certificate(authority.folder)))
        write(gateway, version, text)

    return keep


def write(gateway, version: str, signature: str) -> None:
    with gateway.database.transaction(gateway.scope(None)) as tx:
        tx.exec_driver_sql("update model_versions set signature = %s where version = %s", (signature, version))


def test_a_version_that_the_coordinator_signed_answers(gateway, make_gateway, serve, vouch):
    version = serve("insurance").version
    vouch(version)
    other = make_gateway()
    assert soon(lambda: other.services.shelf.tasks() == {"insurance-cost"})
    assert answering(other) == version


@pytest.mark.parametrize("flaw", ["another key", "another version", "another task", "no JSON", "another consortium"])
def test_a_bad_signature_is_refused_and_the_last_good_version_answers(
    gateway, make_gateway, serve, vouch, authority, tmp_path, flaw
):
    good, bad = serve("insurance").version, serve("insurance-2").version
    vouch(good)
    if flaw == "no JSON":
        write(gateway, bad, "signed, believe me")
    elif flaw == "another consortium":
        other = Authority.open(tmp_path / "other")
        told = statement(read_version(gateway.services.shelf.folder / bad), "run-1", True, 1)
        text = json.dumps(signed(told, lambda data: sign(other.folder, data), signing_certificate(other.folder)))
        write(gateway, bad, text)
    else:
        said = {"another version": {"hash": "0" * 64}, "another task": {"task": "cancer-imaging"}}.get(flaw, {})
        vouch(bad, new_key() if flaw == "another key" else None, **said)
    other = make_gateway()
    assert soon(lambda: other.services.shelf.tasks() == {"insurance-cost"})
    assert answering(other) == good
    (place,) = other.services.shelf.places()
    assert place.active == bad and "not trusted" in place.fault


def test_a_bad_signature_is_not_activated(gateway, serve, vouch, client):
    first, second = serve("insurance"), serve("insurance-2", activate=False)
    vouch(second.version, new_key())
    refused = client("consortium").post(f"/api/models/{second.id}/activate")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "untrusted_version")
    assert answering(gateway) == first.version


def test_a_signed_version_without_a_consortium_here_is_not_trusted(gateway, make_gateway, serve, vouch, tmp_path):
    import shutil

    version = serve("insurance").version
    vouch(version)
    shutil.copytree(gateway.services.shelf.folder, tmp_path / "elsewhere" / "models")
    other = make_gateway(tmp_path / "elsewhere")
    assert soon(other.services.shelf.places)
    (place,) = other.services.shelf.places()
    assert place.ready is None and "no consortium's certificate" in place.fault
