"""A model version is taken in only as the coordinator signed it, once, and in the order of its release."""

import io
import json
import zipfile

import pytest
from tests.registry.conftest import write

from fedcare.federation.node.config import NodeFolder
from fedcare.federation.node.released import Versions
from fedcare.registry.release import SIGNATURE, signed, statement
from fedcare.trust.authority import Authority
from fedcare.trust.certificates import new_key
from fedcare.trust.signing import sign, signing_certificate


def sign_otherwise(data):
    return sign(new_key(), data)


@pytest.fixture
def authority(tmp_path):
    return Authority.open(tmp_path / "consortium")


@pytest.fixture
def node(tmp_path, authority):
    folder = NodeFolder(tmp_path / "node")
    folder.path.mkdir()
    folder.file("authority").write_bytes(authority.ca_pem)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write(tmp_path_factory.mktemp("versions") / "one")


class Shelf:
    """What the coordinator hands out."""

    def __init__(self, node, authority, version) -> None:
        self.node, self.authority, self.version = node, authority, version
        self.listed, self.archives, self.taken = [], {}, []

    def release(self, sequence=1, activate=True, change=None, said=None, by=None):
        told = statement(self.version, "run-1", activate, sequence) | (said or {})
        folder = self.authority.folder
        by = by or (lambda data: sign(folder, data))
        signature = signed(told, by, signing_certificate(folder))
        files = {path.name: path.read_bytes() for path in self.version.directory.iterdir()}
        files[SIGNATURE] = json.dumps(signature).encode()
        files |= change or {}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        self.archives[sequence] = packed.getvalue()
        self.listed.append({"seq": sequence, "task": self.version.task.name, "version": self.version.name})

    def pull(self):
        def fetch(task, name):
            return self.archives[min(each["seq"] for each in self.listed)]

        def take_in(released):
            assert (released.folder / "model.onnx").is_file()
            self.taken.append((released.name, released.activate, json.loads(released.signature)["statement"]["run"]))

        return Versions(self.node, lambda after: [e for e in self.listed if e["seq"] > after], fetch).pull(take_in)


@pytest.fixture
def shelf(node, authority, written):
    return Shelf(node, authority, written)


def test_a_signed_version_is_taken_in_once_and_activated_as_it_was_released(shelf):
    shelf.release()
    assert (shelf.pull(), shelf.pull()) == (1, 0)
    assert shelf.taken == [(shelf.version.name, True, "run-1")]
    assert not list(shelf.node.path.glob("tmp*"))


def test_what_is_not_to_be_activated_is_not(shelf):
    shelf.release(activate=False)
    shelf.pull()
    assert shelf.taken == [(shelf.version.name, False, "run-1")]


@pytest.mark.parametrize(
    "flaw",
    [
        {"change": {"model.onnx": b"another model"}},
        {"change": {"manifest.json": b"{}"}},
        {"change": {SIGNATURE: b"{}"}},
        {"change": {SIGNATURE: b"no json"}},
        {"change": {"../outside": b"x"}},
        {"said": {"sequence": 7}},
        {"said": {"task": "insurance-cost"}},
        {"said": {"plan_hash": "0" * 64}},
        {"by": sign_otherwise},
    ],
)
def test_what_is_not_as_it_was_signed_is_passed_over(shelf, flaw):
    shelf.release(**flaw)
    assert shelf.pull() == 0
    assert shelf.taken == []
    shelf.listed.clear()
    shelf.release(sequence=2)
    assert shelf.pull() == 1


def test_a_nodes_certificate_signs_no_models(shelf, tmp_path):
    from fedcare.trust import identity
    from fedcare.trust.signing import sign as sign_with

    folder = tmp_path / "attacker"
    identity.make_key(folder)
    shown = shelf.authority.enrol(identity.csr(folder, "A"), shelf.authority.token("A"))
    own = identity.keep(folder, shown, shelf.authority.ca_pem)
    told = statement(shelf.version, "run-1", True, 1)
    forged = signed(told, lambda data: sign_with(own.key, data), shown.decode())
    shelf.release(change={SIGNATURE: json.dumps(forged).encode()})
    assert shelf.pull() == 0


def test_a_version_without_a_signature_is_passed_over(shelf):
    shelf.release(change={SIGNATURE: b"{}"})
    assert shelf.pull() == 0


def test_what_is_no_archive_is_passed_over(shelf):
    shelf.release()
    shelf.archives[1] = b"not a zip"
    assert shelf.pull() == 0


def test_an_outage_in_the_middle_loses_nothing(shelf):
    shelf.release()
    archive = shelf.archives.pop(1)
    with pytest.raises(KeyError):
        shelf.pull()
    shelf.archives[1] = archive
    assert shelf.pull() == 1
